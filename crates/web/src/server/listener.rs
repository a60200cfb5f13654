//! The listener: TCP or a Unix socket, with or without TLS.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio_util::either::Either;

use super::{socket::Stream, tls::Tls};

/// The client address of connections over a Unix socket: they come from this machine.
const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Owner and group may connect to a Unix socket.
const SOCKET_MODE: u32 = 0o660;

/// A socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    pub(super) tls: Option<Tls>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

/// A Unix socket. Its file is deleted when it is dropped.
#[derive(Debug)]
struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let _absent = std::fs::remove_file(&self.path);
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self { socket: Socket::Tcp(listener), tls: None }
    }
}

impl Listener {
    /// Listens on an address or a host name, and a port.
    ///
    /// # Errors
    /// If the address is not available.
    pub async fn tcp(address: &str) -> io::Result<Self> {
        Ok(TcpListener::bind(address).await?.into())
    }

    /// Listens on a Unix socket. The file of a process that has ended is replaced.
    ///
    /// # Errors
    /// If another process listens there, if the path is another kind of file, or if it cannot be created.
    pub async fn unix(path: &Path) -> io::Result<Self> {
        if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket()) {
            if UnixStream::connect(path).await.is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there"));
            }
            std::fs::remove_file(path)?;
        }
        let socket = UnixSocket { listener: UnixListener::bind(path)?, path: path.to_owned() };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))?;
        Ok(Self { socket: Socket::Unix(socket), tls: None })
    }

    /// Speaks TLS on all connections.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Returns the address; `None` for a Unix socket.
    ///
    /// # Errors
    /// If the socket has none.
    pub fn address(&self) -> io::Result<Option<SocketAddr>> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().map(Some),
            Socket::Unix(_) => Ok(None),
        }
    }

    /// Accepts a connection, and returns its stream and the client's address.
    pub(super) async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Either::Left(stream), peer))
            }
            Socket::Unix(UnixSocket { listener, .. }) => {
                let (stream, _) = listener.accept().await?;
                Ok((Either::Right(stream), LOCAL))
            }
        }
    }
}
