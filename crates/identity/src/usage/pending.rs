//! Counts that are not yet written, and the order in which they are written.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    net::IpAddr,
    sync::Arc,
};

use store::{Batch, BatchPart, BoxFuture, Database, Timestamp, Tx, params};

use super::queries;

use crate::{AuthorizationId, KeyId, ProgramId, SessionId};

/// Most stored refusals of a key.
pub(super) const REFUSALS_PER_KEY: i64 = 50;
/// Most refusals that wait to be written. Further ones are counted but not listed.
pub(super) const REFUSALS_WAITING: usize = 1_000;
/// Most keys, apps, refusals, sessions, programs, and authorizations that one transaction writes, of each.
const PART: usize = 100;
/// Shortest interval in milliseconds at which the last use of a session, a program, or an authorization is
/// written.
const SESSION_EVERY_MS: i64 = 60_000;

/// Counts that are not yet written.
#[derive(Default)]
pub(crate) struct Pending {
    pub(super) keys: HashMap<KeyId, KeyUse>,
    pub(super) apps: HashMap<Arc<str>, Counts>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) sessions: HashMap<SessionId, i64>,
    pub(super) programs: HashMap<ProgramId, i64>,
    pub(super) authorizations: HashMap<AuthorizationId, i64>,
}

/// The counts that one transaction writes: so few that other writes do not wait long. All rows are in one
/// order (key or app, then day, endpoint, and outcome), and each occurs once. Two processes therefore lock
/// the same rows in the same order, which prevents deadlocks.
#[derive(Default)]
pub(crate) struct Part {
    keys: Vec<(KeyId, KeyUse)>,
    apps: Vec<(Arc<str>, Counts)>,
    refusals: Vec<Refusal>,
    sessions: Vec<(SessionId, i64)>,
    programs: Vec<(ProgramId, i64)>,
    authorizations: Vec<(AuthorizationId, i64)>,
}

impl Batch for Pending {
    type Part = Part;

    fn parts(self) -> Vec<Part> {
        let mut keys = sorted(self.keys);
        keys.iter_mut().for_each(|(_, used)| used.counts.sort());
        let mut apps = sorted(self.apps);
        apps.iter_mut().for_each(|(_, counts)| counts.sort());
        let mut sessions = sorted(self.sessions);
        let mut programs = sorted(self.programs);
        let mut authorizations = sorted(self.authorizations);
        let mut refusals = self.refusals;
        // The sort is stable: the refusals of a key stay in the order in which they happened.
        refusals.sort_by_key(|refusal| refusal.key);
        std::iter::from_fn(move || {
            let part = Part {
                keys: take(&mut keys),
                apps: take(&mut apps),
                refusals: take(&mut refusals),
                sessions: take(&mut sessions),
                programs: take(&mut programs),
                authorizations: take(&mut authorizations),
            };
            (!part.is_empty()).then_some(part)
        })
        .collect()
    }

    fn put_back(&mut self, older: Part) {
        for (id, used) in older.keys {
            match self.keys.entry(id) {
                Entry::Vacant(place) => {
                    place.insert(used);
                }
                Entry::Occupied(mut newer) => newer.get_mut().counts.add_all(used.counts),
            }
        }
        for (app, counts) in older.apps {
            self.apps.entry(app).or_default().add_all(counts);
        }
        let room = REFUSALS_WAITING.saturating_sub(self.refusals.len());
        let mut refusals: Vec<Refusal> = older.refusals.into_iter().take(room).collect();
        refusals.append(&mut self.refusals);
        self.refusals = refusals;
        add_missing(&mut self.sessions, older.sessions);
        add_missing(&mut self.programs, older.programs);
        add_missing(&mut self.authorizations, older.authorizations);
    }
}

/// Adds the times of last uses back for ids that have not been used since.
fn add_missing<K: Eq + Hash>(newer: &mut HashMap<K, i64>, older: Vec<(K, i64)>) {
    for (id, at) in older {
        newer.entry(id).or_insert(at);
    }
}

fn sorted<K: Ord, V>(map: HashMap<K, V>) -> Vec<(K, V)> {
    let mut list: Vec<_> = map.into_iter().collect();
    list.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    list
}

/// Removes and returns the first [`PART`] entries of a list.
fn take<T>(list: &mut Vec<T>) -> Vec<T> {
    list.drain(..list.len().min(PART)).collect()
}

impl Part {
    fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.apps.is_empty()
            && self.refusals.is_empty()
            && self.sessions.is_empty()
            && self.programs.is_empty()
            && self.authorizations.is_empty()
    }

    async fn insert(&self, tx: &mut Tx<'_>, db: &Database) -> store::Result<()> {
        for (id, used) in &self.keys {
            // The row of the key is locked first, as it is when the key is deleted.
            let address = used.address.to_string();
            tx.execute(queries::KEY_USED, params![*id, used.at, &address]).await?;
            for Count { day, endpoint, outcome, calls, took_us } in &used.counts.0 {
                let values = params![*id, *day, endpoint, *outcome, *calls, *took_us];
                tx.execute(queries::COUNT, values).await?;
            }
        }
        for (id, counts) in &self.apps {
            for Count { day, endpoint, outcome, calls, took_us } in &counts.0 {
                let values = params![id.as_ref(), *day, endpoint, *outcome, *calls, *took_us];
                tx.execute(queries::COUNT_OF_APP, values).await?;
            }
        }
        for Refusal { key, at, endpoint, sub_code, address } in &self.refusals {
            let address = address.to_string();
            let values = params![db.ids().next(), *key, *at, endpoint, *sub_code, &address];
            tx.execute(queries::REFUSAL, values).await?;
            tx.execute(queries::TRIM_REFUSALS, params![*key, REFUSALS_PER_KEY]).await?;
        }
        for (id, at) in &self.sessions {
            tx.execute(queries::SESSION_USED, params![*id, *at, *at - SESSION_EVERY_MS]).await?;
        }
        for (id, at) in &self.programs {
            tx.execute(queries::PROGRAM_USED, params![*id, *at, *at - SESSION_EVERY_MS]).await?;
        }
        for (id, at) in &self.authorizations {
            tx.execute(queries::AUTHORIZATION_USED, params![*id, *at, *at - SESSION_EVERY_MS]).await?;
        }
        Ok(())
    }
}

