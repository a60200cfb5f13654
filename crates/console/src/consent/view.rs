//! The consent page as it is shown: who asks, where the answer goes, and a box for each scope.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use identity::{Application, Scope, ScopeSet, application::redirect, grant::Standing};
use web::{ApiError, Code, names};

use super::{
    logo,
    request::{Destination, Request, RequestedAccess},
    texts::Texts,
};
use crate::{
    Console,
    icons::own_picture,
    page::{Member, Page},
    sign_in::{self, Again},
    texts::fill,
    when::When,
};

/// Most interests that are shown.
const SHOWN: usize = 6;

/// A switch for a scope, and for the scopes that it contains.
struct Choice {
    icon: &'static str,
    title: &'static str,
    meaning: &'static str,
    /// The names of the scopes, separated by spaces.
    names: String,
    is_needed: bool,
    is_ticked: bool,
    /// A remark about the person's earlier answer.
    note: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    page: &'a Page,
    t: &'static Texts,
    action: &'a str,
    app: &'a Application,
    /// The app's picture, if it is stored on this server.
    icon: Option<&'a str>,
    /// The address of the picture that the app's document names.
    logo: Option<String>,
    /// The first letter of the name, shown if there is no picture.
    initial: String,
    query: &'a str,
    title: String,
    /// The account or host that vouches for the app.
    by: String,
    is_verified: bool,
    server: String,
    signed_in: String,
    /// The address of the form to use another account.
    other_account: String,
    back: String,
    warning: Option<&'static str>,
    /// The person's data that the app will see, if it asks for the profile.
    sees: Option<Sees>,
    reads: Vec<Choice>,
    writes: Vec<Choice>,
    acts: Vec<Choice>,
    /// True if something can be left out.
    can_choose: bool,
    problem: Option<&'static str>,
}

/// The person's data as the app will see it.
struct Sees {
    name: String,
    email: String,
    bio: String,
    /// The names of public interests.
    interests: Vec<String>,
}

/// A page that leaves for the app's redirect URI. The answer of a form cannot redirect to an app: browsers
/// apply the form's security policy to the redirect, and pop-ups do not follow it.
#[derive(Template)]
#[template(path = "consent_leave.html")]
struct LeavePage<'a> {
    page: &'a Page,
    t: &'static Texts,
    title: String,
    location: &'a str,
}

/// Renders the consent page. `standing` is the person's earlier answer to the same app.
pub(super) async fn ask(
    console: &Console,
    member: &Member,
    app: &Application,
    request: &Request,
    (path, query): (&str, &str),
    (asked, standing): (RequestedAccess, Option<&Standing>),
    problem: Option<&'static str>,
) -> Result<Response, ApiError> {
    let here = format!("{path}?{query}");
    let page = member.page.clone().at("", here.as_str()).leading_to(&request.origin());
    let t = Texts::of(page.language);
    // Old names may contain characters that change the direction of text, which are now refused.
    let name = names::cleaned(&app.name);
    let choices = |group: Group| -> Vec<Choice> {
        let rows = rows(asked.scopes).into_iter().filter(|(scope, _)| Group::of(*scope) == group);
        rows.map(|(scope, all)| choice(scope, all, standing, t, &page)).collect()
    };
    let described = app.document.as_ref();
    let (reads, writes, acts) = (choices(Group::Read), choices(Group::Write), choices(Group::Act));
    let can_choose = [&reads, &writes, &acts].into_iter().flatten().filter(|row| !row.is_needed).count() > 1;
    let template = ConsentPage {
        page: &page,
        t,
        action: path,
        app,
        icon: own_picture(&app.icon_url, &console.public_url),
        logo: described.filter(|document| !document.logo_uri.is_empty()).map(|_| logo::address(&app.id)),
        initial: name.chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default(),
        query,
        title: fill(t.title, &name),
        by: by(app, t),
        is_verified: app.host().is_some() || !app.is_self_registered,
        server: fill(t.server, &console.public_url),
        signed_in: fill(t.signed_in, &member.account.email),
        other_account: sign_in::address(Again::Choose, &here),
        back: back(request, t),
        warning: warning(request, app, t),
        sees: sees(console, member, asked.scopes).await?,
        reads,
        writes,
        acts,
        can_choose,
        problem,
    };
    match problem {
        Some(_) => page.refuse(&Code::Unprocessable.into(), &template),
        None => page.answer(StatusCode::OK, &template),
    }
}

