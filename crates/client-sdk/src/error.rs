//! What went wrong, by what the caller can do about it.

/// The result of everything a client does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Wait so many seconds, then ask again.
    #[error("the server asks to wait {seconds} seconds")]
    FloodWait {
        /// How long.
        seconds: u32,
    },
    /// Log in again.
    #[error("nobody is logged in: {0}")]
    NotLoggedIn(String),
    /// Give the password ([`crate::Client::check_password`]).
    #[error("the account has a password")]
    PasswordNeeded,
    /// The server refuses: the call, its arguments or the caller's rights are not right.
    #[error("the server refuses with {code} {name}")]
    Refused {
        /// Like an HTTP status.
        code: i32,
        /// The name of the refusal.
        name: String,
    },
    /// The server may have run the call, but its answer is lost. Repeat it if that is harmless.
    #[error("the answer is lost")]
    Lost,
    /// The answer is not what the schema says. The server speaks another protocol, or is broken.
    #[error("the answer cannot be read")]
    Unreadable,
    /// The client was stopped, or can never connect with these options.
    #[error("the client has stopped: {0}")]
    Stopped(String),
    /// The session could not be read or written.
    #[error("the session cannot be kept: {0}")]
    Session(String),
    /// A file on this side cannot be read or written.
    #[error("a local file: {0}")]
    File(String),
}

impl Error {
    /// The name of a refusal, if it is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Refused { name, .. } | Self::NotLoggedIn(name) => Some(name),
            Self::PasswordNeeded => Some("SESSION_PASSWORD_NEEDED"),
            Self::FloodWait { .. }
            | Self::Lost
            | Self::Unreadable
            | Self::Stopped(_)
            | Self::Session(_)
            | Self::File(_) => None,
        }
    }
}

/// A refusal of the server, sorted.
pub(crate) fn refusal(code: i32, name: String) -> Error {
    if let Some(seconds) = name
        .strip_prefix("FLOOD_WAIT_")
        .and_then(|rest| rest.parse().ok())
    {
        return Error::FloodWait { seconds };
    }
    match (code, name.as_str()) {
        (401, "SESSION_PASSWORD_NEEDED") => Error::PasswordNeeded,
        (401, _) => Error::NotLoggedIn(name),
        _ => Error::Refused { code, name },
    }
}
