//! The public address: what links begin with, whose forms are taken, and whether cookies need https.

use std::sync::Arc;

use axum::http::Uri;
use tower_http::csrf::CsrfLayer;

/// The address at which people reach the application.
#[derive(Clone, Debug)]
pub struct Site {
    origin: Arc<str>,
    secure: bool,
    csrf: CsrfLayer,
}

/// An address that cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is not a public address: give scheme and host without a path, like https://attain.example.com")]
pub struct NotAnAddress(String);

impl Site {
    /// Reads an address like `https://attain.example.com` or `http://127.0.0.1:8080`.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let refused = || NotAnAddress(text.to_owned());
        let uri: Uri = text.trim().trim_end_matches('/').to_ascii_lowercase().parse().map_err(|_| refused())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(refused()) };
        // Browsers leave the usual port out of `Origin`.
        let usual = if scheme == "https" { ":443" } else { ":80" };
        let host = authority.as_str();
        let origin = format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(host));
        let csrf = CsrfLayer::new().add_trusted_origin(&origin).map_err(|_| refused())?;
        if uri.path() != "/" || host.contains('@') {
            return Err(refused());
        }
        Ok(Self { secure: scheme == "https", origin: origin.into(), csrf })
    }

    /// Whether people come over https: then cookies never travel without.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The whole address of a path, for links that are copied or printed.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What refuses forms of other sites (`Sec-Fetch-Site`, `Origin`).
    pub fn csrf(&self) -> CsrfLayer {
        self.csrf.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_browsers_write_it() {
        for (typed, origin) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://Attain.Example.com/", "https://attain.example.com"),
            ("https://attain.example.com:443", "https://attain.example.com"),
            ("http://attain.example.com:80", "http://attain.example.com"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(Site::parse(typed).unwrap().link("/"), format!("{origin}/"), "{typed}");
        }
        for typed in
            ["", "attain.example.com", "ftp://attain.example.com", "https://a.example/x", "https://u@a.example"]
        {
            assert!(Site::parse(typed).is_err(), "{typed}");
        }
    }
}
