//! Profiles of many people at once, for lists of what they wrote.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use identity::Account;
use store::{AccountId, FromRow, Param, Row};
use web::ApiError;

use super::{Profile, queries};
use crate::Memory;

struct Owned(AccountId, Profile);

impl FromRow for Owned {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        Ok(Self(row.get(5)?, Profile::from_row(row)?))
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
        let mut profiles = HashMap::new();
        for some in missing.chunks(queries::IDS) {
            let mut values: Vec<Param<'_>> = some.iter().map(|id| Param::from(*id)).collect();
            // No account has the id 0.
            values.resize(queries::IDS, Param::Int(0));
            let rows: Vec<Owned> = self.db().fetch_all(queries::FIND_MANY.as_str(), &values).await?;
            profiles.extend(rows.into_iter().map(|Owned(id, profile)| (id, profile)));
        }
        for account in self.0.identity.accounts_of(&missing).await? {
            let id = account.id;
            let person = Arc::new((account, profiles.remove(&id).unwrap_or_default()));
            recent.put(id, Arc::clone(&person), epoch);
            found.insert(id, person);
        }
        Ok(found)
    }
}
