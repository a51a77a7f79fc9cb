//! What is wrong with what somebody wants to do with an account.

/// What is wrong with what somebody wants to do with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The text about the user is too long.
    #[error("the text about the user is too long")]
    AboutTooLong,
    /// There is no such day, or it is yet to come.
    #[error("there is no such day")]
    BirthdayInvalid,
    /// No code was given.
    #[error("no code was given")]
    CodeEmpty,
    /// There is no such code any more.
    #[error("there is no such code any more")]
    CodeExpired,
    /// The code is wrong.
    #[error("the code is wrong")]
    CodeInvalid,
    /// They do not have the user as contact.
    #[error("they do not have the user as contact")]
    ContactMissing,
    /// A contact must have a name.
    #[error("a contact must have a name")]
    ContactNameEmpty,
    /// They are no contact of the user.
    #[error("they are no contact of the user")]
    ContactUnknown,
    /// The first name is empty or too long.
    #[error("the first name is empty or too long")]
    FirstNameInvalid,
    /// The last name is too long.
    #[error("the last name is too long")]
    LastNameInvalid,
    /// The number belongs to an account.
    #[error("the number belongs to an account")]
    PhoneOccupied,
    /// The rules name too many.
    #[error("the rules name too many")]
    PrivacyTooLong,
    /// The username cannot be one.
    #[error("the username cannot be one")]
    UsernameInvalid,
    /// The username is the one the account has.
    #[error("the username is the one the account has")]
    UsernameNotModified,
    /// The username belongs to somebody else.
    #[error("the username belongs to somebody else")]
    UsernameOccupied,
}
