//! Deserialization of JSON that accepts only objects for structs.
//!
//! Structs that derive `Deserialize` also accept a JSON array, and fill their fields by position. No client
//! means that, no schema allows it, and checks of member names miss it. [`Strict`] refuses arrays for structs
//! at every depth. The exceptions are types that serde buffers as a whole: untagged and internally tagged
//! enums, and flattened fields.

use std::fmt;

use serde::{
    Deserialize,
    de::{
        DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess,
        Visitor,
    },
};

/// Deserializes a whole JSON text.
///
/// # Errors
/// An error if the text is not JSON, or not of this type.
pub fn from_slice<'de, T: Deserialize<'de>>(json: &'de [u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = T::deserialize(Strict(&mut reader))?;
    reader.end()?;
    Ok(value)
}

/// Deserializes a JSON value.
///
/// # Errors
/// An error if the value is not of this type.
pub fn from_value<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> serde_json::Result<T> {
    T::deserialize(Strict(value))
}

/// Wraps a deserializer, or a part that serde passes on, so that structs are read from objects only.
#[derive(Debug)]
pub struct Strict<T>(pub T);

/// Wraps the visitor of a type.
struct Visit<V> {
    visitor: V,
    /// True if the type is a struct.
    is_struct: bool,
}

impl<V> Visit<V> {
    const fn new(visitor: V) -> Self {
        Self { visitor, is_struct: false }
    }

    const fn of_struct(visitor: V) -> Self {
        Self { visitor, is_struct: true }
    }
}

macro_rules! forward_types {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(Visit::new(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    forward_types! {
        deserialize_any deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_unit deserialize_seq deserialize_map deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, Visit::new(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Visit::new(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, Visit::new(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, Visit::new(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, Visit::of_struct(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Visit::new(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! forward_values {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Visit<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    forward_values! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128)
        visit_f32(f32) visit_f64(f64) visit_char(char) visit_str(&str) visit_borrowed_str(&'de str)
        visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        if self.is_struct {
            return Err(A::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.visitor.visit_seq(Strict(access))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Strict(access))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Strict(access))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Strict<A> {
    type Error = A::Error;
    type Variant = Strict<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(name, variant)| (name, Strict(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Strict(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Visit::new(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Visit::of_struct(visitor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Inner {
        a: Option<i64>,
        b: Option<String>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Inner);

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Choice {
        Unit,
        Newtype(Inner),
        Tuple(i64, Inner),
        Struct { inner: Inner },
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Outer {
        inner: Option<Inner>,
        list: Vec<Inner>,
        pair: (i64, Inner),
        named: BTreeMap<String, Inner>,
        wrapped: Wrapped,
        choice: Choice,
        any: Value,
    }

    fn inner() -> impl Strategy<Value = Inner> {
        (any::<Option<i64>>(), any::<Option<String>>()).prop_map(|(a, b)| Inner { a, b })
    }

    fn choice() -> impl Strategy<Value = Choice> {
        prop_oneof![
            Just(Choice::Unit),
            inner().prop_map(Choice::Newtype),
            (any::<i64>(), inner()).prop_map(|(at, inner)| Choice::Tuple(at, inner)),
            inner().prop_map(|inner| Choice::Struct { inner }),
        ]
    }

    fn outer() -> impl Strategy<Value = Outer> {
        let named = prop::collection::btree_map("[a-z]{1,3}", inner(), 0..3);
        let list = prop::collection::vec(inner(), 0..3);
        let whole = (prop::option::of(inner()), list, (any::<i64>(), inner()), named, inner(), choice());
        whole.prop_map(|(inner, list, pair, named, wrapped, choice)| Outer {
            inner,
            list,
            pair,
            named,
            wrapped: Wrapped(wrapped),
            choice,
            any: json!([1, [2], {"a": []}]),
        })
    }

    /// Turns the `which`th struct inside `value` into an array of its fields. Counts `which` down.
    fn as_array(value: &mut Value, which: &mut usize) -> bool {
        match value {
            Value::Object(members) => {
                // The members of `Inner` in the order of the fields, which is also alphabetical.
                if members.keys().eq(["a", "b"]) {
                    if *which == 0 {
                        *value = members.values().cloned().collect();
                        return true;
                    }
                    *which -= 1;
                }
                let Value::Object(members) = value else { return false };
                members.iter_mut().any(|(name, value)| name != "any" && as_array(value, which))
            }
            Value::Array(list) => list.iter_mut().any(|value| as_array(value, which)),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn objects_are_read_and_arrays_for_them_are_not(outer in outer(), mut which in 0..6_usize) {
            let mut value = serde_json::to_value(&outer).unwrap();
            prop_assert_eq!(&from_value::<Outer>(value.clone()).unwrap(), &outer);
            prop_assert_eq!(&from_slice::<Outer>(value.to_string().as_bytes()).unwrap(), &outer);
            if as_array(&mut value, &mut which) {
                let text = value.to_string();
                prop_assert!(serde_json::from_str::<Outer>(&text).is_ok(), "serde takes it: {}", text);
                let error = from_slice::<Outer>(text.as_bytes()).unwrap_err().to_string();
                prop_assert!(error.starts_with("invalid type: sequence, expected an object"), "{}", error);
                prop_assert!(from_value::<Outer>(value).is_err());
            }
        }
    }

    #[test]
    fn a_struct_variant_is_an_object() {
        assert!(serde_json::from_str::<Choice>(r#"{"Struct":[{}]}"#).is_ok());
        assert!(from_slice::<Choice>(br#"{"Struct":[{}]}"#).is_err());
        assert!(from_slice::<Inner>(b"{} x").is_err());
    }
}
