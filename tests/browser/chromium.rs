//! Chromium through its driver: a window of any size, in the light and in the dark, and what its console said.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{Request, header},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use fantoccini::{Client, ClientBuilder};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// What to do about a missing browser.
const INSTALL: &str = "install Chromium and its driver: scripts/install test, or on Debian apt-get install chromium \
                       chromium-driver";
/// The names that Chromium goes by, the usual one first.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Nothing but pages: no first-run questions, no requests of its own, no processes that need rights or a screen.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--force-prefers-reduced-motion",
    "--lang=en-US",
    "--window-size=1280,900",
];

/// A browser with one window. `close` it; dropping it ends only the driver.
pub struct Chromium {
    /// The window.
    pub client: Client,
    session: String,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    driver: Driver,
}

/// The running driver, and the folder in which the browser keeps its things.
struct Driver {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl Chromium {
    /// Starts the driver and the browser. Fails with words that say what to install.
    pub async fn start() -> Self {
        let binary = find_binary();
        let driver = Driver::start().await;
        let mut flags: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
        flags.push(format!("--user-data-dir={}", driver.folder.join("profile").display()));
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": binary,
                "args": flags,
                "prefs": { "download.default_directory": driver.downloads() },
            },
            "goog:loggingPrefs": { "browser": "SEVERE" },
            "timeouts": { "script": 120_000, "pageLoad": 120_000 },
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&driver.address)
            .await
            .unwrap_or_else(|error| panic!("{} does not start: {error}; {INSTALL}", binary.display()));
        let id = client.session_id().await.unwrap().unwrap();
        let session = format!("{}/session/{id}", driver.address);
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { client, session, http, driver }
    }

    /// Ends the browser and its driver.
    pub async fn close(self) {
        let _ = self.client.close().await; // a browser that has crashed is closed
        drop(self.driver);
    }

    /// Makes the page so large (CSS pixels), also smaller than a window can be.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Prefers `light` or `dark`, as an operating system does.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Lays the page out as on paper of this width (CSS pixels), or on the screen again.
    pub async fn on_paper(&self, width: Option<u32>) {
        let media = if width.is_some() { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": media })).await;
        self.resize(width.unwrap_or(1280), 900).await;
    }

    /// The page as it is printed, on the paper that it asks for.
    pub async fn print(&self) -> Vec<u8> {
        let how = json!({ "preferCSSPageSize": true });
        let printed = self.command("goog/cdp/execute", json!({ "cmd": "Page.printToPDF", "params": how })).await;
        BASE64_STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }

    /// Waits for a downloaded file whose name ends so, and reads it.
    pub async fn downloaded(&self, ending: &str) -> String {
        for _ in 0..200 {
            for entry in fs::read_dir(self.driver.downloads()).into_iter().flatten().flatten() {
                // An unfinished one has another ending.
                if entry.path().to_string_lossy().ends_with(ending) {
                    return fs::read_to_string(entry.path()).unwrap();
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {ending} was downloaded");
    }

    /// The errors that the console has shown since the last call.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.command("se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().unwrap();
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A command of Chromium's tools for developers.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// A command of Chromium's driver that is not in the standard.
    async fn command(&self, path: &str, body: Value) -> Value {
        let request = Request::post(format!("{}/{path}", self.session))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))
            .unwrap();
        let (parts, body) = self.http.request(request).await.unwrap().into_parts();
        let mut answer: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        assert!(parts.status.is_success(), "{path}: {answer}");
        answer["value"].take()
    }
}

impl Driver {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Named after the port: browsers of tests that run at once must not share a profile.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .env("HOME", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start chromedriver: {error}; {INSTALL}"));
        let driver = Self { child, address: format!("http://127.0.0.1:{port}"), folder };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return driver;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("chromedriver does not listen; {INSTALL}");
    }

    fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder); // the next run has another one
    }
}

fn find_binary() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let Some(binary) = places.into_iter().find(|place| place.is_file()) else {
        panic!("there is no Chromium; {INSTALL}")
    };
    binary
}
