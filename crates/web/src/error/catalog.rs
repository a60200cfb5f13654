//! Catalogs of error codes, one for each wire format.

/// Declares an enum of error codes: for each its HTTP status, its name on the wire, and its messages in
/// Chinese and English. A message may have one `{}`.
#[macro_export]
macro_rules! error_codes {
    (
        $(#[$about:meta])* $codes:ident:
        $($(#[$doc:meta])* $code:ident = $status:literal $name:literal $zh:literal $en:literal;)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $codes { $($(#[$doc])* $code,)* }

        impl $codes {
            /// Every code, in the order of the catalog.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            const fn row(self) -> (u16, &'static str, &'static str, &'static str) {
                match self { $(Self::$code => ($status, $name, $zh, $en),)* }
            }

            /// Returns the HTTP status.
            pub fn status(self) -> ::http::StatusCode {
                ::http::StatusCode::from_u16(self.row().0)
                    .unwrap_or(::http::StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// Returns the name on the wire.
            pub const fn name(self) -> &'static str {
                self.row().1
            }

            /// Returns the message in a language, with `{}` in place of the argument.
            pub const fn template(self, language: $crate::Language) -> &'static str {
                match language {
                    $crate::Language::Zh => self.row().2,
                    $crate::Language::En => self.row().3,
                }
            }

            /// Returns the default `Retry-After` in seconds, or `None` if a retry is of no use.
            pub const fn usual_wait(self) -> Option<u32> {
                match self.row().0 {
                    429 | 503 => Some(1),
                    _ => None,
                }
            }

            /// Returns what is wrong with the entry of the code.
            #[cfg(test)]
            fn faults(self) -> Vec<String> {
                let (status, name, zh, en) = self.row();
                let valid = (400..600).contains(&status) && self.status().as_u16() == status;
                let whole = !name.is_empty() && !zh.is_empty() && !en.is_empty();
                let alike = zh.matches("{}").count() == en.matches("{}").count();
                let faults = [
                    (valid, "the status is none of an error"),
                    (whole, "a text is empty"),
                    (alike, "the messages have different places for the argument"),
                ];
                let wrong = faults.iter().filter(|(holds, _)| !holds);
                wrong.map(|(_, fault)| format!("{self:?}: {fault}")).collect()
            }
        }
    };
}
