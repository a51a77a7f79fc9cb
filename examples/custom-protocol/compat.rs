//! Prices and items as the two layers have them.

use crate::constructors::ItemBundle;
use crate::tl::Str;
use crate::types::{Item, Money};

/// Layer 1 had prices in euro cents and nothing else.
pub(crate) fn cents(price: &Money) -> Option<i32> {
    if &*price.currency == "EUR" { i32::try_from(price.amount).ok() } else { None }
}

pub(crate) fn euros(cents: i32) -> Money {
    Money { currency: Str::from_static("EUR"), amount: cents.into() }
}

pub(crate) fn empty_bundle(item: &Item) -> Item {
    let (id, name) = match item {
        Item::Piece(piece) => (piece.id, piece.name.clone()),
        Item::Bundle(bundle) => (bundle.id, bundle.name.clone()),
        Item::Promise(promise) => (promise.id, promise.name.clone()),
    };
    Item::Bundle(Box::new(ItemBundle { id, name, parts: Vec::new() }))
}
