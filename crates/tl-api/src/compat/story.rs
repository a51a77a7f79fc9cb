//! Stories, which layers 160 to 163 knew of users alone.

use crate::types::{self, Peer, PeerStories, StoriesStealthMode, UserStories};

use super::peer::user_id;

/// The stories of a peer that is a user.
pub(crate) fn user_stories(stories: &PeerStories) -> Option<UserStories> {
    let PeerStories {
        peer,
        max_read_id,
        stories,
    } = stories;
    let user_id = user_id(peer)?;
    Some(UserStories {
        user_id,
        max_read_id: *max_read_id,
        stories: stories.clone(),
    })
}

/// The stories of a user as those of a peer.
pub(crate) fn peer_stories(stories: UserStories) -> PeerStories {
    let UserStories {
        user_id,
        max_read_id,
        stories,
    } = stories;
    PeerStories {
        peer: Peer::User { user_id },
        max_read_id,
        stories,
    }
}

/// The answer about a user.
pub(crate) fn user_stories_answer(
    answer: &types::stories::PeerStories,
) -> Option<types::stories::UserStories> {
    let stories = user_stories(&answer.stories)?;
    Some(types::stories::UserStories {
        stories,
        users: answer.users.clone(),
    })
}

/// The answer about a user as one about a peer.
pub(crate) fn peer_stories_answer(
    answer: types::stories::UserStories,
) -> types::stories::PeerStories {
    let stories = peer_stories(answer.stories);
    types::stories::PeerStories {
        stories,
        chats: Vec::new(),
        users: answer.users,
    }
}

/// Not hidden.
pub(crate) fn no_stealth() -> StoriesStealthMode {
    StoriesStealthMode {
        active_until_date: None,
        cooldown_until_date: None,
    }
}
