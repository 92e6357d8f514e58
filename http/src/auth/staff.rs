//! Who asks, in a handler's signature: `Staff<Draw>` is somebody who may draw, or the handler does not run.

use super::Auth;
use super::permission::Permission;
use crate::api::error::ApiError;
use crate::api::extract::{Gate, app};
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::{OrganisationId, RaffleId, UserId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::{Event, Role};
use drumroll_engine::raffle;
use futures_util::future::LocalBoxFuture;
use metrics::counter;
use std::marker::PhantomData;

/// The authenticated account of a request, for the access log.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub UserId);

/// A member of the staff, or an integrated system, with the permission `P`.
#[derive(Clone, Debug)]
pub struct Staff<P: Permission> {
    /// The account.
    pub user: UserId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its role, one of `P::ROLES`.
    pub role: Role,
    /// The name people read.
    pub name: String,
    /// The name to log in with.
    pub login: String,
    permission: PhantomData<P>,
}

impl<P: Permission> Staff<P> {
    /// The origin of a command that this person gives.
    pub fn origin(&self, cause: Cause) -> Origin {
        let actor = match self.role {
            Role::Integration => Actor::Integration(self.user),
            _ => Actor::User(self.user),
        };
        Origin { actor, approver: None, cause }
    }

    /// Whether something of `organisation` is this person's business. Others' things do not exist for him.
    pub fn sees(&self, organisation: OrganisationId) -> bool {
        self.role == Role::Platform || self.organisation == organisation
    }

    /// The stream of a raffle of his own organisation; of any, for the platform's keeper.
    ///
    /// # Errors
    /// `unknown_raffle`, also for one of another organisation.
    pub async fn stream(&self, app: &App, raffle: RaffleId) -> Result<StreamId, ApiError> {
        let stream = app.node.stream(raffle).await?;
        let own = stream.filter(|stream| self.sees(stream.organisation));
        own.ok_or_else(|| raffle::Rejection::UnknownRaffle.into())
    }
}

impl<P: Permission> FromRequest for Staff<P> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let gate = Gate::shut(&request);
        Box::pin(async move {
            let app = app(&request)?;
            let staff = app.auth.authorise::<P>(bearer(&request)?, &request).await?;
            gate.open();
            Ok(staff)
        })
    }
}

/// The token that a request shows.
///
/// # Errors
/// `unauthenticated`.
pub fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let missing = || ApiError::new("unauthenticated", "Log in first: this address needs an access token.");
    token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty()).ok_or_else(missing)
}

impl Auth {
    async fn authorise<P: Permission>(&self, token: &str, request: &HttpRequest) -> Result<Staff<P>, ApiError> {
        let claims = self.tokens.read(token, self.now())?;
        let gone = || ApiError::new("token_invalid", "This account may not be used. Ask an administrator.");
        let seen = self.account(claims.user).await?.filter(|seen| seen.account.enabled).ok_or_else(gone)?;
        let account = &seen.account;
        if account.organisation != claims.organisation {
            return Err(gone());
        }
        request.extensions_mut().insert(Caller(account.user));
        if !P::ROLES.contains(&account.role) {
            counter!("drumroll_access_denied_total").increment(1);
            let event = Event::AccessDenied { user: account.user, permission: P::NAME.to_owned() };
            self.note(account.organisation, Actor::User(account.user), event).await?;
            let detail = format!("Your role, {}, does not permit this ({}).", account.role.as_str(), P::NAME);
            return Err(ApiError::new("forbidden", detail));
        }
        if seen.must_change && !P::BEFORE_PASSWORD_CHANGE {
            let detail = "Your password was for one use. Set one of your own first.";
            return Err(ApiError::new("password_change_required", detail));
        }
        Ok(Staff {
            user: account.user,
            organisation: account.organisation,
            role: account.role,
            name: account.name.clone(),
            login: account.login.clone(),
            permission: PhantomData,
        })
    }
}
