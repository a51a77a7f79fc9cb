//! Why an operation did not do what was asked, and whose turn it is now.

/// The result of every store operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong. Absence is `Option`, never an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The state the caller decided on is not the state there is. Nothing was changed: read again,
    /// decide again.
    #[error("the state has moved on: {0}")]
    Conflict(&'static str),
    /// Stored bytes are damaged. Nothing can be trusted before an operator has looked.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// A newer owner has taken the mailbox or the lease. Nothing was changed: the caller must stop
    /// acting as its owner.
    #[error("a newer owner holds epoch {epoch}")]
    Fenced {
        /// The epoch now in force, as the newer owner wrote it.
        epoch: u64,
    },
    /// The caller asks for what the store never does. A bug of the caller.
    #[error("not a valid request: {0}")]
    Invalid(&'static str),
    /// Written by a newer version of this program. Only that version, or a later one, can read it.
    #[error("{what} has format version {found}, this program knows up to {known}")]
    Newer {
        /// What carries the version.
        what: &'static str,
        /// The version found.
        found: u32,
        /// The newest version this program can read.
        known: u32,
    },
    /// Nothing was changed and nothing is wrong with the request; it may work later.
    #[error("the store cannot be used now: {0}")]
    Unavailable(String),
    /// The operation may have happened, or may happen still. Send it again with the same operation
    /// id, or read to find out.
    #[error("the outcome is not known: {0}")]
    Unknown(String),
}

impl Error {
    /// Whether the same request may be sent again unchanged, after a pause.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Unknown(_))
    }
}
