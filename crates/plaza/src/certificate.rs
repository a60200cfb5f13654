//! Certificates: an account needs one to use the Plaza.

mod error;
pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Timestamp, Tx, params};
use web::ApiError;

pub(crate) use error::NotIssued;
pub use model::Certificate;

use crate::{Plaza, invitation};

impl Plaza {
    /// Returns the certificate of an account, if it has one. An administrator needs no invitation: the
    /// certificate is issued when it is first looked up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn certificate(&self, account: AccountId) -> Result<Option<Certificate>, ApiError> {
        let found = self.db().fetch_optional(queries::FIND, params![account]).await?;
        if found.is_some() {
            return Ok(found);
        }
        match self.0.identity.account(account).await? {
            Some(person) if person.is_admin => {}
            Some(_) | None => return Ok(None),
        }
        let (plaza, now) = (self.clone(), self.db().clock().now());
        let issued = self
            .db()
            .write(move |tx| Box::pin(async move { plaza.issue(tx, account, now).await.map(|_| ()) }))
            .await;
        if let Err(NotIssued::Failed(error)) = issued {
            return Err(error);
        }
        Ok(self.db().fetch_optional(queries::FIND, params![account]).await?)
    }

    /// Issues a certificate and its invitation codes, and returns the certificate's number.
    ///
    /// The transaction locks the day's row until its end, so numbers are given one after the other. If no
    /// certificate is issued, the rollback frees the number, so there are no gaps.
    pub(crate) async fn issue(
        &self,
        tx: &mut Tx<'_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<String, NotIssued> {
        let (serial,): (i64,) = tx.fetch_one(queries::NEXT_OF_DAY, params![now.day()]).await?;
        let number = rules::number(now, serial);
        let values = params![account, self.db().ids().next(), &number, now];
        if tx.execute(queries::INSERT, values).await? == 0 {
            return Err(NotIssued::Already);
        }
        for _ in 0..self.settings().codes_per_resident {
            invitation::insert(tx, self.db(), account, "", now).await?;
        }
        Ok(number)
    }

    /// Sets the permission of a person's assistant to comment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn let_double_speak(&self, account: AccountId, may: bool) -> Result<(), ApiError> {
        self.db().execute(queries::SET_DOUBLE, params![account, may]).await?;
        Ok(())
    }
}
