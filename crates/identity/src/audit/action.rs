//! The actions of the audit log.

use strum::{EnumIter, EnumString, IntoStaticStr};

/// An action that matters for security. The name in the log is its object and what was done: `key.created`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
pub enum AuditAction {
    /// An account was made, by sign-up, on the command line, or with the set-up link.
    #[strum(serialize = "account.created")]
    AccountCreated,
    /// An account was disabled, with all its credentials.
    #[strum(serialize = "account.disabled")]
    AccountDisabled,
    /// A disabled account was enabled.
    #[strum(serialize = "account.enabled")]
    AccountEnabled,
    /// An account and everything of it was deleted.
    #[strum(serialize = "account.deleted")]
    AccountDeleted,
    /// A link that makes an account was made.
    #[strum(serialize = "account.invited")]
    AccountInvited,
    /// An account became an administrator's, or an ordinary one.
    #[strum(serialize = "account.role_changed")]
    AccountRoleChanged,
    /// A link for a new password was made.
    #[strum(serialize = "account.password_link_made")]
    PasswordLinkMade,
    /// A person changed their password.
    #[strum(serialize = "account.password_changed")]
    PasswordChanged,
    /// A password was not changed, because the old one was wrong.
    #[strum(serialize = "account.password_refused")]
    PasswordRefused,
    /// A password was set without the old one.
    #[strum(serialize = "account.password_set")]
    PasswordSet,
    /// A person signed in.
    #[strum(serialize = "session.started")]
    SessionStarted,
    /// A sign-in failed: a wrong password, a disabled or an unknown account.
    #[strum(serialize = "session.refused")]
    SessionRefused,
    /// A session ended before its time.
    #[strum(serialize = "session.ended")]
    SessionEnded,
    /// All other sessions of an account ended.
    #[strum(serialize = "session.others_ended")]
    OtherSessionsEnded,
    /// A program was signed in.
    #[strum(serialize = "program.connected")]
    ProgramConnected,
    /// A program was signed out.
    #[strum(serialize = "program.ended")]
    ProgramEnded,
    /// An API key was made.
    #[strum(serialize = "key.created")]
    KeyCreated,
    /// An API key was replaced by a new one.
    #[strum(serialize = "key.rotated")]
    KeyRotated,
    /// An API key was deleted.
    #[strum(serialize = "key.deleted")]
    KeyDeleted,
    /// An app was made by an account.
    #[strum(serialize = "app.created")]
    AppCreated,
    /// An app registered itself.
    #[strum(serialize = "app.registered")]
    AppRegistered,
    /// An app was changed.
    #[strum(serialize = "app.changed")]
    AppChanged,
    /// An app got a new client secret.
    #[strum(serialize = "app.secret_replaced")]
    AppSecretReplaced,
    /// The webhook of an app was changed.
    #[strum(serialize = "app.webhook_changed")]
    AppWebhookChanged,
    /// An app was approved, suspended, or refused.
    #[strum(serialize = "app.status_changed")]
    AppStatusChanged,
    /// An app was deleted, with all authorizations.
    #[strum(serialize = "app.deleted")]
    AppDeleted,
    /// A person gave an app access.
    #[strum(serialize = "access.granted")]
    AccessGranted,
    /// A person changed what an app may do.
    #[strum(serialize = "access.changed")]
    AccessChanged,
    /// A person took an app's access back.
    #[strum(serialize = "access.revoked")]
    AccessRevoked,
    /// A key of the Hub was made.
    #[strum(serialize = "hub_key.created")]
    HubKeyCreated,
    /// A key of the Hub was changed.
    #[strum(serialize = "hub_key.changed")]
    HubKeyChanged,
    /// A key of the Hub got a new secret.
    #[strum(serialize = "hub_key.rotated")]
    HubKeyRotated,
    /// A key of the Hub was deleted.
    #[strum(serialize = "hub_key.deleted")]
    HubKeyDeleted,
    /// A key of an avatar was made.
    #[strum(serialize = "avatar_key.created")]
    AvatarKeyCreated,
    /// A key of an avatar was deleted.
    #[strum(serialize = "avatar_key.deleted")]
    AvatarKeyDeleted,
    /// An API of the Hub was made or changed.
    #[strum(serialize = "hub_api.saved")]
    HubApiSaved,
    /// An API of the Hub was deleted.
    #[strum(serialize = "hub_api.deleted")]
    HubApiDeleted,
    /// A model or a search endpoint was connected or changed.
    #[strum(serialize = "model.saved")]
    ModelSaved,
    /// The order of models was changed.
    #[strum(serialize = "model.moved")]
    ModelMoved,
    /// A model or a search endpoint was removed.
    #[strum(serialize = "model.deleted")]
    ModelDeleted,
    /// Everything of a person was exported.
    #[strum(serialize = "data.exported")]
    DataExported,
    /// A file was imported.
    #[strum(serialize = "data.imported")]
    DataImported,
    /// It was set who may create an account.
    #[strum(serialize = "server.sign_up_changed")]
    SignUpChanged,
    /// The configuration of the running server was reloaded.
    #[strum(serialize = "server.reloaded")]
    ServerReloaded,
    /// An administrator made a backup.
    #[strum(serialize = "server.backed_up")]
    ServerBackedUp,
}

