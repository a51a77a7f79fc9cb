//! Identifiers, as they are on the wire.

/// Declares an integer newtype.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// The id of an `auth_key`, its lower 64 bits of SHA-1.
    AuthKeyId);
id!(/// A channel or supergroup.
    ChannelId);
id!(/// A session of an `auth_key`, named by the client.
    SessionId);
id!(/// A user account.
    UserId);
