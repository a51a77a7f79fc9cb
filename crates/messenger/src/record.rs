//! What users and groups are, as it is kept: CBOR with numbered fields, so that fields can be added
//! and old records stay readable.

use bytes::Bytes;
use minicbor::{Decode, Encode};
use store::{ChatId, PeerId, UserId};

use crate::bot::BotFacts;
use crate::error::{Error, Result};
use crate::privacy::PrivacySetting;
use crate::time::Now;

/// A record in CBOR.
pub trait Record: Encode<()> + for<'b> Decode<'b, ()> + Sized {
    /// As it is kept.
    fn to_bytes(&self) -> Bytes {
        // Writing into memory cannot fail, and no record refuses to be written.
        minicbor::to_vec(self).unwrap_or_default().into()
    }

    /// From what is kept.
    ///
    /// # Errors
    /// `Damaged`.
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        minicbor::decode(bytes).map_err(|_| Error::Damaged("a record"))
    }
}

/// A user account.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct User {
    /// The account.
    #[n(0)]
    pub id: i64,
    /// The phone number, digits only; empty for bots and deleted accounts.
    #[n(1)]
    pub phone: String,
    /// First name.
    #[n(2)]
    pub first_name: String,
    /// Last name; may be empty.
    #[n(3)]
    pub last_name: String,
    /// Username.
    #[n(4)]
    pub username: Option<String>,
    /// The text about the user.
    #[n(5)]
    pub about: Option<String>,
    /// The profile photo.
    #[n(6)]
    pub photo: Option<Photo>,
    /// When the account was made, Unix seconds.
    #[n(7)]
    pub created: u32,
    /// The account was deleted.
    #[n(8)]
    #[cbor(default)]
    pub deleted: bool,
    /// The account is a bot.
    #[n(9)]
    #[cbor(default)]
    pub bot: bool,
    /// Who may see and do what, where it was set.
    #[n(10)]
    #[cbor(default)]
    pub privacy: Vec<PrivacySetting>,
    /// The birthday.
    #[n(11)]
    pub birthday: Option<Birthday>,
    /// What it is as a bot.
    #[n(12)]
    pub bot_facts: Option<BotFacts>,
}

/// A birthday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Birthday {
    /// 1–31.
    #[n(0)]
    pub day: u8,
    /// 1–12.
    #[n(1)]
    pub month: u8,
    /// The year, if told.
    #[n(2)]
    pub year: Option<u16>,
}

/// A profile or group photo, as far as every mention of its owner shows it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Photo {
    /// The photo.
    #[n(0)]
    pub id: i64,
    /// A tiny preview in the stripped form of JPEG; may be empty.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub stripped: Vec<u8>,
}

/// A basic group.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Chat {
    /// The group.
    #[n(0)]
    pub id: i64,
    /// Title.
    #[n(1)]
    pub title: String,
    /// The text about the group.
    #[n(2)]
    #[cbor(default)]
    pub about: String,
    /// Who made it.
    #[n(3)]
    pub creator: i64,
    /// When it was made, Unix seconds.
    #[n(4)]
    pub created: u32,
    /// Grows with every change of members.
    #[n(5)]
    pub version: u32,
    /// The group is closed.
    #[n(6)]
    #[cbor(default)]
    pub deactivated: bool,
    /// The photo.
    #[n(7)]
    pub photo: Option<Photo>,
    /// Members, in the order of joining.
    #[n(8)]
    #[cbor(default)]
    pub members: Vec<ChatMember>,
    /// What plain members may not do: the bits of `chatBannedRights`.
    #[n(9)]
    #[cbor(default)]
    pub banned_rights: u32,
    /// Messages may not be forwarded or saved.
    #[n(10)]
    #[cbor(default)]
    pub noforwards: bool,
    /// Who was a member and is not any more; they may still read their copies.
    #[n(11)]
    #[cbor(default)]
    pub left: Vec<i64>,
    /// Seconds after which messages go; 0 for never.
    #[n(12)]
    #[cbor(default)]
    pub ttl_period: u32,
    /// The supergroup it has become; 0 for none.
    #[n(13)]
    #[cbor(default)]
    pub migrated_to: i64,
    /// Who was put out; they may still read their copies.
    #[n(14)]
    #[cbor(default)]
    pub removed: Vec<i64>,
    /// `ChatReactions`; empty for all.
    #[n(20)]
    #[cbor(default, with = "minicbor::bytes")]
    pub reactions: Vec<u8>,
}

