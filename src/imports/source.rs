//! Where the files of an import come from: a folder of this machine, or what a browser sent.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

/// Files by name.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A folder of this machine.
    Folder(&'a Path),
    /// What a browser sent.
    Sent(&'a [SentFile]),
}

/// A file that a browser sent.
#[derive(Clone, Debug)]
pub struct SentFile {
    /// Which of the files that are read it is: never a name or path of the browser's.
    pub name: &'static str,
    /// What stands in it.
    pub content: Vec<u8>,
    /// How headers are read that the file's format does not know.
    pub columns: Vec<Renamed>,
}

/// A header and the column as which it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// As it stands in the file, trimmed.
    pub header: String,
    /// The column; empty: it is left out.
    pub column: String,
}

impl<'a> Source<'a> {
    /// Opens a file. None: there is no such file.
    pub fn open(self, name: &str) -> io::Result<Option<Box<dyn Read + Send + 'a>>> {
        match self {
            Self::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Sent(files) => {
                let file = files.iter().find(|file| file.name == name);
                Ok(file.map(|file| -> Box<dyn Read + Send> { Box::new(file.content.as_slice()) }))
            }
        }
    }

    /// The name and size in bytes of each file, also of those that no import reads.
    pub fn list(self) -> io::Result<Vec<(String, u64)>> {
        match self {
            Self::Folder(folder) => fs::read_dir(folder)?
                .map(|entry| {
                    let entry = entry?;
                    Ok((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len()))
                })
                .collect(),
            Self::Sent(files) => {
                let size = |file: &SentFile| u64::try_from(file.content.len()).unwrap_or(u64::MAX);
                Ok(files.iter().map(|file| (file.name.to_owned(), size(file))).collect())
            }
        }
    }

    /// The column as which a header of a file is read: itself, unless it was renamed; empty: it is left out.
    pub fn column(self, name: &str, header: &str) -> String {
        let Self::Sent(files) = self else { return header.to_owned() };
        let renamed = files
            .iter()
            .filter(|file| file.name == name)
            .flat_map(|file| &file.columns)
            .find(|renamed| renamed.header == header);
        renamed.map_or(header, |renamed| &renamed.column).to_owned()
    }
}
