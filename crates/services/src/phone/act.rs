//! What the two of a call do (4.1).

use messenger::{Actor, Peers, PrivacyKey};
use mtproto_core::crypto::DhGroup;
use sha2::{Digest as _, Sha256};
use store::{AuthKeyId, PeerId, UserId};
use tl::Bytes;
use tl_api::types::PhoneCallDiscardReason as Reason;
use tl_api::{constructors, functions, types};

use super::call::{Call, State};
use crate::Services;
use crate::context::Context;
use crate::error::{Error, Result};

/// The most bytes of one signal.
const SIGNAL_LEN_MAX: usize = 64 * 1024;
/// The most library versions that a client may name.
const VERSIONS_MAX: usize = 32;

/// A protocol of a client, judged.
fn protocol(protocol: &types::PhoneCallProtocol) -> Result<types::PhoneCallProtocol> {
    if !protocol.udp_p2p && !protocol.udp_reflector {
        return Err(Error::CALL_PROTOCOL_FLAGS_INVALID);
    }
    let versions = &protocol.library_versions;
    if protocol.min_layer > protocol.max_layer
        || versions.is_empty()
        || versions.len() > VERSIONS_MAX
    {
        return Err(Error::CALL_PROTOCOL_LAYER_INVALID);
    }
    Ok(protocol.clone())
}

/// What both protocols have in common; the versions in the caller's order.
fn common(
    admin: &types::PhoneCallProtocol,
    other: &types::PhoneCallProtocol,
) -> Result<types::PhoneCallProtocol> {
    let versions: Vec<_> = admin
        .library_versions
        .iter()
        .filter(|version| other.library_versions.contains(version))
        .map(|version| version.detached())
        .collect();
    let min_layer = admin.min_layer.max(other.min_layer);
    let max_layer = admin.max_layer.min(other.max_layer);
    if versions.is_empty() || min_layer > max_layer {
        return Err(Error::CALL_PROTOCOL_COMPAT_LAYER_INVALID);
    }
    let mut both = types::PhoneCallProtocol::new(min_layer, max_layer, versions);
    both.udp_p2p = admin.udp_p2p && other.udp_p2p;
    both.udp_reflector = admin.udp_reflector && other.udp_reflector;
    Ok(both)
}

impl Services {
    /// Whether the two of a call may be shown each other's address.
    async fn may_p2p(&self, call: &Call) -> Result<bool> {
        let key = PrivacyKey::PhoneP2P;
        Ok(self
            .messenger
            .may(call.admin, call.participant, key)
            .await?
            && self
                .messenger
                .may(call.participant, call.admin, key)
                .await?)
    }

    async fn show_call(&self, viewer: UserId, call: &Call) -> Result<types::PhoneCall> {
        let (mut connections, mut p2p) = (Vec::new(), false);
        if call.state == State::Ready {
            p2p = self.may_p2p(call).await?;
            let begun = call.started.unwrap_or(call.begun);
            connections.extend(
                self.options
                    .relay
                    .iter()
                    .map(|relay| relay.connection(call.id, begun)),
            );
        }
        Ok(call.show(viewer, &self.messenger.access, connections, p2p))
    }

    /// Shows a call to a user: to one device, or to all but the one that acts.
    async fn tell_call(
        &self,
        user: UserId,
        device: Option<AuthKeyId>,
        except: Option<Actor>,
        call: &Call,
    ) -> Result<()> {
        let update = types::Update::PhoneCall {
            phone_call: self.show_call(user, call).await?,
        };
        let now = self.world.now();
        match device {
            Some(key) => {
                self.messenger
                    .publish_to_device(user, key, vec![update], now)
                    .await?;
            }
            None => {
                self.messenger
                    .publish_unlogged(user, except, vec![update], now)
                    .await?;
            }
        }
        Ok(())
    }

