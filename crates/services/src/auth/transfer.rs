//! Logging in by another login of the same account: exportAuthorization and importAuthorization.

use bytes::Bytes;
use messenger::Record as _;
use minicbor::{Decode, Encode};
use store::{AuthKeyId, UserId};
use tl_api::{functions, types};

use super::sign_in::authorization;
use crate::context::Context;
use crate::error::{Error, Result};

/// How long an exported login can be used, seconds.
const LIFE_S: u32 = 60;
/// The scope of exported logins among the settings; the key is the user.
const SCOPE: &str = "exported-authorization";
/// Data centres that clients may name; all of them are this server (G11).
const DATA_CENTRES: std::ops::RangeInclusive<i32> = 1..=5;
/// Exported logins that are remembered of one user.
const EXPORTS_MAX: usize = 16;

/// The logins that a user has exported lately.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct Exports {
    #[n(0)]
    list: Vec<Export>,
}

#[derive(Clone, Debug, Default, Encode, Decode)]
struct Export {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    secret: Vec<u8>,
    /// The key that exported it.
    #[n(1)]
    from: i64,
    /// The key that has imported it; 0 for none yet.
    #[n(2)]
    to: i64,
    /// Unix seconds.
    #[n(3)]
    expires_at: u32,
}

impl messenger::Record for Exports {}

/// auth.exportAuthorization
pub(super) async fn export_authorization(
    context: &Context<'_>,
    request: functions::auth::ExportAuthorization,
) -> Result<types::auth::ExportedAuthorization> {
    let user = context.user()?;
    if !DATA_CENTRES.contains(&request.dc_id) {
        return Err(Error::DC_ID_INVALID);
    }
    let mut secret = vec![0; 32];
    context.services.world.random(&mut secret);
    let export = Export {
        secret: secret.clone(),
        from: context.auth_key_id().0,
        to: 0,
        expires_at: context.now.unix_s() + LIFE_S,
    };
    change_exports(context, user, |list| {
        while list.len() >= EXPORTS_MAX {
            list.remove(0);
        }
        list.push(export.clone());
        Ok(())
    })
    .await?;
    Ok(types::auth::ExportedAuthorization {
        id: user.0,
        bytes: secret.into(),
    })
}

/// auth.importAuthorization; the same key may import the same login again (clients-python 1.29).
pub(super) async fn import_authorization(
    context: &Context<'_>,
    request: functions::auth::ImportAuthorization,
) -> Result<types::auth::Authorization> {
    let user = UserId(request.id);
    if context.messenger().user(user).await?.is_none() {
        return Err(Error::USER_ID_INVALID);
    }
    let importer = context.auth_key_id();
    let mut from = 0;
    change_exports(context, user, |list| {
        let export = list
            .iter_mut()
            .find(|export| same(&export.secret, &request.bytes))
            .filter(|export| export.to == 0 || export.to == importer.0)
            .ok_or(Error::AUTH_BYTES_INVALID)?;
        export.to = importer.0;
        from = export.from;
        Ok(())
    })
    .await?;
    // The login it was made from may have ended meanwhile.
    let parents = context.services.devices(user).await?;
    let parent = parents
        .iter()
        .find(|device| device.key.0 == from)
        .ok_or(Error::AUTH_BYTES_INVALID)?;
    let parent = match parent.record.parent {
        0 => parent.key,
        root => AuthKeyId(root),
    };
    // A key that exported for itself stays what it is.
    let parent = (parent != importer).then_some(parent);
    context.services.log_in(context, user, parent).await?;
    authorization(context, user).await
}

/// Compares secrets without telling by the time it takes where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

async fn change_exports(
    context: &Context<'_>,
    user: UserId,
    mut change: impl FnMut(&mut Vec<Export>) -> Result<()> + Send,
) -> Result<()> {
    let store = &context.services.store;
    loop {
        let stored = store.setting(SCOPE.to_owned(), user.to_string()).await?;
        let (mut exports, version) = match stored {
            Some(setting) => (Exports::from_bytes(&setting.body)?, setting.version),
            None => (Exports::default(), 0),
        };
        exports
            .list
            .retain(|export| export.expires_at >= context.now.unix_s());
        change(&mut exports.list)?;
        let body: Bytes = exports.to_bytes();
        match store
            .put_setting(SCOPE.to_owned(), user.to_string(), version, body)
            .await
        {
            Ok(_) => return Ok(()),
            Err(store::Error::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
