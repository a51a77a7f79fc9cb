//! Where rows are in CQL: which table, which partition, which key.

use crate::codec::{Codec, read_len, write_varint};
use crate::error::{Error, Result};
use crate::rows::{Home, Table};
use bytes::Bytes;

/// How the rows of a CQL table are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// By conditional batches only, each raising the version of the partition.
    Conditional,
    /// After a change of another partition, with its version as their timestamp.
    Following,
    /// By themselves; the last write counts.
    Plain,
}

macro_rules! families {
    ($($(#[$doc:meta])* $family:ident $name:literal $mode:ident,)*) => {
        /// A CQL table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub(super) enum Family { $($(#[$doc])* $family,)* }

        impl Family {
            /// All of them, in the order of their numbers.
            pub(super) const ALL: &[Self] = &[$(Self::$family,)*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$family => $name,)* }
            }

            pub(super) const fn mode(self) -> Mode {
                match self { $(Self::$family => Mode::$mode,)* }
            }
        }
    };
}
// The order is stored in `redo` columns: new ones go to the end.
families!(
    /// Heads, dialogs, logs, operations, settings, outboxes.
    Mailboxes "mailboxes" Conditional,
    /// What is known of messages by id, 4,096 ids a partition.
    Facts "facts" Following,
    /// Messages of a dialog, 16,384 ids a partition.
    History "history" Following,
    /// Messages of a dialog by tag and thread.
    Lists "lists" Following,
    /// Search tokens of a mailbox by first character.
    Search "search" Following,
    Profiles "profiles" Conditional,
    Names "names" Conditional,
    AuthKeys "auth_keys" Conditional,
    Authorizations "authorizations" Conditional,
    LoginCodes "login_codes" Conditional,
    Contacts "contacts" Conditional,
    Members "members" Conditional,
    Memberships "memberships" Following,
    Uploads "uploads" Plain,
    Blobs "blobs" Conditional,
    Documents "documents" Plain,
    Due "due" Plain,
    Leases "leases" Conditional,
    Settings "settings" Conditional,
);

/// How many bits of a message id name a row within a partition of facts.
const FACT_BITS: u32 = 12;
/// The same for messages of a dialog.
const HISTORY_BITS: u32 = 14;
/// A peer in a key.
pub(super) const PEER_BYTES: usize = 9;

impl Family {
    pub(super) const fn of(table: Table) -> Self {
        match table {
            Table::Head
            | Table::Dialog
            | Table::Log
            | Table::Operation
            | Table::MailboxSetting
            | Table::Outbox
            | Table::Fold
            | Table::Segment
            | Table::Refold => Self::Mailboxes,
            Table::Fact => Self::Facts,
            Table::History => Self::History,
            Table::ListIndex => Self::Lists,
            Table::Profile => Self::Profiles,
            Table::Name => Self::Names,
            Table::AuthKey | Table::TempKey => Self::AuthKeys,
            Table::Authorization => Self::Authorizations,
            Table::LoginCode => Self::LoginCodes,
            Table::Contact => Self::Contacts,
            Table::Member | Table::MemberCount => Self::Members,
            Table::Membership => Self::Memberships,
            Table::UploadPart => Self::Uploads,
            Table::Blob | Table::BlobReference => Self::Blobs,
            Table::Document => Self::Documents,
            Table::Due => Self::Due,
            Table::Lease => Self::Leases,
            Table::Setting => Self::Settings,
        }
    }

    /// The table whose changes the rows of this one follow, if it is of the same home.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the mode speaks for all others"
    )]
    pub(super) const fn truth(self) -> Option<Self> {
        match self {
            Self::Facts | Self::History | Self::Lists | Self::Search => Some(Self::Mailboxes),
            _ if matches!(self.mode(), Mode::Conditional) => Some(self),
            _ => None,
        }
    }

    fn numbered(number: u8) -> Result<Self> {
        let found = Self::ALL.get(usize::from(number)).copied();
        found.ok_or_else(|| Error::Corrupt("a redo names an unknown table".into()))
    }
}

/// One row in CQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) family: Family,
    pub(super) partition: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl Place {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "only three tables are cut up"
    )]
    pub(super) fn of(home: &Home, table: Table, key: &[u8]) -> Self {
        let family = Family::of(table);
        let (partition, key) = match family {
            Family::Facts => (bucketed(&home.0, number(key) >> FACT_BITS), key.to_vec()),
            Family::History => {
                let (peer, id) = key.split_at(PEER_BYTES.min(key.len()));
                (
                    history_partition(home, peer, history_bucket(number(id))),
                    id.to_vec(),
                )
            }
            Family::Lists => {
                let (peer, rest) = key.split_at(PEER_BYTES.min(key.len()));
                ([home.0.as_ref(), peer].concat(), rest.to_vec())
            }
            _ => (home.0.to_vec(), [&[table as u8], key].concat()),
        };
        Self {
            family,
            partition,
            key,
        }
    }

    /// A token of a message.
    pub(super) fn posting(home: &Home, token: &str, message: &[u8]) -> Self {
        let key = [token.as_bytes(), &[0], message].concat();
        Self {
            family: Family::Search,
            partition: search_partition(home, token),
            key,
        }
    }
}

/// Where the tokens with the first character of `word` are.
pub(super) fn search_partition(home: &Home, word: &str) -> Vec<u8> {
    bucketed(&home.0, word.chars().next().map_or(0, u32::from))
}

pub(super) fn history_partition(home: &Home, peer: &[u8], bucket: u32) -> Vec<u8> {
    bucketed(&[home.0.as_ref(), peer].concat(), bucket)
}

/// The bucket of a message id as it stands in a key.
pub(super) const fn history_bucket(id: u32) -> u32 {
    id >> HISTORY_BITS
}

/// A big-endian number at the front of a key.
pub(super) fn number(key: &[u8]) -> u32 {
    key.first_chunk()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn bucketed(home: &[u8], bucket: u32) -> Vec<u8> {
    [home, &bucket.to_be_bytes()].concat()
}

/// One row that follows a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) place: Place,
    pub(super) value: Option<Bytes>,
}

impl Codec for Follower {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.place.family as u8);
        for bytes in [&self.place.partition, &self.place.key] {
            write_varint(bytes.len() as u128, out);
            out.extend_from_slice(bytes);
        }
        self.value.encode(out);
    }

    fn decode(input: &mut Bytes) -> Result<Self> {
        let family = Family::numbered(u8::decode(input)?)?;
        let partition = read_len(input).map(|len| input.split_to(len).to_vec())?;
        let key = read_len(input).map(|len| input.split_to(len).to_vec())?;
        Ok(Self {
            place: Place {
                family,
                partition,
                key,
            },
            value: Option::decode(input)?,
        })
    }
}
