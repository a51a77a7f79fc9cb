//! Results of every function: read as the server of one layer wrote them, written for the same and
//! for other layers.

use std::collections::BTreeMap;

use bytes::Bytes;
use tl::{DecodeError, Function, Layer, Reader, Writer};
use tlgen::{
    ast::Kind,
    dynamic::{Entropy, LayerView, Random, Seeded, Walker},
    model::{FormRef, Ty},
};

use crate::{
    layers::{OTHER_LAYERS, hex},
    lossy::limits,
    schema::{MODEL, VIEWS, seed},
};

/// What an answer became: its bytes at some layers, `None` where it has no form.
type Written = Vec<Option<Bytes>>;

/// Reads an answer of one layer and writes it for others.
type Convert = fn(&Bytes, Layer, &[Layer]) -> Result<Written, DecodeError>;

fn convert<F: Function>(answer: &Bytes, from: Layer, to: &[Layer]) -> Result<Written, DecodeError> {
    let mut reader = Reader::new(answer);
    let value = F::decode_result(&mut reader, from)?;
    reader.finish()?;
    let write = |layer: &Layer| {
        let mut writer = Writer::new(*layer);
        F::encode_result(&value, &mut writer);
        writer.finish().ok()
    };
    Ok(to.iter().map(write).collect())
}

fn conversions() -> BTreeMap<&'static str, Convert> {
    macro_rules! rows {
        ($($function:ty,)*) => {
            [$((<$function as Function>::NAME, convert::<$function> as Convert)),*]
        };
    }
    BTreeMap::from(tl_api::for_each_function!(rows))
}

/// Results of old layers that do not come back, whatever they hold: first layer, last layer, why.
const LOST: &[(&str, u16, u16, &str)] = &[
    (
        "account.getChatThemes",
        133,
        133,
        "light and dark themes are not kept apart",
    ),
    ("account.verifyEmail", 133, 144, "an answer is a success"),
    ("auth.logOut", 133, 134, "an answer is a success"),
    ("bots.getBotInfo", 154, 157, "a bot has two texts"),
    ("channels.deleteHistory", 133, 139, "an answer is a success"),
    (
        "phone.sendGroupCallMessage",
        216,
        216,
        "an answer is a success",
    ),
    (
        "stats.getMessagePublicForwards",
        133,
        167,
        "only the messages of channels are forwards",
    ),
];

/// Answers that have no form in some layer, by function: the caller answers with an error there.
const REFUSED: &[(&str, u16, u16, &str)] = &[
    (
        "channels.joinChannel",
        227,
        227,
        "a web view in its first form is never written",
    ),
    (
        "messages.importChatInvite",
        227,
        227,
        "a web view in its first form is never written",
    ),
    (
        "phone.createConferenceCall",
        196,
        201,
        "calls of several people came later",
    ),
];

fn lists(list: &[(&str, u16, u16, &str)], name: &str, layer: u16) -> bool {
    list.iter()
        .any(|(known, from, to, _)| *known == name && (*from..=*to).contains(&layer))
}

#[test]
fn results_come_back_at_their_layer_and_are_known_at_every_other() {
    let mut entropy = Seeded(seed());
    let conversions = conversions();
    let mut faults: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut same, mut lost, mut refused, mut other, mut without_form) = (0, 0, 0, 0, 0);
    for view in VIEWS.iter() {
        let limits = limits(view.layer);
        let random = Random::new(view, &limits);
        for at in view.functions() {
            let combinator = &MODEL.combinators[at.combinator];
            let form = MODEL.form(*at);
            if !combinator.generics.is_empty() || !random.can_make_type(&form.result) {
                continue;
            }
            let mut fault = |what: String| {
                let name = format!("{} = {}", form.name, MODEL.spelling(&form.result));
                faults.entry(name).or_insert((0, what)).0 += 1;
            };
            let answer = Bytes::from(random.value_of(&form.result, &mut entropy));
            let others: Vec<_> = (0..OTHER_LAYERS)
                .map(|_| entropy.below(VIEWS.len()))
                .collect();
            let mut to = vec![Layer(view.layer)];
            to.extend(others.iter().map(|at| Layer(VIEWS[*at].layer)));
            let convert = conversions[combinator.name.to_string().as_str()];
            let mut written = match convert(&answer, Layer(view.layer), &to) {
                Ok(written) => written,
                Err(_) if lists(REFUSED, &form.name.to_string(), view.layer) => {
                    refused += 1;
                    continue;
                }
                Err(error) => {
                    fault(format!("layer {}: {error}: {}", view.layer, hex(&answer)));
                    continue;
                }
            };
            let name = form.name.to_string();
            match written.remove(0) {
                Some(bytes) if bytes == answer => same += 1,
                Some(bytes) if lists(LOST, &name, view.layer) => {
                    lost += 1;
                    if let Err(what) = known(view, *at, &bytes) {
                        fault(what);
                    }
                }
                None if lists(REFUSED, &name, view.layer) => refused += 1,
                bytes => fault(format!(
                    "layer {}:\n  {}\n  {}",
                    view.layer,
                    hex(&answer),
                    bytes.map_or_else(|| "no form".into(), |bytes| hex(&bytes)),
                )),
            }
            for (at_layer, bytes) in others.iter().zip(written) {
                let view = &VIEWS[*at_layer];
                let Some(bytes) = bytes else {
                    without_form += 1;
                    continue;
                };
                match known(view, *at, &bytes) {
                    Ok(true) => other += 1,
                    Ok(false) => {}
                    Err(what) => fault(what),
                }
            }
        }
    }
    println!("{same} results of a function at a layer came back as the same bytes");
    println!("{lost} lost what only their layer can say; {refused} have no newest form");
    println!("{other} results written for another layer were walked; {without_form} have no form");
    for (name, (count, what)) in &faults {
        println!("{name} ({count}): {what}");
    }
    assert!(faults.is_empty(), "{} results have faults", faults.len());
    assert!(same > 40_000, "only {same} results came back");
}

/// Whether clients of the layer have the function; then they can read the answer.
fn known(view: &LayerView<'_>, at: FormRef, bytes: &[u8]) -> Result<bool, String> {
    let forms = &MODEL.combinators[at.combinator].forms;
    let results: Vec<&Ty> = forms
        .iter()
        .filter(|form| form.layers.contains(view.layer))
        .map(|form| &form.result)
        .collect();
    let mut problem = None;
    for result in &results {
        match Walker::new(view).walk(result, bytes) {
            Ok(()) => return Ok(true),
            Err(fault) => problem = Some(format!("{fault}: {}", hex(bytes))),
        }
    }
    problem.map_or(Ok(false), Err)
}

#[test]
fn every_function_of_the_schema_is_in_the_list() {
    let listed: Vec<_> = conversions().into_keys().map(str::to_owned).collect();
    let mut functions: Vec<_> = MODEL
        .combinators
        .iter()
        .filter(|c| c.kind == Kind::Function && c.generics.is_empty())
        .map(|c| c.name.to_string())
        .collect();
    functions.sort();
    assert_eq!(listed, functions);
}
