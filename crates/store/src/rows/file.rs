//! Uploads, blobs and documents as rows.

use bytes::Bytes;

use super::account::{put_single, single};
use super::{Change, Home, Key, Plan, Scan, Table, View};
use crate::codec::{from_bytes, to_bytes};
use crate::error::Result;
use crate::id::{DocumentId, FileId, UserId};
use crate::memory::is_alive;
use crate::record::{Blob, BlobReference, UploadPart};

pub(super) async fn put_upload_part(
    _: &dyn View,
    user: &UserId,
    file: &FileId,
    part: &UploadPart,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::user(*user));
    let key = Key::new().i64(file.0).u32(part.part).done();
    change.put(Table::UploadPart, key, to_bytes(part));
    Ok(Plan::one((), change))
}

pub(super) async fn upload_parts(
    view: &dyn View,
    user: &UserId,
    file: &FileId,
    now: &u32,
) -> Result<Vec<UploadPart>> {
    let (home, prefix) = (Home::user(*user), Key::new().i64(file.0).done());
    let rows = view
        .scan(Scan::all(&home, Table::UploadPart).prefix(&prefix))
        .await?;
    let parts = rows.into_iter().map(|(_, value)| from_bytes(value));
    let mut parts = parts.collect::<Result<Vec<UploadPart>>>()?;
    parts.retain(|part| is_alive(part.expires_at, *now));
    Ok(parts)
}

pub(super) async fn remove_upload(
    view: &dyn View,
    user: &UserId,
    file: &FileId,
) -> Result<Plan<()>> {
    let (home, prefix) = (Home::user(*user), Key::new().i64(file.0).done());
    let rows = view
        .scan(Scan::all(&home, Table::UploadPart).prefix(&prefix))
        .await?;
    let mut change = Change::new(home);
    for (rest, _) in rows {
        change.remove(
            Table::UploadPart,
            [prefix.as_slice(), rest.as_ref()].concat(),
        );
    }
    Ok(Plan::one((), change))
}

pub(super) async fn claim_blob(
    view: &dyn View,
    sha256: &[u8; 32],
    blob: &Blob,
) -> Result<Plan<Blob>> {
    let home = Home::blob(sha256);
    if let Some(claimed) = single(view, &home, Table::Blob).await? {
        return Ok(Plan::nothing(claimed));
    }
    Ok(put_single(home, Table::Blob, blob, blob.clone()))
}

pub(super) async fn blob(view: &dyn View, sha256: &[u8; 32]) -> Result<Option<Blob>> {
    single(view, &Home::blob(sha256), Table::Blob).await
}

pub(super) async fn add_blob_reference(
    _: &dyn View,
    sha256: &[u8; 32],
    reference: &BlobReference,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::blob(sha256));
    change.put(Table::BlobReference, reference_key(reference), Bytes::new());
    Ok(Plan::one((), change))
}

pub(super) async fn remove_blob_reference(
    _: &dyn View,
    sha256: &[u8; 32],
    reference: &BlobReference,
) -> Result<Plan<()>> {
    let mut change = Change::new(Home::blob(sha256));
    change.remove(Table::BlobReference, reference_key(reference));
    Ok(Plan::one((), change))
}

pub(super) async fn remove_unreferenced_blob(
    view: &dyn View,
    sha256: &[u8; 32],
) -> Result<Plan<bool>> {
    let home = Home::blob(sha256);
    if !view
        .scan(Scan::all(&home, Table::BlobReference).limit(1))
        .await?
        .is_empty()
    {
        return Ok(Plan::nothing(false));
    }
    let mut change = Change::new(home);
    change.remove(Table::Blob, Vec::new());
    Ok(Plan::one(true, change))
}

fn reference_key(reference: &BlobReference) -> Vec<u8> {
    Key::new().u8(reference.kind).i64(reference.id.0).done()
}

pub(super) async fn put_document(_: &dyn View, id: &DocumentId, body: &Bytes) -> Result<Plan<()>> {
    let mut change = Change::new(Home::document(*id));
    change.put(Table::Document, Vec::new(), body.clone());
    Ok(Plan::one((), change))
}

pub(super) async fn document(view: &dyn View, id: &DocumentId) -> Result<Option<Bytes>> {
    view.get(&Home::document(*id), Table::Document, &[]).await
}
