//! The traits of the crate over any engine of rows: checks here, decisions in the row functions.

use async_trait::async_trait;
use bytes::Bytes;

use super::mailbox::PreparedAppend;
use super::{RowEngine, RowStore, account, chat, file, mailbox, search};
use crate::aggregate::{
    AuthKeys, ContactList, Contacts, DueQueue, Files, Leases, Members, NameKind, Names, Profiles,
    Settings, Store,
};
use crate::error::{Error, Result};
use crate::id::{
    AuthKeyId, DocumentId, FileId, LogPosition, MailboxId, MsgId, NodeId, OpId, PeerId, Pts,
    ShardId, UserId,
};
use crate::mailbox::{
    Append, Appended, HistoryQuery, List, LogSlice, Mailboxes, OutboxRow, SearchPage, SearchQuery,
    check_group, check_page,
};
use crate::memory::{check_body, check_list, check_name};
use crate::record::{
    AuthKey, Authorization, Blob, BlobReference, Contact, Dialog, DueTask, Head, Lease, LoginCode,
    Member, Message, OperationResult, Profile, Setting, UploadPart,
};
use crate::token::words;

/// Runs a reading row function with these arguments.
macro_rules! read {
    ($store:ident, $function:path $(, $argument:ident)*) => {
        $store
            .engine
            .read(move |view| Box::pin(async move { $function(view $(, &$argument)*).await }))
            .await
    };
}

/// Runs a deciding row function with these arguments, as often as the engine needs.
macro_rules! write {
    ($store:ident, $function:path $(, $argument:ident)*) => {{
        $(let $argument = std::sync::Arc::new($argument);)*
        $store
            .engine
            .write(move |view| {
                $(let $argument = std::sync::Arc::clone(&$argument);)*
                Box::pin(async move { $function(view $(, &$argument)*).await })
            })
            .await
    }};
}

impl<E: RowEngine> Store for RowStore<E> {
    fn groups_are_atomic(&self) -> bool {
        E::ATOMIC_GROUPS
    }
}

#[async_trait]
impl<E: RowEngine> Mailboxes for RowStore<E> {
    async fn open_mailbox(&self, mailbox: MailboxId, epoch: u64) -> Result<Head> {
        self.finish_groups(&[mailbox]).await?;
        write!(self, mailbox::open, mailbox, epoch)
    }

    async fn head(&self, mailbox: MailboxId) -> Result<Head> {
        self.finish_groups(&[mailbox]).await?;
        read!(self, mailbox::head, mailbox)
    }

    async fn append_group(&self, appends: Vec<Append>) -> Result<Vec<Appended>> {
        check_group(&appends)?;
        if !E::ATOMIC_GROUPS {
            let mailboxes: Vec<_> = appends.iter().map(|append| append.mailbox).collect();
            self.finish_groups(&mailboxes).await?;
            if appends.len() > 1 {
                return self.append_in_turn(appends).await;
            }
        }
        let appends: Vec<_> = appends.into_iter().map(PreparedAppend::new).collect();
        write!(self, mailbox::append_group, appends)
    }

    async fn log(&self, mailbox: MailboxId, after: LogPosition, limit: u32) -> Result<LogSlice> {
        check_page(limit)?;
        read!(self, mailbox::log, mailbox, after, limit)
    }

    async fn trim_log(
        &self,
        mailbox: MailboxId,
        epoch: u64,
        up_to: Pts,
        limit: u32,
    ) -> Result<Head> {
        check_page(limit)?;
        write!(self, mailbox::trim_log, mailbox, epoch, up_to, limit)
    }

    async fn operation(&self, mailbox: MailboxId, op: OpId) -> Result<Option<OperationResult>> {
        read!(self, mailbox::operation, mailbox, op)
    }

    async fn dialogs(&self, mailbox: MailboxId) -> Result<Vec<Dialog>> {
        read!(self, mailbox::dialogs, mailbox)
    }

