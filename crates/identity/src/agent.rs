//! Callers of the MCP server: what they may do there, and what an app may still ask the person for.

use web::{ApiError, Code};

use crate::{
    Caller, Credential, Identity, Scope, ScopeSet,
    caller::Who,
    credential::Kind,
    scope::{Abilities, Ability},
};

/// The access of a caller to what needs an ability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The caller has it.
    Granted,
    /// The person was never asked, and the app may ask them.
    NotAsked,
    /// The person refused it, or nobody can grant it to this credential.
    Refused,
}

impl Caller {
    /// Returns the scopes of the caller; [`Scope::Everything`] for sessions and programs.
    pub fn scopes(&self) -> ScopeSet {
        match self.credential() {
            Credential::Session { .. } | Credential::Program { .. } => ScopeSet::of(&[Scope::Everything]),
            Credential::ApiKey { scopes, .. } | Credential::Token { scopes, .. } => *scopes,
        }
    }

    /// Returns the access of the caller to what needs an ability.
    pub fn access(&self, ability: Ability) -> Access {
        if self.scopes().intersects(ScopeSet::opening(ability)) {
            return Access::Granted;
        }
        let Credential::Token { most, refused, .. } = self.credential() else { return Access::Refused };
        let needed = Abilities::of(&[ability]);
        let is_open = most.abilities().covers(needed) && !refused.abilities().covers(needed);
        if is_open { Access::NotAsked } else { Access::Refused }
    }

    /// Returns `app:ID`, `key:ID`, `program:ID` or `session`, which tells the clients of a person apart.
    pub fn client(&self) -> String {
        match self.credential() {
            Credential::Session { .. } => "session".to_owned(),
            Credential::ApiKey { id, .. } => format!("key:{id}"),
            Credential::Program { id } => format!("program:{id}"),
            Credential::Token { application, .. } => format!("app:{application}"),
        }
    }
}

impl Identity {
    /// Returns the caller of the MCP server with a bearer credential: an API key, the token of a program, or
    /// the token of an app for either audience. Notes the use of the app's authorization.
    ///
    /// # Errors
    /// [`Code::TokenInvalid`] or another error with the status 401 for an unknown, expired or revoked
    /// credential, the code of the app's status, and [`Code::UserRequired`] for an app in its own name.
    pub async fn agent_caller(&self, bearer: &str) -> Result<Caller, ApiError> {
        let who = if bearer.starts_with(Kind::ApiKey.prefix()) {
            self.key_caller(bearer).await.map_err(|refused| refused.error)?
        } else if bearer.starts_with(Kind::AccessToken.prefix()) {
            self.token_caller(bearer).await?
        } else {
            return Err(Code::TokenInvalid.into());
        };
        let Who::Person(caller) = who else { return Err(Code::UserRequired.into()) };
        if let Credential::Token { authorization, .. } = caller.credential() {
            self.note_authorization(*authorization);
        }
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use store::AccountId;

    use super::*;
    use crate::{Audience, AuthorizationId, KeyId};

    fn set(list: &str) -> ScopeSet {
        ScopeSet::parse_list(list).unwrap()
    }

    #[test]
    fn scopes_are_asked_for_once_and_only_if_the_app_may() {
        let all = "userinfo memory.read memory.write note.write chat.write";
        for (most, refused, ability, expected) in [
            (all, "", Ability::UseChat, Access::NotAsked),
            (all, "chat.write", Ability::UseChat, Access::Refused),
            (all, "chat", Ability::UseChat, Access::Refused),
            ("userinfo", "", Ability::UseChat, Access::Refused),
            ("user.info chat", "", Ability::UseChat, Access::NotAsked),
            (all, "", Ability::WriteMemory, Access::NotAsked),
            ("userinfo memory.read", "", Ability::WriteMemory, Access::Refused),
        ] {
            let credential = Credential::Token {
                application: "a".into(),
                name: "A".into(),
                authorization: AuthorizationId(1),
                audience: Audience::Mcp,
                scopes: set("userinfo"),
                refused: set(refused),
                most: set(most),
            };
            let caller = Caller::new(AccountId(1), false, credential);
            assert_eq!(caller.access(ability), expected, "{most} {refused} {ability:?}");
            assert_eq!(caller.access(Ability::ReadProfile), Access::Granted);
            assert_eq!((caller.client().as_str(), caller.name()), ("app:a", "A"));
        }
        let key =
            Caller::new(AccountId(1), false, Credential::ApiKey { id: KeyId(1), scopes: set("memory.read") });
        assert_eq!(key.access(Ability::ReadMemory), Access::Granted);
        assert_eq!(key.access(Ability::UseChat), Access::Refused, "a key cannot ask");
    }
}
