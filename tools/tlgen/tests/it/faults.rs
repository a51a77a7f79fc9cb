//! What is wrong in a schema, each kind once: file, line, column, what is there, what should be.

use expect_test::{Expect, expect};
use tlgen::Input;

#[track_caller]
fn check_input(input: &Input, expected: &Expect) {
    let errors = input.model().expect_err("the schema is wrong").to_string();
    expected.assert_eq(&errors);
}

#[track_caller]
fn check(source: &str, expected: Expect) {
    check_input(&Input::new("a.tl", source), &expected);
}

#[track_caller]
fn check_layers(schema: &str, history: &str, rules: &str, expected: Expect) {
    let mut input = Input::new("a.tl", schema);
    input.history = Some(("a.history.tl".into(), history.into()));
    input.rules = Some(("a.rules".into(), rules.into()));
    check_input(&input, &expected);
}

mod grammar {
    use super::{check, expect};

    #[test]
    fn unknown_character() {
        check(
            "a = A;\nb x:int = A§;",
            expect!["a.tl:2:12: found '§'; expected a name, a number or a sign of the TL grammar"],
        );
    }

    #[test]
    fn missing_semicolon() {
        check(
            "a = A\nb = B;",
            expect!["a.tl:2:3: found `=`; expected `;`, or a type as argument of the one before"],
        );
        check(
            "a = A",
            expect!["a.tl:1:6: found the end of the file; expected `;`"],
        );
    }

    #[test]
    fn missing_result() {
        check("a x:int;", expect!["a.tl:1:8: found `;`; expected a type"]);
        check(
            "a x:int = ;",
            expect!["a.tl:1:11: found `;`; expected a type"],
        );
    }

    #[test]
    fn upper_case_declaration() {
        check(
            "User id:int = User;",
            expect!["a.tl:1:1: found `User`; expected a name in lower case"],
        );
    }

    #[test]
    fn bad_id() {
        check(
            "a#123456789 = A;",
            expect!["a.tl:1:3: found `123456789`; expected 1 to 8 hex digits"],
        );
        check(
            "a#xyz = A;",
            expect!["a.tl:1:3: found `xyz`; expected 1 to 8 hex digits"],
        );
        check(
            "a# = A;",
            expect!["a.tl:1:4: found `=`; expected 1 to 8 hex digits"],
        );
    }

    #[test]
    fn names_that_begin_with_a_digit() {
        check(
            "a 1x:int = A;",
            expect![
                "a.tl:1:3: found `1x`; expected the name of a field, which begins with a letter"
            ],
        );
        check(
            "a x:3d = A;",
            expect!["a.tl:1:5: found `3d`; expected a type, which begins with a letter"],
        );
    }

    #[test]
    fn second_field_of_a_name() {
        check(
            "a x:int\n  x:long = A;",
            expect!["a.tl:2:3: found a second field `x`; expected another name"],
        );
    }

    #[test]
    fn bit_out_of_range() {
        check(
            "a flags:# x:flags.32?int = A;",
            expect!["a.tl:1:19: found `32`; expected a bit number from 0 to 31"],
        );
    }

    #[test]
    fn bits_of_no_word() {
        check(
            "a flags:int x:flags.0?int = A;",
            expect![
                "a.tl:1:15: found bit 0 of `flags`; expected the name of a field of type `#` before this one"
            ],
        );
        check(
            "a x:flags.0?int flags:# = A;",
            expect![
                "a.tl:1:5: found bit 0 of `flags`; expected the name of a field of type `#` before this one"
            ],
        );
    }

    #[test]
    fn percent_of_no_name() {
        check(
            "a x:%# = A;",
            expect!["a.tl:1:6: found no name behind `%`; expected the name of a type"],
        );
    }

    #[test]
    fn open_brackets() {
        check(
            "a x:Vector<int = A;",
            expect!["a.tl:1:16: found `=`; expected `>`"],
        );
        check(
            "a n:# x:n*[ y:int = A;",
            expect!["a.tl:1:19: found `=`; expected a type"],
        );
        check(
            "a {X:Type = A;",
            expect!["a.tl:1:11: found `=`; expected `}`"],
        );
    }

