//! Notification settings (sheet 3.6).

use messenger::{NotifyScope, Peers};
use store::{MsgId, PeerId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// account.getNotifySettings
pub(super) async fn get_notify_settings(
    context: &Context<'_>,
    request: functions::account::GetNotifySettings,
) -> Result<types::PeerNotifySettings> {
    let scope = scope(context, &request.peer).await?;
    Ok(context
        .messenger()
        .notify_settings_of(context.user()?, scope)
        .await?)
}

/// account.updateNotifySettings: replaces everything that was set before (N1).
pub(super) async fn update_notify_settings(
    context: &Context<'_>,
    request: functions::account::UpdateNotifySettings,
) -> Result<bool> {
    let actor = context.actor()?;
    let scope = scope(context, &request.peer).await?;
    let given = request.settings;
    if given.mute_until.is_some_and(|until| until < 0) {
        return Err(Error::SETTINGS_INVALID);
    }
    // One sound is given and shown for all systems (N4).
    let settings = types::PeerNotifySettings {
        show_previews: given.show_previews,
        silent: given.silent,
        mute_until: given.mute_until,
        ios_sound: given.sound.clone(),
        android_sound: given.sound.clone(),
        other_sound: given.sound,
        stories_muted: given.stories_muted,
        stories_hide_sender: given.stories_hide_sender,
        stories_ios_sound: given.stories_sound.clone(),
        stories_android_sound: given.stories_sound.clone(),
        stories_other_sound: given.stories_sound,
    };
    context
        .messenger()
        .set_notify_settings(actor, scope, &settings, context.now)
        .await?;
    Ok(true)
}

/// account.resetNotifySettings
pub(super) async fn reset_notify_settings(
    context: &Context<'_>,
    _: functions::account::ResetNotifySettings,
) -> Result<bool> {
    context
        .messenger()
        .reset_notify_settings(context.actor()?, context.now)
        .await?;
    Ok(true)
}

/// account.getNotifyExceptions: peers that differ from their scope (N5).
pub(super) async fn get_notify_exceptions(
    context: &Context<'_>,
    request: functions::account::GetNotifyExceptions,
) -> Result<types::Updates> {
    let user = context.user()?;
    let kind = match &request.peer {
        Some(peer) => Some(scope(context, peer).await?),
        None => None,
    };
    let differs = |settings: &types::PeerNotifySettings| {
        settings.mute_until.is_some()
            || settings.silent.is_some()
            || settings.show_previews.is_some()
            || request.compare_sound && settings.other_sound.is_some()
            || request.compare_stories
                && (settings.stories_muted.is_some()
                    || settings.stories_hide_sender.is_some()
                    || settings.stories_other_sound.is_some())
    };
    let mut peers = Peers::default();
    let mut updates = Vec::new();
    for (scope, settings) in context.messenger().all_notify_settings(user).await? {
        let peer = match scope {
            NotifyScope::Peer(peer) | NotifyScope::Topic(peer, _) => peer,
            NotifyScope::Broadcasts | NotifyScope::Chats | NotifyScope::Users => continue,
        };
        if kind.is_some_and(|kind| !is_of(peer, scope, kind)) || !differs(&settings) {
            continue;
        }
        peers.add(peer);
        updates.push(types::Update::NotifySettings {
            peer: scope.to_tl(),
            notify_settings: Box::new(settings),
        });
    }
    let updates = context
        .messenger()
        .updates(user, updates, &peers, context.now)
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}

/// Whether settings are of the kind asked for.
fn is_of(peer: PeerId, scope: NotifyScope, kind: NotifyScope) -> bool {
    match kind {
        NotifyScope::Users => matches!(peer, PeerId::User(_)),
        NotifyScope::Chats => matches!(peer, PeerId::Chat(_)),
        NotifyScope::Broadcasts => matches!(peer, PeerId::Channel(_)),
        NotifyScope::Peer(_) | NotifyScope::Topic(..) => scope == kind,
    }
}

async fn scope(context: &Context<'_>, peer: &types::InputNotifyPeer) -> Result<NotifyScope> {
    use types::InputNotifyPeer as Peer;
    Ok(match peer {
        Peer::InputNotifyBroadcasts {} => NotifyScope::Broadcasts,
        Peer::InputNotifyChats {} => NotifyScope::Chats,
        Peer::InputNotifyUsers {} => NotifyScope::Users,
        Peer::InputNotifyPeer { peer } => NotifyScope::Peer(context.peer(peer).await?),
        Peer::InputNotifyForumTopic { peer, top_msg_id } => {
            NotifyScope::Topic(context.peer(peer).await?, MsgId(*top_msg_id))
        }
        Peer::InputNotifyCommunity { .. } => return Err(Error::PEER_ID_INVALID),
    })
}

/// account.getReactionsNotifySettings
pub(super) async fn get_reactions_notify_settings(
    context: &Context<'_>,
    _: functions::account::GetReactionsNotifySettings,
) -> Result<types::ReactionsNotifySettings> {
    let settings = context
        .messenger()
        .account_settings(context.user()?)
        .await?;
    if settings.reactions_notify.is_empty() {
        let all = || Some(types::ReactionNotificationsFrom::All {});
        return Ok(types::ReactionsNotifySettings {
            messages_notify_from: all(),
            stories_notify_from: all(),
            poll_votes_notify_from: all(),
            sound: types::NotificationSound::Default {},
            show_previews: true,
        });
    }
    tl::from_bytes(&settings.reactions_notify.into()).map_err(|_| Error::INTERNAL_SERVER_ERROR)
}

/// account.setReactionsNotifySettings
pub(super) async fn set_reactions_notify_settings(
    context: &Context<'_>,
    request: functions::account::SetReactionsNotifySettings,
) -> Result<types::ReactionsNotifySettings> {
    let layer = tl::Layer(tl_api::NEWEST_LAYER);
    let body = tl::to_bytes(&request.settings, layer).map_err(|_| Error::SETTINGS_INVALID)?;
    context
        .messenger()
        .change_account_settings(context.user()?, |settings| {
            settings.reactions_notify = body.to_vec();
        })
        .await?;
    Ok(request.settings)
}
