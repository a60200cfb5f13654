//! Reading typed rows, with the same methods on a database and inside a transaction.

use crate::database::Database;
use crate::error::{Error, Result};
use crate::in_list::InList;
use crate::param::Param;
use crate::row::{Each, FromRow};
use crate::tx::Tx;

// A trait would have to be imported wherever rows are read, and would make the futures of its methods too
// general for the compiler to find them `Send`.
macro_rules! fetch {
    ($source:ty) => {
        impl $source {
            /// Returns the first row of a result, if there is one. Outside of a transaction: for queries that
            /// take well below a millisecond.
            ///
            /// # Errors
            /// If the statement fails, or outside of a transaction if it writes. If the row cannot be read as
            /// an `R`.
            pub async fn fetch_optional<R: FromRow>(
                &self,
                sql: &'static str,
                params: &[Param<'_>],
            ) -> Result<Option<R>> {
                let mut first = None;
                let each: Each<'_> = &mut |row| {
                    first = Some(R::from_row(row)?);
                    Ok(false)
                };
                self.visit(sql, params, each).await?;
                Ok(first)
            }

            /// Returns the first row of a result, as [`fetch_optional`](Self::fetch_optional) does.
            ///
            /// # Errors
            /// [`Error::NotFound`] if there is no row; those of [`fetch_optional`](Self::fetch_optional).
            pub async fn fetch_one<R: FromRow>(&self, sql: &'static str, params: &[Param<'_>]) -> Result<R> {
                self.fetch_optional(sql, params).await?.ok_or(Error::NotFound)
            }

            /// Returns all rows of a result. Outside of a transaction: for queries that take well below a
            /// millisecond.
            ///
            /// # Errors
            /// Those of [`fetch_optional`](Self::fetch_optional), for any row.
            pub async fn fetch_all<R: FromRow>(
                &self,
                sql: &'static str,
                params: &[Param<'_>],
            ) -> Result<Vec<R>> {
                let mut all = Vec::new();
                let each: Each<'_> = &mut |row| {
                    all.push(R::from_row(row)?);
                    Ok(true)
                };
                self.visit(sql, params, each).await?;
                Ok(all)
            }

            /// Returns the rows of all values of a list, however long it is, as
            /// [`fetch_all`](Self::fetch_all) does.
            ///
            /// # Errors
            /// Those of [`fetch_all`](Self::fetch_all).
            pub async fn fetch_in<'p, R, P>(
                &self,
                statement: &'static InList,
                before: &[Param<'p>],
                list: &[P],
            ) -> Result<Vec<R>>
            where
                R: FromRow,
                P: Copy + Into<Param<'p>>,
            {
                let mut all = Vec::new();
                for some in list.chunks(statement.most()) {
                    let params = statement.params(before, some.iter().copied());
                    all.extend(self.fetch_all::<R>(statement.sql(), &params).await?);
                }
                Ok(all)
            }
        }
    };
}

fetch!(Database);
fetch!(Tx<'_>);
