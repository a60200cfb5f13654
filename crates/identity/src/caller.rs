//! The caller of a request, and the extractors with which a handler states the callers it serves.

use std::{marker::PhantomData, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use store::AccountId;
use web::{ApiError, Code};

use crate::{
    Audience, AuthorizationId, KeyId, ProgramId, SessionId,
    credential::Secret,
    scope::{Permission, Scope, ScopeSet},
};

/// An authenticated caller who acts for an account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: AccountId,
    is_admin: bool,
    credential: Credential,
    /// The name of the key or program; empty for others.
    name: String,
}

/// The credential that a caller sent.
#[derive(Debug)]
pub enum Credential {
    /// The session cookie of the console: the person themself.
    Session {
        /// The id of the session.
        id: SessionId,
        /// The value of the cookie, from which form tokens are derived.
        secret: Secret,
    },
    /// An API key.
    ApiKey {
        /// The id of the key.
        id: KeyId,
        /// The scopes of the key.
        scopes: ScopeSet,
    },
    /// A program that the person signed in. It has the person's access to their own data.
    Program {
        /// The id of the program.
        id: ProgramId,
    },
    /// The access token of an app that acts in the name of a person.
    Token {
        /// The id of the app (`client_id`).
        application: String,
        /// The name of the app.
        name: String,
        /// The id of the authorization that the token was issued for.
        authorization: AuthorizationId,
        /// The resource that the token is for.
        audience: Audience,
        /// The scopes that the person granted and that the app may still have.
        scopes: ScopeSet,
        /// The scopes that the app asked the person for and did not get.
        refused: ScopeSet,
        /// The scopes that the app may have at the resource if the person grants them.
        most: ScopeSet,
    },
}

/// The identity behind a checked credential.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A person, or a key or app that acts in their name.
    Person(Caller),
    /// An app in its own name.
    App(AppCaller),
}

impl Who {
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Person(caller) => Some(caller.account()),
            Self::App(_) => None,
        }
    }

    pub(crate) fn application(&self) -> Option<&str> {
        match self {
            Self::Person(caller) => caller.application(),
            Self::App(app) => Some(app.application()),
        }
    }

    /// True if the credential may be used at a route. A token is bound to the resource that it was issued
    /// for.
    pub(crate) fn is_accepted_at(&self, route: &str) -> bool {
        match self {
            Self::Person(caller) => match caller.credential() {
                Credential::Token { audience, .. } => audience.is_accepted_at(route),
                Credential::Session { .. } | Credential::ApiKey { .. } | Credential::Program { .. } => true,
            },
            Self::App(_) => true,
        }
    }
}

/// An app that calls in its own name (client credentials). Handlers that serve such calls take this
/// extractor; all other handlers need a person and refuse these calls.
#[derive(Debug, Clone)]
pub struct AppCaller(Arc<(String, ScopeSet)>);

impl AppCaller {
    pub(crate) fn new(application: String, scopes: ScopeSet) -> Self {
        Self(Arc::new((application, scopes)))
    }

    /// Returns the id of the app.
    pub fn application(&self) -> &str {
        &self.0.0
    }

    /// Returns the scopes of the app.
    pub fn scopes(&self) -> ScopeSet {
        self.0.1
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AppCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Code::TokenInvalid.into())
    }
}

impl Caller {
    pub(crate) fn new(account: AccountId, is_admin: bool, credential: Credential) -> Self {
        Self(Arc::new(Inner { account, is_admin, credential, name: String::new() }))
    }

