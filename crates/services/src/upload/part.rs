//! Parts of files on their way in (U1–U4).

use messenger::IncomingPart;
use store::FileId;
use tl_api::functions;

use crate::context::Context;
use crate::error::Result;

/// upload.saveFilePart
pub(super) async fn save_file_part(
    context: &Context<'_>,
    request: functions::upload::SaveFilePart,
) -> Result<bool> {
    let incoming = IncomingPart {
        file: FileId(request.file_id),
        part: request.file_part,
        total: None,
        bytes: request.bytes,
        piece: context.new_piece(),
    };
    save(context, incoming).await
}

/// upload.saveBigFilePart
pub(super) async fn save_big_file_part(
    context: &Context<'_>,
    request: functions::upload::SaveBigFilePart,
) -> Result<bool> {
    let incoming = IncomingPart {
        file: FileId(request.file_id),
        part: request.file_part,
        total: Some(request.file_total_parts),
        bytes: request.bytes,
        piece: context.new_piece(),
    };
    save(context, incoming).await
}

async fn save(context: &Context<'_>, incoming: IncomingPart) -> Result<bool> {
    let user = context.user()?;
    context
        .messenger()
        .save_part(user, incoming, context.now)
        .await?;
    Ok(true)
}
