//! On which line of a file a reader is. The CSV reader's own count is one short after CRLF and after empty lines.

use std::{
    collections::VecDeque,
    io::{self, Read},
};

/// Reads on, and remembers where lines end until they are asked for.
pub struct Lines<R> {
    inner: R,
    read: u64,
    ends: VecDeque<u64>,
    passed: u64,
}

impl<R> Lines<R> {
    /// Begins at line 1.
    pub fn new(inner: R) -> Self {
        Self { inner, read: 0, ends: VecDeque::new(), passed: 0 }
    }

    /// The line of a byte of the file. It may not lie before one that was asked for.
    pub fn line_of(&mut self, byte: u64) -> u64 {
        while self.ends.front().is_some_and(|end| *end < byte) {
            self.ends.pop_front();
            self.passed += 1;
        }
        self.passed + 1
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for byte in buffer.iter().take(count) {
            if *byte == b'\n' {
                self.ends.push_back(self.read);
            }
            self.read += 1;
        }
        Ok(count)
    }
}
