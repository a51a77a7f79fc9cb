//! The other aggregates: profiles, names, keys, contacts, members, files, the due queue, leases
//! and settings.

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::Result;
use crate::id::{AuthKeyId, DocumentId, FileId, NodeId, OpId, PeerId, ShardId, UserId};
use crate::record::{
    AuthKey, Authorization, Blob, BlobReference, Contact, DueTask, Lease, LoginCode, Member,
    Profile, Setting, UploadPart,
};

/// The most bytes of a name, a lease name or a settings key.
pub const NAME_BYTES_MAX: usize = 128;

/// What users, basic groups and channels are.
#[async_trait]
pub trait Profiles: Send + Sync {
    /// The profile.
    async fn profile(&self, peer: PeerId) -> Result<Option<Profile>>;

    /// Writes the profile over version `expect` (0: there is none yet) and returns its new version.
    ///
    /// # Errors
    /// `Conflict` when another version is stored.
    async fn put_profile(&self, peer: PeerId, expect: u64, body: Bytes) -> Result<u64>;
}

/// What kind of name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A phone number.
    Phone,
    /// A username.
    Username,
}

/// Unique names. Claims are linearizable: a name never has two owners.
#[async_trait]
pub trait Names: Send + Sync {
    /// Claims a name for `owner` and returns who owns it now: `owner`, or whoever was first.
    async fn claim_name(&self, kind: NameKind, name: String, owner: PeerId) -> Result<PeerId>;

    /// Gives a name back; returns whether `owner` had it.
    async fn release_name(&self, kind: NameKind, name: String, owner: PeerId) -> Result<bool>;

    /// Who owns a name.
    async fn resolve_name(&self, kind: NameKind, name: String) -> Result<Option<PeerId>>;
}

/// Authorization keys, the devices of a user, login codes. Times are Unix seconds.
#[async_trait]
pub trait AuthKeys: Send + Sync {
    /// Stores a new key; false when the id is taken, the stored key is left alone then.
    async fn create_auth_key(&self, key: AuthKey, now: u32) -> Result<bool>;

    /// The key, unless it has expired.
    async fn auth_key(&self, id: AuthKeyId, now: u32) -> Result<Option<AuthKey>>;

    /// Changes the user and the facts of a key; false when there is no such key.
    async fn update_auth_key(
        &self,
        id: AuthKeyId,
        user: UserId,
        facts: Bytes,
        now: u32,
    ) -> Result<bool>;

    /// Removes a key.
    async fn remove_auth_key(&self, id: AuthKeyId) -> Result<()>;

    /// Binds a temporary key to a permanent one and returns the one bound before. The last binding
    /// counts.
    async fn bind_temp_key(
        &self,
        permanent: AuthKeyId,
        temporary: AuthKeyId,
    ) -> Result<Option<AuthKeyId>>;

    /// The temporary key bound to a permanent one.
    async fn bound_temp_key(&self, permanent: AuthKeyId) -> Result<Option<AuthKeyId>>;

    /// Writes one device of a user.
    async fn put_authorization(&self, user: UserId, authorization: Authorization) -> Result<()>;

    /// Removes one device of a user.
    async fn remove_authorization(&self, user: UserId, key: AuthKeyId) -> Result<()>;

    /// All devices of a user, by key id.
    async fn authorizations(&self, user: UserId) -> Result<Vec<Authorization>>;

    /// Writes the login code of a phone number over any older one.
    async fn put_login_code(&self, phone: String, code: LoginCode) -> Result<()>;

    /// The login code of a phone number, unless it has expired.
    async fn login_code(&self, phone: String, now: u32) -> Result<Option<LoginCode>>;

    /// Takes one attempt; returns the code as it was before, or `None` when there is none, it has
    /// expired, or no attempt is left. Linearizable: no attempt is ever counted twice or not at
    /// all.
    async fn take_login_attempt(&self, phone: String, now: u32) -> Result<Option<LoginCode>>;

    /// Removes the login code of a phone number.
    async fn remove_login_code(&self, phone: String) -> Result<()>;
}

/// Which list of users a user keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactList {
    /// Blocked users.
    Blocked,
    /// Contacts.
    Contacts,
}

/// Contacts and blocked users.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// Writes an entry.
    async fn put_contact(&self, owner: UserId, list: ContactList, contact: Contact) -> Result<()>;

    /// Removes an entry; returns whether it was there.
    async fn remove_contact(&self, owner: UserId, list: ContactList, user: UserId) -> Result<bool>;

    /// One entry.
    async fn contact(
        &self,
        owner: UserId,
        list: ContactList,
        user: UserId,
    ) -> Result<Option<Contact>>;

    /// All entries, by user id.
    async fn contacts(&self, owner: UserId, list: ContactList) -> Result<Vec<Contact>>;
}

/// Who is in which basic group or channel. The member row is the truth and linearizable; the list
/// of a user's chats follows it.
#[async_trait]
pub trait Members: Send + Sync {
    /// Writes a member; returns whether it is a new one.
    async fn put_member(&self, chat: PeerId, member: Member) -> Result<bool>;

