//! The service messages as values.

use bytes::Bytes;
use tl::{Layer, Reader, Writer};

use super::id;
use crate::error::{Error, PeerMisbehaved};
use crate::time::MsgId;

/// The most ids in one list (E12).
pub const IDS_LEN_MAX: usize = 8192;

/// A salt with the time in which the server takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FutureSalt {
    /// From when, Unix seconds.
    pub valid_since_s: i32,
    /// Until when, Unix seconds.
    pub valid_until_s: i32,
    /// The salt.
    pub salt: i64,
}

/// A service message, in either direction. Bodies share the packet that they came in.
///
/// Containers, copies and compressed objects are taken apart before ([`crate::message`]).
#[derive(Clone, PartialEq, Eq)]
pub enum Service {
    /// `bad_msg_notification`
    BadMsg {
        /// The rejected message.
        bad_msg_id: MsgId,
        /// Its sequence number.
        bad_msg_seq_no: i32,
        /// A code of E.5.
        code: i32,
    },
    /// `bad_server_salt`
    BadServerSalt {
        /// The rejected message.
        bad_msg_id: MsgId,
        /// Its sequence number.
        bad_msg_seq_no: i32,
        /// A code of E.5: 48.
        code: i32,
        /// The salt to use.
        new_salt: i64,
    },
    /// `destroy_auth_key`
    DestroyAuthKey,
    /// `destroy_auth_key_ok`, `_none` or `_fail`: the constructor.
    DestroyAuthKeyResult(u32),
    /// `destroy_session`
    DestroySession {
        /// The session to end.
        session_id: i64,
    },
    /// `destroy_session_ok` or `_none`
    DestroySessionResult {
        /// The session.
        session_id: i64,
        /// Whether it existed.
        existed: bool,
    },
    /// `future_salts`
    FutureSalts {
        /// The request.
        req_msg_id: MsgId,
        /// The server's clock, Unix seconds.
        now_s: i32,
        /// Sorted by time.
        salts: Vec<FutureSalt>,
    },
    /// `get_future_salts`
    GetFutureSalts {
        /// How many.
        num: i32,
    },
    /// `http_wait`
    HttpWait {
        /// Milliseconds from the first queued message to the response.
        max_delay: i32,
        /// Milliseconds of silence after the latest message.
        wait_after: i32,
        /// Milliseconds to wait with nothing queued.
        max_wait: i32,
    },
    /// `msg_detailed_info`, or `msg_new_detailed_info` without a request.
    MsgDetailedInfo {
        /// The request, if the message answers one.
        msg_id: Option<MsgId>,
        /// The message that is offered.
        answer_msg_id: MsgId,
        /// Its length.
        bytes: i32,
    },
    /// `msg_resend_req`, or `msg_resend_ans_req`.
    MsgResendReq {
        /// The wanted messages, or the requests whose answers are wanted.
        msg_ids: Vec<MsgId>,
        /// Whether it is the second.
        answers: bool,
    },
    /// `msgs_ack`
    MsgsAck {
        /// The messages that arrived.
        msg_ids: Vec<MsgId>,
    },
    /// `msgs_all_info`
    MsgsAllInfo {
        /// The messages.
        msg_ids: Vec<MsgId>,
        /// One byte of state for each (E36).
        info: Bytes,
    },
    /// `msgs_state_info`
    MsgsStateInfo {
        /// The request.
        req_msg_id: MsgId,
        /// One byte of state for each id of the request (E36).
        info: Bytes,
    },
    /// `msgs_state_req`
    MsgsStateReq {
        /// The messages.
        msg_ids: Vec<MsgId>,
    },
    /// `new_session_created`
    NewSessionCreated {
        /// The first message that the server took in this session (E48).
        first_msg_id: MsgId,
        /// Random.
        unique_id: i64,
        /// A salt to use.
        salt: i64,
    },
    /// `ping`, or `ping_delay_disconnect` with a delay.
    Ping {
        /// Repeated in the answer.
        ping_id: i64,
        /// Seconds after which the server may close if nothing else comes.
        disconnect_delay_s: Option<i32>,
    },
    /// `pong`
    Pong {
        /// The ping's message.
        msg_id: MsgId,
        /// The ping's number.
        ping_id: i64,
    },
    /// `rpc_drop_answer`
    RpcDropAnswer {
        /// The request whose answer is not wanted any more.
        req_msg_id: MsgId,
    },
    /// `rpc_result`
    RpcResult {
        /// The request.
        req_msg_id: MsgId,
        /// One object.
        result: Bytes,
    },
}

