//! What a server prints on stderr when it is ready: how to connect to it.

use std::net::SocketAddr;

use crate::config::Config;
use crate::folder::Folder;

/// What of the settings people must know.
pub(crate) struct Facts {
    advertise: Option<SocketAddr>,
    dc: i32,
    fixed_code: Option<String>,
    secret: Option<String>,
}

impl Facts {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            advertise: config.advertise,
            dc: config.dc,
            fixed_code: config.login.fixed_code.clone(),
            secret: config.proxy_secrets.first().cloned(),
        }
    }

    pub(crate) fn print(&self, folder: &Folder, listen: SocketAddr, admin: Option<SocketAddr>) {
        #[allow(clippy::print_stderr, reason = "for whoever has started it")]
        {
            eprintln!("{}", self.text(folder, listen, admin));
        }
    }

    fn text(&self, folder: &Folder, listen: SocketAddr, admin: Option<SocketAddr>) -> String {
        let address = self.advertise.unwrap_or(listen);
        let (ip, port, dc) = (address.ip(), address.port(), self.dc);
        let key = folder.public_key_file();
        let key = key.display();
        let fingerprint = folder.key.key.public().fingerprint();
        let mut text = format!(
            "\
Chappe {version}: data centre {dc} on {listen}
  data         {data}
  public key   {key}, fingerprint {fingerprint:016x}
",
            version = env!("CARGO_PKG_VERSION"),
            data = folder.path.display(),
        );
        if let Some(admin) = admin {
            text += &format!("  admin        http://{admin}/metrics /live /ready\n");
        }
        if let Some(code) = &self.fixed_code {
            text += &format!(
                "  !! Everybody can be anybody: the code {code} logs any phone number in. For tests only. !!\n"
            );
        }
        text += &format!(
            "
Telethon (Python):
    from telethon import TelegramClient, sessions
    from telethon.crypto import rsa
    rsa.add_key(open('{key}', 'rb').read(), old=False)
    session = sessions.MemorySession()
    session.set_dc({dc}, '{ip}', {port})
    client = TelegramClient(session, 1, '0' * 32)

Pyrogram, Kurigram (Python):
    import pyrogram, rsa
    from pyrogram.crypto.rsa import PublicKey, server_public_keys
    key = rsa.PublicKey.load_pkcs1(open('{key}', 'rb').read())
    server_public_keys[{signed}] = PublicKey(key.n, key.e)
    from pyrogram.session.internals import DataCenter
    DataCenter.PROD[{dc}] = '{ip}'  # and DataCenter.__new__ for another port than 443

GramJS (JavaScript):
    client.session.setDC({dc}, '{ip}', {port})   // and the key in `_serverKeys` of telegram/crypto/RSA

mtcute (JavaScript):
    addPublicKey(crypto, fs.readFileSync('{key}', 'utf8').trim())
    defaultDcs: {{ main: {{ id: {dc}, ipAddress: '{ip}', port: {port} }}, media: {{ id: {dc}, ipAddress: '{ip}', port: {port} }} }}
",
            signed = fingerprint,
        );
        match &self.secret {
            Some(secret) => {
                text += &format!(
                    "
TDLib:
    {{\"@type\": \"addProxy\", \"server\": \"{ip}\", \"port\": {port}, \"enable\": true,
     \"type\": {{\"@type\": \"proxyTypeMtproto\", \"secret\": \"{secret}\"}}}}
"
                );
            }
            None => text += "\nTDLib connects by a proxy secret: start with --proxy-secret HEX.\n",
        }
        text
    }
}
