//! Checking a login and a password, with lockout (C-01). One way for logins, second persons and changes
//! of passwords, so that none of them is the weaker one.

use super::{Auth, STRIPES, Secret};
use crate::api::error::ApiError;
use drumroll_actors::store::{AccountRow, CredentialRow};
use drumroll_engine::hash::sha256;
use drumroll_engine::journal::Actor;
use drumroll_engine::organisation::Event;
use drumroll_engine::time::Timestamp;
use metrics::counter;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// How long an attempt waits for others on the same account.
const TURN: Duration = Duration::from_secs(10);

/// An account whose password was right.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The account.
    pub account: AccountRow,
    /// Its credential.
    pub credential: CredentialRow,
}

impl Auth {
    /// Checks a login and a password. A login nobody has takes the same way and the same time.
    ///
    /// # Errors
    /// `bad_credentials`, `account_locked`; `busy` and the store's.
    pub async fn verify(&self, login: &str, password: &Secret) -> Result<Verified, ApiError> {
        let began = Instant::now();
        let result = self.judge(login, password).await;
        if result.is_err() {
            tokio::time::sleep(self.options.failure_floor.saturating_sub(began.elapsed())).await;
        }
        result
    }

    async fn judge(&self, login: &str, password: &Secret) -> Result<Verified, ApiError> {
        let login = login.trim().to_lowercase();
        let stripe = &self.stripes[usize::from(sha256(login.as_bytes())[0]) % STRIPES];
        let turn = tokio::time::timeout(TURN, stripe.lock()).await;
        let busy = || ApiError {
            retry_after: Some(2),
            ..ApiError::new("busy", "Too many attempts at once. Try again in a moment.")
        };
        let _turn = turn.map_err(|_| busy())?;
        let store = self.node.store();
        let account = store.account_by_login(&login).await?;
        let credential = match &account {
            Some(account) => store.credential(account.user).await?,
            None => None,
        };
        let now = self.now();
        let locked_until = match &credential {
            Some(credential) => credential.locked_until.filter(|until| now < *until),
            None => self.unknown.locked_until(&login, now),
        };
        if let Some(until) = locked_until {
            counter!("drumroll_logins_total", "outcome" => "locked").increment(1);
            return Err(locked(now, until));
        }
        let hash = credential.as_ref().map(|credential| credential.password_hash.as_str());
        let right = self.passwords.verify(password, hash).await?;
        match (account, credential) {
            (Some(account), Some(credential)) if right && account.enabled => self.passed(account, credential).await,
            (Some(account), Some(credential)) => Err(self.failed(&account, credential).await?),
            _ => {
                counter!("drumroll_logins_total", "outcome" => "unknown").increment(1);
                self.unknown.failed(&login, now, self.options.failures_max, self.options.lock);
                Err(bad_credentials())
            }
        }
    }

    async fn passed(&self, account: AccountRow, credential: CredentialRow) -> Result<Verified, ApiError> {
        let credential = if credential.failures > 0 || credential.locked_until.is_some() {
            let cleared = CredentialRow { failures: 0, locked_until: None, ..credential };
            self.node.store().put_credential(cleared.clone()).await?;
            cleared
        } else {
            credential
        };
        Ok(Verified { account, credential })
    }

    /// Counts a failure and puts it on record before anybody is told.
    async fn failed(&self, account: &AccountRow, credential: CredentialRow) -> Result<ApiError, ApiError> {
        counter!("drumroll_logins_total", "outcome" => "failed").increment(1);
        let now = self.now();
        let failures = credential.failures + 1;
        let locks = failures >= self.options.failures_max;
        let locked_until = locks.then(|| now + self.options.lock);
        let counted = CredentialRow { failures: if locks { 0 } else { failures }, locked_until, ..credential };
        self.node.store().put_credential(counted).await?;
        info!(user.id = %account.user, failures, "a login failed");
        // Nobody was authenticated: the public, as far as the journal can tell.
        let user = account.user;
        self.note(account.organisation, Actor::Public, Event::LoginFailed { user }).await?;
        if locks {
            warn!(user.id = %account.user, "an account was locked after repeated failures");
            self.note(account.organisation, Actor::System, Event::AccountLocked { user }).await?;
        }
        Ok(bad_credentials())
    }
}

fn bad_credentials() -> ApiError {
    ApiError::new("bad_credentials", "The login or the password is not right.")
}

fn locked(now: Timestamp, until: Timestamp) -> ApiError {
    let seconds = until.since(now).0.div_ceil(1_000_000);
    let minutes = seconds.div_ceil(60);
    let detail = format!("Too many attempts. This account is locked for {minutes} more minutes.");
    ApiError { retry_after: Some(seconds), ..ApiError::new("account_locked", detail) }
}
