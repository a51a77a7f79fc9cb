//! The handle.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mtproto_core::session::RpcFailure;
use tl::{Function, Layer, Reader};
use tl_api::{functions, types};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result, refusal};
use crate::options::Options;
use crate::peer::Peers;
use crate::runner::{Command, Runner};
use crate::session::SessionData;
use crate::update::{Incoming, UpdateStream};

/// A call that is cancelled unless it was answered.
struct CancelWhenDropped<'a>(Option<(&'a mpsc::Sender<Command>, u64)>);

impl Drop for CancelWhenDropped<'_> {
    fn drop(&mut self) {
        if let Some((commands, number)) = self.0 {
            // When the queue is full, the answer comes and nobody takes it.
            let _ = commands.try_send(Command::Cancel(number));
        }
    }
}

/// Calls that wait to be taken by the task.
const COMMANDS_LEN: usize = 1024;

/// A client: a handle to clone and to call from anywhere. The connection lives as long as any
/// handle does.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) options: Options,
    commands: mpsc::Sender<Command>,
    /// Of the next call.
    next_number: AtomicU64,
    pub(crate) incoming: mpsc::UnboundedSender<Incoming>,
    updates: Mutex<Option<UpdateStream>>,
    pub(crate) data: Mutex<SessionData>,
    pub(crate) peers: Mutex<Peers>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Loads the session, connects, and makes a key if there is none. Returns once the server has
    /// answered.
    ///
    /// # Errors
    /// The session cannot be read, or the server refuses.
    pub async fn connect(options: Options) -> Result<Self> {
        let client = Self::start(options).await?;
        client.invoke(functions::help::GetConfig {}).await?;
        Ok(client)
    }

    /// Loads the session and starts to connect, without waiting for a server to be there.
    ///
    /// # Errors
    /// The session cannot be read.
    pub async fn start(options: Options) -> Result<Self> {
        let data = options.storage.load().await?;
        let (commands, taken) = mpsc::channel(COMMANDS_LEN);
        let (events, told) = mpsc::unbounded_channel();
        let (incoming, arrived) = mpsc::unbounded_channel();
        let runner = Runner::new(options.clone(), &data, taken, events);
        let stream = UpdateStream::new(&data, arrived);
        let peers = Peers::new(&data);
        let shared = Arc::new(Shared {
            options,
            commands,
            next_number: AtomicU64::new(1),
            incoming,
            updates: Mutex::new(Some(stream)),
            data: Mutex::new(data),
            peers: Mutex::new(peers),
        });
        tokio::spawn(runner.run());
        tokio::spawn(crate::update::forward(Arc::downgrade(&shared), told));
        Ok(Self(shared))
    }

    /// Calls a function. A future that is dropped cancels the call, and the server is told. What
    /// the server asks to wait, up to the limit in the options, is waited and the call repeated.
    /// Updates in the result are also in the stream of updates.
    ///
    /// # Errors
    /// What the server answers instead, or that there is no answer.
    ///
    /// ```no_run
    /// # use chappe_client::{Client, Result, tl_api::functions};
    /// # async fn example(client: Client) -> Result<()> {
    /// let config = client.invoke(functions::help::GetConfig {}).await?;
    /// println!("a basic group has {} members at most", config.chat_size_max);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn invoke<F: Function>(&self, function: F) -> Result<F::Result>
    where
        F::Result: Any,
    {
        let layer = Layer(self.0.options.layer);
        let body = tl::to_bytes(&function, layer).map_err(|_| Error::Unreadable)?;
        loop {
            match self.call(body.clone()).await {
                Ok(answer) => {
                    let mut reader = Reader::new(&answer);
                    let result =
                        F::decode_result(&mut reader, layer).map_err(|_| Error::Unreadable)?;
                    self.notice(&result);
                    return Ok(result);
                }
                Err(Error::FloodWait { seconds })
                    if u64::from(seconds) <= self.0.options.flood_wait_max.as_secs() =>
                {
                    tokio::time::sleep(std::time::Duration::from_secs(seconds.into())).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends one object and gives back the object that answers it, both undecoded.
    ///
    /// # Errors
    /// As for [`Client::invoke`].
    pub async fn call(&self, body: bytes::Bytes) -> Result<bytes::Bytes> {
        let stopped = || Error::Stopped("the task behind it has ended".into());
        let (answer, told) = oneshot::channel();
        let number = self.0.next_number.fetch_add(1, Ordering::Relaxed);
        let command = Command::Call {
            number,
            body,
            answer,
        };
        self.0.commands.send(command).await.map_err(|_| stopped())?;
        let mut unanswered = CancelWhenDropped(Some((&self.0.commands, number)));
        let told = told.await.map_err(|_| stopped());
        unanswered.0 = None;
        match told? {
            Ok(answer) => Ok(answer),
            Err(RpcFailure::Lost) => Err(Error::Lost),
            Err(RpcFailure::Rejected(code)) => Err(Error::Refused {
                code,
                name: "the message was rejected".into(),
            }),
            Err(RpcFailure::Rpc { code, message }) => Err(refusal(code, message)),
            Err(RpcFailure::Unreadable) => Err(Error::Unreadable),
        }
    }

    /// What results tell about updates and peers.
    fn notice(&self, result: &dyn Any) {
        if let Some(updates) = result.downcast_ref::<types::Updates>() {
            let _ = self.0.incoming.send(Incoming::Own(updates.clone()));
        } else if let Some(invited) = result.downcast_ref::<types::messages::InvitedUsers>() {
            let _ = self.0.incoming.send(Incoming::Own(invited.updates.clone()));
        } else if let Some(affected) = result.downcast_ref::<types::messages::AffectedMessages>() {
            let _ = self
                .0
                .incoming
                .send(Incoming::Count(affected.pts, affected.pts_count));
        } else if let Some(affected) = result.downcast_ref::<types::messages::AffectedHistory>() {
            let _ = self
                .0
                .incoming
                .send(Incoming::Count(affected.pts, affected.pts_count));
        }
    }

    /// Everything that happens to the account, in order and without gaps. There is one stream for
    /// a client; `None` when it was taken already.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let Some(mut updates) = client.updates() else { return Ok(()) };
    /// while let Some(update) = updates.next(&client).await? {
    ///     if let Some(message) = chappe_client::new_text(&update) {
    ///         println!("{}", message.message);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn updates(&self) -> Option<UpdateStream> {
        lock(&self.0.updates).take()
    }

    /// Closes the connection; another one is opened at once. Nothing is lost.
    pub async fn reconnect(&self) {
        let _ = self.0.commands.send(Command::Reconnect).await;
    }

    /// Keeps the session.
    ///
    /// # Errors
    /// The storage fails.
    pub async fn save(&self) -> Result<()> {
        let mut data = lock(&self.0.data).clone();
        lock(&self.0.peers).save(&mut data);
        self.0.options.storage.save(&data).await
    }

    /// The layer that is spoken.
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer(self.0.options.layer)
    }
}
