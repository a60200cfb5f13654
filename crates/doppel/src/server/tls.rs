//! TLS: certificates from files or from an ACME authority, and the redirection of HTTP to HTTPS.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, anyhow};
use axum::{Router, response::Redirect};
use futures::StreamExt as _;
use http::Uri;
use rustls::{
    ClientConfig, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use rustls_acme::{AcmeConfig, caches::DirCache};
use store::durable;
use web::{
    Tasks,
    server::{ConnectionLimits, Leaving, Listener, Tls},
};

use crate::config::Config;

const HTTP1: &[u8] = b"http/1.1";
/// The protocol by which an ACME authority checks that a name leads here (RFC 8737).
const ACME: &[u8] = b"acme-tls/1";

/// The limits of connections that are only redirected.
const REDIRECT_LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 1024,
    of_address: 64,
    trusted_proxies: Vec::new(),
    https: false,
    head: Duration::from_secs(10),
    write: Duration::from_secs(10),
    head_bytes: 16 * 1024,
    headers: 100,
    drain: Duration::from_secs(1),
};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Prepares the TLS of the server; `None` if it is off. With an ACME authority, certificates are ordered and
/// renewed in the background.
///
/// # Errors
/// If the certificate or its key cannot be used.
pub(super) fn start(config: &Config, tasks: &Tasks) -> Result<Option<Tls>> {
    if config.tls.acme_domains.is_empty() {
        return Ok(from_files(config)?.map(Tls::new));
    }
    order(config, tasks).map(Some)
}

/// Reads the certificate and its key; `None` if no files are configured.
///
/// # Errors
/// If they cannot be read, or do not belong together.
pub(super) fn from_files(config: &Config) -> Result<Option<ServerConfig>> {
    let (cert, key) = (&config.tls.cert_file, &config.tls.key_file);
    if cert.as_os_str().is_empty() {
        return Ok(None);
    }
    let shown = cert.display();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect)
        .map_err(|error| anyhow!("tls.cert_file = {shown}: {error}"))?;
    if chain.is_empty() {
        return Err(anyhow!("tls.cert_file = {shown}: expected certificates in PEM"));
    }
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| anyhow!("tls.key_file = {}: {error}", key.display()))?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| anyhow!("tls.cert_file = {shown}: {error}"))?;
    server.alpn_protocols = vec![HTTP1.to_vec()];
    Ok(Some(server))
}

/// Orders certificates, and renews them before they expire. Account and certificates are kept in `acme`
/// inside the data directory.
fn order(config: &Config, tasks: &Tasks) -> Result<Tls> {
    let directory = config.data_dir.join("acme");
    durable::create_directory(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let pem = config.outgoing.authorities().map_err(|error| anyhow!(error))?;
    let authorities: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().context("outgoing.ca_file")?;
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(authorities, provider())
        .context("certificates")?;
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let tls = &config.tls;
    let email = (!tls.acme_email.is_empty()).then(|| format!("mailto:{}", tls.acme_email));
    let mut state = AcmeConfig::new_with_client_config(&tls.acme_domains, Arc::new(client))
        .contact(email)
        .directory(&tls.acme_directory)
        .cache(DirCache::new(directory))
        .state();
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(state.resolver());
    server.alpn_protocols = vec![HTTP1.to_vec(), ACME.to_vec()];
    let stopping = tasks.clone();
    tasks.spawn(async move {
        loop {
            let event = tokio::select! {
                event = state.next() => event,
                () = stopping.stopping() => return,
            };
            match event {
                Some(Ok(event)) => tracing::info!(?event, "certificate"),
                Some(Err(error)) => {
                    tracing::error!(%error, "the certificate cannot be had; it is tried again")
                }
                None => return,
            }
        }
    });
    Ok(Tls::new(server))
}

/// Redirects every request over HTTP to the same path of the server's base URL.
///
/// # Errors
/// If the address is not available.
pub(super) async fn redirect(config: &Config, base_url: &str, tasks: &Tasks) -> Result<()> {
    let Some(address) = config.tls.redirect_address().map_err(|error| anyhow!(error))? else { return Ok(()) };
    let listener = Listener::tcp(&address.to_string())
        .await
        .with_context(|| format!("cannot listen on {address} for tls.redirect_listen"))?;
    let base_url = base_url.to_owned();
    let app = Router::new().fallback(move |uri: Uri| {
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        // An absolute URI has no leading slash to rely on.
        let path = if path.starts_with('/') { path } else { "/" };
        let target = format!("{base_url}{path}");
        async move { Redirect::permanent(&target) }
    });
    let serving = web::server::serve(listener, app, REDIRECT_LIMITS, Leaving::default(), tasks.clone());
    tasks.spawn(async move {
        serving.await;
    });
    Ok(())
}
