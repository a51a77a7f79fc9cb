//! The id of every constructor this crate reads or writes, under its TL name.

/// `req_pq` (old)
pub const REQ_PQ: u32 = 0x60469778;
/// `req_pq_multi`
pub const REQ_PQ_MULTI: u32 = 0xbe7e8ef1;
/// `resPQ`
pub const RES_PQ: u32 = 0x05162463;
/// `p_q_inner_data`
pub const P_Q_INNER_DATA: u32 = 0x83c95aec;
/// `p_q_inner_data_dc`
pub const P_Q_INNER_DATA_DC: u32 = 0xa9f55f95;
/// `p_q_inner_data_temp`
pub const P_Q_INNER_DATA_TEMP: u32 = 0x3c6a84d4;
/// `p_q_inner_data_temp_dc`
pub const P_Q_INNER_DATA_TEMP_DC: u32 = 0x56fddf88;
/// `req_DH_params`
pub const REQ_DH_PARAMS: u32 = 0xd712e4be;
/// `server_DH_params_ok`
pub const SERVER_DH_PARAMS_OK: u32 = 0xd0e8075c;
/// `server_DH_params_fail`
pub const SERVER_DH_PARAMS_FAIL: u32 = 0x79cb045d;
/// `server_DH_inner_data`
pub const SERVER_DH_INNER_DATA: u32 = 0xb5890dba;
/// `client_DH_inner_data`
pub const CLIENT_DH_INNER_DATA: u32 = 0x6643b654;
/// `set_client_DH_params`
pub const SET_CLIENT_DH_PARAMS: u32 = 0xf5045f1f;
/// `dh_gen_ok`
pub const DH_GEN_OK: u32 = 0x3bcbf734;
/// `dh_gen_retry`
pub const DH_GEN_RETRY: u32 = 0x46dc1fb9;
/// `dh_gen_fail`
pub const DH_GEN_FAIL: u32 = 0xa69dae02;
/// `bind_auth_key_inner`
pub const BIND_AUTH_KEY_INNER: u32 = 0x75a3f765;
/// `auth.bindTempAuthKey`
pub const AUTH_BIND_TEMP_AUTH_KEY: u32 = 0xcdd42a05;
/// `destroy_auth_key`
pub const DESTROY_AUTH_KEY: u32 = 0xd1435160;
/// `destroy_auth_key_ok`
pub const DESTROY_AUTH_KEY_OK: u32 = 0xf660e1d4;
/// `destroy_auth_key_none`
pub const DESTROY_AUTH_KEY_NONE: u32 = 0x0a9f2259;
/// `destroy_auth_key_fail`
pub const DESTROY_AUTH_KEY_FAIL: u32 = 0xea109b13;

/// `msg_container`
pub const MSG_CONTAINER: u32 = 0x73f1f8dc;
/// `msg_copy`
pub const MSG_COPY: u32 = 0xe06046b2;
/// `gzip_packed`
pub const GZIP_PACKED: u32 = 0x3072cfa1;
/// `msgs_ack`
pub const MSGS_ACK: u32 = 0x62d6b459;
/// `rpc_result`
pub const RPC_RESULT: u32 = 0xf35c6d01;
/// `rpc_error`
pub const RPC_ERROR: u32 = 0x2144ca19;
/// `rpc_drop_answer`
pub const RPC_DROP_ANSWER: u32 = 0x58e4a740;
/// `rpc_answer_unknown`
pub const RPC_ANSWER_UNKNOWN: u32 = 0x5e2ad36e;
/// `rpc_answer_dropped_running`
pub const RPC_ANSWER_DROPPED_RUNNING: u32 = 0xcd78e586;
/// `rpc_answer_dropped`
pub const RPC_ANSWER_DROPPED: u32 = 0xa43ad8b7;
/// `bad_msg_notification`
pub const BAD_MSG_NOTIFICATION: u32 = 0xa7eff811;
/// `bad_server_salt`
pub const BAD_SERVER_SALT: u32 = 0xedab447b;
/// `msgs_state_req`
pub const MSGS_STATE_REQ: u32 = 0xda69fb52;
/// `msgs_state_info`
pub const MSGS_STATE_INFO: u32 = 0x04deb57d;
/// `msgs_all_info`
pub const MSGS_ALL_INFO: u32 = 0x8cc0d131;
/// `msg_detailed_info`
pub const MSG_DETAILED_INFO: u32 = 0x276d3ec6;
/// `msg_new_detailed_info`
pub const MSG_NEW_DETAILED_INFO: u32 = 0x809db6df;
/// `msg_resend_req`
pub const MSG_RESEND_REQ: u32 = 0x7d861a08;
/// `msg_resend_ans_req`
pub const MSG_RESEND_ANS_REQ: u32 = 0x8610baeb;
/// `get_future_salts`
pub const GET_FUTURE_SALTS: u32 = 0xb921bd04;
/// `future_salts`
pub const FUTURE_SALTS: u32 = 0xae500895;
/// `future_salt`, always bare on the wire.
pub const FUTURE_SALT: u32 = 0x0949d9dc;
/// `ping`
pub const PING: u32 = 0x7abe77ec;
/// `ping_delay_disconnect`
pub const PING_DELAY_DISCONNECT: u32 = 0xf3427b8c;
/// `pong`
pub const PONG: u32 = 0x347773c5;
/// `destroy_session`
pub const DESTROY_SESSION: u32 = 0xe7512126;
/// `destroy_session_ok`
pub const DESTROY_SESSION_OK: u32 = 0xe22045fc;
/// `destroy_session_none`
pub const DESTROY_SESSION_NONE: u32 = 0x62d350c9;
/// `new_session_created`
pub const NEW_SESSION_CREATED: u32 = 0x9ec20908;
/// `http_wait`
pub const HTTP_WAIT: u32 = 0x9299359f;
