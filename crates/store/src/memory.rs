//! The store in memory: the plainest form of every promise, and so the model the other engines are
//! compared with.

mod mailbox;

pub(crate) use mailbox::check_list;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::aggregate::{
    AuthKeys, ContactList, Contacts, DueQueue, Files, Leases, Members, NAME_BYTES_MAX, NameKind,
    Names, Profiles, Settings, Store,
};
use crate::error::{Error, Result};
use crate::id::{AuthKeyId, DocumentId, FileId, MailboxId, NodeId, OpId, PeerId, ShardId, UserId};
use crate::mailbox::{BODY_BYTES_MAX, check_page};
use crate::record::{
    AuthKey, Authorization, Blob, BlobReference, Contact, DueTask, Lease, LoginCode, Member,
    Profile, Setting, UploadPart,
};

/// Everything in maps behind one lock. Lost with the process.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    atomic_groups: bool,
}

#[derive(Debug, Default)]
struct State {
    mailboxes: BTreeMap<MailboxId, mailbox::Mailbox>,
    profiles: BTreeMap<PeerId, Profile>,
    names: BTreeMap<(NameKind, String), PeerId>,
    auth_keys: BTreeMap<AuthKeyId, AuthKey>,
    temp_keys: BTreeMap<AuthKeyId, AuthKeyId>,
    authorizations: BTreeMap<(UserId, AuthKeyId), Authorization>,
    login_codes: BTreeMap<String, LoginCode>,
    contacts: BTreeMap<(UserId, ContactList, UserId), Contact>,
    members: BTreeMap<(PeerId, UserId), Member>,
    uploads: BTreeMap<(UserId, FileId, u32), UploadPart>,
    blobs: BTreeMap<[u8; 32], Blob>,
    blob_references: BTreeSet<([u8; 32], BlobReference)>,
    documents: BTreeMap<DocumentId, Bytes>,
    due: BTreeMap<(ShardId, u64, OpId), DueTask>,
    leases: BTreeMap<String, Lease>,
    settings: BTreeMap<(String, String), Setting>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            atomic_groups: true,
        }
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose groups of appends stop at the first error instead of undoing the rest,
    /// as those of the CQL engine do.
    #[must_use]
    pub fn with_sequential_groups() -> Self {
        Self {
            atomic_groups: false,
            ..Self::default()
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is made after all its checks, so a panic leaves the maps whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn groups_are_atomic(&self) -> bool {
        self.atomic_groups
    }
}

/// Refuses names no engine takes: empty, too long, or with a NUL.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('\0') {
        return Err(Error::Invalid("names have 1 to 128 bytes and no NUL"));
    }
    Ok(())
}

/// Refuses bodies no engine takes.
pub(crate) fn check_body(body: &Bytes) -> Result<()> {
    if body.len() > BODY_BYTES_MAX {
        Err(Error::Invalid("a body is too long"))
    } else {
        Ok(())
    }
}

/// Whether something that expires then (0: never) is still there at `now`.
pub(crate) fn is_alive(expires_at: u32, now: u32) -> bool {
    expires_at == 0 || now < expires_at
}

#[async_trait]
impl Profiles for MemoryStore {
    async fn profile(&self, peer: PeerId) -> Result<Option<Profile>> {
        Ok(self.state().profiles.get(&peer).cloned())
    }

    async fn put_profile(&self, peer: PeerId, expect: u64, body: Bytes) -> Result<u64> {
        check_body(&body)?;
        let mut state = self.state();
        if state
            .profiles
            .get(&peer)
            .map_or(0, |profile| profile.version)
            != expect
        {
            return Err(Error::Conflict("the profile has another version"));
        }
        let version = expect + 1;
        state.profiles.insert(peer, Profile { version, body });
        Ok(expect + 1)
    }
}

#[async_trait]
impl Names for MemoryStore {
    async fn claim_name(&self, kind: NameKind, name: String, owner: PeerId) -> Result<PeerId> {
        check_name(&name)?;
        Ok(*self.state().names.entry((kind, name)).or_insert(owner))
    }

