//! The server: the functions of the schema on a map of items.

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use inventory_api::{
    Call, NEWEST_LAYER, OLDEST_LAYER, Service, dispatch, functions,
    tl::{Bytes, Layer, Rest, Str, Writer, from_bytes, to_bytes},
    types::{Hall, Item, Money, Order, OrderLines, Place, Reply, Stock},
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::frame::{read_frame, write_frame};

/// Places in an aisle, so that a map of the hall stays small.
const SHELVES: i32 = 100;
const AISLES: i32 = 100;
/// `stock.list` gives no more at once.
const LIST_LEN_MAX: usize = 100;

/// Everything in the warehouse. Shared by all connections.
#[derive(Debug, Default)]
pub struct Warehouse {
    stocks: Mutex<BTreeMap<i64, Stock>>,
}

/// What the wrappers of a call say.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// From `withToken`.
    pub token: Option<Bytes>,
}

/// Why the server refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is, as in HTTP.
    pub code: i32,
    /// In words.
    pub text: String,
}

/// Answers the calls of one stream until it ends.
///
/// # Errors
/// The stream fails, or what arrives is no frame.
pub async fn serve(
    warehouse: &Warehouse,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<()> {
    while let Some(frame) = read_frame(&mut stream).await? {
        write_frame(&mut stream, &warehouse.answer(&frame).await).await?;
    }
    Ok(())
}

impl Warehouse {
    /// One request in, one reply out, whatever the bytes are.
    pub async fn answer(&self, frame: &Bytes) -> Bytes {
        let reply = match self.result(frame).await {
            Ok(result) => Reply::Answered {
                result: Rest(result),
            },
            Err(Failure { code, text }) => Reply::Failed {
                code,
                text: text.into(),
            },
        };
        // A reply looks the same in all layers; what it holds was written before.
        to_bytes(&reply, Layer::NEWEST).unwrap_or_default()
    }

    async fn result(&self, frame: &Bytes) -> Result<Bytes, Failure> {
        let call: Call = from_bytes(frame)
            .map_err(|error| failure(400, format!("the request is malformed: {error}")))?;
        let mut writer = Writer::new(Layer::NEWEST);
        dispatch(self, &Caller::default(), call, &mut writer).await?;
        writer
            .finish()
            .map_err(|error| failure(406, error.to_string()))
    }

    fn stocks(&self) -> MutexGuard<'_, BTreeMap<i64, Stock>> {
        // No method leaves the map half changed.
        self.stocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Warehouse {
    type Context = Caller;
    type Error = Failure;

    fn unsupported(&self, call: Call) -> Failure {
        failure(501, format!("{} is not there", call.name()))
    }

    async fn with_layer(
        &self,
        caller: &Caller,
        request: functions::WithLayer<Call>,
        writer: &mut Writer,
    ) -> Result<(), Failure> {
        let layer = u16::try_from(request.layer).ok();
        let layer = layer.filter(|layer| (OLDEST_LAYER..=NEWEST_LAYER).contains(layer));
        let Some(layer) = layer else {
            return Err(failure(400, format!("no layer {}", request.layer)));
        };
        writer.set_layer(Layer(layer));
        dispatch(self, caller, request.query, writer).await
    }

    async fn with_token(
        &self,
        _: &Caller,
        request: functions::WithToken<Call>,
        writer: &mut Writer,
    ) -> Result<(), Failure> {
        let caller = Caller {
            token: Some(request.token),
        };
        dispatch(self, &caller, request.query, writer).await
    }

    async fn stock_put(
        &self,
        caller: &Caller,
        request: functions::stock::Put,
    ) -> Result<bool, Failure> {
        authorise(caller)?;
        let stock = *request.stock;
        if !exists(&stock.place) || stock.count < 0 {
            return Err(failure(400, "no such place, or less than nothing"));
        }
        Ok(self.stocks().insert(id(&stock.item), stock).is_none())
    }

    async fn stock_get(
        &self,
        caller: &Caller,
        request: functions::stock::Get,
    ) -> Result<Stock, Failure> {
        authorise(caller)?;
        let stock = self.stocks().get(&request.item).cloned();
        stock.ok_or_else(|| failure(404, format!("no item {}", request.item)))
    }

    async fn stock_list(
        &self,
        caller: &Caller,
        request: functions::stock::List,
    ) -> Result<Vec<Stock>, Failure> {
        authorise(caller)?;
        let limit = usize::try_from(request.limit)
            .unwrap_or(0)
            .min(LIST_LEN_MAX);
        let after = request.after.unwrap_or(i64::MIN);
        let stocks = self.stocks();
        let rest = stocks.iter().filter(|(id, _)| **id > after);
        Ok(rest.take(limit).map(|(_, stock)| stock.clone()).collect())
    }

    async fn stock_move(
        &self,
        caller: &Caller,
        request: functions::stock::Move,
    ) -> Result<bool, Failure> {
        authorise(caller)?;
        if !exists(&request.to) {
            return Err(failure(400, "no such place"));
        }
        let mut stocks = self.stocks();
        let stock = stocks.get_mut(&request.item);
        let stock = stock.ok_or_else(|| failure(404, format!("no item {}", request.item)))?;
        Ok(std::mem::replace(&mut stock.place, request.to.clone()) != request.to)
    }

    async fn hall_map(&self, caller: &Caller, _: functions::hall::Map) -> Result<Hall, Failure> {
        authorise(caller)?;
        let mut aisles: Vec<Vec<i32>> = Vec::new();
        for Stock { place, count, .. } in self.stocks().values() {
            let (Ok(aisle), Ok(shelf)) =
                (usize::try_from(place.aisle), usize::try_from(place.shelf))
            else {
                continue;
            };
            aisles.resize(aisles.len().max(aisle + 1), Vec::new());
            let shelves = &mut aisles[aisle];
            shelves.resize(shelves.len().max(shelf + 1), 0);
            shelves[shelf] = shelves[shelf].saturating_add(*count);
        }
        Ok(Hall { aisles })
    }

    async fn order_place(
        &self,
        caller: &Caller,
        request: functions::order::Place,
    ) -> Result<Order, Failure> {
        authorise(caller)?;
        let mut lines: BTreeMap<i64, i32> = BTreeMap::new();
        for item in request.items {
            *lines.entry(item).or_default() += 1;
        }
        let mut stocks = self.stocks();
        let mut amount = 0i64;
        for (item, count) in &lines {
            let stock = stocks.get(item).filter(|stock| stock.count >= *count);
            let Some(Stock {
                item: Item::Piece(piece),
                ..
            }) = stock
            else {
                return Err(failure(409, format!("not enough of item {item}")));
            };
            amount = amount.saturating_add(piece.price.amount.saturating_mul((*count).into()));
        }
        for (item, count) in &lines {
            if let Some(stock) = stocks.get_mut(item) {
                stock.count -= count;
            }
        }
        let lines = lines
            .into_iter()
            .map(|(item, count)| OrderLines { item, count })
            .collect();
        Ok(Order {
            id: 1,
            lines,
            total: Money {
                currency: Str::from_static("EUR"),
                amount,
            },
        })
    }
}

fn authorise(caller: &Caller) -> Result<(), Failure> {
    match caller.token.as_deref() {
        Some(b"forklift") => Ok(()),
        Some(_) | None => Err(failure(401, "who are you?")),
    }
}

fn exists(place: &Place) -> bool {
    (0..AISLES).contains(&place.aisle) && (0..SHELVES).contains(&place.shelf)
}

fn id(item: &Item) -> i64 {
    match item {
        Item::Piece(piece) => piece.id,
        Item::Bundle(bundle) => bundle.id,
        Item::Promise(promise) => promise.id,
    }
}

fn failure(code: i32, text: impl Into<String>) -> Failure {
    Failure {
        code,
        text: text.into(),
    }
}
