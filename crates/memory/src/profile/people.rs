//! Profiles of many people at once, for lists of what they wrote.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use identity::Account;
use store::{AccountId, FromRow, Row};
use web::ApiError;

use super::{Profile, queries};
use crate::Memory;

struct Owned(AccountId, Profile);

impl FromRow for Owned {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        Ok(Self(row.get(12)?, Profile::from_row(row)?))
    }
}

impl Memory {
    /// Returns the accounts and profiles of people. Those whose account is gone are left out.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn people(
        &self,
        ids: impl IntoIterator<Item = AccountId>,
    ) -> Result<HashMap<AccountId, Arc<(Account, Profile)>>, ApiError> {
        let wanted: HashSet<AccountId> = ids.into_iter().collect();
        let recent = &self.0.people;
        let mut found: HashMap<_, _> = wanted.iter().filter_map(|id| Some((*id, recent.get(id)?))).collect();
        let missing: Vec<AccountId> = wanted.into_iter().filter(|id| !found.contains_key(id)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let epoch = recent.epoch();
        let rows: Vec<Owned> = self.db().fetch_in(&queries::FIND_MANY, &[], &missing).await?;
        let mut profiles: HashMap<_, _> = rows.into_iter().map(|Owned(id, profile)| (id, profile)).collect();
        for account in self.0.identity.accounts_of(&missing).await? {
            let id = account.id;
            let person = Arc::new((account, profiles.remove(&id).unwrap_or_default()));
            recent.put(id, Arc::clone(&person), epoch);
            found.insert(id, person);
        }
        Ok(found)
    }
}
