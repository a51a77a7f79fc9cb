//! Messages that go by themselves (A.8).

use store::PeerId;
use tl_api::{functions, types};

use super::send::answer;
use crate::context::Context;
use crate::error::{Error, Result};

/// Periods are whole days.
const DAY_S: i32 = 86_400;
/// The longest period, seconds.
const PERIOD_MAX_S: i32 = 365 * DAY_S;

pub(crate) fn period(seconds: i32) -> Result<u32> {
    let fits = (0..=PERIOD_MAX_S).contains(&seconds) && seconds % DAY_S == 0;
    if fits {
        Ok(seconds.unsigned_abs())
    } else {
        Err(Error::TTL_PERIOD_INVALID)
    }
}

/// messages.setHistoryTTL
pub(super) async fn set_history_ttl(
    context: &Context<'_>,
    request: functions::messages::SetHistoryTTL,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let peer = context.peer(&request.peer).await?;
    let period = period(request.period)?;
    let messenger = context.messenger();
    if let PeerId::User(other) = peer
        && (other == actor.user || messenger.is_bot(other).await?)
    {
        return Err(Error::PEER_ID_INVALID);
    }
    if let PeerId::Channel(id) = peer {
        let updates = messenger
            .set_channel_ttl(actor, id, period, context.now)
            .await?;
        return Ok(answer(updates));
    }
    let updates = messenger
        .set_history_ttl(actor, peer, period, false, context.now)
        .await?;
    Ok(answer(updates))
}

/// messages.setDefaultHistoryTTL
pub(super) async fn set_default_history_ttl(
    context: &Context<'_>,
    request: functions::messages::SetDefaultHistoryTTL,
) -> Result<bool> {
    let user = context.user()?;
    let period = period(request.period)?;
    context
        .messenger()
        .change_account_settings(user, |settings| settings.default_ttl = period)
        .await?;
    Ok(true)
}

/// messages.getDefaultHistoryTTL
pub(super) async fn get_default_history_ttl(
    context: &Context<'_>,
    _: functions::messages::GetDefaultHistoryTTL,
) -> Result<types::DefaultHistoryTTL> {
    let user = context.user()?;
    let settings = context.messenger().account_settings(user).await?;
    Ok(types::DefaultHistoryTTL {
        period: settings.default_ttl.cast_signed(),
    })
}

/// A first message to somebody begins with the period that the sender wants for new chats.
pub(super) async fn begin(context: &Context<'_>, peer: PeerId) -> Result<()> {
    let actor = context.actor()?;
    let PeerId::User(other) = peer else {
        return Ok(());
    };
    let messenger = context.messenger();
    if other == actor.user || messenger.is_bot(other).await? || messenger.is_bot(actor.user).await?
    {
        return Ok(());
    }
    let mailbox = store::MailboxId::User(actor.user);
    if context
        .services
        .store
        .dialog(mailbox, peer)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let period = messenger.account_settings(actor.user).await?.default_ttl;
    if period > 0 {
        messenger
            .set_history_ttl(actor, peer, period, true, context.now)
            .await?;
    }
    Ok(())
}
