//! Pictures made of pictures: smaller copies, squares, and the tiny preview.
//!
//! Decoding is the one long computation of the services, so it runs on threads of its own, few at
//! a time.

use std::sync::Arc;

use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use tl::Bytes;
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Pictures that are made at once.
const AT_ONCE: usize = 2;
/// The most a photo may measure, width and height together, pixels.
const EDGES_MAX: u32 = 10_000;
/// The most a photo may be longer than wide.
const RATIO_MAX: u32 = 20;
/// The most bytes a decoded picture may take.
const DECODED_LEN_MAX: u64 = 256 << 20;
/// The quality of the pictures made.
const QUALITY: u8 = 87;
/// The quality that the fixed header of a stripped preview has tables for.
const STRIPPED_QUALITY: u8 = 20;
/// The longest edge of a stripped preview, pixels.
const STRIPPED_EDGE: u32 = 40;

/// The boxes that photos are fitted into (G52).
const BOXES: &[(&str, u32)] = &[("m", 320), ("x", 800), ("y", 1280), ("w", 2560)];
/// The squares that profile photos are cut to.
const SQUARES: &[(&str, u32)] = &[("a", 160), ("b", 320), ("c", 640)];

/// How a photo is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Fitted into boxes.
    Boxes,
    /// Cut to squares.
    Squares,
}

/// A picture made.
pub(crate) struct Picture {
    pub(crate) letter: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) jpeg: Bytes,
}

/// What is made of a picture.
pub(crate) struct Made {
    /// Ascending.
    pub(crate) pictures: Vec<Picture>,
    pub(crate) stripped: Vec<u8>,
}

/// Makes pictures, few at a time.
pub(crate) struct Pictures(Arc<Semaphore>);

impl Default for Pictures {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Pictures {
    /// Makes all sizes of a photo.
    pub(crate) async fn make(&self, bytes: Bytes, cut: Cut) -> Result<Made> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            make(&bytes, cut)
        });
        work.await.map_err(|_| Error::IMAGE_PROCESS_FAILED)?
    }
}

fn make(bytes: &[u8], cut: Cut) -> Result<Made> {
    let whole = decode(bytes)?;
    let stripped = stripped(&whole)?;
    let mut pictures = Vec::new();
    match cut {
        Cut::Boxes => {
            let longest = whole.width().max(whole.height());
            for (letter, edge) in BOXES {
                let last = longest <= *edge;
                let fitted = if last {
                    whole.clone()
                } else {
                    whole.thumbnail(*edge, *edge)
                };
                pictures.push(picture(letter, &fitted)?);
                if last {
                    break;
                }
            }
        }
        Cut::Squares => {
            let edge = whole.width().min(whole.height());
            let (x, y) = ((whole.width() - edge) / 2, (whole.height() - edge) / 2);
            let square = whole.crop_imm(x, y, edge, edge);
            for (letter, edge) in SQUARES {
                pictures.push(picture(letter, &square.thumbnail_exact(*edge, *edge))?);
            }
        }
    }
    Ok(Made { pictures, stripped })
}

/// Decodes a photo, upright, with every size checked before memory is taken.
fn decode(bytes: &[u8]) -> Result<DynamicImage> {
    let mut reader = ImageReader::new(std::io::Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| Error::IMAGE_PROCESS_FAILED)?;
    if reader.format().is_none() {
        return Err(Error::PHOTO_EXT_INVALID);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_LEN_MAX);
    reader.limits(limits);
    let mut decoder = reader
        .into_decoder()
        .map_err(|_| Error::IMAGE_PROCESS_FAILED)?;
    let (width, height) = decoder.dimensions();
    let (short, long) = (width.min(height), width.max(height));
    if short == 0 || width.saturating_add(height) > EDGES_MAX || long / short > RATIO_MAX {
        return Err(Error::PHOTO_INVALID_DIMENSIONS);
    }
    let orientation = decoder.orientation();
    let mut whole = DynamicImage::from_decoder(decoder).map_err(|_| Error::IMAGE_PROCESS_FAILED)?;
    if let Ok(orientation) = orientation {
        whole.apply_orientation(orientation);
    }
    Ok(whole)
}

