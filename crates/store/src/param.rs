//! Parameters of statements.

use std::fmt;

use crate::Timestamp;
use crate::error::{Error, Result};

/// A borrowed value: a parameter of a statement, or a column of a row.
///
/// Its `Debug` output shows the kind and the size, never the value.
#[derive(Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// No value.
    Null,
    /// `BIGINT`. A boolean is 0 or 1, a time is in milliseconds since the epoch.
    Int(i64),
    /// `DOUBLE PRECISION`. NaN is refused, because SQLite would store it as NULL.
    Real(f64),
    /// `TEXT`. A NUL character is refused, because PostgreSQL cannot store it.
    Text(&'a str),
    /// `BLOB`.
    Blob(&'a [u8]),
}

impl Param<'_> {
    /// Returns the name of the kind, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Int(_) => "BIGINT",
            Self::Real(_) => "DOUBLE PRECISION",
            Self::Text(_) => "TEXT",
            Self::Blob(_) => "BLOB",
        }
    }

    /// Refuses a value that only one of the engines could store. `number` counts from 1.
    pub(crate) fn check(&self, number: usize) -> Result<()> {
        let (expected, found) = match self {
            Self::Real(value) if value.is_nan() => ("a number", "NaN"),
            Self::Text(text) if text.contains('\0') => ("TEXT without NUL characters", "TEXT with one"),
            _ => return Ok(()),
        };
        Err(Error::Type { place: "parameter", number, expected, found })
    }
}

impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "TEXT({} bytes)", text.len()),
            Self::Blob(bytes) => write!(f, "BLOB({} bytes)", bytes.len()),
            other => f.write_str(other.kind()),
        }
    }
}

macro_rules! param_from {
    ($($from:ty => |$value:ident| $param:expr;)*) => {$(
        impl<'a> From<$from> for Param<'a> {
            fn from($value: $from) -> Self {
                $param
            }
        }
    )*};
}

param_from! {
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(value.into());
    u32 => |value| Self::Int(value.into());
    bool => |value| Self::Int(value.into());
    f64 => |value| Self::Real(value);
    Timestamp => |value| Self::Int(value.0);
    &'a str => |value| Self::Text(value);
    &'a String => |value| Self::Text(value);
    &'a [u8] => |value| Self::Blob(value);
    &'a Vec<u8> => |value| Self::Blob(value);
    &'a Option<String> => |value| value.as_ref().map_or(Self::Null, |text| Self::Text(text));
    &'a Option<Vec<u8>> => |value| value.as_ref().map_or(Self::Null, |bytes| Self::Blob(bytes));
    &'a OwnedParam => |value| value.as_param();
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Blob(value)
    }
}

impl<'a, T> From<Option<T>> for Param<'a>
where
    Param<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// The owned counterpart of [`Param`], for statements that outlive the caller's borrows.
///
/// Its `Debug` output shows the kind and the size, never the value.
#[derive(Clone, PartialEq)]
pub enum OwnedParam {
    /// No value.
    Null,
    /// `BIGINT`.
    Int(i64),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `TEXT`.
    Text(String),
    /// `BLOB`.
    Blob(Vec<u8>),
}

impl OwnedParam {
    /// Returns the same value, borrowed.
    #[must_use]
    pub fn as_param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(value) => Param::Int(*value),
            Self::Real(value) => Param::Real(*value),
            Self::Text(text) => Param::Text(text),
            Self::Blob(bytes) => Param::Blob(bytes),
        }
    }
}

impl fmt::Debug for OwnedParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_param().fmt(f)
    }
}

impl From<Param<'_>> for OwnedParam {
    fn from(param: Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(value) => Self::Int(value),
            Param::Real(value) => Self::Real(value),
            Param::Text(text) => Self::Text(text.to_owned()),
            Param::Blob(bytes) => Self::Blob(bytes.to_owned()),
        }
    }
}

impl From<String> for OwnedParam {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for OwnedParam {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

/// Builds the borrowed parameters of a statement: `params![id, &name, None::<i64>]` fills `$1`, `$2` and
/// `$3`.
#[macro_export]
macro_rules! params {
    () => { &[] as &[$crate::Param<'_>] };
    ($($value:expr),+ $(,)?) => { &[$($crate::Param::from($value)),+] as &[$crate::Param<'_>] };
}

/// Builds owned parameters of a statement, for
/// [`Database::fetch_all_heavy`](crate::Database::fetch_all_heavy).
#[macro_export]
macro_rules! owned_params {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::OwnedParam::from($crate::Param::from($value))),*] };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_parameters() {
        let (text, bytes, nothing) = (String::from("二"), vec![1, 2], None::<String>);
        let all = params![
            1_i64,
            -2_i32,
            3_u32,
            true,
            0.5,
            "x",
            &text,
            &bytes,
            &[9_u8; 2],
            Timestamp(7),
            &nothing,
            Some(4)
        ];
        assert_eq!(all.len(), 12);
        assert_eq!(all[3], Param::Int(1));
        assert_eq!(all[8], Param::Blob(&[9, 9]));
        assert_eq!(all[10], Param::Null);
        assert_eq!(all[11], Param::Int(4));
        assert_eq!(params![].len(), 0);
        assert_eq!(owned_params![&text, 5_i64], vec![OwnedParam::Text(text), OwnedParam::Int(5)]);
    }

    #[test]
    fn debug_hides_the_value() {
        let shown = format!("{:?} {:?}", params!["secret", 42_i64], OwnedParam::Text("secret".into()));
        assert!(!shown.contains("secret") && !shown.contains("42"), "{shown}");
    }

    #[test]
    fn what_one_engine_cannot_store_is_refused() {
        assert!(Param::Real(f64::NAN).check(1).is_err());
        assert!(Param::Text("a\0b").check(1).is_err());
        assert!(Param::Real(f64::INFINITY).check(1).is_ok());
    }
}
