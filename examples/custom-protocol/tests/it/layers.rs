//! A client that knows only layer 1, beside one that knows layer 2.

use custom_protocol::{
    CallError, Connection, Warehouse,
    api::{Client as _, NEWEST_LAYER, OLDEST_LAYER, constructors, name, tl::Layer, types},
};

use crate::calls::{bundle, failure, in_memory, lamp, promise};

#[tokio::test]
async fn old_client_is_shown_what_it_knows() {
    assert_eq!((OLDEST_LAYER, NEWEST_LAYER), (1, 2));
    let warehouse = Warehouse::default();
    in_memory(&warehouse, async |stream| {
        let client = Connection::new(stream, "forklift", Layer(2));
        for stock in [lamp(), bundle(), promise()] {
            client.stock_put(stock).await.unwrap();
        }
    })
    .await;
    let shown = in_memory(&warehouse, async |stream| {
        Connection::new(stream, "forklift", Layer(1))
            .stock_list(None, 10)
            .await
            .unwrap()
    });
    let [piece, parts, promised] = &shown.await[..] else {
        panic!("three items")
    };

    let types::Item::Piece(piece) = &piece.item else {
        panic!("a lamp: {piece:?}")
    };
    assert_eq!((piece.id, piece.price.amount), (7, 1250));
    assert!(
        !piece.fragile && piece.colour.is_none(),
        "layer 1 has no words for it"
    );
    assert_eq!(*parts, bundle(), "both layers say it the same");
    let instead = constructors::ItemBundle {
        id: 9,
        name: "chair".into(),
        parts: vec![],
    };
    assert_eq!(
        promised.item,
        types::Item::Bundle(Box::new(instead)),
        "the substitute"
    );
}

#[tokio::test]
async fn old_client_stores_new_values() {
    let warehouse = Warehouse::default();
    let lost = in_memory(&warehouse, async |stream| {
        let client = Connection::new(stream, "forklift", Layer(1));
        client.stock_put(lamp()).await.unwrap();
        client.stock_put(promise()).await
    });
    assert!(matches!(lost.await, Ok(true)), "sent as its substitute");
    let kept = in_memory(&warehouse, async |stream| {
        Connection::new(stream, "forklift", Layer(2))
            .stock_get(7)
            .await
            .unwrap()
    });
    let types::Item::Piece(piece) = kept.await.item else {
        panic!("a lamp")
    };
    assert_eq!((&*piece.price.currency, piece.price.amount), ("EUR", 1250));
}

#[tokio::test]
async fn layer_that_is_not_there_is_refused() {
    let warehouse = Warehouse::default();
    let refused = in_memory(&warehouse, async |stream| {
        let client = Connection::new(stream, "forklift", Layer(3));
        let result: Result<_, CallError> = client.hall_map().await;
        failure(result)
    });
    assert_eq!(refused.await, (400, "no layer 3".into()));
}

#[test]
fn both_forms_have_a_name() {
    let pieces = name::NAMES.iter().filter(|(_, name)| *name == "itemPiece");
    let ids: Vec<_> = pieces.map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(|id| name::name_of(*id) == Some("itemPiece")));
}
