//! Sticker sets, who has installed which, and the documents that people keep at hand.

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{DocumentId, UserId};
use tl_api::types;

use crate::Messenger;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::time::Now;

/// The key of a set within its scope, and of a name within its own.
const SET: &str = "set";
/// What the hash of a set is for, among the keyed hashes. It is the same for all: it stands in the
/// stickers themselves.
const HASH: u8 = 45;
/// The most sets that somebody has installed.
const INSTALLED_MAX: usize = 200;

/// Why something is not done with a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StickerError {
    /// There is no such set, or it is not the caller's.
    #[error("no such set")]
    SetUnknown,
    /// There is no such sticker.
    #[error("no such sticker")]
    StickerUnknown,
    /// Another set has the name.
    #[error("the short name is taken")]
    NameOccupied,
    /// The set is full.
    #[error("the set is full")]
    Full,
}

/// What is in a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum StickerKind {
    /// Stickers.
    #[default]
    #[n(0)]
    Regular,
    /// Masks for photos.
    #[n(1)]
    Masks,
    /// Custom emoji.
    #[n(2)]
    Emoji,
}

impl StickerKind {
    /// The most stickers of a set.
    #[must_use]
    pub fn len_max(self) -> usize {
        match self {
            Self::Emoji => 200,
            Self::Regular | Self::Masks => 120,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Masks => "masks",
            Self::Emoji => "emoji",
        }
    }
}

/// A sticker of a set.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct SetSticker {
    /// The document.
    #[n(0)]
    pub document: i64,
    /// The emoji that it stands for, one after another.
    #[n(1)]
    pub emoji: String,
    /// Words by which it is found.
    #[n(2)]
    pub keywords: Vec<String>,
}

/// A set of stickers.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct StickerSet {
    /// Its id.
    #[n(0)]
    pub id: i64,
    /// Who made it.
    #[n(1)]
    pub creator: i64,
    /// The bot through which it was made; 0 for none.
    #[n(2)]
    pub bot: i64,
    /// Its title.
    #[n(3)]
    pub title: String,
    /// The name in links.
    #[n(4)]
    pub short_name: String,
    /// What is in it.
    #[n(5)]
    pub kind: StickerKind,
    /// Custom emoji take the colour of the text.
    #[n(6)]
    pub text_color: bool,
    /// In their order.
    #[n(7)]
    pub stickers: Vec<SetSticker>,
    /// Grows with each change.
    #[n(8)]
    pub version: u32,
    /// It was deleted.
    #[n(9)]
    pub deleted: bool,
    /// The document that stands for the set; 0 for none.
    #[n(10)]
    pub thumb: i64,
}

/// One of the sets that somebody has installed.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct InstalledSet {
    /// The set.
    #[n(0)]
    pub id: i64,
    /// When, Unix seconds.
    #[n(1)]
    pub date: u32,
    /// It is put away.
    #[n(2)]
    pub archived: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct Installed {
    #[n(0)]
    list: Vec<InstalledSet>,
}

/// A document that somebody keeps at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct KeptDocument {
    /// The document.
    #[n(0)]
    pub document: i64,
    /// When it was kept last, Unix seconds.
    #[n(1)]
    pub date: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct Kept {
    #[n(0)]
    list: Vec<KeptDocument>,
}

/// Which documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptList {
    /// Stickers sent lately.
    RecentStickers,
    /// Stickers put on photos lately.
    RecentAttached,
    /// Favourite stickers.
    FavedStickers,
    /// Animations.
    Gifs,
    /// Sounds for notifications.
    Ringtones,
}

impl KeptList {
    fn scope(self) -> &'static str {
        match self {
            Self::RecentStickers => "recent-stickers",
            Self::RecentAttached => "recent-attached",
            Self::FavedStickers => "faved-stickers",
            Self::Gifs => "gifs",
            Self::Ringtones => "ringtones",
        }
    }

    fn len_max(self) -> usize {
        match self {
            Self::RecentStickers | Self::RecentAttached | Self::Gifs => 200,
            Self::FavedStickers => 5,
            Self::Ringtones => 100,
        }
    }
}

impl Record for StickerSet {}
impl Record for Installed {}
impl Record for Kept {}

fn scope(id: i64) -> String {
    format!("sticker-set/{id}")
}

fn name_scope(short_name: &str) -> String {
    format!("sticker-name/{}", short_name.to_ascii_lowercase())
}

fn installed_scope(kind: StickerKind) -> String {
    format!("installed-{}", kind.name())
}

impl Messenger {
    /// The hash by which everybody names a set.
    #[must_use]
    pub fn sticker_set_hash(&self, id: i64) -> i64 {
        self.access.other(HASH, UserId(0), id)
    }