/// Renders the page that leaves for the app.
pub(super) fn leave(member: &Member, request: &Request, location: &str) -> Result<Response, ApiError> {
    let page = member.page.clone().once("").leading_to(&request.origin());
    let t = Texts::of(page.language);
    let title = match request.destination() {
        Destination::Host(host) => fill(t.leaving, host),
        Destination::Scheme(scheme) => fill(t.leaving, format!("{scheme}:")),
    };
    page.answer(StatusCode::OK, &LeavePage { page: &page, t, title, location })
}

/// The groups in which scopes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Read,
    Write,
    /// Actions in the person's name.
    Act,
}

impl Group {
    const fn of(scope: Scope) -> Self {
        match scope {
            Scope::Chat | Scope::ChatWrite | Scope::Voice | Scope::PlazaWrite | Scope::HubCall => Self::Act,
            _ if scope.may_change() => Self::Write,
            _ => Self::Read,
        }
    }
}

/// Returns the scopes to decide about, each with those that give nothing beside it: an app that asks in both
/// vocabularies asks for one thing.
fn rows(asked: ScopeSet) -> Vec<(Scope, ScopeSet)> {
    let contains = |outer: Scope, inner: Scope| {
        outer != inner
            && outer.abilities().covers(inner.abilities())
            && (!inner.is_needed() || outer.is_needed())
    };
    let outer = asked.iter().filter(|scope| !asked.iter().any(|other| contains(other, *scope)));
    let with_inner = |scope: Scope| {
        asked.iter().filter(|inner| contains(scope, *inner)).fold(ScopeSet::of(&[scope]), |mut all, inner| {
            all.insert(inner);
            all
        })
    };
    outer.map(|scope| (scope, with_inner(scope))).collect()
}

/// Returns the person's data that an app with these scopes sees at once.
async fn sees(console: &Console, member: &Member, asked: ScopeSet) -> Result<Option<Sees>, ApiError> {
    let abilities = asked.abilities();
    if !abilities.covers(Scope::UserInfo.abilities()) {
        return Ok(None);
    }
    let (account, profile) = console.memory.profile(member.account.id).await?;
    let interests = if abilities.covers(Scope::UserInfoShades.abilities()) {
        let shades = console.memory.shades(account.id, true).await?;
        shades.into_iter().take(SHOWN).map(|shade| shade.body.shade_name_public).collect()
    } else {
        Vec::new()
    };
    Ok(Some(Sees { name: account.name, email: account.email, bio: profile.bio, interests }))
}

/// Returns the icon and the title of a scope.
const fn title(scope: Scope, t: &'static Texts) -> (&'static str, &'static str) {
    match scope {
        Scope::UserInfo => ("person", t.profile),
        Scope::UserInfoShades => ("heart", t.interests),
        Scope::UserInfoSoftMemory => ("memory", t.soft_memory),
        Scope::UserInfoV2 => ("person", t.profile_interests),
        Scope::MemoryRead => ("memory", t.memories),
        Scope::ChatRead => ("history", t.chats),
        Scope::PlazaRead => ("plaza", t.plaza),
        Scope::NoteAdd => ("note", t.add),
        Scope::MemoryWrite => ("memory", t.change_memories),
        Scope::NoteWrite => ("note", t.change_notes),
        Scope::AgentMemory => ("robot", t.agent_memory),
        Scope::Chat | Scope::ChatWrite => ("chat", t.talk),
        Scope::Voice => ("speaker", t.voice),
        Scope::PlazaWrite => ("plaza", t.post),
        Scope::AvatarRead => ("person", t.avatars),
        Scope::AvatarWrite => ("person", t.change_avatars),
        Scope::FriendRead => ("users", t.friends),
        Scope::FriendWrite => ("userplus", t.change_friends),
        Scope::Discover => ("search", t.discover),
        Scope::HubCall => ("hub", t.hub),
        Scope::Everything => ("alert", t.everything),
    }
}

