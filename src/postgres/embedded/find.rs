//! Finds the PostgreSQL server programs that are installed on this system, and says how to install them.

use super::StartError;
use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The oldest PostgreSQL that the program is written for.
pub const OLDEST_MAJOR: u32 = 14;

/// Where distributions put `initdb` and `postgres`: parent folder, what stands before the major version, what follows.
const VERSIONED: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),       // Debian, Ubuntu
    ("/usr/local/lib/postgresql", "", "bin"), // built by hand
    ("/usr", "pgsql-", "bin"),                // Red Hat
    ("/usr/lib", "postgresql", "bin"),        // SUSE
    ("/usr/libexec", "postgresql", ""),       // Alpine
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
];

/// A release of PostgreSQL: 15.13 is major 15, minor 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Data folders of another major version cannot be read.
    pub major: u32,
    /// Data folders of another minor version can.
    pub minor: u32,
}

impl Version {
    /// As PostgreSQL numbers itself to clients: 15.13 is 150013.
    pub fn from_number(number: u32) -> Self {
        Self { major: number / 10_000, minor: number % 10_000 }
    }

    /// Reads `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`; a beta like `18beta1` has minor 0.
    fn parse(words: &str) -> Option<Self> {
        let number = words.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
        let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
        Some(Self { major: digits(major)?, minor: digits(minor)? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A folder with `initdb` and `postgres` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub dir: PathBuf,
    /// What `postgres --version` says.
    pub version: Version,
}

/// The programs to use: those of `chosen` (`ATTAIN_PG_BIN`) if given, those that fit a data folder of major version
/// `data_major` if there is one, else the newest.
pub fn binaries(chosen: Option<&Path>, data_major: Option<u32>) -> Result<Binaries, StartError> {
    let installed = match chosen {
        Some(dir) => vec![probe(dir).ok_or_else(|| StartError::BadPgBin(dir.to_owned()))?],
        None => folders().iter().filter_map(|dir| probe(dir)).collect(),
    };
    pick(installed, data_major)
}

fn pick(mut installed: Vec<Binaries>, data_major: Option<u32>) -> Result<Binaries, StartError> {
    installed.sort_by_key(|found| found.version);
    let Some(newest) = installed.last() else {
        let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        return Err(StartError::NoBinaries(install_hint(&os_release, rustix::process::geteuid().is_root())));
    };
    match data_major {
        Some(major) => {
            let newest = newest.version;
            installed
                .into_iter()
                .rev()
                .find(|found| found.version.major == major)
                .ok_or(StartError::OtherMajor { data: major, installed: newest })
        }
        None if newest.version.major < OLDEST_MAJOR => Err(StartError::TooOld(newest.version)),
        None => Ok(newest.clone()),
    }
}

fn probe(dir: &Path) -> Option<Binaries> {
    // The folder of the programs themselves: a link to one of them is not where its siblings and libraries are.
    let program = dir.join("postgres").canonicalize().ok()?;
    let dir = program.parent().filter(|dir| dir.join("initdb").exists())?.to_owned();
    let output = Command::new(dir.join("postgres")).arg("--version").stdin(Stdio::null()).output().ok()?;
    let version = Version::parse(&String::from_utf8_lossy(&output.stdout))?;
    Some(Binaries { dir, version })
}

fn folders() -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for (parent, prefix, suffix) in VERSIONED {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let major =
                name.to_str().and_then(|name| name.strip_prefix(prefix)).and_then(|rest| rest.parse::<u32>().ok());
            if major.is_some() {
                found.insert(entry.path().join(suffix));
            }
        }
    }
    if let Ok(bindir) = pg_config_bindir() {
        found.insert(bindir);
    }
    found.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    // One version reached by two names is one candidate.
    let programs = found.into_iter().filter_map(|dir| dir.join("postgres").canonicalize().ok());
    programs.filter_map(|program| program.parent().map(Path::to_owned)).collect()
}

fn pg_config_bindir() -> io::Result<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output()?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The command that installs the PostgreSQL server on the system that `/etc/os-release` describes.
fn install_hint(os_release: &str, root: bool) -> String {
    let families: String = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| [value.trim_matches('"'), " "])
        .collect();
    let is = |names: &[&str]| families.split_whitespace().any(|family| names.contains(&family));
    let command = if is(&["debian", "ubuntu"]) {
        "apt-get install -y postgresql"
    } else if is(&["fedora", "rhel", "centos"]) {
        "dnf install -y postgresql-server"
    } else if is(&["alpine"]) {
        "apk add postgresql"
    } else if is(&["arch"]) {
        "pacman -S --noconfirm postgresql"
    } else if is(&["suse", "opensuse"]) {
        "zypper install -y postgresql-server"
    } else if cfg!(target_os = "macos") {
        return "brew install postgresql".to_owned();
    } else {
        return "the package of your system that holds the PostgreSQL server".to_owned();
    };
    if root { command.to_owned() } else { format!("sudo {command}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(major: u32, minor: u32) -> Binaries {
        Binaries { dir: format!("/pg/{major}").into(), version: Version { major, minor } }
    }

    #[test]
    fn reads_versions() {
        let read = |words| Version::parse(words).map(|version| (version.major, version.minor));
        assert_eq!(read("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some((15, 13)));
        assert_eq!(read("postgres (PostgreSQL) 18beta1\n"), Some((18, 0)));
        assert_eq!(read("something else"), None);
        assert_eq!(Version::from_number(150_013), Version { major: 15, minor: 13 });
    }

    #[test]
    fn takes_the_newest_or_the_one_that_made_the_data() {
        assert_eq!(pick(vec![at(16, 2), at(15, 13)], None).unwrap(), at(16, 2));
        assert_eq!(pick(vec![at(16, 2), at(15, 13)], Some(15)).unwrap(), at(15, 13));
    }

    #[test]
    fn refuses_what_cannot_work_and_says_what_to_do() {
        let words = |result: Result<Binaries, StartError>| result.unwrap_err().to_string();
        let other = words(pick(vec![at(17, 1)], Some(15)));
        assert!(other.contains("made by PostgreSQL 15") && other.contains("17.1"), "{other}");
        assert!(words(pick(vec![at(13, 9)], None)).contains("13.9"));
        let none = words(pick(vec![], None));
        assert!(none.contains("install") && !none.contains('\n'), "{none}");
    }

    #[test]
    fn names_the_command_of_the_system() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n";
        assert_eq!(install_hint(debian, true), "apt-get install -y postgresql");
        assert_eq!(install_hint(debian, false), "sudo apt-get install -y postgresql");
        assert_eq!(
            install_hint("ID=linuxmint\nID_LIKE=\"ubuntu debian\"", false),
            "sudo apt-get install -y postgresql"
        );
        assert_eq!(
            install_hint("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", true),
            "dnf install -y postgresql-server"
        );
        assert!(install_hint("", false).contains("package of your system") || cfg!(target_os = "macos"));
    }

    #[test]
    fn finds_what_is_installed_here() {
        assert!(binaries(None, None).unwrap().dir.join("initdb").exists());
        let missing = binaries(Some(Path::new("/nowhere")), None).unwrap_err();
        assert!(missing.to_string().contains("ATTAIN_PG_BIN"));
    }
}
