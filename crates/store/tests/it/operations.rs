//! Random operations, run on a store and on the model.
//!
//! An operation names things by small numbers (the third user, the second message below the top),
//! so that a sequence stays meaningful when others are taken out of it while shrinking.

use bytes::Bytes;
use store::*;

use crate::random::Random;
use crate::subject::Factory;

/// One step of a sequence: what to do, and the chance it is made of.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) kind: Kind,
    pub(crate) chance: u64,
}

macro_rules! kinds {
    ($($kind:ident $weight:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind { $($kind,)* }

        const KINDS: &[(Kind, u64)] = &[$((Kind::$kind, $weight),)*];
    };
}
kinds!(
    Append 60, Group 8, Repeat 8, Open 3, Trim 4, Head 2, Log 8, Operation 3, Dialogs 4, Dialog 3,
    MailboxSettings 3, Outbox 3, History 14, Messages 6, Count 6, CountNewer 4, Search 10,
    Profile 4, PutProfile 4, ClaimName 5, ReleaseName 4, ResolveName 2, CreateKey 4, Key 4,
    UpdateKey 3, RemoveKey 1, BindTemp 2, BoundTemp 1, PutAuthorization 2, RemoveAuthorization 1,
    Authorizations 2, PutCode 2, Code 2, TakeAttempt 5, RemoveCode 1, PutContact 4,
    RemoveContact 3, Contact 2, Contacts 3, PutMember 8, RemoveMember 4, Member 2, Members 3,
    MemberCount 2, ChatsOf 3, PutPart 4, Parts 3, RemoveUpload 1, ClaimBlob 3, Blob 2, AddReference 3,
    RemoveReference 3, RemoveBlob 2, PutDocument 2, Document 2, PutDue 4, Due 4, RemoveDue 2,
    Acquire 5, Renew 3, Release 2, Lease 2, Setting 2, PutSetting 4, Settings 2, Reopen 1,
);

impl Step {
    pub(crate) fn random(random: &mut Random) -> Self {
        let total: u64 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut at = random.below(total);
        let kind = KINDS.iter().find(|(_, weight)| {
            let found = at < *weight;
            at = at.saturating_sub(*weight);
            found
        });
        Self {
            kind: kind.unwrap().0,
            chance: random.next(),
        }
    }
}

/// Runs a sequence on a fresh store and on a fresh model.
///
/// Returns the first step whose answers differ, with both.
pub(crate) async fn run(
    factory: &dyn Factory,
    world: u32,
    steps: &[Step],
) -> std::result::Result<(), (usize, String)> {
    let model = factory.model();
    let mut subject = factory.fresh(world).await;
    let mut scene = Scene {
        world,
        now: 1_000,
        clock: 0,
        last: None,
    };
    for (at, step) in steps.iter().enumerate() {
        if step.kind == Kind::Reopen {
            subject.reopen().await;
            continue;
        }
        let store = subject.store();
        let (expected, found) = scene.step(step, &model, store.as_ref()).await;
        if expected != found {
            return Err((at, format!("model: {expected}\nstore: {found}")));
        }
    }
    Ok(())
}

/// Takes steps out of a failing sequence for as long as it keeps failing.
pub(crate) async fn shrink(factory: &dyn Factory, world: &mut u32, steps: Vec<Step>) -> Vec<Step> {
    let mut steps = steps;
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            *world += 1;
            match run(factory, *world, &fewer).await {
                Ok(()) => at += size,
                Err((failed, _)) => {
                    fewer.truncate(failed + 1);
                    steps = fewer;
                }
            }
        }
        size /= 2;
    }
    steps
}

/// Runs at least `operations` random operations in sequences of `length`.
pub(crate) async fn run_random(factory: &dyn Factory, operations: u64, length: usize) {
    let seed = crate::random::seed();
    println!("STORE_SEED={seed}, {operations} operations");
    let mut random = Random(seed);
    // Worlds keep sequences apart where one server serves all of them, also those of other runs.
    let mut world = u32::try_from(seed % 100_000_007).unwrap();
    let mut done = 0;
    while done < operations {
        world += 1;
        let steps: Vec<Step> = (0..length).map(|_| Step::random(&mut random)).collect();
        if let Err((at, difference)) = run(factory, world, &steps).await {
            let mut failing = steps;
            failing.truncate(at + 1);
            println!("step {at} differs, shrinking\n{difference}");
            let steps = shrink(factory, &mut world, failing).await;
            world += 1;
            let difference = run(factory, world, &steps).await.err();
            panic!(
                "STORE_SEED={seed}: {} steps are enough:\n{steps:#?}\n{}",
                steps.len(),
                difference.map_or_else(String::new, |(_, difference)| difference)
            );
        }
        done += length as u64;
    }
}

