//! What a server does with service messages.

use bytes::Bytes;
use tl::{Layer, Writer};

use super::received::Received;
use super::server::{Handling, ServerSession, SessionEvent};
use crate::error::Error;
use crate::service::{Service, id};
use crate::time::MsgId;

/// Bounds of the delay after which an idle connection may be closed, seconds (E50).
const DISCONNECT_DELAY_MAX_S: u32 = 600;
/// Bounds of what HTTP clients may ask for, milliseconds (E52).
const HTTP_WAIT_MAX_MS: u32 = 60_000;

impl ServerSession {
    pub(super) fn handle_service(
        &mut self,
        msg_id: MsgId,
        message: Service,
        handling: &mut Handling<'_>,
    ) -> Result<(), Error> {
        match message {
            Service::DestroyAuthKey => handling.events.push(SessionEvent::DestroyAuthKey),
            Service::DestroySession { session_id } => {
                if session_id == self.session_id() {
                    // E47: the result is not defined; the session goes on.
                    self.answer_destroy_session(session_id, false);
                } else {
                    let event = SessionEvent::DestroySession { session_id };
                    handling.events.push(event);
                }
            }
            Service::GetFutureSalts { num } => {
                let now_s = handling.now.unix_s();
                let salts = self.salts.future(handling.secret, num, now_s);
                self.reply(&Service::FutureSalts {
                    req_msg_id: msg_id,
                    now_s: i32::try_from(now_s).unwrap_or(i32::MAX),
                    salts,
                });
            }
            Service::HttpWait {
                max_delay,
                wait_after,
                max_wait,
            } => {
                let clamp = |ms: i32| u32::try_from(ms).unwrap_or(0).min(HTTP_WAIT_MAX_MS);
                handling.events.push(SessionEvent::HttpWait {
                    max_delay_ms: clamp(max_delay),
                    wait_after_ms: clamp(wait_after),
                    max_wait_ms: clamp(max_wait),
                });
            }
            Service::MsgResendReq { msg_ids, answers } => {
                self.resend(msg_id, &msg_ids, answers, handling);
            }
            Service::MsgsAck { msg_ids } => self.handle_acks(&msg_ids),
            Service::MsgsStateReq { msg_ids } => self.tell_states(msg_id, &msg_ids),
            Service::Ping {
                ping_id,
                disconnect_delay_s,
            } => {
                if let Some(delay) = disconnect_delay_s {
                    let seconds = u32::try_from(delay)
                        .unwrap_or(1)
                        .clamp(1, DISCONNECT_DELAY_MAX_S);
                    let event = SessionEvent::DisconnectDelay { seconds };
                    handling.events.push(event);
                }
                self.reply(&Service::Pong { msg_id, ping_id });
            }
            Service::RpcDropAnswer { req_msg_id } => {
                self.drop_call(msg_id, req_msg_id, handling);
            }
            // A client may tell these; nothing follows for a server.
            Service::MsgDetailedInfo { .. }
            | Service::MsgsAllInfo { .. }
            | Service::MsgsStateInfo { .. }
            | Service::Pong { .. }
            | Service::BadMsg { .. }
            | Service::BadServerSalt { .. }
            | Service::DestroyAuthKeyResult(_)
            | Service::DestroySessionResult { .. }
            | Service::FutureSalts { .. }
            | Service::NewSessionCreated { .. }
            | Service::RpcResult { .. } => {}
        }
        Ok(())
    }

    /// E39.
    fn drop_call(&mut self, msg_id: MsgId, req_msg_id: MsgId, handling: &mut Handling<'_>) {
        let mut writer = Writer::new(Layer::NEWEST);
        if self.received.find(req_msg_id) == Some(Received::Running) {
            handling
                .events
                .push(SessionEvent::CallDropped { msg_id: req_msg_id });
            writer.u32(id::RPC_ANSWER_DROPPED_RUNNING);
            self.push_result(req_msg_id, Bytes::copy_from_slice(writer.as_slice()));
            self.received.update(req_msg_id, Received::Done);
        } else if let Some((answer_id, seq_no, len)) = self.drop_answer(req_msg_id) {
            writer.u32(id::RPC_ANSWER_DROPPED);
            writer.i64(answer_id.0);
            writer.i32(seq_no);
            writer.i32(i32::try_from(len).unwrap_or(i32::MAX));
        } else {
            writer.u32(id::RPC_ANSWER_UNKNOWN);
        }
        self.push_result(msg_id, writer.into_bytes());
    }

    /// E37.
    fn resend(
        &mut self,
        req_msg_id: MsgId,
        msg_ids: &[MsgId],
        answers: bool,
        handling: &Handling<'_>,
    ) {
        let mut all_known = true;
        for wanted in msg_ids {
            let held = self.unacked.iter().position(|message| {
                if answers {
                    message.body.answers == Some(*wanted)
                } else {
                    message.msg_id == *wanted
                }
            });
            match held {
                Some(at) => self.send_same_again(at, handling.now),
                None => all_known = false,
            }
        }
        if !all_known {
            self.tell_states(req_msg_id, msg_ids);
        }
    }

    /// E36: one byte for each id, in order.
    fn tell_states(&mut self, req_msg_id: MsgId, msg_ids: &[MsgId]) {
        let info: Vec<u8> = msg_ids
            .iter()
            .map(|msg_id| self.state_of(*msg_id))
            .collect();
        self.reply(&Service::MsgsStateInfo {
            req_msg_id,
            info: info.into(),
        });
    }

    fn state_of(&self, msg_id: MsgId) -> u8 {
        const ARRIVED: u8 = 4;
        const RUNNING: u8 = 32;
        const ANSWERED: u8 = 64;
        match self.received.find(msg_id) {
            Some(Received::Answered) => ARRIVED | ANSWERED,
            Some(Received::Done) => ARRIVED,
            Some(Received::Running) => ARRIVED | RUNNING,
            None if self.received.is_forgotten(msg_id) => 1,
            None if self.received.is_above_all(msg_id) => 3,
            None => 2,
        }
    }
}
