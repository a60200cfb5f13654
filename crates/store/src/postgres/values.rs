//! Conversion between this crate's values and PostgreSQL's.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::error::{Error, Result};
use crate::param::Param;

type Boxed = Box<dyn StdError + Sync + Send>;

/// Returns the name of the common type that values of a server's type are read as.
fn kind(ty: &Type) -> Option<&'static str> {
    Some(match *ty {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::BOOL => "BIGINT",
        Type::FLOAT4 | Type::FLOAT8 => "DOUBLE PRECISION",
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => "TEXT",
        Type::BYTEA => "BLOB",
        _ => return None,
    })
}

/// Refuses parameters that the statement's `types` cannot take, before anything is sent.
pub(super) fn check(params: &[Param<'_>], types: &[Type]) -> Result<()> {
    if params.len() != types.len() {
        return Err(Error::other(format!(
            "the statement has {} parameters, {} were given",
            types.len(),
            params.len()
        )));
    }
    for (number, (param, ty)) in (1..).zip(params.iter().zip(types)) {
        param.check(number)?;
        if !fits(param, ty) {
            let expected = kind(ty).unwrap_or("a type of another dialect: add a CAST");
            let (expected, found) = match param {
                Param::Int(_) if expected == "BIGINT" => {
                    ("a number that fits the column", "one out of range")
                }
                _ => (expected, param.kind()),
            };
            return Err(Error::Type { place: "parameter", number, expected, found });
        }
    }
    Ok(())
}

fn fits(param: &Param<'_>, ty: &Type) -> bool {
    match param {
        Param::Null => true,
        Param::Int(value) => match *ty {
            Type::INT2 => i16::try_from(*value).is_ok(),
            Type::INT4 => i32::try_from(*value).is_ok(),
            Type::BOOL => matches!(value, 0 | 1),
            _ => *ty == Type::INT8,
        },
        Param::Real(_) => *ty == Type::FLOAT8,
        Param::Text(_) | Param::Blob(_) => kind(ty) == Some(param.kind()),
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => match *ty {
                Type::INT2 => i16::try_from(value)?.to_sql(ty, out),
                Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
                Type::BOOL => (value != 0).to_sql(ty, out),
                _ => value.to_sql(ty, out),
            },
            Self::Real(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Blob(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        // `check` has compared the type with the value.
        true
    }

    to_sql_checked!();
}

/// The value of a column. Types outside the common dialect are refused.
struct Value<'r>(Param<'r>);

impl<'r> FromSql<'r> for Value<'r> {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Boxed> {
        Ok(Self(match *ty {
            Type::INT2 => Param::Int(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Param::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Param::Int(i64::from_sql(ty, raw)?),
            Type::BOOL => Param::Int(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT4 => Param::Real(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Param::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Param::Blob(raw),
            _ => Param::Text(<&str>::from_sql(ty, raw)?),
        }))
    }

    fn from_sql_null(_ty: &Type) -> Result<Self, Boxed> {
        Ok(Self(Param::Null))
    }

    fn accepts(ty: &Type) -> bool {
        kind(ty).is_some()
    }
}

/// Returns the value of a column, or a description of what is there instead.
pub(crate) fn column(row: &tokio_postgres::Row, index: usize) -> Result<Param<'_>, &'static str> {
    let about = row.columns().get(index).ok_or("no such column")?;
    match row.try_get::<_, Value<'_>>(index) {
        Ok(value) => Ok(value.0),
        Err(_) if *about.type_() == Type::NUMERIC => Err("NUMERIC: CAST it to BIGINT or DOUBLE PRECISION"),
        // A function without a result, such as pg_notify.
        Err(_) if *about.type_() == Type::VOID => Ok(Param::Null),
        Err(_) => Err("a type of another dialect: CAST it"),
    }
}
