//! Why a command did nothing, and with which number it says so.

use std::{fmt::Display, io::Write, process::ExitCode};

use crate::{config::ConfigError, postgres::database::OpenError, sign_in::keeping::KeyError};

/// Why a command did nothing.
#[derive(Debug)]
pub enum Failure {
    /// The input is not what it should be: exit 1.
    Refused(String),
    /// Something else is in the way: exit 2.
    CannotRun(String),
}

impl Failure {
    /// Something is in the way that the input is not to blame for.
    pub fn cannot_run(cause: impl Display) -> Self {
        Self::CannotRun(cause.to_string())
    }

    /// Says it on standard error, and the number to exit with.
    pub fn tell(&self, err: &mut impl Write) -> ExitCode {
        let (words, code) = match self {
            Self::Refused(words) => (words, ExitCode::from(1)),
            Self::CannotRun(words) => (words, ExitCode::from(2)),
        };
        if writeln!(err, "{words}").is_ok() { code } else { ExitCode::from(2) }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::CannotRun(format!("the database: {error}"))
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::cannot_run(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::cannot_run(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::cannot_run(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::cannot_run(error)
    }
}
