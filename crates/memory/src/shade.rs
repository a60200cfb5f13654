//! Interests (shades) of a person, each with a private and a public side.

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Tx, params};
use web::{ApiError, Code};

pub use model::{Confidence, Shade, ShadeBody};

use crate::{Memory, ShadeId};

/// Maximum number of interests of a person. The API lists them without pages.
pub const MAX_SHADES: i64 = 200;

/// Like [`Memory::shades`], in a transaction with other reads.
pub(crate) async fn list(tx: &Tx<'_>, account: AccountId, only_public: bool) -> store::Result<Vec<Shade>> {
    tx.fetch_all(queries::LIST, params![account, only_public, MAX_SHADES]).await
}

impl Memory {
    /// Returns a person's interests in the order of their creation: those with a public side, or all.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn shades(&self, account: AccountId, only_public: bool) -> Result<Vec<Shade>, ApiError> {
        Ok(self.db().fetch_all(queries::LIST, params![account, only_public, MAX_SHADES]).await?)
    }

    /// Adds an interest.
    ///
    /// # Errors
    /// 422 if a member is invalid, [`Code::InvalidParam`] if there are [`MAX_SHADES`] already.
    pub async fn create_shade(&self, account: AccountId, body: ShadeBody) -> Result<Shade, ApiError> {
        rules::check(&body)?;
        let shade = Shade::new(ShadeId(self.db().ids().next()), body);
        let (row, now) = (shade.clone(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let (count,): (i64,) = tx.fetch_one(queries::COUNT, params![account]).await?;
                    if count >= MAX_SHADES {
                        return Err(ApiError::new(Code::InvalidParam).with(format!("shades <= {MAX_SHADES}")));
                    }
                    let body = row.body.to_json()?;
                    tx.execute(queries::INSERT, params![row.id, account, row.has_public_content, &body, now])
                        .await?;
                    Ok(())
                })
            })
            .await?;
        Ok(shade)
    }

    /// Replaces the body of an interest.
    ///
    /// # Errors
    /// 422 if a member is invalid, [`Code::NotFound`] if the id is unknown or another person's.
    pub async fn update_shade(
        &self,
        account: AccountId,
        id: ShadeId,
        body: ShadeBody,
    ) -> Result<Shade, ApiError> {
        rules::check(&body)?;
        let shade = Shade::new(id, body);
        let json = shade.body.to_json()?;
        let now = self.db().clock().now();
        let values = params![id, account, shade.has_public_content, &json, now];
        match self.db().execute(queries::UPDATE, values).await? {
            0 => Err(Code::NotFound.into()),
            _ => Ok(shade),
        }
    }

    /// Deletes an interest.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's.
    pub async fn delete_shade(&self, account: AccountId, id: ShadeId) -> Result<(), ApiError> {
        match self.db().execute(queries::DELETE, params![id, account]).await? {
            0 => Err(Code::NotFound.into()),
            _ => Ok(()),
        }
    }
}
