//! Passwords of known breaches: found in a file of hashes in order, of any size, by a few reads.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::Path,
};

use sha1::{Digest, Sha1};

/// A list of the SHA-1 hashes of breached passwords, in order, one a line, in hexadecimal: `HASH` or `HASH:COUNT`, as “Have
/// I Been Pwned” gives them away. Nothing of it is held in memory.
#[derive(Debug)]
pub struct Breached {
    file: File,
    size: u64,
}

type Hash = [u8; 20];

/// No line is longer, counts and ends included.
const LONGEST_LINE: u64 = 128;
/// So much is read at once where the search has come that near.
const BLOCK: u64 = 4096;
/// So many places are looked at to see whether a file is such a list.
const PLACES: u64 = 64;

impl Breached {
    /// Opens a list and looks at its beginning, its end and some places between.
    ///
    /// # Errors
    /// Those of reading; [`ErrorKind::InvalidData`] for a file that is no such list.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(invalid("it is no file".to_owned()));
        }
        let list = Self { file, size: about.len() };
        if list.size == 0 {
            return Err(invalid("it is empty".to_owned()));
        }
        let mut last = None;
        for place in 0..=PLACES {
            let from = list.size.saturating_sub(BLOCK) / PLACES * place;
            let from = if place == PLACES { list.size.saturating_sub(BLOCK) } else { from };
            let first = list.in_order(from)?;
            if last.is_some_and(|last| first < last) {
                return Err(unordered(from));
            }
            last = Some(first);
        }
        Ok(list)
    }

    /// Whether the list has this password.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        let wanted: Hash = Sha1::digest(password.as_bytes()).into();
        // Both are where lines begin; the second may be the end.
        let (mut from, mut to) = (0, self.size);
        while to - from > BLOCK {
            let (start, hash) = self.line_behind(from + (to - from) / 2)?;
            match wanted.cmp(&hash) {
                std::cmp::Ordering::Less => to = start,
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Greater => from = start,
            }
        }
        let block = self.read(from, to)?;
        for line in lines(&block) {
            if parse(line).ok_or_else(|| no_hash(from))? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first line that begins behind a place well before the end: where it begins, and its hash.
    fn line_behind(&self, place: u64) -> io::Result<(u64, Hash)> {
        let bytes = self.read(place, place + 2 * LONGEST_LINE)?;
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| no_hash(place))?;
        let hash = bytes.get(end + 1..).and_then(|rest| rest.split(|byte| *byte == b'\n').next()).and_then(parse);
        let skipped = u64::try_from(end + 1).map_err(io::Error::other)?;
        Ok((place + skipped, hash.ok_or_else(|| no_hash(place))?))
    }

    /// The first hash of the block at a place; all of its whole lines have to be hashes in order.
    fn in_order(&self, from: u64) -> io::Result<Hash> {
        let to = self.size.min(from + BLOCK);
        let block = self.read(from, to)?;
        let mut whole = block.as_slice();
        if from > 0 {
            let end = whole.iter().position(|byte| *byte == b'\n').ok_or_else(|| no_hash(from))?;
            whole = whole.get(end + 1..).unwrap_or_default();
        }
        if to < self.size {
            let end = whole.iter().rposition(|byte| *byte == b'\n').ok_or_else(|| no_hash(from))?;
            whole = whole.get(..end).unwrap_or_default();
        }
        let hashes: Vec<Hash> = lines(whole).map(parse).collect::<Option<_>>().ok_or_else(|| no_hash(from))?;
        if !hashes.is_sorted() {
            return Err(unordered(from));
        }
        hashes.first().copied().ok_or_else(|| no_hash(from))
    }

    fn read(&self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.size.min(to).saturating_sub(from)).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, from)?;
        Ok(bytes)
    }
}

fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

/// The hash of a line: 40 digits, and behind them nothing or a count.
fn parse(line: &[u8]) -> Option<Hash> {
    let (digits, rest) = line.trim_ascii_end().split_at_checked(40)?;
    if !rest.is_empty() && rest.first() != Some(&b':') {
        return None;
    }
    let mut hash = [0; 20];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let value = char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(hash)
}

