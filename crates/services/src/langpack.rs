//! langpack.*: texts of applications. This server has none of its own: every application shows the ones
//! it comes with.

mod language;

use crate::dispatch::methods;

methods! {
    works {
        LangpackGetDifference => language::get_difference,
        LangpackGetLangPack => language::get_lang_pack,
        LangpackGetLanguage => language::get_language,
        LangpackGetLanguages => language::get_languages,
        LangpackGetStrings => language::get_strings,
    }
}
