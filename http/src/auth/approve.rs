//! The two-person rule: a second account of the same organisation proves itself within the request (L-07,
//! Whether an action needs it is the engine's to say.

use super::permission::{Approve, Permission};
use super::{Secret, Staff};
use crate::api::error::ApiError;
use crate::state::App;
use drumroll_engine::id::UserId;
use serde::Deserialize;
use utoipa::ToSchema;

/// The second person of a two-person action.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// His login; never the caller's.
    pub login: String,
    /// His password.
    pub password: Secret,
}

/// Who the second person is. Failures count towards the lockout of his account.
///
/// # Errors
/// `approver_invalid`, `account_locked`.
pub async fn approve<P: Permission>(
    app: &App,
    caller: &Staff<P>,
    approver: Option<Approver>,
) -> Result<Option<UserId>, ApiError> {
    let Some(Approver { login, password }) = approver else { return Ok(None) };
    let invalid = |detail: &str| ApiError::new("approver_invalid", detail.to_owned());
    let verified = app.auth.verify(&login, &password).await.map_err(|error| match error.code {
        "bad_credentials" => invalid("The second person's login or password is not right. Nothing was changed."),
        _ => error,
    })?;
    let account = verified.account;
    if account.organisation != caller.organisation {
        // As for somebody who does not exist: other organisations' accounts are nobody's business.
        return Err(invalid("The second person's login or password is not right. Nothing was changed."));
    }
    if account.user == caller.user {
        return Err(invalid("The second person must be somebody else. Nothing was changed."));
    }
    if !Approve::ROLES.contains(&account.role) {
        return Err(invalid("The second person must be a supervisor or an administrator. Nothing was changed."));
    }
    if verified.credential.must_change {
        return Err(invalid(
            "The second person has a one-time password and must change it first. Nothing was changed.",
        ));
    }
    Ok(Some(account.user))
}
