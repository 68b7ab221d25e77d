//! From where a request comes: the peer's address, or what a trusted proxy says about it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;

use crate::App;

/// The address of the browser that sent the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        Ok(Self(address(peer, &parts.headers, &app.trusted_proxies)))
    }
}

/// The right-most address that no trusted proxy has: what stands further left in `X-Forwarded-For` anybody can write.
fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut last = peer.to_canonical();
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let mut told = values.iter().flat_map(|value| value.split(',')).rev();
    while is_trusted(last) {
        let Some(Ok(before)) = told.next().map(|text| text.trim().parse::<IpAddr>()) else { break };
        last = before.to_canonical();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let told = |peer: &str, forwarded: &[&str], trusted: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
            address(peer.parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(told("192.0.2.1", &["203.0.113.9"], &[]), "192.0.2.1");
        assert_eq!(told("10.0.0.1", &["203.0.113.9"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(told("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.7"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(told("10.0.0.1", &["1.1.1.1", "203.0.113.9"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(told("10.0.0.1", &["nonsense, 10.0.0.7"], &["10.0.0.0/8"]), "10.0.0.7");
        assert_eq!(told("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(told("::ffff:10.0.0.1", &["2001:db8::1"], &["10.0.0.0/8"]), "2001:db8::1");
    }
}
