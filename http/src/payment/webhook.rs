//! The provider calls us. Repeated, late and out-of-order calls are harmless; unsigned ones are nothing.

use super::settle::settle;
use super::{Notice, Payment, PaymentKey};
use crate::api::error::{ApiError, Problem};
use crate::state::App;
use actix_web::{HttpRequest, HttpResponse, post, web};
use drumroll_actors::store::StreamId;
use drumroll_engine::raffle::Rejection;
use metrics::counter;
use tracing::warn;

/// Carries the HMAC-SHA256 of the body under the built-in provider's secret, in lowercase hex.
pub const SIGNATURE: &str = "Drumroll-Signature";

/// Carries Stripe's signature: `t=` its time, `v1=` the HMAC-SHA256 in lowercase hex.
pub const STRIPE_SIGNATURE: &str = "Stripe-Signature";

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
    answer(&app, "simulated", &request, SIGNATURE, &body).await
}

/// Stripe reports what became of a payment. Only where the server is configured for it.
#[utoipa::path(
    tag = "raffles",
    params(("Stripe-Signature" = String, Header, description = "`t=` seconds since 1970, `v1=` HMAC-SHA256 of `t.body` in lowercase hex; at most 300 seconds old.")),
    request_body(content = String, content_type = "application/json", description = "Stripe's event."),
    responses(
        (status = 204, description = "Taken. Also for events that concern no order here, so that Stripe stops asking."),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "`webhook_signature_invalid`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, `outcome_unknown`, `store_unavailable`: send it again."),
    ),
)]
#[post("/payments/stripe/webhook")]
pub(crate) async fn stripe_webhook(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ApiError> {
    answer(&app, "stripe", &request, STRIPE_SIGNATURE, &body).await
}

async fn answer(
    app: &App,
    provider: &str,
    request: &HttpRequest,
    header: &str,
    body: &[u8],
) -> Result<HttpResponse, ApiError> {
    // Nothing is signed by a provider that takes nobody's money here.
    if app.payment.name() != provider {
        return Err(super::unsigned());
    }
    let signature = request.headers().get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let received = receive(app, body, signature).await;
    let code = received.as_ref().map_or_else(|error| error.code, |()| "taken");
    counter!("drumroll_webhooks_total", "answer" => code).increment(1);
    received?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a webhook, however it came.
///
/// # Errors
/// `webhook_signature_invalid`, `malformed_json`, or what may pass: then the provider sends it again.
pub async fn receive(app: &App, body: &[u8], signature: &str) -> Result<(), ApiError> {
    let Some(notice) = app.payment.read(body, signature, app.node.clock().now())? else { return Ok(()) };
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
