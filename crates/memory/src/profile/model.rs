//! Profiles, in code and on the wire.

use identity::Account;
use serde::{Deserialize, Serialize};
use store::{Zone, from_row};
use utoipa::ToSchema;

/// The profile of a person, beside the account's own name and route. Members are empty if the person has not
/// set them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// URL of the picture.
    pub avatar: String,
    /// URL of the page's cover.
    pub cover: String,
    /// A line about the person.
    pub bio: String,
    /// The person's introduction of themself.
    pub self_introduction: String,
    /// The IANA name of the time zone, or an empty text.
    pub time_zone: String,
    /// True if memories and notes of agents wait until the person accepts them.
    pub reviews_agents: bool,
    start_dismissed: bool,
    is_public: bool,
    /// True if facts learned from conversations wait until the person accepts them.
    pub reviews_learned: bool,
    /// True if numbers of payment cards and the like may be kept.
    pub keeps_numbers: bool,
    /// The id of the voice at the endpoint that speaks, or an empty text.
    pub voice_id: String,
    /// True if search engines may list the person's page.
    pub is_listed: bool,
}

from_row!(Profile {
    avatar,
    cover,
    bio,
    self_introduction,
    time_zone,
    reviews_agents,
    start_dismissed,
    is_public,
    reviews_learned,
    keeps_numbers,
    voice_id,
    is_listed
});

impl Profile {
    /// True if the person dismissed the first steps on the home page.
    pub const fn has_dismissed_start(&self) -> bool {
        self.start_dismissed
    }

    /// True if everybody may see the person's page.
    pub const fn is_public(&self) -> bool {
        self.is_public
    }

    /// Returns the time zone of the person. `None` if it is not set.
    pub fn zone(&self) -> Option<Zone> {
        Zone::named(&self.time_zone)
    }
}

/// A change of a profile. `None` leaves a member as it is, an empty text clears it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// 1 to 50 characters.
    pub name: Option<String>,
    /// 1 to 50 letters and digits, unique.
    pub route: Option<String>,
    /// An http(s) URL of at most 2000 characters.
    pub avatar: Option<String>,
    /// An http(s) URL of at most 2000 characters.
    pub cover: Option<String>,
    /// At most 500 characters.
    pub bio: Option<String>,
    /// At most 500 characters.
    pub self_introduction: Option<String>,
    /// An IANA name such as `Asia/Shanghai`.
    pub time_zone: Option<String>,
    /// True if memories and notes of agents are to wait until the person accepts them.
    pub reviews_agents: Option<bool>,
    /// True if everybody may see the person's page.
    pub is_public: Option<bool>,
    /// True to let search engines list the page.
    pub is_listed: Option<bool>,
    /// True if facts learned from conversations are to wait until the person accepts them.
    pub reviews_learned: Option<bool>,
    /// True if numbers of payment cards and the like may be kept.
    pub keeps_numbers: Option<bool>,
    /// At most 100 characters.
    pub voice_id: Option<String>,
}

/// Response of `GET /api/secondme/user/info`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    /// Decimal digits.
    #[schema(example = "12345678")]
    user_id: String,
    #[schema(example = "用户名")]
    name: String,
    /// Unique, never empty.
    #[schema(example = "user@example.com")]
    email: String,
    /// URL of the picture, or an empty text.
    avatar: String,
    /// The same as `avatar`, for clients that read this name.
    avatar_url: String,
    #[schema(example = "个人简介")]
    bio: String,
    /// The person's own words; written through `about_me`.
    #[schema(example = "自我介绍内容")]
    self_introduction: String,
    /// 0 to 100.
    #[schema(example = 85)]
    profile_completeness: i32,
    /// The slug of the home page, unique, never empty.
    #[schema(example = "username")]
    route: String,
    /// Id of the configured voice; null where there is none.
    voice_id: Option<String>,
    /// URL of the page's cover, or null.
    cover: Option<String>,
    /// URL of the page's video, or null.
    video: Option<String>,
    /// The part that the page shows first: `avatar`, `cover` or `video`.
    layout: &'static str,
    /// True if a voice is configured.
    has_voice: bool,
    /// `normal`, `warned` or `suspended`.
    account_status: &'static str,
}

impl UserInfo {
    pub(super) fn new(account: Account, profile: Profile) -> Self {
        let profile_completeness = completeness(&account, &profile);
        let cover = (!profile.cover.is_empty()).then_some(profile.cover);
        Self {
            user_id: account.id.to_string(),
            name: account.name,
            email: account.email,
            avatar_url: profile.avatar.clone(),
            avatar: profile.avatar,
            bio: profile.bio,
            self_introduction: profile.self_introduction,
            profile_completeness,
            route: account.route,
            has_voice: !profile.voice_id.is_empty(),
            voice_id: Some(profile.voice_id).filter(|voice| !voice.is_empty()),
            layout: if cover.is_some() { "cover" } else { "avatar" },
            cover,
            video: None,
            account_status: "normal",
        }
    }
}