impl Service {
    /// Reads a body; `None` if its id is none of a service message: an API call, or an update.
    ///
    /// # Errors
    /// [`PeerMisbehaved::Object`] if the message does not fill the body, and
    /// [`PeerMisbehaved::Count`] for a list that is too long.
    pub fn read(body: &Bytes) -> Result<Option<Self>, Error> {
        let mut reader = Reader::new(body);
        let message = match reader.u32()? {
            id::BAD_MSG_NOTIFICATION => Self::BadMsg {
                bad_msg_id: MsgId(reader.i64()?),
                bad_msg_seq_no: reader.i32()?,
                code: reader.i32()?,
            },
            id::BAD_SERVER_SALT => Self::BadServerSalt {
                bad_msg_id: MsgId(reader.i64()?),
                bad_msg_seq_no: reader.i32()?,
                code: reader.i32()?,
                new_salt: reader.i64()?,
            },
            id::DESTROY_AUTH_KEY => Self::DestroyAuthKey,
            constructor @ (id::DESTROY_AUTH_KEY_OK
            | id::DESTROY_AUTH_KEY_NONE
            | id::DESTROY_AUTH_KEY_FAIL) => Self::DestroyAuthKeyResult(constructor),
            id::DESTROY_SESSION => Self::DestroySession {
                session_id: reader.i64()?,
            },
            constructor @ (id::DESTROY_SESSION_OK | id::DESTROY_SESSION_NONE) => {
                Self::DestroySessionResult {
                    session_id: reader.i64()?,
                    existed: constructor == id::DESTROY_SESSION_OK,
                }
            }
            id::FUTURE_SALTS => Self::FutureSalts {
                req_msg_id: MsgId(reader.i64()?),
                now_s: reader.i32()?,
                salts: reader.bare_items(|reader| {
                    Ok(FutureSalt {
                        valid_since_s: reader.i32()?,
                        valid_until_s: reader.i32()?,
                        salt: reader.i64()?,
                    })
                })?,
            },
            id::GET_FUTURE_SALTS => Self::GetFutureSalts { num: reader.i32()? },
            id::HTTP_WAIT => Self::HttpWait {
                max_delay: reader.i32()?,
                wait_after: reader.i32()?,
                max_wait: reader.i32()?,
            },
            constructor @ (id::MSG_DETAILED_INFO | id::MSG_NEW_DETAILED_INFO) => {
                let msg_id = if constructor == id::MSG_DETAILED_INFO {
                    Some(MsgId(reader.i64()?))
                } else {
                    None
                };
                let message = Self::MsgDetailedInfo {
                    msg_id,
                    answer_msg_id: MsgId(reader.i64()?),
                    bytes: reader.i32()?,
                };
                reader.i32()?;
                message
            }
            constructor @ (id::MSG_RESEND_REQ | id::MSG_RESEND_ANS_REQ) => Self::MsgResendReq {
                msg_ids: read_ids(&mut reader)?,
                answers: constructor == id::MSG_RESEND_ANS_REQ,
            },
            id::MSGS_ACK => Self::MsgsAck {
                msg_ids: read_ids(&mut reader)?,
            },
            id::MSGS_ALL_INFO => Self::MsgsAllInfo {
                msg_ids: read_ids(&mut reader)?,
                info: reader.bytes()?,
            },
            id::MSGS_STATE_INFO => Self::MsgsStateInfo {
                req_msg_id: MsgId(reader.i64()?),
                info: reader.bytes()?,
            },
            id::MSGS_STATE_REQ => Self::MsgsStateReq {
                msg_ids: read_ids(&mut reader)?,
            },
            id::NEW_SESSION_CREATED => Self::NewSessionCreated {
                first_msg_id: MsgId(reader.i64()?),
                unique_id: reader.i64()?,
                salt: reader.i64()?,
            },
            id::PING => Self::Ping {
                ping_id: reader.i64()?,
                disconnect_delay_s: None,
            },
            id::PING_DELAY_DISCONNECT => Self::Ping {
                ping_id: reader.i64()?,
                disconnect_delay_s: Some(reader.i32()?),
            },
            id::PONG => Self::Pong {
                msg_id: MsgId(reader.i64()?),
                ping_id: reader.i64()?,
            },
            id::RPC_DROP_ANSWER => Self::RpcDropAnswer {
                req_msg_id: MsgId(reader.i64()?),
            },
            id::RPC_RESULT => Self::RpcResult {
                req_msg_id: MsgId(reader.i64()?),
                result: reader.rest(),
            },
            _ => return Ok(None),
        };
        reader.finish()?;
        Ok(Some(message))
    }

