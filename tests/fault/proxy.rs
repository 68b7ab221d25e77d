//! A network between the program and PostgreSQL that is slow, goes silent, or breaks where it hurts most.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream, tcp, unix},
    sync::Notify,
};

/// Takes TCP connections and passes them on to the socket of PostgreSQL.
pub struct Proxy {
    address: SocketAddr,
    options: PgConnectOptions,
    faults: Arc<Faults>,
}

/// What the network does now.
#[derive(Default)]
struct Faults {
    /// Milliseconds by which every piece is late.
    delay: AtomicU64,
    /// Nothing comes through, and nobody is told.
    silent: AtomicBool,
    /// So many commits are passed on and their answers are not: the connection ends instead.
    cut_commits: AtomicU32,
    /// How many were.
    cut: AtomicU32,
    /// Ends all connections.
    broken: Notify,
}

impl Proxy {
    /// In front of the database that these options lead to over a unix socket.
    pub async fn start(options: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), options: options.clone(), faults: Arc::default() };
        let socket = options.get_socket().unwrap().join(format!(".s.PGSQL.{}", options.get_port()));
        tokio::spawn(accept(listener, socket, Arc::clone(&proxy.faults)));
        proxy
    }

    /// The address of the database through this network.
    pub fn url(&self) -> String {
        let options = &self.options;
        let (user, database) = (options.get_username(), options.get_database().unwrap());
        format!("postgres://{user}@{}/{database}?sslmode=disable", self.address)
    }

    /// Makes every piece late.
    pub fn delay(&self, by: Duration) {
        self.faults.delay.store(by.as_millis().try_into().unwrap(), Ordering::Relaxed);
    }

    /// Lets nothing through, or all again.
    pub fn silence(&self, silent: bool) {
        self.faults.silent.store(silent, Ordering::Relaxed);
    }

    /// Ends the connections of the next so many commits after PostgreSQL has done them and before the program hears so.
    pub fn cut_commits(&self, commits: u32) {
        self.faults.cut_commits.fetch_add(commits, Ordering::Relaxed);
    }

    /// How many commits were cut.
    pub fn cut(&self) -> u32 {
        self.faults.cut.load(Ordering::Relaxed)
    }

    /// Ends every connection.
    pub fn break_all(&self) {
        self.faults.broken.notify_waiters();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, faults: Arc<Faults>) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, faults) = (socket.clone(), Arc::clone(&faults));
        tokio::spawn(async move {
            let Ok(server) = UnixStream::connect(&socket).await else { return };
            connect(client, server, &faults).await;
        });
    }
}

async fn connect(client: TcpStream, server: UnixStream, faults: &Faults) {
    client.set_nodelay(true).unwrap();
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // Set once a commit is on its way whose answer is to be lost.
    let doomed = AtomicBool::new(false);
    tokio::select! {
        () = upward(from_client, to_server, faults, &doomed) => {}
        () = downward(from_server, to_client, faults, &doomed) => {}
        () = faults.broken.notified() => {}
    }
}

async fn upward(mut from: tcp::OwnedReadHalf, mut to: unix::OwnedWriteHalf, faults: &Faults, doomed: &AtomicBool) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        faults.pass().await;
        let commits = piece[..length].windows(6).any(|word| word == b"COMMIT");
        let less = |left: u32| left.checked_sub(1);
        if commits && faults.cut_commits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            doomed.store(true, Ordering::Relaxed);
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

async fn downward(mut from: unix::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, faults: &Faults, doomed: &AtomicBool) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        faults.pass().await;
        if doomed.load(Ordering::Relaxed) {
            faults.cut.fetch_add(1, Ordering::Relaxed);
            return; // PostgreSQL has answered: the commit is done, and nobody will know
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

impl Faults {
    /// Holds a piece back as long as the network is slow or silent.
    async fn pass(&self) {
        let delay = self.delay.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if self.silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await; // what is lost does not come later
        }
    }
}
