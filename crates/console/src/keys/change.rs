//! Rotates and deletes keys.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use identity::key::rules;
use web::{ApiError, Code};

use super::{PATH, detail, shown};
use crate::{
    Console,
    form::{CsrfForm, Fields, Nothing},
    page::Member,
    texts::fill,
};

/// The form that rotates a key; it has the overlap in seconds.
pub(crate) struct Rotation {
    overlap: String,
}

impl From<Fields> for Rotation {
    fn from(fields: Fields) -> Self {
        Self { overlap: fields.text("overlap") }
    }
}

impl Rotation {
    fn seconds(&self) -> Result<i64, ApiError> {
        let seconds = self.overlap.parse().ok().filter(|seconds| (0..=rules::MAX_OVERLAP).contains(seconds));
        seconds.ok_or_else(|| ApiError::new(Code::InvalidParam).with("overlap"))
    }
}

/// Replaces a key by a new one, and shows that.
pub(crate) async fn rotate(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(rotation): CsrfForm<Rotation>,
) -> Result<Response, ApiError> {
    let (account, id) = (member.account.id, detail::parse(&id)?);
    let overlap = rotation.seconds()?;
    match console.identity.rotate_key(account, id, overlap).await {
        Ok((key, secret)) => {
            let old = console.identity.key(account, id).await?;
            shown::rotated(&console, member, key, &secret, old.expires_at)
        }
        // The key exists, but is already replaced or expired, as when the page of the new key is reloaded.
        Err(error) if error.code() == Code::ApikeyNotFound => {
            console.identity.key(account, id).await?;
            Ok(Redirect::to(&format!("{PATH}/{id}")).into_response())
        }
        Err(error) if error.code() == Code::InvalidParam => {
            let text = fill(member.page.t.too_many_keys, console.identity.settings().max_keys);
            detail::again(&console, member, id, error, text).await
        }
        Err(error) => Err(error),
    }
}

/// Deletes a key.
pub(crate) async fn delete(
    State(console): State<Console>,
    member: Member,
    Path(id): Path<String>,
    CsrfForm(Nothing): CsrfForm<Nothing>,
) -> Result<Response, ApiError> {
    console.identity.delete_key(member.account.id, detail::parse(&id)?).await?;
    Ok(Redirect::to("/keys?done=deleted").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_within_the_limit() {
        let seconds = |overlap: &str| Rotation { overlap: overlap.to_owned() }.seconds().ok();
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds("2592000"), Some(rules::MAX_OVERLAP));
        for bad in ["", "-1", "2592001", "1.5", "x"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