    async fn dialog(&self, mailbox: MailboxId, peer: PeerId) -> Result<Option<Dialog>> {
        read!(self, mailbox::dialog, mailbox, peer)
    }

    async fn mailbox_settings(
        &self,
        mailbox: MailboxId,
        prefix: Bytes,
    ) -> Result<Vec<(Bytes, Bytes)>> {
        read!(self, mailbox::settings, mailbox, prefix)
    }

    async fn outbox(&self, mailbox: MailboxId, limit: u32) -> Result<Vec<OutboxRow>> {
        check_page(limit)?;
        read!(self, mailbox::outbox, mailbox, limit)
    }

    async fn history(&self, mailbox: MailboxId, query: HistoryQuery) -> Result<Vec<Message>> {
        check_page(query.limit)?;
        check_list(query.list)?;
        read!(self, mailbox::history, mailbox, query)
    }

    async fn messages(&self, mailbox: MailboxId, ids: Vec<MsgId>) -> Result<Vec<Option<Message>>> {
        check_page(u32::try_from(ids.len()).unwrap_or(u32::MAX))?;
        read!(self, mailbox::messages, mailbox, ids)
    }

    async fn count(&self, mailbox: MailboxId, peer: PeerId, list: List) -> Result<u32> {
        check_list(list)?;
        read!(self, mailbox::count, mailbox, peer, list)
    }

    async fn count_newer(
        &self,
        mailbox: MailboxId,
        peer: PeerId,
        list: List,
        than: MsgId,
        most: u32,
    ) -> Result<u32> {
        check_page(most)?;
        check_list(list)?;
        read!(self, mailbox::count_newer, mailbox, peer, list, than, most)
    }

    async fn search(&self, mailbox: MailboxId, query: SearchQuery) -> Result<SearchPage> {
        check_page(query.limit)?;
        if words(&query.text).is_empty() {
            return Err(Error::Invalid("a search needs a word"));
        }
        read!(self, search::search, mailbox, query)
    }
}

#[async_trait]
impl<E: RowEngine> Profiles for RowStore<E> {
    async fn profile(&self, peer: PeerId) -> Result<Option<Profile>> {
        read!(self, account::profile, peer)
    }

    async fn put_profile(&self, peer: PeerId, expect: u64, body: Bytes) -> Result<u64> {
        check_body(&body)?;
        write!(self, account::put_profile, peer, expect, body)
    }
}

#[async_trait]
impl<E: RowEngine> Names for RowStore<E> {
    async fn claim_name(&self, kind: NameKind, name: String, owner: PeerId) -> Result<PeerId> {
        check_name(&name)?;
        write!(self, account::claim_name, kind, name, owner)
    }

    async fn release_name(&self, kind: NameKind, name: String, owner: PeerId) -> Result<bool> {
        check_name(&name)?;
        write!(self, account::release_name, kind, name, owner)
    }

    async fn resolve_name(&self, kind: NameKind, name: String) -> Result<Option<PeerId>> {
        check_name(&name)?;
        read!(self, account::resolve_name, kind, name)
    }
}

#[async_trait]
impl<E: RowEngine> AuthKeys for RowStore<E> {
    async fn create_auth_key(&self, key: AuthKey, now: u32) -> Result<bool> {
        check_body(&key.facts)?;
        write!(self, account::create_auth_key, key, now)
    }

    async fn auth_key(&self, id: AuthKeyId, now: u32) -> Result<Option<AuthKey>> {
        read!(self, account::auth_key, id, now)
    }

    async fn update_auth_key(
        &self,
        id: AuthKeyId,
        user: UserId,
        facts: Bytes,
        now: u32,
    ) -> Result<bool> {
        check_body(&facts)?;
        write!(self, account::update_auth_key, id, user, facts, now)
    }

    async fn remove_auth_key(&self, id: AuthKeyId) -> Result<()> {
        write!(self, account::remove_auth_key, id)
    }

