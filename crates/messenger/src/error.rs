//! Why something was not done. The names clients see are made of these in one place of `services`.

/// The result of what a messenger does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with what somebody wants to do with an account.
    #[error(transparent)]
    Account(#[from] crate::account::AccountError),
    /// The caller lacks the right for it.
    #[error("only an admin with the right may do that")]
    AdminRequired,
    /// Dialogs are not arranged so.
    #[error(transparent)]
    Arrange(#[from] crate::arrange::ArrangeError),
    /// The bytes of a file cannot be reached.
    #[error(transparent)]
    Blob(#[from] crate::blob::BlobError),
    /// Something is not done with a bot.
    #[error(transparent)]
    Bot(#[from] crate::bot::BotError),
    /// Something is not done with a channel.
    #[error(transparent)]
    Channel(#[from] crate::channel::ChannelError),
    /// A group is not changed.
    #[error(transparent)]
    Chat(#[from] crate::chat::ChatError),
    /// There is no such group, or the caller was never in it.
    #[error("no such group")]
    ChatUnknown,
    /// The group is closed or the caller is not in it any more.
    #[error("the group may not be written to")]
    ChatWriteForbidden,
    /// A message is not edited.
    #[error(transparent)]
    Edit(#[from] crate::edit::EditError),
    /// A file may not be named so.
    #[error(transparent)]
    File(#[from] crate::file::FileError),
    /// All ids of a kind are in use.
    #[error("all ids are in use")]
    IdsExhausted,
    /// A link is not made, changed or used.
    #[error(transparent)]
    Invite(#[from] crate::invite::InviteError),
    /// There is no such message in the caller's mailbox.
    #[error("no such message")]
    MessageUnknown,
    /// Nothing would change.
    #[error("nothing would change")]
    NotModified,
    /// There is no such peer, or the caller may not name it.
    #[error("no such peer")]
    PeerUnknown,
    /// A vote is not taken.
    #[error(transparent)]
    Poll(#[from] crate::poll::PollError),
    /// A reaction is not taken.
    #[error(transparent)]
    Reaction(#[from] crate::reaction::ReactionError),
    /// Something is not done with a secret chat.
    #[error(transparent)]
    Secret(#[from] crate::secret::SecretError),
    /// A message is not sent.
    #[error(transparent)]
    Send(#[from] crate::send::SendError),
    /// Something is not done with a set of stickers.
    #[error(transparent)]
    Sticker(#[from] crate::sticker::StickerError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Stored bytes are not what they should be.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
    /// There is no such user.
    #[error("no such user")]
    UserUnknown,
    /// A part or an uploaded file is not as it should be.
    #[error(transparent)]
    Upload(#[from] crate::upload::UploadError),
}
