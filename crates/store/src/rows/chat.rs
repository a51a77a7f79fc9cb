//! Members, leases, settings and the due queue as rows.

use bytes::Bytes;

use super::account::{put_single, single};
use super::{Change, Home, Key, KeyReader, Plan, RowWrite, Scan, Table, View};
use crate::codec::{from_bytes, to_bytes};
use crate::error::{Error, Result};
use crate::id::{NodeId, OpId, PeerId, ShardId, UserId};
use crate::record::{DueTask, Lease, Member, Setting};

pub(super) async fn put_member(
    view: &dyn View,
    chat: &PeerId,
    member: &Member,
) -> Result<Plan<bool>> {
    let home = Home::peer(*chat);
    let key = Key::new().i64(member.user.0).done();
    let is_new = view.get(&home, Table::Member, &key).await?.is_none();
    let count: u32 = single(view, &home, Table::MemberCount)
        .await?
        .unwrap_or_default();
    let mut change = Change::new(home);
    change.put(Table::Member, key, to_bytes(member));
    if is_new {
        change.put(Table::MemberCount, Vec::new(), to_bytes(&(count + 1)));
        change
            .away
            .push(membership(*chat, member.user, Some(Bytes::new())));
    }
    Ok(Plan::one(is_new, change))
}

pub(super) async fn remove_member(
    view: &dyn View,
    chat: &PeerId,
    user: &UserId,
) -> Result<Plan<bool>> {
    let home = Home::peer(*chat);
    let key = Key::new().i64(user.0).done();
    if view.get(&home, Table::Member, &key).await?.is_none() {
        return Ok(Plan::nothing(false));
    }
    let count: u32 = single(view, &home, Table::MemberCount)
        .await?
        .unwrap_or_default();
    let mut change = Change::new(home);
    change.remove(Table::Member, key);
    change.put(
        Table::MemberCount,
        Vec::new(),
        to_bytes(&count.saturating_sub(1)),
    );
    change.away.push(membership(*chat, *user, None));
    Ok(Plan::one(true, change))
}

/// The row that leads from a user to a chat.
fn membership(chat: PeerId, user: UserId, value: Option<Bytes>) -> (Home, RowWrite) {
    let key = Key::new().peer(chat).done();
    (
        Home::user(user),
        RowWrite {
            table: Table::Membership,
            key,
            value,
        },
    )
}

pub(super) async fn member(
    view: &dyn View,
    chat: &PeerId,
    user: &UserId,
) -> Result<Option<Member>> {
    let key = Key::new().i64(user.0).done();
    view.get(&Home::peer(*chat), Table::Member, &key)
        .await?
        .map(from_bytes)
        .transpose()
}

pub(super) async fn members(
    view: &dyn View,
    chat: &PeerId,
    after: &Option<UserId>,
    limit: &u32,
) -> Result<Vec<Member>> {
    let home = Home::peer(*chat);
    let from = after.map(|user| Key::new().i64(user.0).done());
    let scan = Scan::all(&home, Table::Member)
        .after(from.as_deref())
        .limit(*limit as usize);
    view.scan(scan)
        .await?
        .into_iter()
        .map(|(_, value)| from_bytes(value))
        .collect()
}

pub(super) async fn member_count(view: &dyn View, chat: &PeerId) -> Result<u32> {
    Ok(single(view, &Home::peer(*chat), Table::MemberCount)
        .await?
        .unwrap_or_default())
}

pub(super) async fn chats_of(
    view: &dyn View,
    user: &UserId,
    after: &Option<PeerId>,
    limit: &u32,
) -> Result<Vec<PeerId>> {
    let home = Home::user(*user);
    let from = after.map(|chat| Key::new().peer(chat).done());
    let scan = Scan::all(&home, Table::Membership)
        .after(from.as_deref())
        .limit(*limit as usize);
    view.scan(scan)
        .await?
        .into_iter()
        .map(|(key, _)| KeyReader(&key).peer())
        .collect()
}

pub(super) async fn acquire_lease(
    view: &dyn View,
    name: &str,
    node: &NodeId,
    now_ms: &u64,
    ttl_ms: &u64,
) -> Result<Plan<Lease>> {
    let home = Home::lease(name);
    let mut lease: Lease = single(view, &home, Table::Lease).await?.unwrap_or_default();
    let held = *now_ms < lease.until_ms;
    if held && lease.holder != *node {
        return Ok(Plan::nothing(lease));
    }
    if !held {
        lease.epoch += 1;
        lease.holder = *node;
    }
    lease.until_ms = lease.until_ms.max(now_ms.saturating_add(*ttl_ms));
    Ok(put_single(home, Table::Lease, &lease, lease.clone()))
}

