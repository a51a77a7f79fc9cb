//! Media of requests (C.1): what each input becomes.

use tl::Str;
use tl_api::{constructors, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// A place that never ends.
const FOR_EVER: i32 = i32::MAX;
/// The most metres that a place may be inexact by.
const ACCURACY_MAX_M: i32 = 1500;
/// The most metres of an alert about somebody coming close.
const RADIUS_MAX_M: i32 = 100_000;

/// The media that an input becomes; `None` when it becomes none.
pub(super) async fn from_input(
    context: &Context<'_>,
    input: &types::InputMedia,
) -> Result<Option<types::MessageMedia>> {
    if let Some(media) = context.file_media(input).await? {
        return Ok(Some(media));
    }
    Ok(Some(match input {
        types::InputMedia::Empty {} => return Ok(None),
        types::InputMedia::Poll(input) => super::poll::from_input(context, input).await?,
        types::InputMedia::Contact(input) => contact(context, input).await?,
        types::InputMedia::Dice { emoticon } => dice(context, emoticon)?,
        types::InputMedia::GeoLive(input) => geo_live(input)?,
        types::InputMedia::GeoPoint { geo_point } => types::MessageMedia::Geo {
            geo: geo(geo_point)?,
        },
        types::InputMedia::Venue(input) => {
            types::MessageMedia::Venue(Box::new(constructors::MessageMediaVenue {
                geo: geo(&input.geo_point)?,
                title: input.title.detached(),
                address: input.address.detached(),
                provider: input.provider.detached(),
                venue_id: input.venue_id.detached(),
                venue_type: input.venue_type.detached(),
            }))
        }
        // Pages are not fetched: the link in the text is all there is (A29).
        types::InputMedia::WebPage { optional, url, .. } => {
            if !url.contains('.') {
                return Err(Error::WEBPAGE_URL_INVALID);
            }
            if *optional {
                return Ok(None);
            }
            return Err(Error::WEBPAGE_NOT_FOUND);
        }
        types::InputMedia::DocumentExternal(_) | types::InputMedia::PhotoExternal(_) => {
            return Err(Error::EXTERNAL_URL_INVALID);
        }
        types::InputMedia::Game { .. } => return Err(Error::GAME_BOT_INVALID),
        types::InputMedia::Invoice(_) => return Err(Error::PAYMENT_PROVIDER_INVALID),
        types::InputMedia::PaidMedia(_) => return Err(Error::EXTENDED_MEDIA_INVALID),
        types::InputMedia::Story { .. } => return Err(Error::STORY_ID_INVALID),
        types::InputMedia::Document(_)
        | types::InputMedia::Photo(_)
        | types::InputMedia::UploadedDocument(_)
        | types::InputMedia::UploadedPhoto(_)
        | types::InputMedia::StakeDice(_)
        | types::InputMedia::Todo { .. } => return Err(Error::MEDIA_INVALID),
    }))
}

async fn contact(
    context: &Context<'_>,
    input: &constructors::InputMediaContact,
) -> Result<types::MessageMedia> {
    if input.phone_number.is_empty() || input.first_name.is_empty() {
        return Err(Error::MEDIA_EMPTY);
    }
    let caller = context.user()?;
    let messenger = context.messenger();
    // What is no number belongs to nobody.
    let owner = match messenger::phone_digits(&input.phone_number) {
        Some(digits) => messenger.user_of_phone(&digits).await?,
        None => None,
    };
    let user_id = match owner {
        Some(user) if user == caller || messenger.may_find_by_phone(caller, user).await? => user.0,
        _ => 0,
    };
    Ok(types::MessageMedia::Contact(Box::new(
        constructors::MessageMediaContact {
            phone_number: input.phone_number.detached(),
            first_name: input.first_name.detached(),
            last_name: input.last_name.detached(),
            vcard: input.vcard.detached(),
            user_id,
        },
    )))
}

fn dice(context: &Context<'_>, emoticon: &Str) -> Result<types::MessageMedia> {
    // Some clients send emoji without the selector of their coloured form.
    let sides = match emoticon.trim_end_matches('\u{fe0f}') {
        "🎲" | "🎯" | "🎳" => 6,
        "🏀" | "⚽" => 5,
        "🎰" => 64,
        _ => return Err(Error::EMOTICON_INVALID),
    };
    let rolled = context.services.random_id() % sides + 1;
    let value = i32::try_from(rolled).map_err(|_| Error::INTERNAL_SERVER_ERROR)?;
    Ok(types::MessageMedia::Dice(Box::new(
        constructors::MessageMediaDice::new(value, emoticon.detached()),
    )))
}

pub(super) fn geo(point: &types::InputGeoPoint) -> Result<types::GeoPoint> {
    match *point {
        types::InputGeoPoint::InputGeoPoint {
            lat,
            long,
            accuracy_radius,
        } if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&long) => {
            Ok(types::GeoPoint::GeoPoint {
                long,
                lat,
                access_hash: 0,
                accuracy_radius: accuracy_radius
                    .filter(|radius| (1..=ACCURACY_MAX_M).contains(radius)),
            })
        }
        types::InputGeoPoint::InputGeoPoint { .. } | types::InputGeoPoint::Empty {} => {
            Err(Error::MEDIA_EMPTY)
        }
    }
}

fn geo_live(input: &constructors::InputMediaGeoLive) -> Result<types::MessageMedia> {
    let period = input.period.unwrap_or(0);
    if !input.stopped && !matches!(period, 60..=86_400 | FOR_EVER) {
        return Err(Error::MEDIA_INVALID);
    }
    let mut live = constructors::MessageMediaGeoLive::new(geo(&input.geo_point)?, period);
    live.heading = input.heading.filter(|heading| (1..=360).contains(heading));
    live.proximity_notification_radius = input
        .proximity_notification_radius
        .filter(|radius| (1..=RADIUS_MAX_M).contains(radius));
    Ok(types::MessageMedia::GeoLive(Box::new(live)))
}
