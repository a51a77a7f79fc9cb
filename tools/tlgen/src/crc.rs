//! The id of a declaration that has none: the CRC-32 of its normalised text (A14, A15).

use crate::ast::{Condition, Declaration, Param, Type};

/// Ids that are published otherwise than computed: renamed without a new id, or changed by hand (A13).
/// A schema may hold them; any other one says `//@ id kept`, or it is a slip of the pen.
pub const KNOWN_EXCEPTIONS: &[(&str, u32)] = &[
    ("accessPointRule", 0x4679b65f),
    ("help.configSimple", 0x5a592a6c),
    ("inputPeerPhotoFileLocationLegacy", 0x27d69997),
    ("inputStickerSetThumbLegacy", 0x0dbaeae9),
    ("ipPortSecret", 0x37982646),
];

/// The id as computed, whatever the declaration says.
pub fn computed_id(declaration: &Declaration) -> u32 {
    crc32(normalised(declaration).as_bytes())
}

/// The text that the id is computed from (A15).
pub fn normalised(declaration: &Declaration) -> String {
    let mut out = declaration.name.to_string();
    for implicit in &declaration.implicit {
        out.push(' ');
        out.push_str(&implicit.name);
        out.push(':');
        push_type(&mut out, &implicit.ty);
    }
    push_params(&mut out, &declaration.params);
    out.push_str(" = ");
    push_type(&mut out, &declaration.result);
    out
}

/// CRC-32 of IEEE 802.3.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb88320 & (crc & 1).wrapping_neg())
        })
    })
}

fn push_params(out: &mut String, params: &[Param]) {
    for param in params {
        if param.condition.is_some() && param.ty.is_true() {
            continue;
        }
        out.push(' ');
        if let Some(name) = &param.name {
            out.push_str(name);
            out.push(':');
        }
        if let Some(Condition { word, bit }) = &param.condition {
            out.push_str(&format!("{word}.{bit}?"));
        }
        // Only a whole `bytes` reads `string`; within angle brackets it stays (A15, step 4).
        if param.ty.is_named("bytes") {
            out.push_str("string");
        } else {
            push_type(out, &param.ty);
        }
    }
}

fn push_type(out: &mut String, ty: &Type) {
    match ty {
        Type::Nat => out.push('#'),
        Type::Builtin => out.push('?'),
        Type::Query(name) => {
            out.push('!');
            out.push_str(name);
        }
        Type::Named { name, bare, args } => {
            if *bare && !name.is_lower_case() {
                out.push('%');
            }
            out.push_str(&name.to_string());
            for arg in args {
                out.push(' ');
                push_type(out, arg);
            }
        }
        Type::Repeat { count, fields } => {
            if let Some(count) = count {
                out.push_str(count);
                out.push('*');
            }
            out.push('[');
            push_params(out, fields);
            out.push_str(" ]");
        }
    }
}
