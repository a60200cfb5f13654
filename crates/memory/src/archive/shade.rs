//! The archive section of the interests.

use archive::{ImportLine, ImportSummary, Part, Section, given_id, read};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, params};
use web::ApiError;

use crate::{
    Memory, ShadeId,
    shade::{MAX_SHADES, Shade, ShadeBody, queries, rules},
};

pub(super) struct Shades(pub(super) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: Option<ShadeId>,
    #[serde(flatten)]
    body: ShadeBody,
    create_time: Option<i64>,
    update_time: Option<i64>,
}

impl Section for Shades {
    fn name(&self) -> &'static str {
        "shades"
    }

    fn export(&self, account: AccountId, _after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let times: Vec<(ShadeId, Timestamp, Timestamp)> =
                self.0.db().fetch_all(queries::TIMES, params![account, MAX_SHADES]).await?;
            let mut lines = Vec::new();
            for Shade { id, mut body, .. } in self.0.shades(account, false).await? {
                body.shade_icon = self.0.without_here(&body.shade_icon);
                body.shade_icon_public = self.0.without_here(&body.shade_icon_public);
                let times = times.iter().find(|(other, ..)| *other == id);
                let create_time = times.map(|(_, created, _)| created.as_millis());
                let update_time = times.map(|(.., updated)| updated.as_millis());
                lines.push(super::line(&Entry { id: Some(id), body, create_time, update_time })?);
            }
            Ok(Part { lines, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            for one in given {
                let some = read(std::slice::from_ref(&one), &mut taken, |mut entry: Entry| {
                    entry.body.shade_icon = self.0.with_here(entry.body.shade_icon);
                    entry.body.shade_icon_public = self.0.with_here(entry.body.shade_icon_public);
                    rules::check(&entry.body)?;
                    Ok(entry)
                });
                for entry in some {
                    let known = self.0.shades(account, false).await?;
                    if known.iter().any(|shade| Some(shade.id) == entry.id || shade.body == entry.body) {
                        taken.known += 1;
                    } else if i64::try_from(known.len()).unwrap_or(i64::MAX) >= MAX_SHADES {
                        taken.refused.push((one.line, format!("a person has at most {MAX_SHADES} shades")));
                    } else {
                        self.insert(account, entry).await?;
                        taken.added += 1;
                    }
                }
            }
            Ok(taken)
        })
    }
}

impl Shades {
    async fn insert(&self, account: AccountId, entry: Entry) -> Result<(), ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let created = super::time(entry.create_time, now);
        let updated = super::time(entry.update_time, created);
        let mut id = ShadeId(db.ids().next());
        if let Some(own) = given_id(entry.id, db.ids())
            && db.fetch_optional::<(i64,)>(queries::TAKEN, params![own]).await?.is_none()
        {
            id = own;
        }
        let shade = Shade::new(id, entry.body);
        let body = shade.body.to_json()?;
        let values = params![id, account, shade.has_public_content, &body, created, updated];
        db.execute(queries::RESTORE, values).await?;
        Ok(())
    }
}
