//! Whether the rules cover what has to be converted, and nothing else.

use std::collections::BTreeSet;

use crate::{
    ast::{Kind, Position},
    error::Error,
    model::{Combinator, Field, Form, Model},
    presence::{Presence, Up, rule},
};

/// Conversions without a rule, rules without a conversion, and what cannot be generated.
pub(crate) fn faults(model: &Model, rules_file: &str) -> Vec<Error> {
    let presence = Presence::new(model);
    let mut check = Check {
        model,
        rules_file,
        used: BTreeSet::new(),
        faults: Vec::new(),
    };
    for combinator in &model.combinators {
        for form in combinator.forms.iter().skip(1) {
            check.form(&presence, combinator, form);
        }
    }
    check.unused();
    check.faults
}

struct Check<'a> {
    model: &'a Model,
    rules_file: &'a str,
    used: BTreeSet<usize>,
    faults: Vec<Error>,
}

impl Check<'_> {
    fn form(&mut self, presence: &Presence<'_>, combinator: &Combinator, form: &Form) {
        self.groups(presence, combinator, form);
        let kind = kind_word(combinator);
        let of = format!("{:08x}, layers from {}", form.id, form.from);
        for field in form.kept_fields() {
            let found = rule(self.model, combinator, form, &field.name, false);
            self.used.extend(found.map(|(index, _)| index));
            if form.is_written() && presence.down(combinator, form, field).is_none() {
                let ty = self.model.spelling(&field.ty);
                let optional = if field.condition.is_some() { "?" } else { "" };
                self.missing(
                    form,
                    format!(
                        "{kind} {}.{}: no `down` to {optional}{ty} ({of})",
                        form.name, field.name
                    ),
                );
            }
        }
        for field in combinator.newest().kept_fields() {
            let found = rule(self.model, combinator, form, &field.name, false);
            self.used.extend(found.map(|(index, _)| index));
            if presence.up(combinator, form, field).is_none() {
                let ty = self.model.spelling(&field.ty);
                self.missing(
                    form,
                    format!(
                        "{kind} {}.{}: no `up` to {ty} ({of})",
                        form.name, field.name
                    ),
                );
            }
        }
        let found = rule(self.model, combinator, form, "=", false);
        self.used.extend(found.map(|(index, _)| index));
        let both = found.is_some_and(|(_, rule)| rule.down.is_some() && rule.up.is_some());
        if combinator.kind == Kind::Function && form.result != combinator.result && !both {
            let (old, new) = (
                self.model.spelling(&form.result),
                self.model.spelling(&combinator.result),
            );
            self.missing(
                form,
                format!("result {}: {new} to {old} and back ({of})", form.name),
            );
        }
    }

    /// A group of newest fields on one bit must be made as a whole (A9).
    fn groups(&mut self, presence: &Presence<'_>, combinator: &Combinator, form: &Form) {
        let newest = combinator.newest();
        for field in newest
            .kept_fields()
            .filter(|field| field.condition.is_some())
        {
            let absent =
                |field: &Field| matches!(presence.up(combinator, form, field), Some(Up::Absent));
            let shares = |other: &&Field| other.condition == field.condition;
            if absent(field) && !newest.kept_fields().filter(shares).all(absent) {
                let problem = format!(
                    "{} {}.{}: no `up`, but others on its bit have one ({:08x}, layers from {})",
                    kind_word(combinator),
                    form.name,
                    field.name,
                    form.id,
                    form.from
                );
                self.missing(form, problem);
            }
        }
    }

    fn missing(&mut self, form: &Form, problem: String) {
        let (file, expected) = (form.file.clone(), "a rule for it".into());
        self.faults.push(Error {
            file,
            position: form.position,
            problem,
            expected,
        });
    }

    fn wrong(&mut self, position: Position, problem: String, expected: &str) {
        let (file, expected) = (self.rules_file.to_owned(), expected.to_owned());
        self.faults.push(Error {
            file,
            position,
            problem,
            expected,
        });
    }

    fn unused(&mut self) {
        let rules = &self.model.rules;
        for (index, rule) in rules.conversions.iter().enumerate() {
            if !self.used.contains(&index) {
                let problem = format!("the rule for `{}.{}` is for nothing", rule.name, rule.field);
                self.wrong(rule.position, problem, "the name and field of an old form");
            }
        }
        for alias in &rules.aliases {
            let known = self
                .model
                .combinator_named(alias.kind, &alias.new)
                .is_some_and(|index| {
                    self.model.combinators[index]
                        .forms
                        .iter()
                        .any(|form| form.name == alias.old)
                });
            if !known {
                let problem = format!("the alias `{}` is for nothing", alias.old);
                self.wrong(alias.position, problem, "a gone name and one that has it");
            }
        }
        let types = rules
            .substitutes
            .iter()
            .map(|rule| (&rule.ty, rule.position));
        let accepted = rules
            .accepts
            .iter()
            .flat_map(|rule| [(&rule.ty, rule.position), (&rule.other, rule.position)]);
        for (name, position) in types.chain(accepted) {
            let variants = self
                .model
                .type_named(name)
                .map(|at| &self.model.types[at].constructors);
            if variants.is_none_or(|variants| variants.len() < 2) {
                let problem = format!("`{name}` is no type with several constructors");
                self.wrong(position, problem, "the name of one");
            }
        }
    }
}

fn kind_word(combinator: &Combinator) -> &'static str {
    if combinator.kind == Kind::Function {
        "function"
    } else {
        "type"
    }
}
