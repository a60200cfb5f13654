//! The commands and their flags.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use identity::KeyId;

use crate::config::{Flags, ServerFlags};

/// A self-hosted server for a person's second self.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = "Example: doppel serve --demo")]
pub(super) struct Args {
    /// Configuration file. `doppel check-config` prints the configuration in force.
    #[arg(long, global = true, env = "DOPPEL_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Directory for all data of the server.
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Args {
    pub(super) fn flags(&self) -> Flags {
        let listen = match &self.command {
            Command::Serve(serve) => serve.listen.clone(),
            _ => None,
        };
        Flags { data_dir: self.data_dir.clone(), server: listen.map(|listen| ServerFlags { listen }) }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server.
    #[command(after_help = "Example: doppel serve --data-dir /var/lib/doppel --listen 127.0.0.1:8080")]
    Serve(Serve),
    /// Write a configuration file with every setting explained, and say what is next.
    #[command(after_help = "Example: doppel init /etc/doppel/doppel.toml")]
    Init {
        /// The file to write; it must not exist.
        #[arg(default_value = "doppel.toml")]
        file: PathBuf,
    },
    /// Ask the server at `server.listen` whether it is ready; exit code 1 if it is not.
    #[command(after_help = "Example: DOPPEL_SERVER__LISTEN=127.0.0.1:8080 doppel health")]
    Health,
    /// Apply pending migrations to the database; `serve` does so by itself.
    #[command(after_help = "Example: doppel migrate --check")]
    Migrate(Migrate),
    /// Print the configuration in force, with secrets hidden.
    #[command(after_help = "Example: DOPPEL_LOG__FORMAT=json doppel check-config")]
    CheckConfig,
    /// Create, list and change accounts.
    #[command(subcommand)]
    Account(Account),
    /// Create, list and revoke API keys.
    #[command(subcommand)]
    Key(Key),
    /// Register, list and delete the apps that ask people for access.
    #[command(subcommand)]
    App(App),
    /// Print the audit log, latest first: who did what, when, and from where.
    #[command(after_help = "Example: doppel audit --kind access --limit 20")]
    Audit {
        /// Only actions of this kind: `sign_in`, access, administration, or data.
        #[arg(long)]
        kind: Option<identity::audit::Kind>,
        /// Only what was refused.
        #[arg(long)]
        refused: bool,
        /// Only actions of this account, by e-mail or id.
        #[arg(long, alias = "email")]
        account: Option<String>,
        /// Most entries.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Print JSON, one entry a line.
        #[arg(long)]
        json: bool,
    },
    /// Copy the database to a new file, also while the server runs.
    #[command(after_help = "Example: doppel backup /backups/doppel-2026-11-22.db")]
    Backup {
        /// The file to write; it must not exist.
        file: PathBuf,
    },
    /// Check that the search index, the files and the rows agree; exit code 1 if they do not.
    #[command(after_help = "Example: doppel doctor --repair")]
    Doctor {
        /// Repair what can be repaired: rebuild index entries, remove records of missing files.
        #[arg(long)]
        repair: bool,
    },
    /// Export a person's data to an archive: a tar file with JSON Lines and files.
    #[command(after_help = "Example: doppel export --account me@example.com me.tar")]
    Export {
        /// The account's e-mail.
        #[arg(long, alias = "email")]
        account: String,
        /// archive: everything, to be imported again. markdown: a zip of notes and facts, for Obsidian and
        /// others.
        #[arg(long, value_enum, default_value = "archive")]
        format: ExportFormat,
        /// The file to write; it must not exist.
        file: PathBuf,
    },
    /// Import an archive, what another program exports, or facts (CSV, JSON Lines, JSON).
    ///
    /// Works also while the server runs. Existing entries stay as they are. Invalid ones are reported line by
    /// line. An import is a run: it is listed, goes on after an interruption, and can be undone.
    #[command(after_help = "Example: doppel import --account me@example.com chatgpt-export.zip")]
    Import(ImportArgs),
    /// Move all data to an empty database of the other engine, while no server runs.
    ///
    /// Copies every table, then compares all rows. The present database is not changed. After an
    /// interruption, the same command continues.
    #[command(after_help = "Example: doppel move --to postgres://doppel:secret@db.internal/doppel")]
    Move {
        /// URL of the empty database, as in database.url; `-` reads it from standard input, which keeps a
        /// password out of the list of processes.
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Print the OpenAPI document.
    #[command(after_help = "Example: doppel openapi > openapi.json")]
    Openapi,
}

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Address and port to listen on. Port 0: a free port.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// In an empty database, create a demo person, and print a key and requests to try.
    #[arg(long)]
    pub(super) demo: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    /// Only list pending migrations; exit code 1 if there are any.
    #[arg(long)]
    pub(super) check: bool,
}

/// Returns the names of all scopes of API keys, separated by commas.
pub(super) fn scope_names() -> String {
    identity::Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")
}

#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// Create an account.
    #[command(
        after_help = "Example: echo 'a long password' | doppel account add --email me@example.com --name Me \
            --password-stdin"
    )]
    Add {
        /// The e-mail to sign in with.
        #[arg(long, alias = "account")]
        email: String,
        /// The name shown to others.
        #[arg(long)]
        name: String,
        /// Read the password from the first line of standard input. Required without a terminal.
        #[arg(long)]
        password_stdin: bool,
        /// Make the account an administrator; the first one always is.
        #[arg(long)]
        admin: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the accounts.
    #[command(after_help = "Example: doppel account list --json")]
    List {
        /// Print JSON, one account a line.
        #[arg(long)]
        json: bool,
    },
    /// Set a password and end every session and program of the account.
    #[command(
        after_help = "Example: doppel account password --email me@example.com --password-stdin < password.txt"
    )]
    Password {
        /// The account's e-mail.
        #[arg(long, alias = "account")]
        email: String,
        /// Read the password from the first line of standard input. Required without a terminal.
        #[arg(long)]
        password_stdin: bool,
        /// Also revoke the account's consents to apps.
        #[arg(long)]
        end_apps: bool,
        /// Also delete the account's API keys (not its Hub keys).
        #[arg(long)]
        end_keys: bool,
    },
    /// Disable an account: its sessions and keys are refused.
    #[command(after_help = "Example: doppel account disable --email me@example.com")]
    Disable {
        /// The account's e-mail.
        #[arg(long, alias = "account")]
        email: String,
    },
    /// Enable an account again.
    #[command(after_help = "Example: doppel account enable --email me@example.com")]
    Enable {
        /// The account's e-mail.
        #[arg(long, alias = "account")]
        email: String,
    },
    /// Delete an account and everything it owns.
    #[command(after_help = "Example: doppel account delete --email me@example.com --yes")]
    Delete {
        /// The account's e-mail.
        #[arg(long, alias = "account")]
        email: String,
        /// Confirm: this cannot be undone.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Create a link for one sign-up (accounts.sign_up must not be "closed").
    #[command(after_help = "Example: doppel account invite --expires 7d")]
    Invite {
        /// Lifetime of the link, such as 12h or 7d.
        #[arg(long, default_value = "7d")]
        expires: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Create an API key. It is printed only once.
    #[command(
        after_help = "Example: doppel key create --account me@example.com --name bot --scopes user.info,chat \
            --expires 90d --json"
    )]
    Create {
        /// The e-mail or the id of the account the key is for.
        #[arg(long, alias = "email")]
        account: String,
        /// The name of the key.
        #[arg(long)]
        name: String,
        /// The scopes of the key, separated by commas, or '*'.
        #[arg(long, long_help = format!("Scopes separated by commas, or '*': {}", scope_names()))]
        scopes: String,
        /// Lifetime of the key, such as 12h or 90d. Without it, the key is valid until revoked.
        #[arg(long)]
        expires: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List an account's keys.
    #[command(after_help = "Example: doppel key list --account me@example.com")]
    List {
        /// The account's e-mail or id.
        #[arg(long, alias = "email")]
        account: String,
        /// Print JSON, one key a line.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; a running server notices within a second.
    #[command(after_help = "Example: doppel key revoke 812345678901234")]
    Revoke {
        /// The e-mail or the id of the account that the key must belong to. Without it, any account.
        #[arg(long, alias = "email")]
        account: Option<String>,
        /// The key's id, from `doppel key list`.
        id: KeyId,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum App {
    /// Register an app. Its secret is printed only once.
    #[command(after_help = "Example: doppel app create --account me@example.com --name Bot --redirect-uri \
            http://localhost:3000/cb --scopes user.info,chat --json")]
    Create {
        /// The e-mail or the id of the account the app belongs to.
        #[arg(long, alias = "email")]
        account: String,
        /// The name that people see on the consent page.
        #[arg(long)]
        name: String,
        /// A redirect URI. May be given more than once.
        #[arg(long = "redirect-uri", required = true, value_name = "URI")]
        redirect_uris: Vec<String>,
        /// The scopes that the app may request, separated by commas, in either vocabulary.
        #[arg(long)]
        scopes: String,
        /// The purpose of the app.
        #[arg(long, default_value = "")]
        description: String,
        /// Register a public app, which has no secret and uses PKCE (in browsers, on people's devices).
        #[arg(long)]
        public: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List an account's apps.
    #[command(after_help = "Example: doppel app list --account me@example.com")]
    List {
        /// The account's e-mail or id.
        #[arg(long, alias = "email")]
        account: String,
        /// Print JSON, one app a line.
        #[arg(long)]
        json: bool,
    },
    /// Delete an app and all consents to it; a running server notices within a second.
    #[command(after_help = "Example: doppel app delete 6f1c1f5e-0000-4000-8000-000000000000")]
    Delete {
        /// The app's client id, from `doppel app list`.
        id: String,
    },
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// A tar with everything.
    Archive,
    /// A zip of Markdown files.
    Markdown,
}

/// Options of `doppel import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The account's e-mail.
    #[arg(long, alias = "email")]
    pub(super) account: String,
    /// Time zone of times without one, such as Asia/Shanghai. Default: that of the profile, else UTC.
    #[arg(long)]
    pub(super) zone: Option<String>,
    /// The kind of the source, such as chatgpt or pasted. Default: recognized from the content.
    #[arg(long = "as", value_name = "SOURCE")]
    pub(super) source: Option<String>,
    /// Leave out memories, notes, conversations or proposals; several separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    pub(super) without: Vec<String>,
    /// Show what would be imported, and write nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// List the imports.
    #[arg(long, conflicts_with_all = ["undo", "from", "dry_run"])]
    pub(super) list: bool,
    /// Undo an import: remove what it added and nobody has changed since.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["from", "dry_run"])]
    pub(super) undo: Option<i64>,
    /// An archive, an export of another program, facts (.csv, .tsv, .jsonl, .json), Markdown or a folder.
    #[arg(required_unless_present_any = ["list", "undo"])]
    pub(super) from: Option<PathBuf>,
}
