//! From a call to the function that serves it.

use std::future::Future;
use std::pin::Pin;

use tl::Bytes;
use tl_api::call::Call;

use crate::access::subscribes;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::refusal::refusal;
use crate::{
    Services, account, auth, bots, channels, chatlists, contacts, folders, help, langpack,
    messages, payments, phone, photos, premium, stats, stickers, stories, updates, upload, users,
};

/// A call on its way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<Bytes>> + Send + 'a>>;

/// How far a method is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It answers truthfully that there is nothing.
    Empty,
    /// It does what it says.
    Works,
}

/// The table of a namespace: which function serves which call.
///
/// `METHODS` lists the calls with their state; `dispatch` gives back a call that is not in the table.
/// What is `refused` has no function: it is answered by the refusal that clients know for it.
macro_rules! methods {
    (
        $(works { $($call:ident => $($handler:ident)::+,)* })?
        $(empty { $($empty:ident => $($nothing:ident)::+,)* })?
        $(refused { $($refused:ident => $refusal:ident,)* })?
    ) => {
        /// The calls served here.
        pub(crate) const METHODS: &[(&str, $crate::dispatch::State)] = &[
            $($((stringify!($call), $crate::dispatch::State::Works),)*)?
            $($((stringify!($empty), $crate::dispatch::State::Empty),)*)?
        ];

        /// Runs a call of this namespace; gives it back when it is not served.
        #[allow(clippy::wildcard_enum_match_arm, reason = "other namespaces have tables of their own")]
        #[allow(unused_variables, reason = "a table may be empty")]
        pub(crate) fn dispatch<'a>(
            context: &'a $crate::context::Context<'a>,
            call: tl_api::call::Call,
        ) -> Result<$crate::dispatch::Running<'a>, tl_api::call::Call> {
            match call {
                $($(tl_api::call::Call::$call(request) => Ok(Box::pin(async move {
                    // Some calls come boxed, some not.
                    let request: Box<_> = request.into();
                    let encode = $crate::dispatch::encode_of(&*request);
                    let result = $($handler)::+(context, *request).await?;
                    encode(context, &result)
                })),)*)?
                $($(tl_api::call::Call::$empty(request) => Ok(Box::pin(async move {
                    let request: Box<_> = request.into();
                    let encode = $crate::dispatch::encode_of(&*request);
                    let result = $($nothing)::+(context, *request).await?;
                    encode(context, &result)
                })),)*)?
                $($(tl_api::call::Call::$refused(_) => Ok(Box::pin(async move {
                    Err($crate::error::Error::$refusal)
                })),)*)?
                other => Err(other),
            }
        }
    };
}
pub(crate) use methods;

/// How the result of a request is written.
pub(crate) fn encode_of<F: tl::Function>(_: &F) -> fn(&Context<'_>, &F::Result) -> Result<Bytes> {
    |context, result| context.encode::<F>(result)
}

/// The tables of all namespaces.
pub const METHODS: &[&[(&str, State)]] = &[
    account::METHODS,
    auth::METHODS,
    bots::METHODS,
    channels::METHODS,
    chatlists::METHODS,
    contacts::METHODS,
    folders::METHODS,
    help::METHODS,
    langpack::METHODS,
    messages::METHODS,
    payments::METHODS,
    phone::METHODS,
    photos::METHODS,
    premium::METHODS,
    stats::METHODS,
    stickers::METHODS,
    stories::METHODS,
    updates::METHODS,
    upload::METHODS,
    users::METHODS,
];

impl Services {
    /// Runs one call; the answer is ready for `rpc_result`.
    pub(crate) async fn run(&self, call: &bus::Call) -> Bytes {
        let context = Context {
            services: self,
            caller: &call.caller,
            msg_id: call.msg_id,
            now: self.world.now(),
        };
        match self.serve(&context, call).await {
            Ok(answer) => answer,
            Err(error) => error.to_bytes(),
        }
    }

    async fn serve(&self, context: &Context<'_>, call: &bus::Call) -> Result<Bytes> {
        let request: Call = tl::from_bytes(&call.body).map_err(|_| unreadable(&call.body))?;
        let name = request.name();
        context.check_access(name).await?;
        if context.caller.user.is_some() && !call.without_updates && subscribes(name) {
            self.gateways.tell(bus::Notice::KeySubscribed(
                context.caller.auth_key_id,
                context.caller.session_id,
            ));
            self.messenger.watch_channels(context.user()?).await?;
        }
        match find(context, request) {
            Ok(running) => running.await,
            Err(other) => {
                tracing::info!(method = other.name(), "a method that is not served");
                Err(refusal(other.name()))
            }
        }
    }
}

/// Looks for the function in the tables.
fn find<'a>(context: &'a Context<'a>, call: Call) -> Result<Running<'a>, Call> {
    match call.name().split('.').next() {
        Some("account") => account::dispatch(context, call),
        Some("auth") => auth::dispatch(context, call),
        Some("bots") => bots::dispatch(context, call),
        Some("channels") => channels::dispatch(context, call),
        Some("chatlists") => chatlists::dispatch(context, call),
        Some("contacts") => contacts::dispatch(context, call),
        Some("folders") => folders::dispatch(context, call),
        Some("help") => help::dispatch(context, call),
        Some("langpack") => langpack::dispatch(context, call),
        Some("messages") => messages::dispatch(context, call),
        Some("payments") => payments::dispatch(context, call),
        Some("phone") => phone::dispatch(context, call),
        Some("photos") => photos::dispatch(context, call),
        Some("premium") => premium::dispatch(context, call),
        Some("stats") => stats::dispatch(context, call),
        Some("stickers") => stickers::dispatch(context, call),
        Some("stories") => stories::dispatch(context, call),
        Some("updates") => updates::dispatch(context, call),
        Some("upload") => upload::dispatch(context, call),
        Some("users") => users::dispatch(context, call),
        _ => Err(call),
    }
}

/// Whether the function is not known at all or its arguments cannot be read.
fn unreadable(body: &Bytes) -> Error {
    let known = body
        .first_chunk()
        .is_some_and(|id| tl_api::name::name_of(u32::from_le_bytes(*id)).is_some());
    if known {
        Error::INPUT_FETCH_ERROR
    } else {
        tracing::info!(id = ?body.first_chunk::<4>(), "a method that nobody knows");
        Error::METHOD_INVALID
    }
}
