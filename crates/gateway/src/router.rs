//! The wrappers around calls (E60–E64). What is inside stays bytes.

use bytes::Bytes;
use mtproto_core::message::{GZIP_OUTPUT_LEN_MAX, gunzip};
use tl::{DecodeError, Reader, Rest};
use tl_api::functions;

use crate::refusal::Refusal;

/// How many wrappers a call may be in.
const DEPTH_MAX: usize = 10;
/// The most bytes of each text of `initConnection`.
const TEXT_LEN_MAX: usize = 128;
/// `gzip_packed#3072cfa1`
const GZIP_PACKED: u32 = 0x3072_cfa1;

/// What the wrappers of a call say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wrapped {
    /// The function itself.
    pub(crate) body: Bytes,
    /// The layer announced.
    pub(crate) layer: Option<i32>,
    /// What the client says of itself; its layer is not set.
    pub(crate) connection: Option<bus::ConnectionFacts>,
    /// The calls that must have succeeded before.
    pub(crate) after: Vec<i64>,
    pub(crate) without_updates: bool,
}

/// Takes the wrappers off a call.
pub(crate) fn unwrap(body: Bytes) -> Result<Wrapped, Refusal> {
    let mut wrapped = Wrapped {
        body,
        ..Wrapped::default()
    };
    for _ in 0..DEPTH_MAX {
        match peel(&mut wrapped).map_err(|_| Refusal::InputFetchError)? {
            Some(inner) => wrapped.body = inner,
            None => return check(wrapped),
        }
    }
    Err(Refusal::InputFetchError)
}

/// What may not be taken off, or says too little.
fn check(wrapped: Wrapped) -> Result<Wrapped, Refusal> {
    use tl::Function as _;
    if Rest(wrapped.body.clone()).id() == Some(functions::InvokeWithBusinessConnection::<Call>::ID)
    {
        return Err(Refusal::BusinessConnectionInvalid);
    }
    match &wrapped.connection {
        Some(facts) if facts.device_model.is_empty() => Err(Refusal::ConnectionDeviceModelEmpty),
        Some(facts) if facts.system_version.is_empty() => Err(Refusal::ConnectionSystemEmpty),
        Some(facts) if facts.app_version.is_empty() => Err(Refusal::ConnectionAppVersionEmpty),
        Some(_) | None => Ok(wrapped),
    }
}

/// Whether it is the call that binds a temporary key. Clients make it before they announce a layer
/// (C55).
pub(crate) fn is_bind(body: &Bytes) -> bool {
    use tl::Function as _;
    Rest(body.clone()).id() == Some(functions::auth::BindTempAuthKey::ID)
}

/// Takes the outermost wrapper off; `None` when there is none.
fn peel(wrapped: &mut Wrapped) -> Result<Option<Bytes>, DecodeError> {
    use tl::Function as _;
    let Some(id) = Rest(wrapped.body.clone()).id() else {
        return Ok(None);
    };
    let body = wrapped.body.clone();
    Ok(Some(match id {
        functions::InvokeWithLayer::<Call>::ID => {
            let call: functions::InvokeWithLayer<Rest> = read(&body)?;
            wrapped.layer = Some(call.layer);
            call.query.0
        }
        functions::InitConnection::<Call>::ID => {
            let call: functions::InitConnection<Rest> = read(&body)?;
            wrapped.connection = Some(facts(&call));
            call.query.0
        }
        functions::InvokeAfterMsg::<Call>::ID => {
            let call: functions::InvokeAfterMsg<Rest> = read(&body)?;
            wrapped.after.push(call.msg_id);
            call.query.0
        }
        functions::InvokeAfterMsgs::<Call>::ID => {
            let call: functions::InvokeAfterMsgs<Rest> = read(&body)?;
            wrapped.after.extend(call.msg_ids.iter().take(100));
            call.query.0
        }
        functions::InvokeWithoutUpdates::<Call>::ID => {
            wrapped.without_updates = true;
            read::<functions::InvokeWithoutUpdates<Rest>>(&body)?
                .query
                .0
        }
        functions::InvokeWithMessagesRange::<Call>::ID => {
            read::<functions::InvokeWithMessagesRange<Rest>>(&body)?
                .query
                .0
        }
        functions::InvokeWithTakeout::<Call>::ID => {
            read::<functions::InvokeWithTakeout<Rest>>(&body)?.query.0
        }
        functions::InvokeWithApnsSecret::<Call>::ID => {
            read::<functions::InvokeWithApnsSecret<Rest>>(&body)?
                .query
                .0
        }
        functions::InvokeWithGooglePlayIntegrity::<Call>::ID => {
            read::<functions::InvokeWithGooglePlayIntegrity<Rest>>(&body)?
                .query
                .0
        }
        functions::InvokeWithReCaptcha::<Call>::ID => {
            read::<functions::InvokeWithReCaptcha<Rest>>(&body)?.query.0
        }
        GZIP_PACKED => gunzip(&body, GZIP_OUTPUT_LEN_MAX).map_err(|_| DecodeError::Truncated)?,
        _ => return Ok(None),
    }))
}

/// Stands for whatever is inside where a wrapper is named by its id.
type Call = functions::help::GetConfig;

fn read<T: tl::Decode>(body: &Bytes) -> Result<T, DecodeError> {
    T::decode(&mut Reader::new(body))
}

fn facts(call: &functions::InitConnection<Rest>) -> bus::ConnectionFacts {
    bus::ConnectionFacts {
        layer: 0,
        api_id: call.api_id,
        device_model: cut(&call.device_model),
        system_version: cut(&call.system_version),
        app_version: cut(&call.app_version),
        system_lang_code: cut(&call.system_lang_code),
        lang_pack: cut(&call.lang_pack),
        lang_code: cut(&call.lang_code),
    }
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_LEN_MAX);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use tl::{Layer, to_bytes};

    use super::*;

    #[test]
    fn wrappers_come_off_in_any_order() {
        let query = functions::help::GetConfig {};
        let after = functions::InvokeAfterMsg { msg_id: 77, query };
        let init = functions::InitConnection::new(
            1,
            "d".into(),
            "s".into(),
            "a".into(),
            "en".into(),
            String::new().into(),
            "en".into(),
            after,
        );
        let call = functions::InvokeWithLayer {
            layer: 158,
            query: init,
        };
        let wrapped = unwrap(to_bytes(&call, Layer::NEWEST).unwrap()).unwrap();
        assert_eq!(wrapped.layer, Some(158));
        assert_eq!(wrapped.after, [77]);
        assert_eq!(
            wrapped.connection.map(|facts| facts.device_model),
            Some("d".into())
        );
        assert_eq!(wrapped.body[..], 0xc4f9_186b_u32.to_le_bytes());
    }

    #[test]
    fn endless_wrapping_is_refused() {
        let mut body = to_bytes(&functions::help::GetConfig {}, Layer::NEWEST).unwrap();
        for _ in 0..20 {
            let wrapper = functions::InvokeWithoutUpdates { query: Rest(body) };
            body = {
                let mut writer = tl::Writer::new(Layer::NEWEST);
                writer.u32(0xbf94_59b7);
                writer.raw(&wrapper.query.0);
                writer.into_bytes()
            };
        }
        assert_eq!(unwrap(body), Err(Refusal::InputFetchError));
    }
}
