//! The resources of this server for which access tokens are issued (RFC 8707). No I/O.

use strum::{EnumString, IntoStaticStr};

use crate::{Scope, ScopeSet};

/// The resource that an access token is for. A token for one resource is refused at the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Audience {
    /// The whole server, `{issuer}`: the Lab API, and the tools at `/mcp` as far as the scopes allow.
    /// Requests without `resource` get such tokens.
    #[default]
    Server,
    /// The tools at `/mcp` and nothing else.
    Mcp,
}

/// The routes at which tokens for [`Audience::Mcp`] are accepted, as written in the router.
pub const MCP_ROUTES: [&str; 2] = ["/mcp", "/mcp/"];

/// The scopes that the tools at `/mcp` use, in either vocabulary.
pub const MCP_SCOPES: ScopeSet = ScopeSet::of(&[
    Scope::UserInfo,
    Scope::UserInfoShades,
    Scope::UserInfoSoftMemory,
    Scope::NoteAdd,
    Scope::Chat,
    Scope::UserInfoV2,
    Scope::MemoryRead,
    Scope::ChatWrite,
    Scope::NoteWrite,
    Scope::MemoryWrite,
    Scope::HubCall,
]);

/// The scopes that tokens for the tools at `/mcp` alone may have.
const MCP_ALONE: ScopeSet = ScopeSet::of(&[Scope::MemoryWrite, Scope::HubCall]);

/// The scopes of the tools at `/mcp` in the present vocabulary, which an app gets that names none.
pub const MCP_PRESENT_SCOPES: ScopeSet = ScopeSet::of(&[
    Scope::UserInfoV2,
    Scope::MemoryRead,
    Scope::ChatWrite,
    Scope::NoteWrite,
    Scope::MemoryWrite,
]);

impl Audience {
    /// Every audience.
    pub const ALL: &[Self] = &[Self::Server, Self::Mcp];

    /// Returns the name in the database.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the path of the resource.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Server => "",
            Self::Mcp => "/mcp",
        }
    }

    /// Returns the canonical URL of the resource. `issuer` is the server's URL without a slash at the end.
    pub fn resource(self, issuer: &str) -> String {
        format!("{issuer}{}", self.path())
    }

    /// Returns the audience that a client names by a URL. Scheme and host may be in any case, the default
    /// port may be written, and a slash may follow.
    pub fn of_resource(resource: &str, issuer: &str) -> Option<Self> {
        let (origin, path) = split(resource)?;
        let (own, base) = split(issuer)?;
        let path = path.strip_prefix(base)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        Self::ALL.iter().copied().find(|audience| origin == own && path == audience.path())
    }

    /// True if a token for this resource is accepted at a route.
    pub fn is_accepted_at(self, route: &str) -> bool {
        match self {
            Self::Server => true,
            Self::Mcp => MCP_ROUTES.contains(&route),
        }
    }

    /// Returns the part of `scopes` that a token for this resource may have. Only a token for the tools may
    /// change memories and call the Hub.
    #[must_use]
    pub const fn limit(self, scopes: ScopeSet) -> ScopeSet {
        match self {
            Self::Server => scopes.without(MCP_ALONE.or(ScopeSet::of(&[Scope::Everything]))),
            Self::Mcp => scopes.and(MCP_SCOPES),
        }
    }

    /// Returns the scopes that an app may have at this resource. `registered` are those that it is registered
    /// with. An app that registered itself may ask for any scope of the tools, because clients register the
    /// scopes that they ask for first and ask for more later.
    #[must_use]
    pub const fn most(self, registered: ScopeSet, is_self_registered: bool) -> ScopeSet {
        match self {
            Self::Mcp if is_self_registered => MCP_SCOPES,
            Self::Server | Self::Mcp => self.limit(registered),
        }
    }
}

/// Reads an audience from the database.
impl store::Column for Audience {
    const EXPECTED: &'static str = "the name of an audience";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// Splits an http or https URL into its origin, in lower case and without the default port, and its path.
fn split(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    (!authority.is_empty()).then(|| (format!("{scheme}://{authority}"), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_of_this_server_are_recognized() {
        let issuer = "https://me.example";
        for (resource, audience) in [
            ("https://me.example", Some(Audience::Server)),
            ("https://me.example/", Some(Audience::Server)),
            ("https://me.example/mcp", Some(Audience::Mcp)),
            ("https://me.example/mcp/", Some(Audience::Mcp)),
            ("HTTPS://Me.Example/mcp", Some(Audience::Mcp)),
            ("https://me.example:443/mcp", Some(Audience::Mcp)),
            ("https://ME.EXAMPLE:443", Some(Audience::Server)),
            ("https://me.example/MCP", None),
            ("https://me.example/mcp//", None),
            ("https://me.example//", None),
            ("https://me.example/mcp/hub", None),
            ("https://me.example/mcp?x", None),
            ("https://me.example/mcp#x", None),
            ("https://me.example:8443/mcp", None),
            ("http://me.example/mcp", None),
            ("https://u@me.example/mcp", None),
            ("https://me.example.evil.example/mcp", None),
            ("https://evil.example/mcp", None),
            ("me.example/mcp", None),
            ("", None),
            ("://", None),
        ] {
            assert_eq!(Audience::of_resource(resource, issuer), audience, "{resource}");
        }
        assert_eq!(Audience::of_resource("http://h:8080/mcp", "http://h:8080"), Some(Audience::Mcp));
        assert_eq!(Audience::of_resource("http://h:80/", "http://h"), Some(Audience::Server));
        assert_eq!(Audience::of_resource("https://h/base/mcp", "https://h/base"), Some(Audience::Mcp));
        for audience in Audience::ALL {
            assert_eq!(Audience::of_resource(&audience.resource(issuer), issuer), Some(*audience));
        }
    }

    #[test]
    fn memories_are_changed_with_tokens_for_the_tools_alone() {
        let all = ScopeSet::of(Scope::ALL);
        assert!(!Audience::Server.limit(all).intersects(MCP_ALONE.or(ScopeSet::of(&[Scope::Everything]))));
        assert_eq!(Audience::Mcp.limit(all), MCP_SCOPES);
        assert!(MCP_SCOPES.covers(MCP_PRESENT_SCOPES));
        let few = ScopeSet::of(&[Scope::MemoryRead, Scope::PlazaRead]);
        assert_eq!(Audience::Mcp.most(few, false), ScopeSet::of(&[Scope::MemoryRead]));
        assert_eq!(Audience::Mcp.most(few, true), MCP_SCOPES);
        assert_eq!(Audience::Server.most(few, true), few);
    }

    #[test]
    fn a_token_for_the_tools_is_accepted_there_alone() {
        for (route, mcp) in
            [("/mcp", true), ("/mcp/", true), ("/mcp/hub", false), ("/api/secondme/user/info", false)]
        {
            assert_eq!(Audience::Mcp.is_accepted_at(route), mcp, "{route}");
            assert!(Audience::Server.is_accepted_at(route), "{route}");
        }
    }
}
