//! The first start: a default organisation and a first administrator with a one-time password that is
//! printed, never a fixed one (C-01).

use super::{Auth, Secret, password};
use crate::api::error::ApiError;
use drumroll_actors::aggregate::Origin;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::create_account::CreateAccount;
use drumroll_engine::organisation::create_organisation::CreateOrganisation;
use drumroll_engine::organisation::{Account, Command, Role};

/// Login of the first administrator.
pub const FIRST_LOGIN: &str = "admin";

/// What a start found or made.
pub struct FirstStart {
    /// The default organisation: the one that exists, or the new one.
    pub organisation: OrganisationId,
    /// A one-time password for [`FIRST_LOGIN`], until somebody has replaced it by his own.
    pub one_time_password: Option<Secret>,
}

const SYSTEM: Origin = Origin { actor: Actor::System, approver: None, cause: Cause::Internal };

impl Auth {
    /// Makes what is missing of the default organisation and its first administrator. Until the first
    /// password was changed each start makes a new one: whoever can read the console owns the machine,
    /// and a start that broke off halfway locks nobody out.
    ///
    /// # Errors
    /// The store's and the journal's.
    pub async fn first_start(&self, organisation_name: &str) -> Result<FirstStart, ApiError> {
        let store = self.node.store();
        let existing = store.organisations().await?.first().map(|(organisation, _)| *organisation);
        let keys = self.node.keys();
        // Nodes that start for the first time together agree on the ids, and on the password they print.
        let organisation = match existing {
            Some(organisation) => organisation,
            None => OrganisationId(*keys.get_or_create::<16>("first/organisation").await?),
        };
        if existing.is_none() {
            let create = CreateOrganisation { name: organisation_name.to_owned() };
            self.node.organise(organisation, SYSTEM, Command::CreateOrganisation(create)).await?;
        }
        let accounts = self.node.read_organisation(organisation, |organisation| organisation.accounts.clone()).await?;
        let administrators: Vec<UserId> =
            accounts.iter().filter(|(_, account)| account.role == Role::Administrator).map(|(user, _)| *user).collect();
        let first = match administrators.as_slice() {
            [] => {
                let user = UserId(*keys.get_or_create::<16>("first/administrator").await?);
                let (login, name) = (FIRST_LOGIN.to_owned(), "Administrator".to_owned());
                let account = Account { login, name, role: Role::Administrator, enabled: true };
                self.create_account(organisation, SYSTEM, user, &account).await?;
                user
            }
            [only] if accounts.get(only).is_some_and(|account| account.login == FIRST_LOGIN) => *only,
            _ => return Ok(FirstStart { organisation, one_time_password: None }),
        };
        if store.credential(first).await?.is_some_and(|credential| !credential.must_change) {
            return Ok(FirstStart { organisation, one_time_password: None });
        }
        let one_time_password = match self.node.cluster() {
            None => password::one_time()?,
            Some(_) => password::one_time_of(&*keys.get_or_create::<20>("first/password").await?),
        };
        self.set_password(first, &one_time_password, true).await?;
        Ok(FirstStart { organisation, one_time_password: Some(one_time_password) })
    }

    /// An account without a password yet. Repeating it is harmless until its owner has set a password.
    ///
    /// # Errors
    /// `login_taken`, `bad_name`, `idempotency_terms_differ`.
    pub async fn create_account(
        &self,
        organisation: OrganisationId,
        origin: Origin,
        user: UserId,
        account: &Account,
    ) -> Result<(), ApiError> {
        let store = self.node.store();
        let taken = || ApiError::new("login_taken", "Somebody has this login. Choose another.");
        if let Some(known) = store.account_by_login(&account.login).await? {
            let unused = store.credential(user).await?.is_none_or(|credential| credential.must_change);
            if known.user != user || !unused {
                return Err(taken());
            }
        }
        let Account { login, name, role, .. } = account.clone();
        let create = CreateAccount { user, login, name, role };
        Ok(self.node.organise(organisation, origin, Command::CreateAccount(create)).await?)
    }
}
