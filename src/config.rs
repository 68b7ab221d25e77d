//! Every setting: its flag, its environment variable, its default and its meaning.

use crate::{
    postgres::{
        database::Source,
        embedded::{Mode, Settings},
        pool::{self, SchemaError},
    },
    sign_in::{breached::Breached, keeping::Place},
};
use axum::http::Uri;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use std::{
    fmt, fs,
    io::{self, IsTerminal},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};
use tracing_subscriber::EnvFilter;

/// Where the data is: settings of every command.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// Folder of the private PostgreSQL, made when missing; used when no database is named
    #[arg(long, env = "ATTAIN_DATA_DIR", value_name = "FOLDER", default_value = ".attain", global = true)]
    pub data_dir: PathBuf,
    /// A PostgreSQL database to use instead of a private one: `postgres://user:password@host/database`
    #[arg(long, env = "DATABASE_URL", value_name = "ADDRESS", hide_env_values = true, global = true)]
    pub database_url: Option<Secret>,
    /// File that holds the address of the database
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", global = true)]
    pub database_url_file: Option<PathBuf>,
    /// Folder of PostgreSQL's server programs; searched for when not given
    #[arg(long, env = "ATTAIN_PG_BIN", value_name = "FOLDER", global = true)]
    pub pg_bin: Option<PathBuf>,
}

/// Where the program listens, how it is reached, its key, and which passwords it takes: settings of the servers.
#[derive(Args, Clone, Debug)]
pub struct ListenArgs {
    /// Address and port to serve on
    #[arg(long, env = "ATTAIN_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub listen: SocketAddr,
    /// The address that people type: decides whether cookies are for https only, and which pages may send forms
    /// [default: http:// and the address to serve on]
    #[arg(long, env = "ATTAIN_PUBLIC_URL", value_name = "ADDRESS")]
    pub public_url: Option<PublicUrl>,
    /// Networks of the proxies in front, separated by commas: only their `X-Forwarded-For` is believed [default: none]
    #[arg(
        long,
        env = "ATTAIN_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        default_value = "",
        hide_default_value = true
    )]
    pub trusted_proxies: TrustedProxies,
    /// Address and port of a listener of its own for `/metrics`, the server's figures for Prometheus [default: none]
    #[arg(long, env = "ATTAIN_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = metrics_listen)]
    pub metrics_listen: Option<SocketAddr>,
    /// File of the key that secrets of second factors are encrypted with: 64 hexadecimal digits, as `openssl rand -hex 32`
    /// makes them [default: secret.key in the data folder, made by the first start; none where a database is named]
    #[arg(long, env = "ATTAIN_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Which passwords are taken.
    #[command(flatten)]
    pub passwords: PasswordArgs,
}

/// Which passwords are taken where one is chosen.
#[derive(Args, Clone, Debug)]
pub struct PasswordArgs {
    /// File of breached passwords, which nobody may choose: SHA-1 hashes in order, one a line, as “Have I Been Pwned” gives
    /// them away [default: none]
    #[arg(long, env = "ATTAIN_BREACHED_PASSWORDS", value_name = "FILE")]
    pub breached_passwords: Option<PathBuf>,
}

/// What is told on standard error: settings of every command.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// What is logged: error, warn, info, debug, or per module like `info,attain=debug`
    #[arg(id = "log_level", long = "log", env = "ATTAIN_LOG", value_name = "LEVEL", default_value = "info", value_parser = level, global = true)]
    level: String,
    /// Lines for people or for machines
    #[arg(id = "log_format", long = "log-format", env = "ATTAIN_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    format: LogFormat,
}