/// What a sequence remembers between its steps.
struct Scene {
    world: u32,
    /// Unix seconds.
    now: u32,
    clock: u64,
    /// The last append with an operation id.
    last: Option<Append>,
}

const WORDS: [&str; 16] = [
    "telegraph",
    "tele",
    "Line",
    "line",
    "Привет",
    "мир",
    "明天",
    "见面",
    "déjà",
    "vu",
    "#rust",
    "rustacean",
    "नमस्ते",
    "1844",
    "a",
    "semaphore",
];

/// Calls the same method of both and compares what they answer.
macro_rules! both {
    ($model:expr, $store:expr, $method:ident($($argument:expr),*)) => {{
        let expected = $model.$method($($argument.clone()),*).await;
        let found = $store.$method($($argument),*).await;
        (format!("{expected:?}"), format!("{found:?}"))
    }};
}

impl Scene {
    fn id(&self, number: u64) -> i64 {
        i64::from(self.world) * 1000 + i64::try_from(number).unwrap()
    }

    fn user(&self, random: &mut Random) -> UserId {
        UserId(self.id(random.below(4)))
    }

    fn peer(&self, random: &mut Random) -> PeerId {
        let id = self.id(random.below(3));
        match random.below(3) {
            0 => PeerId::User(UserId(id)),
            1 => PeerId::Chat(ChatId(-id)),
            _ => PeerId::Channel(ChannelId(id)),
        }
    }

    fn mailbox(&self, random: &mut Random) -> MailboxId {
        match random.below(4) {
            0 => MailboxId::Channel(ChannelId(self.id(1))),
            n => MailboxId::User(UserId(self.id(n))),
        }
    }

    fn name(&self, random: &mut Random) -> String {
        format!("{}-{}é", self.world, random.below(4))
    }

    fn body(random: &mut Random) -> Bytes {
        let len = if random.one_in(40) {
            3000
        } else {
            random.below(20)
        };
        (0..len).map(|_| random.small(255)).collect()
    }

    fn text(random: &mut Random) -> String {
        let words = (0..random.below(6)).map(|_| WORDS[usize::from(random.small(16))]);
        words.collect::<Vec<_>>().join(" ")
    }

    fn list(random: &mut Random) -> List {
        match random.below(4) {
            0 | 1 => List::All,
            2 => List::Tag(random.small(4)),
            _ => List::Thread(MsgId(i32::from(random.small(3)))),
        }
    }

    fn append(&mut self, random: &mut Random, mailbox: MailboxId, head: &Head) -> Append {
        let off = if random.one_in(30) { 1 } else { 0 };
        let epoch = if random.one_in(30) {
            head.epoch.saturating_sub(1)
        } else {
            head.epoch
        };
        let mut append = Append {
            mailbox,
            epoch,
            expect: Pts(head.pts.0 + off),
            op: (!random.one_in(4)).then(|| OpId(u128::from(random.below(1 << 40)))),
            result: Self::body(random),
            date: self.now,
            qts: i32::from(random.small(5)),
            seq: i32::from(random.small(5)),
            ..Append::default()
        };
        for _ in 0..random.below(4) {
            let pts_count = i32::from(random.small(4));
            append.events.push(Event {
                pts_count,
                body: Self::body(random),
            });
        }
        let mut top = head.top.0;
        for _ in 0..random.below(4) {
            let id = if random.one_in(3) && top > 0 {
                1 + i32::try_from(random.below(u64::try_from(top).unwrap())).unwrap()
            } else {
                top + 1 + i32::from(random.one_in(5))
            };
            if append.messages.iter().any(|write| write.id() == MsgId(id)) {
                continue;
            }
            top = top.max(id);
            append.messages.push(self.message(random, MsgId(id)));
        }
        for _ in 0..random.below(3) {
            let peer = self.peer(random);
            if append.dialogs.iter().all(|write| write.peer() != peer) {
                append.dialogs.push(Self::dialog(random, peer));
            }
        }
        if random.one_in(3) {
            let key = Bytes::from(vec![b'k'; usize::from(random.small(4))]);
            let value = (!random.one_in(3)).then(|| Self::body(random));
            append.settings.push((key, value));
        }
        if random.one_in(3) {
            let id = OpId(u128::from(random.below(8)));
            if random.one_in(2) {
                append.outbox.push(OutboxRow {
                    id,
                    payload: Self::body(random),
                });
            } else {
                append.delivered.push(id);
            }
        }
        append
    }

