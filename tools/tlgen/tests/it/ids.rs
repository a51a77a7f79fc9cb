//! Ids are checksums of normalised declarations (A13–A16), in our schema and in the published examples.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tlgen::crc::{KNOWN_EXCEPTIONS, computed_id, crc32, normalised};

fn normal(declaration: &str) -> (String, u32) {
    let schema = tlgen::parse("a.tl", &format!("{declaration};")).unwrap();
    let declaration = &schema.declarations[0];
    (normalised(declaration), computed_id(declaration))
}

#[test]
fn checksum_is_crc_32_of_ieee_802_3() {
    assert_eq!(crc32(b"123456789"), 0xcbf43926); // A14
    assert_eq!(crc32(b""), 0);
}

#[test]
fn text_is_normalised_step_by_step() {
    // A15, one step each.
    let cases = [
        ("  a#12345678   x:int =  A ", "a x:int = A"),
        (
            "a flags:# x:flags.0?true y:flags.1?int = A",
            "a flags:# y:flags.1?int = A",
        ),
        ("a more:# x:more.31?true = A", "a more:# = A"),
        (
            "a x:bytes z:Vector<bytes> = A",
            "a x:string z:Vector bytes = A",
        ),
        (
            "a flags:# x:flags.0?bytes = A",
            "a flags:# x:flags.0?string = A",
        ),
        (
            "a {X:Type} x:!X y:Vector<%Foo> = X",
            "a X:Type x:!X y:Vector %Foo = X",
        ),
        ("a x:Vector<Vector<int>> = A", "a x:Vector Vector int = A"),
        ("a n:# y:n*[ z:int ] = A", "a n:# y:n*[ z:int ] = A"),
        ("a{X:Type}x:!X=X", "a X:Type x:!X = X"),
    ];
    for (declaration, expected) in cases {
        assert_eq!(normal(declaration).0, expected);
    }
}

#[test]
fn special_lines_have_their_published_ids() {
    let cases = [
        (
            "vector {t:Type} # [ t ] = Vector t",
            "vector t:Type # [ t ] = Vector t",
            0x1cb5c415,
        ),
        ("boolTrue = Bool", "boolTrue = Bool", 0x997275b5),
        ("boolFalse = Bool", "boolFalse = Bool", 0xbc799737),
        ("true = True", "true = True", 0x3fedd339),
        ("null = Null", "null = Null", 0x56730bcc),
        (
            "error code:int text:string = Error",
            "error code:int text:string = Error",
            0xc4b9f9bb,
        ),
        ("int ? = Int", "int ? = Int", 0xa8509bda),
        ("long ? = Long", "long ? = Long", 0x22076cba),
        ("double ? = Double", "double ? = Double", 0x2210c154),
        ("string ? = String", "string ? = String", 0xb5286e24),
        (
            "msg_container messages:vector<message> = MessageContainer",
            "msg_container messages:vector message = MessageContainer",
            0x73f1f8dc,
        ),
        (
            "gzip_packed packed_data:bytes = Object",
            "gzip_packed packed_data:string = Object",
            0x3072cfa1,
        ),
        (
            "future_salts req_msg_id:long now:int salts:vector<future_salt> = FutureSalts",
            "future_salts req_msg_id:long now:int salts:vector future_salt = FutureSalts",
            0xae500895,
        ),
        (
            "rsa_public_key n:bytes e:bytes = RSAPublicKey",
            "rsa_public_key n:string e:string = RSAPublicKey",
            0x7a19cb76,
        ),
        (
            "message msg_id:long seqno:int bytes:int body:Object = Message",
            "message msg_id:long seqno:int bytes:int body:Object = Message",
            0x5bb8e511,
        ),
    ];
    for (declaration, text, id) in cases {
        assert_eq!(normal(declaration), (text.to_owned(), id), "{declaration}");
    }
}

/// A16: every id of both files is the one of its text, but for the list of exceptions, all of which occur.
#[test]
fn all_ids_of_the_schema_are_those_of_their_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut count, mut exceptions) = (0, BTreeSet::new());
    for name in ["schema.tl", "schema.history.tl"] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        for declaration in tlgen::parse(name, &text).unwrap().declarations {
            count += 1;
            let id = declaration
                .explicit_id
                .unwrap_or_else(|| computed_id(&declaration));
            if id != computed_id(&declaration) {
                exceptions.insert((declaration.name.to_string(), id));
            }
        }
    }
    let known = KNOWN_EXCEPTIONS
        .iter()
        .map(|(name, id)| ((*name).to_owned(), *id))
        .collect();
    assert_eq!(exceptions, known);
    println!("{count} ids, {} exceptions", exceptions.len());
    assert!(count > 3000, "{count} declarations were read");
}
