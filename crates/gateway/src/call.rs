//! A call from its session to the services and back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mtproto_core::time::MsgId;
use tl_api::served_layer;

use crate::Gateway;
use crate::refusal::{Refusal, is_refusal};
use crate::router::{Wrapped, unwrap};
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
    let running = Arc::clone(gateway);
    gateway.calls.spawn(async move {
        let begun = Instant::now();
        let gateway = running;
        let answer = if slot.begin_call(msg_id, gateway.limits.calls_per_session_max) {
            match run(&gateway, &slot, address, msg_id, body).await {
                Ok(answer) => answer,
                Err(refusal) => refusal.to_bytes(),
            }
        } else {
            gateway.metrics.calls_limited.add_one();
            Refusal::FloodWait(1).to_bytes()
        };
        let failed = is_refusal(&answer);
        slot.end_call(msg_id, !failed);
        gateway.metrics.count_call(begun.elapsed(), failed);
        slot.put(Item::Answer(msg_id, answer), gateway.limits.inbox_bytes_max);
    });
}

async fn run(
    gateway: &Gateway,
    slot: &Slot,
    address: IpAddr,
    msg_id: MsgId,
    body: Bytes,
) -> Result<Bytes, Refusal> {
    let wrapped = unwrap(body)?;
    limit(gateway, slot, address)?;
    let owner = slot.key.owner();
    let announced = owner.layer();
    let layer = wrapped.layer.unwrap_or(announced);
    if layer == 0 {
        return Err(Refusal::ConnectionNotInited);
    }
    let layer = served_layer(layer).ok_or(Refusal::ConnectionLayerInvalid)?;
    if let Some(facts) = owner.announce(wrapped.layer, wrapped.connection.clone()) {
        // Lost, it costs no more than that the client says it again.
        let _ = gateway.services.announce(owner.id, address, facts).await;
    }
    wait_for(slot, &wrapped).await?;
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

/// The rate of calls of one key.
fn limit(gateway: &Gateway, slot: &Slot, address: IpAddr) -> Result<(), Refusal> {
    let limits = &gateway.limits;
    if !limits.covers(address) {
        return Ok(());
    }
    let every_ms = 1000 / u64::from(limits.calls_per_key_and_second.clamp(1, 1000));
    let now_ms = gateway.clock.now().instant_ms;
    let owner = slot.key.owner();
    let taken = owner.bucket().take(now_ms, every_ms, limits.calls_burst);
    taken.map_err(|wait_ms| {
        gateway.metrics.calls_limited.add_one();
        Refusal::FloodWait(wait_ms.div_ceil(1000))
    })
}

/// E61.
async fn wait_for(slot: &Slot, wrapped: &Wrapped) -> Result<(), Refusal> {
    for msg_id in &wrapped.after {
        let succeeded = match slot.await_call(*msg_id) {
            Awaited::Ended(succeeded) => succeeded,
            Awaited::Pending(told) => match tokio::time::timeout(AWAITED_MAX, told).await {
                Ok(Ok(succeeded)) => succeeded,
                Ok(Err(_)) | Err(_) => return Err(Refusal::MsgWaitTimeout),
            },
        };
        if !succeeded {
            return Err(Refusal::MsgWaitFailed);
        }
    }
    Ok(())
}
