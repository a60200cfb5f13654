//! Rows of a result, and the types they can be read as.

use crate::Timestamp;
use crate::error::{Error, Result};
use crate::param::Param;

/// One row of a result.
pub struct Row<'r>(pub(crate) Source<'r>);

/// A callback for each row of a result. It returns `false` to skip the remaining rows. It is not generic, so
/// that the code that runs statements is compiled once and not for each type of rows.
pub(crate) type Each<'e> = &'e mut (dyn FnMut(&Row<'_>) -> Result<bool> + Send);

pub(crate) enum Source<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// Returns the number of columns.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Source::Sqlite(row) => row.as_ref().column_count(),
            Source::Postgres(row) => row.len(),
        }
    }

    /// Returns the value of the column `index`, counted from 0.
    ///
    /// # Errors
    /// [`Error::Type`] if there is no such column or its value is not a `T`.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        let value = match &self.0 {
            Source::Sqlite(row) => crate::sqlite::column(row, index),
            Source::Postgres(row) => crate::postgres::column(row, index),
        }
        .map_err(|found| mismatch::<T>(index, found))?;
        T::from_value(value).ok_or_else(|| mismatch::<T>(index, value.kind()))
    }
}

fn mismatch<T: Column>(number: usize, found: &'static str) -> Error {
    Error::Type { place: "column", number, expected: T::EXPECTED, found }
}

/// A type that a column can be read as.
pub trait Column: Sized + Send {
    /// The type that the column must have, for messages.
    const EXPECTED: &'static str;

    /// Converts a value. Returns `None` if it is of another kind or out of range.
    fn from_value(value: Param<'_>) -> Option<Self>;
}

macro_rules! column {
    ($($type:ty, $expected:literal, $($pattern:pat => $value:expr),+;)*) => {$(
        impl Column for $type {
            const EXPECTED: &'static str = $expected;

            fn from_value(value: Param<'_>) -> Option<Self> {
                match value {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
        }
    )*};
}

column! {
    i64, "BIGINT", Param::Int(value) => Some(value);
    bool, "BIGINT of 0 or 1", Param::Int(0) => Some(false), Param::Int(1) => Some(true);
    f64, "DOUBLE PRECISION", Param::Real(value) => Some(value), Param::Int(value) => exact(value);
    String, "TEXT", Param::Text(text) => Some(text.to_owned());
    Vec<u8>, "BLOB", Param::Blob(bytes) => Some(bytes.to_owned());
    Timestamp, "BIGINT", Param::Int(value) => Some(Self(value));
}

/// Converts a whole number that a float holds exactly. Some expressions, such as `COALESCE(r, 0)`, give whole
/// numbers on one engine and floats on the other.
const fn exact(value: i64) -> Option<f64> {
    if value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS { Some(value as f64) } else { None }
}

impl<const N: usize> Column for [u8; N] {
    const EXPECTED: &'static str = "BLOB of the right length";

    fn from_value(value: Param<'_>) -> Option<Self> {
        if let Param::Blob(bytes) = value { bytes.try_into().ok() } else { None }
    }
}

impl<T: Column> Column for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: Param<'_>) -> Option<Self> {
        if value == Param::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// A type that a row can be read as: tuples of up to 16 columns, and structs by
/// [`from_row!`](crate::from_row).
pub trait FromRow: Sized + Send {
    /// Reads the row.
    ///
    /// # Errors
    /// [`Error::Type`] if a column is missing or holds another type.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

macro_rules! tuple_from_row {
    ($($type:ident $index:literal),+) => {
        impl<$($type: Column),+> FromRow for ($($type,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self> {
                Ok(($(row.get::<$type>($index)?,)+))
            }
        }
    };
}

/// Implements [`FromRow`] for tuples of every length up to the given one.
macro_rules! tuples_from_row {
    ([$($done:ident $at:literal),*]) => {};
    ([$($done:ident $at:literal),*] $type:ident $index:literal $($rest:tt)*) => {
        tuple_from_row!($($done $at,)* $type $index);
        tuples_from_row!([$($done $at,)* $type $index] $($rest)*);
    };
}

tuples_from_row!([] A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);

/// Implements [`FromRow`] for a struct whose fields are the columns, in the order given here:
/// `from_row!(Note { id, title, created_at });`
#[macro_export]
macro_rules! from_row {
    ($type:path { $($field:ident),+ $(,)? }) => {
        impl $crate::FromRow for $type {
            fn from_row(row: &$crate::Row<'_>) -> $crate::Result<Self> {
                let mut columns = 0_usize..;
                // The range is endless: the fallback is never used, and would be reported as a missing
                // column.
                let mut next = || columns.next().unwrap_or(usize::MAX);
                Ok(Self { $($field: row.get(next())?),+ })
            }
        }
    };
}