/// Response of `GET /api/auth/me`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Decimal digits.
    #[schema(example = "12345678")]
    user_id: String,
    name: String,
    /// Unique, never empty.
    email: String,
    /// URL of the picture, or an empty text.
    avatar: String,
    /// The person's id for the calling app. It never changes. Null without an app.
    #[schema(example = "asu_2b6c…")]
    app_scoped_user_id: Option<String>,
}

impl Me {
    pub(super) fn new(account: Account, profile: Profile, app_scoped_user_id: Option<String>) -> Self {
        Self {
            user_id: account.id.to_string(),
            name: account.name,
            email: account.email,
            avatar: profile.avatar,
            app_scoped_user_id,
        }
    }
}

/// Body of `POST /api/secondme/user/profile`. Absent members stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProfileRequest {
    /// At most 50 characters.
    #[schema(max_length = 50)]
    name: Option<String>,
    /// URL, at most 2000 characters; empty clears it.
    #[schema(max_length = 2000)]
    avatar: Option<String>,
    /// URL, at most 2000 characters; empty clears it.
    #[schema(max_length = 2000)]
    cover: Option<String>,
    /// The person's own words, at most 500 characters; read back as `selfIntroduction`.
    #[schema(max_length = 500)]
    about_me: Option<String>,
    /// Letters and digits, at most 50, unique; read back as `route`.
    #[schema(max_length = 50)]
    origin_route: Option<String>,
    /// A line about the person, at most 500 characters. Not part of the original API.
    #[schema(max_length = 500)]
    bio: Option<String>,
    /// An IANA time zone, which decides the days of searches, overviews and prompts. Empty clears it. Not
    /// part of the original API.
    #[schema(max_length = 64, example = "Asia/Shanghai")]
    time_zone: Option<String>,
}

impl From<ProfileRequest> for Change {
    fn from(request: ProfileRequest) -> Self {
        Self {
            name: request.name,
            route: request.origin_route,
            avatar: request.avatar,
            cover: request.cover,
            bio: request.bio,
            self_introduction: request.about_me,
            time_zone: request.time_zone,
            reviews_agents: None,
            is_public: None,
            is_listed: None,
            reviews_learned: None,
            keeps_numbers: None,
            voice_id: None,
        }
    }
}

/// Response of `POST /api/secondme/user/profile`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileOut)]
pub struct ProfileResponse {
    name: String,
    avatar: String,
    cover: String,
    about_me: String,
    origin_route: String,
    bio: String,
    /// The IANA time zone of the person, or an empty text.
    #[schema(example = "Asia/Shanghai")]
    time_zone: String,
    /// The address of the home page.
    homepage: String,
}

impl ProfileResponse {
    pub(super) fn new(account: Account, profile: Profile, public_url: &str) -> Self {
        Self {
            homepage: format!("{public_url}/{}", account.route),
            name: account.name,
            avatar: profile.avatar,
            cover: profile.cover,
            about_me: profile.self_introduction,
            origin_route: account.route,
            bio: profile.bio,
            time_zone: profile.time_zone,
        }
    }
}

/// Returns the completeness of a profile, 0 to 100: the sum of the weights of its members. The remaining 15
/// are for a voice.
pub fn completeness(account: &Account, profile: &Profile) -> i32 {
    let parts = [(&account.name, 20), (&account.email, 10)];
    let given: i32 =
        parts.into_iter().filter(|(text, _)| !text.trim().is_empty()).map(|(_, weight)| weight).sum();
    let missing: i32 = missing(profile).into_iter().map(|(_, weight)| weight).sum();
    given + PARTS.iter().map(|(_, weight)| weight).sum::<i32>() - missing
}

/// A part of a profile that counts for its completeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The picture.
    Avatar,
    /// The line about the person.
    Bio,
    /// The self-introduction.
    Words,
}

/// The parts that a person can add, and the weight of each.
const PARTS: [(Part, i32); 3] = [(Part::Avatar, 20), (Part::Bio, 15), (Part::Words, 20)];

/// Returns the parts that a profile lacks, and the weight of each.
pub fn missing(profile: &Profile) -> Vec<(Part, i32)> {
    let text = |part| match part {
        Part::Avatar => &profile.avatar,
        Part::Bio => &profile.bio,
        Part::Words => &profile.self_introduction,
    };
    PARTS.into_iter().filter(|(part, _)| text(*part).trim().is_empty()).collect()
}
