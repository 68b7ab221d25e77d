//! Where the private PostgreSQL lives: its user, its data folder, its socket and its log.

use super::{Settings, StartError, find, find::Binaries};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    fs, io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The socket has this name in its folder whatever else runs on the machine: the folder is ours alone.
pub const PORT: u16 = 5432;
/// Linux allows 107 bytes for the path of a socket, macOS 103.
const LONGEST_SOCKET_PATH: usize = 103;
/// Data goes here when the unprivileged user cannot enter the data folder.
const ELSEWHERE: &str = "/var/lib/attain";
/// The users to become as root, best first: `initdb` and `postgres` refuse to run as root.
const USERS: [&str; 3] = ["attain", "postgres", "nobody"];
/// A locale with UTF-8 and byte order that needs no package.
pub const LOCALE: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };

/// The unprivileged user that PostgreSQL runs as when we are root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: String,
    uid: u32,
    gid: u32,
}

/// Everything that is decided before PostgreSQL is made or started.
#[derive(Debug)]
pub struct Place {
    /// The server programs.
    pub binaries: Binaries,
    /// PostgreSQL's data folder, without symbolic links once it exists.
    pub data: PathBuf,
    /// The folder of the socket.
    pub socket: PathBuf,
    /// What PostgreSQL says.
    pub log: PathBuf,
    user: Option<User>,
}

impl Place {
    /// Chooses user, data folder, socket folder and server programs. `home` is the data folder of the program,
    /// without symbolic links; it holds `pg`, or a symbolic link of that name to where the data had to go.
    pub fn choose(settings: &Settings, home: &Path) -> Result<Self, StartError> {
        let wanted = home.join("pg");
        let existing = match wanted.canonicalize() {
            Ok(path) => Some(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StartError::io("read", &wanted)(error)),
        };
        let user = existing.as_deref().map_or_else(user_for_new_data, user_of)?;
        let binaries = find::binaries(settings.pg_bin.as_deref(), data_major(existing.as_deref())?)?;
        let mut place = Self { binaries, data: wanted, socket: home.join("run"), log: home.join("postgres.log"), user };
        match existing {
            Some(data) => {
                if !place.can_enter(&data)? {
                    return Err(StartError::NotEntered { user: place.user_name(), data });
                }
                place.data = data;
            }
            None => match fs::read_link(&place.data) {
                Ok(target) => place.data = target, // interrupted before there was data
                Err(_) if place.can_enter(home)? => {}
                Err(_) => place.data = place.elsewhere(home)?,
            },
        }
        let home = place.data.parent().unwrap_or(home).to_owned();
        fs::create_dir_all(&home).map_err(StartError::io("create", &home))?;
        place.log = home.join("postgres.log");
        place.socket = place.socket_folder(&home)?;
        Ok(place)
    }

