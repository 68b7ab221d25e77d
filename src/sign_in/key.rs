//! The server's key: what has to be read again and is nobody else's to read is stored encrypted with it. It is in a file,
//! and never in the database.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, chown},
    path::Path,
    str::FromStr,
};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::domain::id::{OrgId, UserId};

/// How long a key is, in bytes.
const LENGTH: usize = 32;

/// A longer file holds no keys (bytes).
const LONGEST_FILE: u64 = 1 << 10;

/// The first byte of what is encrypted: how it is. Behind it stand 96 random bits, the secret and its tag (AES-256-GCM).
const VERSION: u8 = 1;

/// What else the tag proves: what it is and whose. In another's row it is worth nothing.
const PURPOSE: &[u8] = b"second factor";

/// 256 random bits that encrypt. They are shown nowhere.
pub struct Key(LessSafeKey);

/// What a file of keys holds, one a line.
#[derive(Debug)]
pub struct Keys {
    /// The first one: it encrypts.
    pub now: Key,
    /// Those before it, which a server that starts opens what is stored with, to encrypt it anew.
    pub earlier: Vec<Key>,
}

/// The text is no key.
#[derive(Debug, thiserror::Error)]
#[error("it does not hold a key: 64 hexadecimal digits, and earlier keys in further lines")]
pub struct NoKey;

/// What is stored was encrypted with another key, for somebody else, or has been changed since.
#[derive(Debug, thiserror::Error)]
#[error("a secret does not fit the server’s key")]
pub struct DoesNotFit;

