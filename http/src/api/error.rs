//! Every error of the API: RFC 9457 problem documents with a stable code from one table.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use drumroll_actors::draws::DrawError;
use drumroll_actors::keys::KeyError;
use drumroll_actors::node::{Failure, OrganisationFailure};
use drumroll_actors::registry::ExecuteError;
use drumroll_actors::store::StoreError;
use drumroll_engine::{organisation, raffle};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its path in the body.
    pub field: String,
    /// What to do about it.
    pub message: String,
}

/// The body of an error (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:drumroll:problem:` and the code.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What happened, what is safe, what to do.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// The request, as in the log.
    pub request_id: Option<String>,
    /// The fields that are wrong, when it is about the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// An error on its way out.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The stable code; its status is in [`status_of`].
    pub code: &'static str,
    /// What happened, what is safe, what to do.
    pub detail: String,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// Seconds after which asking again makes sense.
    pub retry_after: Option<u64>,
}

/// Every code with its status: the public table. The OpenAPI snapshot prints it whole.
pub const CODES: &[(&str, u16)] = &[
    // The request.
    ("bad_request", 400),
    ("malformed_json", 400),
    ("idempotency_key_missing", 400),
    ("body_too_large", 413),
    ("unsupported_media_type", 415),
    ("validation_failed", 422),
    ("not_found", 404),
    ("method_not_allowed", 405),
    ("too_many_requests", 429),
    // Who asks.
    ("unauthenticated", 401),
    ("token_invalid", 401),
    ("token_expired", 401),
    ("bad_credentials", 401),
    ("refresh_invalid", 401),
    ("refresh_reused", 401),
    ("forbidden", 403),
    ("password_change_required", 403),
    ("account_locked", 423),
    ("login_taken", 409),
    ("weak_password", 422),
    ("approver_invalid", 403),
    ("enrolment_code_invalid", 403),
    ("webhook_signature_invalid", 401),
    // Payment.
    ("payment_declined", 402),
    ("payment_unavailable", 503),
    // The server.
    ("internal", 500),
    ("damaged", 500),
    ("set_aside", 503),
    ("busy", 503),
    ("outcome_unknown", 503),
    ("store_unavailable", 503),
    // The engine: raffles.
    ("unknown_raffle", 404),
    ("raffle_exists", 409),
    ("wrong_status", 409),
    ("frozen", 409),
    ("invalid_configuration", 422),
    ("not_yet_selling", 409),
    ("sales_suspended", 409),
    ("sales_closed", 409),
    ("channel_not_sold", 409),
    ("bad_lines", 422),
    ("unknown_package", 422),
    ("out_of_stock", 409),
    ("sold_out", 409),
    ("idempotency_terms_differ", 409),
    ("hold_ended", 409),
    ("unknown_order", 404),
    ("already_voided", 409),
    ("no_ticket", 409),
    ("not_misprinted", 409),
    ("reconciliation_acknowledged", 409),
    ("ledger_sealed", 409),
    ("reason_missing", 422),
    ("approver_missing", 403),
    ("bad_closing_time", 422),
    ("not_allowed_by_profile", 409),
    ("unknown_device", 404),
    ("device_settled", 409),
    ("no_issuer_slot", 409),
    ("upload_first", 409),
    ("lease_out_of_step", 409),
    ("range_suffices", 409),
    ("series_broken", 409),
    ("series_gap", 409),
    ("not_quarantined", 409),
    ("not_acceptable", 409),
    ("not_reconciled", 409),
    ("counts_differ", 409),
    ("unknown_draw", 404),
    ("wrong_draw_status", 409),
    ("too_early", 409),
    ("nothing_sold", 409),
    ("lock_outdated", 409),
    ("draw_invalid", 409),
    ("lock_hash_differs", 409),
    ("no_refund_due", 409),
    // The engine: organisations.
    ("unknown_organisation", 404),
    ("bad_name", 422),
    ("unknown_account", 404),
    ("own_account", 409),
    ("already_enrolled", 409),
    ("label_taken", 409),
    ("key_taken", 409),
];

