//! `attain serve` and `attain healthcheck`: the server, and the question whether it lives.

use std::{
    future::pending,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::net::TcpListener;

use super::failure::Failure;
use crate::{
    App,
    audit::seals,
    clock::Clock,
    commission_runs::daily,
    config::{DatabaseArgs, ListenArgs},
    figures,
    imports::changes,
    postgres::{database::Database, receipts, statistics},
    router,
    server::{self, Limits},
    sign_in::keeping,
};

/// Serves until the program is told to stop. `prepare` runs before the first request is answered: the demo fills its
/// company there. `clock` is the machine's, but for a test that lets days pass.
pub async fn serve(
    database: &DatabaseArgs,
    listen: &ListenArgs,
    clock: Clock,
    prepare: impl AsyncFnOnce(&App) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stop = server::stop_signal()?;
    let breached = listen.passwords.breached()?;
    // The address first: it fails quickly if somebody else has it. Early visitors wait in the system's queue.
    let listener = TcpListener::bind(listen.listen).await.map_err(|error| {
        Failure::CannotRun(format!("cannot serve on {}: {error}; choose another --listen", listen.listen))
    })?;
    let figures = match listen.metrics_listen {
        Some(address) => Some(TcpListener::bind(address).await.map_err(|error| {
            Failure::CannotRun(format!("cannot serve figures on {address}: {error}; choose another --metrics-listen"))
        })?),
        None => None,
    };
    let source = database.source()?;
    let mut database = Database::serve(&source).await?;
    let mut app = App::new(database.pool.clone(), clock, listen.public_url());
    app.trusted_proxies = listen.trusted_proxies.clone();
    app.breached = breached.map(Arc::new);
    let prepared = match keeping::ready(&database.pool, &listen.key(&source)).await {
        Ok(key) => {
            app.key = key.map(Arc::new);
            prepare(&app).await
        }
        Err(error) => Err(error.into()),
    };
    let result = match prepared {
        Ok(()) => serve_app(&app, &mut database, listener, figures, stop).await,
        Err(failure) => Err(failure),
    };
    database.close().await?;
    result
}

async fn serve_app(
    app: &App,
    database: &mut Database,
    listener: TcpListener,
    figures: Option<TcpListener>,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    if app.setup.is_done(&app.db).await? {
        tracing::info!("serving {}", app.public_url.origin());
    } else {
        tracing::warn!("there is no company yet: set it up at {}", app.public_url.link(&app.setup.path()));
    }
    let stop = async {
        stop.await;
        app.draining.store(true, Ordering::Relaxed);
    };
    // A task of its own: what it calculates holds up no connection.
    let keeping = tokio::spawn({
        let (days, logs, db, clock) = (app.clone(), app.clone(), app.db.clone(), app.clock);
        async move {
            tokio::join!(
                daily::keep_up(days),
                seals::keep_up(logs),
                receipts::keep_tidy(db.clone(), clock),
                changes::keep_tidy(db.clone(), clock),
                statistics::keep_known(db)
            )
        }
    });
    let limits = Limits { trusted: app.trusted_proxies.clone(), ..Limits::default() };
    tokio::select! {
        _ = server::serve(listener, router(app.clone()), stop, limits) => {}
        () = serve_figures(app, figures) => {}
        () = database.keep_running() => {}
    }
    keeping.abort();
    // It is in nobody's way any more once it has ended, however it did.
    let _ended = keeping.await;
    Ok(())
}

/// Serves `/metrics` for as long as it is asked to, also while the pages' last requests end. Nobody asks for it often.
async fn serve_figures(app: &App, listener: Option<TcpListener>) {
    let limits = Limits { connections: 8, drain: Duration::ZERO, ..Limits::default() };
    if let Some(listener) = listener {
        if let Ok(address) = listener.local_addr() {
            tracing::info!("serving figures at http://{address}/metrics");
        }
        server::serve(listener, figures::router(app.clone()), pending(), limits).await;
    }
    pending::<()>().await;
}

/// Asks the server on this address whether it lives: for container watchdogs, which have no curl.
pub fn healthcheck(listen: SocketAddr) -> Result<(), Failure> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(10_000).read_to_string(&mut answer)?;
        Ok(answer)
    };
    match ask() {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => Ok(()),
        Ok(answer) => Err(Failure::CannotRun(format!(
            "{address} is no healthy Attain: {}",
            answer.lines().next().unwrap_or("an empty answer")
        ))),
        Err(error) => Err(Failure::CannotRun(format!("{address} does not answer: {error}"))),
    }
}

/// A server that listens everywhere is asked where it surely is.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}
