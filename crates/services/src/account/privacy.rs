//! Who may see and do what with the account (sheet 3.5).

use messenger::{Peers, PrivacyKey, PrivacyRule, User};
use store::{ChatId, PeerId};
use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// account.getPrivacy
pub(super) async fn get_privacy(
    context: &Context<'_>,
    request: functions::account::GetPrivacy,
) -> Result<types::account::PrivacyRules> {
    let key = PrivacyKey::from_tl(&request.key);
    let user = context.messenger().user(context.user()?).await?;
    let user = user.ok_or(Error::AUTH_KEY_UNREGISTERED)?;
    show(context, &user, key).await
}

/// account.setPrivacy
pub(super) async fn set_privacy(
    context: &Context<'_>,
    request: functions::account::SetPrivacy,
) -> Result<types::account::PrivacyRules> {
    let actor = context.actor()?;
    let key = PrivacyKey::from_tl(&request.key);
    let mut rules = Vec::with_capacity(request.rules.len());
    for rule in &request.rules {
        rules.push(read(context, rule).await?);
    }
    if key == PrivacyKey::VoiceMessages && rules != [PrivacyRule::AllowAll] {
        return Err(Error::PREMIUM_ACCOUNT_REQUIRED);
    }
    let user = context
        .messenger()
        .set_privacy(actor, key, rules, context.now)
        .await?;
    show(context, &user, key).await
}

async fn show(
    context: &Context<'_>,
    user: &User,
    key: PrivacyKey,
) -> Result<types::account::PrivacyRules> {
    let rules = user.privacy(key);
    let mut peers = Peers::default();
    for rule in rules {
        rule.users().iter().for_each(|user| peers.add_user(*user));
        rule.chats()
            .iter()
            .for_each(|chat| peers.add(PeerId::Chat(ChatId(*chat))));
    }
    let shown = context
        .messenger()
        .show(user.user_id(), &peers, context.now)
        .await?;
    Ok(types::account::PrivacyRules {
        rules: rules.iter().map(PrivacyRule::to_tl).collect(),
        chats: shown.chats,
        users: shown.users,
    })
}

async fn read(context: &Context<'_>, rule: &types::InputPrivacyRule) -> Result<PrivacyRule> {
    use types::InputPrivacyRule as Rule;
    Ok(match rule {
        Rule::InputPrivacyValueAllowAll {} => PrivacyRule::AllowAll,
        Rule::InputPrivacyValueAllowBots {} => PrivacyRule::AllowBots,
        Rule::InputPrivacyValueAllowChatParticipants { chats } => {
            PrivacyRule::AllowMembers(known_chats(context, chats).await?)
        }
        // Only for stories (V3).
        Rule::InputPrivacyValueAllowCloseFriends {} => return Err(Error::PRIVACY_VALUE_INVALID),
        Rule::InputPrivacyValueAllowContacts {} => PrivacyRule::AllowContacts,
        Rule::InputPrivacyValueAllowPremium {} => PrivacyRule::AllowPremium,
        Rule::InputPrivacyValueAllowUsers { users } => {
            PrivacyRule::AllowUsers(known_users(context, users).await?)
        }
        Rule::InputPrivacyValueDisallowAll {} => PrivacyRule::DisallowAll,
        Rule::InputPrivacyValueDisallowBots {} => PrivacyRule::DisallowBots,
        Rule::InputPrivacyValueDisallowChatParticipants { chats } => {
            PrivacyRule::DisallowMembers(known_chats(context, chats).await?)
        }
        Rule::InputPrivacyValueDisallowContacts {} => PrivacyRule::DisallowContacts,
        Rule::InputPrivacyValueDisallowUsers { users } => {
            PrivacyRule::DisallowUsers(known_users(context, users).await?)
        }
    })
}

async fn known_users(context: &Context<'_>, users: &[types::InputUser]) -> Result<Vec<i64>> {
    let mut ids = Vec::with_capacity(users.len());
    for user in users {
        let id = context.input_user(user).await?.0;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Groups that the caller is or was in.
async fn known_chats(context: &Context<'_>, chats: &[i64]) -> Result<Vec<i64>> {
    let user = context.user()?;
    for id in chats {
        let chat = context.messenger().chat(ChatId(*id)).await?;
        if !chat.is_some_and(|chat| chat.knows(user)) {
            return Err(Error::PRIVACY_VALUE_INVALID);
        }
    }
    Ok(chats.to_vec())
}
