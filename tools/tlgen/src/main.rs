//! The `tlgen` command. This file parses its arguments, reads files and says what went wrong.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on standard output"
)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use lexopt::{Arg, Parser, ValueExt as _};
use tlgen::{
    FormatError, Input, crc, format, output,
    package::{self, Package, Runtime, is_package_name},
};

const USAGE: &str = "\
Turns a TL schema into a crate of typed structs, enums and RPC calls.

tlgen build --schema FILE --out DIR [OPTION]...   writes the crate
tlgen check --schema FILE [OPTION]...             only says what is wrong
tlgen crc --schema FILE                           prints id, computed id and name of each declaration

  --schema FILE     the newest schema
  --history FILE    retired constructors and functions, each with its layers
  --rules FILE      how values are converted between layers
  --section NAME    reads this section of the schema only; may be given more than once
  --out DIR         folder of the crate; generated files in it that are no longer needed are removed
  --name CRATE      name of the crate (default: the schema's file name and `-api`)
  --runtime PATH    depends on the crate `tl` there instead of carrying a copy of it
  --compat FILE     Rust functions that the rules call, as module `compat`
  -h, --help        this text

A schema without errors ends with 0, one with errors with 1, a wrong command line with 2.";

fn main() -> ExitCode {
    let arguments = match Arguments::parse(Parser::from_env()) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("tlgen: {error:#}\n\n`tlgen --help` shows the usage");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Build,
    Check,
    Crc,
}

#[derive(Debug)]
struct Arguments {
    command: Command,
    schema: PathBuf,
    history: Option<PathBuf>,
    rules: Option<PathBuf>,
    sections: Vec<String>,
    out: Option<PathBuf>,
    name: Option<String>,
    runtime: Option<String>,
    compat: Option<PathBuf>,
}

impl Arguments {
    /// Nothing if help is wanted.
    fn parse(mut parser: Parser) -> Result<Option<Self>> {
        let mut command = None;
        let (mut schema, mut history, mut rules, mut out, mut compat) =
            (None, None, None, None, None);
        let (mut sections, mut name, mut runtime) = (Vec::new(), None, None);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                Arg::Long("schema") => schema = Some(path(parser.value()?)),
                Arg::Long("history") => history = Some(path(parser.value()?)),
                Arg::Long("rules") => rules = Some(path(parser.value()?)),
                Arg::Long("compat") => compat = Some(path(parser.value()?)),
                Arg::Long("out") => out = Some(path(parser.value()?)),
                Arg::Long("section") => sections.push(parser.value()?.string()?),
                Arg::Long("name") => name = Some(parser.value()?.string()?),
                Arg::Long("runtime") => runtime = Some(parser.value()?.string()?),
                Arg::Value(word) if command.is_none() => command = Some(self::command(&word)?),
                argument @ (Arg::Short(_) | Arg::Long(_) | Arg::Value(_)) => {
                    return Err(argument.unexpected().into());
                }
            }
        }
        let command = command.context("no command; there are build, check and crc")?;
        let schema = schema.context("`--schema FILE` is missing")?;
        if command == Command::Build && out.is_none() {
            bail!("`--out DIR` is missing");
        }
        if let Some(name) = name.as_ref().filter(|name| !is_package_name(name)) {
            bail!("`{name}` is no name of a crate: letters, digits, `-` and `_`, a letter first");
        }
        Ok(Some(Self {
            command,
            schema,
            history,
            rules,
            sections,
            out,
            name,
            runtime,
            compat,
        }))
    }

    fn input(&self) -> Result<Input> {
        Ok(Input {
            schema: source(&self.schema)?,
            history: self.history.as_deref().map(source).transpose()?,
            rules: self.rules.as_deref().map(source).transpose()?,
            sections: self.sections.clone(),
        })
    }

    fn package(&self) -> Result<Package> {
        let compat = self.compat.as_deref().map(source).transpose()?;
        Ok(Package {
            name: self.crate_name()?,
            schema: file_name(&self.schema),
            command: self.generating_command(),
            runtime: self
                .runtime
                .clone()
                .map_or(Runtime::Embedded, Runtime::Path),
            compat: compat.map(|(_, text)| text),
        })
    }

    fn crate_name(&self) -> Result<String> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        let stem = self
            .schema
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let name = format!("{}-api", stem.replace(['.', ' '], "-"));
        if !is_package_name(&name) {
            bail!("`{name}` is no name of a crate; choose one with `--name`");
        }
        Ok(name)
    }

    /// The command line without folders, which differ from one checkout to the next.
    fn generating_command(&self) -> String {
        let mut command = format!("tlgen build --schema {}", file_name(&self.schema));
        let files = [
            ("history", &self.history),
            ("rules", &self.rules),
            ("compat", &self.compat),
        ];
        for (option, path) in files {
            if let Some(path) = path {
                command.push_str(&format!(" --{option} {}", file_name(path)));
            }
        }
        for section in &self.sections {
            command.push_str(&format!(" --section {section}"));
        }
        command
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match arguments.command {
        Command::Build => build(arguments),
        Command::Check => check(arguments),
        Command::Crc => print_ids(arguments),
    }
}

fn build(arguments: &Arguments) -> Result<()> {
    let package = arguments.package()?;
    let model = arguments.input()?.model()?;
    let mut files = package::files(&model, &package);
    match format(&mut files) {
        Ok(()) => package::space_items(&mut files),
        Err(error @ FormatError::NotStarted(_)) => eprintln!("not formatted: {error}"),
        Err(error @ FormatError::Refused { .. }) => return Err(error.into()),
    }
    let out = arguments.out.as_deref().unwrap_or_else(|| Path::new("."));
    let changes = output::write(out, &files)?;
    println!(
        "{}: {} files, {} changed",
        out.display(),
        files.len(),
        changes.len()
    );
    Ok(())
}

fn check(arguments: &Arguments) -> Result<()> {
    let model = arguments.input()?.model()?;
    let ids = model.by_id.len();
    println!(
        "{}: {} types, {ids} ids, no errors",
        arguments.schema.display(),
        model.types.len()
    );
    Ok(())
}

fn print_ids(arguments: &Arguments) -> Result<()> {
    let (file, text) = source(&arguments.schema)?;
    for declaration in tlgen::parse(&file, &text)?.declarations {
        let computed = crc::computed_id(&declaration);
        let id = declaration.explicit_id.unwrap_or(computed);
        println!("{id:08x} {computed:08x} {}", declaration.name);
    }
    Ok(())
}

fn command(word: &OsString) -> Result<Command> {
    match word.to_str() {
        Some("build") => Ok(Command::Build),
        Some("check") => Ok(Command::Check),
        Some("crc") => Ok(Command::Crc),
        _ => bail!("no command {word:?}; there are build, check and crc"),
    }
}

fn path(value: OsString) -> PathBuf {
    value.into()
}

/// A file, and how errors call it.
fn source(path: &Path) -> Result<(String, String)> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok((path.display().to_string(), text))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
