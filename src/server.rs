//! Serves HTTP with limits: on connections, on the time a request's head may take, on the time a client may read nothing,
//! and on the time an ending may take.
//!
//! `axum::serve` has none of them: one half-sent request would keep it from ending for ever.

mod stream;

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tower::ServiceExt;

use self::stream::{Activity, Patient};
use crate::{config::TrustedProxies, web::client::network};

/// How much patience the server has with its clients.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// Connections at once of one network ([`network`]); further ones are closed, so that one cannot take all places.
    pub per_network: usize,
    /// Whose connections are not counted by network: they speak for many.
    pub trusted: TrustedProxies,
    /// How long a client may take to send the head of a request, and how long a connection may be idle.
    pub head: Duration,
    /// How long a client may read nothing of an answer.
    pub write: Duration,
    /// How long open requests may take to end once the server was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            per_network: 256,
            trusted: TrustedProxies::default(),
            head: Duration::from_secs(10),
            write: Duration::from_secs(20),
            drain: Duration::from_secs(25),
        }
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
    let crowd = Crowd::default();
    let (stop, stopping) = watch::channel(false);
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
            let Some(seat) = crowd.seat(peer, &limits) else {
                tracing::debug!(%peer, "closed a connection of a network that has too many");
                continue;
            };
            let connection = serve_connection(stream, peer, router.clone(), stopping.clone(), &limits);
            connections.spawn(async move {
                connection.await;
                drop((place, seat));
            });
            while connections.try_join_next().is_some() {} // forget those that have ended
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    drop(listener);
    stop.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, ended).await.is_ok() {
        return 0;
    }
    let cut_off = connections.len();
    tracing::warn!("cut off {cut_off} connections that had not ended in time");
    connections.shutdown().await;
    cut_off
}

/// How many connections each network has.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<String, usize>>>);

impl Crowd {
    /// Counts one more of the peer's network, until the seat is dropped. Nothing: it has as many as it may.
    fn seat(&self, peer: SocketAddr, limits: &Limits) -> Option<Seat> {
        if limits.trusted.trusts(peer.ip()) {
            return Some(Seat(None));
        }
        let network = network(peer.ip());
        let mut crowd = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = crowd.entry(network.clone()).or_default();
        if *count >= limits.per_network {
            return None;
        }
        *count += 1;
        Some(Seat(Some((self.clone(), network))))
    }
}

struct Seat(Option<(Crowd, String)>);

impl Drop for Seat {
    fn drop(&mut self) {
        let Some((Crowd(crowd), network)) = self.0.take() else { return };
        let mut crowd = crowd.lock().unwrap_or_else(PoisonError::into_inner);
        let left = crowd.get(&network).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            crowd.remove(&network);
        } else {
            crowd.insert(network, left);
        }
    }
}

