//! Updates as a stream: in order, gaps filled.

use std::sync::Weak;

use tl_api::{functions, types};
use tokio::sync::mpsc;

use crate::client::{Client, Shared, lock};
use crate::error::Result;
use crate::gap::{Action, Gaps, State};
use crate::runner::Event;
use crate::session::SessionData;

/// Messages in one difference of a channel.
const CHANNEL_LIMIT: i32 = 100;

/// What comes to the stream.
pub(crate) enum Incoming {
    /// A `pts` told by an answer.
    Count(i32, i32),
    /// Something may have been missed.
    Doubt,
    /// Updates in an answer.
    Own(types::Updates),
    /// Updates that were pushed.
    Pushed(types::Updates),
}

/// Everything that happens to the account, in order.
pub struct UpdateStream {
    incoming: mpsc::UnboundedReceiver<Incoming>,
    gaps: Gaps,
    started: std::time::Instant,
}

impl UpdateStream {
    pub(crate) fn new(data: &SessionData, incoming: mpsc::UnboundedReceiver<Incoming>) -> Self {
        Self {
            incoming,
            gaps: Gaps::new(data.state, data.channels.iter().copied()),
            started: std::time::Instant::now(),
        }
    }

    /// Where the stream stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.gaps.state()
    }

    /// The next update; `None` once the client is gone. `client` is asked for what was missed.
    ///
    /// # Errors
    /// A difference could not be had; ask again.
    pub async fn next(&mut self, client: &Client) -> Result<Option<types::Update>> {
        loop {
            self.begin(client).await?;
            while let Some(action) = self.gaps.poll() {
                match action {
                    Action::Deliver(update) => {
                        self.remember(client);
                        return Ok(Some(*update));
                    }
                    Action::Difference(state) => self.difference(client, state).await?,
                    Action::ChannelDifference { channel_id, pts } => {
                        self.channel_difference(client, channel_id, pts).await?;
                    }
                }
            }
            if !self.wait().await {
                return Ok(None);
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Waits for something to come or to be due; false once the client is gone.
    async fn wait(&mut self) -> bool {
        let due = self.gaps.poll_timeout().map(|at| {
            tokio::time::Instant::from_std(self.started + std::time::Duration::from_millis(at))
        });
        let timeout = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            incoming = self.incoming.recv() => {
                let now_ms = self.now_ms();
                match incoming {
                    Some(Incoming::Count(pts, pts_count)) => self.gaps.count(now_ms, pts, pts_count),
                    Some(Incoming::Doubt) => self.gaps.doubt(),
                    Some(Incoming::Own(updates) | Incoming::Pushed(updates)) => {
                        self.gaps.handle(now_ms, updates);
                    }
                    None => return false,
                }
            }
            () = timeout => self.gaps.handle_timeout(self.now_ms()),
        }
        true
    }

    /// Without a state to begin from, the present one is asked for: what came before is history.
    /// The first [`UpdateStream::next`] does it too.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// ```no_run
    /// # async fn example(client: chappe_client::Client) -> chappe_client::Result<()> {
    /// let Some(mut updates) = client.updates() else { return Ok(()) };
    /// updates.begin(&client).await?; // from here on nothing is missed
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(&mut self, client: &Client) -> Result<()> {
        if self.gaps.state().pts != 0 {
            return Ok(());
        }
        let state = client.invoke(functions::updates::GetState {}).await?;
        self.gaps.set_state(State {
            pts: state.pts,
            qts: state.qts,
            date: state.date,
            seq: state.seq,
        });
        Ok(())
    }

    async fn difference(&mut self, client: &Client, state: State) -> Result<()> {
        let request = functions::updates::GetDifference {
            pts: state.pts,
            pts_limit: None,
            pts_total_limit: None,
            date: state.date,
            qts: state.qts,
            qts_limit: None,
        };
        match client.invoke(request).await {
            Ok(difference) => {
                match &difference {
                    types::updates::Difference::Difference(part) => {
                        client.remember_peers(&part.users, &part.chats);
                    }
                    types::updates::Difference::Slice(part) => {
                        client.remember_peers(&part.users, &part.chats);
                    }
                    types::updates::Difference::Empty { .. }
                    | types::updates::Difference::TooLong { .. } => {}
                }
                self.gaps.handle_difference(difference);
                Ok(())
            }
            Err(error) => {
                self.gaps.handle_failure(None);
                Err(error)
            }
        }
    }

    async fn channel_difference(
        &mut self,
        client: &Client,
        channel_id: i64,
        pts: i32,
    ) -> Result<()> {
        let Some(channel) = client.input_channel(channel_id) else {
            self.gaps.handle_failure(Some(channel_id));
            return Ok(());
        };
        let request = functions::updates::GetChannelDifference {
            force: false,
            channel,
            filter: types::ChannelMessagesFilter::Empty {},
            pts,
            limit: CHANNEL_LIMIT,
        };
        match client.invoke(request).await {
            Ok(difference) => {
                self.gaps.handle_channel_difference(channel_id, difference);
                Ok(())
            }
            Err(error) => {
                self.gaps.handle_failure(Some(channel_id));
                Err(error)
            }
        }
    }

    fn remember(&self, client: &Client) {
        let mut data = lock(&client.0.data);
        data.state = self.gaps.state();
        data.channels = self.gaps.channels().collect();
    }
}

/// Brings what the task tells to where it belongs, for as long as there is a client.
pub(crate) async fn forward(shared: Weak<Shared>, mut events: mpsc::UnboundedReceiver<Event>) {
    while let Some(event) = events.recv().await {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let client = Client(shared);
        match event {
            Event::Doubt => {
                let _ = client.0.incoming.send(Incoming::Doubt);
            }
            Event::Key(key, salt) => {
                {
                    let mut data = lock(&client.0.data);
                    data.auth_key = key.to_vec();
                    data.salt = salt;
                }
                if let Err(error) = client.save().await {
                    tracing::error!(%error, "the new key is not kept");
                }
            }
            Event::Updates(bytes) => match tl::from_bytes::<types::Updates>(&bytes) {
                Ok(updates) => {
                    if let types::Updates::Updates(container) = &updates {
                        client.remember_peers(&container.users, &container.chats);
                    }
                    let _ = client.0.incoming.send(Incoming::Pushed(updates));
                }
                Err(error) => tracing::warn!(%error, "an update that cannot be read"),
            },
        }
    }
}
