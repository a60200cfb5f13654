//! Authorization of calls: the caller, the allowlists, the action, and the rate limits.

use std::{borrow::Cow, net::IpAddr};

use http::{HeaderMap, HeaderValue};
use store::Timestamp;

use super::{
    Seen,
    code::{HubCode, HubError},
    token,
};
use crate::{
    Services,
    catalog::Api,
    key::{
        LiveKey,
        rules::{lets_address_in, lets_origin_in, permits},
    },
    limits::{Bucket, Left, Quota, Refusal, policy},
    log::Who,
    provider::Needs,
    token::{Checked, Kind, rules::is_in_group},
};

/// The message for a key that may not use an API.
pub(crate) const NOT_OPEN: &str =
    "this API is not open to the account of the key: an administrator lists who may use it";

/// Identifies the caller from the token and checks the key's allowlists; `None` is an anonymous caller.
pub(super) async fn identify(
    services: &Services,
    headers: &HeaderMap,
    address: IpAddr,
    origin: Option<&str>,
    now: Timestamp,
    finds_key: bool,
    seen: &mut Seen,
) -> Result<Option<Checked>, HubError> {
    let Some(text) = token(headers)? else {
        if services.settings().anonymous || finds_key {
            return Ok(None);
        }
        return Err(HubCode::TokenMissing.into());
    };
    let checked = match services.check_token(text, now).await {
        Ok(checked) => checked,
        Err(refused) => {
            if let Some(key) = refused.key {
                seen.may_read = lets_origin_in(&key.rules.domains, origin);
                seen.who = Who::Key(key);
            }
            return Err(refused.error);
        }
    };
    let (key, kind) = (&checked.key, checked.token.identity.kind);
    seen.may_read = lets_origin_in(&key.rules.domains, origin);
    seen.who = Who::Known(checked.clone());
    if !key.is_live(now) {
        return Err(HubCode::KeyDisabled.into());
    }
    let rules = &key.rules;
    if (rules.both_lists || kind == Kind::App) && !lets_address_in(&rules.ips, address) {
        return Err(HubError::new(HubCode::IpNotAllowed).with(format!("the call came from {address}")));
    }
    if (rules.both_lists || kind == Kind::Person) && !seen.may_read {
        let from = if origin.is_some() { "another domain" } else { "no page: neither Origin nor Referer" };
        return Err(HubError::new(HubCode::DomainNotAllowed).with(format!("the call came from {from}")));
    }
    Ok(Some(checked))
}

/// A looked-up action and, if it exists, its requirements.
pub(super) struct Action<'p> {
    /// The name with underscores.
    pub(super) name: Cow<'p, str>,
    needs: Option<Needs>,
}

impl<'p> Action<'p> {
    /// Looks up an action, written with hyphens or underscores.
    pub(super) fn of(api: &Api, written: &'p str) -> Self {
        let name = if written.contains('-') { written.replace('-', "_").into() } else { Cow::from(written) };
        let needs = if name.contains('/') { None } else { api.provider.find(&name) };
        Self { name, needs }
    }

    /// Returns true if the action exists.
    pub(super) fn exists(&self) -> bool {
        self.needs.is_some()
    }

    /// Returns true if the action finds a key in its arguments.
    pub(super) fn finds_key(&self) -> bool {
        self.needs.is_some_and(|needs| needs.finds_key)
    }
}

/// Checks that the action exists and that the caller may call it.
pub(super) fn action(api: &Api, action: &Action<'_>, known: Option<&Checked>) -> Result<(), HubError> {
    let needs = action.needs.ok_or(HubCode::ActionNotFound)?;
    let name = &*action.name;
    let spec = api.action(name);
    let Some(checked) = known else {
        let said = spec.and_then(|spec| spec.anonymous).or(needs.anonymous);
        return if said.unwrap_or(api.spec.anonymous) && !is_restricted(api, name) {
            Ok(())
        } else {
            Err(HubCode::TokenMissing.into())
        };
    };
    let denied = |why: &str| HubError::new(HubCode::PermissionDenied).with(why);
    if !checked.key.may_use(&api.spec) {
        return Err(denied(NOT_OPEN));
    }
    let identity = &checked.token.identity;
    if identity.actions.as_ref().is_some_and(|actions| !permits(actions, &api.permission, name)) {
        return Err(denied("the token's actions do not have this one"));
    }
    let allow = &checked.key.rules.allow;
    if !allow.is_empty() && !permits(allow, &api.permission, name) {
        return Err(denied("the key may not call this action"));
    }
    if identity.kind == Kind::App {
        return Ok(());
    }
    let of_action = spec.map(|spec| (&spec.roles, &spec.groups));
    for (roles, groups) in std::iter::once((&api.spec.roles, &api.spec.groups)).chain(of_action) {
        if !roles.is_empty() && !roles.iter().any(|role| identity.roles.contains(role)) {
            return Err(denied("the person has none of the roles it needs"));
        }
        if !groups.is_empty() && !groups.iter().any(|group| is_in_group(&identity.groups, group)) {
            return Err(denied("the person is in none of the groups it needs"));
        }
    }
    Ok(())
}