/// Lines for people or for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Two databases were named.
    #[error("DATABASE_URL and DATABASE_URL_FILE are both given: give one")]
    TwoDatabases,
    /// The file of the address cannot be read.
    #[error("DATABASE_URL_FILE: cannot read {}: {source}", .path.display())]
    DatabaseUrlFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The list of breached passwords cannot be used.
    #[error("ATTAIN_BREACHED_PASSWORDS: cannot use {}: {source}", .path.display())]
    BreachedPasswords {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The address makes no sense.
    #[error(transparent)]
    DatabaseUrl(#[from] SchemaError),
}

impl DatabaseArgs {
    /// The database to use.
    pub fn source(&self) -> Result<Source, ConfigError> {
        let given = self.database_url.as_ref().filter(|url| !url.0.trim().is_empty());
        let file = self.database_url_file.as_deref().filter(|path| !path.as_os_str().is_empty());
        let url = match (given, file) {
            (Some(_), Some(_)) => return Err(ConfigError::TwoDatabases),
            (Some(url), None) => Some(url.clone()),
            (None, Some(path)) => Some(read_secret(path)?),
            (None, None) => None,
        };
        Ok(match url {
            Some(url) => Source::Named(Box::new(pool::options_of(url.0.trim())?)),
            None => Source::Private(Settings {
                data_dir: self.data_dir.clone(),
                pg_bin: self.pg_bin.clone().filter(|path| !path.as_os_str().is_empty()),
                mode: Mode::Durable,
            }),
        })
    }
}

fn read_secret(path: &Path) -> Result<Secret, ConfigError> {
    let text = fs::read_to_string(path);
    text.map(Secret).map_err(|source| ConfigError::DatabaseUrlFile { path: path.to_owned(), source })
}

impl ListenArgs {
    /// The address that people type.
    pub fn public_url(&self) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl { origin: format!("http://{}", self.listen), https: false })
    }

    /// Where the key is.
    pub fn key(&self, source: &Source) -> Place {
        let named = self.key_file.as_ref().filter(|path| !path.as_os_str().is_empty());
        match (named, source) {
            (Some(path), _) => Place::Named(path.clone()),
            (None, Source::Private(settings)) => Place::Own(settings.data_dir.join("secret.key")),
            (None, Source::Named(_)) => Place::Nowhere,
        }
    }
}

impl PasswordArgs {
    /// The list of breached passwords, opened and looked at.
    pub fn breached(&self) -> Result<Option<Breached>, ConfigError> {
        let Some(path) = self.breached_passwords.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(None);
        };
        let opened = Breached::open(path).map(Some);
        opened.map_err(|source| ConfigError::BreachedPasswords { path: path.clone(), source })
    }
}

impl LogArgs {
    /// Begins to log on standard error.
    pub fn init(&self) {
        let log = tracing_subscriber::fmt()
            .with_env_filter(log_filter(&self.level))
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal());
        match self.format {
            LogFormat::Text => log.with_target(false).init(),
            LogFormat::Json => log.json().init(),
        }
    }
}

/// What is logged at this level. One layer would write whole addresses at `trace`, and with them the tokens of links.
pub fn log_filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{level},tower_http::csrf=info"))
}

/// A value that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The address that people type: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
}

impl PublicUrl {
    /// As browsers send it in `Origin`: `https://attain.example`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The whole address of a path, for links that are copied or printed.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether cookies are for https only.
    pub fn is_https(&self) -> bool {
        self.https
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "ATTAIN_PUBLIC_URL is an address without a path, such as https://attain.example".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
        let default_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(wrong()),
        };
        if uri.path().len() > 1 || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let authority = authority.as_str().to_ascii_lowercase();
        let host = authority.strip_suffix(default_port).unwrap_or(&authority); // browsers leave the usual port out
        Ok(Self { origin: format!("{scheme}://{host}"), https: scheme == "https" })
    }
}

/// The proxies whose word about the client's address is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// The client's address: the peer's, unless that is a proxy of ours; then the last address in `X-Forwarded-For` that
    /// is not. What stands before it, the client may have written.
    pub fn client(&self, peer: IpAddr, forwarded_for: &str) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded_for.rsplit(',') {
            if !self.trusts(client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client
    }

    /// Whether this is the address of a proxy of ours.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&peer.to_canonical()))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let networks = text.split(',').map(str::trim).filter(|network| !network.is_empty());
        let parsed = networks.map(|text| {
            text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
                format!("ATTAIN_TRUSTED_PROXIES lists networks such as 10.0.0.0/8 or ::1, and {text} is none")
            })
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "ATTAIN_LISTEN is an address and a port, such as 127.0.0.1:8080 or [::]:8080".to_owned())
}

fn metrics_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "ATTAIN_METRICS_LISTEN is an address and a port, such as 127.0.0.1:9464".to_owned())
}

