//! What a database error means: a broken rule that a form can name, a passing fault, or a bug.

/// Whether this error is the named constraint's. Rules live in the schema; forms turn their names into words.
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(|e| e.constraint()) == Some(constraint)
}

/// Whether trying again soon may help: no connection or lock was free, or the database restarts, fails over or is full.
pub fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(e) => e.code().is_some_and(|code| {
            ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
                || ["57014", "25006", "25P03", "40001", "40P01", "55P03"].contains(&code.as_ref())
        }),
        _ => false,
    }
}

/// Whether somebody else held a lock for longer than this transaction wanted to wait.
pub fn waited_in_vain(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("55P03")
}

/// Whether PostgreSQL broke this transaction off because it and another one waited for each other.
pub fn is_deadlock(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("40P01")
}

/// Whether PostgreSQL refused a value that a form let through (NUL, a number or date out of range): the sender's fault.
pub fn is_refused_value(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| ["22021", "22P05", "22003", "22008", "22007"].contains(&code.as_ref()))
}
