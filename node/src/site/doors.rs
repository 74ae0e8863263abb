//! Listening: the portal over TLS or plain, the control socket, and the signal to stop.

use crate::tasks::Tasks;
use axum::Router;
use axum_server::{
    Handle, Server,
    accept::NoDelayAcceptor,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    fs::{File, Permissions},
    io,
    net::{SocketAddr, TcpListener},
    os::{
        fd::AsRawFd,
        unix::{fs::PermissionsExt, net::UnixListener},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// Name of the control socket in the node's folder.
pub(super) const CONTROL_SOCKET: &str = "control.sock";
/// A browser that connects asks something within this.
const FIRST_REQUEST: Duration = Duration::from_secs(30);
/// Requests of one HTTP/2 connection at once: a viewer asks for a whole series.
const STREAMS_MAX: u32 = 256;
/// At stop, requests on their way may end within this.
const GRACE: Duration = Duration::from_secs(5);
/// Longest path a socket address holds, with its final NUL.
const SOCKET_PATH_MAX: usize = 107;

/// Why a door does not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("control socket {path}: {source}")]
    Control { path: PathBuf, source: io::Error },
    #[error("{path} is no certificate chain in PEM: {reason}")]
    Certificate { path: PathBuf, reason: String },
    #[error("{path} is no private key in PEM: {reason}")]
    Key { path: PathBuf, reason: String },
    #[error("certificate and key do not fit: {0}")]
    Tls(#[from] rustls::Error),
}

pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, DoorError> {
    TcpListener::bind(address).map_err(|source| DoorError::Listen { address, source })
}

/// Serves the portal until the node stops; HTTP/2 and HTTP/1.1 over TLS, HTTP/1.1 on loopback without. Nagle's algorithm is
/// off: it holds the end of an image back until the beginning is acknowledged, which a client may do 40 ms later.
pub(super) fn serve_portal(
    socket: TcpListener,
    tls: Option<(&Path, &Path)>,
    routes: Router,
    tasks: &Tasks,
) -> Result<(), DoorError> {
    let address = socket.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
    let tls = tls.map(|(cert, key)| tls_config(cert, key)).transpose()?;
    let server = axum_server::from_tcp(socket).map_err(|source| DoorError::Listen { address, source })?;
    let handle = Handle::new();
    let mut server = server.handle(handle.clone()).first_request_timeout(FIRST_REQUEST);
    server.http_builder().http2().max_concurrent_streams(STREAMS_MAX);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tasks.spawn("portal shutdown", shutdown(tasks.clone(), handle));
    tasks.spawn("portal", async move {
        let ended = match tls {
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls)).acceptor(NoDelayAcceptor);
                server.acceptor(acceptor).serve(service).await
            }
            None => server.acceptor(NoDelayAcceptor).serve(service).await,
        };
        if let Err(error) = ended {
            tracing::error!(%error, "the portal no longer listens");
        }
    });
    Ok(())
}

async fn shutdown<A: axum_server::Address>(tasks: Tasks, handle: Handle<A>) {
    tasks.stopping().await;
    handle.graceful_shutdown(Some(GRACE));
}

fn tls_config(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, DoorError> {
    let unreadable = |reason: String| DoorError::Certificate { path: cert.to_owned(), reason };
    let chain = CertificateDer::pem_file_iter(cert).map_err(|e| unreadable(e.to_string()))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|e| unreadable(e.to_string()))?;
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| DoorError::Key { path: key.to_owned(), reason: e.to_string() })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Serves the command line of the folder's owner until the node stops. The folder's lock is held: a socket found there is
/// left over.
pub(super) fn serve_control(dir: &Path, routes: Router, tasks: &Tasks) -> Result<(), DoorError> {
    let failed = |source| DoorError::Control { path: dir.join(CONTROL_SOCKET), source };
    forget_control(dir);
    let path = control_path(dir).map_err(failed)?;
    let socket = UnixListener::bind(&path.path).map_err(failed)?;
    std::fs::set_permissions(&path.path, Permissions::from_mode(0o600)).map_err(failed)?;
    let handle = Handle::new();
    let server: Server<_> = axum_server::from_unix(socket).map_err(failed)?.handle(handle.clone());
    tasks.spawn("control shutdown", shutdown(tasks.clone(), handle));
    tasks.spawn("control", async move {
        if let Err(error) = server.serve(routes.into_make_service()).await {
            tracing::error!(%error, "the control socket no longer listens");
        }
    });
    Ok(())
}

/// Nobody is to find a socket behind which nobody is.
pub(super) fn forget_control(dir: &Path) {
    _ = std::fs::remove_file(dir.join(CONTROL_SOCKET));
}

/// A path by which the control socket can be bound and connected to.
pub(crate) struct ControlPath {
    pub(crate) path: PathBuf,
    _folder: Option<File>,
}

/// The socket of a folder; a path too long for a socket address is shortened through an open folder.
pub(crate) fn control_path(dir: &Path) -> io::Result<ControlPath> {
    let path = dir.join(CONTROL_SOCKET);
    if path.as_os_str().len() <= SOCKET_PATH_MAX {
        return Ok(ControlPath { path, _folder: None });
    }
    let folder = File::open(dir)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(CONTROL_SOCKET);
    Ok(ControlPath { path, _folder: Some(folder) })
}

/// Resolves at SIGTERM or SIGINT. Signals are caught from now on.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