fn level(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("ATTAIN_LOG is a level such as info, or levels per module: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        listen: ListenArgs,
        #[command(flatten)]
        log: LogArgs,
    }

    fn parse(args: &[&str]) -> Result<Program, String> {
        Program::try_parse_from(["attain"].iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_for_one_machine() {
        let program = parse(&[]).unwrap();
        assert_eq!(program.listen.public_url().origin(), "http://127.0.0.1:8080");
        assert!(!program.listen.public_url().is_https());
        assert_eq!(program.database.data_dir, Path::new(".attain"));
        assert_eq!(program.log.level, "info");
    }

    #[test]
    fn errors_name_the_variable() {
        for (flag, value, variable) in [
            ("--listen", "here", "ATTAIN_LISTEN"),
            ("--metrics-listen", "9100", "ATTAIN_METRICS_LISTEN"),
            ("--public-url", "attain.example", "ATTAIN_PUBLIC_URL"),
            ("--public-url", "https://attain.example/path", "ATTAIN_PUBLIC_URL"),
            ("--public-url", "ftp://attain.example", "ATTAIN_PUBLIC_URL"),
            ("--public-url", "https://me:secret@attain.example", "ATTAIN_PUBLIC_URL"),
            ("--trusted-proxies", "10.0.0.0/8,somewhere", "ATTAIN_TRUSTED_PROXIES"),
            ("--log", "attain=loud", "ATTAIN_LOG"),
        ] {
            let error = parse(&[flag, value]).unwrap_err();
            assert!(error.contains(variable), "{error}");
        }
    }

    #[test]
    fn the_database_is_private_unless_one_is_named() {
        let source = |args: &[&str]| parse(args).unwrap().database.source();
        assert!(
            matches!(source(&["--data-dir", "/d"]), Ok(Source::Private(settings)) if settings.data_dir == Path::new("/d"))
        );
        assert!(matches!(source(&["--database-url", ""]), Ok(Source::Private(_))));
        let named = source(&["--database-url", "postgres://me@db.example/attain"]).unwrap();
        assert!(matches!(named, Source::Named(options) if options.get_host() == "db.example"));
        let both = source(&["--database-url", "postgres://a/b", "--database-url-file", "/f"]).unwrap_err().to_string();
        assert!(both.contains("DATABASE_URL_FILE"), "{both}");
        let missing = source(&["--database-url-file", "/nowhere"]).unwrap_err().to_string();
        assert!(missing.contains("DATABASE_URL_FILE: cannot read /nowhere"), "{missing}");
    }

    #[test]
    fn the_address_of_the_database_comes_from_a_file_and_is_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "postgres://me:secret@db.example/attain\n").unwrap();
        let database = parse(&["--database-url-file", file.path().to_str().unwrap()]).unwrap().database;
        assert!(matches!(database.source(), Ok(Source::Named(options)) if options.get_database() == Some("attain")));
        let database = parse(&["--database-url", "postgres://me:secret@db.example/attain"]).unwrap().database;
        assert!(!format!("{database:?}").contains("secret"));
    }

    #[test]
    fn the_key_is_in_the_data_folder_unless_a_file_is_named() {
        let place = |args: &[&str]| {
            let program = parse(args).unwrap();
            program.listen.key(&program.database.source().unwrap())
        };
        assert_eq!(place(&["--data-dir", "/d"]), Place::Own("/d/secret.key".into()));
        assert_eq!(place(&["--data-dir", "/d", "--key-file", "/k"]), Place::Named("/k".into()));
        let named = ["--database-url", "postgres://me@db.example/attain"];
        assert_eq!(place(&named), Place::Nowhere);
        assert_eq!(place(&[&named[..], &["--key-file", "/k"]].concat()), Place::Named("/k".into()));
    }

    #[test]
    fn a_public_address_is_an_origin() {
        let origin = |text: &str| text.parse::<PublicUrl>().map(|url| (url.origin, url.https));
        assert_eq!(origin("https://Attain.Example/"), Ok(("https://attain.example".into(), true)));
        assert_eq!(origin("https://attain.example:443"), Ok(("https://attain.example".into(), true)));
        assert_eq!(origin("http://localhost:8080"), Ok(("http://localhost:8080".into(), false)));
    }

    #[test]
    fn only_our_proxies_are_believed() {
        let client = |proxies: &str, peer: &str, forwarded: &str| {
            proxies.parse::<TrustedProxies>().unwrap().client(peer.parse().unwrap(), forwarded).to_string()
        };
        assert_eq!(client("", "203.0.113.7", "198.51.100.1"), "203.0.113.7");
        assert_eq!(client("10.0.0.0/8", "203.0.113.7", "198.51.100.1"), "203.0.113.7");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", ""), "10.0.0.1");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", "1.2.3.4, 198.51.100.1"), "198.51.100.1", "1.2.3.4 is made up");
        assert_eq!(client("10.0.0.0/8, ::1", "::1", "1.2.3.4, 198.51.100.1,10.0.0.2"), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", "1.2.3.4, unknown"), "10.0.0.1");
    }
}
