//! Countries and their telephone codes (account sheet 6.3), from the public numbering plans of the ITU.

mod table;

use tl_api::{functions, types};

use self::table::COUNTRIES;
use crate::context::Context;
use crate::error::Result;

/// A country as the table has it.
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    iso2: &'static str,
    /// The English name.
    name: &'static str,
    /// The code, without plus.
    code: &'static str,
    /// What numbers of a code begin with that several countries share; empty for all the others.
    prefixes: &'static [&'static str],
    /// How numbers are grouped, X for any digit; empty when it is not known.
    pattern: &'static str,
}

/// help.getCountriesList: names are in English, whatever language is asked for.
pub(super) async fn get_countries_list(
    _: &Context<'_>,
    request: functions::help::GetCountriesList,
) -> Result<types::help::CountriesList> {
    let hash = hash();
    if request.hash == hash {
        return Ok(types::help::CountriesList::NotModified {});
    }
    Ok(types::help::CountriesList::CountriesList {
        countries: COUNTRIES.iter().map(show).collect(),
        hash,
    })
}

fn show(country: &Country) -> types::help::Country {
    let texts = |list: &'static [&'static str]| -> Option<Vec<tl::Str>> {
        let texts: Vec<tl::Str> = list.iter().map(|text| tl::Str::from_static(text)).collect();
        (!texts.is_empty()).then_some(texts)
    };
    let pattern = tl::Str::from_static(country.pattern);
    let code = types::help::CountryCode {
        country_code: tl::Str::from_static(country.code),
        prefixes: texts(country.prefixes),
        patterns: (!pattern.is_empty()).then(|| vec![pattern]),
    };
    types::help::Country {
        hidden: false,
        iso2: tl::Str::from_static(country.iso2),
        default_name: tl::Str::from_static(country.name),
        name: None,
        country_codes: vec![code],
    }
}

/// Another one whenever the table is another one. Never 0.
fn hash() -> i32 {
    let bytes = COUNTRIES
        .iter()
        .flat_map(|country| country.iso2.bytes().chain(country.pattern.bytes()));
    let hash = messenger::vector_hash(bytes.map(u64::from));
    let [a, b, c, d, ..] = hash.to_le_bytes();
    i32::from_le_bytes([a, b, c, d & 0x7f]).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let iso: BTreeSet<_> = COUNTRIES.iter().map(|country| country.iso2).collect();
        assert_eq!(iso.len(), COUNTRIES.len(), "a country stands there twice");
        for country in COUNTRIES {
            let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
            assert!((1..=3).contains(&country.code.len()) && digits(country.code));
            assert_eq!(country.iso2.len(), 2);
            assert!(country.iso2.bytes().all(|b| b.is_ascii_uppercase()));
            assert!(country.prefixes.iter().all(|prefix| digits(prefix)));
            assert!(country.pattern.bytes().all(|b| b == b'X' || b == b' '));
        }
    }

    #[test]
    fn shared_codes_are_told_apart() {
        for country in COUNTRIES {
            let alone = |other: &&Country| other.code == country.code && other.prefixes.is_empty();
            // At most one country has a code without saying which part of it.
            assert!(
                COUNTRIES.iter().filter(alone).count() <= 1,
                "{}",
                country.code
            );
        }
    }
}