    /// Sets the name of the key or program. A caller that is shared already keeps the name that it has.
    #[must_use]
    pub(crate) fn named(self, name: String) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { name, ..inner })),
            Err(shared) => Self(shared),
        }
    }

    /// Returns the name of the key, program, or app that calls; empty for a session.
    pub fn name(&self) -> &str {
        match self.credential() {
            Credential::Token { name, .. } => name,
            _ => &self.0.name,
        }
    }

    /// Returns the account in whose name the call is made.
    pub fn account(&self) -> AccountId {
        self.0.account
    }

    /// True if the caller has administrator rights over other people and the server. That takes an
    /// administrator's account, and its session or an API key with `*` as the credential. Keys with fewer
    /// scopes, programs, and apps never have these rights.
    pub fn is_admin(&self) -> bool {
        let may_govern = match self.credential() {
            Credential::Session { .. } => true,
            Credential::ApiKey { scopes, .. } => scopes.contains(Scope::Everything),
            Credential::Program { .. } | Credential::Token { .. } => false,
        };
        self.0.is_admin && may_govern
    }

    /// True if no scope limits the caller: a session, a program, or an API key with `*`.
    pub fn has_full_access(&self) -> bool {
        match self.credential() {
            Credential::Session { .. } | Credential::Program { .. } => true,
            Credential::ApiKey { scopes, .. } => scopes.contains(Scope::Everything),
            Credential::Token { .. } => false,
        }
    }

    /// Returns the id of the app that calls in the person's name, if one does.
    pub fn application(&self) -> Option<&str> {
        match self.credential() {
            Credential::Token { application, .. } => Some(application),
            Credential::Session { .. } | Credential::Program { .. } | Credential::ApiKey { .. } => None,
        }
    }

    /// Returns the credential that was sent.
    pub fn credential(&self) -> &Credential {
        &self.0.credential
    }

    /// Checks that the caller has a permission. Sessions and programs have every permission over the person's
    /// own data.
    ///
    /// # Errors
    /// [`Code::PermissionDenied`] with the name of the missing scope; for an app's token
    /// [`Permission::TOKEN_REFUSAL`].
    pub fn check<P: Permission>(&self) -> Result<(), ApiError> {
        match self.credential() {
            Credential::Session { .. } | Credential::Program { .. } => Ok(()),
            Credential::ApiKey { scopes, .. } if scopes.intersects(P::ANY_OF) => Ok(()),
            Credential::ApiKey { .. } => Err(ApiError::new(Code::PermissionDenied).with(P::OLD_NAME)),
            Credential::Token { scopes, .. } if P::EVERY_TOKEN || scopes.intersects(P::ANY_OF) => Ok(()),
            Credential::Token { .. } => Err(ApiError::new(P::TOKEN_REFUSAL).with(P::NEW_NAME)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        let is_app = parts.extensions.get::<AppCaller>().is_some();
        caller.ok_or_else(|| if is_app { Code::UserRequired.into() } else { Code::AuthMissing.into() })
    }
}

/// The caller of a public page, if there is one.
#[derive(Debug, Clone)]
pub struct Optional(pub Option<Caller>);

impl<S: Send + Sync> FromRequestParts<S> for Optional {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Caller>().cloned()))
    }
}

/// A caller who has a permission. A handler authorizes its callers by naming this type in its signature.
#[derive(Debug, Clone)]
pub struct Scoped<P> {
    /// The caller.
    pub caller: Caller,
    permission: PhantomData<P>,
}

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Scoped<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.check::<P>()?;
        Ok(Self { caller, permission: PhantomData })
    }
}

/// A person who is signed in to the console. Keys, programs, and apps are refused.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person.
    pub caller: Caller,
    /// The id of the session.
    pub session: SessionId,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let session = match caller.credential() {
            Credential::Session { id, .. } => *id,
            Credential::ApiKey { .. } => return Err(ApiError::new(Code::SessionRequired).with("API Key")),
            Credential::Program { .. } | Credential::Token { .. } => {
                return Err(ApiError::new(Code::SessionRequired).with("Access Token"));
            }
        };
        Ok(Self { caller, session })
    }
}

/// A person who manages their apps, by a session or through a program that they signed in. Keys and apps are
/// refused.
#[derive(Debug, Clone)]
pub struct Developer {
    /// The person.
    pub caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for Developer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let refused = match caller.credential() {
            Credential::Session { .. } | Credential::Program { .. } => return Ok(Self { caller }),
            Credential::ApiKey { .. } => "API Key",
            Credential::Token { .. } => "Access Token",
        };
        Err(ApiError::new(Code::SessionRequired).with(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_administrators_rights_need_the_session_or_a_key_for_everything() {
        let key =
            |scopes: &str| Credential::ApiKey { id: KeyId(1), scopes: ScopeSet::parse_list(scopes).unwrap() };
        let all = Scope::ALL.iter().filter(|scope| **scope != Scope::Everything);
        let every_single_scope = all.map(|scope| scope.name()).collect::<Vec<_>>().join(" ");
        let token = |scopes: &str| Credential::Token {
            application: "a".into(),
            name: "A".into(),
            authorization: AuthorizationId(1),
            audience: Audience::Server,
            scopes: ScopeSet::parse_list(scopes).unwrap(),
            refused: ScopeSet::EMPTY,
            most: ScopeSet::EMPTY,
        };
        for (credential, governs, is_full) in [
            (key("*"), true, true),
            (key("plaza.write"), false, false),
            (key(&every_single_scope), false, false),
            (key("* chat"), true, true),
            (Credential::Program { id: ProgramId(1) }, false, true),
            (token(&every_single_scope), false, false),
            (token("*"), false, false),
        ] {
            let name = format!("{credential:?}");
            let caller = Caller::new(AccountId(1), true, credential);
            assert_eq!((caller.is_admin(), caller.has_full_access()), (governs, is_full), "{name}");
        }
        assert!(!Caller::new(AccountId(1), false, key("*")).is_admin());
    }
}
