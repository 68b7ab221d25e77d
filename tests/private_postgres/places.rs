//! Where the private PostgreSQL may live, and as whom.

use super::{count, errors_of, folder};
use crate::program::{Job, Start};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
};

const NOBODY: u32 = 65534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_long_path_gets_a_short_private_socket() {
    let dir = folder();
    let data_dir = dir.path().join("d".repeat(60)).join("e".repeat(60));
    let server = Start::new(Job::Serve, &data_dir).with_env("XDG_RUNTIME_DIR", Path::new("/nowhere")).until_ready();
    let socket = server.socket.clone();
    assert!(socket.starts_with("/tmp/") && socket.as_os_str().len() < 60, "{}", socket.display());
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
    server.stop();
    assert_eq!(count(&data_dir) >= 0, data_dir.join("pg/PG_VERSION").exists());
    fs::remove_dir(socket).unwrap();
}

#[test]
fn a_folder_in_tmp_that_is_not_ours_is_not_used() {
    let dir = folder();
    let data_dir = dir.path().join("d".repeat(120));
    let server = Start::new(Job::Serve, &data_dir).until_ready();
    let socket = server.socket.clone();
    server.stop();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
    let server = Start::new(Job::Serve, &data_dir).until_ready();
    assert_ne!(server.socket, socket);
    let other = server.socket.clone();
    server.stop();
    for socket in [socket, other] {
        fs::remove_dir(socket).unwrap();
    }
}

#[test]
fn root_becomes_an_unprivileged_user() {
    if !is_root() {
        return;
    }
    let dir = folder();
    let data_dir = dir.path().join("data");
    Start::new(Job::Serve, &data_dir).until_ready().stop();
    assert_ne!(fs::metadata(data_dir.join("pg")).unwrap().uid(), 0);
}

#[test]
fn data_goes_elsewhere_when_its_user_cannot_enter() {
    if !is_root() {
        return;
    }
    let dir = folder();
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = home.join("checkout/.attain");
    let mut server = Start::new(Job::Serve, &data_dir).until_ready();
    server.let_it_write();
    let last = server.stop();
    let data = fs::read_link(data_dir.join("pg")).unwrap();
    let place = data.parent().unwrap().to_owned();
    assert!(place.starts_with("/var/lib/attain"), "{}", data.display());
    // It stays there, also when the folder can be entered later.
    fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(count(&data_dir), last);
    // Interrupted before there was data: the link leads nowhere.
    fs::remove_dir_all(&place).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    Start::new(Job::Serve, &data_dir).until_ready().stop();
    assert_eq!(fs::read_link(data_dir.join("pg")).unwrap(), data);
    fs::remove_dir_all(place).unwrap();
}

#[test]
fn an_ordinary_user_has_a_database_too_and_root_respects_it() {
    if !is_root() {
        return; // then all the other tests show it
    }
    let dir = folder();
    let (data_dir, copy) = (dir.path().join("data"), dir.path().join("program"));
    fs::create_dir(&data_dir).unwrap();
    chown(&data_dir, Some(NOBODY), Some(NOBODY)).unwrap();
    let mut server = Start::as_user(NOBODY, &copy, Job::Serve, &data_dir).until_ready();
    server.let_it_write();
    let last = server.stop();
    assert_eq!(count(&data_dir), last, "counted as root");
    Start::as_user(NOBODY, &copy, Job::Serve, &data_dir).until_ready().stop();

    let errors = errors_of(Start::as_user(1, &copy, Job::Serve, &data_dir));
    assert!(errors.contains("error: cannot write") && errors.contains("Permission denied"), "{errors}");
}

#[test]
fn what_cannot_work_is_refused_with_a_remedy() {
    let dir = folder();
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let errors = errors_of(Start::new(Job::Serve, &dir.path().join("a")).with_pg_bin(&empty));
    assert!(errors.contains("ATTAIN_PG_BIN"), "{errors}");

    let cluster = dir.path().join("b/pg");
    fs::create_dir_all(&cluster).unwrap();
    if is_root() {
        chown(&cluster, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let errors = errors_of(Start::new(Job::Serve, &dir.path().join("b")));
    assert!(errors.contains("is not a PostgreSQL data folder: move it away"), "{errors}");

    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let errors = errors_of(Start::new(Job::Serve, &dir.path().join("b")));
    assert!(errors.contains("made by PostgreSQL 9,"), "{errors}");
}
