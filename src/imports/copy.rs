//! Rows on their way into PostgreSQL, in the text form of COPY.

use std::fmt::Display;

use sqlx::{PgConnection, postgres::PgCopyIn};

/// Bytes that are sent at once.
const SENT_AT_ONCE: usize = 1 << 18;

/// A COPY that is under way. Each row begins with the number of the import and the line of the file.
pub struct Copy<'c> {
    sink: PgCopyIn<&'c mut PgConnection>,
    import: i64,
    buffer: Vec<u8>,
}

impl<'c> Copy<'c> {
    /// Begins: `statement` is `copy table (import_id, line, …) from stdin`.
    pub async fn start(db: &'c mut PgConnection, statement: &'static str, import: i64) -> sqlx::Result<Self> {
        Ok(Self { sink: db.copy_in_raw(statement).await?, import, buffer: Vec::with_capacity(SENT_AT_ONCE * 2) })
    }

    /// Begins a row.
    pub fn row(&mut self, line: u64) -> &mut Self {
        self.buffer.extend_from_slice(self.import.to_string().as_bytes());
        self.value(Some(line))
    }

    /// The next cell: text, or null.
    pub fn text(&mut self, text: Option<&str>) -> &mut Self {
        self.buffer.push(b'\t');
        match text {
            None => self.buffer.extend_from_slice(b"\\N"),
            Some(text) => escape(text, &mut self.buffer),
        }
        self
    }

    /// The next cell: something that is written without tabs, line ends and backslashes, or null.
    pub fn value<T: Display>(&mut self, value: Option<T>) -> &mut Self {
        use std::io::Write as _;
        self.buffer.push(b'\t');
        match value {
            None => self.buffer.extend_from_slice(b"\\N"),
            // Writing into memory does not fail.
            Some(value) => drop(write!(self.buffer, "{value}")),
        }
        self
    }

    /// The next cell: an array of numbers, or null.
    pub fn array<T: Display>(&mut self, numbers: Option<impl Iterator<Item = T>>) -> &mut Self {
        let list = numbers.map(|numbers| numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(","));
        self.value(list.map(|list| format!("{{{list}}}")))
    }

    /// Ends the row.
    pub async fn end(&mut self) -> sqlx::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= SENT_AT_ONCE {
            self.sink.send(self.buffer.as_slice()).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Ends the COPY. How many rows have come.
    pub async fn finish(mut self) -> sqlx::Result<u64> {
        self.sink.send(self.buffer.as_slice()).await?;
        self.sink.finish().await
    }
}

fn escape(text: &str, into: &mut Vec<u8>) {
    for byte in text.bytes() {
        let escaped: &[u8] = match byte {
            b'\\' => b"\\\\",
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            _ => {
                into.push(byte);
                continue;
            }
        };
        into.extend_from_slice(escaped);
    }
}
