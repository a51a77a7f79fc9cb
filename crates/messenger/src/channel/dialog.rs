//! Channels in the list of dialogs: what stands there comes from the channel (D1, D8).

use store::{
    ChannelId, Dialog, Direction, HistoryQuery, List, MailboxId, MsgId, PAGE_LIMIT_MAX, PeerId,
    UserId,
};

use crate::Messenger;
use crate::error::Result;

impl Messenger {
    /// The newest message of a channel and its date; 0 for none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tip(&self, id: ChannelId) -> Result<(MsgId, u32)> {
        if let Some(tip) = self.tips.get(&id) {
            return Ok(tip);
        }
        let before = self.changes();
        let query = HistoryQuery {
            peer: PeerId::Channel(id),
            list: List::All,
            from: None,
            direction: Direction::Older,
            limit: 1,
        };
        let page = self.store.history(MailboxId::Channel(id), query).await?;
        let tip = page
            .first()
            .map_or((MsgId(0), 0), |message| (message.id, message.date));
        self.tips.insert(id, tip);
        if self.changes() != before {
            self.tips.remove(&id);
        }
        Ok(tip)
    }

    /// Something was written into a channel.
    pub(crate) fn forget_tip(&self, id: ChannelId) {
        self.changed();
        self.tips.remove(&id);
    }

    /// The dialog of a channel with what is true now; `None` for who is no member.
    pub(crate) async fn channel_dialog(
        &self,
        user: UserId,
        id: ChannelId,
        mut dialog: Dialog,
    ) -> Result<Option<Dialog>> {
        let Some(channel) = self.channel(id).await? else {
            return Ok(None);
        };
        let row = self.channel_member(id, user).await?;
        let Some(row) = row.filter(|row| row.present && !channel.deleted) else {
            return Ok(None);
        };
        let (top, date) = self.tip(id).await?;
        let hidden = top.0 < row.available_min;
        dialog.top = if hidden { MsgId(0) } else { top };
        dialog.top_date = if hidden { 0 } else { date };
        dialog.unread = self
            .unread_in(id, dialog.read_inbox, row.available_min)
            .await?;
        dialog.read_outbox = if channel.megagroup {
            self.read_by_others(id, user).await?
        } else {
            top
        };
        Ok(Some(dialog))
    }

    /// Messages behind a read mark.
    pub(crate) async fn unread_in(
        &self,
        id: ChannelId,
        read: MsgId,
        available_min: i32,
    ) -> Result<u32> {
        let (top, _) = self.tip(id).await?;
        let read = MsgId(read.0.max(available_min - 1));
        if top <= read {
            return Ok(0);
        }
        let mailbox = MailboxId::Channel(id);
        let counted = self
            .store
            .count_newer(
                mailbox,
                PeerId::Channel(id),
                List::All,
                read,
                PAGE_LIMIT_MAX,
            )
            .await?;
        // So many are not counted one by one: ids tell it well enough.
        Ok(if counted < PAGE_LIMIT_MAX {
            counted
        } else {
            (top.0 - read.0).unsigned_abs()
        })
    }
}