    /// A server program, to be run as the unprivileged user if we are root, with an environment that cannot disturb it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.dir.join(program));
        if let Some(user) = &self.user {
            // The standard library drops root's other groups as well.
            command.gid(user.gid).uid(user.uid);
        }
        command.env_clear().env("LC_ALL", LOCALE).env("PATH", "/usr/bin:/bin").current_dir("/").stdin(Stdio::null());
        command
    }

    /// Makes a folder that only PostgreSQL's user may enter, or checks that the one that is there is such a folder.
    pub fn private_folder(&self, path: &Path) -> Result<(), StartError> {
        match fs::create_dir(path) {
            Ok(()) => {
                fs::set_permissions(path, fs::Permissions::from_mode(0o700))
                    .map_err(StartError::io("protect", path))?;
                self.give(path)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = fs::symlink_metadata(path).map_err(StartError::io("read", path))?;
                if there.is_dir() && there.uid() == self.uid() && there.mode().trailing_zeros() >= 6 {
                    Ok(())
                } else {
                    Err(StartError::FolderTaken(path.to_owned()))
                }
            }
            Err(error) => Err(StartError::io("create", path)(error)),
        }
    }

    /// Hands a file or folder that root made to PostgreSQL's user.
    pub fn give(&self, path: &Path) -> Result<(), StartError> {
        match &self.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)).map_err(StartError::io("give away", path)),
            None => Ok(()),
        }
    }

    /// The user that PostgreSQL runs as, for messages.
    pub fn user_name(&self) -> String {
        self.user.as_ref().map_or_else(|| "this user".to_owned(), |user| user.name.clone())
    }

    fn uid(&self) -> u32 {
        self.user.as_ref().map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid)
    }

    /// Asks the kernel, which knows modes, lists and mounts: runs a program there as the user.
    fn can_enter(&self, folder: &Path) -> Result<bool, StartError> {
        let run = |folder: &Path| {
            self.command("postgres").arg("--version").current_dir(folder).stdout(Stdio::null()).status()
        };
        run(Path::new("/"))
            .map_err(StartError::io("run as an unprivileged user", &self.binaries.dir.join("postgres")))?;
        match run(folder) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            Err(error) => Err(StartError::io("enter", folder)(error)),
        }
    }

    /// Puts the data below `/var/lib/attain` and leaves a symbolic link to it, which is followed from then on, whatever
    /// becomes of the permissions above.
    fn elsewhere(&self, home: &Path) -> Result<PathBuf, StartError> {
        let refuse = |source| StartError::Elsewhere { user: self.user_name(), home: home.to_owned(), source };
        let name = short_hash(home);
        let mut folder = Path::new(ELSEWHERE).join(&name);
        fs::create_dir_all(ELSEWHERE).map_err(refuse)?;
        // An older folder of that name belongs to data whose link was deleted: it is kept, and not mistaken for ours.
        let mut number = 1;
        while let Err(error) = fs::create_dir(&folder) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(refuse(error));
            }
            number += 1;
            folder = Path::new(ELSEWHERE).join(format!("{name}-{number}"));
        }
        for path in [Path::new(ELSEWHERE), &folder] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(refuse)?;
        }
        let data = folder.join("pg");
        symlink(&data, home.join("pg")).map_err(refuse)?;
        tracing::warn!(
            "user {} cannot enter {}: the database lives in {}, and {} points there",
            self.user_name(),
            home.display(),
            data.display(),
            home.join("pg").display()
        );
        Ok(data)
    }

    /// `run` beside the data, or a short private folder when the path would be too long for a socket.
    fn socket_folder(&self, home: &Path) -> Result<PathBuf, StartError> {
        let beside = home.join("run");
        if fits(&beside) {
            self.private_folder(&beside)?;
            return Ok(beside);
        }
        let name = format!("attain-{}", short_hash(home));
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|_| self.user.is_none()).map(PathBuf::from);
        let candidates = runtime
            .filter(|folder| folder.is_dir())
            .map(|folder| folder.join(&name))
            .into_iter()
            .chain((0..8).map(|number| Path::new("/tmp").join(format!("{name}-{number}"))));
        for folder in candidates.filter(|folder| fits(folder)) {
            match self.private_folder(&folder) {
                // Somebody else may put a folder of any name into /tmp.
                Err(StartError::FolderTaken(_)) => {}
                result => return result.map(|()| folder),
            }
        }
        Err(StartError::SocketPath(beside))
    }
}

/// The file of the socket in its folder.
pub fn socket_file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

fn fits(folder: &Path) -> bool {
    socket_file(folder).as_os_str().len() <= LONGEST_SOCKET_PATH
}

fn short_hash(path: &Path) -> String {
    Sha256::digest(path.as_os_str().as_encoded_bytes()).iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a string cannot fail
        hex
    })
}

/// The major version of PostgreSQL that made the data.
fn data_major(data: Option<&Path>) -> Result<Option<u32>, StartError> {
    let Some(data) = data else { return Ok(None) };
    match fs::read_to_string(data.join("PG_VERSION")).map(|text| text.trim().parse()) {
        Ok(Ok(major)) => Ok(Some(major)),
        _ => Err(StartError::NotACluster(data.to_owned())),
    }
}

fn user_of(data: &Path) -> Result<Option<User>, StartError> {
    let owner = fs::metadata(data).map_err(StartError::io("read", data))?;
    let me = rustix::process::geteuid();
    if owner.uid() == 0 || !me.is_root() && owner.uid() != me.as_raw() {
        return Err(StartError::NotOurs { data: data.to_owned(), owner: name_of(owner.uid()) });
    }
    Ok(me.is_root().then(|| User { name: name_of(owner.uid()), uid: owner.uid(), gid: owner.gid() }))
}

fn user_for_new_data() -> Result<Option<User>, StartError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let known = users();
    let found = USERS.iter().find_map(|name| known.iter().find(|user| user.name == *name && user.uid != 0));
    found.cloned().map(Some).ok_or(StartError::NoUser)
}

fn name_of(uid: u32) -> String {
    users().into_iter().find(|user| user.uid == uid).map_or_else(|| format!("number {uid}"), |user| user.name)
}

fn users() -> Vec<User> {
    let file = fs::read_to_string("/etc/passwd").unwrap_or_default();
    file.lines().filter_map(parse_user).collect()
}

fn parse_user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let (name, _password) = (fields.next()?, fields.next()?);
    Some(User { name: name.to_owned(), uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}
