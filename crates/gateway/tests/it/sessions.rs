//! Sessions outlive connections.

use tokio::io::AsyncReadExt as _;

use crate::harness::{Client, HELD, PATIENCE, echo, world};

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
