//! The configuration file with every setting and its default.

/// The default configuration file, which is also the manual.
pub const DEFAULT: &str = include_str!("../default.toml");
