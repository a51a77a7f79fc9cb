//! Rules on the whole workspace: which crate may use which, and what every manifest says.

use anyhow::{Context as _, Result};

use super::sources::SANS_IO_CRATES;
use super::{Finding, SourceFile};
use crate::process::{cargo, read};

/// Our own crates that a crate may use. A crate that is not named here is a tool or wires everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("tl", &[]),
    ("tl-api", &["tl"]),
    ("mtproto-core", &["tl"]),
    ("store", &[]),
    ("messenger", &["tl", "tl-api", "store"]),
    ("bus", &[]),
    ("gateway", &["tl", "tl-api", "mtproto-core", "bus"]),
    (
        "services",
        &["tl", "tl-api", "mtproto-core", "store", "messenger", "bus"],
    ),
    ("chappe-client", &["tl", "tl-api", "mtproto-core"]),
    ("chappe-client-ffi", &["chappe-client"]),
];

/// Packages that bring a runtime, a socket or the system's entropy into a crate without I/O.
const IO_PACKAGES: &[&str] = &["getrandom", "mio", "rand", "socket2", "tokio", "tokio-util"];
const DATABASES: &[&str] = &["redb", "scylla"];

/// A crate of the workspace and what its manifest names outside dev-dependencies, all features on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Relative to the root.
    pub(super) folder: String,
    pub(super) uses: Vec<String>,
}

pub(super) fn check(files: &[SourceFile]) -> Result<Vec<Finding>> {
    let members = members()?;
    let mut findings = check_arrows(&members, files);
    findings.extend(check_lints(&members, files));
    for member in &members {
        if reaches_nothing_with_io(&member.name) {
            findings.extend(check_reach(member, &tree_of(&member.name)?, files));
        }
    }
    Ok(findings)
}

/// Each crate's own dependencies against the tables above.
pub(super) fn check_arrows(members: &[Member], files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members {
        for used in &member.uses {
            if let Some(why) = forbidden(member, used, members) {
                findings.push(at_manifest(member, used, files, "arrow", why));
            }
        }
    }
    findings
}

/// What comes in through others: `tree` is the output of `cargo tree --prefix none` for this crate.
pub(super) fn check_reach(member: &Member, tree: &str, files: &[SourceFile]) -> Vec<Finding> {
    let mut found: Vec<_> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|package| IO_PACKAGES.contains(package))
        .collect();
    found.sort_unstable();
    found.dedup();
    let finding = |package: &str| {
        let name = &member.name;
        let why = format!(
            "{name} reaches `{package}`, and {name} has no runtime, no socket and no entropy of its own; see `cargo tree -p {name} -e normal -i {package}`"
        );
        at_manifest(member, package, files, "sans-io", why)
    };
    found.into_iter().map(finding).collect()
}

/// Every manifest takes the lints of the workspace.
pub(super) fn check_lints(members: &[Member], files: &[SourceFile]) -> Vec<Finding> {
    let inherits = |member: &&Member| {
        let text = manifest(member, files).map_or("", |file| &file.text);
        let section = text
            .split_once("\n[lints]\n")
            .map_or("", |(_, section)| section);
        !section
            .lines()
            .take_while(|line| !line.starts_with('['))
            .any(|l| l == "workspace = true")
    };
    let finding = |member: &Member| {
        let why = "no `[lints]` with `workspace = true`: the lints would not hold here".to_owned();
        at_manifest(member, "[lints]", files, "lints", why)
    };
    members.iter().filter(inherits).map(finding).collect()
}

/// The members of `cargo tree --workspace --depth 1 --prefix depth`.
pub(super) fn parse_members(tree: &str, root: &str) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for line in tree.lines() {
        let Some((depth, package)) = line.split_at_checked(1) else {
            continue;
        };
        let name = package.split(' ').next().unwrap_or_default().to_owned();
        if depth == "0" {
            let path = package.split(['(', ')']).nth(1).unwrap_or_default();
            let folder = path
                .strip_prefix(root)
                .unwrap_or(path)
                .trim_start_matches('/')
                .to_owned();
            members.push(Member {
                name,
                folder,
                uses: Vec::new(),
            });
        } else if let Some(member) = members.last_mut() {
            member.uses.push(name);
        }
    }
    members
}

fn members() -> Result<Vec<Member>> {
    let tree = read(cargo().args([
        "tree",
        "--workspace",
        "--all-features",
        "--no-dedupe",
        "--depth=1",
        "--prefix=depth",
        "--edges=normal,build",
    ]))
    .context("the crates of the workspace")?;
    Ok(parse_members(
        &tree,
        &crate::process::root().to_string_lossy(),
    ))
}

/// Everything that a crate pulls in with its default features.
fn tree_of(name: &str) -> Result<String> {
    read(cargo().args([
        "tree",
        "--prefix=none",
        "--edges=normal,build",
        "--package",
        name,
    ]))
}

/// The messenger reaches a database's runtime through `store`, and only so.
fn reaches_nothing_with_io(name: &str) -> bool {
    SANS_IO_CRATES.contains(&name) && name != "messenger"
}

fn forbidden(member: &Member, used: &str, members: &[Member]) -> Option<String> {
    let name = &member.name;
    let is_crate = member.folder.starts_with("crates/");
    if let Some(target) = members.iter().find(|other| other.name == used) {
        if used == "testkit" {
            return Some("testkit is for tests: name it under dev-dependencies".to_owned());
        }
        if is_crate && !target.folder.starts_with("crates/") {
            return Some(format!("{name} must not use `{used}`, which is a tool"));
        }
        let (_, allowed) = ARROWS.iter().find(|(from, _)| from == name)?;
        return (!allowed.contains(&used)).then(|| {
            format!("{name} must not use `{used}`: the design lets it use {allowed:?} (nothing points upwards)")
        });
    }
    if DATABASES.contains(&used) && name != "store" && member.folder != "benches" {
        return Some(format!(
            "only store names a database, and {name} names `{used}`"
        ));
    }
    if name == "messenger" && IO_PACKAGES.contains(&used) {
        return Some(format!(
            "messenger must not use `{used}`: it has no sockets, clock or entropy"
        ));
    }
    None
}

fn manifest<'a>(member: &Member, files: &'a [SourceFile]) -> Option<&'a SourceFile> {
    let path = format!("{}/Cargo.toml", member.folder);
    files.iter().find(|file| file.path == path)
}

/// A finding at the line of the manifest that names `what`, or at its first line.
fn at_manifest(
    member: &Member,
    what: &str,
    files: &[SourceFile],
    rule: &'static str,
    why: String,
) -> Finding {
    let names = |line: &str| {
        line.strip_prefix(what)
            .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    let text = manifest(member, files).map_or("", |file| &file.text);
    let line = text.lines().position(names).map_or(1, |index| index + 1);
    Finding {
        path: format!("{}/Cargo.toml", member.folder),
        line,
        rule,
        why,
    }
}
