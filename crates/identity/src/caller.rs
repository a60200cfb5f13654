//! The caller of a request and the extractors by which a handler states whom it serves.

use std::{marker::PhantomData, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use web::{ApiError, Code};

use crate::{
    credential::Secret,
    scope::{Permission, Scope, ScopeSet},
};

/// Someone whose credential was checked; cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: i64,
    is_admin: bool,
    credential: Credential,
}

/// What a caller presented.
#[derive(Debug)]
pub enum Credential {
    /// The console's cookie: the person themself.
    Session {
        /// The session's id.
        id: i64,
        /// The cookie's value, for deriving form tokens.
        secret: Secret,
    },
    /// An API key (contract §1).
    ApiKey {
        /// The key's id.
        id: i64,
        /// What the key may do.
        scopes: ScopeSet,
    },
    /// A program that the person signed in themself (contract X-01): it may do with what is theirs what they may.
    Program {
        /// The program's id.
        id: i64,
    },
    /// An application's access token, in the name of a person (contract §2).
    Token {
        /// The application's id.
        application: String,
        /// The authorization the token stands on.
        authorization: i64,
        /// What the person allowed, as far as the application may still have it.
        scopes: ScopeSet,
    },
}

/// Who a checked credential stands for.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A person, or someone in their name.
    Person(Caller),
    /// An application in its own name.
    App(AppCaller),
}

impl Who {
    pub(crate) fn account(&self) -> Option<i64> {
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
}

/// An application that calls in its own name (client credentials, contract D-02). Handlers that serve one
/// ask for it; every other handler is about a person and refuses it.
#[derive(Debug, Clone)]
pub struct AppCaller(Arc<(String, ScopeSet)>);

impl AppCaller {
    pub(crate) fn new(application: String, scopes: ScopeSet) -> Self {
        Self(Arc::new((application, scopes)))
    }

    /// The application's id.
    pub fn application(&self) -> &str {
        &self.0.0
    }

    /// What it may do.
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
    pub(crate) fn new(account: i64, is_admin: bool, credential: Credential) -> Self {
        Self(Arc::new(Inner { account, is_admin, credential }))
    }

    /// The account in whose name the call is made.
    pub fn account(&self) -> i64 {
        self.0.account
    }

    /// Whether the caller may use an administrator's rights over other people and the server: the account runs this
    /// server, and the credential is its session or an API key with `*`. A key with fewer scopes, a program and an
    /// application never may.
    pub fn is_admin(&self) -> bool {
        let may_govern = match self.credential() {
            Credential::Session { .. } => true,
            Credential::ApiKey { scopes, .. } => scopes.contains(Scope::Everything),
            Credential::Program { .. } | Credential::Token { .. } => false,
        };
        self.0.is_admin && may_govern
    }

    /// Whether no scope limits the caller: the person's session or program, or an API key with `*`.
    pub fn has_full_access(&self) -> bool {
        match self.credential() {
            Credential::Session { .. } | Credential::Program { .. } => true,
            Credential::ApiKey { scopes, .. } => scopes.contains(Scope::Everything),
            Credential::Token { .. } => false,
        }
    }

    /// The application that calls in the person's name, if one does.
    pub fn application(&self) -> Option<&str> {
        match self.credential() {
            Credential::Token { application, .. } => Some(application),
            Credential::Session { .. } | Credential::Program { .. } | Credential::ApiKey { .. } => None,
        }
    }

    /// What was presented.
    pub fn credential(&self) -> &Credential {
        &self.0.credential
    }

    /// Checks a permission (contract §0.6, §0.7). A signed-in person may do everything with what is theirs.
    ///
    /// # Errors
    /// [`Code::PermissionDenied`] naming the scope that is missing.
    pub fn check<P: Permission>(&self) -> Result<(), ApiError> {
        match self.credential() {
            Credential::Session { .. } | Credential::Program { .. } => Ok(()),
            Credential::ApiKey { scopes, .. } if scopes.intersects(P::ANY_OF) => Ok(()),
            Credential::ApiKey { .. } => Err(ApiError::new(Code::PermissionDenied).with(P::OLD_NAME)),
            Credential::Token { scopes, .. } if scopes.intersects(P::ANY_OF) => Ok(()),
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

/// A caller who holds a permission. Naming it in a handler's signature is the authorisation.
#[derive(Debug, Clone)]
pub struct Scoped<P> {
    /// Who calls.
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

/// A person signed in to the console; no key or token will do.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person.
    pub caller: Caller,
    /// Their session's id.
    pub session: i64,
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

/// A person at their applications: signed in to the console, or through a program they signed in themself
/// (contract §2.3). No key and no other application will do.
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
        let key = |scopes: &str| Credential::ApiKey { id: 1, scopes: ScopeSet::parse_list(scopes).unwrap() };
        let all = Scope::ALL.iter().filter(|scope| **scope != Scope::Everything);
        let every_single_scope = all.map(|scope| scope.name()).collect::<Vec<_>>().join(" ");
        let token = |scopes: &str| Credential::Token {
            application: "a".into(),
            authorization: 1,
            scopes: ScopeSet::parse_list(scopes).unwrap(),
        };
        for (credential, governs, is_full) in [
            (key("*"), true, true),
            (key("plaza.write"), false, false),
            (key(&every_single_scope), false, false),
            (key("* chat"), true, true),
            (Credential::Program { id: 1 }, false, true),
            (token(&every_single_scope), false, false),
            (token("*"), false, false),
        ] {
            let name = format!("{credential:?}");
            let caller = Caller::new(1, true, credential);
            assert_eq!((caller.is_admin(), caller.has_full_access()), (governs, is_full), "{name}");
        }
        assert!(!Caller::new(1, false, key("*")).is_admin());
    }
}
