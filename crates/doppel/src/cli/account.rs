//! `doppel account …`

use std::io::{BufRead, IsTerminal};

use identity::{Account, NewAccount, Password, SignUp};
use serde_json::json;
use store::AccountId;

use super::{
    args,
    out::{Failure, say, say_json},
};
use crate::{config::Config, server};

/// Maximum length of a line read as a password, in bytes.
const MAX_LINE: u64 = 4096;

pub(super) async fn run(config: &Config, command: args::Account) -> Result<(), Failure> {
    // The first account, or an invitation, may be created before the server has started.
    let may_be_new = matches!(command, args::Account::Add { .. } | args::Account::Invite { .. });
    let (db, identity) =
        if may_be_new { super::new_identity(config).await? } else { super::identity(config).await? };
    let find = async |email: &str| {
        let found = identity.account_by_email(email).await?;
        found.ok_or_else(|| Failure::not_found(format!("no account has the e-mail {email}")))
    };
    match command {
        args::Account::Add { email, name, password_stdin, admin, json } => {
            let password = password(password_stdin)?;
            let account = identity.add_account(NewAccount { email, name, password, is_admin: admin }).await?;
            print(&account, json)?;
        }
        args::Account::List { json } => {
            let mut after = AccountId(0);
            loop {
                let page = identity.accounts(after, 500).await?;
                let Some(last) = page.last() else { break };
                after = last.id;
                page.iter().try_for_each(|account| print(account, json))?;
            }
        }
        args::Account::Password { email, password_stdin, end_apps, end_keys } => {
            let account = find(&email).await?;
            let also = identity::account::AlsoEnd { apps: end_apps, keys: end_keys };
            identity.set_password(&account, password(password_stdin)?, also).await?;
        }
        args::Account::Disable { email } => identity.set_disabled(find(&email).await?.id, true).await?,
        args::Account::Enable { email } => identity.set_disabled(find(&email).await?.id, false).await?,
        args::Account::Delete { email, yes: _ } => {
            let account = find(&email).await?;
            let base_url = server::base_url(config, None);
            server::memory(config, db.clone(), identity.clone(), &base_url).remove_files(account.id).await?;
            identity.delete_account(account.id).await?;
        }
        args::Account::Invite { expires } => {
            if identity.sign_up_mode().await? == SignUp::Closed {
                return Err(Failure::input(
                    "accounts.sign_up = \"closed\": expected \"invitation\" or \"open\" for a link to work",
                ));
            }
            let link = identity.invitation_link(super::key::seconds(&expires)?).await?;
            say(&format!("{}/sign-up?link={}", server::base_url(config, None), link.expose()))?;
        }
    }
    db.close().await?;
    Ok(())
}

fn print(account: &Account, json: bool) -> Result<(), Failure> {
    if json {
        return say_json(&json!({
            "id": account.id.to_string(),
            "email": account.email,
            "name": account.name,
            "route": account.route,
            "admin": account.is_admin,
            "createdAt": account.created_at.iso8601(),
            "disabledAt": account.disabled_at.map(store::Timestamp::iso8601),
        }));
    }
    let admin = if account.is_admin { "  admin" } else { "" };
    let disabled = if account.disabled_at.is_some() { "  disabled" } else { "" };
    say(&format!("{}  {}  {}{admin}{disabled}", account.id, account.email, account.name))
}

/// Reads a password from standard input, or asks for it twice on a terminal.
fn password(from_stdin: bool) -> Result<Password, Failure> {
    if from_stdin {
        let mut line = String::new();
        let mut reader = std::io::Read::take(std::io::stdin().lock(), MAX_LINE);
        reader.read_line(&mut line).map_err(Failure::failed)?;
        return Ok(Password::new(line.trim_end_matches(['\n', '\r'])));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::input("no terminal to ask for a password on: give --password-stdin"));
    }
    let password = rpassword::prompt_password("Password: ").map_err(Failure::failed)?;
    if password != rpassword::prompt_password("Again: ").map_err(Failure::failed)? {
        return Err(Failure::input("the two passwords differ"));
    }
    Ok(Password::new(password))
}
