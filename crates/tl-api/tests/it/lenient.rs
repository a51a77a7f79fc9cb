//! Exact values of the rules that matter most: what real clients send in place of the right type,
//! and what clients of old layers send and are shown.

use bytes::Bytes;
use tl::{Decode, DecodeError, Encode, Function, Layer, Reader, Str, Writer, from_bytes, to_bytes};
use tl_api::{NEWEST_LAYER, call::Call, constructors as c, functions as f, served_layer, types};

/// A part of hand-written bytes.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// An id, a word of flags or an `int`.
    W(u32),
    /// `long`
    L(i64),
    /// `string` or `bytes`, below 254 bytes.
    S(&'a str),
    /// A value.
    V(&'a [Self]),
}

use Part::{L, S, V, W};

const VECTOR: Part<'_> = W(0x1cb5c415);

fn wire(parts: &[Part<'_>]) -> Bytes {
    fn append(parts: &[Part<'_>], out: &mut Vec<u8>) {
        for part in parts {
            match part {
                W(word) => out.extend(word.to_le_bytes()),
                L(long) => out.extend(long.to_le_bytes()),
                S(text) => {
                    out.push(u8::try_from(text.len()).expect("a short text"));
                    out.extend(text.as_bytes());
                    out.resize(out.len().next_multiple_of(4), 0);
                }
                V(parts) => append(parts, out),
            }
        }
    }
    let mut out = Vec::new();
    append(parts, &mut out);
    out.into()
}

fn written(value: &impl Encode, layer: u16) -> Bytes {
    to_bytes(value, Layer(layer)).expect("it has a form")
}

/// What the only request in a frame holds, written for the newest layer.
type Read = fn(&Bytes) -> Result<Bytes, DecodeError>;

/// Reads a field of a request, which also must be read alike as any call.
macro_rules! field {
    ($request:ty, $value:ident => $field:expr) => {
        |frame| {
            let $value: $request = from_bytes(frame)?;
            let call: Call = from_bytes(frame)?;
            assert_eq!(written(&call, NEWEST_LAYER), written(&$value, NEWEST_LAYER));
            Ok(written(&$field, NEWEST_LAYER))
        }
    };
}

const CHANNEL: Part<'_> = V(&[W(0xf35aec28), L(5), L(6)]);
const PEER_CHANNEL: Part<'_> = V(&[W(0x27bcbbfc), L(5), L(6)]);
const PEER_CHAT: Part<'_> = V(&[W(0x35a95cb9), L(8)]);

#[test]
fn peers_are_read_where_users_are_expected() {
    /// What was sent, and the user that it is.
    const USERS: [(Part<'_>, Part<'_>); 4] = [
        (
            V(&[W(0xdde8a54c), L(7), L(9)]),
            V(&[W(0xf21158c6), L(7), L(9)]),
        ),
        (W(0x7da07ec9), W(0xf7c1b13f)),
        (
            V(&[W(0xa87b0a1c), PEER_CHANNEL, W(3), L(7)]),
            V(&[W(0x1da448e2), PEER_CHANNEL, W(3), L(7)]),
        ),
        // The right type still is.
        (
            V(&[W(0xf21158c6), L(7), L(9)]),
            V(&[W(0xf21158c6), L(7), L(9)]),
        ),
    ];
    type Request = for<'a> fn(Part<'a>) -> Bytes;
    let requests: [(Request, Read); 9] = [
        (
            |user| wire(&[W(0x0d91a548), VECTOR, W(1), user]),
            field!(f::users::GetUsers, v => v.id[0]),
        ),
        (
            |user| wire(&[W(0xb60f5918), user]),
            field!(f::users::GetFullUser, v => v.id),
        ),
        (
            |user| wire(&[W(0x92ceddd4), W(0), VECTOR, W(1), user, S("title")]),
            field!(f::messages::CreateChat, v => v.users[0]),
        ),
        (
            |user| wire(&[W(0x09cb126e), VECTOR, W(1), user, S("title")]),
            field!(f::messages::CreateChat, v => v.users[0]),
        ),
        (
            |user| wire(&[W(0xcbc6d107), L(8), user, W(10)]),
            field!(f::messages::AddChatUser, v => v.user_id),
        ),
        (
            |user| wire(&[W(0xa2185cab), W(0), L(8), user]),
            field!(f::messages::DeleteChatUser, v => v.user_id),
        ),
        (
            |user| wire(&[W(0xc9e33d54), CHANNEL, VECTOR, W(1), user]),
            field!(f::channels::InviteToChannel, v => v.users[0]),
        ),
        (
            |user| wire(&[W(0xc9e33d54), PEER_CHANNEL, VECTOR, W(1), user]),
            field!(f::channels::InviteToChannel, v => v.users[0]),
        ),
        (
            |user| wire(&[W(0x91cd32a8), user, W(0), L(0), W(100)]),
            field!(f::photos::GetUserPhotos, v => v.user_id),
        ),
    ];
    for (request, read) in requests {
        for (sent, user) in USERS {
            assert_eq!(read(&request(sent)), Ok(wire(&[user])));
        }
        for (wrong, id) in [(PEER_CHAT, 0x35a95cb9), (PEER_CHANNEL, 0x27bcbbfc)] {
            let type_name = "InputUser";
            assert_eq!(
                read(&request(wrong)),
                Err(DecodeError::UnknownId { id, type_name })
            );
        }
    }
}

#[test]
fn peers_are_read_where_channels_are_expected() {
    type Request = for<'a> fn(Part<'a>) -> Bytes;
    let requests: [(Request, Read); 10] = [
        (
            |channel| wire(&[W(0xc9e33d54), channel, VECTOR, W(0)]),
            field!(f::channels::InviteToChannel, v => v.channel),
        ),
        (
            |channel| wire(&[W(0x08736a09), channel]),
            field!(f::channels::GetFullChannel, v => v.channel),
        ),
        (
            |channel| wire(&[W(0x77ced9d0), channel, W(0xde3f3c79), W(0), W(9), L(0)]),
            field!(f::channels::GetParticipants, v => v.channel),
        ),
        (
            |channel| wire(&[W(0xa0ab6cc6), channel, W(0x7da07ec9)]),
            field!(f::channels::GetParticipant, v => v.channel),
        ),
        (
            |channel| wire(&[W(0xcc104937), channel, W(3)]),
            field!(f::channels::ReadHistory, v => v.channel),
        ),
        (
            |channel| wire(&[W(0x84c1fd4e), channel, VECTOR, W(1), W(3)]),
            field!(f::channels::DeleteMessages, v => v.channel),
        ),
        (
            |channel| wire(&[W(0xf836aa95), channel]),
            field!(f::channels::LeaveChannel, v => v.channel),
        ),
        (
            |channel| wire(&[W(0x7f6a1e22), channel]),
            field!(f::channels::JoinChannel, v => v.channel),
        ),
        (
            |channel| wire(&[W(0x3514b3de), channel, S("name")]),
            field!(f::channels::UpdateUsername, v => v.channel),
        ),
        (
            |channel| wire(&[W(0x03173d78), W(0), channel, W(0x94d42ee7), W(1), W(9)]),
            field!(f::updates::GetChannelDifference, v => v.channel),
        ),
    ];
    for (request, read) in requests {
        for sent in [PEER_CHANNEL, CHANNEL] {
            assert_eq!(read(&request(sent)), Ok(wire(&[CHANNEL])));
        }
        for (wrong, id) in [(PEER_CHAT, 0x35a95cb9), (W(0x7da07ec9), 0x7da07ec9)] {
            let type_name = "InputChannel";
            assert_eq!(
                read(&request(wrong)),
                Err(DecodeError::UnknownId { id, type_name })
            );
        }
    }
}

#[test]
fn replies_of_old_requests_are_replies() {
    let text = V(&[S("text"), L(11)]);
    let to_self = W(0x7da07ec9);
    // The id, whether it names a topic, and the reply within the request.
    let requests = [
        (
            133,
            wire(&[W(0x520c3870), W(1), to_self, W(40), text]),
            None,
        ),
        (
            148,
            wire(&[W(0x1cc20387), W(1 | 1 << 9), to_self, W(40), W(30), text]),
            Some(30),
        ),
        (
            160,
            wire(&[
                W(0x280d096f),
                W(1),
                to_self,
                W(0x9c5386e4),
                W(1),
                W(40),
                W(30),
                text,
            ]),
            Some(30),
        ),
    ];
    for (layer, frame, top_msg_id) in requests {
        let mut reply = c::InputReplyToMessage::new(40);
        reply.top_msg_id = top_msg_id;
        let mut expected =
            f::messages::SendMessage::new(types::InputPeer::Self_ {}, Str::from("text"), 11);
        expected.reply_to = Some(types::InputReplyTo::Message(Box::new(reply)));
        let request: f::messages::SendMessage = from_bytes(&frame).expect("a request");
        assert_eq!(request, expected, "layer {layer}");
        assert_eq!(written(&request, layer), frame, "layer {layer}");
    }
}

#[test]
fn a_created_chat_is_answered_in_two_types() {
    type CreateChat = f::messages::CreateChat;
    let updates = V(&[
        W(0x74ae4240),
        V(&[
            VECTOR,
            W(0),
            VECTOR,
            W(0),
            VECTOR,
            W(0),
            W(1_700_000_000),
            W(0),
        ]),
    ]);
    let (old, new) = (
        wire(&[updates]),
        wire(&[W(0x7f5defa6), updates, VECTOR, W(0)]),
    );
    for (layer, answer) in [(176, &old), (177, &new)] {
        let value = CreateChat::decode_result(&mut Reader::new(answer), Layer(layer));
        let value = value.expect("an answer");
        assert!(value.missing_invitees.is_empty());
        for (layer, answer) in [(133, &old), (176, &old), (177, &new), (230, &new)] {
            let mut writer = Writer::new(Layer(layer));
            CreateChat::encode_result(&value, &mut writer);
            assert_eq!(writer.finish().as_ref(), Ok(answer), "layer {layer}");
        }
    }
}

#[test]
fn sizes_beyond_31_bits_are_the_largest_there_are() {
    let document = |size| {
        let (none, text) = (Bytes::new(), Str::from("a/b"));
        let document = c::Document::new(1, 2, none, 3, text, size, 4, Vec::new());
        types::Document::Document(Box::new(document))
    };
    let old = |size| {
        let head = V(&[W(0x1e87342b), W(0), L(1), L(2), S(""), W(3), S("a/b")]);
        wire(&[head, W(size), W(4), VECTOR, W(0)])
    };
    assert_eq!(written(&document(5), 142), old(5));
    assert_eq!(written(&document(1 << 31), 142), old(0x7fff_ffff));
    assert_eq!(written(&document(4 << 30), 142), old(0x7fff_ffff));
    assert_eq!(from_bytes(&old(5)), Ok(document(5)));
    let head = V(&[W(0x8fd4c4d8), W(0), L(1), L(2), S(""), W(3), S("a/b")]);
    let new = wire(&[head, L(4 << 30), W(4), VECTOR, W(0)]);
    assert_eq!(written(&document(4 << 30), 143), new);
}

#[test]
fn inline_keyboards_have_three_forms() {
    let row = |text: &str, type_| {
        let text = Str::from(text);
        let button = types::KeyboardInlineButton {
            style: None,
            text,
            type_,
        };
        types::KeyboardInlineButtonRow {
            buttons: vec![button],
        }
    };
    let callback = types::InlineButtonType::Callback {
        requires_password: false,
        data: Bytes::from_static(b"data"),
    };
    let web_view = types::InlineButtonType::WebView {
        url: Str::from("a:b"),
    };
    let rows = vec![row("one", callback), row("two", web_view)];
    let markup = types::ReplyMarkup::ReplyInlineMarkup {
        force_reply: false,
        rows,
    };
    let old = |first: &[Part<'_>], second: &[Part<'_>]| {
        let one = [W(0x77608b83), VECTOR, W(1)];
        let head = [W(0x48a30254), VECTOR, W(2)];
        wire(&[V(&head), V(&one), V(first), V(&one), V(second)])
    };
    // A web view is a link for who has no web views.
    let first = [W(0x35bbdb6b), W(0), S("one"), S("data")];
    let as_link = old(&first, &[W(0x258aff05), S("two"), S("a:b")]);
    let flat = old(&first, &[W(0x13767230), S("two"), S("a:b")]);
    let styled = old(
        &[W(0xe62bc960), W(0), S("one"), S("data")],
        &[W(0xe846b1a0), W(0), S("two"), S("a:b")],
    );
    let one = V(&[W(0x19420af6), VECTOR, W(1), W(0x11c1a322), W(0)]);
    let new = wire(&[
        V(&[W(0xb2b15770), W(0), VECTOR, W(2)]),
        V(&[one, S("one"), W(0x2955bc38), W(0), S("data")]),
        V(&[one, S("two"), W(0x3bcab5b4), S("a:b")]),
    ]);
    let forms = [
        (133, &as_link),
        (140, &flat),
        (188, &flat),
        (228, &styled),
        (229, &new),
    ];
    for (layer, bytes) in forms {
        assert_eq!(written(&markup, layer), bytes, "layer {layer}");
        if layer > 133 {
            assert_eq!(from_bytes(bytes), Ok(markup.clone()), "layer {layer}");
        }
    }
}

#[test]
fn reactions_were_texts() {
    let count = |reaction, chosen_order| types::ReactionCount {
        chosen_order,
        reaction,
        count: 2,
    };
    let emoji = count(
        types::Reaction::Emoji {
            emoticon: Str::from("+"),
        },
        Some(0),
    );
    let custom = count(types::Reaction::CustomEmoji { document_id: 7 }, None);
    let old = wire(&[W(0x6fb250d1), W(1), S("+"), W(2)]);
    let new = wire(&[W(0xa3d1cb80), W(1), W(0), W(0x1b2286b8), S("+"), W(2)]);
    assert_eq!(written(&emoji, 140), old);
    assert_eq!(written(&emoji, 145), new);
    assert_eq!(from_bytes(&old), Ok(emoji.clone()));
    assert_eq!(from_bytes(&new), Ok(emoji.clone()));
    // A reaction that the layer cannot name is left out.
    let reactions = types::MessageReactions::new(vec![custom, emoji]);
    let expected = wire(&[
        W(0x4f2b9479),
        W(0),
        VECTOR,
        W(1),
        V(&[W(0x6fb250d1), W(1), S("+"), W(2)]),
    ]);
    assert_eq!(written(&reactions, 140), expected);
    let custom = V(&[W(0xa3d1cb80), W(0), W(0x8935fc73), L(7), W(2)]);
    let emoji = V(&[W(0xa3d1cb80), W(1), W(0), W(0x1b2286b8), S("+"), W(2)]);
    let expected = wire(&[W(0x4f2b9479), W(0), VECTOR, W(2), custom, emoji]);
    assert_eq!(written(&reactions, 145), expected);
}

#[test]
fn stories_of_channels_are_unsupported_where_only_users_have_them() {
    let story = |peer| types::MessageMedia::Story {
        via_mention: false,
        peer,
        id: 3,
        story: None,
    };
    let of_channel = story(types::Peer::Channel { channel_id: 5 });
    let of_user = story(types::Peer::User { user_id: 7 });
    let unsupported = wire(&[W(0x9f84f49e)]);
    assert_eq!(written(&of_channel, 162), unsupported);
    assert_eq!(
        written(&of_user, 162),
        wire(&[W(0xcbb20d88), W(0), L(7), W(3)])
    );
    assert_eq!(written(&of_user, 159), unsupported);
    let new = wire(&[W(0x68cb6283), W(0), W(0xa2a5371e), L(5), W(3)]);
    assert_eq!(written(&of_channel, 164), new);
    assert_eq!(
        from_bytes(&wire(&[W(0xcbb20d88), W(0), L(7), W(3)])),
        Ok(of_user)
    );
}

#[test]
fn custom_emoji_are_left_out_before_they_were_there() {
    let bold = types::MessageEntity::Bold {
        offset: 0,
        length: 2,
    };
    let custom = types::MessageEntity::CustomEmoji {
        offset: 2,
        length: 1,
        document_id: 7,
    };
    assert!(!custom.has_form(Layer(140)));
    let entities = vec![bold, custom];
    let bold = V(&[W(0xbd610bc9), W(0), W(2)]);
    assert_eq!(written(&entities, 140), wire(&[VECTOR, W(1), bold]));
    let custom = V(&[W(0xc8cf05f8), W(2), W(1), L(7)]);
    assert_eq!(written(&entities, 144), wire(&[VECTOR, W(2), bold, custom]));
}

#[test]
fn gone_updates_are_kept_for_who_knows_them() {
    let frame = wire(&[W(0xf227868c), L(7), W(3), W(0x4f11bae1), W(0x997275b5)]);
    let update = types::Update::decode(&mut Reader::new(&frame)).expect("an update");
    assert_eq!(written(&update, 150), frame);
    assert!(update.has_form(Layer(150)) && !update.has_form(Layer(151)));
    // Nobody is shown an id that the layer does not know.
    assert_eq!(written(&vec![update], 151), wire(&[VECTOR, W(0)]));
}

#[test]
fn layers_nobody_published_are_served_as_those_below() {
    let served = |layer| served_layer(layer).map(|layer| layer.0);
    assert_eq!(served(132), None);
    assert_eq!(served(-1), None);
    assert_eq!(served(133), Some(133));
    assert_eq!(
        (served(140), served(141), served(142)),
        (Some(140), Some(140), Some(142))
    );
    assert_eq!(
        (served(225), served(226), served(227)),
        (Some(225), Some(225), Some(227))
    );
    assert_eq!(
        (served(230), served(999), served(i32::MAX)),
        (Some(230), Some(230), Some(230))
    );
}
