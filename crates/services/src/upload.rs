//! upload.*: parts of files in, bytes of files out.

mod download;
mod part;

use crate::dispatch::methods;

methods! {
    works {
        UploadGetFile => download::get_file,
        UploadGetFileHashes => download::get_file_hashes,
        UploadSaveBigFilePart => part::save_big_file_part,
        UploadSaveFilePart => part::save_file_part,
    }
}
