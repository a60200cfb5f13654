//! Sections of a person's archive with their data on the Plaza.
//!
//! They can be exported but not imported: another Plaza has other people, so posts, replies and likes would
//! refer to nothing there.

mod entries;
mod queries;

use archive::{ImportLine, ImportSummary, Part, Section, line};
use store::{AccountId, BoxFuture, owned_params};
use web::{ApiError, Code};

use crate::Plaza;
use entries::{ArchivedEntry, Block, Certificate, Circle, Comment, Invitation, Like, Post};

/// Most entries in one part of a section.
const PART: i64 = 500;

type Export = for<'p> fn(&'p Plaza, AccountId, i64) -> BoxFuture<'p, Result<Part, ApiError>>;

impl Plaza {
    /// Returns the archive sections of this crate.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        let all: [(&str, Export); 7] = [
            ("plaza-certificate", |plaza, of, after| {
                plaza.part::<Certificate>(queries::CERTIFICATE, of, after)
            }),
            ("plaza-invitations", |plaza, of, after| {
                plaza.part::<Invitation>(queries::INVITATIONS, of, after)
            }),
            ("plaza-circles", |plaza, of, after| plaza.part::<Circle>(queries::CIRCLES, of, after)),
            ("plaza-posts", |plaza, of, after| plaza.part::<Post>(queries::POSTS, of, after)),
            ("plaza-comments", |plaza, of, after| plaza.part::<Comment>(queries::COMMENTS, of, after)),
            ("plaza-likes", |plaza, of, after| plaza.part::<Like>(queries::LIKES, of, after)),
            ("plaza-blocks", |plaza, of, after| plaza.part::<Block>(queries::BLOCKS, of, after)),
        ];
        let section = |(name, export)| -> Box<dyn Section> {
            Box::new(PlazaSection { plaza: self.clone(), name, export })
        };
        all.into_iter().map(section).collect()
    }

    fn part<K: ArchivedEntry>(
        &self,
        sql: &'static str,
        account: AccountId,
        after: i64,
    ) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let rows: Vec<K> = self.db().fetch_all_heavy(sql, owned_params![account, after, PART]).await?;
            let lines = rows.iter().map(line).collect::<Result<_, _>>()?;
            Ok(Part { lines, next: rows.last().map(K::id), ..Part::default() })
        })
    }
}

/// An archive section of this crate.
struct PlazaSection {
    plaza: Plaza,
    name: &'static str,
    export: Export,
}

impl Section for PlazaSection {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_for_reading(&self) -> bool {
        true
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        (self.export)(&self.plaza, account, after)
    }

    fn import(&self, _: AccountId, _: Vec<ImportLine>) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async { Err(Code::InvalidParam.into()) })
    }
}
