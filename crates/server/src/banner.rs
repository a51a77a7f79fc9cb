//! What a server prints on stderr when it is ready: how to connect to it.

use std::net::SocketAddr;

use crate::config::{Config, LogFormat};
use crate::folder::Folder;

/// What of the settings people must know.
pub(crate) struct Facts {
    dc: i32,
    fixed_code: Option<String>,
    secret: Option<String>,
    machines_read: bool,
}

/// Where a server can be reached.
pub(crate) struct Addresses {
    pub(crate) listen: SocketAddr,
    /// What clients are told.
    pub(crate) advertised: SocketAddr,
    pub(crate) admin: Option<SocketAddr>,
}

impl Facts {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            dc: config.dc,
            fixed_code: config.login.fixed_code.clone(),
            secret: config.proxy_secrets.first().cloned(),
            machines_read: config.log.format == LogFormat::Json,
        }
    }

    /// Prints it, unless machines read what is printed. How to connect stands below it in tests and
    /// at the first start.
    pub(crate) fn print(&self, folder: &Folder, addresses: &Addresses) {
        if self.machines_read {
            return;
        }
        let mut text = self.head(folder, addresses);
        if folder.is_new || self.fixed_code.is_some() {
            text += &self.snippets(folder, addresses.advertised);
        }
        #[allow(clippy::print_stderr, reason = "for whoever has started it")]
        {
            eprintln!("{text}");
        }
    }

    fn head(&self, folder: &Folder, addresses: &Addresses) -> String {
        let mut text = format!(
            "\
Chappe {version}: data centre {dc} on {listen}, clients are told {advertised}
  data         {data}
  public key   {key}, fingerprint {fingerprint:#018x}
",
            version = env!("CARGO_PKG_VERSION"),
            dc = self.dc,
            listen = addresses.listen,
            advertised = addresses.advertised,
            data = folder.path.display(),
            key = folder.public_key_file().display(),
            fingerprint = folder.key.key.public().fingerprint(),
        );
        if let Some(admin) = addresses.admin {
            text += &format!("  admin        http://{admin}/metrics /live /ready\n");
        }
        if let Some(code) = &self.fixed_code {
            text += &format!(
                "  !! For tests only: the code {code} logs in any phone number, so anybody can be anybody. !!\n"
            );
        }
        text
    }

    fn snippets(&self, folder: &Folder, address: SocketAddr) -> String {
        let (ip, port, dc) = (address.ip(), address.port(), self.dc);
        let key = folder.public_key_file();
        let key = key.display();
        let fingerprint = folder.key.key.public().fingerprint();
        format!(
            "
Telethon:
    from telethon import TelegramClient
    from telethon.crypto import rsa
    from telethon.sessions import MemorySession
    rsa.add_key(open('{key}', 'rb').read(), old=False)
    session = MemorySession()
    session.set_dc({dc}, '{ip}', {port})
    client = TelegramClient(session, 1, '0' * 32)

Pyrogram, Kurigram:
    import base64, pathlib, pyrogram
    from pyrogram.crypto import rsa
    der = base64.b64decode(''.join(open('{key}').read().splitlines()[1:-1]))
    rsa.server_public_keys[{fingerprint}] = rsa.PublicKey(int.from_bytes(der[9:265], 'big'), 65537)
    # Pyrogram
    pyrogram.connection.connection.DataCenter = lambda *_: ('{ip}', {port})
    client = pyrogram.Client('me', api_id=1, api_hash='0' * 32, in_memory=True)
    # Kurigram
    class Here(pyrogram.storage.SQLiteStorage):
        async def dc_id(self, value=object): return {dc}
        async def server_address(self, value=object): return '{ip}'
        async def port(self, value=object): return {port}
    client = pyrogram.Client('me', api_id=1, api_hash='0' * 32,
        storage_engine=Here('me', workdir=pathlib.Path('.'), in_memory=True))

{tdlib}

chappe-client (Rust):
    let key = std::fs::read_to_string(\"{key}\")?;
    let options = chappe_client::Options::new(\"{address}\".parse()?, &key)?;
    let client = chappe_client::Client::connect(options).await?;
",
            tdlib = self.tdlib(&ip.to_string(), port),
        )
    }

    fn tdlib(&self, ip: &str, port: u16) -> String {
        match &self.secret {
            Some(secret) => format!(
                "\
TDLib, with our key instead of its own in td/telegram/net/PublicRsaKeySharedMain.cpp:
    {{\"@type\": \"addProxy\", \"enable\": true, \"comment\": \"\", \"proxy\": {{\"@type\": \"proxy\", \"server\": \"{ip}\",
        \"port\": {port}, \"type\": {{\"@type\": \"proxyTypeMtproto\", \"secret\": \"{secret}\"}}}}}}"
            ),
            None => "TDLib: start the server with --proxy-secret HEX to be told how.".to_owned(),
        }
    }
}