    /// The dialog follows from the id, so that most edits stay in the dialog of the message.
    fn message(&self, random: &mut Random, id: MsgId) -> MessageWrite {
        if random.one_in(5) {
            return MessageWrite::Delete(id);
        }
        let mut of_id = Random(u64::from(id.0.cast_unsigned()) + u64::from(random.one_in(40)));
        MessageWrite::Put {
            message: Message {
                id,
                peer: self.peer(&mut of_id),
                from: self.peer(random),
                date: self.now,
                thread: MsgId(i32::from(random.small(3))),
                tags: u32::from(random.small(16)),
                layer: 230,
                body: Self::body(random),
            },
            text: Self::text(random),
        }
    }

    fn dialog(random: &mut Random, peer: PeerId) -> DialogWrite {
        if random.one_in(6) {
            return DialogWrite::Delete(peer);
        }
        let mut n = || i32::from(random.small(50));
        DialogWrite::Put(Dialog {
            peer,
            top: MsgId(n()),
            top_date: 7,
            read_inbox: MsgId(n()),
            read_outbox: MsgId(n()),
            unread: n().cast_unsigned(),
            pinned: n().cast_unsigned(),
            extra: Self::body(random),
            ..Dialog::default()
        })
    }

    async fn step(
        &mut self,
        step: &Step,
        model: &dyn Store,
        store: &dyn Store,
    ) -> (String, String) {
        let r = &mut Random(step.chance);
        self.clock += 1;
        self.now += u32::from(r.small(3));
        match step.kind {
            Kind::Append
            | Kind::Group
            | Kind::Repeat
            | Kind::Open
            | Kind::Trim
            | Kind::Head
            | Kind::Log
            | Kind::Operation
            | Kind::Dialogs
            | Kind::Dialog
            | Kind::MailboxSettings
            | Kind::Outbox
            | Kind::History
            | Kind::Messages
            | Kind::Count
            | Kind::CountNewer
            | Kind::Search => self.mail(step.kind, r, model, store).await,
            _ => self.rest(step.kind, r, model, store).await,
        }
    }

    async fn mail(
        &mut self,
        kind: Kind,
        r: &mut Random,
        model: &dyn Store,
        store: &dyn Store,
    ) -> (String, String) {
        let mailbox = self.mailbox(r);
        let head = model.head(mailbox).await.unwrap();
        let limit = u32::from(r.small(6));
        match kind {
            Kind::Append => {
                let append = self.append(r, mailbox, &head);
                if append.op.is_some() {
                    self.last = Some(append.clone());
                }
                both!(model, store, append(append))
            }
            Kind::Group => {
                let mut group = vec![self.append(r, mailbox, &head)];
                let other = self.mailbox(r);
                if other != mailbox {
                    let head = model.head(other).await.unwrap();
                    group.push(self.append(r, other, &head));
                }
                for append in &mut group {
                    append.op = Some(OpId(u128::from(r.below(1 << 40))));
                }
                self.last = group.first().cloned();
                both!(model, store, append_group(group))
            }
            Kind::Repeat => match self.last.clone() {
                Some(append) => both!(model, store, append(append)),
                None => (String::new(), String::new()),
            },
            Kind::Open => {
                let epoch = (head.epoch + r.below(3)).saturating_sub(1);
                both!(model, store, open_mailbox(mailbox, epoch))
            }
            Kind::Trim => {
                let up_to =
                    Pts(i32::try_from(r.below(1 + u64::from(head.pts.0.cast_unsigned()))).unwrap());
                both!(model, store, trim_log(mailbox, head.epoch, up_to, limit))
            }
            Kind::Head => both!(model, store, head(mailbox)),
            Kind::Log => {
                let pts =
                    Pts(i32::try_from(r.below(1 + u64::from(head.pts.0.cast_unsigned()))).unwrap());
                let after = LogPosition {
                    pts,
                    index: u32::from(r.small(2)),
                };
                both!(model, store, log(mailbox, after, limit))
            }
            Kind::Operation => {
                let op = self
                    .last
                    .as_ref()
                    .and_then(|append| append.op)
                    .unwrap_or(OpId(1));
                both!(model, store, operation(mailbox, op))
            }
            Kind::Dialogs => both!(model, store, dialogs(mailbox)),
            Kind::Dialog => {
                let peer = self.peer(r);
                both!(model, store, dialog(mailbox, peer))
            }
            Kind::MailboxSettings => {
                let prefix = Bytes::from_static(if r.one_in(2) { b"" } else { b"k" });
                both!(model, store, mailbox_settings(mailbox, prefix))
            }
            Kind::Outbox => both!(model, store, outbox(mailbox, limit)),
            Kind::History => {
                let from = MsgId(
                    i32::try_from(r.below(u64::from(head.top.0.cast_unsigned()) + 3)).unwrap(),
                );
                let direction = if r.one_in(2) {
                    Direction::Newer
                } else {
                    Direction::Older
                };
                let query = HistoryQuery {
                    peer: self.peer(r),
                    list: Self::list(r),
                    from: (!r.one_in(3)).then_some(from),
                    direction,
                    limit,
                };
                both!(model, store, history(mailbox, query))
            }
            Kind::Messages => {
                let ids: Vec<MsgId> = (0..limit).map(|_| MsgId(i32::from(r.small(40)))).collect();
                both!(model, store, messages(mailbox, ids))
            }
            Kind::Count => {
                let (peer, list) = (self.peer(r), Self::list(r));
                both!(model, store, count(mailbox, peer, list))
            }
            Kind::CountNewer => {
                let (peer, list, than) =
                    (self.peer(r), Self::list(r), MsgId(i32::from(r.small(30))));
                both!(model, store, count_newer(mailbox, peer, list, than, limit))
            }
            Kind::Search => {
                let query = SearchQuery {
                    text: Self::text(r)
                        .chars()
                        .take(usize::from(r.small(12)))
                        .collect(),
                    peer: r.one_in(4).then(|| self.peer(r)),
                    from: r.one_in(4).then(|| self.peer(r)),
                    tags: if r.one_in(4) { 1 } else { 0 },
                    thread: MsgId(i32::from(r.one_in(5))),
                    min_date: if r.one_in(5) { self.now - 50 } else { 0 },
                    max_date: if r.one_in(5) { self.now - 5 } else { 0 },
                    before: MsgId(i32::from(if r.one_in(3) { r.small(30) } else { 0 })),
                    limit,
                };
                both!(model, store, search(mailbox, query))
            }
            other => unreachable!("{other:?} is no operation of a mailbox"),
        }
    }