pub(super) async fn renew_lease(
    view: &dyn View,
    name: &str,
    node: &NodeId,
    epoch: &u64,
    until_ms: &u64,
) -> Result<Plan<Lease>> {
    let home = Home::lease(name);
    let stored: Option<Lease> = single(view, &home, Table::Lease).await?;
    let Some(mut lease) = stored.clone().filter(|lease| holds(lease, *node, *epoch)) else {
        return Err(Error::Fenced {
            epoch: stored.map_or(0, |lease| lease.epoch),
        });
    };
    lease.until_ms = lease.until_ms.max(*until_ms);
    Ok(put_single(home, Table::Lease, &lease, lease.clone()))
}

pub(super) async fn release_lease(
    view: &dyn View,
    name: &str,
    node: &NodeId,
    epoch: &u64,
) -> Result<Plan<bool>> {
    let home = Home::lease(name);
    let stored: Option<Lease> = single(view, &home, Table::Lease).await?;
    let Some(lease) = stored.filter(|lease| holds(lease, *node, *epoch)) else {
        return Ok(Plan::nothing(false));
    };
    // The row stays, because its epoch must never be given out again.
    Ok(put_single(
        home,
        Table::Lease,
        &Lease {
            until_ms: 0,
            ..lease
        },
        true,
    ))
}

fn holds(lease: &Lease, node: NodeId, epoch: u64) -> bool {
    lease.epoch == epoch && lease.holder == node && lease.until_ms > 0
}

pub(super) async fn lease(view: &dyn View, name: &str) -> Result<Option<Lease>> {
    single(view, &Home::lease(name), Table::Lease).await
}

pub(super) async fn setting(view: &dyn View, scope: &str, key: &str) -> Result<Option<Setting>> {
    let home = Home::settings(scope);
    view.get(&home, Table::Setting, key.as_bytes())
        .await?
        .map(from_bytes)
        .transpose()
}

pub(super) async fn put_setting(
    view: &dyn View,
    scope: &str,
    key: &str,
    expect: &u64,
    body: &Bytes,
) -> Result<Plan<u64>> {
    if setting(view, scope, key)
        .await?
        .map_or(0, |setting| setting.version)
        != *expect
    {
        return Err(Error::Conflict("the setting has another version"));
    }
    let setting = Setting {
        version: expect + 1,
        body: body.clone(),
    };
    let mut change = Change::new(Home::settings(scope));
    change.put(Table::Setting, key.as_bytes().to_vec(), to_bytes(&setting));
    Ok(Plan::one(setting.version, change))
}

pub(super) async fn settings(view: &dyn View, scope: &str) -> Result<Vec<(String, Setting)>> {
    let home = Home::settings(scope);
    let rows = view.scan(Scan::all(&home, Table::Setting)).await?;
    let row = |(key, value): (Bytes, Bytes)| {
        let key = String::from_utf8(key.to_vec());
        Ok((
            key.map_err(|_| Error::Corrupt("a key is not UTF-8".into()))?,
            from_bytes(value)?,
        ))
    };
    rows.into_iter().map(row).collect()
}

pub(super) async fn put_due(_: &dyn View, shard: &ShardId, task: &DueTask) -> Result<Plan<()>> {
    let mut change = Change::new(Home::shard(*shard));
    change.put(Table::Due, due_key(task.at_ms, task.id), to_bytes(task));
    Ok(Plan::one((), change))
}

pub(super) async fn due(
    view: &dyn View,
    shard: &ShardId,
    now_ms: &u64,
    limit: &u32,
) -> Result<Vec<DueTask>> {
    let home = Home::shard(*shard);
    let rows = view
        .scan(Scan::all(&home, Table::Due).limit(*limit as usize))
        .await?;
    let tasks = rows.into_iter().map(|(_, value)| from_bytes(value));
    let mut tasks = tasks.collect::<Result<Vec<DueTask>>>()?;
    tasks.retain(|task| task.at_ms <= *now_ms);
    Ok(tasks)
}

pub(super) async fn remove_due(
    _: &dyn View,
    shard: &ShardId,
    at_ms: &u64,
    id: &OpId,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::shard(*shard));
    change.remove(Table::Due, due_key(*at_ms, *id));
    Ok(Plan::one((), change))
}

fn due_key(at_ms: u64, id: OpId) -> Vec<u8> {
    Key::new().u64(at_ms).u128(id.0).done()
}