/// Returns true if an action requires roles or groups, which anonymous callers do not have.
fn is_restricted(api: &Api, action: &str) -> bool {
    let of_action = api.action(action).is_some_and(|spec| !spec.roles.is_empty() || !spec.groups.is_empty());
    of_action || !api.spec.roles.is_empty() || !api.spec.groups.is_empty()
}

/// Takes one call from every bucket that applies. Notes the remaining quota and the limits for the headers,
/// of the bucket that refuses if one does.
pub(super) async fn quota(
    services: &Services,
    known: Option<&Checked>,
    address: IpAddr,
    now: Timestamp,
    finds_key: bool,
    told: &mut Option<LimitHeaders>,
) -> Result<(), HubError> {
    let limits = services.limits();
    let mut tell = |taken: Result<Left, Refusal>, bucket: &Bucket, quota: Quota, whose: &str| {
        let left = taken.unwrap_or_else(|_refusal| bucket.left(quota, now));
        *told = Some(LimitHeaders { left: left.header(), policy: policy(quota) });
        taken.map(|_left| ()).map_err(|refusal| refused(refusal, whose))
    };
    let Some(checked) = known else {
        let settings = services.settings();
        let (per_second, burst) = settings.address_quota;
        let own = Quota::new(per_second, 0).with_burst(burst);
        let bucket = limits.address_bucket(address);
        tell(bucket.take_alone(own, now), &bucket, own, "this address")?;
        if finds_key {
            return Ok(());
        }
        let (per_second, per_day) = settings.anonymous_quota;
        let shared = Quota::new(per_second, per_day);
        let bucket = limits.anonymous_bucket(services.db()).await?;
        return tell(limits.take(&bucket, shared, now), &bucket, shared, "all anonymous callers");
    };
    if let Some(bucket) = &checked.token.bucket {
        let own = Quota::new(checked.key.rules.per_person_second, 0);
        tell(limits.take(bucket, own, now), bucket, own, "this person")?;
    }
    let (key, quota) = (&checked.key, checked.key.quota());
    let taken = limits.take(&key.bucket, quota, now);
    let left = taken.unwrap_or_else(|_refusal| key.bucket.left(quota, now));
    *told = Some(LimitHeaders { left: left.header(), policy: key.policy.clone() });
    taken.map(|_left| ()).map_err(|refusal| refused(refusal, "this key"))
}

/// The values of the headers about limits.
pub(super) struct LimitHeaders {
    /// `RateLimit`: the quota that remains.
    pub(super) left: HeaderValue,
    /// `RateLimit-Policy`: the limits.
    pub(super) policy: HeaderValue,
}

impl LimitHeaders {
    /// Returns the values for an address that has as many requests in work as it may have.
    pub(super) fn in_flight(most: usize) -> Self {
        let policy = format!("\"in-flight\";q={most};qu=\"concurrent-requests\"");
        Self {
            left: HeaderValue::from_static("\"in-flight\";r=0;t=1"),
            policy: HeaderValue::try_from(policy).unwrap_or_else(|_never| HeaderValue::from_static("")),
        }
    }
}

impl Services {
    /// Takes one call, made without a token, from the bucket of the key that it is about.
    pub(crate) fn take_for_key(&self, key: &LiveKey, now: Timestamp) -> Result<(), HubError> {
        let taken = self.limits().take(&key.bucket, key.quota(), now);
        taken.map(|_left| ()).map_err(|refusal| refused(refusal, "this key"))
    }
}

fn refused(refusal: Refusal, whose: &str) -> HubError {
    let (code, seconds) = match refusal {
        Refusal::Rate(seconds) => (HubCode::RateLimited, seconds),
        Refusal::Day(seconds) => (HubCode::QuotaExceeded, seconds),
    };
    HubError::new(code).with(format!("the limit of {whose} is reached")).retry_after(seconds)
}
