//! Calls from client to server and back, in memory and over TCP.

use custom_protocol::{
    CallError, Connection, Warehouse,
    api::{
        Client as _, NEWEST_LAYER, constructors, functions,
        tl::{Layer, Str},
        types,
    },
    serve,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
};

/// A lamp for 12.50 €, fragile, with a size.
pub(crate) fn lamp() -> types::Stock {
    let price = types::Money {
        currency: Str::from_static("EUR"),
        amount: 1250,
    };
    let mut lamp = constructors::ItemPiece::new(7, "lamp".into(), price);
    lamp.fragile = true;
    lamp.expires = Some(1_900_000_000);
    lamp.colour = Some("green".into());
    lamp.size = Some(types::Size {
        width: 20,
        height: 45,
        depth: 20,
    });
    stock(types::Item::Piece(Box::new(lamp)), 3, 1)
}

pub(crate) fn bundle() -> types::Stock {
    let bundle = constructors::ItemBundle {
        id: 8,
        name: "desk set".into(),
        parts: vec![7, -7, i64::MAX],
    };
    stock(types::Item::Bundle(Box::new(bundle)), 1, 0)
}

pub(crate) fn promise() -> types::Stock {
    let promise = constructors::ItemPromise {
        id: 9,
        name: "chair".into(),
        due: 1_900_000_000,
    };
    stock(types::Item::Promise(Box::new(promise)), 0, 2)
}

fn stock(item: types::Item, count: i32, shelf: i32) -> types::Stock {
    types::Stock {
        item,
        count,
        place: types::Place { aisle: 1, shelf },
    }
}

/// Runs `client` against a warehouse on the other end of a pipe.
pub(crate) async fn in_memory<T>(
    warehouse: &Warehouse,
    client: impl AsyncFnOnce(DuplexStream) -> T,
) -> T {
    let (near, far) = duplex(1 << 16);
    let (served, result) = tokio::join!(serve(warehouse, far), client(near));
    served.unwrap();
    result
}

async fn every_call(stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    let client = Connection::new(stream, "forklift", Layer(NEWEST_LAYER));
    for stock in [lamp(), bundle(), promise()] {
        assert!(client.stock_put(stock).await.unwrap(), "it is new");
    }
    assert!(!client.stock_put(lamp()).await.unwrap(), "it was there");
    assert_eq!(client.stock_get(7).await.unwrap(), lamp());

    let all = client.stock_list(None, 10).await.unwrap();
    assert_eq!(all, [lamp(), bundle(), promise()]);
    assert_eq!(client.stock_list(Some(7), 1).await.unwrap(), [bundle()]);

    let to = types::Place { aisle: 2, shelf: 1 };
    assert!(client.stock_move(8, to.clone()).await.unwrap());
    assert!(
        !client.stock_move(8, to).await.unwrap(),
        "it was there already"
    );
    let aisles = vec![vec![], vec![0, 3, 0], vec![0, 1]];
    assert_eq!(client.hall_map().await.unwrap(), types::Hall { aisles });

    let order = client.order_place(vec![7, 7]).await.unwrap();
    assert_eq!(order.lines, [types::OrderLines { item: 7, count: 2 }]);
    assert_eq!(order.total.amount, 2500);
    assert_eq!(
        failure(client.order_place(vec![7, 7]).await),
        (409, "not enough of item 7".into())
    );
    assert_eq!(
        failure(client.stock_get(404).await),
        (404, "no item 404".into())
    );
    assert_eq!(
        client.stock_get(7).await.unwrap().count,
        1,
        "a refused order changes nothing"
    );
}

pub(crate) fn failure<T: std::fmt::Debug>(result: Result<T, CallError>) -> (i32, String) {
    match result {
        Err(CallError::Failed { code, text }) => (code, text),
        other => panic!("the call should fail on the server: {other:?}"),
    }
}

#[tokio::test]
async fn every_function_answers_in_memory() {
    in_memory(&Warehouse::default(), every_call).await;
}

#[tokio::test]
async fn every_function_answers_over_tcp() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let warehouse = Warehouse::default();
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        serve(&warehouse, stream).await.unwrap();
    };
    let client = async { every_call(TcpStream::connect(address).await.unwrap()).await };
    tokio::join!(server, client);
}

#[tokio::test]
async fn calls_may_run_on_any_thread() {
    // What a server of many connections needs: its futures are `Send`.
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let warehouse = Warehouse::default();
    let (near, far) = duplex(1 << 16);
    let served = is_send(serve(&warehouse, far));
    let client = Connection::new(near, "forklift", Layer(NEWEST_LAYER));
    let call = is_send(async {
        client.stock_put(lamp()).await.unwrap();
        drop(client);
    });
    let (served, ()) = tokio::join!(served, call);
    served.unwrap();
}

#[tokio::test]
async fn wrapper_says_who_calls() {
    let warehouse = Warehouse::default();
    let refused = in_memory(&warehouse, async |stream| {
        let stranger = Connection::new(stream, "bulldozer", Layer(NEWEST_LAYER));
        let through_a_second_wrapper = functions::WithToken {
            token: b"forklift".as_slice().into(),
            query: functions::hall::Map {},
        };
        stranger.call(through_a_second_wrapper).await.unwrap();
        failure(stranger.hall_map().await)
    });
    assert_eq!(refused.await, (401, "who are you?".into()));
}
