//! For whom a task works, so that what is scarce can be shared fairly between people.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static PERSON: Option<i64>;
}

/// Runs a future on behalf of a person, by their account's id: at most a quarter of PostgreSQL's connections serve
/// writes of one person at a time. With `None`, as without this, writes share what is there with everybody.
pub fn on_behalf_of<F: Future>(person: Option<i64>, work: F) -> TaskLocalFuture<Option<i64>, F> {
    PERSON.scope(person, work)
}

/// The person this task works for, if it works for one. For whoever starts another task that goes on with the work.
#[must_use]
pub fn person() -> Option<i64> {
    PERSON.try_with(|person| *person).ok().flatten()
}
