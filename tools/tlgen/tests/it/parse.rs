//! The grammar, as the parser understands it.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use tlgen::ast::{Availability, Kind, Schema};

/// One line a declaration: what was understood, in the spelling of TL.
fn describe(schema: &Schema) -> String {
    let mut out = String::new();
    for d in &schema.declarations {
        let kind = if d.kind == Kind::Function {
            "function"
        } else {
            "type"
        };
        let id = d
            .explicit_id
            .map_or_else(|| "computed".into(), |id| format!("{id:08x}"));
        write!(out, "{} {kind} {} {id}", d.position, d.name).unwrap();
        d.implicit
            .iter()
            .for_each(|i| write!(out, " {{{}:{}}}", i.name, i.ty).unwrap());
        d.params
            .iter()
            .for_each(|param| write!(out, " {param}").unwrap());
        write!(out, " = {}", d.result).unwrap();
        match &d.availability {
            Availability::Always => {}
            Availability::Layers(layers) => write!(out, " layers {:?}", layers.0).unwrap(),
            Availability::Accepted(layers) => write!(out, " accept {:?}", layers.0).unwrap(),
        }
        if d.id_kept {
            out.push_str(" id kept");
        }
        if let Some(section) = &d.section {
            write!(out, " in {section}").unwrap();
        }
        out.push('\n');
    }
    out
}

#[track_caller]
fn check(source: &str, expected: &Expect) {
    expected.assert_eq(&describe(&tlgen::parse("a.tl", source).unwrap()));
}

#[test]
fn fields_conditions_and_several_words_of_flags() {
    check(
        "user#d3bc4b7a flags:# self:flags.0?true name:string more:# phone:more.31?string\n  photo:flags.4?Photo bits:# = User;",
        &expect![[r#"
            1:1 type user d3bc4b7a flags:# self:flags.0?true name:string more:# phone:more.31?string photo:flags.4?Photo bits:# = User
        "#]],
    );
}

#[test]
fn ids_have_one_to_eight_digits_or_are_computed() {
    check(
        "a#1 = A; b#f49ca0 = A; c#0dae54f8 = A; d = A;",
        &expect![[r#"
            1:1 type a 00000001 = A
            1:10 type b 00f49ca0 = A
            1:24 type c 0dae54f8 = A
            1:40 type d computed = A
        "#]],
    );
}

#[test]
fn bare_and_boxed_types_and_vectors_of_vectors() {
    check(
        "a x:int y:%Foo z:foo.bar v:Vector<Vector<long>> w:vector<%Foo> p:(vector int) q:%(Vector foo.Bar) = foo.Bar;",
        &expect![[r#"
            1:1 type a computed x:int y:%Foo z:foo.bar v:Vector<Vector<long>> w:vector<%Foo> p:vector<int> q:%Vector<foo.Bar> = foo.Bar
        "#]],
    );
}

#[test]
fn implicit_arguments_queries_and_repetitions() {
    check(
        "vector#1cb5c415 {t:Type} # [ t ] = Vector t;\n\
         int256 8*[ int ] = Int256;\n\
         matrix {m:#} {n:#} rows:m*[ cells:n*[ double ] ] = Matrix m n;\n\
         ---functions---\n\
         with {X:Type} layer:int query:!X = X;",
        &expect![[r#"
            1:1 type vector 1cb5c415 {t:Type} # [ t ] = Vector<t>
            2:1 type int256 computed 8*[ int ] = Int256
            3:1 type matrix computed {m:#} {n:#} rows:m*[ cells:n*[ double ] ] = Matrix<m,n>
            5:1 function with computed {X:Type} layer:int query:!X = X
        "#]],
    );
}

#[test]
fn sections_come_in_any_order_and_again() {
    check(
        "---functions---\nf = Int;\n---types---\na = A;\n//@ section service\n---functions---\ng = A;\n--- types ---\nb = A;",
        &expect![[r#"
            2:1 function f computed = Int
            4:1 type a computed = A
            7:1 function g computed = A in service
            9:1 type b computed = A in service
        "#]],
    );
}

#[test]
fn comments_stand_anywhere_and_do_not_count() {
    let source = "\u{feff}// first\n//@description of TDLib\n/* two\nlines ; */ a /* in */ x:int // end\n = A;\n//";
    check(
        source,
        &expect![[r#"
        4:12 type a computed x:int = A
    "#]],
    );
    let schema = tlgen::parse("a.tl", source).unwrap();
    assert_eq!(schema.declarations[0].text, "a x:int = A");
}

#[test]
fn remarks_say_layers_and_kept_ids() {
    let source = "// LAYER 230\na = A; //@ layers 133-135,142-\nb = A; //@ accept 143\nc = A; //@ layers 7; id kept\nd#1 = A; //@ id kept";
    check(
        source,
        &expect![[r#"
        2:1 type a computed = A layers [(133, Some(135)), (142, None)]
        3:1 type b computed = A accept [(143, Some(143))]
        4:1 type c computed = A layers [(7, Some(7))] id kept
        5:1 type d 00000001 = A id kept
    "#]],
    );
    assert_eq!(tlgen::parse("a.tl", source).unwrap().layer, Some(230));
}

#[test]
fn declarations_without_a_value_are_skipped() {
    check(
        "New Foo; a = A; Final Foo; Empty foo.bar x y; b = A;",
        &expect![[r#"
            1:10 type a computed = A
            1:47 type b computed = A
        "#]],
    );
}

#[test]
fn an_empty_file_is_a_schema() {
    check("", &expect![""]);
    check(" \n// nothing\n", &expect![""]);
}
