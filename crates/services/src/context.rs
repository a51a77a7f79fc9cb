//! What a method knows of its call.

use messenger::{Actor, Messenger, Now};
use store::{AuthKeyId, UserId};
use tl::{Bytes, Function, Layer, Writer};

use crate::Services;
use crate::error::{Error, Result};

/// What a method knows of its call.
pub(crate) struct Context<'a> {
    pub(crate) services: &'a Services,
    pub(crate) caller: &'a bus::Caller,
    /// The message of the call.
    pub(crate) msg_id: i64,
    /// When it came.
    pub(crate) now: Now,
}

impl Context<'_> {
    /// Who is logged in.
    pub(crate) fn user(&self) -> Result<UserId> {
        let user = self.caller.user.ok_or(Error::AUTH_KEY_UNREGISTERED)?;
        Ok(UserId(user.0))
    }

    /// Who is logged in, with the session that asks.
    pub(crate) fn actor(&self) -> Result<Actor> {
        Ok(Actor {
            user: self.user()?,
            auth_key_id: self.auth_key_id(),
            session_id: self.caller.session_id.0,
        })
    }

    /// The permanent key of the caller.
    pub(crate) fn auth_key_id(&self) -> AuthKeyId {
        AuthKeyId(self.caller.auth_key_id.0)
    }

    /// What the methods act on.
    pub(crate) fn messenger(&self) -> &Messenger {
        &self.services.messenger
    }

    /// Encodes the result of a function for the caller.
    pub(crate) fn encode<F: Function>(&self, result: &F::Result) -> Result<Bytes> {
        let mut writer = Writer::new(Layer(self.caller.layer));
        F::encode_result(result, &mut writer);
        writer.finish().map_err(|_| Error::NO_FORM_IN_LAYER)
    }
}