fn picture(letter: &'static str, picture: &DynamicImage) -> Result<Picture> {
    Ok(Picture {
        letter,
        width: picture.width(),
        height: picture.height(),
        jpeg: jpeg(picture, QUALITY)?.into(),
    })
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let size = |edge: u32| u16::try_from(edge).map_err(|_| Error::PHOTO_INVALID_DIMENSIONS);
    encoder
        .encode(
            &picture.to_rgb8(),
            size(picture.width())?,
            size(picture.height())?,
            ColorType::Rgb,
        )
        .map_err(|_| Error::IMAGE_PROCESS_FAILED)?;
    Ok(out)
}

/// A preview without the header that clients know by heart: 1, height, width, the scan.
fn stripped(picture: &DynamicImage) -> Result<Vec<u8>> {
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    let small = picture.thumbnail(STRIPPED_EDGE, STRIPPED_EDGE);
    let whole = jpeg(&small, STRIPPED_QUALITY)?;
    let edge = |edge: u32| u8::try_from(edge).unwrap_or(u8::MAX);
    let mut stripped = vec![1, edge(small.height()), edge(small.width())];
    let start = whole
        .windows(2)
        .position(|marker| marker == START_OF_SCAN)
        .ok_or(Error::IMAGE_PROCESS_FAILED)?;
    let head_len = whole
        .get(start + 2..start + 4)
        .map_or(0, |len| usize::from(u16::from_be_bytes([len[0], len[1]])));
    let end = whole.len().saturating_sub(2);
    stripped.extend(whole.get(start + 2 + head_len..end).unwrap_or_default());
    Ok(stripped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(width: u32, height: u32) -> Bytes {
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 128])
        });
        jpeg(&DynamicImage::ImageRgb8(picture), 90).unwrap().into()
    }

    #[test]
    fn photo_is_made_in_all_boxes_up_to_its_own() {
        let made = make(&sample(1000, 500), Cut::Boxes).unwrap();
        let sizes: Vec<_> = made
            .pictures
            .iter()
            .map(|picture| (picture.letter, picture.width, picture.height))
            .collect();
        assert_eq!(sizes, [("m", 320, 160), ("x", 800, 400), ("y", 1000, 500)]);
        assert_eq!(made.stripped[..3], [1, 20, 40]);
    }

    #[test]
    fn profile_photo_is_cut_to_squares() {
        let made = make(&sample(300, 200), Cut::Squares).unwrap();
        let sizes: Vec<_> = made
            .pictures
            .iter()
            .map(|picture| (picture.letter, picture.width, picture.height))
            .collect();
        assert_eq!(sizes, [("a", 160, 160), ("b", 320, 320), ("c", 640, 640)]);
    }

    /// The header that clients put before a stripped preview; bytes 164 and 166 are height and
    /// width.
    #[test]
    fn stripped_preview_is_a_picture_behind_the_fixed_header() {
        let small = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(
            40,
            24,
            image::Rgb([200, 30, 30]),
        ));
        let whole = jpeg(&small, STRIPPED_QUALITY).unwrap();
        // The first quantisation row of the fixed header.
        let table = [0x28, 0x1c, 0x1e, 0x23, 0x1e, 0x19, 0x28, 0x23];
        let at = whole.windows(8).position(|bytes| bytes == table).unwrap();
        assert_eq!(whole[at - 5..at - 3], [0xff, 0xdb]);
        // Height, width, three components, the first of them twice as fine as the others.
        let frame = [0xff, 0xc0, 0, 0x11, 8, 0, 24, 0, 40, 3, 0, 0x22];
        assert!(whole.windows(frame.len()).any(|bytes| bytes == frame));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(
            make(b"no picture at all", Cut::Boxes).err(),
            Some(Error::PHOTO_EXT_INVALID)
        );
        let mut broken = sample(64, 64).to_vec();
        broken.truncate(100);
        assert_eq!(
            make(&broken, Cut::Boxes).err(),
            Some(Error::IMAGE_PROCESS_FAILED)
        );
        assert_eq!(
            make(&sample(2100, 100), Cut::Boxes).err(),
            Some(Error::PHOTO_INVALID_DIMENSIONS)
        );
    }
}
