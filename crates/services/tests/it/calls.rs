//! Calls: asked for, taken, confirmed, ended.

use services::Relay;
use sha2::{Digest as _, Sha256};
use tl::Bytes;
use tl_api::{constructors, functions, types};

use crate::harness::{Client, Refused, Server, as_user, refused};
use crate::messages::{peer_of, updates};
use crate::secret::public_number;

/// Alice calls Bob, who has two devices.
struct Line {
    server: Server,
    alice: Client,
    bob: Client,
    tablet: Client,
    to_bob: types::InputPeer,
    g_a: Bytes,
}

fn protocol(versions: &[&str]) -> types::PhoneCallProtocol {
    let versions = versions.iter().map(|version| (*version).into()).collect();
    let mut protocol = types::PhoneCallProtocol::new(65, 92, versions);
    protocol.udp_p2p = true;
    protocol
}

fn calls(client: &Client) -> Vec<types::PhoneCall> {
    client
        .take_updates()
        .into_iter()
        .filter_map(|update| match update {
            types::Update::PhoneCall { phone_call } => Some(phone_call),
            _ => None,
        })
        .collect()
}

impl Line {
    async fn start() -> Self {
        let server = Server::start_with(|options| {
            options.relay = Some(Relay {
                address: ([203, 0, 113, 7], 3478).into(),
                secret: Some("north".to_owned()),
            });
        });
        let alice = server.sign_up("15550000001", "Alice").await;
        let bob = server.sign_up("15550000002", "Bob").await;
        let tablet = server.log_in_at(158, "15550000002").await;
        let to_bob = peer_of(&alice, &bob, "15550000002").await;
        for client in [&alice, &bob, &tablet] {
            client.call(functions::updates::GetState {}).await.unwrap();
            client.take_updates();
        }
        let g_a = public_number(&server);
        Self {
            server,
            alice,
            bob,
            tablet,
            to_bob,
            g_a,
        }
    }

    fn request(&self, random_id: i32) -> functions::phone::RequestCall {
        functions::phone::RequestCall::new(
            as_user(&self.to_bob),
            random_id,
            Bytes::copy_from_slice(&Sha256::digest(&self.g_a)),
            protocol(&["5.0.0", "2.4.4"]),
        )
    }

    /// Alice calls; the call as she and Bob name it.
    async fn ring(&self) -> (types::InputPhoneCall, types::InputPhoneCall) {
        let asked = self.alice.call(self.request(7)).await.unwrap();
        let types::PhoneCall::Waiting(waiting) = asked.phone_call else {
            panic!("not waiting");
        };
        assert_eq!(asked.users.len(), 2);
        assert_eq!(calls(&self.tablet).len(), 1);
        let rings = calls(&self.bob);
        let [types::PhoneCall::Requested(requested)] = &rings[..] else {
            panic!("{rings:?}");
        };
        assert_eq!(requested.admin_id, self.alice.user_id());
        let name = |id, access_hash| types::InputPhoneCall { id, access_hash };
        (
            name(waiting.id, waiting.access_hash),
            name(requested.id, requested.access_hash),
        )
    }

    async fn accept(
        &self,
        peer: &types::InputPhoneCall,
        versions: &[&str],
    ) -> Result<types::phone::PhoneCall, Refused> {
        let accept = functions::phone::AcceptCall {
            peer: peer.clone(),
            g_b: public_number(&self.server),
            protocol: protocol(versions),
        };
        self.bob.call(accept).await
    }

    async fn confirm(
        &self,
        peer: &types::InputPhoneCall,
        g_a: &Bytes,
    ) -> Result<types::phone::PhoneCall, Refused> {
        let confirm = functions::phone::ConfirmCall {
            peer: peer.clone(),
            g_a: g_a.clone(),
            key_fingerprint: 99,
            protocol: protocol(&["5.0.0"]),
        };
        self.alice.call(confirm).await
    }
}

fn hang_up(peer: &types::InputPhoneCall, duration: i32) -> functions::phone::DiscardCall {
    functions::phone::DiscardCall::new(
        peer.clone(),
        duration,
        types::PhoneCallDiscardReason::Hangup {},
        0,
    )
}