fn choice(
    scope: Scope,
    all: ScopeSet,
    standing: Option<&Standing>,
    t: &'static Texts,
    page: &Page,
) -> Choice {
    let (icon, title) = title(scope, t);
    let abilities = scope.abilities();
    let was_asked = standing.is_some_and(|standing| standing.asked.abilities().covers(abilities));
    let was_granted = standing.is_some_and(|standing| standing.scopes.abilities().covers(abilities));
    let is_refused = was_asked && !was_granted && !scope.is_needed();
    let note = match standing {
        Some(_) if is_refused => Some(t.refused_before),
        Some(_) if !was_asked => Some(t.new),
        _ => None,
    };
    Choice {
        icon,
        title,
        names: all.to_string(),
        meaning: scope.meaning(page.language),
        is_needed: scope.is_needed(),
        is_ticked: !is_refused,
        note,
    }
}

/// Returns who vouches for the app.
fn by(app: &Application, t: &Texts) -> String {
    match app.host() {
        Some(host) => fill(t.by_host, names::cleaned(host)),
        None if app.is_self_registered => fill(t.by_itself, When(app.created_at).text()),
        None => fill(t.by, &app.owner),
    }
}

/// Returns where the person goes after the answer.
fn back(request: &Request, t: &Texts) -> String {
    match request.destination() {
        _ if redirect::is_local(&request.redirect_uri) => fill(t.back_local, local(request)),
        Destination::Host(host) => fill(t.back, host),
        Destination::Scheme(scheme) => fill(t.back_app, format!("{scheme}:")),
    }
}

/// Returns the host or the scheme of a program on the person's machine.
fn local(request: &Request) -> String {
    match request.destination() {
        Destination::Host(host) => host.to_owned(),
        Destination::Scheme(scheme) => format!("{scheme}:"),
    }
}

/// Returns what the person should know about the way back.
fn warning(request: &Request, app: &Application, t: &Texts) -> Option<&'static str> {
    let uri = &request.redirect_uri;
    if redirect::is_local(uri) && (app.is_public || app.is_self_registered) {
        Some(t.local_warning)
    } else if uri.starts_with("http://") && !redirect::is_local(uri) {
        Some(t.http_warning)
    } else {
        None
    }
}

/// Returns the scopes that a person ticked.
pub(super) fn ticked(names: &[String]) -> ScopeSet {
    let names = names.iter().flat_map(|names| names.split(' '));
    names.filter_map(Scope::parse).fold(ScopeSet::EMPTY, |mut set, scope| {
        set.insert(scope);
        set
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_vocabularies_are_one_row() {
        let rows = |names: &str| -> Vec<(&str, String)> {
            let rows = rows(ScopeSet::parse_list(names).unwrap());
            rows.into_iter().map(|(scope, all)| (scope.name(), all.to_string())).collect()
        };
        assert_eq!(
            rows("user.info user.info.shades userinfo chat chat.read chat.write"),
            [
                ("chat", "chat chat.read chat.write".to_owned()),
                ("userinfo", "user.info user.info.shades userinfo".to_owned())
            ],
        );
        assert_eq!(rows("user.info chat.read chat.write").len(), 3, "what can be granted alone stands alone");
        // A scope that cannot be denied does not disappear in one that can.
        for scope in Scope::ALL {
            let all = rows(&format!("user.info {}", scope.name()));
            assert!(
                all.iter().all(|(name, names)| !names.contains("user.info ")
                    || Scope::parse(name).is_some_and(Scope::is_needed)),
                "{all:?}"
            );
        }
    }

    #[test]
    fn every_choice_of_a_row_is_read() {
        let ticked = ticked(&["chat chat.write".to_owned(), "nonsense".to_owned(), "note.add".to_owned()]);
        assert_eq!(ticked.names(), ["note.add", "chat", "chat.write"]);
    }
}
