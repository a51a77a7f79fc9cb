//! A call from its session to the services and back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mtproto_core::time::MsgId;
use tl::Layer;
use tl_api::{NEWEST_LAYER, served_layer};

use crate::Gateway;
use crate::key::KeyState;
use crate::refusal::{Refusal, is_refusal};
use crate::router::{Wrapped, is_bind, unwrap};
use crate::slot::{Awaited, Item, Slot};

/// How long a call waits for another that has not come yet (E61).
const AWAITED_MAX: Duration = Duration::from_millis(500);

/// Runs a call on a task of its own: it outlives the connection that brought it. The answer goes
/// to the session.
pub(crate) fn start(
    gateway: &Arc<Gateway>,
    slot: Arc<Slot>,
    address: IpAddr,
    msg_id: MsgId,
    body: Bytes,
) {
    gateway.metrics.calls.add_one();
    let inbox_bytes_max = gateway.limits.inbox_bytes_max;
    // Here, not in the task: those that must run after it shall find it.
    if !slot.begin_call(msg_id, gateway.limits.calls_per_session_max) {
        gateway.metrics.calls_limited.add_one();
        let answer = Refusal::FloodWait(1).to_bytes();
        return slot.put(Item::Answer(msg_id, answer), inbox_bytes_max);
    }
    let running = Arc::clone(gateway);
    gateway.calls.spawn(async move {
        let begun = Instant::now();
        let gateway = running;
        let run = run(&gateway, &slot, address, msg_id, body);
        let Some(answer) = gateway.kill.run_until_cancelled(run).await else {
            return;
        };
        let answer = answer.unwrap_or_else(Refusal::to_bytes);
        let failed = is_refusal(&answer);
        gateway.metrics.count_call(begun.elapsed(), failed);
        slot.end_call(msg_id, answer, !failed, inbox_bytes_max);
    });
}

async fn run(
    gateway: &Gateway,
    slot: &Slot,
    address: IpAddr,
    msg_id: MsgId,
    body: Bytes,
) -> Result<Bytes, Refusal> {
    let mut wrapped = unwrap(body)?;
    let owner = gateway
        .owner(&slot.key)
        .await
        .map_err(|_| Refusal::Timeout)?;
    limit(gateway, &owner, address)?;
    take_over_announcement(&slot.key, &owner, &mut wrapped);
    let layer = match wrapped.layer.unwrap_or_else(|| owner.layer()) {
        0 if is_bind(&wrapped.body) => Layer(NEWEST_LAYER),
        0 => return Err(Refusal::ConnectionNotInited),
        layer => served_layer(layer).ok_or(Refusal::ConnectionLayerInvalid)?,
    };
    if let Some(facts) = owner.announce(wrapped.layer, wrapped.connection.take()) {
        // Lost, it costs no more than that the client says it again.
        let _ = gateway.services.announce(owner.id, address, facts).await;
    }
    wait_for(slot, msg_id, &wrapped).await?;
    let call = bus::Call {
        caller: bus::Caller {
            auth_key_id: owner.id,
            temp_key_id: slot.key.is_temporary().then_some(slot.key.id),
            session_id: bus::SessionId(slot.session_id),
            user: owner.user(),
            layer: layer.0,
            address,
        },
        msg_id: msg_id.0,
        body: wrapped.body,
        without_updates: wrapped.without_updates,
    };
    Ok(gateway.services.call(call).await)
}

/// What was announced with a temporary key before it was bound holds for the permanent one, unless
/// that knows better.
fn take_over_announcement(key: &Arc<KeyState>, owner: &Arc<KeyState>, wrapped: &mut Wrapped) {
    if owner.layer() == 0 && wrapped.layer.is_none() && key.layer() != 0 {
        wrapped.layer = Some(key.layer());
        if wrapped.connection.is_none() {
            wrapped.connection = key.announced();
        }
    }
}

/// The rate of calls of one key.
fn limit(gateway: &Gateway, owner: &KeyState, address: IpAddr) -> Result<(), Refusal> {
    let limits = &gateway.limits;
    if !limits.covers(address) {
        return Ok(());
    }
    let every_ms = 1000 / u64::from(limits.calls_per_key_and_second.clamp(1, 1000));
    let now_ms = gateway.clock.now().instant_ms;
    let taken = owner.bucket().take(now_ms, every_ms, limits.calls_burst);
    taken.map_err(|wait_ms| {
        gateway.metrics.calls_limited.add_one();
        Refusal::FloodWait(wait_ms.div_ceil(1000))
    })
}

/// E61.
async fn wait_for(slot: &Slot, msg_id: MsgId, wrapped: &Wrapped) -> Result<(), Refusal> {
    for after in &wrapped.after {
        // Only earlier ones, so that nothing can wait for itself.
        if *after >= msg_id.0 {
            return Err(Refusal::MsgWaitTimeout);
        }
        let succeeded = match slot.await_call(*after) {
            Awaited::Ended(succeeded) => Ok(succeeded),
            Awaited::Running(told) => told.await,
            Awaited::Unknown(mut told) => {
                match tokio::time::timeout(AWAITED_MAX, &mut told).await {
                    Ok(ended) => ended,
                    // It came meanwhile.
                    Err(_) if slot.is_running(*after) => told.await,
                    Err(_) => return Err(Refusal::MsgWaitTimeout),
                }
            }
        };
        match succeeded {
            Ok(true) => {}
            Ok(false) => return Err(Refusal::MsgWaitFailed),
            Err(_) => return Err(Refusal::MsgWaitTimeout),
        }
    }
    Ok(())
}