    async fn bind_temp_key(
        &self,
        permanent: AuthKeyId,
        temporary: AuthKeyId,
    ) -> Result<Option<AuthKeyId>> {
        write!(self, account::bind_temp_key, permanent, temporary)
    }

    async fn bound_temp_key(&self, permanent: AuthKeyId) -> Result<Option<AuthKeyId>> {
        read!(self, account::bound_temp_key, permanent)
    }

    async fn put_authorization(&self, user: UserId, authorization: Authorization) -> Result<()> {
        check_body(&authorization.facts)?;
        write!(self, account::put_authorization, user, authorization)
    }

    async fn remove_authorization(&self, user: UserId, key: AuthKeyId) -> Result<()> {
        write!(self, account::remove_authorization, user, key)
    }

    async fn authorizations(&self, user: UserId) -> Result<Vec<Authorization>> {
        read!(self, account::authorizations, user)
    }

    async fn put_login_code(&self, phone: String, code: LoginCode) -> Result<()> {
        check_name(&phone)?;
        check_body(&code.facts)?;
        write!(self, account::put_login_code, phone, code)
    }

    async fn login_code(&self, phone: String, now: u32) -> Result<Option<LoginCode>> {
        check_name(&phone)?;
        read!(self, account::login_code, phone, now)
    }

    async fn take_login_attempt(&self, phone: String, now: u32) -> Result<Option<LoginCode>> {
        check_name(&phone)?;
        write!(self, account::take_login_attempt, phone, now)
    }

    async fn remove_login_code(&self, phone: String) -> Result<()> {
        check_name(&phone)?;
        write!(self, account::remove_login_code, phone)
    }
}

#[async_trait]
impl<E: RowEngine> Contacts for RowStore<E> {
    async fn put_contact(&self, owner: UserId, list: ContactList, contact: Contact) -> Result<()> {
        check_body(&contact.facts)?;
        write!(self, account::put_contact, owner, list, contact)
    }

    async fn remove_contact(&self, owner: UserId, list: ContactList, user: UserId) -> Result<bool> {
        write!(self, account::remove_contact, owner, list, user)
    }

    async fn contact(
        &self,
        owner: UserId,
        list: ContactList,
        user: UserId,
    ) -> Result<Option<Contact>> {
        read!(self, account::contact, owner, list, user)
    }

    async fn contacts(&self, owner: UserId, list: ContactList) -> Result<Vec<Contact>> {
        read!(self, account::contacts, owner, list)
    }
}

#[async_trait]
impl<E: RowEngine> Members for RowStore<E> {
    async fn put_member(&self, chat: PeerId, member: Member) -> Result<bool> {
        check_body(&member.facts)?;
        write!(self, chat::put_member, chat, member)
    }

    async fn remove_member(&self, chat: PeerId, user: UserId) -> Result<bool> {
        write!(self, chat::remove_member, chat, user)
    }

    async fn member(&self, chat: PeerId, user: UserId) -> Result<Option<Member>> {
        read!(self, chat::member, chat, user)
    }

    async fn members(
        &self,
        chat: PeerId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        check_page(limit)?;
        read!(self, chat::members, chat, after, limit)
    }

    async fn member_count(&self, chat: PeerId) -> Result<u32> {
        read!(self, chat::member_count, chat)
    }

    async fn chats_of(
        &self,
        user: UserId,
        after: Option<PeerId>,
        limit: u32,
    ) -> Result<Vec<PeerId>> {
        check_page(limit)?;
        read!(self, chat::chats_of, user, after, limit)
    }
}

#[async_trait]
impl<E: RowEngine> Files for RowStore<E> {
    async fn put_upload_part(&self, user: UserId, file: FileId, part: UploadPart) -> Result<()> {
        check_body(&part.facts)?;
        write!(self, file::put_upload_part, user, file, part)
    }

