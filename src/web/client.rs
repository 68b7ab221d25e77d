//! From where a request comes: the peer's address, or what a trusted proxy says about it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use crate::App;

/// The address of the browser that sent the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let told = parts.headers.get_all("x-forwarded-for").iter();
        let told: Vec<&str> = told.map(|value| value.to_str().unwrap_or_default()).collect();
        Ok(Self(app.trusted_proxies.client(peer, &told.join(","))))
    }
}