impl BatchPart for Part {
    type Output = ();

    fn write<'t>(&'t self, tx: &'t mut Tx<'_>, db: &'t Database) -> BoxFuture<'t, store::Result<()>> {
        Box::pin(self.insert(tx, db))
    }
}

/// The use of a key since the last write.
pub(super) struct KeyUse {
    pub(super) at: Timestamp,
    pub(super) address: IpAddr,
    pub(super) counts: Counts,
}

/// The calls of a key or an app; each day, endpoint, and outcome occurs once.
#[derive(Default)]
pub(super) struct Counts(Vec<Count>);

/// The calls of one day to one endpoint with one outcome.
pub(super) struct Count {
    pub(super) day: i64,
    pub(super) endpoint: String,
    pub(super) outcome: &'static str,
    pub(super) calls: i64,
    pub(super) took_us: i64,
}

impl Counts {
    /// Adds calls and the time that they took. A key calls only a few endpoints within a second, so a linear
    /// search is faster than hashing.
    pub(super) fn add(
        &mut self,
        day: i64,
        endpoint: &str,
        outcome: &'static str,
        (calls, took_us): (i64, i64),
    ) {
        let is_same =
            |count: &&mut Count| count.outcome == outcome && count.endpoint == endpoint && count.day == day;
        match self.0.iter_mut().find(is_same) {
            Some(count) => {
                count.calls += calls;
                count.took_us = count.took_us.saturating_add(took_us);
            }
            None => self.0.push(Count { day, endpoint: endpoint.to_owned(), outcome, calls, took_us }),
        }
    }

    fn add_all(&mut self, older: Self) {
        for count in older.0 {
            self.add(count.day, &count.endpoint, count.outcome, (count.calls, count.took_us));
        }
    }

    /// Sorts the counts into the order in which they are written.
    fn sort(&mut self) {
        self.0.sort_unstable_by(|a, b| (a.day, &a.endpoint, a.outcome).cmp(&(b.day, &b.endpoint, b.outcome)));
    }
}

/// A call that was refused.
pub(super) struct Refusal {
    pub(super) key: KeyId,
    pub(super) at: Timestamp,
    pub(super) endpoint: String,
    pub(super) sub_code: &'static str,
    pub(super) address: IpAddr,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pending(calls: &[(i64, u8, u8, i64)]) -> Pending {
        let mut pending = Pending::default();
        for (key, endpoint, outcome, day) in calls {
            let address = IpAddr::from([127, 0, 0, 1]);
            let at = Timestamp(*day * 86_400_000);
            let outcome = if outcome % 2 == 0 { "ok" } else { "refused" };
            let used = pending.keys.entry(KeyId(*key)).or_insert_with(|| KeyUse {
                at,
                address,
                counts: Counts::default(),
            });
            used.counts.add(*day, &format!("/{endpoint}"), outcome, (1, 5));
            let app: Arc<str> = format!("app {key}").into();
            pending.apps.entry(app).or_default().add(*day, &format!("/{endpoint}"), outcome, (1, 5));
            let refusal = Refusal { key: KeyId(*key), at, endpoint: String::new(), sub_code: "", address };
            pending.refusals.push(refusal);
        }
        pending
    }

    fn rows(part: &Part) -> Vec<(KeyId, i64, String, &'static str)> {
        let mut rows = Vec::new();
        for (id, used) in &part.keys {
            rows.extend(
                used.counts.0.iter().map(|count| (*id, count.day, count.endpoint.clone(), count.outcome)),
            );
        }
        rows
    }

    proptest! {
        /// The rows of a transaction are in one order, each occurs once, and no call is lost, in whatever
        /// order calls are counted and added back.
        #[test]
        fn rows_are_written_in_one_order(
            calls in proptest::collection::vec((0_i64..300, 0_u8..4, 0_u8..2, 0_i64..3), 0..400),
            again in proptest::collection::vec((0_i64..300, 0_u8..4, 0_u8..2, 0_i64..3), 0..400),
        ) {
            let mut newer = pending(&calls);
            for part in pending(&again).parts() {
                newer.put_back(part);
            }
            let (mut total, mut of_apps) = (0, 0);
            for part in newer.parts() {
                let rows = rows(&part);
                prop_assert!(rows.is_sorted_by(|a, b| a < b), "{rows:?}");
                prop_assert!(part.refusals.is_sorted_by_key(|refusal| refusal.key));
                let counts = part.keys.iter().flat_map(|(_, used)| &used.counts.0);
                total += counts.map(|count| count.calls).sum::<i64>();
                prop_assert!(part.apps.is_sorted_by(|(one, _), (other, _)| one < other));
                let counts = part.apps.iter().flat_map(|(_, counts)| &counts.0);
                of_apps += counts.map(|count| count.took_us).sum::<i64>();
            }
            let expected = i64::try_from(calls.len() + again.len()).unwrap();
            prop_assert_eq!((total, of_apps), (expected, 5 * expected));
        }
    }
}
