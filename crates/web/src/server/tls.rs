//! TLS of a listener. The certificate can be replaced while it runs.

use std::{io, sync::Arc, time::Duration};

use parking_lot::RwLock;
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use super::socket::Socket;

/// The TLS configuration of a listener. Clones share it.
#[derive(Debug, Clone)]
pub struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

impl Tls {
    /// Makes the TLS of a listener. The protocol of `config` has to be HTTP/1.1.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    /// Uses another configuration for connections from now on.
    pub fn replace(&self, config: ServerConfig) {
        *self.0.write() = Arc::new(config);
    }

    /// Does the handshake of a connection within a time limit.
    pub(super) async fn handshake(&self, socket: Socket, limit: Duration) -> io::Result<TlsStream<Socket>> {
        let config = Arc::clone(&self.0.read());
        let accepted = tokio::time::timeout(limit, TlsAcceptor::from(config).accept(socket)).await;
        accepted.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))?
    }
}
