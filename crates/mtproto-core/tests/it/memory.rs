//! What an idle client costs the server.

use mtproto_core::connection::ServerConnection;
use mtproto_core::session::ServerSession;
use mtproto_core::transport::{ClientTransportConfig, FrameKind};

use crate::world::World;

#[test]
fn idle_session_and_connection_take_less_than_1536_bytes() {
    let mut world = World::with_key(1);
    world.client_config.transport = ClientTransportConfig {
        kind: FrameKind::PaddedIntermediate,
        obfuscated: true,
        secret: None,
        dc_id: 2,
    };
    world.connect();
    for _ in 0..5 {
        world.call(500);
        world.advance(2_000);
    }
    world.push_update(1);
    world.advance(600_000);
    assert!(world.server_closed.is_empty() && world.is_connected());
    let heap = world.last_server().heap_len();
    let total = size_of::<ServerConnection>() + heap;
    println!(
        "idle: {total} bytes; connection {} + heap {heap}, in it the session {} and its obfuscation",
        size_of::<ServerConnection>(),
        size_of::<ServerSession>(),
    );
    assert!(total <= 1536, "{total} bytes");
}
