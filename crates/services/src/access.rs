//! Who may call what (account sheet 0.1).

/// What a caller needs for a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Nothing,
    /// To be logged in.
    User,
}

/// Methods that anybody may call.
const OPEN: &[&str] = &[
    "account.deleteAccount",
    "account.getPassword",
    "account.sendVerifyEmailCode",
    "account.verifyEmail",
    "help.getAppConfig",
    "help.getCdnConfig",
    "help.getConfig",
    "help.getCountriesList",
    "help.getDeepLinkInfo",
    "help.getNearestDc",
    "help.saveAppLog",
];

/// What a method of this name needs.
pub(crate) fn needs(name: &str) -> Needs {
    let open = name.starts_with("auth.") || name.starts_with("langpack.") || OPEN.contains(&name);
    if open { Needs::Nothing } else { Needs::User }
}

/// Whether a call of this name says that its session belongs to a client that wants updates, and
/// not to one that only moves files (clients-python 1.18).
pub(crate) fn subscribes(name: &str) -> bool {
    !["auth.", "help.", "langpack.", "upload."]
        .iter()
        .any(|namespace| name.starts_with(namespace))
}
