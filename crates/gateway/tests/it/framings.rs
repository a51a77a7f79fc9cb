//! Every way a client may speak.

use mtproto_core::transport::{ClientTransportConfig, FrameKind, ProxySecret};

use crate::harness::{Client, echo, world};

#[tokio::test(flavor = "multi_thread")]
async fn every_framing_carries_a_key_exchange_and_a_call() {
    let world = world().await;
    let secret = || ProxySecret::parse("00112233445566778899aabbccddeeff");
    for kind in [
        FrameKind::Abridged,
        FrameKind::Full,
        FrameKind::Intermediate,
        FrameKind::PaddedIntermediate,
    ] {
        for (obfuscated, secret) in [(false, None), (true, None), (true, secret().ok())] {
            if obfuscated && kind == FrameKind::Full {
                continue;
            }
            let transport = ClientTransportConfig {
                kind,
                obfuscated,
                secret,
                dc_id: 2,
            };
            let mut client = Client::connect_by(&world, transport).await;
            let request = client.call_at(158, &echo(5));
            assert_eq!(client.answer(request).await, Ok(echo(5).into()), "{kind:?}");
        }
    }
}
