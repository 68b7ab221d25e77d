//! How far an import is: a bar on a terminal, nothing anywhere else.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _, Write as _, stderr},
};

use super::source::Source;

/// Rows between two looks at the bar.
const ROWS_BETWEEN: u64 = 4096;
const WIDTH: u64 = 40;

/// The bar.
pub struct Progress {
    terminal: bool,
    sizes: HashMap<&'static str, u64>,
    done: u64,
    rows: u64,
    strangers: Vec<String>,
}

impl Progress {
    /// Looks which of the files are there, and how large they are.
    pub fn of(source: Source<'_>, files: &[&'static str]) -> io::Result<Self> {
        let terminal = matches!(source, Source::Folder(_)) && stderr().is_terminal();
        let mut progress = Self { terminal, sizes: HashMap::new(), done: 0, rows: 0, strangers: vec![] };
        for (name, size) in source.list()? {
            if let Some(file) = files.iter().find(|file| **file == name) {
                progress.sizes.insert(file, size);
            } else if name.to_lowercase().ends_with(".csv") || name.to_lowercase().ends_with(".json") {
                progress.strangers.push(name);
            }
        }
        progress.strangers.sort();
        Ok(progress)
    }

    /// Files that look as if they should be read and are not.
    pub fn strangers(&self) -> &[String] {
        &self.strangers
    }

    /// A row was read; the reader is so many bytes into its file.
    pub fn row(&mut self, position: u64) {
        self.rows += 1;
        if self.terminal && self.rows.is_multiple_of(ROWS_BETWEEN) {
            let total = self.sizes.values().sum::<u64>().max(1);
            let filled = usize::try_from((self.done + position).min(total) * WIDTH / total).unwrap_or(0);
            let empty = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(filled);
            self.draw(&format!("[{}{}] {} rows", "#".repeat(filled), ".".repeat(empty), self.rows));
        }
    }

    /// A file was read to its end.
    pub fn file_done(&mut self, file: &str) {
        self.done += self.sizes.get(file).copied().unwrap_or(0);
    }

    /// What is done now.
    pub fn step(&self, words: &str) {
        self.draw(&format!("{words} …"));
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.draw("");
    }

    fn draw(&self, words: &str) {
        if self.terminal {
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(stderr(), "\r\x1b[K{words}");
            let _ = stderr().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