    #[test]
    fn implicit_argument_of_another_type() {
        check(
            "a {x:int} = A;",
            expect!["a.tl:1:6: found an implicit argument of type `int`; expected `Type` or `#`"],
        );
    }

    #[test]
    fn unknown_section() {
        check(
            "---methods---\na = A;",
            expect!["a.tl:1:1: found `---methods---`; expected `---functions---` or `---types---`"],
        );
        check(
            "---functions\na = A;",
            expect!["a.tl:1:1: found `---`; expected `---functions---` or `---types---`"],
        );
    }

    #[test]
    fn comment_without_an_end() {
        check(
            "a = A; /* b = B;",
            expect!["a.tl:1:8: found a comment without an end; expected `*/`"],
        );
    }

    #[test]
    fn unknown_remark() {
        let expected = "`//@ layers 133-135,142-`, `//@ accept 143` or `//@ id kept`";
        for remark in [
            "layers",
            "layers 5-3",
            "layers 1-4,3-",
            "layers 0",
            "layers 10000",
            "since 5",
        ] {
            let source = format!("a = A; //@ {remark}\n");
            let error = tlgen::parse("a.tl", &source).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("a.tl:1:8: found `//@ {remark}`; expected {expected}")
            );
        }
        check(
            "//@ nothing\n",
            expect!["a.tl:1:1: found `//@ nothing`; expected `//@ section NAME` or a declaration"],
        );
    }

    #[test]
    fn two_layers() {
        check(
            "// LAYER 1\n// LAYER 2\na = A;",
            expect!["a.tl:2:1: found `// LAYER 2`; expected one `// LAYER` line"],
        );
    }

    #[test]
    fn types_that_nest_without_end() {
        let source = format!("a x:{}int{} = A;", "Vector<".repeat(40), ">".repeat(40));
        check(
            &source,
            expect!["a.tl:1:229: found `Vector`; expected a type that nests less deep"],
        );
        let source = format!("a x:{} = A;", "(".repeat(100_000));
        check(
            &source,
            expect!["a.tl:1:37: found `(`; expected a type that nests less deep"],
        );
    }

    #[test]
    fn every_wrong_declaration_is_told() {
        check(
            "a x:int;\nb = B;\nC = C;\nd#q = D;\n---x---\ne = E;",
            expect![[r#"
                a.tl:1:8: found `;`; expected a type
                a.tl:3:1: found `C`; expected a name in lower case
                a.tl:4:3: found `q`; expected 1 to 8 hex digits
                a.tl:5:1: found `---x---`; expected `---functions---` or `---types---`"#]],
        );
    }
}

mod meaning {
    use super::{check, expect};
    use tlgen::Input;

    #[test]
    fn unknown_types() {
        check(
            "a x:int y:Foo z:foo\n  w:%Bar v:Vector<foo.Baz> = A;\n---functions---\nf = Quux;",
            expect![[r#"
                a.tl:1:9: unknown type `Foo`; expected a built-in or declared type
                a.tl:1:15: unknown bare type `foo`; expected a built-in or declared type
                a.tl:2:3: unknown type `%Bar`; expected a built-in or declared type
                a.tl:2:10: unknown type `foo.Baz`; expected a built-in or declared type
                a.tl:4:1: unknown type `Quux`; expected a built-in or declared type"#]],
        );
    }

    #[test]
    fn id_of_another_text() {
        check(
            "a#12345678 x:int = A;",
            expect![
                "a.tl:1:1: `a#12345678` does not fit its text; expected #d2aa78f6, or `//@ id kept` behind it"
            ],
        );
    }

    #[test]
    fn id_of_another_declaration() {
        check(
            "a#1 = A; //@ id kept\nb#1 = B; //@ id kept\n---functions---\nc#1 = A; //@ id kept",
            expect![[r#"
            a.tl:2:1: `b` has the id 00000001 of `a`; expected an id of its own
            a.tl:4:1: `c` has the id 00000001 of `b`; expected an id of its own"#]],
        );
    }

    #[test]
    fn name_declared_twice() {
        check(
            "a x:int = A;\nb = B;\na x:long = A;",
            expect!["a.tl:3:1: `a` is declared twice; expected one id for each layer"],
        );
        check(
            "a = A;\n---functions---\nf = A;\nf x:int = A;",
            expect!["a.tl:4:1: `f` is declared twice; expected one id for each layer"],
        );
    }

    #[test]
    fn types_with_parameters() {
        check(
            "pair {X:Type} {Y:Type} x:X y:Y = Pair X Y;\na x:Foo<int> = A;\nb x:Vector<int,int> y:Vector = B;",
            expect![[r#"
            a.tl:1:1: `pair` makes a type with parameters; expected a type without; only Vector has one
            a.tl:1:24: a value of any type `X`; expected a function `!X`, or an `Object`
            a.tl:1:28: a value of any type `Y`; expected a function `!X`, or an `Object`
            a.tl:1:1: `Pair` with arguments; expected none; only Vector has one
            a.tl:2:3: `Foo` with arguments; expected none; only Vector has one
            a.tl:3:3: `Vector` with 2 arguments; expected one
            a.tl:3:21: `Vector` with 0 arguments; expected one"#]],
        );
    }

    #[test]
    fn constructor_of_a_bare_type() {
        check(
            "a x:int = a;",
            expect!["a.tl:1:1: `a` makes no boxed type; expected the name of a type in upper case"],
        );
        check(
            "a x:int = Vector int;",
            expect![
                "a.tl:1:1: `a` makes a type with parameters; expected a type without; only Vector has one"
            ],
        );
    }

    #[test]
    fn numbers_from_outside() {
        check(
            "a {n:#} x:int = A;\n---functions---\nf {n:#} = A;",
            expect![[r#"
            a.tl:1:1: `a` takes the number `n` from its surroundings; expected a field of type `#`
            a.tl:1:1: `a` makes a type with parameters; expected a type without; only Vector has one
            a.tl:3:1: `f` takes the number `n` from its surroundings; expected a field of type `#`
            a.tl:1:1: unknown type `A`; expected a built-in or declared type
            a.tl:3:1: unknown type `A`; expected a built-in or declared type"#]],
        );
        check(
            "a x:n*[ int ] = A;\nb n:# y:int x:n*[ int ] = B;\nc x:3*[ int ] = C;",
            expect![[r#"
            a.tl:1:3: a repetition without a count; expected its count, a field of type `#` directly before it
            a.tl:2:13: a repetition without a count; expected its count, a field of type `#` directly before it
            a.tl:3:3: a repetition without a count; expected its count, a field of type `#` directly before it"#]],
        );
    }

    #[test]
    fn field_without_a_name() {
        check(
            "a int x:int = A;",
            expect!["a.tl:1:3: `a` has a field without a name; expected a name"],
        );
    }

    #[test]
    fn built_in_names() {
        check(
            "int x:long = Foo;\na = Bool;\nb = Object;\nc = Foo;",
            expect![[r#"
            a.tl:1:1: `int` is built in; expected another name
            a.tl:2:1: `a` would be one more constructor of `Bool`, which is built in; expected another type
            a.tl:3:1: `b` would be one more constructor of `Object`, which is built in; expected another type"#]],
        );
    }

    #[test]
    fn optional_word_of_flags() {
        check(
            "a flags:# more:flags.0?# x:more.1?int = A;",
            expect![
                "a.tl:1:1: `more` holds bits and is itself optional; expected a word of flags that is always there"
            ],
        );
    }

    #[test]
    fn functions_as_values() {
        check(
            "a x:!X = A;",
            expect![
                "a.tl:1:3: `!X` without its declaration; expected `{X:Type}` before the fields"
            ],
        );
        check(
            "---functions---\nf {X:Type} x:X = X;",
            expect!["a.tl:2:12: a value of any type `X`; expected a function `!X`, or an `Object`"],
        );
        check(
            "---functions---\ng {X:Type} x:Vector<!X> = X;\nh {X:Type} x:!X = Vector<X>;\ni {X:Type} = X;\nj {Reader:Type} x:!Reader = Reader;",
            expect![[r#"
                a.tl:2:1: no field is of type `!X`; expected one, for the inner function
                a.tl:2:1: `x` is a vector of functions; expected a single one
                a.tl:3:1: `h` answers a type with the result of another function; expected that result itself
                a.tl:4:1: no field is of type `!X`; expected one, for the inner function
                a.tl:5:1: the type variable `Reader` has the name of a Rust type; expected another name"#]],
        );
    }

    #[test]
    fn object_before_the_end() {
        check(
            "a x:Object y:int = A;\nb x:Vector<Object> = B;\nc x:Vector<E> = C;\nd x:E y:int = D;\ne x:Object = E;",
            expect![[r#"
            a.tl:1:1: `x` reaches to the end of the frame, since it holds an `Object`; expected the last field
            a.tl:2:1: `x` reaches to the end of the frame, since it holds an `Object`; expected the last field
            a.tl:3:1: `x` reaches to the end of the frame, since it holds an `Object`; expected the last field
            a.tl:4:1: `x` reaches to the end of the frame, since it holds an `Object`; expected the last field"#]],
        );
    }

    #[test]
    fn bare_values_that_contain_themselves() {
        check(
            "a x:int next:vector<%A> = A;\nb flags:# c:flags.0?%C = B;\nc b:%B = C;",
            expect![[r#"
            a.tl:1:1: `a` contains itself without an id between; expected its boxed type
            a.tl:2:1: `b` contains itself without an id between; expected its boxed type
            a.tl:3:1: `c` contains itself without an id between; expected its boxed type"#]],
        );
        check(
            "a = A;\nb = A;\nc x:%A = C;",
            expect!["a.tl:3:3: `%A` has 2 constructors; expected the name of one of them"],
        );
    }

    #[test]
    fn bare_answers() {
        check(
            "a = A;\n---functions---\nf = %A;\ng = Vector<%A>;\nh = vector<int>;",
            expect![[r#"
            a.tl:3:1: `f` answers a bare value; expected a boxed type
            a.tl:4:1: `g` answers a bare value; expected a boxed type
            a.tl:5:1: `h` answers a bare value; expected a boxed type"#]],
        );
    }

    #[test]
    fn names_that_are_one_in_rust() {
        check(
            "fooBar = Foo;\nfoo_bar = Foo;\n",
            expect![
                "a.tl:2:1: `fooBar` and `foo_bar` would both be `FooBar` in Rust; expected another name"
            ],
        );
        check(
            "a x:int X:int = A;\nb userId:int user_id:int = B;\nc flags:# word_flags:flags.0?int = C;",
            expect![[r#"
            a.tl:1:1: the fields `x` and `X` would both be `x` in Rust; expected another name
            a.tl:2:1: the fields `userId` and `user_id` would both be `user_id` in Rust; expected another name
            a.tl:3:1: the field `word_flags` has the name of a variable of the generated code; expected another name"#]],
        );
        check(
            "a = Foo_bar;\nb = FooBar;",
            expect![
                "a.tl:2:1: `Foo_bar` and `FooBar` would both be `types::FooBar` in Rust; expected another name"
            ],
        );
        check(
            "a = A;\n---functions---\nx.yZ = A;\nx_y.z = A;\nxY.z = A;",
            expect![[r#"
            a.tl:4:1: `x.yZ` and `x_y.z` would both be `x_y_z` in Rust; expected another name
            a.tl:5:1: `x_y.z` and `xY.z` would both be `functions::x_y::Z` in Rust; expected another name"#]],
        );
    }

    #[test]
    fn layers_without_a_layer() {
        check(
            "a = A; //@ layers 1-2",
            expect!["a.tl:1:1: `a` has layers; expected a line `// LAYER n` in the schema"],
        );
        check(
            "// LAYER 3\na = A; //@ layers 4-",
            expect!["a.tl:2:1: `a` begins at layer 4; expected one up to 3, the newest"],
        );
    }

    #[test]
    fn repeated_fields_of_two_shapes() {
        check(
            "// LAYER 2\na n:# x:n*[ a:int b:int ] = A; //@ layers 2-\na m:# x:m*[ a:int c:int ] = A; //@ layers 1",
            expect![
                "a.tl:3:7: the repeated fields would be a second `a_x`; expected a constructor of their own, and a vector of it"
            ],
        );
        check(
            "a_x = A;\na n:# x:n*[ a:int b:int ] = A;",
            expect![
                "a.tl:2:7: the repeated fields would be a second `a_x`; expected a constructor of their own, and a vector of it"
            ],
        );
    }

    #[test]
    fn section_that_is_not_there() {
        let mut input = Input::new("a.tl", "//@ section core\na = A;");
        input.sections = vec!["core".into(), "api".into()];
        super::check_input(
            &input,
            &expect![
                "a.tl:1:1: no declaration is in the section `api`; expected a line `//@ section api`"
            ],
        );
    }
}

mod layers {
    use super::{check_layers, expect};

    #[test]
    fn conversions_without_a_rule() {
        check_layers(
            "// LAYER 2\na x:int y:long = A; //@ layers 2-",
            "\na x:long = A; //@ layers 1",
            "",
            expect![[r#"
                a.history.tl:2:1: type a.x: no `down` to long (ebb72629, layers from 1); expected a rule for it
                a.history.tl:2:1: type a.x: no `up` to int (ebb72629, layers from 1); expected a rule for it
                a.history.tl:2:1: type a.y: no `up` to long (ebb72629, layers from 1); expected a rule for it"#]],
        );
    }

    #[test]
    fn two_ids_at_one_layer() {
        check_layers(
            "// LAYER 3\na x:int = A; //@ layers 2-",
            "a = A; //@ layers 1-2",
            "",
            expect![
                "a.tl:2:1: `a` is d2aa78f6 and 7aae25b9 at layer 2; expected one id for each layer"
            ],
        );
    }

    #[test]
    fn bare_type_of_two_shapes() {
        check_layers(
            "// LAYER 2\na x:int = A; //@ layers 2-\nb a:%A = B;",
            "a x:int y:int = A; //@ layers 1",
            "type a.y: down 0",
            expect![
                "a.tl:3:1: `a` is used bare and has 2 ids; expected one id for all layers, or its boxed type"
            ],
        );
    }

    #[test]
    fn rules_that_are_none() {
        check_layers(
            "// LAYER 2\na = A;",
            "",
            "# nothing\nconvert a to b\n\ntype a.x",
            expect![[r#"
            a.rules:2:1: `convert a to b` is no rule; expected alias, substitute, accept, type, function or result
            a.rules:4:1: `type a.x` is no rule; expected alias, substitute, accept, type, function or result"#]],
        );
    }

    #[test]
    fn rules_for_nothing() {
        check_layers(
            "// LAYER 2\na = A;",
            "",
            "type a.x: down 0\nalias type b = a\nsubstitute A always: value\naccept B from A: None",
            expect![[r#"
                a.rules:1:1: the rule for `a.x` is for nothing; expected the name and field of an old form
                a.rules:2:1: the alias `b` is for nothing; expected a gone name and one that has it
                a.rules:3:1: `A` is no type with several constructors; expected the name of one
                a.rules:4:1: `B` is no type with several constructors; expected the name of one
                a.rules:4:1: `A` is no type with several constructors; expected the name of one"#]],
        );
    }

    #[test]
    fn faults_of_all_files_at_once() {
        check_layers(
            "// LAYER 2\na x: = A;",
            "b x:y:z = B;",
            "what",
            expect![[r#"
            a.tl:2:6: found `=`; expected a type
            a.history.tl:1:6: found `:`; expected a type
            a.rules:1:1: `what` is no rule; expected alias, substitute, accept, type, function or result"#]],
        );
    }
}