fn notices(updates: &[types::Update]) -> Vec<constructors::MessageActionPhoneCall> {
    updates
        .iter()
        .filter_map(|update| match update {
            types::Update::NewMessage {
                message: types::Message::Service(message),
                ..
            } => match &message.action {
                types::MessageAction::PhoneCall(action) => Some(action.as_ref().clone()),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn request_is_judged() {
    let line = Line::start().await;
    let with = |change: fn(&mut functions::phone::RequestCall)| {
        let mut request = line.request(1);
        change(&mut request);
        request
    };
    for (request, name) in [
        (
            with(|request| request.user_id = types::InputUser::Self_ {}),
            "USER_ID_INVALID",
        ),
        (
            with(|request| request.g_a_hash = Bytes::new()),
            "DH_G_A_INVALID",
        ),
        (
            with(|request| request.protocol.udp_p2p = false),
            "CALL_PROTOCOL_FLAGS_INVALID",
        ),
        (
            with(|request| request.protocol.min_layer = 93),
            "CALL_PROTOCOL_LAYER_INVALID",
        ),
    ] {
        assert_eq!(
            line.alice.call(request).await.unwrap_err(),
            refused(400, name)
        );
    }
    let privacy = functions::account::SetPrivacy {
        key: types::InputPrivacyKey::PhoneCall {},
        rules: vec![types::InputPrivacyRule::InputPrivacyValueDisallowAll {}],
    };
    line.bob.call(privacy).await.unwrap();
    let error = line.alice.call(line.request(1)).await.unwrap_err();
    assert_eq!(error, refused(403, "USER_PRIVACY_RESTRICTED"));
    let to_alice = peer_of(&line.bob, &line.alice, "15550000001").await;
    let block = functions::contacts::Block {
        my_stories_from: false,
        id: to_alice,
    };
    line.bob.call(block).await.unwrap();
    let error = line.alice.call(line.request(1)).await.unwrap_err();
    assert_eq!(error, refused(403, "USER_IS_BLOCKED"));
    line.alice
        .call(functions::phone::GetCallConfig {})
        .await
        .unwrap();
}

#[tokio::test]
async fn call_is_taken_by_one_device_and_talked_over() {
    let line = Line::start().await;
    let (alices, bobs) = line.ring().await;
    // Asked again it is the same call.
    line.alice.call(line.request(7)).await.unwrap();
    assert!(calls(&line.bob).is_empty());
    let received = functions::phone::ReceivedCall { peer: bobs.clone() };
    let mut foreign = received.clone();
    foreign.peer = alices.clone();
    let error = line.alice.call(foreign).await.unwrap_err();
    assert_eq!(error, refused(400, "CALL_PEER_INVALID"));
    line.bob.call(received).await.unwrap();
    assert!(matches!(
        &calls(&line.alice)[..],
        [types::PhoneCall::Waiting(waiting)] if waiting.receive_date.is_some()
    ));
    let error = line.accept(&bobs, &["9.9.9"]).await.unwrap_err();
    assert_eq!(error, refused(406, "CALL_PROTOCOL_COMPAT_LAYER_INVALID"));
    line.accept(&bobs, &["2.4.4", "5.0.0"]).await.unwrap();
    assert!(matches!(
        &calls(&line.tablet)[..],
        [types::PhoneCall::Discarded(_)]
    ));
    let told = calls(&line.alice);
    let [types::PhoneCall::Accepted(accepted)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(accepted.protocol.library_versions, ["5.0.0", "2.4.4"]);
    let error = line.accept(&bobs, &["5.0.0"]).await.unwrap_err();
    assert_eq!(error, refused(400, "CALL_ALREADY_ACCEPTED"));
    let other = public_number(&line.server);
    let error = line.confirm(&alices, &other).await.unwrap_err();
    assert_eq!(error, refused(400, "DH_G_A_INVALID"));
    let own = line.confirm(&alices, &line.g_a).await.unwrap();
    let types::PhoneCall::PhoneCall(own) = own.phone_call else {
        panic!("no call");
    };
    assert_eq!(own.g_a_or_b, accepted.g_b);
    let told = calls(&line.bob);
    let [types::PhoneCall::PhoneCall(theirs)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (theirs.g_a_or_b.clone(), theirs.key_fingerprint),
        (line.g_a.clone(), 99)
    );
    let [types::PhoneConnection::Webrtc(relay)] = &theirs.connections[..] else {
        panic!("no relay");
    };
    assert_eq!(
        (relay.ip.as_str(), relay.port, relay.turn),
        ("203.0.113.7", 3478, true)
    );
    assert!(!relay.password.is_empty());
    // Signals go to the device that talks.
    let signal = functions::phone::SendSignalingData {
        peer: alices.clone(),
        data: Bytes::from_static(b"candidate"),
    };
    line.alice.call(signal).await.unwrap();
    assert!(matches!(
        &line.bob.take_updates()[..],
        [types::Update::PhoneCallSignalingData { data, .. }] if *data == b"candidate"[..]
    ));
    assert!(line.tablet.take_updates().is_empty());
    line.server.world.advance_s(30);
    let ended = updates(line.alice.call(hang_up(&alices, 30)).await.unwrap());
    assert!(matches!(
        &ended.updates[0],
        types::Update::PhoneCall {
            phone_call: types::PhoneCall::Discarded(call),
        } if call.duration == Some(30)
    ));
    assert_eq!(notices(&ended.updates).len(), 1);
    let told = line.bob.take_updates();
    assert!(matches!(&told[0], types::Update::PhoneCall { .. }));
    assert_eq!(notices(&told)[0].duration, Some(30));
    // Ended again, it is as it was.
    let again = updates(line.alice.call(hang_up(&alices, 31)).await.unwrap());
    assert_eq!(again.updates.len(), 1);
    assert!(line.bob.take_updates().is_empty());
    let error = line.accept(&bobs, &["5.0.0"]).await.unwrap_err();
    assert_eq!(error, refused(400, "CALL_ALREADY_DECLINED"));
}

#[tokio::test]
async fn call_that_nobody_takes_is_missed() {
    let line = Line::start().await;
    let (alices, _) = line.ring().await;
    line.server.world.advance_s(89);
    assert_eq!(line.server.services.run_due().await, 0);
    line.server.world.advance_s(1);
    assert_eq!(line.server.services.run_due().await, 1);
    let told = line.bob.take_updates();
    assert!(matches!(
        &told[0],
        types::Update::PhoneCall {
            phone_call: types::PhoneCall::Discarded(call),
        } if call.reason == Some(types::PhoneCallDiscardReason::Missed {})
    ));
    assert_eq!(
        notices(&told)[0].reason,
        Some(types::PhoneCallDiscardReason::Missed {})
    );
    assert_eq!(notices(&line.alice.take_updates()).len(), 1);
    // The notice goes for both; once it is gone there is nothing to delete.
    let delete = functions::messages::DeletePhoneCallHistory { revoke: true };
    let gone = line.alice.call(delete.clone()).await.unwrap();
    assert_eq!(
        (gone.messages.len(), gone.pts_count, gone.offset),
        (1, 1, 0)
    );
    assert!(matches!(
        &line.bob.take_updates()[..],
        [types::Update::DeleteMessages { messages, .. }] if messages.len() == 1
    ));
    let gone = line.alice.call(delete.clone()).await.unwrap();
    assert_eq!((gone.messages.len(), gone.pts_count), (0, 0));
    let gone = line.bob.call(delete).await.unwrap();
    assert_eq!(gone.messages.len(), 0);
    let rating = functions::phone::SetCallRating::new(alices, 6, "".into());
    let error = line.alice.call(rating).await.unwrap_err();
    assert_eq!(error, refused(400, "CALL_PEER_INVALID"));
}

#[tokio::test]
async fn call_without_a_key_falls_apart() {
    let line = Line::start().await;
    let (_, bobs) = line.ring().await;
    line.accept(&bobs, &["5.0.0"]).await.unwrap();
    calls(&line.alice);
    line.server.world.advance_s(20);
    assert_eq!(line.server.services.run_due().await, 1);
    assert!(matches!(
        &calls(&line.alice)[..],
        [types::PhoneCall::Discarded(call)]
            if call.reason == Some(types::PhoneCallDiscardReason::Disconnect {})
    ));
}

#[tokio::test]
async fn called_one_declines() {
    let line = Line::start().await;
    let (_, bobs) = line.ring().await;
    let carol = line.server.sign_up("15550000003", "Carol").await;
    let error = carol.call(hang_up(&bobs, 0)).await.unwrap_err();
    assert_eq!(error, refused(400, "CALL_PEER_INVALID"));
    let mut busy = hang_up(&bobs, 0);
    busy.reason = types::PhoneCallDiscardReason::Busy {};
    line.bob.call(busy).await.unwrap();
    let told = line.alice.take_updates();
    assert_eq!(
        notices(&told)[0].reason,
        Some(types::PhoneCallDiscardReason::Busy {})
    );
    assert_eq!(notices(&line.bob.take_updates()).len(), 1);
}