    /// Ends a call, tells both, and leaves a message in their chat. The updates of the actor.
    async fn end_call(
        &self,
        actor: Actor,
        id: i64,
        reason: Reason,
        duration_s: Option<i32>,
    ) -> Result<constructors::Updates> {
        let now = self.world.now();
        let (call, ended) = self.calls.change(id, |call| {
            if matches!(call.state, State::Ended { .. }) {
                return Ok(false);
            }
            call.state = State::Ended {
                reason: reason.clone(),
                duration_s: duration_s.filter(|_| call.started.is_some()),
            };
            Ok(true)
        })?;
        let update = types::Update::PhoneCall {
            phone_call: self.show_call(actor.user, &call).await?,
        };
        let peers = Peers::default();
        let mut answer = self
            .messenger
            .updates(actor.user, vec![update], &peers, now)
            .await?;
        if !ended {
            return Ok(answer);
        }
        for user in [call.admin, call.participant] {
            let except = (user == actor.user).then_some(actor);
            self.tell_call(user, None, except, &call).await?;
        }
        let State::Ended { duration_s, .. } = call.state else {
            return Ok(answer);
        };
        let mut action = constructors::MessageActionPhoneCall::new(call.id);
        action.video = call.video;
        action.reason = Some(reason);
        action.duration = duration_s;
        let author = if actor.user == call.admin {
            actor
        } else {
            Actor::server(call.admin)
        };
        let left = self
            .messenger
            .send_service(
                author,
                PeerId::User(call.participant),
                types::MessageAction::PhoneCall(Box::new(action)),
                None,
                // One message for each call, however it ends.
                call.id,
                now,
            )
            .await;
        match left {
            Ok(updates) if author == actor => {
                answer.updates.extend(updates.updates);
                for user in updates.users {
                    if !answer.users.contains(&user) {
                        answer.users.push(user);
                    }
                }
            }
            // One of them may not write to the other any more.
            Ok(_) | Err(messenger::Error::Send(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(answer)
    }

    /// Ends the calls whose time is over.
    pub(crate) async fn end_overdue_calls(&self) -> Result<usize> {
        let overdue = self.calls.overdue(self.world.now());
        let count = overdue.len();
        for (id, reason) in overdue {
            if let Some(call) = self.calls.get(id) {
                self.end_call(Actor::server(call.admin), id, reason, None)
                    .await?;
            }
        }
        Ok(count)
    }
}

/// The call that a request names.
fn named(context: &Context<'_>, peer: &types::InputPhoneCall) -> Result<Call> {
    let user = context.user()?;
    let access = &context.messenger().access;
    context
        .services
        .calls
        .get(peer.id)
        .filter(|call| call.is_in(user))
        .filter(|_| Call::access_hash(access, user, peer.id) == peer.access_hash)
        .ok_or(Error::CALL_PEER_INVALID)
}

async fn shown(context: &Context<'_>, call: &Call) -> Result<types::phone::PhoneCall> {
    let user = context.user()?;
    let mut peers = Peers::default();
    peers.add_user(call.admin.0);
    peers.add_user(call.participant.0);
    let shown = context.messenger().show(user, &peers, context.now).await?;
    Ok(types::phone::PhoneCall {
        phone_call: context.services.show_call(user, call).await?,
        users: shown.users,
    })
}

/// phone.requestCall
pub(super) async fn request_call(
    context: &Context<'_>,
    request: functions::phone::RequestCall,
) -> Result<types::phone::PhoneCall> {
    let actor = context.actor()?;
    let other = context.input_user(&request.user_id).await?;
    let services = context.services;
    let messenger = context.messenger();
    let user = messenger.user(other).await?.ok_or(Error::USER_ID_INVALID)?;
    if other == actor.user || user.bot {
        return Err(Error::USER_ID_INVALID);
    }
    if user.deleted {
        return Err(Error::INPUT_USER_DEACTIVATED);
    }
    if messenger.has_blocked(other, actor.user).await? {
        return Err(Error::USER_IS_BLOCKED);
    }
    if !messenger
        .may(actor.user, other, PrivacyKey::PhoneCall)
        .await?
    {
        return Err(Error::USER_PRIVACY_RESTRICTED);
    }
    if request.g_a_hash.len() != 32 {
        return Err(Error::DH_G_A_INVALID);
    }
    let admin_protocol = protocol(&request.protocol)?;
    if let Some(call) = services.calls.asked(actor.user, request.random_id) {
        return shown(context, &call).await;
    }
    let call = Call {
        id: services.random_id(),
        random_id: request.random_id,
        admin: actor.user,
        admin_key: actor.auth_key_id,
        participant: other,
        participant_key: AuthKeyId(0),
        video: request.video,
        g_a_hash: Bytes::copy_from_slice(&request.g_a_hash),
        g_a: Bytes::new(),
        g_b: Bytes::new(),
        key_fingerprint: 0,
        protocol: admin_protocol.clone(),
        admin_protocol,
        state: State::Waiting,
        begun: context.now,
        received: None,
        accepted: None,
        started: None,
    };
    if !services.calls.put(call.clone()) {
        return Err(Error::flood_wait(60));
    }
    let devices = services.devices(other).await?;
    for device in devices
        .iter()
        .filter(|device| !device.record.call_requests_disabled)
    {
        services
            .tell_call(other, Some(device.key), None, &call)
            .await?;
    }
    shown(context, &call).await
}

/// phone.receivedCall
pub(super) async fn received_call(
    context: &Context<'_>,
    request: functions::phone::ReceivedCall,
) -> Result<bool> {
    let user = context.user()?;
    let call = named(context, &request.peer)?;
    if call.participant != user {
        return Err(Error::CALL_PEER_INVALID);
    }
    let (call, first) = context.services.calls.change(call.id, |call| {
        if matches!(call.state, State::Ended { .. }) {
            return Err(Error::CALL_ALREADY_DECLINED);
        }
        let first = call.state == State::Waiting && call.received.is_none();
        if first {
            call.received = Some(context.now);
        }
        Ok(first)
    })?;
    if first {
        context
            .services
            .tell_call(call.admin, Some(call.admin_key), None, &call)
            .await?;
    }
    Ok(true)
}

/// phone.acceptCall
pub(super) async fn accept_call(
    context: &Context<'_>,
    request: functions::phone::AcceptCall,
) -> Result<types::phone::PhoneCall> {
    let actor = context.actor()?;
    let services = context.services;
    let call = named(context, &request.peer)?;
    if call.participant != actor.user {
        return Err(Error::CALL_PEER_INVALID);
    }
    let own = protocol(&request.protocol)?;
    DhGroup::known()
        .check(&request.g_b)
        .map_err(|_| Error::DH_G_A_INVALID)?;
    let (call, ()) = services.calls.change(call.id, |call| {
        match call.state {
            State::Waiting => {}
            State::Accepted | State::Ready => return Err(Error::CALL_ALREADY_ACCEPTED),
            State::Ended { .. } => return Err(Error::CALL_ALREADY_DECLINED),
        }
        call.protocol = common(&call.admin_protocol, &own)?;
        call.g_b = Bytes::copy_from_slice(&request.g_b);
        call.participant_key = actor.auth_key_id;
        call.accepted = Some(context.now);
        call.state = State::Accepted;
        Ok(())
    })?;
    services
        .tell_call(call.admin, Some(call.admin_key), None, &call)
        .await?;
    // It does not ring elsewhere any more.
    let over = Call {
        state: State::Ended {
            reason: Reason::Hangup {},
            duration_s: None,
        },
        ..call.clone()
    };
    for device in services.devices(actor.user).await? {
        if device.key != actor.auth_key_id {
            services
                .tell_call(actor.user, Some(device.key), None, &over)
                .await?;
        }
    }
    shown(context, &call).await
}

/// phone.confirmCall
pub(super) async fn confirm_call(
    context: &Context<'_>,
    request: functions::phone::ConfirmCall,
) -> Result<types::phone::PhoneCall> {
    let actor = context.actor()?;
    let services = context.services;
    let call = named(context, &request.peer)?;
    if call.admin != actor.user || call.admin_key != actor.auth_key_id {
        return Err(Error::CALL_PEER_INVALID);
    }
    DhGroup::known()
        .check(&request.g_a)
        .map_err(|_| Error::DH_G_A_INVALID)?;
    if Sha256::digest(&request.g_a).as_slice() != call.g_a_hash.as_ref() {
        return Err(Error::DH_G_A_INVALID);
    }
    let (call, ()) = services.calls.change(call.id, |call| {
        match call.state {
            State::Accepted => {}
            State::Ended { .. } => return Err(Error::CALL_ALREADY_DECLINED),
            State::Waiting | State::Ready => return Err(Error::CALL_PEER_INVALID),
        }
        call.g_a = Bytes::copy_from_slice(&request.g_a);
        call.key_fingerprint = request.key_fingerprint;
        call.started = Some(context.now);
        call.state = State::Ready;
        Ok(())
    })?;
    services
        .tell_call(call.participant, Some(call.participant_key), None, &call)
        .await?;
    shown(context, &call).await
}

/// phone.sendSignalingData
pub(super) async fn send_signaling_data(
    context: &Context<'_>,
    request: functions::phone::SendSignalingData,
) -> Result<bool> {
    let actor = context.actor()?;
    let call = named(context, &request.peer)?;
    let own_key = if actor.user == call.admin {
        call.admin_key
    } else {
        call.participant_key
    };
    if own_key != actor.auth_key_id || call.state != State::Ready {
        return Err(Error::CALL_PEER_INVALID);
    }
    if request.data.len() > SIGNAL_LEN_MAX {
        return Err(Error::DATA_TOO_LONG);
    }
    let update = types::Update::PhoneCallSignalingData {
        phone_call_id: call.id,
        data: request.data,
    };
    let (other, key) = (call.other(actor.user), call.other_key(actor.user));
    context
        .messenger()
        .publish_to_device(other, key, vec![update], context.now)
        .await?;
    Ok(true)
}

/// phone.discardCall
pub(super) async fn discard_call(
    context: &Context<'_>,
    request: functions::phone::DiscardCall,
) -> Result<types::Updates> {
    let actor = context.actor()?;
    let call = named(context, &request.peer)?;
    let started = call.started.map_or(context.now.0, |started| started.0);
    let most = context.now.0.saturating_sub(started) / 1000;
    let most = i32::try_from(most).unwrap_or(i32::MAX);
    let duration_s = Some(request.duration.clamp(0, most));
    let updates = context
        .services
        .end_call(actor, call.id, request.reason, duration_s)
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}

/// phone.getCallConfig
pub(super) async fn get_call_config(
    _: &Context<'_>,
    _: functions::phone::GetCallConfig,
) -> Result<types::DataJSON> {
    Ok(types::DataJSON { data: "{}".into() })
}

/// phone.setCallRating
pub(super) async fn set_call_rating(
    context: &Context<'_>,
    request: functions::phone::SetCallRating,
) -> Result<types::Updates> {
    let user = context.user()?;
    let call = named(context, &request.peer)?;
    if !(1..=5).contains(&request.rating) {
        return Err(Error::CALL_PEER_INVALID);
    }
    tracing::info!(call = call.id, rating = request.rating, "a call was rated");
    let peers = Peers::default();
    let updates = context
        .messenger()
        .updates(user, Vec::new(), &peers, context.now)
        .await?;
    Ok(types::Updates::Updates(Box::new(updates)))
}

/// phone.saveCallDebug
pub(super) async fn save_call_debug(
    context: &Context<'_>,
    request: functions::phone::SaveCallDebug,
) -> Result<bool> {
    named(context, &request.peer)?;
    Ok(true)
}

/// phone.saveCallLog
pub(super) async fn save_call_log(
    context: &Context<'_>,
    request: functions::phone::SaveCallLog,
) -> Result<bool> {
    named(context, &request.peer)?;
    Ok(true)
}
