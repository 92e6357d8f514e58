//! The provider calls us. Repeated, late and out-of-order calls are harmless; unsigned ones are nothing.

use super::settle::settle;
use super::simulated::Notice;
use super::{Payment, PaymentKey};
use crate::api::error::{ApiError, Problem};
use crate::state::App;
use actix_web::{HttpRequest, HttpResponse, post, web};
use drumroll_actors::store::StreamId;
use drumroll_engine::raffle::Rejection;
use tracing::warn;

/// Carries the HMAC-SHA256 of the body under the provider's secret, in lowercase hex.
pub const SIGNATURE: &str = "Drumroll-Signature";

/// The test provider reports what became of a payment.
#[utoipa::path(
    tag = "raffles",
    params(("Drumroll-Signature" = String, Header, description = "HMAC-SHA256 of the exact body, in lowercase hex.")),
    request_body(content = String, content_type = "application/json", description = "The provider's notice."),
    responses(
        (status = 204, description = "Taken. Also for orders nobody knows, so that the provider stops asking."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "`webhook_signature_invalid`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: send it again."),
    ),
)]
#[post("/payments/simulated/webhook")]
pub(crate) async fn payment_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    let signature = request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    receive(&app, &body, signature).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a webhook, however it came.
///
/// # Errors
/// `webhook_signature_invalid`, `malformed_json`, or what may pass: then the provider sends it again.
pub async fn receive(app: &App, body: &[u8], signature: &str) -> Result<(), ApiError> {
    if !app.payment.signed(body, signature) {
        return Err(ApiError::new("webhook_signature_invalid", "This is not signed by the payment provider."));
    }
    let notice: Notice =
        serde_json::from_slice(body).map_err(|_| ApiError::new("malformed_json", "This is no notice of a payment."))?;
    let key = PaymentKey { raffle: notice.raffle_id, order: notice.order_key };
    let Some(stream) = app.node.stream(key.raffle).await? else { return Ok(()) };
    if !worth_it(app, stream, key, &notice).await? {
        return Ok(());
    }
    match settle(app, stream, key, notice.payment).await {
        Ok(_) => Ok(()),
        Err(error) if error.code == Rejection::UnknownOrder.code() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the notice is about the money that was asked for. An order whose hold is not committed yet
/// cannot have been charged, so the store knows every order a provider knows.
async fn worth_it(app: &App, stream: StreamId, key: PaymentKey, notice: &Notice) -> Result<bool, ApiError> {
    let Some(order) = app.node.store().order(stream.raffle, key.order).await? else { return Ok(false) };
    if order.price_minor != notice.amount_minor && matches!(notice.payment, Payment::Paid { .. }) {
        warn!(raffle.id = %key.raffle, order = %key.order, "a provider reports another amount than was asked for; a person must look");
        return Ok(false);
    }
    Ok(true)
}
