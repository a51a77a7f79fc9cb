//! Keys and accounts on the server, made at once and kept for later runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tl_api::{functions, types};
use tokio::task::JoinSet;

use crate::link::{Endpoint, Key, Link};
use crate::progress::Progress;

/// Key exchanges at once: more would wait in the server.
const AT_ONCE: usize = 8;
/// Phone numbers in one import of contacts.
const CONTACTS_MAX: usize = 100;

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Account {
    /// Its number.
    pub phone: String,
    /// Its id.
    pub user_id: i64,
    /// The key that is logged in.
    pub key: Key,
}

/// An account as it is kept in a file.
#[derive(Serialize, Deserialize)]
struct Kept {
    phone: String,
    user_id: i64,
    key: Vec<u8>,
    salt: i64,
}

/// Makes so many keys, nobody logged in.
///
/// # Errors
/// The server refuses.
pub async fn make_keys(
    endpoint: &Arc<Endpoint>,
    count: usize,
    progress: &Progress,
) -> Result<Vec<Key>> {
    let bar = progress.bar("keys", count);
    at_once(count, &bar, |_| {
        let endpoint = Arc::clone(endpoint);
        async move { Link::connect(&endpoint, None).await?.make_key().await }
    })
    .await
}

/// Signs so many numbers up, or in where they are known.
///
/// # Errors
/// The server refuses.
pub async fn make_accounts(
    endpoint: &Arc<Endpoint>,
    first_number: u64,
    count: usize,
    progress: &Progress,
) -> Result<Vec<Account>> {
    let bar = progress.bar("accounts", count);
    at_once(count, &bar, |number| {
        let endpoint = Arc::clone(endpoint);
        let phone = format!("1888{:07}", (first_number + number as u64) % 10_000_000);
        async move {
            let mut link = Link::connect(&endpoint, None).await?;
            link.make_key().await?;
            sign_in(&mut link, &endpoint.code, phone).await
        }
    })
    .await
}

async fn at_once<T: Send + 'static, W>(
    count: usize,
    bar: &indicatif::ProgressBar,
    make: impl Fn(usize) -> W,
) -> Result<Vec<T>>
where
    W: Future<Output = Result<T>> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut made: Vec<(usize, T)> = Vec::with_capacity(count);
    for number in 0..count {
        if running.len() >= AT_ONCE
            && let Some(one) = running.join_next().await
        {
            made.push(one??);
            bar.inc(1);
        }
        let one = make(number);
        running.spawn(async move { Ok::<_, anyhow::Error>((number, one.await?)) });
    }
    while let Some(one) = running.join_next().await {
        made.push(one??);
        bar.inc(1);
    }
    bar.finish_and_clear();
    made.sort_by_key(|(number, _)| *number);
    Ok(made.into_iter().map(|(_, one)| one).collect())
}

async fn sign_in(link: &mut Link, code: &str, phone: String) -> Result<Account> {
    let request = functions::auth::SendCode {
        phone_number: phone.as_str().into(),
        api_id: 1,
        api_hash: "0".repeat(32).into(),
        settings: types::CodeSettings::new(),
    };
    let types::auth::SentCode::SentCode(sent) = link.call(&request).await? else {
        bail!("no login code for {phone}");
    };
    let hash = sent.phone_code_hash;
    let mut sign_in = functions::auth::SignIn::new(phone.as_str().into(), hash.clone());
    sign_in.phone_code = Some(code.into());
    let mut authorization = link.call(&sign_in).await?;
    if let types::auth::Authorization::SignUpRequired { .. } = authorization {
        let name = format!("Load {}", &phone[4..]);
        let sign_up =
            functions::auth::SignUp::new(phone.as_str().into(), hash, name.into(), "".into());
        authorization = link.call(&sign_up).await?;
    }
    let types::auth::Authorization::Authorization(authorization) = authorization else {
        bail!("{phone} was not signed up");
    };
    let types::User::User(user) = authorization.user else {
        bail!("{phone} has no user");
    };
    let key = link.key().cloned().context("logged in without a key")?;
    Ok(Account {
        phone,
        user_id: user.id,
        key,
    })
}

/// How the account of this link names the owners of `phones`: they become its contacts.
///
/// # Errors
/// The server refuses, or does not know one of them.
pub async fn meet(link: &mut Link, phones: &[&str]) -> Result<Vec<(i64, i64)>> {
    let mut met = Vec::with_capacity(phones.len());
    for some in phones.chunks(CONTACTS_MAX) {
        let contacts = (1..)
            .zip(some)
            .map(|(id, phone)| types::InputContact::new(id, (*phone).into(), "x".into(), "".into()))
            .collect();
        let imported = link
            .call(&functions::contacts::ImportContacts { contacts })
            .await?;
        let before = met.len();
        met.extend(imported.users.into_iter().filter_map(|user| match user {
            types::User::User(user) => Some((user.id, user.access_hash.unwrap_or(0))),
            types::User::Empty { .. } => None,
        }));
        if met.len() != before + some.len() {
            bail!("{} of {} were found", met.len() - before, some.len());
        }
    }
    Ok(met)
}

/// Reads accounts of an earlier run; none if there is no such file.
///
/// # Errors
/// The file cannot be read.
pub fn load(path: &Path) -> Result<Vec<Account>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let kept: Vec<Kept> = serde_json::from_str(&text)?;
    kept.into_iter()
        .map(|kept| {
            let bytes = kept
                .key
                .try_into()
                .ok()
                .context("a key of another length")?;
            Ok(Account {
                phone: kept.phone,
                user_id: kept.user_id,
                key: Key {
                    bytes: Box::new(bytes),
                    salt: kept.salt,
                },
            })
        })
        .collect()
}

/// Keeps accounts for later runs.
///
/// # Errors
/// The file cannot be written.
pub fn save(path: &Path, accounts: &[Account]) -> Result<()> {
    let kept: Vec<Kept> = accounts
        .iter()
        .map(|account| Kept {
            phone: account.phone.clone(),
            user_id: account.user_id,
            key: account.key.bytes.to_vec(),
            salt: account.key.salt,
        })
        .collect();
    std::fs::write(path, serde_json::to_string(&kept)?).with_context(|| path.display().to_string())
}
