//! Resident certificates: who may enter the square (contract C-13).

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{Timestamp, Tx, params};
use web::ApiError;

pub use model::Certificate;

use crate::{Plaza, invitation};

/// Why no certificate was issued.
pub(crate) enum NotIssued {
    /// The person has one.
    Already,
    /// Something else.
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for NotIssued {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Plaza {
    /// The certificate of a person. Whoever runs the server is a resident from the start: theirs is issued when it
    /// is first looked for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn certificate(&self, account: i64) -> Result<Option<Certificate>, ApiError> {
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

    /// Issues a certificate and the codes that come with it.
    ///
    /// The day's row is held until the end, so numbers are given one after the other; whoever gets none takes his
    /// number back by rolling back, so there are no gaps.
    pub(crate) async fn issue(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
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

    /// Lets a person's double comment, or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn let_double_speak(&self, account: i64, may: bool) -> Result<(), ApiError> {
        self.db().execute(queries::SET_DOUBLE, params![account, may]).await?;
        Ok(())
    }
}