    /// A set that was not deleted.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sticker_set(&self, id: i64) -> Result<Option<StickerSet>> {
        let stored = self.store.setting(scope(id), SET.into()).await?;
        let set = stored
            .map(|setting| StickerSet::from_bytes(&setting.body))
            .transpose()?;
        Ok(set.filter(|set| !set.deleted))
    }

    /// The set that a request names.
    ///
    /// # Errors
    /// `SetUnknown`, or when the store fails.
    #[allow(clippy::wildcard_enum_match_arm, reason = "there are no built-in sets")]
    pub async fn named_sticker_set(&self, name: &types::InputStickerSet) -> Result<StickerSet> {
        let id = match name {
            types::InputStickerSet::ID { id, access_hash } => {
                (*access_hash == self.sticker_set_hash(*id)).then_some(*id)
            }
            types::InputStickerSet::ShortName { short_name } => {
                self.sticker_set_by_name(short_name).await?
            }
            _ => None,
        };
        let set = match id {
            Some(id) => self.sticker_set(id).await?,
            None => None,
        };
        set.ok_or_else(|| StickerError::SetUnknown.into())
    }

    /// The set that has a short name, deleted ones included.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sticker_set_by_name(&self, short_name: &str) -> Result<Option<i64>> {
        let fits = (1..=64).contains(&short_name.len())
            && short_name
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'_');
        if !fits {
            return Ok(None);
        }
        let stored = self
            .store
            .setting(name_scope(short_name), SET.into())
            .await?;
        Ok(stored
            .and_then(|setting| setting.body.first_chunk().copied())
            .map(i64::from_le_bytes))
    }

    /// Keeps a new set; its name is claimed first.
    ///
    /// # Errors
    /// `NameOccupied`, or when the store fails.
    pub async fn create_sticker_set(&self, set: &StickerSet) -> Result<()> {
        let id = Bytes::copy_from_slice(&set.id.to_le_bytes());
        let claimed = self
            .store
            .put_setting(name_scope(&set.short_name), SET.into(), 0, id)
            .await;
        match claimed {
            Ok(_) => {}
            Err(store::Error::Conflict(_)) => return Err(StickerError::NameOccupied.into()),
            Err(error) => return Err(error.into()),
        }
        self.store
            .put_setting(scope(set.id), SET.into(), 0, set.to_bytes())
            .await?;
        self.overwrite_setting(
            &format!("sticker-sets-of/{}", set.creator),
            &set.id.to_string(),
            Bytes::from_static(&[1]),
        )
        .await
    }

    /// Changes a set; `change` may be called more than once.
    ///
    /// # Errors
    /// `SetUnknown`, what `change` says, or when the store fails.
    pub async fn change_sticker_set(
        &self,
        id: i64,
        mut change: impl FnMut(&mut StickerSet) -> Result<()> + Send,
    ) -> Result<StickerSet> {
        loop {
            let stored = self.store.setting(scope(id), SET.into()).await?;
            let setting = stored.ok_or(StickerError::SetUnknown)?;
            let mut set = StickerSet::from_bytes(&setting.body)?;
            change(&mut set)?;
            set.version += 1;
            let put = self
                .store
                .put_setting(scope(id), SET.into(), setting.version, set.to_bytes())
                .await;
            match put {
                Ok(_) => return Ok(set),
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The sets that a user has made, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sticker_sets_of(&self, creator: UserId) -> Result<Vec<StickerSet>> {
        let listed = self
            .store
            .settings(format!("sticker-sets-of/{creator}"))
            .await?;
        let mut sets = Vec::new();
        for (id, _) in listed {
            if let Ok(id) = id.parse()
                && let Some(set) = self.sticker_set(id).await?
            {
                sets.push(set);
            }
        }
        sets.sort_by_key(|set| std::cmp::Reverse(set.id));
        Ok(sets)
    }

    /// The sets of a kind that a user has installed, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn installed_sets(
        &self,
        user: UserId,
        kind: StickerKind,
    ) -> Result<Vec<InstalledSet>> {
        let stored = self
            .store
            .setting(installed_scope(kind), user.to_string())
            .await?;
        Ok(match stored {
            Some(setting) => Installed::from_bytes(&setting.body)?.list,
            None => Vec::new(),
        })
    }

    /// Changes which sets of a kind a user has installed; the last ones beyond the most are put
    /// away.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn change_installed(
        &self,
        user: UserId,
        kind: StickerKind,
        change: impl FnOnce(&mut Vec<InstalledSet>) + Send,
    ) -> Result<()> {
        let mut list = self.installed_sets(user, kind).await?;
        change(&mut list);
        let mut active = 0;
        for set in &mut list {
            active += usize::from(!set.archived);
            set.archived |= active > INSTALLED_MAX;
        }
        list.truncate(INSTALLED_MAX * 2);
        let body = Installed { list }.to_bytes();
        self.overwrite_setting(&installed_scope(kind), &user.to_string(), body)
            .await
    }

    /// Documents that a user keeps at hand, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn kept_documents(&self, user: UserId, list: KeptList) -> Result<Vec<KeptDocument>> {
        let stored = self
            .store
            .setting(list.scope().into(), user.to_string())
            .await?;
        Ok(match stored {
            Some(setting) => Kept::from_bytes(&setting.body)?.list,
            None => Vec::new(),
        })
    }

    /// Puts a document in front of those that a user keeps at hand, or takes it away; `None` takes
    /// all away.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_document(
        &self,
        user: UserId,
        list: KeptList,
        document: Option<DocumentId>,
        keep: bool,
        now: Now,
    ) -> Result<()> {
        let mut kept = self.kept_documents(user, list).await?;
        match document {
            None => kept.clear(),
            Some(id) => {
                kept.retain(|other| other.document != id.0);
                if keep {
                    let date = now.unix_s();
                    kept.insert(
                        0,
                        KeptDocument {
                            document: id.0,
                            date,
                        },
                    );
                    kept.truncate(list.len_max());
                }
            }
        }
        let body = Kept { list: kept }.to_bytes();
        self.overwrite_setting(list.scope(), &user.to_string(), body)
            .await
    }

    /// The attributes of a document.
    ///
    /// # Errors
    /// `Damaged`.
    pub fn attributes_of(file: &crate::File) -> Result<Vec<types::DocumentAttribute>> {
        if file.attributes.is_empty() {
            return Ok(Vec::new());
        }
        tl::from_bytes(&Bytes::copy_from_slice(&file.attributes))
            .map_err(|_| Error::Damaged("the attributes of a document"))
    }

    /// How stickers name their set.
    #[must_use]
    pub fn set_name(&self, id: i64) -> types::InputStickerSet {
        types::InputStickerSet::ID {
            id,
            access_hash: self.sticker_set_hash(id),
        }
    }
}
