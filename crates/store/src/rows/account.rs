//! Profiles, names, keys, devices, login codes and contacts as rows.

use bytes::Bytes;

use super::{Change, Home, Key, Plan, Scan, Table, View};
use crate::aggregate::{ContactList, NameKind};
use crate::codec::{from_bytes, to_bytes};
use crate::error::{Error, Result};
use crate::id::{AuthKeyId, PeerId, UserId};
use crate::memory::is_alive;
use crate::record::{AuthKey, Authorization, Contact, LoginCode, Profile};

/// The one row of a table a home has.
pub(super) async fn single<T: crate::codec::Codec>(
    view: &dyn View,
    home: &Home,
    table: Table,
) -> Result<Option<T>> {
    view.get(home, table, &[])
        .await?
        .map(from_bytes)
        .transpose()
}

/// A plan that writes the one row of a table a home has.
pub(super) fn put_single<T: crate::codec::Codec, A>(
    home: Home,
    table: Table,
    value: &T,
    answer: A,
) -> Plan<A> {
    let mut change = Change::new(home);
    change.put(table, Vec::new(), to_bytes(value));
    Plan::one(answer, change)
}

/// A plan that removes the one row of a table a home has.
pub(super) fn remove_single<A>(home: Home, table: Table, answer: A) -> Plan<A> {
    let mut change = Change::new(home);
    change.remove(table, Vec::new());
    Plan::one(answer, change)
}

pub(super) async fn profile(view: &dyn View, peer: &PeerId) -> Result<Option<Profile>> {
    single(view, &Home::peer(*peer), Table::Profile).await
}

pub(super) async fn put_profile(
    view: &dyn View,
    peer: &PeerId,
    expect: &u64,
    body: &Bytes,
) -> Result<Plan<u64>> {
    let home = Home::peer(*peer);
    let stored: Option<Profile> = single(view, &home, Table::Profile).await?;
    if stored.map_or(0, |profile| profile.version) != *expect {
        return Err(Error::Conflict("the profile has another version"));
    }
    let profile = Profile {
        version: expect + 1,
        body: body.clone(),
    };
    Ok(put_single(home, Table::Profile, &profile, profile.version))
}

pub(super) async fn claim_name(
    view: &dyn View,
    kind: &NameKind,
    name: &str,
    owner: &PeerId,
) -> Result<Plan<PeerId>> {
    let home = Home::name(*kind, name);
    if let Some(taken) = single(view, &home, Table::Name).await? {
        return Ok(Plan::nothing(taken));
    }
    Ok(put_single(home, Table::Name, owner, *owner))
}

pub(super) async fn release_name(
    view: &dyn View,
    kind: &NameKind,
    name: &str,
    owner: &PeerId,
) -> Result<Plan<bool>> {
    let home = Home::name(*kind, name);
    if single(view, &home, Table::Name).await? != Some(*owner) {
        return Ok(Plan::nothing(false));
    }
    Ok(remove_single(home, Table::Name, true))
}

pub(super) async fn resolve_name(
    view: &dyn View,
    kind: &NameKind,
    name: &str,
) -> Result<Option<PeerId>> {
    single(view, &Home::name(*kind, name), Table::Name).await
}

async fn load_key(view: &dyn View, home: &Home, now: u32) -> Result<Option<AuthKey>> {
    let stored: Option<AuthKey> = single(view, home, Table::AuthKey).await?;
    Ok(stored.filter(|key| is_alive(key.expires_at, now)))
}

pub(super) async fn create_auth_key(
    view: &dyn View,
    key: &AuthKey,
    now: &u32,
) -> Result<Plan<bool>> {
    let home = Home::auth_key(key.id);
    if load_key(view, &home, *now).await?.is_some() {
        return Ok(Plan::nothing(false));
    }
    Ok(put_single(home, Table::AuthKey, key, true))
}

pub(super) async fn auth_key(
    view: &dyn View,
    id: &AuthKeyId,
    now: &u32,
) -> Result<Option<AuthKey>> {
    load_key(view, &Home::auth_key(*id), *now).await
}

pub(super) async fn update_auth_key(
    view: &dyn View,
    id: &AuthKeyId,
    user: &UserId,
    facts: &Bytes,
    now: &u32,
) -> Result<Plan<bool>> {
    let home = Home::auth_key(*id);
    let Some(key) = load_key(view, &home, *now).await? else {
        return Ok(Plan::nothing(false));
    };
    let key = AuthKey {
        user: *user,
        facts: facts.clone(),
        ..key
    };
    Ok(put_single(home, Table::AuthKey, &key, true))
}

pub(super) async fn remove_auth_key(_: &dyn View, id: &AuthKeyId) -> Result<Plan<()>> {
    Ok(remove_single(Home::auth_key(*id), Table::AuthKey, ()))
}

