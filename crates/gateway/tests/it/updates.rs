//! Updates reach the sessions they are for, each in the form of its layer.

use bus::{Gateways as _, Notice, Push, SessionId, Target, UserId};
use tl::{Layer, to_bytes};
use tl_api::{NEWEST_LAYER, constructors, types};

use crate::harness::{Client, World, echo, world};

fn updates() -> types::Updates {
    let message =
        constructors::Message::new(7, types::Peer::User { user_id: 5 }, 9, "hello".into());
    types::Updates::Updates(Box::new(constructors::Updates {
        updates: vec![types::Update::NewMessage {
            message: types::Message::Message(Box::new(message)),
            pts: 2,
            pts_count: 1,
        }],
        users: Vec::new(),
        chats: Vec::new(),
        date: 9,
        seq: 0,
    }))
}

async fn subscriber(world: &World, layer: i32, user: UserId) -> Client {
    let mut client = Client::connect(world).await;
    let request = client.call_at(layer, &echo(0));
    client.answer(request).await.unwrap();
    subscribe(world, &client, user);
    client
}

fn subscribe(world: &World, client: &Client, user: UserId) {
    let session = {
        let calls = world.script.calls.lock().unwrap();
        let call = calls
            .iter()
            .rev()
            .find(|call| call.caller.auth_key_id == client.key_id);
        call.map_or(SessionId(0), |call| call.caller.session_id)
    };
    world
        .gateway
        .tell(Notice::KeyUser(client.key_id, Some(user)));
    world
        .gateway
        .tell(Notice::KeySubscribed(client.key_id, session));
}

fn push(world: &World, user: UserId) {
    world.gateway.tell(Notice::Push(Push {
        target: Target::User(user),
        except: None,
        updates: to_bytes(&updates(), Layer(NEWEST_LAYER)).unwrap(),
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_session_is_shown_the_form_of_its_layer() {
    let world = world().await;
    let user = UserId(5);
    let mut clients = Vec::new();
    for layer in [140, 158, 200, 230] {
        clients.push((layer, subscriber(&world, layer, user).await));
    }
    let mut stranger = subscriber(&world, 230, UserId(6)).await;
    assert!(world.gateway.may_be_watching(user));
    push(&world, user);
    for (layer, client) in &mut clients {
        client.run_until(|client| !client.updates.is_empty()).await;
        let layer = tl_api::served_layer(*layer).unwrap();
        assert_eq!(client.updates, [to_bytes(&updates(), layer).unwrap()]);
    }
    let pongs = stranger.pongs;
    stranger.ping();
    stranger.run_until(|client| client.pongs > pongs).await;
    assert!(stranger.updates.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_wait_for_a_session_that_lost_its_connection() {
    let world = world().await;
    let user = UserId(5);
    let client = subscriber(&world, 158, user).await;
    let (mut client, old) = client.move_to_new_connection(&world).await;
    drop(old);
    push(&world, user);
    client.ping();
    client.run_until(|client| !client.updates.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn last_connection_of_a_user_is_noticed() {
    let world = world().await;
    let client = subscriber(&world, 158, UserId(5)).await;
    let change = world.script.change.notified();
    drop(client);
    if world.script.gone.lock().unwrap().is_empty() {
        change.await;
    }
    assert_eq!(world.script.gone.lock().unwrap()[..], [UserId(5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_closes_its_connections() {
    let world = world().await;
    let mut client = subscriber(&world, 158, UserId(5)).await;
    world.gateway.tell(Notice::KeyGone(client.key_id));
    client.run_until(|client| client.closed).await;
}
