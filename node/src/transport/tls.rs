//! TLS whose certificate can be renewed while the node runs: connections that
//! are made later get the newest one. spec: `node.tls`

use super::connection::Connection;
use crate::config::{Limits, Tls};
use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{Error as PemError, PemObject},
    },
};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

/// The one protocol that is agreed upon: HTTP/2.
const ALPN_H2: &[u8] = b"h2";

/// Why certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// See the message.
    #[error("cannot read {path}: {cause}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Of the file system.
        cause: io::Error,
    },
    /// See the message.
    #[error("{path}: {cause}; give a certificate chain and its private key, both in PEM", path = .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: PemError,
    },
    /// See the message.
    #[error("{path}: there is no certificate in it; give a chain in PEM, the node's own first", path = .0.display())]
    Empty(PathBuf),
    /// See the message.
    #[error("{certificate} with {key}: {cause}; the key must be that of the first certificate", certificate = .files.certificate.display(), key = .files.key.display())]
    Unusable {
        /// Both files.
        files: Tls,
        /// What is wrong.
        cause: rustls::Error,
    },
}

/// Accepts with the certificate that was read last. Clones share it.
#[derive(Clone)]
pub struct Acceptor {
    files: Tls,
    current: Arc<RwLock<Arc<ServerConfig>>>,
    handshake: Duration,
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Acceptor {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn load(files: &Tls, limits: &Limits) -> Result<Self, TlsError> {
        let current = Arc::new(RwLock::new(Arc::new(read(files)?)));
        Ok(Self { files: files.clone(), current, handshake: limits.handshake_timeout })
    }

    /// Reads certificate and key again; those before stay if they cannot be
    /// used.
    ///
    /// # Errors
    /// If they cannot be used.
    pub fn reload(&self) -> Result<(), TlsError> {
        let new = Arc::new(read(&self.files)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Shakes hands; `None` if the caller does not do so in time.
    pub async fn accept(&self, connection: Connection) -> Option<Wire> {
        let config = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        match timeout(self.handshake, TlsAcceptor::from(config).accept(connection)).await {
            Ok(Ok(stream)) => Some(Wire::Tls(Box::new(stream))),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}

fn read(files: &Tls) -> Result<ServerConfig, TlsError> {
    // Fails if there is a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes(&files.certificate)?)
        .collect::<Result<_, _>>()
        .map_err(pem(&files.certificate))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(files.certificate.clone()));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes(&files.key)?).map_err(pem(&files.key))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|cause| TlsError::Unusable { files: files.clone(), cause })?;
    config.alpn_protocols.push(ALPN_H2.to_vec());
    Ok(config)
}

fn pem(path: &Path) -> impl Fn(PemError) -> TlsError + '_ {
    move |cause| TlsError::Pem { path: path.to_owned(), cause }
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|cause| TlsError::Read { path: path.to_owned(), cause })
}

/// A connection, plain or over TLS.
#[derive(Debug)]
pub enum Wire {
    /// Plain.
    Plain(Connection),
    /// After the handshake.
    Tls(Box<TlsStream<Connection>>),
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Handlers are told nothing about the peer.
impl Connected for Wire {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}