/// The status of a code; 500 for one that is not in the table, which a test keeps from happening.
pub fn status_of(code: &str) -> StatusCode {
    let listed = CODES.iter().find(|(known, _)| *known == code).map_or(500, |(_, status)| *status);
    StatusCode::from_u16(listed).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl ApiError {
    /// An error with a sentence for people.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        // Whoever is told that nobody knows yet is told when to ask.
        let retry_after = (code == "outcome_unknown").then_some(1);
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after }
    }

    /// Something that is not there, or not for this caller: the two look alike.
    pub fn not_found() -> Self {
        Self::new("not_found", "There is nothing here under this address.")
    }

    /// A body with fields that are wrong.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new("validation_failed", "Some fields are not right. Nothing was changed.") }
    }

    /// One field that is wrong.
    pub fn field(field: &str, message: &str) -> Self {
        Self::validation(vec![FieldError { field: field.to_owned(), message: message.to_owned() }])
    }

    /// The problem document.
    pub fn problem(&self, request_id: Option<String>) -> Problem {
        let status = status_of(self.code);
        Problem {
            r#type: format!("urn:drumroll:problem:{}", self.code),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
            request_id,
            errors: self.errors.clone(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status_of(self.code)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, HeaderValue::from(seconds)));
        }
        // The request's id is filled in by the middleware, which knows it.
        response.json(self.problem(None))
    }
}

impl From<raffle::Rejection> for ApiError {
    fn from(rejection: raffle::Rejection) -> Self {
        let errors = match &rejection {
            raffle::Rejection::InvalidConfig(errors) => errors
                .iter()
                .map(|error| FieldError { field: error.field.clone(), message: error.message.clone() })
                .collect(),
            raffle::Rejection::NotReconciled(blockers) => blockers
                .iter()
                .map(|blocker| FieldError { field: blocker.code().to_owned(), message: blocker.to_string() })
                .collect(),
            _ => Vec::new(),
        };
        Self { errors, ..Self::new(rejection.code(), rejection.to_string()) }
    }
}

impl From<organisation::Rejection> for ApiError {
    fn from(rejection: organisation::Rejection) -> Self {
        Self::new(rejection.code(), rejection.to_string())
    }
}

impl From<ExecuteError> for ApiError {
    fn from(error: ExecuteError) -> Self {
        let retry_after = error.retry_after();
        let (code, detail) = match error {
            ExecuteError::Busy => ("busy", "Too much is waiting. Nothing was changed; try again in a moment."),
            ExecuteError::Uncertain | ExecuteError::Interrupted | ExecuteError::Elsewhere(_) => {
                ("outcome_unknown", "No answer in time. Ask again with the same key: nothing happens twice.")
            }
            ExecuteError::SetAside => {
                ("set_aside", "This raffle is stopped after repeated failures. The operator is told.")
            }
            ExecuteError::Store(_) => ("store_unavailable", "The records cannot be reached. Nothing was changed."),
            ExecuteError::Damaged(_) => {
                ("damaged", "The records of this raffle do not check out. Nothing is decided on them.")
            }
        };
        Self { retry_after, ..Self::new(code, detail) }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(rejection) => rejection.into(),
            Failure::Failed(error) => error.into(),
        }
    }
}

impl From<OrganisationFailure> for ApiError {
    fn from(failure: OrganisationFailure) -> Self {
        match failure {
            OrganisationFailure::Refused(rejection) => rejection.into(),
            OrganisationFailure::Failed(error) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let retry_after = error.retry().then_some(5);
        if error.retry() {
            // That the store is away is said once, where it is found out.
            tracing::debug!(%error, "a query was not answered");
        } else {
            tracing::error!(%error, "a query failed");
        }
        let detail = "The records cannot be reached. Nothing was changed.";
        Self { retry_after, ..Self::new("store_unavailable", detail) }
    }
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        tracing::error!(%error, "a key could not be had");
        Self::new("internal", "A key could not be had. Nothing was changed; the operator is told.")
    }
}

impl From<DrawError> for ApiError {
    fn from(error: DrawError) -> Self {
        match error {
            DrawError::Refused(rejection) => rejection.into(),
            DrawError::Failed(error) => error.into(),
            DrawError::Keys(error) => error.into(),
            DrawError::Produce(_) | DrawError::Verify(_) => {
                tracing::error!(%error, "a step of a draw does not check out");
                raffle::Rejection::DrawInvalid.into()
            }
        }
    }
}