/// A member of a basic group.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct ChatMember {
    /// The member.
    #[n(0)]
    pub user: i64,
    /// Who brought them in.
    #[n(1)]
    pub inviter: i64,
    /// Since when, Unix seconds.
    #[n(2)]
    pub date: u32,
    /// May do what admins of basic groups may.
    #[n(3)]
    #[cbor(default)]
    pub admin: bool,
    /// Is a bot.
    #[n(4)]
    #[cbor(default)]
    pub bot: bool,
}

/// What a user has noted about another one in the contact list.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct ContactFacts {
    /// First name, as the owner of the list calls them.
    #[n(0)]
    pub first_name: String,
    /// Last name.
    #[n(1)]
    pub last_name: String,
    /// The number by which they were added; empty when it was not known.
    #[n(2)]
    #[cbor(default)]
    pub phone: String,
    /// A note of the owner.
    #[n(3)]
    #[cbor(default)]
    pub note: String,
    /// A close friend.
    #[n(4)]
    #[cbor(default)]
    pub close_friend: bool,
    /// The photo that the owner of the list sees in place of theirs.
    #[n(5)]
    pub photo: Option<Photo>,
}

impl Record for User {}
impl Record for Chat {}
impl Record for ContactFacts {}

impl Birthday {
    /// Whether there is such a day, and not in a year to come or long ago.
    #[must_use]
    pub fn is_real(&self, now: Now) -> bool {
        // A year is 365.2425 days long on average.
        let this_year = 1970 + now.0 / 31_556_952_000;
        let leap = |year: u16| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let days = match self.month {
            2 if self.year.is_none_or(leap) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let year_fits = self
            .year
            .is_none_or(|year| year >= 1900 && u64::from(year) <= this_year);
        (1..=days).contains(&self.day) && year_fits
    }

    /// Whether it is today, was yesterday or will be tomorrow, in UTC.
    #[must_use]
    pub fn is_near(&self, now: Now) -> bool {
        let today = i64::from(now.unix_s() / 86_400);
        (today - 1..=today + 1).any(|day| month_and_day(day) == (self.month, self.day))
    }
}

/// The month and the day of the month of a day since 1 January 1970.
fn month_and_day(day: i64) -> (u8, u8) {
    // Years are counted from March, so that the leap day is the last one.
    let shifted = day + 719_468;
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let small = |number: i64| u8::try_from(number).unwrap_or(0);
    (small(month), small(day))
}

impl User {
    /// Its id.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        UserId(self.id)
    }
}

impl Chat {
    /// Its id.
    #[must_use]
    pub fn chat_id(&self) -> ChatId {
        ChatId(self.id)
    }

    /// As a peer.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        PeerId::Chat(ChatId(self.id))
    }

    /// A member.
    #[must_use]
    pub fn member(&self, user: UserId) -> Option<&ChatMember> {
        self.members.iter().find(|member| member.user == user.0)
    }

    /// Whether the user is or was a member.
    #[must_use]
    pub fn knows(&self, user: UserId) -> bool {
        self.member(user).is_some() || self.left.contains(&user.0)
    }

    /// Whether the user made the group or is an admin of it.
    #[must_use]
    pub fn is_admin(&self, user: UserId) -> bool {
        self.creator == user.0 || self.member(user).is_some_and(|member| member.admin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        assert_eq!(month_and_day(0), (1, 1));
        // 29 February and 1 March 2000, 31 December 2026.
        assert_eq!(month_and_day(11_016), (2, 29));
        assert_eq!(month_and_day(11_017), (3, 1));
        assert_eq!(month_and_day(20_818), (12, 31));
    }

    #[test]
    fn birthdays_are_days_of_the_calendar() {
        let now = Now(1_790_000_000_000);
        let is_real = |day, month, year| Birthday { day, month, year }.is_real(now);
        assert!(is_real(29, 2, None) && is_real(29, 2, Some(2000)));
        assert!(!is_real(29, 2, Some(1900)) && !is_real(30, 2, None));
        assert!(is_real(31, 12, Some(1999)) && !is_real(31, 4, None));
        assert!(!is_real(1, 13, None) && !is_real(0, 1, None));
        assert!(is_real(1, 1, Some(2026)) && !is_real(1, 1, Some(2027)));
        assert!(!is_real(1, 1, Some(1899)));
    }
}
