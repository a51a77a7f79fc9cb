//! What gateways ask of services.

use std::net::IpAddr;

use async_trait::async_trait;
use bytes::Bytes;

use crate::id::{AuthKeyId, SessionId, UserId};
use crate::key::{KeyFacts, NewKey};

/// The services cannot be reached, or could not reach the store. Nothing is wrong with the call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the services cannot be reached: {0}")]
pub struct Unavailable(pub String);

/// Who calls, and how the answer must look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The permanent key: for a bound temporary key the one it is bound to.
    pub auth_key_id: AuthKeyId,
    /// The temporary key the call came with, if it came with one.
    pub temp_key_id: Option<AuthKeyId>,
    /// The session of the key the call came with.
    pub session_id: SessionId,
    /// Who is logged in by the permanent key.
    pub user: Option<UserId>,
    /// The layer to answer in, one that is served.
    pub layer: u16,
    /// Where the connection comes from.
    pub address: IpAddr,
}

/// What a client says of itself in `initConnection`; texts are cut to 128 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// The layer of `invokeWithLayer`, as announced.
    pub layer: i32,
    /// The application.
    pub api_id: i32,
    /// The device.
    pub device_model: String,
    /// The system.
    pub system_version: String,
    /// The version of the application.
    pub app_version: String,
    /// The language of the system.
    pub system_lang_code: String,
    /// The language pack.
    pub lang_pack: String,
    /// The language of the application.
    pub lang_code: String,
}

/// One call, its wrappers taken off.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The message of the call; binding a temporary key needs it (C54).
    pub msg_id: i64,
    /// The function, in the form of whatever layer the client speaks.
    pub body: Bytes,
    /// The call came in `invokeWithoutUpdates`: it does not subscribe its session.
    pub without_updates: bool,
}

/// What gateways ask.
#[async_trait]
pub trait Services: Send + Sync {
    /// Runs a call. The answer is one object in the caller's layer, ready for `rpc_result`; a
    /// refusal is the object `rpc_error`.
    async fn call(&self, call: Call) -> Bytes;

    /// Stores the key of a finished handshake; false when its id is taken (C49).
    async fn create_key(&self, key: NewKey) -> Result<bool, Unavailable>;

    /// A key; `None` when there is none, or none any more.
    async fn key(&self, id: AuthKeyId) -> Result<Option<KeyFacts>, Unavailable>;

    /// Destroys a key and logs its user out (C60); whether there was one.
    async fn destroy_key(&self, id: AuthKeyId) -> Result<bool, Unavailable>;

    /// The client of a permanent or not yet bound key has announced its layer or itself anew.
    async fn announce(
        &self,
        id: AuthKeyId,
        address: IpAddr,
        facts: ConnectionFacts,
    ) -> Result<(), Unavailable>;

    /// The last connection of a user to this gateway is gone, or the first has come.
    async fn presence(&self, user: UserId, connected: bool);
}
