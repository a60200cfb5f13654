//! `doppel health`

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::out::{Failure, say};
use crate::config::{Config, Listen};

/// The time limit of connecting, of writing and of each read.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of the response that are read.
const MAX_RESPONSE: u64 = 16 * 1024;

/// Asks the server that listens at `server.listen` for `/readyz`. Says "ready", or fails with the status or
/// the reason.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let listen = &config.server.listen;
    let (shown, asked) = match listen.socket() {
        Some(path) => (listen.to_string(), UnixStream::connect(path).and_then(ask_over_socket)),
        None => {
            let address = address_of(listen)?;
            (address.to_string(), ask_at(address, config.tls.is_on()))
        }
    };
    let status = asked.map_err(|error| Failure::failed(format!("no server responds at {shown}: {error}")))?;
    if status == "200" {
        say("ready")
    } else {
        Err(Failure::failed(format!("not ready: HTTP status {status}")))
    }
}

/// Returns the address to connect to: that of this machine if the server listens on all.
fn address_of(listen: &Listen) -> Result<SocketAddr, Failure> {
    let mut found = listen.as_str().to_socket_addrs().map_err(Failure::failed)?;
    let mut address =
        found.next().ok_or_else(|| Failure::failed(format!("{listen} has no address on this machine")))?;
    if address.port() == 0 {
        return Err(Failure::input("server.listen has port 0: name the port that the server has taken"));
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

fn ask_over_socket(stream: UnixStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    ask(stream, "localhost")
}

fn ask_at(address: SocketAddr, is_tls: bool) -> std::io::Result<String> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    if !is_tls {
        return ask(stream, &address.to_string());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    let name = ServerName::IpAddress(address.ip().into());
    let connection = ClientConnection::new(Arc::new(client), name).map_err(std::io::Error::other)?;
    ask(StreamOwned::new(connection, stream), &address.to_string())
}

/// Accepts every certificate: the question is only whether the server of this machine is ready, and the
/// answer is no secret.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Sends the request and returns the status of the response, as text.
fn ask(mut stream: impl Read + Write, host: &str) -> std::io::Result<String> {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut response = Vec::new();
    let read = stream.take(MAX_RESPONSE).read_to_end(&mut response);
    let text = String::from_utf8_lossy(&response);
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    // A connection that ended without a farewell is fine if the status came before.
    match status {
        Some(status) => Ok(status.to_owned()),
        None => Err(read.err().unwrap_or_else(|| std::io::Error::other("the response is not HTTP"))),
    }
}