fn invalid(words: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, words)
}

fn no_hash(place: u64) -> io::Error {
    invalid(format!("near byte {place} it is no list of SHA-1 hashes, one a line"))
}

fn unordered(place: u64) -> io::Error {
    invalid(format!("near byte {place} its hashes are not in order: take the list that is ordered by hash"))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    fn hash(password: &str) -> String {
        Sha1::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The lines of these passwords, in order, with counts of all lengths.
    fn listed(passwords: &[String]) -> Vec<String> {
        let count = |word: &String| "1".repeat(word.len() % 9 + 1);
        let mut lines: Vec<String> = passwords.iter().map(|word| format!("{}:{}", hash(word), count(word))).collect();
        lines.sort();
        lines
    }

    fn opened(content: &[u8]) -> io::Result<Breached> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        Breached::open(file.path())
    }

    /// Lists of every size around that of a block, in every way of writing them.
    #[test]
    fn every_listed_password_is_found_and_no_other() {
        assert_eq!(hash("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", "what everybody else calls SHA-1");
        let words = |many: usize| (0..many).map(|n| format!("{}{n}", "x".repeat(n % 7))).collect::<Vec<_>>();
        for many in [1, 2, 3, 80, 83, 84, 85, 90, 170, 1000, 5000] {
            let words = words(many);
            let lines = listed(&words);
            let plain: Vec<String> = lines.iter().map(|line| line[..40].to_owned()).collect();
            for content in [
                lines.join("\n"),
                lines.join("\n") + "\n",
                lines.join("\r\n") + "\r\n",
                lines.join("\n").to_lowercase() + "\n",
                plain.join("\n") + "\n",
            ] {
                let list = opened(content.as_bytes()).unwrap();
                for word in words.iter().take(50).chain(words.iter().rev().take(50)) {
                    assert!(list.contains(word).unwrap(), "{word} of {many}");
                }
                for place in [0, many / 2, many - 1] {
                    let word = words.iter().find(|word| hash(word) == plain[place]).unwrap();
                    assert!(list.contains(word).unwrap(), "line {place} of {many}");
                }
                for n in 0..100 {
                    assert!(!list.contains(&format!("other {n}")).unwrap(), "other {n} of {many}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_such_list_is_refused_when_it_is_opened() {
        let words: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let lines = listed(&words);
        let mut by_count = lines.clone();
        by_count.sort_by_key(|line| line[20..].to_owned());
        let mut one_wrong = lines.clone();
        one_wrong.swap(3, 4);
        let whole = lines.join("\n");
        for (content, reason) in [
            (String::new(), "it is empty"),
            ("\n".to_owned(), "no list of SHA-1"),
            (by_count.join("\n"), "not in order"),
            (one_wrong.join("\n"), "not in order"),
            (words.join("\n"), "no list of SHA-1"),
            (whole[..whole.len() - 20].to_owned(), "no list of SHA-1"),
            (whole.replace('\n', " "), "no list of SHA-1"),
            (lines.iter().map(|line| &line[8..40]).collect::<Vec<_>>().join("\n"), "no list of SHA-1"),
            ("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8A:1".to_owned(), "no list of SHA-1"),
        ] {
            let error = opened(content.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{reason}");
            assert!(error.to_string().contains(reason), "{error} / {reason}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(Breached::open(folder.path()).is_err());
        assert_eq!(Breached::open(&folder.path().join("absent")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    /// A list that is broken behind a running server says so; it does not call a password unheard of.
    #[test]
    fn a_list_that_breaks_later_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, listed(&["one".to_owned(), "two".to_owned()]).join("\n")).unwrap();
        let list = Breached::open(&path).unwrap();
        assert!(list.contains("one").unwrap());
        fs::write(&path, "x".repeat(200)).unwrap();
        assert!(list.contains("one").is_err());
    }
}
