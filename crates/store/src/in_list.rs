//! Statements with a list of values: `… IN (…)`.

use std::sync::OnceLock;

use crate::param::Param;

/// A statement whose last parameters are a list: `… IN (…)`.
///
/// The list has a fixed length, so that the statement is prepared once. A shorter list is filled up with a
/// value that no row has: the id 0, or the empty text.
#[derive(Debug)]
pub struct InList {
    before: usize,
    most: usize,
    build: fn(&str) -> String,
    sql: OnceLock<String>,
}

impl InList {
    /// Creates a statement that takes `most` values after `before` other parameters. `build` makes its SQL of
    /// the placeholders of the list.
    #[must_use]
    pub const fn new(before: usize, most: usize, build: fn(&str) -> String) -> Self {
        Self { before, most, build, sql: OnceLock::new() }
    }

    /// Returns the number of values that the statement takes.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.most
    }

    /// Returns the SQL.
    pub fn sql(&'static self) -> &'static str {
        self.sql.get_or_init(|| {
            let first = self.before + 1;
            let places: Vec<String> = (first..first + self.most).map(|n| format!("${n}")).collect();
            (self.build)(&places.join(", "))
        })
    }

    /// Returns the parameters for a list. Values beyond the number that the statement takes are left out.
    pub fn params<'p, P>(&self, before: &[Param<'p>], list: impl IntoIterator<Item = P>) -> Vec<Param<'p>>
    where
        P: Into<Param<'p>>,
    {
        let mut params = before.to_vec();
        params.extend(list.into_iter().take(self.most).map(Into::into));
        let filler = match params.get(self.before) {
            Some(Param::Text(_)) => Param::Text(""),
            _ => Param::Int(0),
        };
        params.resize(self.before + self.most, filler);
        params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static IDS: InList = InList::new(1, 3, |ids| format!("SELECT 1 WHERE a = $1 AND id IN ({ids})"));

    #[test]
    fn short_lists_are_filled_and_long_ones_cut() {
        assert_eq!(IDS.sql(), "SELECT 1 WHERE a = $1 AND id IN ($2, $3, $4)");
        let account = [Param::Int(9)];
        assert_eq!(IDS.params(&account, [5_i64]), [9, 5, 0, 0].map(Param::Int));
        assert_eq!(IDS.params(&account, [5_i64, 6, 7, 8]), [9, 5, 6, 7].map(Param::Int));
        assert_eq!(
            IDS.params(&account, ["x"]),
            [Param::Int(9), Param::Text("x"), Param::Text(""), Param::Text("")]
        );
    }
}
