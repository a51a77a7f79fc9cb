//! Refusals that the gateway itself answers calls with.

use bytes::Bytes;
use tl::{Encode as _, Layer, Str, Writer};

/// `rpc_error#2144ca19`
const RPC_ERROR: u32 = 0x2144_ca19;

/// Why a call does not get as far as the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No business account is connected to a bot here.
    BusinessConnectionInvalid,
    /// `initConnection` does not say what application it is.
    ConnectionAppVersionEmpty,
    /// `initConnection` does not say what device it is.
    ConnectionDeviceModelEmpty,
    /// The layer that was announced is not served.
    ConnectionLayerInvalid,
    /// No layer was announced with this key.
    ConnectionNotInited,
    /// `initConnection` does not say what system it is.
    ConnectionSystemEmpty,
    /// Too many calls: come again after so many seconds.
    FloodWait(u64),
    /// The wrappers cannot be read.
    InputFetchError,
    /// A call it had to wait for failed (E61).
    MsgWaitFailed,
    /// A call it had to wait for did not come (E61).
    MsgWaitTimeout,
    /// The services cannot be reached: come again.
    Timeout,
}

impl Refusal {
    /// As `rpc_error`.
    pub(crate) fn to_bytes(self) -> Bytes {
        let (code, name) = match self {
            Self::BusinessConnectionInvalid => (400, "BUSINESS_CONNECTION_INVALID".into()),
            Self::ConnectionAppVersionEmpty => (400, "CONNECTION_APP_VERSION_EMPTY".into()),
            Self::ConnectionDeviceModelEmpty => (400, "CONNECTION_DEVICE_MODEL_EMPTY".into()),
            Self::ConnectionLayerInvalid => (400, "CONNECTION_LAYER_INVALID".into()),
            Self::ConnectionNotInited => (400, "CONNECTION_NOT_INITED".into()),
            Self::ConnectionSystemEmpty => (400, "CONNECTION_SYSTEM_EMPTY".into()),
            Self::FloodWait(seconds) => (420, format!("FLOOD_WAIT_{seconds}")),
            Self::InputFetchError => (400, "INPUT_FETCH_ERROR".into()),
            Self::MsgWaitFailed => (400, "MSG_WAIT_FAILED".into()),
            Self::MsgWaitTimeout => (500, "MSG_WAIT_TIMEOUT".to_owned()),
            // The code that clients know for what may simply be sent again.
            Self::Timeout => (-503, "Timeout".to_owned()),
        };
        let mut writer = Writer::new(Layer::NEWEST);
        writer.u32(RPC_ERROR);
        writer.i32(code);
        Str::from(name).encode(&mut writer);
        writer.into_bytes()
    }
}

/// Whether an answer is a refusal.
pub(crate) fn is_refusal(answer: &[u8]) -> bool {
    answer.starts_with(&RPC_ERROR.to_le_bytes())
}
