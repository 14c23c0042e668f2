//! Values as PostgreSQL sends and takes them.

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::Error;
use crate::value::{Cell, Value};

pub(super) fn references(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params
        .iter()
        .map(|value| value as &(dyn ToSql + Sync))
        .collect()
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(value) => match *ty {
                Type::INT8 => value.to_sql(ty, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(ty, out),
                _ => Err(format!("a number was bound where {ty} is wanted").into()),
            },
            Value::Text(value) if <&str as ToSql>::accepts(ty) => value.to_sql(ty, out),
            Value::Text(_) => Err(format!("text was bound where {ty} is wanted").into()),
            Value::Blob(value) if *ty == Type::BYTEA => value.to_sql(ty, out),
            Value::Blob(_) => Err(format!("bytes were bound where {ty} is wanted").into()),
            Value::Uuid(value) if *ty == Type::UUID => value.to_sql(ty, out),
            Value::Uuid(_) => Err(format!("an identifier was bound where {ty} is wanted").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Any field, as the kind it has.
struct Any<'a>(Cell<'a>);

impl<'a> FromSql<'a> for Any<'a> {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Any(match *ty {
            Type::INT8 => Cell::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Cell::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Cell::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Cell::Int(bool::from_sql(ty, raw)?.into()),
            // The sum of BIGINTs is a NUMERIC.
            Type::NUMERIC => Cell::Int(whole(raw).ok_or("a number that is not a whole one")?),
            Type::BYTEA => Cell::Blob(raw),
            Type::UUID => Cell::Uuid(Uuid::from_sql(ty, raw)?),
            _ if <&str as FromSql<'_>>::accepts(ty) => Cell::Text(<&str>::from_sql(ty, raw)?),
            _ => return Err(format!("a field of type {ty}").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Any(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(crate) fn cell(row: &tokio_postgres::Row, index: usize) -> Result<Cell<'_>, Error> {
    row.try_get::<_, Any<'_>>(index)
        .map(|any| any.0)
        .map_err(|_| Error::other(format!("field {index} of a row can not be read")))
}

/// A NUMERIC as sent: number of digits, weight of the first, sign, scale,
/// then digits to the base 10,000. `None` when it has a fraction or is too large.
fn whole(raw: &[u8]) -> Option<i64> {
    let mut words = raw
        .chunks_exact(2)
        .map(|w| i16::from_be_bytes([w[0], w[1]]));
    let count = words.next()?;
    let weight = words.next()?;
    let negative = match words.next()? {
        0 => false,
        0x4000 => true,
        _ => return None,
    };
    words.next()?;
    let mut total: i64 = 0;
    for place in 0..count.max(weight + 1) {
        let digit = if place < count { words.next()? } else { 0 };
        if place > weight {
            if digit != 0 {
                return None;
            }
            continue;
        }
        total = total.checked_mul(10_000)?;
        let digit = i64::from(digit);
        total = if negative {
            total.checked_sub(digit)?
        } else {
            total.checked_add(digit)?
        };
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_whole_numbers() {
        // 0, 1, 10000, 1234567, -70000, and 1.5 as PostgreSQL sends them.
        let sent =
            |words: &[i16]| -> Vec<u8> { words.iter().flat_map(|w| w.to_be_bytes()).collect() };
        assert_eq!(whole(&sent(&[0, 0, 0, 0])), Some(0));
        assert_eq!(whole(&sent(&[1, 0, 0, 0, 1])), Some(1));
        assert_eq!(whole(&sent(&[1, 1, 0, 0, 1])), Some(10_000));
        assert_eq!(whole(&sent(&[2, 1, 0, 0, 123, 4567])), Some(1_234_567));
        assert_eq!(whole(&sent(&[1, 1, 0x4000, 0, 7])), Some(-70_000));
        assert_eq!(whole(&sent(&[2, 0, 0, 1, 1, 5000])), None);
    }
}
