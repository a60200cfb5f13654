//! Types of ids, one for each kind of thing that has one.

/// Defines types of ids.
///
/// An id is a number that says what it belongs to, so that two of them cannot be mixed up. In a column, in
/// JSON, and in a path it looks like the number.
///
/// ```
/// store::id! {
///     /// The id of a book.
///     BookId;
///     /// The id of a reader.
///     ReaderId;
/// }
///
/// fn lend(_: BookId, _: ReaderId) {}
///
/// lend(BookId(1), ReaderId(2));
/// assert_eq!("7".parse(), Ok(BookId(7)));
/// assert_eq!(BookId(7).to_string(), "7");
/// ```
///
/// ```compile_fail,E0308
/// store::id! {
///     /// The id of a book.
///     BookId;
///     /// The id of a reader.
///     ReaderId;
/// }
///
/// fn lend(_: BookId, _: ReaderId) {}
///
/// lend(ReaderId(2), BookId(1));
/// ```
#[macro_export]
macro_rules! id {
    ($($(#[$attribute:meta])* $name:ident;)+) => {$(
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl ::std::convert::From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::std::convert::From<$name> for $crate::Param<'_> {
            fn from(id: $name) -> Self {
                Self::Int(id.0)
            }
        }

        impl $crate::Column for $name {
            const EXPECTED: &'static str = <i64 as $crate::Column>::EXPECTED;

            fn from_value(value: $crate::Param<'_>) -> ::std::option::Option<Self> {
                <i64 as $crate::Column>::from_value(value).map(Self)
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.0)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                <i64 as $crate::serde::Deserialize>::deserialize(deserializer).map(Self)
            }
        }
    )+};
}

id! {
    /// The id of an account.
    AccountId;
}
