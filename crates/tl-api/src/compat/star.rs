//! Stars and gifts: plain numbers first, amounts with a currency since.

use tl::Str;

use crate::{
    constructors as c,
    types::{
        BroadcastRevenueBalances, DataJSON, InputInvoice, InputPeer, InputSavedStarGift,
        InputStorePaymentPurpose, PremiumSubscriptionOption, StarGiftAttributeRarity, StarsAmount,
        StarsTopupOption,
    },
};

/// A whole number of stars.
pub(crate) fn stars_amount(amount: i64) -> StarsAmount {
    StarsAmount::StarsAmount { amount, nanos: 0 }
}

/// No stars.
pub(crate) fn no_stars() -> StarsAmount {
    stars_amount(0)
}

/// The stars of an amount, cut to whole ones; none of another currency.
pub(crate) fn star_count(amount: &StarsAmount) -> i64 {
    whole_stars(amount).unwrap_or(0)
}

/// The stars of an amount that is in stars.
pub(crate) fn whole_stars(amount: &StarsAmount) -> Option<i64> {
    match amount {
        StarsAmount::StarsAmount { amount, .. } => Some(*amount),
        StarsAmount::StarsTonAmount { .. } => None,
    }
}

/// The amount if it is in stars, else none.
pub(crate) fn stars_only(amount: &StarsAmount) -> StarsAmount {
    match amount {
        StarsAmount::StarsAmount { .. } => amount.clone(),
        StarsAmount::StarsTonAmount { .. } => no_stars(),
    }
}

/// The price in stars among the prices of a gift.
pub(crate) fn resell_stars(prices: &Option<Vec<StarsAmount>>) -> Option<i64> {
    prices.iter().flatten().find_map(whole_stars)
}

/// How rare an attribute is; 0 where a name says it.
pub(crate) fn permille(rarity: &StarGiftAttributeRarity) -> i32 {
    match rarity {
        StarGiftAttributeRarity::StarGiftAttributeRarity { permille } => *permille,
        StarGiftAttributeRarity::Epic {}
        | StarGiftAttributeRarity::Legendary {}
        | StarGiftAttributeRarity::Rare {}
        | StarGiftAttributeRarity::Uncommon {} => 0,
    }
}

/// The message that brought a gift to the caller.
pub(crate) fn gift_msg_id(gift: &InputSavedStarGift) -> Option<i32> {
    match gift {
        InputSavedStarGift::User { msg_id } => Some(*msg_id),
        InputSavedStarGift::Chat { .. } | InputSavedStarGift::Slug { .. } => None,
    }
}

/// The message that an invoice is.
pub(crate) fn invoice_message(invoice: &InputInvoice) -> Option<(InputPeer, i32)> {
    if let InputInvoice::Message { peer, msg_id } = invoice {
        Some((peer.clone(), *msg_id))
    } else {
        None
    }
}

/// The option that a purchase of stars chose.
pub(crate) fn topup_option(purpose: &InputStorePaymentPurpose) -> Option<StarsTopupOption> {
    let InputStorePaymentPurpose::InputStorePaymentStarsTopup(topup) = purpose else {
        return None;
    };
    let c::InputStorePaymentStarsTopup {
        stars,
        currency,
        amount,
        ..
    } = &**topup;
    Some(StarsTopupOption {
        extended: false,
        stars: *stars,
        store_product: None,
        currency: currency.clone(),
        amount: *amount,
    })
}

/// The purchase that an option of stars is.
pub(crate) fn topup_purpose(option: StarsTopupOption) -> InputStorePaymentPurpose {
    let StarsTopupOption {
        stars,
        currency,
        amount,
        ..
    } = option;
    let topup = c::InputStorePaymentStarsTopup::new(stars, currency, amount);
    InputStorePaymentPurpose::InputStorePaymentStarsTopup(Box::new(topup))
}

/// The purchase of a subscription.
pub(crate) fn premium_subscription(restore: bool) -> InputStorePaymentPurpose {
    InputStorePaymentPurpose::InputStorePaymentPremiumSubscription {
        restore,
        upgrade: false,
    }
}

/// Whether a subscription is restored.
pub(crate) fn is_restore(purpose: &InputStorePaymentPurpose) -> bool {
    matches!(
        purpose,
        InputStorePaymentPurpose::InputStorePaymentPremiumSubscription { restore: true, .. }
    )
}

const TOKEN_HEAD: &str = "{\"purchaseToken\":\"";
const TOKEN_TAIL: &str = "\"}";

/// The receipt that a purchase token is: a JSON object of one field.
pub(crate) fn purchase_receipt(token: &str) -> DataJSON {
    let mut data = TOKEN_HEAD.to_owned();
    for c in token.chars() {
        match c {
            '"' => data.push_str("\\\""),
            '\\' => data.push_str("\\\\"),
            c if c < ' ' => data.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => data.push(c),
        }
    }
    data.push_str(TOKEN_TAIL);
    DataJSON { data: data.into() }
}

/// The token of a receipt that [`purchase_receipt`] made.
pub(crate) fn purchase_token(receipt: &DataJSON) -> Str {
    let inner = receipt
        .data
        .strip_prefix(TOKEN_HEAD)
        .and_then(|tail| tail.strip_suffix(TOKEN_TAIL));
    let mut chars = inner.unwrap_or_default().chars();
    let mut token = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let c = u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32);
                    token.extend(c);
                }
                other => token.extend(other),
            },
            c => token.push(c),
        }
    }
    token.into()
}

/// Currency and price of a month of Premium.
pub(crate) fn monthly(options: &[PremiumSubscriptionOption]) -> (Str, i64) {
    let option = options.iter().find(|option| option.months == 1);
    option
        .map(|option| (option.currency.clone(), option.amount))
        .unwrap_or_default()
}

/// The option of a month of Premium.
pub(crate) fn monthly_option(currency: Str, amount: i64) -> Vec<PremiumSubscriptionOption> {
    vec![PremiumSubscriptionOption::new(
        1,
        currency,
        amount,
        Str::default(),
    )]
}

/// The balances that one development state of layer 179 sent without their own constructor.
pub(crate) fn revenue_balances(
    current_balance: i64,
    available_balance: i64,
    overall_revenue: i64,
) -> BroadcastRevenueBalances {
    BroadcastRevenueBalances {
        withdrawal_enabled: false,
        current_balance,
        available_balance,
        overall_revenue,
    }
}