    async fn upload_parts(&self, user: UserId, file: FileId, now: u32) -> Result<Vec<UploadPart>> {
        read!(self, file::upload_parts, user, file, now)
    }

    async fn remove_upload(&self, user: UserId, file: FileId) -> Result<()> {
        write!(self, file::remove_upload, user, file)
    }

    async fn claim_blob(&self, sha256: [u8; 32], blob: Blob) -> Result<Blob> {
        check_body(&blob.facts)?;
        write!(self, file::claim_blob, sha256, blob)
    }

    async fn blob(&self, sha256: [u8; 32]) -> Result<Option<Blob>> {
        read!(self, file::blob, sha256)
    }

    async fn add_blob_reference(&self, sha256: [u8; 32], reference: BlobReference) -> Result<()> {
        write!(self, file::add_blob_reference, sha256, reference)
    }

    async fn remove_blob_reference(
        &self,
        sha256: [u8; 32],
        reference: BlobReference,
    ) -> Result<()> {
        write!(self, file::remove_blob_reference, sha256, reference)
    }

    async fn remove_unreferenced_blob(&self, sha256: [u8; 32]) -> Result<bool> {
        write!(self, file::remove_unreferenced_blob, sha256)
    }

    async fn put_document(&self, id: DocumentId, body: Bytes) -> Result<()> {
        check_body(&body)?;
        write!(self, file::put_document, id, body)
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Bytes>> {
        read!(self, file::document, id)
    }
}

#[async_trait]
impl<E: RowEngine> DueQueue for RowStore<E> {
    async fn put_due(&self, shard: ShardId, task: DueTask) -> Result<()> {
        check_body(&task.payload)?;
        write!(self, chat::put_due, shard, task)
    }

    async fn due(&self, shard: ShardId, now_ms: u64, limit: u32) -> Result<Vec<DueTask>> {
        check_page(limit)?;
        read!(self, chat::due, shard, now_ms, limit)
    }

    async fn remove_due(&self, shard: ShardId, at_ms: u64, id: OpId) -> Result<()> {
        write!(self, chat::remove_due, shard, at_ms, id)
    }
}

#[async_trait]
impl<E: RowEngine> Leases for RowStore<E> {
    async fn acquire_lease(
        &self,
        name: String,
        node: NodeId,
        now_ms: u64,
        ttl_ms: u64,
    ) -> Result<Lease> {
        check_name(&name)?;
        write!(self, chat::acquire_lease, name, node, now_ms, ttl_ms)
    }

    async fn renew_lease(
        &self,
        name: String,
        node: NodeId,
        epoch: u64,
        until_ms: u64,
    ) -> Result<Lease> {
        check_name(&name)?;
        write!(self, chat::renew_lease, name, node, epoch, until_ms)
    }

    async fn release_lease(&self, name: String, node: NodeId, epoch: u64) -> Result<bool> {
        check_name(&name)?;
        write!(self, chat::release_lease, name, node, epoch)
    }

    async fn lease(&self, name: String) -> Result<Option<Lease>> {
        check_name(&name)?;
        read!(self, chat::lease, name)
    }
}

#[async_trait]
impl<E: RowEngine> Settings for RowStore<E> {
    async fn setting(&self, scope: String, key: String) -> Result<Option<Setting>> {
        check_name(&scope)?;
        check_name(&key)?;
        read!(self, chat::setting, scope, key)
    }

    async fn put_setting(
        &self,
        scope: String,
        key: String,
        expect: u64,
        body: Bytes,
    ) -> Result<u64> {
        check_name(&scope)?;
        check_name(&key)?;
        check_body(&body)?;
        write!(self, chat::put_setting, scope, key, expect, body)
    }

    async fn settings(&self, scope: String) -> Result<Vec<(String, Setting)>> {
        check_name(&scope)?;
        read!(self, chat::settings, scope)
    }
}
