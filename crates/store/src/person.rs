//! The person that a task works for, so that scarce resources are shared fairly between people.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;

use crate::AccountId;

tokio::task_local! {
    static PERSON: Option<AccountId>;
}

/// Runs a future on behalf of a person, given by account id. At most a quarter of PostgreSQL's connections
/// serve writes of one person at a time. With `None`, as outside of this function, that limit does not apply.
pub fn on_behalf_of<F: Future>(person: Option<AccountId>, work: F) -> TaskLocalFuture<Option<AccountId>, F> {
    PERSON.scope(person, work)
}

/// Returns the person that this task works for, if there is one. Use it to pass the person on to another
/// task.
#[must_use]
pub fn person() -> Option<AccountId> {
    PERSON.try_with(|person| *person).ok().flatten()
}
