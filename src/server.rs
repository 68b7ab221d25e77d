//! Serves HTTP with limits: on connections, on the time a request's head may take, and on the time an ending may take.
//!
//! `axum::serve` has none of them: one half-sent request would keep it from ending for ever.

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::Semaphore,
    task::JoinSet,
};
use tower::ServiceExt;

/// How much patience the server has with its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// How long a client may take to send the head of a request, and how long a connection may be idle.
    pub head: Duration,
    /// How long open requests may take to end once the server was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1024, head: Duration::from_secs(10), drain: Duration::from_secs(25) }
    }
}

/// The largest head of a request (bytes).
const LARGEST_HEAD: usize = 64 << 10;
/// After a failed accept (too many open files) the reason may pass.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// A future that ends at the first SIGTERM or Ctrl-C. Listens from the call on, so that a signal during a slow start
/// is not lost.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: finishing open requests"),
            _ = interrupt.recv() => tracing::info!("Ctrl-C: finishing open requests"),
        }
    })
}

/// Serves until `shutdown` ends, then takes no new connections and lets open requests end within `limits.drain`.
/// Handlers find the peer's address as `ConnectInfo<SocketAddr>`. Returns how many connections had to be cut off.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>, limits: Limits) -> usize {
    let router = router.into_service::<Body>();
    let room = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return }; // never closed
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                    continue;
                }
            };
            let connection = serve_connection(stream, peer, router.clone(), graceful.watcher(), limits.head);
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
            while connections.try_join_next().is_some() {} // forget those that have ended
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    drop(listener);
    let ended = async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    };
    if tokio::time::timeout(limits.drain, ended).await.is_ok() {
        return 0;
    }
    let cut_off = connections.len();
    tracing::warn!("cut off {cut_off} connections that had not ended in time");
    connections.shutdown().await;
    cut_off
}

type Service = axum::routing::RouterIntoService<Body>;

async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Service, watcher: Watcher, head: Duration) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, "cannot set TCP_NODELAY: {error}");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, "connection ended: {error}"); // the client's doing, not ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Instant;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
        task::JoinHandle,
    };

    const SHORT: Limits =
        Limits { connections: 2, head: Duration::from_millis(300), drain: Duration::from_millis(1500) };

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<usize>,
    }

    async fn start(limits: Limits) -> Running {
        let router = Router::new()
            .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
            .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(700)).await }))
            .route("/endless", get(std::future::pending::<()>));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move { stopped.await.unwrap_or_default() };
        Running { address, stop, ended: tokio::spawn(serve(listener, router, shutdown, limits)) }
    }

    async fn send(address: SocketAddr, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    async fn rest(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await; // a reset is an end, too
        String::from_utf8(bytes).unwrap()
    }

    fn get_request(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn handlers_know_the_peer() {
        let server = start(SHORT).await;
        let stream = send(server.address, &get_request("/")).await;
        let me = stream.local_addr().unwrap().to_string();
        let answer = rest(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&me), "{answer}");
    }

    #[tokio::test]
    async fn a_half_sent_head_and_an_idle_connection_are_closed() {
        let server = start(SHORT).await;
        let since = Instant::now();
        let half = send(server.address, "GET / HTTP/1.1\r\nhost: te").await;
        let silent = send(server.address, "").await;
        let (half, silent) = tokio::join!(rest(half), rest(silent));
        assert!(since.elapsed() >= SHORT.head && since.elapsed() < Duration::from_secs(10));
        assert!(!half.contains("200") && silent.is_empty(), "{half}{silent}");
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait_for_a_place() {
        let server = start(Limits { head: Duration::from_mins(1), ..SHORT }).await;
        let first = send(server.address, "").await;
        let _second = send(server.address, "").await;
        let third = send(server.address, &get_request("/")).await;
        let answer = tokio::spawn(rest(third));
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!answer.is_finished());
        drop(first);
        assert!(answer.await.unwrap().starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn open_requests_end_and_new_ones_are_refused() {
        let server = start(SHORT).await;
        let open = tokio::spawn(rest(send(server.address, &get_request("/slow")).await));
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop.send(()).unwrap();
        assert_eq!(server.ended.await.unwrap(), 0);
        assert!(open.await.unwrap().starts_with("HTTP/1.1 200"));
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_a_half_sent_head() {
        let server = start(SHORT).await;
        let _half = send(server.address, "GET / HTTP/1.1\r\nhost: te").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let since = Instant::now();
        server.stop.send(()).unwrap();
        assert_eq!(server.ended.await.unwrap(), 0);
        assert!(since.elapsed() < SHORT.drain);
    }

    #[tokio::test]
    async fn what_never_ends_is_cut_off() {
        let server = start(SHORT).await;
        let endless = send(server.address, &get_request("/endless")).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let since = Instant::now();
        server.stop.send(()).unwrap();
        assert_eq!(server.ended.await.unwrap(), 1);
        assert!(since.elapsed() >= SHORT.drain && since.elapsed() < Duration::from_secs(10));
        assert_eq!(rest(endless).await, "");
    }
}