type Service = axum::routing::RouterIntoService<Body>;

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Service,
    mut stopping: watch::Receiver<bool>,
    limits: &Limits,
) -> impl Future<Output = ()> + Send + use<> {
    let (head, write) = (limits.head, limits.write);
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, "cannot set TCP_NODELAY: {error}");
    }
    async move {
        let activity = Arc::new(Activity::default());
        let stream = Patient::new(stream, write, Arc::clone(&activity));
        let service = service_fn(|mut request: Request<Incoming>| {
            let answering = activity.answer();
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = router.clone().oneshot(request.map(Body::new));
            async { answer.await.map(|answer: Response<Body>| answer.map(|body| answering.until_sent(body))) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = async { drop(stopping.wait_for(|stop| *stop).await) } => {
                connection.as_mut().graceful_shutdown();
                // A request whose head is not here yet is not waited for: its client has no answer, and asks again.
                poll_fn(|cx| match connection.as_mut().poll(cx) {
                    Poll::Pending if activity.is_busy() => Poll::Pending,
                    Poll::Pending => Poll::Ready(Ok(())),
                    Poll::Ready(ended) => Poll::Ready(ended),
                })
                .await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, "connection ended: {error}"); // the client's doing, not ours
        }
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

    const HEAD: Duration = Duration::from_millis(300);
    const WRITE: Duration = Duration::from_millis(500);
    const DRAIN: Duration = Duration::from_millis(1500);

    fn short() -> Limits {
        Limits { connections: 2, head: HEAD, write: WRITE, drain: DRAIN, ..Limits::default() }
    }

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<usize>,
    }

    async fn start(limits: Limits) -> Running {
        let router = Router::new()
            .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
            .route("/large", get(|| async { vec![b'a'; 1 << 20] }))
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
        let server = start(short()).await;
        let stream = send(server.address, &get_request("/")).await;
        let me = stream.local_addr().unwrap().to_string();
        let answer = rest(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&me), "{answer}");
    }

    #[tokio::test]
    async fn a_half_sent_head_and_an_idle_connection_are_closed() {
        let server = start(short()).await;
        let since = Instant::now();
        let half = send(server.address, "GET / HTTP/1.1\r\nhost: te").await;
        let silent = send(server.address, "").await;
        let (half, silent) = tokio::join!(rest(half), rest(silent));
        assert!(since.elapsed() >= HEAD && since.elapsed() < Duration::from_secs(10));
        assert!(!half.contains("200") && silent.is_empty(), "{half}{silent}");
    }

    #[tokio::test]
    async fn a_connection_is_closed_when_nothing_more_is_asked() {
        let server = start(short()).await;
        let stream = send(server.address, "GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        let since = Instant::now();
        assert!(rest(stream).await.starts_with("HTTP/1.1 200"));
        assert!(since.elapsed() >= HEAD && since.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn whoever_reads_nothing_makes_room_for_others() {
        let server = start(Limits { connections: 1, ..short() }).await;
        let many = "GET /large HTTP/1.1\r\nhost: test\r\n\r\n".repeat(50);
        let _never_read = send(server.address, &many).await;
        let other = send(server.address, &get_request("/")).await;
        let answer = tokio::time::timeout(Duration::from_secs(10), rest(other)).await.expect("no place becomes free");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn whoever_reads_slowly_is_answered_to_the_end() {
        let server = start(short()).await;
        let mut stream = send(server.address, &get_request("/large")).await;
        let (mut read, mut buffer) = (0, vec![0; 1 << 18]);
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => break,
                count => read += count,
            }
            tokio::time::sleep(WRITE / 5).await;
        }
        assert!(read > 1 << 20, "{read} bytes came");
    }

    #[tokio::test]
    async fn one_network_does_not_take_all_places() {
        let server = start(Limits { connections: 9, per_network: 2, head: DRAIN, ..short() }).await;
        let first = send(server.address, "").await;
        let _second = send(server.address, "").await;
        assert_eq!(rest(send(server.address, &get_request("/")).await).await, "", "the third is closed");
        drop(first);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(rest(send(server.address, &get_request("/")).await).await.starts_with("HTTP/1.1 200"));

        let trusted = "127.0.0.0/8".parse().unwrap();
        let server = start(Limits { connections: 9, per_network: 0, trusted, ..short() }).await;
        assert!(rest(send(server.address, &get_request("/")).await).await.starts_with("HTTP/1.1 200"), "a proxy is");
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait_for_a_place() {
        let server = start(Limits { head: Duration::from_mins(1), ..short() }).await;
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
        let server = start(short()).await;
        let open = tokio::spawn(rest(send(server.address, &get_request("/slow")).await));
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop.send(()).unwrap();
        assert_eq!(server.ended.await.unwrap(), 0);
        assert!(open.await.unwrap().starts_with("HTTP/1.1 200"));
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_a_half_sent_head() {
        let server = start(Limits { connections: 9, head: Duration::from_mins(1), ..short() }).await;
        let _half = send(server.address, "GET / HTTP/1.1\r\nhost: te").await;
        let _second_half = send(server.address, "GET / HTTP/1.1\r\nhost: test\r\n\r\nGET / HT").await;
        let _silent = send(server.address, "").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let since = Instant::now();
        server.stop.send(()).unwrap();
        assert_eq!(server.ended.await.unwrap(), 0);
        assert!(since.elapsed() < HEAD);
    }

    #[tokio::test]
    async fn the_end_lets_a_slow_reader_read_on() {
        let server = start(short()).await;
        let stream = send(server.address, &get_request("/large")).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(rest(stream).await.len() > 1 << 20);
        assert_eq!(server.ended.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_never_ends_is_cut_off() {
        let server = start(short()).await;
        let endless = send(server.address, &get_request("/endless")).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let since = Instant::now();
        server.stop.send(()).unwrap();
        assert_eq!(server.ended.await.unwrap(), 1);
        assert!(since.elapsed() >= DRAIN && since.elapsed() < Duration::from_secs(10));
        assert_eq!(rest(endless).await, "");
    }
}
