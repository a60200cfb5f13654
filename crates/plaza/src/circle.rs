//! Circles: groups of people on the Plaza. Only members post in a circle.

pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Tx, params};
use web::{
    ApiError, Code,
    paging::cursor::{Cursor, Position},
};

pub use model::{Circle, NewCircle};

use crate::{
    Plaza, cursor,
    rate::{self, Action},
};

/// Most circles listed for one person.
const MINE: i64 = 100;

/// Checks that an account is a member of a circle.
///
/// # Errors
/// [`Code::CircleNotMember`] if it is not; [`Code::NotFound`] if there is no such circle.
pub(crate) async fn check_member(tx: &mut Tx<'_>, account: AccountId, route: &str) -> Result<(), ApiError> {
    if tx.fetch_optional::<(i64,)>(queries::IS_MEMBER, params![account, route]).await?.is_some() {
        return Ok(());
    }
    match tx.fetch_optional::<(i64,)>(queries::IS_THERE, params![route]).await? {
        Some(_) => Err(Code::CircleNotMember.into()),
        None => Err(Code::NotFound.into()),
    }
}

impl Plaza {
    /// Creates a circle with its owner as the first member. The caller has checked it with [`rules::check`].
    ///
    /// # Errors
    /// [`Code::CircleTaken`] if another circle has the route; [`Code::RateLimited`].
    pub async fn add_circle(&self, owner: AccountId, new: NewCircle) -> Result<(), ApiError> {
        let (id, now) = (self.db().ids().next(), self.db().clock().now());
        let most = self.settings().circles_per_day;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    rate::count(tx, owner, Action::Circle, most, now).await?;
                    let values = params![&new.route, id, &new.name, &new.description, owner, now];
                    if tx.execute(queries::INSERT, values).await? == 0 {
                        return Err(Code::CircleTaken.into());
                    }
                    tx.execute(queries::JOIN, params![owner, &new.route]).await?;
                    tx.execute(queries::RESIZE, params![&new.route, 1]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Joins a circle. A member who joins again changes nothing.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such circle.
    pub async fn join_circle(&self, account: AccountId, route: &str) -> Result<(), ApiError> {
        self.change_circle(account, route, queries::JOIN, 1).await
    }

    /// Leaves a circle. Changes nothing for an account that is no member.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such circle.
    pub async fn leave_circle(&self, account: AccountId, route: &str) -> Result<(), ApiError> {
        self.change_circle(account, route, queries::LEAVE, -1).await
    }

    async fn change_circle(
        &self,
        account: AccountId,
        route: &str,
        change: &'static str,
        step: i64,
    ) -> Result<(), ApiError> {
        if !rules::is_route(route) {
            return Err(Code::NotFound.into());
        }
        let route = route.to_owned();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::RESIZE, params![&route, 0]).await? == 0 {
                        return Err(Code::NotFound.into());
                    }
                    if tx.execute(change, params![account, &route]).await? == 1 {
                        tx.execute(queries::RESIZE, params![&route, step]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Returns a page of all circles, newest first, with true if there are more, and the snapshot for the
    /// next page.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn circles(
        &self,
        reader: AccountId,
        cursor: Cursor,
    ) -> Result<(Vec<Circle>, bool, Option<String>), ApiError> {
        let before = cursor.start().1.min(cursor.newest.unwrap_or(i64::MAX - 1).saturating_add(1));
        let values = params![reader, before, cursor.limit + 1, cursor.offset];
        let mut circles: Vec<Circle> = self.db().fetch_all(queries::LIST, values).await?;
        let newest = cursor.newest.or_else(|| circles.first().map(|circle| circle.id.0)).unwrap_or(0);
        let (has_more, snapshot) =
            cursor::end(&cursor, &mut circles, newest, |circle| Position(circle.id.0, circle.id.0));
        Ok((circles, has_more, snapshot))
    }

    /// Returns the circles of which an account is a member, at most 100.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn circles_of(&self, account: AccountId) -> Result<Vec<Circle>, ApiError> {
        Ok(self.db().fetch_all(queries::OF_ACCOUNT, params![account, MINE]).await?)
    }

    /// Returns a circle.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such circle.
    pub async fn circle(&self, reader: AccountId, route: &str) -> Result<Circle, ApiError> {
        if !rules::is_route(route) {
            return Err(Code::NotFound.into());
        }
        let found = self.db().fetch_optional(queries::FIND, params![reader, route]).await?;
        found.ok_or_else(|| Code::NotFound.into())
    }
}
