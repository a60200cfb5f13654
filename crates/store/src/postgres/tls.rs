//! TLS of connections to PostgreSQL.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// The way to encrypt connections; `None` if they are not encrypted.
pub(super) type Encryption = Option<MakeRustlsConnect>;

/// The server of the database, and the way to speak with it.
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
}

/// Prepares TLS if the address demands it, and otherwise sees to it that no connection asks for it. The
/// server's certificate must be of an authority that the system or `authorities` (PEM) trusts, and must name
/// the host of the address.
///
/// # Errors
/// If the authorities cannot be read.
pub(super) fn prepare(server: &mut Config, authorities: &[u8]) -> Result<Encryption> {
    if server.get_ssl_mode() != SslMode::Require {
        server.ssl_mode(SslMode::Disable);
        return Ok(None);
    }
    let provider = Arc::new(ring::default_provider());
    let authorities: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(authorities)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| unusable(&error))?;
    let verifier = Verifier::new_with_extra_roots(authorities, Arc::clone(&provider))
        .map_err(|error| unusable(&error))?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(client)))
}

fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::other(format!("TLS to PostgreSQL cannot be prepared: {error}"))
}