    async fn rest(
        &mut self,
        kind: Kind,
        r: &mut Random,
        model: &dyn Store,
        store: &dyn Store,
    ) -> (String, String) {
        let (peer, user, name) = (self.peer(r), self.user(r), self.name(r));
        let (body, limit, now) = (Self::body(r), u32::from(r.small(6)), self.now);
        let facts = body.clone();
        let key_id = AuthKeyId(self.id(r.below(3)));
        let other = UserId(self.id(r.below(6)));
        let list = if r.one_in(2) {
            ContactList::Blocked
        } else {
            ContactList::Contacts
        };
        let name_kind = if r.one_in(2) {
            NameKind::Phone
        } else {
            NameKind::Username
        };
        let expires_at = if r.one_in(3) {
            0
        } else {
            now + u32::from(r.small(40))
        };
        let file = FileId(i64::from(r.small(2)));
        let mut sha256 = [r.small(2); 32];
        sha256[..4].copy_from_slice(&self.world.to_be_bytes());
        let reference = BlobReference {
            kind: 1,
            id: DocumentId(i64::from(r.small(3))),
        };
        let document = DocumentId(self.id(r.below(3)));
        let shard = ShardId(self.world * 2 + u32::from(r.one_in(2)));
        let (at_ms, op) = (u64::from(r.small(50)), OpId(u128::from(r.small(3))));
        let (node, now_ms) = (NodeId(u32::from(r.small(3))), u64::from(now));
        let epoch = u64::from(r.small(4));
        let key = format!("k{}", r.small(3));
        match kind {
            Kind::Profile => both!(model, store, profile(peer)),
            Kind::PutProfile => {
                let stored = model.profile(peer).await.unwrap();
                let version = stored.map_or(0, |profile| profile.version);
                let expect = version + u64::from(r.one_in(5));
                both!(model, store, put_profile(peer, expect, body))
            }
            Kind::ClaimName => both!(model, store, claim_name(name_kind, name, peer)),
            Kind::ReleaseName => both!(model, store, release_name(name_kind, name, peer)),
            Kind::ResolveName => both!(model, store, resolve_name(name_kind, name)),
            Kind::CreateKey => {
                let key = AuthKey {
                    id: key_id,
                    key: body,
                    kind: 1,
                    user,
                    expires_at,
                    facts,
                };
                both!(model, store, create_auth_key(key, now))
            }
            Kind::Key => both!(model, store, auth_key(key_id, now)),
            Kind::UpdateKey => both!(model, store, update_auth_key(key_id, user, facts, now)),
            Kind::RemoveKey => both!(model, store, remove_auth_key(key_id)),
            Kind::BindTemp => {
                let temporary = AuthKeyId(i64::from(r.small(9)));
                both!(model, store, bind_temp_key(key_id, temporary))
            }
            Kind::BoundTemp => both!(model, store, bound_temp_key(key_id)),
            Kind::PutAuthorization => {
                let authorization = Authorization {
                    key: key_id,
                    active_at: now,
                    facts,
                };
                both!(model, store, put_authorization(user, authorization))
            }
            Kind::RemoveAuthorization => both!(model, store, remove_authorization(user, key_id)),
            Kind::Authorizations => both!(model, store, authorizations(user)),
            Kind::PutCode => {
                let code = LoginCode {
                    attempts_left: limit,
                    expires_at,
                    facts,
                };
                both!(model, store, put_login_code(name, code))
            }
            Kind::Code => both!(model, store, login_code(name, now)),
            Kind::TakeAttempt => both!(model, store, take_login_attempt(name, now)),
            Kind::RemoveCode => both!(model, store, remove_login_code(name)),
            Kind::PutContact => {
                let contact = Contact { user: other, facts };
                both!(model, store, put_contact(user, list, contact))
            }
            Kind::RemoveContact => both!(model, store, remove_contact(user, list, other)),
            Kind::Contact => both!(model, store, contact(user, list, other)),
            Kind::Contacts => both!(model, store, contacts(user, list)),
            Kind::PutMember => {
                let member = Member {
                    user: other,
                    role: r.small(3),
                    date: now,
                    facts,
                };
                both!(model, store, put_member(peer, member))
            }
            Kind::RemoveMember => both!(model, store, remove_member(peer, other)),
            Kind::Member => both!(model, store, member(peer, other)),
            Kind::Members => {
                let after = r.one_in(2).then_some(other);
                both!(model, store, members(peer, after, limit))
            }
            Kind::MemberCount => both!(model, store, member_count(peer)),
            Kind::ChatsOf => {
                let after = r.one_in(2).then_some(peer);
                both!(model, store, chats_of(other, after, limit))
            }
            Kind::PutPart => {
                let part = UploadPart {
                    part: limit,
                    size: 9,
                    expires_at,
                    facts,
                };
                both!(model, store, put_upload_part(user, file, part))
            }
            Kind::Parts => both!(model, store, upload_parts(user, file, now)),
            Kind::RemoveUpload => both!(model, store, remove_upload(user, file)),
            Kind::ClaimBlob => {
                let blob = Blob {
                    size: u64::from(limit),
                    created: now,
                    facts,
                };
                both!(model, store, claim_blob(sha256, blob))
            }
            Kind::Blob => both!(model, store, blob(sha256)),
            Kind::AddReference => both!(model, store, add_blob_reference(sha256, reference)),
            Kind::RemoveReference => both!(model, store, remove_blob_reference(sha256, reference)),
            Kind::RemoveBlob => both!(model, store, remove_unreferenced_blob(sha256)),
            Kind::PutDocument => both!(model, store, put_document(document, body)),
            Kind::Document => both!(model, store, document(document)),
            Kind::PutDue => {
                let task = DueTask {
                    at_ms,
                    id: op,
                    payload: body,
                };
                both!(model, store, put_due(shard, task))
            }
            Kind::Due => both!(model, store, due(shard, at_ms, limit)),
            Kind::RemoveDue => both!(model, store, remove_due(shard, at_ms, op)),
            Kind::Acquire => both!(model, store, acquire_lease(name, node, now_ms, at_ms)),
            Kind::Renew => {
                let until_ms = now_ms + at_ms;
                both!(model, store, renew_lease(name, node, epoch, until_ms))
            }
            Kind::Release => both!(model, store, release_lease(name, node, epoch)),
            Kind::Lease => both!(model, store, lease(name)),
            Kind::Setting => both!(model, store, setting(name, key)),
            Kind::PutSetting => {
                let stored = model.setting(name.clone(), key.clone()).await.unwrap();
                let version = stored.map_or(0, |setting| setting.version);
                let expect = version + u64::from(r.one_in(5));
                both!(model, store, put_setting(name, key, expect, body))
            }
            Kind::Settings => both!(model, store, settings(name)),
            other => unreachable!("{other:?} is an operation of a mailbox"),
        }
    }
}
