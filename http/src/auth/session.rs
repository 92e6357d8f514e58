//! Sessions: a family of refresh tokens, each good for one use. An older one coming back means that
//! somebody has a copy, and the whole family ends (C-01).

use super::verify::Verified;
use super::{Auth, Secret};
use crate::api::error::ApiError;
use drumroll_actors::keys::random;
use drumroll_actors::store::{AccountRow, CredentialRow, SessionRow};
use drumroll_engine::hash::sha256;
use drumroll_engine::hex;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::journal::Actor;
use drumroll_engine::organisation::Event;
use metrics::counter;
use subtle::ConstantTimeEq;
use tracing::warn;
use zeroize::Zeroizing;

/// What somebody who logged in is given.
pub struct Granted {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// Seconds the access token is good for.
    pub expires_in_s: u64,
    /// The account.
    pub account: AccountRow,
    /// Whether it must set a password of its own first.
    pub must_change: bool,
    /// Its organisation's name.
    pub organisation_name: String,
}

impl Auth {
    /// Logs somebody in; on record before he hears of it.
    ///
    /// # Errors
    /// See [`Auth::verify`].
    pub async fn login(&self, login: &str, password: &Secret) -> Result<Granted, ApiError> {
        let Verified { account, credential } = self.verify(login, password).await?;
        let event = Event::LoggedIn { user: account.user };
        self.note(account.organisation, Actor::User(account.user), event).await?;
        counter!("drumroll_logins_total", "outcome" => "passed").increment(1);
        self.begin(account, credential.must_change).await
    }

    /// A new family for an account.
    async fn begin(&self, account: AccountRow, must_change: bool) -> Result<Granted, ApiError> {
        let family = *random::<16>()?;
        let (token, token_hash) = fresh_token()?;
        let expires_at = self.now() + self.options.refresh;
        let row = SessionRow { family, user: account.user, token_hash, expires_at, revoked: false };
        if !self.node.store().rotate_session(row, None).await? {
            return Err(ApiError::new("internal", "A session could not be made. Log in again."));
        }
        self.granted(account, must_change, family, token).await
    }

    async fn granted(
        &self,
        account: AccountRow,
        must_change: bool,
        family: [u8; 16],
        token: String,
    ) -> Result<Granted, ApiError> {
        let claims =
            super::token::Claims { user: account.user, organisation: account.organisation, family: UserId(family) };
        Ok(Granted {
            access_token: self.tokens.make(claims, self.now())?,
            refresh_token: token,
            expires_in_s: self.tokens.lifetime_s(),
            organisation_name: self.organisation_name(account.organisation).await?,
            account,
            must_change,
        })
    }

    async fn organisation_name(&self, organisation: OrganisationId) -> Result<String, ApiError> {
        Ok(self.node.read_organisation(organisation, |organisation| organisation.name.clone()).await?)
    }

    /// A new session for the current refresh token, which is used up by it.
    ///
    /// # Errors
    /// `refresh_invalid`; `refresh_reused` when the token was used before: all of its family are void.
    pub async fn refresh(&self, token: &Secret) -> Result<Granted, ApiError> {
        let invalid = || ApiError::new("refresh_invalid", "The session has ended. Log in again.");
        let old_hash = sha256(token.expose().as_bytes());
        let store = self.node.store();
        let Some(row) = store.session_by_token(old_hash).await? else { return Err(invalid()) };
        if row.revoked {
            return Err(invalid());
        }
        let Some(account) = store.account(row.user).await? else { return Err(invalid()) };
        if !bool::from(row.token_hash.ct_eq(&old_hash)) {
            return Err(self.reused(&account, row.family).await?);
        }
        if self.now() >= row.expires_at || !account.enabled {
            store.revoke_sessions(row.user, Some(row.family)).await?;
            return Err(invalid());
        }
        let (fresh, token_hash) = fresh_token()?;
        let next = SessionRow { token_hash, expires_at: self.now() + self.options.refresh, ..row };
        let family = next.family;
        if !store.rotate_session(next, Some(old_hash)).await? {
            // Two came with the same token at once; one of them is a copy.
            return Err(self.reused(&account, family).await?);
        }
        let must_change = store.credential(account.user).await?.is_none_or(|credential| credential.must_change);
        self.granted(account, must_change, family, fresh).await
    }

    async fn reused(&self, account: &AccountRow, family: [u8; 16]) -> Result<ApiError, ApiError> {
        self.node.store().revoke_sessions(account.user, Some(family)).await?;
        warn!(user.id = %account.user, "a refresh token came twice; its sessions were ended");
        let event = Event::RefreshReused { user: account.user };
        self.note(account.organisation, Actor::System, event).await?;
        let detail = "This session was continued elsewhere, so it was ended everywhere. Log in again.";
        Ok(ApiError::new("refresh_reused", detail))
    }

    /// Ends the session of a refresh token, if there is one.
    ///
    /// # Errors
    /// The store's and the journal's.
    pub async fn logout(&self, token: &Secret) -> Result<(), ApiError> {
        let store = self.node.store();
        let Some(row) = store.session_by_token(sha256(token.expose().as_bytes())).await? else { return Ok(()) };
        if row.revoked {
            return Ok(());
        }
        store.revoke_sessions(row.user, Some(row.family)).await?;
        let Some(account) = store.account(row.user).await? else { return Ok(()) };
        let event = Event::LoggedOut { user: row.user };
        self.note(account.organisation, Actor::User(row.user), event).await
    }

    /// Changes one's own password, ends all sessions of the account and begins a new one.
    ///
    /// # Errors
    /// `bad_credentials`, `account_locked`, `weak_password`.
    pub async fn change_password(&self, login: &str, current: &Secret, new: &Secret) -> Result<Granted, ApiError> {
        let Verified { account, .. } = self.verify(login, current).await?;
        super::password::check_strength(new, &account.login, &account.name)?;
        if bool::from(new.expose().as_bytes().ct_eq(current.expose().as_bytes())) {
            return Err(ApiError::new("weak_password", "The new password must differ from the current one."));
        }
        self.set_password(account.user, new, false).await?;
        let event = Event::PasswordChanged { user: account.user };
        self.note(account.organisation, Actor::User(account.user), event).await?;
        self.begin(account, false).await
    }

    /// Sets a password, lifts a lock and ends the account's sessions.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_password(&self, user: UserId, password: &Secret, must_change: bool) -> Result<(), ApiError> {
        let password_hash = self.passwords.hash(password).await?;
        let row = CredentialRow { user, password_hash, must_change, failures: 0, locked_until: None };
        self.node.store().put_credential(row).await?;
        self.accounts.forget(user);
        self.end_sessions(user).await
    }

    /// Ends every session of an account.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_sessions(&self, user: UserId) -> Result<(), ApiError> {
        Ok(self.node.store().revoke_sessions(user, None).await?)
    }
}

/// A refresh token and its hash: 256 random bits. Only the hash is kept.
fn fresh_token() -> Result<(String, [u8; 32]), ApiError> {
    let bytes: Zeroizing<[u8; 32]> = random()?;
    let token = hex::encode(bytes.as_slice());
    let hash = sha256(token.as_bytes());
    Ok((token, hash))
}