pub(super) async fn bind_temp_key(
    view: &dyn View,
    permanent: &AuthKeyId,
    temporary: &AuthKeyId,
) -> Result<Plan<Option<AuthKeyId>>> {
    let home = Home::auth_key(*permanent);
    let before = single(view, &home, Table::TempKey).await?;
    Ok(put_single(home, Table::TempKey, temporary, before))
}

pub(super) async fn bound_temp_key(
    view: &dyn View,
    permanent: &AuthKeyId,
) -> Result<Option<AuthKeyId>> {
    single(view, &Home::auth_key(*permanent), Table::TempKey).await
}

pub(super) async fn put_authorization(
    _: &dyn View,
    user: &UserId,
    authorization: &Authorization,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::user(*user));
    let key = Key::new().i64(authorization.key.0).done();
    change.put(Table::Authorization, key, to_bytes(authorization));
    Ok(Plan::one((), change))
}

pub(super) async fn remove_authorization(
    _: &dyn View,
    user: &UserId,
    key: &AuthKeyId,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::user(*user));
    change.remove(Table::Authorization, Key::new().i64(key.0).done());
    Ok(Plan::one((), change))
}

pub(super) async fn authorizations(view: &dyn View, user: &UserId) -> Result<Vec<Authorization>> {
    let home = Home::user(*user);
    let rows = view.scan(Scan::all(&home, Table::Authorization)).await?;
    rows.into_iter()
        .map(|(_, value)| from_bytes(value))
        .collect()
}

pub(super) async fn put_login_code(
    _: &dyn View,
    phone: &str,
    code: &LoginCode,
) -> Result<Plan<()>> {
    Ok(put_single(
        Home::login_code(phone),
        Table::LoginCode,
        code,
        (),
    ))
}

async fn load_code(view: &dyn View, home: &Home, now: u32) -> Result<Option<LoginCode>> {
    let stored: Option<LoginCode> = single(view, home, Table::LoginCode).await?;
    Ok(stored.filter(|code| is_alive(code.expires_at, now)))
}

pub(super) async fn login_code(
    view: &dyn View,
    phone: &str,
    now: &u32,
) -> Result<Option<LoginCode>> {
    load_code(view, &Home::login_code(phone), *now).await
}

pub(super) async fn take_login_attempt(
    view: &dyn View,
    phone: &str,
    now: &u32,
) -> Result<Plan<Option<LoginCode>>> {
    let home = Home::login_code(phone);
    let stored = load_code(view, &home, *now).await?;
    let Some(before) = stored.filter(|code| code.attempts_left > 0) else {
        return Ok(Plan::nothing(None));
    };
    let after = LoginCode {
        attempts_left: before.attempts_left - 1,
        ..before.clone()
    };
    Ok(put_single(home, Table::LoginCode, &after, Some(before)))
}

pub(super) async fn remove_login_code(_: &dyn View, phone: &str) -> Result<Plan<()>> {
    Ok(remove_single(Home::login_code(phone), Table::LoginCode, ()))
}

fn contact_list(list: ContactList) -> Key {
    Key::new().u8(match list {
        ContactList::Blocked => 1,
        ContactList::Contacts => 2,
    })
}

pub(super) async fn put_contact(
    _: &dyn View,
    owner: &UserId,
    list: &ContactList,
    contact: &Contact,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::user(*owner));
    let key = contact_list(*list).i64(contact.user.0).done();
    change.put(Table::Contact, key, to_bytes(contact));
    Ok(Plan::one((), change))
}

pub(super) async fn remove_contact(
    view: &dyn View,
    owner: &UserId,
    list: &ContactList,
    user: &UserId,
) -> Result<Plan<bool>> {
    let home = Home::user(*owner);
    let key = contact_list(*list).i64(user.0).done();
    if view.get(&home, Table::Contact, &key).await?.is_none() {
        return Ok(Plan::nothing(false));
    }
    let mut change = Change::new(home);
    change.remove(Table::Contact, key);
    Ok(Plan::one(true, change))
}

pub(super) async fn contact(
    view: &dyn View,
    owner: &UserId,
    list: &ContactList,
    user: &UserId,
) -> Result<Option<Contact>> {
    let key = contact_list(*list).i64(user.0).done();
    view.get(&Home::user(*owner), Table::Contact, &key)
        .await?
        .map(from_bytes)
        .transpose()
}

pub(super) async fn contacts(
    view: &dyn View,
    owner: &UserId,
    list: &ContactList,
) -> Result<Vec<Contact>> {
    let (home, prefix) = (Home::user(*owner), contact_list(*list).done());
    let rows = view
        .scan(Scan::all(&home, Table::Contact).prefix(&prefix))
        .await?;
    rows.into_iter()
        .map(|(_, value)| from_bytes(value))
        .collect()
}
