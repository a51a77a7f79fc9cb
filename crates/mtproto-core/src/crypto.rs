//! The cryptography of MTProto: what is done with bytes and keys, without any message around it.
//!
//! Expensive or bulk operations are built to be the fastest that safe code reaches: one stream of
//! IGE runs inside the cipher's own backend, several streams are interleaved block by block, and
//! opening a message hashes each block as soon as it is plain.

mod auth_key;
mod bind;
mod dh;
mod hash;
mod ige;
mod kdf;
mod pq;
mod rsa_key;
mod rsa_pad;
mod seal;
mod srp;
#[cfg(test)]
mod tests;
#[cfg(all(target_arch = "x86_64", not(feature = "portable")))]
mod x86;

pub use auth_key::{AUTH_KEY_LEN, AuthKey, AuthKeyId, FullAuthKey};
pub use bind::{BIND_MESSAGE_LEN, BindAuthKeyInner, open_bind, seal_bind};
pub use dh::{DH_LEN, DhGroup, DhSecret, KNOWN_GENERATOR, known_prime};
pub use hash::{sha1, sha256};
pub use ige::{IgeStream, ige_decrypt, ige_encrypt, ige_encrypt_many};
pub use kdf::{AesKeyIv, message_key_iv, nonce_key_iv};
pub use pq::{Pq, factorize, random_pq};
pub use rsa_key::{RSA_LEN, RsaPrivateKey, RsaPublicKey};
pub use rsa_pad::{
    InnerData, LegacyPadding, RSA_PAD_DATA_MAX, legacy_pad, recover_inner, rsa_pad, rsa_pad_with,
};
pub use seal::{
    BATCH_LANES, OUTER_HEAD_LEN, Opened, PADDING_LEN_MAX, PADDING_LEN_MIN, PLAIN_HEAD_LEN,
    QuickAckToken, Sealing, Side, open, packet_key_id, seal, seal_batch,
};
pub use srp::{
    SrpClientProof, SrpPassword, SrpServer, srp_client_proof, srp_server_challenge, srp_verifier,
};

pub(crate) use seal::padding_len;