    async fn release_name(&self, kind: NameKind, name: String, owner: PeerId) -> Result<bool> {
        check_name(&name)?;
        let mut state = self.state();
        let key = (kind, name);
        let owned = state.names.get(&key) == Some(&owner);
        if owned {
            state.names.remove(&key);
        }
        Ok(owned)
    }

    async fn resolve_name(&self, kind: NameKind, name: String) -> Result<Option<PeerId>> {
        check_name(&name)?;
        Ok(self.state().names.get(&(kind, name)).copied())
    }
}

#[async_trait]
impl AuthKeys for MemoryStore {
    async fn create_auth_key(&self, key: AuthKey, now: u32) -> Result<bool> {
        check_body(&key.facts)?;
        let mut state = self.state();
        let taken = state
            .auth_keys
            .get(&key.id)
            .is_some_and(|old| is_alive(old.expires_at, now));
        if !taken {
            state.auth_keys.insert(key.id, key);
        }
        Ok(!taken)
    }

    async fn auth_key(&self, id: AuthKeyId, now: u32) -> Result<Option<AuthKey>> {
        Ok(self
            .state()
            .auth_keys
            .get(&id)
            .filter(|key| is_alive(key.expires_at, now))
            .cloned())
    }

    async fn update_auth_key(
        &self,
        id: AuthKeyId,
        user: UserId,
        facts: Bytes,
        now: u32,
    ) -> Result<bool> {
        check_body(&facts)?;
        let mut state = self.state();
        let Some(key) = state
            .auth_keys
            .get_mut(&id)
            .filter(|key| is_alive(key.expires_at, now))
        else {
            return Ok(false);
        };
        key.user = user;
        key.facts = facts;
        Ok(true)
    }

    async fn remove_auth_key(&self, id: AuthKeyId) -> Result<()> {
        self.state().auth_keys.remove(&id);
        Ok(())
    }

    async fn bind_temp_key(
        &self,
        permanent: AuthKeyId,
        temporary: AuthKeyId,
    ) -> Result<Option<AuthKeyId>> {
        Ok(self.state().temp_keys.insert(permanent, temporary))
    }

    async fn bound_temp_key(&self, permanent: AuthKeyId) -> Result<Option<AuthKeyId>> {
        Ok(self.state().temp_keys.get(&permanent).copied())
    }

    async fn put_authorization(&self, user: UserId, authorization: Authorization) -> Result<()> {
        check_body(&authorization.facts)?;
        self.state()
            .authorizations
            .insert((user, authorization.key), authorization);
        Ok(())
    }

    async fn remove_authorization(&self, user: UserId, key: AuthKeyId) -> Result<()> {
        self.state().authorizations.remove(&(user, key));
        Ok(())
    }

    async fn authorizations(&self, user: UserId) -> Result<Vec<Authorization>> {
        let range = (user, AuthKeyId(i64::MIN))..=(user, AuthKeyId(i64::MAX));
        Ok(self
            .state()
            .authorizations
            .range(range)
            .map(|(_, value)| value.clone())
            .collect())
    }

    async fn put_login_code(&self, phone: String, code: LoginCode) -> Result<()> {
        check_name(&phone)?;
        check_body(&code.facts)?;
        self.state().login_codes.insert(phone, code);
        Ok(())
    }

    async fn login_code(&self, phone: String, now: u32) -> Result<Option<LoginCode>> {
        check_name(&phone)?;
        let state = self.state();
        Ok(state
            .login_codes
            .get(&phone)
            .filter(|code| is_alive(code.expires_at, now))
            .cloned())
    }

    async fn take_login_attempt(&self, phone: String, now: u32) -> Result<Option<LoginCode>> {
        check_name(&phone)?;
        let mut state = self.state();
        let Some(code) = state
            .login_codes
            .get_mut(&phone)
            .filter(|code| is_alive(code.expires_at, now) && code.attempts_left > 0)
        else {
            return Ok(None);
        };
        let before = code.clone();
        code.attempts_left -= 1;
        Ok(Some(before))
    }

    async fn remove_login_code(&self, phone: String) -> Result<()> {
        check_name(&phone)?;
        self.state().login_codes.remove(&phone);
        Ok(())
    }
}

