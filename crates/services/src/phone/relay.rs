//! Where the media of calls go: a TURN server of the operator, with passwords of limited time.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use messenger::Now;
use sha1::Sha1;
use tl_api::{constructors, types};

/// How long the name and password of a call are good, seconds.
const LIFE_S: u32 = 86_400;

/// A server that carries the media of calls.
#[derive(Clone, PartialEq, Eq)]
pub struct Relay {
    /// Where it is.
    pub address: SocketAddr,
    /// The secret that it shares with this server; without one it only tells clients their address
    /// (STUN).
    pub secret: Option<String>,
}

impl std::fmt::Debug for Relay {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// How the two of a call reach each other through it.
    pub(super) fn connection(&self, call: i64, now: Now) -> types::PhoneConnection {
        let (mut ip, mut ipv6) = (String::new(), String::new());
        match self.address.ip() {
            std::net::IpAddr::V4(address) => ip = address.to_string(),
            std::net::IpAddr::V6(address) => ipv6 = address.to_string(),
        }
        let (username, password) = match &self.secret {
            Some(secret) => {
                let username = format!("{}:{call}", now.unix_s().saturating_add(LIFE_S));
                let password = password(secret, &username);
                (username, password)
            }
            None => (String::new(), String::new()),
        };
        let mut connection = constructors::PhoneConnectionWebrtc::new(
            1,
            ip.into(),
            ipv6.into(),
            self.address.port().into(),
            username.into(),
            password.into(),
        );
        connection.turn = self.secret.is_some();
        connection.stun = true;
        types::PhoneConnection::Webrtc(Box::new(connection))
    }
}

/// What every TURN server with a shared secret expects.
fn password(secret: &str, username: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| unreachable!("any length is a key"));
    mac.update(username.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_the_one_that_servers_expect() {
        // printf '%s' 1433895918:user | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(
            password("north", "1433895918:user"),
            "/gk4t5tUc08OpM3NjrVjHSFVNmY="
        );
        let relay = Relay {
            address: ([203, 0, 113, 7], 3478).into(),
            secret: Some("north".to_owned()),
        };
        let types::PhoneConnection::Webrtc(connection) = relay.connection(5, Now(1_000_000)) else {
            panic!("another kind of connection");
        };
        assert!(connection.turn && connection.stun);
        assert_eq!(connection.username, "87400:5");
        assert_eq!(connection.password, password("north", "87400:5").as_str());
        assert!(!format!("{relay:?}").contains("north"));
    }
}