impl AuditAction {
    /// Returns the name in the log.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the kind.
    pub const fn kind(self) -> Kind {
        match self {
            Self::SessionStarted
            | Self::SessionRefused
            | Self::SessionEnded
            | Self::OtherSessionsEnded
            | Self::ProgramConnected
            | Self::ProgramEnded
            | Self::PasswordChanged
            | Self::PasswordRefused
            | Self::PasswordSet => Kind::SignIn,
            Self::KeyCreated
            | Self::KeyRotated
            | Self::KeyDeleted
            | Self::AppCreated
            | Self::AppRegistered
            | Self::AppChanged
            | Self::AppSecretReplaced
            | Self::AppWebhookChanged
            | Self::AppDeleted
            | Self::AccessGranted
            | Self::AccessChanged
            | Self::AccessRevoked
            | Self::HubKeyCreated
            | Self::HubKeyChanged
            | Self::HubKeyRotated
            | Self::HubKeyDeleted
            | Self::AvatarKeyCreated
            | Self::AvatarKeyDeleted => Kind::Access,
            Self::AccountCreated
            | Self::AccountDisabled
            | Self::AccountEnabled
            | Self::AccountDeleted
            | Self::AccountRoleChanged
            | Self::AccountInvited
            | Self::PasswordLinkMade
            | Self::AppStatusChanged
            | Self::HubApiSaved
            | Self::HubApiDeleted
            | Self::ModelSaved
            | Self::ModelMoved
            | Self::ModelDeleted
            | Self::SignUpChanged
            | Self::ServerReloaded
            | Self::ServerBackedUp => Kind::Administration,
            Self::DataExported | Self::DataImported => Kind::Data,
        }
    }

    /// Returns true if it was refused.
    pub const fn is_refused(self) -> bool {
        matches!(self, Self::SessionRefused | Self::PasswordRefused)
    }
}

/// A kind of actions, by which the log is filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Sign-ins of people and programs, and passwords.
    SignIn,
    /// Keys, apps, and what people let them do.
    Access,
    /// Actions of administrators: accounts, models, APIs, settings.
    Administration,
    /// Exports and imports of everything of a person.
    Data,
}

impl Kind {
    /// Returns the name in the log.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own_and_every_kind_has_actions() {
        let names: HashSet<&str> = AuditAction::iter().map(AuditAction::name).collect();
        assert_eq!(names.len(), AuditAction::iter().count());
        assert!(names.iter().all(|name| name.split('.').count() == 2));
        for kind in Kind::iter() {
            assert!(AuditAction::iter().any(|action| action.kind() == kind), "{kind:?}");
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }

    #[test]
    fn the_document_lists_every_action() {
        let document = include_str!("../../../../docs/security.md");
        let mut listed: Vec<String> = Vec::new();
        for row in document.lines().filter_map(|line| line.strip_prefix("| `")) {
            let (object, actions) = row.split_once("` | ").unwrap();
            let names = actions.split('`').skip(1).step_by(2);
            listed.extend(names.map(|name| format!("{object}.{name}")));
        }
        let mut all: Vec<&str> = AuditAction::iter().map(AuditAction::name).collect();
        all.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, all);
    }
}