impl Key {
    /// Encrypts a secret of a person. Of the same secret it makes something else each time.
    pub fn seal(&self, org: OrgId, user: UserId, secret: &[u8]) -> Result<Vec<u8>, DoesNotFit> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = secret.to_vec();
        let once = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(once, whose(org, user), &mut sealed).map_err(|_| DoesNotFit)?;
        Ok([&[VERSION], &nonce[..], &sealed].concat())
    }

    /// The person's secret.
    pub fn open(&self, org: OrgId, user: UserId, sealed: &[u8]) -> Result<Vec<u8>, DoesNotFit> {
        let Some((&VERSION, rest)) = sealed.split_first() else { return Err(DoesNotFit) };
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(DoesNotFit)?;
        let mut secret = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, whose(org, user), &mut secret).map_err(|_| DoesNotFit)?.len();
        secret.truncate(length);
        Ok(secret)
    }

    /// Makes a key and the file that holds it, which only its owner may read. The file appears once it is whole and on
    /// disk, and replaces none.
    pub fn make(path: &Path) -> io::Result<Self> {
        let bytes: [u8; LENGTH] = rand::random();
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let begun = path.with_extension("part");
        match fs::remove_file(&begun) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {} // of a start that was broken off: nothing is encrypted with it
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&begun)?;
        writeln!(file, "{text}")?;
        // What root starts once, the folder's owner can start later.
        if rustix::process::geteuid().is_root() {
            let owner = fs::metadata(folder)?;
            chown(&begun, Some(owner.uid()), Some(owner.gid()))?;
        }
        file.sync_all()?;
        fs::hard_link(&begun, path)?;
        fs::remove_file(&begun)?;
        File::open(folder)?.sync_all()?;
        text.parse().map_err(|error: NoKey| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl Keys {
    /// The keys that a file holds. Nothing: there is no such file.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(LONGEST_FILE).read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let keys = str::from_utf8(&text).map_err(|_| NoKey).and_then(str::parse);
        keys.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

impl From<Key> for Keys {
    fn from(now: Key) -> Self {
        Self { now, earlier: Vec::new() }
    }
}

impl FromStr for Keys {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let mut keys = text.trim().lines().map(str::parse);
        let now = keys.next().ok_or(NoKey)??;
        Ok(Self { now, earlier: keys.collect::<Result<_, _>>()? })
    }
}

fn whose(org: OrgId, user: UserId) -> Aad<Vec<u8>> {
    Aad::from([PURPOSE, &org.0.to_be_bytes(), &user.0.to_be_bytes()].concat())
}

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let digits = text.trim().as_bytes();
        let mut bytes = [0; LENGTH];
        if digits.len() != LENGTH * 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NoKey);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = str::from_utf8(pair).map_err(|_| NoKey)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NoKey)?;
        }
        UnboundKey::new(&AES_256_GCM, &bytes).map(|key| Self(LessSafeKey::new(key))).map_err(|_| NoKey)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const SECRET: &[u8; 20] = b"12345678901234567890";
    const ONE: (OrgId, UserId) = (OrgId(1), UserId(2));

    fn key(digit: &str) -> Key {
        digit.repeat(64).parse().unwrap()
    }

    #[test]
    fn what_is_encrypted_comes_back_and_is_never_the_same_twice() {
        let key = key("a");
        let [first, second] = [(); 2].map(|()| key.seal(ONE.0, ONE.1, SECRET).unwrap());
        assert_ne!(first, second);
        assert_eq!((first[0], first.len()), (1, 1 + 12 + 20 + 16));
        assert!(!first.windows(4).any(|part| SECRET.windows(4).any(|readable| readable == part)));
        assert_eq!(key.open(ONE.0, ONE.1, &first).unwrap(), SECRET);
        assert_eq!(key.open(ONE.0, ONE.1, &second).unwrap(), SECRET);
    }

    #[test]
    fn another_key_person_company_or_byte_gives_nothing() {
        let sealed = key("a").seal(ONE.0, ONE.1, SECRET).unwrap();
        assert!(key("b").open(ONE.0, ONE.1, &sealed).is_err());
        // The ids of company and person do not run into each other either.
        for (org, user) in [(1, 3), (2, 2), (2, 1), (258, 2), (0, 0x0100_0000_0000_0002)] {
            assert!(key("a").open(OrgId(org), UserId(user), &sealed).is_err(), "{org} {user}");
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(key("a").open(ONE.0, ONE.1, &changed).is_err(), "byte {place}");
            assert!(key("a").open(ONE.0, ONE.1, &sealed[..place]).is_err(), "the first {place} bytes");
        }
        assert!(key("a").open(ONE.0, ONE.1, &[sealed, vec![0]].concat()).is_err());
    }

    /// What is stored can be read without this program: its form, by hand.
    #[test]
    fn it_is_aes_256_gcm_of_the_company_and_the_person() {
        let sealed = key("a").seal(ONE.0, ONE.1, SECRET).unwrap();
        let by_hand = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[0xaa; 32]).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&sealed[1..13]).unwrap();
        let aad = Aad::from(b"second factor\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02");
        let mut secret = sealed[13..].to_vec();
        assert_eq!(by_hand.open_in_place(nonce, aad, &mut secret).unwrap(), SECRET);
    }

    #[test]
    fn only_64_hexadecimal_digits_are_a_key() {
        let good = "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789";
        assert_eq!(good.len(), 64);
        assert!(good.parse::<Key>().is_ok() && format!(" {good}\r\n").parse::<Key>().is_ok());
        for bad in ["", "0", &good[1..], &good.replace('0', "g"), &good.replacen('0', "+", 1), &format!("{good}0")] {
            assert!(bad.parse::<Key>().is_err(), "{bad}");
        }
        assert_eq!(format!("{:?}", key("a")), "…");
    }

    #[test]
    fn a_file_holds_the_key_and_those_before_it_each_a_line() {
        let [a, b, c] = ["a", "b", "c"].map(|digit| digit.repeat(64));
        let sealed = key("b").seal(ONE.0, ONE.1, SECRET).unwrap();
        let fits = |keys: &str| {
            let keys: Keys = keys.parse().unwrap();
            let opens = |key: &Key| key.open(ONE.0, ONE.1, &sealed).is_ok();
            (opens(&keys.now), keys.earlier.iter().filter(|key| opens(key)).count(), keys.earlier.len())
        };
        assert_eq!(fits(&b), (true, 0, 0));
        assert_eq!(fits(&format!("{a}\n{b}\n")), (false, 1, 1));
        assert_eq!(fits(&format!("\n{b}\r\n{a}\r\n{c}")), (true, 0, 2));
        for bad in [String::new(), format!("{a}\n\n{b}"), format!("{a} {b}"), format!("{a}\nno key")] {
            assert!(bad.parse::<Keys>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        assert!(Keys::read(&path).unwrap().is_none());
        fs::write(folder.path().join("secret.part"), "of a start that was broken off").unwrap();
        let made = Key::make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let sealed = made.seal(ONE.0, ONE.1, SECRET).unwrap();
        assert_eq!(Keys::read(&path).unwrap().unwrap().now.open(ONE.0, ONE.1, &sealed).unwrap(), SECRET);
        assert!(Key::make(&path).is_err(), "it replaces none");
        let other = Key::make(&folder.path().join("other.key")).unwrap();
        assert!(other.open(ONE.0, ONE.1, &sealed).is_err(), "every key is another one");
        for no_key in [&b""[..], b"secret", b"\xff\xfe"] {
            fs::write(&path, no_key).unwrap();
            assert!(Keys::read(&path).unwrap_err().to_string().contains("64 hexadecimal digits"));
        }
    }
}