#[async_trait]
impl Contacts for MemoryStore {
    async fn put_contact(&self, owner: UserId, list: ContactList, contact: Contact) -> Result<()> {
        check_body(&contact.facts)?;
        self.state()
            .contacts
            .insert((owner, list, contact.user), contact);
        Ok(())
    }

    async fn remove_contact(&self, owner: UserId, list: ContactList, user: UserId) -> Result<bool> {
        Ok(self.state().contacts.remove(&(owner, list, user)).is_some())
    }

    async fn contact(
        &self,
        owner: UserId,
        list: ContactList,
        user: UserId,
    ) -> Result<Option<Contact>> {
        Ok(self.state().contacts.get(&(owner, list, user)).cloned())
    }

    async fn contacts(&self, owner: UserId, list: ContactList) -> Result<Vec<Contact>> {
        let range = (owner, list, UserId(i64::MIN))..=(owner, list, UserId(i64::MAX));
        Ok(self
            .state()
            .contacts
            .range(range)
            .map(|(_, value)| value.clone())
            .collect())
    }
}

#[async_trait]
impl Members for MemoryStore {
    async fn put_member(&self, chat: PeerId, member: Member) -> Result<bool> {
        check_body(&member.facts)?;
        Ok(self
            .state()
            .members
            .insert((chat, member.user), member)
            .is_none())
    }

    async fn remove_member(&self, chat: PeerId, user: UserId) -> Result<bool> {
        Ok(self.state().members.remove(&(chat, user)).is_some())
    }

    async fn member(&self, chat: PeerId, user: UserId) -> Result<Option<Member>> {
        Ok(self.state().members.get(&(chat, user)).cloned())
    }

    async fn members(
        &self,
        chat: PeerId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        check_page(limit)?;
        let state = self.state();
        let range = (chat, UserId(i64::MIN))..=(chat, UserId(i64::MAX));
        let members = state.members.range(range).map(|(_, value)| value);
        let page = members.filter(|member| after.is_none_or(|after| member.user > after));
        Ok(page.take(limit as usize).cloned().collect())
    }

    async fn member_count(&self, chat: PeerId) -> Result<u32> {
        let count = self
            .state()
            .members
            .keys()
            .filter(|(of, _)| *of == chat)
            .count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn chats_of(
        &self,
        user: UserId,
        after: Option<PeerId>,
        limit: u32,
    ) -> Result<Vec<PeerId>> {
        check_page(limit)?;
        let state = self.state();
        let chats = state
            .members
            .keys()
            .filter(|(_, member)| *member == user)
            .map(|key| key.0);
        let page = chats.filter(|chat| after.is_none_or(|after| *chat > after));
        Ok(page.take(limit as usize).collect())
    }
}

#[async_trait]
impl Files for MemoryStore {
    async fn put_upload_part(&self, user: UserId, file: FileId, part: UploadPart) -> Result<()> {
        check_body(&part.facts)?;
        self.state().uploads.insert((user, file, part.part), part);
        Ok(())
    }

    async fn upload_parts(&self, user: UserId, file: FileId, now: u32) -> Result<Vec<UploadPart>> {
        let state = self.state();
        let parts = state
            .uploads
            .range((user, file, 0)..=(user, file, u32::MAX));
        let alive = parts.filter(|(_, part)| is_alive(part.expires_at, now));
        Ok(alive.map(|(_, part)| part.clone()).collect())
    }

    async fn remove_upload(&self, user: UserId, file: FileId) -> Result<()> {
        self.state()
            .uploads
            .retain(|key, _| (key.0, key.1) != (user, file));
        Ok(())
    }

    async fn claim_blob(&self, sha256: [u8; 32], blob: Blob) -> Result<Blob> {
        check_body(&blob.facts)?;
        Ok(self.state().blobs.entry(sha256).or_insert(blob).clone())
    }

    async fn blob(&self, sha256: [u8; 32]) -> Result<Option<Blob>> {
        Ok(self.state().blobs.get(&sha256).cloned())
    }

    async fn add_blob_reference(&self, sha256: [u8; 32], reference: BlobReference) -> Result<()> {
        self.state().blob_references.insert((sha256, reference));
        Ok(())
    }

    async fn remove_blob_reference(
        &self,
        sha256: [u8; 32],
        reference: BlobReference,
    ) -> Result<()> {
        self.state().blob_references.remove(&(sha256, reference));
        Ok(())
    }