    /// Removes a member; returns whether it was there.
    async fn remove_member(&self, chat: PeerId, user: UserId) -> Result<bool>;

    /// One member.
    async fn member(&self, chat: PeerId, user: UserId) -> Result<Option<Member>>;

    /// Members by user id, after `after`, at most `limit`.
    async fn members(&self, chat: PeerId, after: Option<UserId>, limit: u32)
    -> Result<Vec<Member>>;

    /// How many members there are, of any role.
    async fn member_count(&self, chat: PeerId) -> Result<u32>;

    /// The chats a user is a member of, by peer, after `after`, at most `limit`.
    async fn chats_of(
        &self,
        user: UserId,
        after: Option<PeerId>,
        limit: u32,
    ) -> Result<Vec<PeerId>>;
}

/// Uploads in progress, blobs and documents. The bytes of a blob are kept elsewhere.
#[async_trait]
pub trait Files: Send + Sync {
    /// Writes one part; the same part again replaces it.
    async fn put_upload_part(&self, user: UserId, file: FileId, part: UploadPart) -> Result<()>;

    /// The parts that have not expired, by number.
    async fn upload_parts(&self, user: UserId, file: FileId, now: u32) -> Result<Vec<UploadPart>>;

    /// Forgets all parts of a file.
    async fn remove_upload(&self, user: UserId, file: FileId) -> Result<()>;

    /// Claims a blob: stores it if its hash is new. Returns the stored one, which is `blob` only
    /// for the first to claim it.
    async fn claim_blob(&self, sha256: [u8; 32], blob: Blob) -> Result<Blob>;

    /// A blob.
    async fn blob(&self, sha256: [u8; 32]) -> Result<Option<Blob>>;

    /// Notes that something refers to a blob. Once more changes nothing.
    async fn add_blob_reference(&self, sha256: [u8; 32], reference: BlobReference) -> Result<()>;

    /// Takes a reference away.
    async fn remove_blob_reference(&self, sha256: [u8; 32], reference: BlobReference)
    -> Result<()>;

    /// Removes a blob unless something refers to it; returns whether it is gone.
    async fn remove_unreferenced_blob(&self, sha256: [u8; 32]) -> Result<bool>;

    /// Writes a document.
    async fn put_document(&self, id: DocumentId, body: Bytes) -> Result<()>;

    /// A document.
    async fn document(&self, id: DocumentId) -> Result<Option<Bytes>>;
}

/// Work that waits for its time. At least once: whoever does it must bear doing it twice.
#[async_trait]
pub trait DueQueue: Send + Sync {
    /// Puts a task into the queue of a shard.
    async fn put_due(&self, shard: ShardId, task: DueTask) -> Result<()>;

    /// Tasks due at `now_ms` or before, in the order of their time, at most `limit`.
    async fn due(&self, shard: ShardId, now_ms: u64, limit: u32) -> Result<Vec<DueTask>>;

    /// Takes a task off the queue.
    async fn remove_due(&self, shard: ShardId, at_ms: u64, id: OpId) -> Result<()>;
}

/// Leases: at most one holder at a time, a strictly higher epoch for each. Times are Unix
/// milliseconds of the caller's clock.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease if it is free or run out, or prolongs it for its holder. Returns the lease
    /// now in force, which is the caller's when `holder` is.
    async fn acquire_lease(
        &self,
        name: String,
        node: NodeId,
        now_ms: u64,
        ttl_ms: u64,
    ) -> Result<Lease>;

    /// Prolongs the lease.
    ///
    /// # Errors
    /// `Fenced` when it is no longer held with this epoch.
    async fn renew_lease(
        &self,
        name: String,
        node: NodeId,
        epoch: u64,
        until_ms: u64,
    ) -> Result<Lease>;

    /// Gives the lease back; false when it was no longer held with this epoch.
    async fn release_lease(&self, name: String, node: NodeId, epoch: u64) -> Result<bool>;

    /// The lease as it stands, run out or not.
    async fn lease(&self, name: String) -> Result<Option<Lease>>;
}

/// Small values of the system, in scopes.
#[async_trait]
pub trait Settings: Send + Sync {
    /// One value.
    async fn setting(&self, scope: String, key: String) -> Result<Option<Setting>>;

    /// Writes a value over version `expect` (0: there is none) and returns its new version.
    ///
    /// # Errors
    /// `Conflict` when another version is stored.
    async fn put_setting(
        &self,
        scope: String,
        key: String,
        expect: u64,
        body: Bytes,
    ) -> Result<u64>;

    /// All values of a scope, by key.
    async fn settings(&self, scope: String) -> Result<Vec<(String, Setting)>>;
}

/// Everything an engine does.
pub trait Store:
    crate::mailbox::Mailboxes
    + Profiles
    + Names
    + AuthKeys
    + Contacts
    + Members
    + Files
    + DueQueue
    + Leases
    + Settings
    + Send
    + Sync
{
    /// Whether [`append_group`](crate::Mailboxes::append_group) is all or nothing over several
    /// mailboxes.
    fn groups_are_atomic(&self) -> bool;
}
