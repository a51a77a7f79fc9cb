//! What there is none of says so at every layer, and what is not served is refused by its name.

use tl_api::{functions, types};

use crate::harness::refused;
use crate::messages::Pair;

#[tokio::test]
async fn emptiness_is_told_at_every_layer() {
    let pair = Pair::start().await;
    for layer in [158, tl_api::NEWEST_LAYER] {
        let client = pair.server.log_in_at(layer, "15550000001").await;
        let stickers = client.call(functions::messages::GetAllStickers { hash: 0 });
        assert!(matches!(
            stickers.await.unwrap(),
            types::messages::AllStickers::AllStickers { sets, .. } if sets.is_empty()
        ));
        let reactions = client.call(functions::messages::GetAvailableReactions { hash: 0 });
        assert!(matches!(
            reactions.await.unwrap(),
            types::messages::AvailableReactions::AvailableReactions { reactions, .. } if reactions.is_empty()
        ));
        let gifs = client.call(functions::messages::GetSavedGifs { hash: 0 });
        assert!(matches!(
            gifs.await.unwrap(),
            types::messages::SavedGifs::SavedGifs { gifs, .. } if gifs.is_empty()
        ));
        let bots = client.call(functions::messages::GetAttachMenuBots { hash: 0 });
        assert!(matches!(
            bots.await.unwrap(),
            types::AttachMenuBots::AttachMenuBots(bots) if bots.bots.is_empty()
        ));
        let scheduled = functions::messages::GetScheduledHistory {
            peer: pair.to_bob.clone(),
            hash: 0,
        };
        assert!(matches!(
            client.call(scheduled).await.unwrap(),
            types::messages::Messages::Messages(page) if page.messages.is_empty()
        ));
        // As many answers as questions.
        let views = functions::messages::GetMessagesViews {
            peer: pair.to_bob.clone(),
            id: vec![1, 2, 3],
            increment: true,
        };
        assert_eq!(client.call(views).await.unwrap().views.len(), 3);
        let left = client.call(functions::channels::GetLeftChannels { offset: 0 });
        assert!(matches!(
            left.await.unwrap(),
            types::messages::Chats::Chats { chats } if chats.is_empty()
        ));
    }
}

#[tokio::test]
async fn what_is_not_served_is_refused_and_the_session_lives() {
    let pair = Pair::start().await;
    let channel = types::InputChannel::InputChannel {
        channel_id: 5,
        access_hash: 5,
    };
    let channels = functions::channels::GetChannels { id: vec![channel] };
    assert_eq!(
        pair.alice.call(channels).await.unwrap_err(),
        refused(400, "CHANNEL_INVALID")
    );
    let translate = functions::messages::TranslateText::new("en".into());
    assert_eq!(
        pair.alice.call(translate).await.unwrap_err(),
        refused(406, "TRANSLATIONS_DISABLED")
    );
    let job = functions::smsjobs::Join {};
    assert_eq!(
        pair.alice.call(job).await.unwrap_err(),
        refused(400, "METHOD_INVALID")
    );
    pair.alice
        .call(functions::updates::GetState {})
        .await
        .unwrap();
}
