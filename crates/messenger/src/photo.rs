//! The photos of users and groups: a list of each owner, newest first.

use minicbor::{Decode, Encode};
use store::{DocumentId, PeerId};

use crate::Messenger;
use crate::error::Result;
use crate::record::Record;

/// The most photos of one owner; the oldest go.
const PHOTOS_MAX: usize = 1000;
/// The scope of the lists among the settings of the store.
const SCOPE: &str = "photos";

#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
struct PhotoList {
    #[n(0)]
    ids: Vec<i64>,
}

impl Record for PhotoList {}

fn key(owner: PeerId) -> String {
    let (kind, id) = owner.parts();
    format!("{kind}/{id}")
}

impl Messenger {
    /// The photos of an owner, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn photos(&self, owner: PeerId) -> Result<Vec<DocumentId>> {
        let stored = self.store.setting(SCOPE.into(), key(owner)).await?;
        let Some(stored) = stored else {
            return Ok(Vec::new());
        };
        let list = PhotoList::from_bytes(&stored.body)?;
        Ok(list.ids.into_iter().map(DocumentId).collect())
    }

    /// Whether a photo is or was one of the owner's.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_photo(&self, owner: PeerId, photo: DocumentId) -> Result<bool> {
        Ok(self.photos(owner).await?.contains(&photo))
    }

    /// Puts a photo in front of the list, new or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_photo_first(&self, owner: PeerId, photo: DocumentId) -> Result<()> {
        self.change_photos(owner, |ids| {
            ids.retain(|id| *id != photo.0);
            ids.insert(0, photo.0);
            ids.truncate(PHOTOS_MAX);
        })
        .await
    }

    /// Takes photos off the list and returns those that were on it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remove_photos(
        &self,
        owner: PeerId,
        photos: &[DocumentId],
    ) -> Result<Vec<DocumentId>> {
        let before = self.photos(owner).await?;
        self.change_photos(owner, |ids| {
            ids.retain(|id| !photos.contains(&DocumentId(*id)))
        })
        .await?;
        Ok(photos
            .iter()
            .copied()
            .filter(|photo| before.contains(photo))
            .collect())
    }

    async fn change_photos(
        &self,
        owner: PeerId,
        change: impl Fn(&mut Vec<i64>) + Send,
    ) -> Result<()> {
        loop {
            let stored = self.store.setting(SCOPE.into(), key(owner)).await?;
            let version = stored.as_ref().map_or(0, |stored| stored.version);
            let mut list = match &stored {
                Some(stored) => PhotoList::from_bytes(&stored.body)?,
                None => PhotoList::default(),
            };
            change(&mut list.ids);
            let put = self
                .store
                .put_setting(SCOPE.into(), key(owner), version, list.to_bytes())
                .await;
            match put {
                Ok(_) => return Ok(()),
                Err(store::Error::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