    /// Whether the peer must acknowledge it (E.1).
    pub fn is_content_related(&self) -> bool {
        match self {
            Self::DestroyAuthKey
            | Self::DestroySession { .. }
            | Self::GetFutureSalts { .. }
            | Self::MsgResendReq { .. }
            | Self::MsgsStateReq { .. }
            | Self::NewSessionCreated { .. }
            | Self::RpcDropAnswer { .. }
            | Self::RpcResult { .. } => true,
            Self::BadMsg { .. }
            | Self::BadServerSalt { .. }
            | Self::DestroyAuthKeyResult(_)
            | Self::DestroySessionResult { .. }
            | Self::FutureSalts { .. }
            | Self::HttpWait { .. }
            | Self::MsgDetailedInfo { .. }
            | Self::MsgsAck { .. }
            | Self::MsgsAllInfo { .. }
            | Self::MsgsStateInfo { .. }
            | Self::Ping { .. }
            | Self::Pong { .. } => false,
        }
    }

    /// Writes the body.
    pub fn to_bytes(&self) -> Bytes {
        let mut writer = Writer::new(Layer::NEWEST);
        self.write(&mut writer);
        writer.into_bytes()
    }

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::BadMsg {
                bad_msg_id,
                bad_msg_seq_no,
                code,
            } => {
                writer.u32(id::BAD_MSG_NOTIFICATION);
                writer.i64(bad_msg_id.0);
                writer.i32(*bad_msg_seq_no);
                writer.i32(*code);
            }
            Self::BadServerSalt {
                bad_msg_id,
                bad_msg_seq_no,
                code,
                new_salt,
            } => {
                writer.u32(id::BAD_SERVER_SALT);
                writer.i64(bad_msg_id.0);
                writer.i32(*bad_msg_seq_no);
                writer.i32(*code);
                writer.i64(*new_salt);
            }
            Self::DestroyAuthKey => writer.u32(id::DESTROY_AUTH_KEY),
            Self::DestroyAuthKeyResult(constructor) => writer.u32(*constructor),
            Self::DestroySession { session_id } => long(writer, id::DESTROY_SESSION, *session_id),
            Self::DestroySessionResult {
                session_id,
                existed,
            } => {
                let constructor = if *existed {
                    id::DESTROY_SESSION_OK
                } else {
                    id::DESTROY_SESSION_NONE
                };
                long(writer, constructor, *session_id);
            }
            Self::FutureSalts {
                req_msg_id,
                now_s,
                salts,
            } => {
                long(writer, id::FUTURE_SALTS, req_msg_id.0);
                writer.i32(*now_s);
                writer.bare_items(salts, |salt, writer| {
                    writer.i32(salt.valid_since_s);
                    writer.i32(salt.valid_until_s);
                    writer.i64(salt.salt);
                });
            }
            Self::GetFutureSalts { num } => {
                writer.u32(id::GET_FUTURE_SALTS);
                writer.i32(*num);
            }
            Self::HttpWait {
                max_delay,
                wait_after,
                max_wait,
            } => {
                writer.u32(id::HTTP_WAIT);
                writer.i32(*max_delay);
                writer.i32(*wait_after);
                writer.i32(*max_wait);
            }
            Self::MsgDetailedInfo {
                msg_id,
                answer_msg_id,
                bytes,
            } => {
                match msg_id {
                    Some(msg_id) => long(writer, id::MSG_DETAILED_INFO, msg_id.0),
                    None => writer.u32(id::MSG_NEW_DETAILED_INFO),
                }
                writer.i64(answer_msg_id.0);
                writer.i32(*bytes);
                writer.i32(0);
            }
            Self::MsgResendReq { msg_ids, answers } => {
                let constructor = if *answers {
                    id::MSG_RESEND_ANS_REQ
                } else {
                    id::MSG_RESEND_REQ
                };
                ids(writer, constructor, msg_ids);
            }
            Self::MsgsAck { msg_ids } => ids(writer, id::MSGS_ACK, msg_ids),
            Self::MsgsAllInfo { msg_ids, info } => {
                ids(writer, id::MSGS_ALL_INFO, msg_ids);
                writer.bytes(info);
            }
            Self::MsgsStateInfo { req_msg_id, info } => {
                long(writer, id::MSGS_STATE_INFO, req_msg_id.0);
                writer.bytes(info);
            }
            Self::MsgsStateReq { msg_ids } => ids(writer, id::MSGS_STATE_REQ, msg_ids),
            Self::NewSessionCreated {
                first_msg_id,
                unique_id,
                salt,
            } => {
                long(writer, id::NEW_SESSION_CREATED, first_msg_id.0);
                writer.i64(*unique_id);
                writer.i64(*salt);
            }
            Self::Ping {
                ping_id,
                disconnect_delay_s,
            } => match disconnect_delay_s {
                Some(delay) => {
                    long(writer, id::PING_DELAY_DISCONNECT, *ping_id);
                    writer.i32(*delay);
                }
                None => long(writer, id::PING, *ping_id),
            },
            Self::Pong { msg_id, ping_id } => {
                long(writer, id::PONG, msg_id.0);
                writer.i64(*ping_id);
            }
            Self::RpcDropAnswer { req_msg_id } => {
                long(writer, id::RPC_DROP_ANSWER, req_msg_id.0);
            }
            Self::RpcResult { req_msg_id, result } => {
                long(writer, id::RPC_RESULT, req_msg_id.0);
                writer.raw(result);
            }
        }
    }
}

fn long(writer: &mut Writer, constructor: u32, value: i64) {
    writer.u32(constructor);
    writer.i64(value);
}

fn ids(writer: &mut Writer, constructor: u32, msg_ids: &[MsgId]) {
    writer.u32(constructor);
    writer.boxed_items(msg_ids, |msg_id, writer| writer.i64(msg_id.0));
}

fn read_ids(reader: &mut Reader<'_>) -> Result<Vec<MsgId>, Error> {
    let count = reader.vector_head(8)?;
    if count > IDS_LEN_MAX {
        return Err(PeerMisbehaved::Count.into());
    }
    let mut msg_ids = Vec::with_capacity(count);
    for _ in 0..count {
        msg_ids.push(MsgId(reader.i64()?));
    }
    Ok(msg_ids)
}
