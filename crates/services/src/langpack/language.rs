//! The one language, English, without a text of its own.

use tl_api::{functions, types};

use crate::context::Context;
use crate::error::{Error, Result};

/// The code of the language.
const CODE: &str = "en";
/// The version of its texts.
const VERSION: i32 = 1;
/// The longest name of a pack, bytes.
const PACK_BYTES_MAX: usize = 64;
/// The most texts in one call.
const KEYS_MAX: usize = 1000;

fn check_pack(pack: &str) -> Result<()> {
    let fits = (1..=PACK_BYTES_MAX).contains(&pack.len())
        && pack
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits {
        Ok(())
    } else {
        Err(Error::LANG_PACK_INVALID)
    }
}

fn check_language(code: &str) -> Result<()> {
    let (language, _) = code.split_once(['-', '_']).unwrap_or((code, ""));
    if language.eq_ignore_ascii_case(CODE) {
        Ok(())
    } else {
        Err(Error::LANG_CODE_NOT_SUPPORTED)
    }
}

fn difference(code: &str, from_version: i32) -> types::LangPackDifference {
    types::LangPackDifference {
        lang_code: code.into(),
        from_version,
        version: VERSION,
        strings: Vec::new(),
    }
}

/// langpack.getLangPack
pub(super) async fn get_lang_pack(
    _: &Context<'_>,
    request: functions::langpack::GetLangPack,
) -> Result<types::LangPackDifference> {
    check_pack(&request.lang_pack)?;
    check_language(&request.lang_code)?;
    Ok(difference(&request.lang_code, 0))
}

/// langpack.getDifference
pub(super) async fn get_difference(
    _: &Context<'_>,
    request: functions::langpack::GetDifference,
) -> Result<types::LangPackDifference> {
    check_pack(&request.lang_pack)?;
    check_language(&request.lang_code)?;
    Ok(difference(&request.lang_code, request.from_version))
}

/// langpack.getStrings: none of them is known.
pub(super) async fn get_strings(
    _: &Context<'_>,
    request: functions::langpack::GetStrings,
) -> Result<Vec<types::LangPackString>> {
    check_pack(&request.lang_pack)?;
    check_language(&request.lang_code)?;
    if request.keys.len() > KEYS_MAX {
        return Err(Error::LIMIT_INVALID);
    }
    Ok(request
        .keys
        .into_iter()
        .map(|key| types::LangPackString::Deleted { key })
        .collect())
}

/// langpack.getLanguage
pub(super) async fn get_language(
    _: &Context<'_>,
    request: functions::langpack::GetLanguage,
) -> Result<types::LangPackLanguage> {
    check_pack(&request.lang_pack)?;
    check_language(&request.lang_code)?;
    Ok(english())
}

/// langpack.getLanguages
pub(super) async fn get_languages(
    _: &Context<'_>,
    request: functions::langpack::GetLanguages,
) -> Result<Vec<types::LangPackLanguage>> {
    check_pack(&request.lang_pack)?;
    Ok(vec![english()])
}

fn english() -> types::LangPackLanguage {
    let mut english = types::LangPackLanguage::new(
        "English".into(),
        "English".into(),
        CODE.into(),
        CODE.into(),
        0,
        0,
        "".into(),
    );
    english.official = true;
    english
}
