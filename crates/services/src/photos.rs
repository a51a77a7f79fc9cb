//! photos.*: the photos of users.

mod list;
mod profile;

use crate::dispatch::methods;

methods! {
    works {
        PhotosDeletePhotos => profile::delete_photos,
        PhotosGetUserPhotos => list::get_user_photos,
        PhotosUpdateProfilePhoto => profile::update_profile_photo,
        PhotosUploadContactProfilePhoto => profile::upload_contact_profile_photo,
        PhotosUploadProfilePhoto => profile::upload_profile_photo,
    }
}
