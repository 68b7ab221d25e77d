//! On which line of a file a reader is. The CSV reader's own count is one short after CRLF and after empty lines.
//!
//! A line ends with LF, with CRLF, and with CR alone, as the reader takes it: spreadsheets still write that for Macintosh.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

/// How many line ends these bytes hold.
pub fn line_ends(bytes: &[u8]) -> usize {
    let pairs = bytes.windows(2).filter(|pair| *pair == b"\r\n").count();
    bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() - pairs
}

/// Reads on, and remembers where the lines end of what was read last, until they are asked for.
pub struct Lines<R> {
    inner: R,
    read: u64,
    ends: VecDeque<u64>,
    passed: u64,
    /// The last two bytes that were read.
    tail: [u8; 2],
}

impl<R> Lines<R> {
    /// Begins at line 1.
    pub fn new(inner: R) -> Self {
        Self { inner, read: 0, ends: VecDeque::new(), passed: 0, tail: [0; 2] }
    }

    /// The line of a byte of what was read last. It may not lie before one that was asked for.
    pub fn line_of(&mut self, byte: u64) -> u64 {
        while self.ends.front().is_some_and(|end| *end < byte) {
            self.ends.pop_front();
            self.passed += 1;
        }
        self.passed + 1
    }

    /// Whether a byte is the last one that was read, and a line end behind anything but a quote: where a cell ends with one, the
    /// file ended before the cell was closed.
    pub fn is_open_end(&self, byte: u64) -> bool {
        byte + 1 == self.read && matches!(self.tail[1], b'\n' | b'\r') && self.tail[0] != b'"'
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count > 0 {
            // Whoever reads on has taken all that was there before, and asks for lines of what comes now only: a file of
            // nothing but line ends is held as little as any other.
            self.passed += u64::try_from(self.ends.len()).unwrap_or(u64::MAX);
            self.ends.clear();
        }
        for byte in buffer.iter().take(count) {
            if *byte == b'\n' {
                self.ends.push_back(self.read);
            } else if self.tail[1] == b'\r' {
                self.ends.push_back(self.read - 1);
            }
            self.read += 1;
            self.tail = [self.tail[1], *byte];
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use csv::{ByteRecord, Reader, ReaderBuilder};

    use super::*;

    fn reader(file: &[u8], at_once: usize) -> Reader<Lines<&[u8]>> {
        ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(at_once).from_reader(Lines::new(file))
    }

    #[test]
    fn lines_are_right_however_little_is_read_at_once() {
        let file = b"a,b\r\n\r\n\n1,\"two\nlines\"\r\n\"\n\r\n\",2\n\n\n3,4\r5,6\r\n\r\r\"\r\r\n\",7\r8,9\r";
        for at_once in 1..=file.len() + 1 {
            let (mut reader, mut record, mut lines) = (reader(file, at_once), ByteRecord::new(), vec![]);
            while reader.read_byte_record(&mut record).unwrap() {
                let last = reader.position().byte() - 1;
                lines.push(reader.get_mut().line_of(last));
            }
            assert_eq!(lines, [1, 5, 8, 11, 12, 17, 18], "{at_once} bytes at once");
        }
    }

    #[test]
    fn a_file_of_line_ends_is_not_held() {
        let at_once = 1 << 12;
        let within_quotes = [b"\"".to_vec(), vec![b'\n'; 1 << 20], b"\"\n".to_vec()].concat();
        for file in [vec![b'\n'; 1 << 20], within_quotes] {
            let (mut reader, mut record) = (reader(&file, at_once), ByteRecord::new());
            while reader.read_byte_record(&mut record).unwrap() {}
            let lines = reader.get_ref();
            let (held, room) = (lines.ends.len(), lines.ends.capacity());
            assert!(held <= at_once && room <= 2 * at_once, "{held} line ends are held, with room for {room}");
            assert!(lines.passed >= (1 << 20) - 4096);
        }
    }
}
