//! Files: uploads and downloads in parallel parts, in constant memory.

use std::io::SeekFrom;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rand::RngExt as _;
use tl_api::{constructors, functions, types};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::error::{Error, Result};

/// Bytes of one part of an upload.
pub const UPLOAD_PART_LEN: usize = 512 * 1024;
/// Bytes asked for at once of a download.
pub const DOWNLOAD_PART_LEN: usize = 512 * 1024;
/// Parts on their way at once.
const AT_ONCE: usize = 4;
/// Larger files are big ones (G42).
const SMALL_LEN_MAX: u64 = 10 << 20;

/// Told how many bytes of how many are done.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

impl Client {
    /// Uploads a file; what comes back can be sent. `progress` is told after each part.
    ///
    /// # Errors
    /// The file cannot be read, or the server refuses a part.
    pub async fn upload(
        &self,
        path: &Path,
        progress: Option<Progress>,
    ) -> Result<types::InputFile> {
        let mut file = tokio::fs::File::open(path).await.map_err(local)?;
        let size = file.metadata().await.map_err(local)?.len();
        let name = path
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let upload = Upload {
            id: rand::rng().random(),
            parts: parts(size)?,
            big: size > SMALL_LEN_MAX,
        };
        let mut running = JoinSet::new();
        let mut done = 0;
        for part in 0..upload.parts {
            if running.len() >= AT_ONCE {
                done += finished(&mut running, progress.as_ref(), done, size).await?;
            }
            let bytes = read_part(&mut file).await?;
            let client = self.clone();
            running.spawn(async move { client.send_part(upload, part, bytes).await });
        }
        while !running.is_empty() {
            done += finished(&mut running, progress.as_ref(), done, size).await?;
        }
        Ok(upload.input_file(&name))
    }

    async fn send_part(&self, upload: Upload, part: i32, bytes: Bytes) -> Result<u64> {
        let len = bytes.len() as u64;
        if upload.big {
            self.invoke(functions::upload::SaveBigFilePart {
                file_id: upload.id,
                file_part: part,
                file_total_parts: upload.parts,
                bytes,
            })
            .await?;
        } else {
            self.invoke(functions::upload::SaveFilePart {
                file_id: upload.id,
                file_part: part,
                bytes,
            })
            .await?;
        }
        Ok(len)
    }

    /// Downloads `size` bytes from a location into a file. What the file holds already is not
    /// asked for again, so a download that was cut goes on where it stopped.
    ///
    /// # Errors
    /// The file cannot be written, or the server refuses.
    pub async fn download(
        &self,
        location: types::InputFileLocation,
        size: u64,
        path: &Path,
        progress: Option<Progress>,
    ) -> Result<()> {
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options
            .create(true)
            .write(true)
            .truncate(false)
            .open(path)
            .await
            .map_err(local)?;
        let step = DOWNLOAD_PART_LEN as u64;
        // A part that was cut in the middle is asked for as a whole.
        let have = file.metadata().await.map_err(local)?.len().min(size) / step * step;
        file.seek(SeekFrom::Start(have)).await.map_err(local)?;
        let mut next = have;
        let mut running = std::collections::VecDeque::new();
        let mut done = have;
        loop {
            while running.len() < AT_ONCE && next < size {
                let (client, location, offset) = (self.clone(), location.clone(), next);
                running.push_back(tokio::spawn(async move {
                    client.fetch_part(location, offset).await
                }));
                next += step;
            }
            let Some(part) = running.pop_front() else {
                break;
            };
            let bytes = part
                .await
                .map_err(|error| Error::Stopped(error.to_string()))??;
            file.write_all(&bytes).await.map_err(local)?;
            done += bytes.len() as u64;
            if let Some(progress) = &progress {
                progress(done, size);
            }
        }
        file.flush().await.map_err(local)?;
        file.sync_all().await.map_err(local)
    }

    async fn fetch_part(&self, location: types::InputFileLocation, offset: u64) -> Result<Bytes> {
        let request = functions::upload::GetFile {
            precise: false,
            cdn_supported: false,
            location,
            offset: i64::try_from(offset).map_err(|_| Error::Unreadable)?,
            limit: i32::try_from(DOWNLOAD_PART_LEN).unwrap_or(i32::MAX),
        };
        match self.invoke(request).await? {
            types::upload::File::File(file) => Ok(file.bytes),
            types::upload::File::CdnRedirect(_) => Err(Error::Unreadable),
        }
    }
}

/// Where the document of a message is, and how many bytes it has; `None` if it has none.
///
/// ```no_run
/// # use chappe_client::{Client, Result, document_of, new_text, tl_api::types};
/// # async fn example(client: Client, update: types::Update) -> Result<()> {
/// if let Some(message) = new_text(&update)
///     && let Some((location, size)) = document_of(message)
/// {
///     client.download(location, size, "file.bin".as_ref(), None).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn document_of(message: &constructors::Message) -> Option<(types::InputFileLocation, u64)> {
    let Some(types::MessageMedia::Document(media)) = &message.media else {
        return None;
    };
    let Some(types::Document::Document(document)) = &media.document else {
        return None;
    };
    let location = constructors::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: "".into(),
    };
    let location = types::InputFileLocation::InputDocumentFileLocation(Box::new(location));
    Some((location, u64::try_from(document.size).ok()?))
}

/// What all parts of an upload share.
#[derive(Clone, Copy)]
struct Upload {
    id: i64,
    parts: i32,
    big: bool,
}

impl Upload {
    fn input_file(self, name: &str) -> types::InputFile {
        if self.big {
            return types::InputFile::Big(Box::new(constructors::InputFileBig {
                id: self.id,
                parts: self.parts,
                name: name.into(),
            }));
        }
        types::InputFile::InputFile(Box::new(constructors::InputFile {
            id: self.id,
            parts: self.parts,
            name: name.into(),
            md5_checksum: "".into(),
        }))
    }
}

fn parts(size: u64) -> Result<i32> {
    if size == 0 {
        return Err(Error::File("an empty file cannot be sent".into()));
    }
    i32::try_from(size.div_ceil(UPLOAD_PART_LEN as u64))
        .map_err(|_| Error::File("the file is too long".into()))
}

async fn read_part(file: &mut tokio::fs::File) -> Result<Bytes> {
    let mut part = Vec::with_capacity(UPLOAD_PART_LEN);
    file.take(UPLOAD_PART_LEN as u64)
        .read_to_end(&mut part)
        .await
        .map_err(local)?;
    Ok(part.into())
}

/// Waits for one part; how long it was.
async fn finished(
    running: &mut JoinSet<Result<u64>>,
    progress: Option<&Progress>,
    done: u64,
    size: u64,
) -> Result<u64> {
    let Some(part) = running.join_next().await else {
        return Ok(0);
    };
    let len = part.map_err(|error| Error::Stopped(error.to_string()))??;
    if let Some(progress) = progress {
        progress(done + len, size);
    }
    Ok(len)
}

fn local(error: std::io::Error) -> Error {
    Error::File(error.to_string())
}
