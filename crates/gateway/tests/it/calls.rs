//! Calls on their way to the services and back.

use mtproto_core::session::RpcFailure;

use crate::harness::{Client, HELD, REFUSED, echo, world, world_with};

fn refused(code: i32, name: &str) -> Result<bytes::Bytes, RpcFailure> {
    Err(RpcFailure::Rpc {
        code,
        message: name.into(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn layer_belongs_to_the_key_and_is_announced_once() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let request = client.call(echo(1));
    assert_eq!(
        client.answer(request).await,
        refused(400, "CONNECTION_NOT_INITED")
    );
    let request = client.call_at(100, &echo(1));
    assert_eq!(
        client.answer(request).await,
        refused(400, "CONNECTION_LAYER_INVALID")
    );
    for _ in 0..2 {
        let request = client.call_at(158, &echo(1));
        client.answer(request).await.unwrap();
    }
    let mut other = client.another_session(&world).await;
    let request = other.call(echo(2));
    other.answer(request).await.unwrap();
    let calls = world.script.calls.lock().unwrap();
    assert!(calls.iter().all(|call| call.caller.layer == 158));
    assert_eq!(calls.len(), 3);
    assert_eq!(world.script.announced.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_calls_are_in_flight_and_pongs_do_not_wait() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let first = client.call_at(200, &echo(0));
    client.answer(first).await.unwrap();
    let held: Vec<_> = (0..500_u32)
        .map(|number| {
            let mut body = HELD.to_le_bytes().to_vec();
            body.extend(number.to_le_bytes());
            client.call(body)
        })
        .collect();
    let pongs = client.pongs;
    client.ping();
    client.run_until(|client| client.pongs > pongs).await;
    loop {
        let change = world.script.change.notified();
        if world.script.calls.lock().unwrap().len() == 501 {
            break;
        }
        change.await;
    }
    world.script.release.notify_waiters();
    for request in held {
        // Those that began to wait after the first release.
        world.script.release.notify_one();
        client.answer(request).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn call_waits_for_the_one_it_names() {
    let world = world().await;
    let mut client = Client::connect(&world).await;
    let first = client.call_at(200, &echo(0));
    client.answer(first).await.unwrap();
    let after = |msg_id: i64, inner: &[u8]| {
        let mut body = 0xcb9f_372d_u32.to_le_bytes().to_vec();
        body.extend(msg_id.to_le_bytes());
        body.extend(inner);
        body
    };
    // The ids of messages are not told to programs; the services see them.
    let bad = client.call(REFUSED.to_le_bytes().to_vec());
    assert_eq!(client.answer(bad).await, refused(400, "BAD"));
    let (good, bad) = {
        let calls = world.script.calls.lock().unwrap();
        (calls[0].msg_id, calls[1].msg_id)
    };
    let request = client.call(after(good, &echo(1)));
    assert_eq!(client.answer(request).await, Ok(echo(1).into()));
    let request = client.call(after(bad, &echo(2)));
    assert_eq!(
        client.answer(request).await,
        refused(400, "MSG_WAIT_FAILED")
    );
    let request = client.call(after(4, &echo(3)));
    assert_eq!(
        client.answer(request).await,
        refused(500, "MSG_WAIT_TIMEOUT")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_told_when_to_come_again() {
    let world = world_with(gateway::Limits {
        calls_per_key_and_second: 1,
        calls_burst: 5,
        ..gateway::Limits::default()
    })
    .await;
    let mut client = Client::connect(&world).await;
    let first = client.call_at(200, &echo(0));
    client.answer(first).await.unwrap();
    let requests: Vec<_> = (0..9).map(|number| client.call(echo(number))).collect();
    let mut limited = 0;
    for request in requests {
        match client.answer(request).await {
            Ok(_) => {}
            Err(RpcFailure::Rpc { code: 420, message }) => {
                assert!(message.starts_with("FLOOD_WAIT_"), "{message}");
                limited += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((4..=5).contains(&limited), "{limited} of 9 were limited");
}