    async fn remove_unreferenced_blob(&self, sha256: [u8; 32]) -> Result<bool> {
        let mut state = self.state();
        let referenced = state
            .blob_references
            .iter()
            .any(|(hash, _)| *hash == sha256);
        if !referenced {
            state.blobs.remove(&sha256);
        }
        Ok(!referenced)
    }

    async fn put_document(&self, id: DocumentId, body: Bytes) -> Result<()> {
        check_body(&body)?;
        self.state().documents.insert(id, body);
        Ok(())
    }

    async fn document(&self, id: DocumentId) -> Result<Option<Bytes>> {
        Ok(self.state().documents.get(&id).cloned())
    }
}

#[async_trait]
impl DueQueue for MemoryStore {
    async fn put_due(&self, shard: ShardId, task: DueTask) -> Result<()> {
        check_body(&task.payload)?;
        self.state().due.insert((shard, task.at_ms, task.id), task);
        Ok(())
    }

    async fn due(&self, shard: ShardId, now_ms: u64, limit: u32) -> Result<Vec<DueTask>> {
        check_page(limit)?;
        let state = self.state();
        let tasks = state
            .due
            .range((shard, 0, OpId(0))..=(shard, now_ms, OpId(u128::MAX)));
        Ok(tasks
            .take(limit as usize)
            .map(|(_, task)| task.clone())
            .collect())
    }

    async fn remove_due(&self, shard: ShardId, at_ms: u64, id: OpId) -> Result<()> {
        self.state().due.remove(&(shard, at_ms, id));
        Ok(())
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn acquire_lease(
        &self,
        name: String,
        node: NodeId,
        now_ms: u64,
        ttl_ms: u64,
    ) -> Result<Lease> {
        check_name(&name)?;
        let mut state = self.state();
        let lease = state.leases.entry(name).or_default();
        let held = now_ms < lease.until_ms;
        if !held {
            lease.epoch += 1;
            lease.holder = node;
        }
        if lease.holder == node {
            lease.until_ms = lease.until_ms.max(now_ms.saturating_add(ttl_ms));
        }
        Ok(lease.clone())
    }

    async fn renew_lease(
        &self,
        name: String,
        node: NodeId,
        epoch: u64,
        until_ms: u64,
    ) -> Result<Lease> {
        check_name(&name)?;
        let mut state = self.state();
        match state.leases.get_mut(&name) {
            Some(lease) if lease.epoch == epoch && lease.holder == node && lease.until_ms > 0 => {
                lease.until_ms = lease.until_ms.max(until_ms);
                Ok(lease.clone())
            }
            other => Err(Error::Fenced {
                epoch: other.map_or(0, |lease| lease.epoch),
            }),
        }
    }

    async fn release_lease(&self, name: String, node: NodeId, epoch: u64) -> Result<bool> {
        check_name(&name)?;
        let mut state = self.state();
        match state.leases.get_mut(&name) {
            Some(lease) if lease.epoch == epoch && lease.holder == node && lease.until_ms > 0 => {
                lease.until_ms = 0;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn lease(&self, name: String) -> Result<Option<Lease>> {
        check_name(&name)?;
        Ok(self.state().leases.get(&name).cloned())
    }
}

#[async_trait]
impl Settings for MemoryStore {
    async fn setting(&self, scope: String, key: String) -> Result<Option<Setting>> {
        check_name(&scope)?;
        check_name(&key)?;
        Ok(self.state().settings.get(&(scope, key)).cloned())
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
        let mut state = self.state();
        let name = (scope, key);
        if state
            .settings
            .get(&name)
            .map_or(0, |setting| setting.version)
            != expect
        {
            return Err(Error::Conflict("the setting has another version"));
        }
        let version = expect + 1;
        state.settings.insert(name, Setting { version, body });
        Ok(expect + 1)
    }

    async fn settings(&self, scope: String) -> Result<Vec<(String, Setting)>> {
        check_name(&scope)?;
        let state = self.state();
        let found = state.settings.iter().filter(|((of, _), _)| *of == scope);
        Ok(found
            .map(|((_, key), setting)| (key.clone(), setting.clone()))
            .collect())
    }
}
