//! AES-256-IGE of the OpenSSL that is installed, loaded when a suite runs.
#![allow(
    unsafe_code,
    reason = "a C library is called to be measured; nothing else links this crate"
)]

use std::ffi::{c_int, c_uchar, c_void};

use libloading::Library;

/// `AES_KEY` is 244 bytes; aligned as its words are.
#[repr(C, align(16))]
struct Key([u8; 256]);

type SetKey = unsafe extern "C" fn(*const c_uchar, c_int, *mut c_void) -> c_int;
type Ige =
    unsafe extern "C" fn(*const c_uchar, *mut c_uchar, usize, *const c_void, *mut c_uchar, c_int);

/// The library with the functions that are measured.
pub struct OpenSsl {
    set_encrypt_key: SetKey,
    ige_encrypt: Ige,
    _library: Library,
}

impl std::fmt::Debug for OpenSsl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenSsl").finish_non_exhaustive()
    }
}

impl OpenSsl {
    /// The library, if it is there and still has these functions.
    #[must_use]
    pub fn load() -> Option<Self> {
        let names = ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib"];
        // SAFETY: the initialisers of libcrypto may run anywhere; the functions have had these
        // signatures since 1.0, and `_library` outlives the pointers.
        unsafe {
            let library = names.iter().find_map(|name| Library::new(*name).ok())?;
            let set_encrypt_key = *library.get::<SetKey>(b"AES_set_encrypt_key\0").ok()?;
            let ige_encrypt = *library.get::<Ige>(b"AES_ige_encrypt\0").ok()?;
            Some(Self {
                set_encrypt_key,
                ige_encrypt,
                _library: library,
            })
        }
    }

    /// Encrypts in place, whole blocks only.
    pub fn ige_encrypt(&self, data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) {
        let mut schedule = Key([0; 256]);
        let mut iv = *iv;
        let len = data.len() / 16 * 16;
        // SAFETY: the key has 256 bits, the schedule room for an `AES_KEY`, the iv 32 bytes, and
        // `len` bytes are in `data`, which may be both input and output.
        unsafe {
            (self.set_encrypt_key)(key.as_ptr(), 256, schedule.0.as_mut_ptr().cast());
            (self.ige_encrypt)(
                data.as_ptr(),
                data.as_mut_ptr(),
                len,
                schedule.0.as_ptr().cast(),
                iv.as_mut_ptr(),
                1,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encrypt_alike() {
        let Some(openssl) = OpenSsl::load() else {
            println!("NOT RUN: there is no libcrypto");
            return;
        };
        let (key, iv) = ([3; 32], [5; 32]);
        let mut theirs: Vec<u8> = (0..160).collect();
        let mut ours = theirs.clone();
        openssl.ige_encrypt(&mut theirs, &key, &iv);
        mtproto_core::crypto::ige_encrypt(&mut ours, &mtproto_core::crypto::AesKeyIv::new(key, iv));
        assert_eq!(ours, theirs);
    }
}
