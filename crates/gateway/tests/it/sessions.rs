//! Sessions outlive connections.

use bus::Gateways as _;
use mtproto_core::handshake::InnerKind;
use mtproto_core::transport::{ClientTransportConfig, FrameKind};
use tokio::io::AsyncReadExt as _;

use crate::harness::{Client, HELD, PATIENCE, config, echo, world};

#[tokio::test(flavor = "multi_thread")]
async fn answer_comes_on_the_connection_that_the_session_moved_to() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let first = client.call_at(200, &echo(0));
    client.answer(first).await.unwrap();
    let held = client.call(HELD.to_le_bytes().to_vec());
    loop {
        let change = world.script.change.notified();
        client.ping();
        let pongs = client.pongs;
        client.run_until(|client| client.pongs > pongs).await;
        if world.script.calls.lock().unwrap().len() == 2 {
            break;
        }
        change.await;
    }
    // The old socket stays open: the gateway cannot know that nobody reads it.
    let (mut client, old) = client.move_to_new_connection(&world).await;
    client.ping();
    let pongs = client.pongs;
    client.run_until(|client| client.pongs > pongs).await;
    world.script.release.notify_one();
    assert_eq!(
        client.answer(held).await,
        Ok(HELD.to_le_bytes().to_vec().into())
    );
    drop(old);
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_waits_for_a_session_without_a_connection() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let first = client.call_at(200, &echo(0));
    client.answer(first).await.unwrap();
    let held = client.call(HELD.to_le_bytes().to_vec());
    let pongs = client.pongs;
    client.ping();
    client.run_until(|client| client.pongs > pongs).await;
    let (client, old) = client.move_to_new_connection(&world).await;
    let (mut client, unused) = {
        drop(old);
        world.script.release.notify_one();
        client.move_to_new_connection(&world).await
    };
    drop(unused);
    assert_eq!(
        client.answer(held).await,
        Ok(HELD.to_le_bytes().to_vec().into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_for_running_calls() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let first = client.call_at(200, &echo(0));
    client.answer(first).await.unwrap();
    let held = client.call(HELD.to_le_bytes().to_vec());
    let pongs = client.pongs;
    client.ping();
    client.run_until(|client| client.pongs > pongs).await;
    loop {
        let change = world.script.change.notified();
        if world.script.calls.lock().unwrap().len() == 2 {
            break;
        }
        change.await;
    }
    world.stop.cancel();
    world.script.release.notify_one();
    client.answer(held).await.unwrap();
    tokio::time::timeout(PATIENCE, world.served)
        .await
        .unwrap()
        .unwrap();
    let mut rest = Vec::new();
    client.stream.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_key_calls_for_the_permanent_one() {
    let world = world().await;
    let transport = ClientTransportConfig::plain(FrameKind::Intermediate);
    let mut config = config(transport);
    config.handshake.kind = InnerKind::Temp(3600);
    let mut client = Client::make_key(world.address, config).await;
    // Nothing has announced a layer yet: clients bind first.
    let mut bind = 0xcdd4_2a05_u32.to_le_bytes().to_vec();
    bind.extend([0; 4]);
    let request = client.call(bind.clone());
    client.answer(request).await.unwrap();
    let permanent = bus::AuthKeyId(77);
    let mut facts = world.script.keys.lock().unwrap()[&client.key_id].clone();
    facts.expires_at = 0;
    facts.user = Some(bus::UserId(9));
    facts.layer = 158;
    world.script.keys.lock().unwrap().insert(permanent, facts);
    world.gateway.tell(bus::Notice::KeyBound {
        temp_key_id: client.key_id,
        auth_key_id: permanent,
    });
    let request = client.call(echo(1));
    client.answer(request).await.unwrap();
    {
        let calls = world.script.calls.lock().unwrap();
        let [unbound, bound] = &calls[..] else {
            panic!("{calls:?}");
        };
        assert_eq!(unbound.caller.auth_key_id, client.key_id);
        assert_eq!(unbound.caller.temp_key_id, Some(client.key_id));
        assert_eq!(unbound.caller.user, None);
        assert_eq!(bound.caller.auth_key_id, permanent);
        assert_eq!(bound.caller.temp_key_id, Some(client.key_id));
        assert_eq!(bound.caller.user, Some(bus::UserId(9)));
        assert_eq!(bound.caller.layer, 158);
    }
    // Where the permanent key goes, the temporary one follows.
    world.gateway.tell(bus::Notice::KeyGone(permanent));
    client.run_until(|client| client.closed).await;
}
