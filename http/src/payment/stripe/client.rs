//! One call to Stripe: a form in, JSON out, within its time. Which endpoint is called, how long it took and how
//! it ended is counted; what was said is nobody's business.

use crate::auth::Secret;
use crate::payment::ProviderError;
use metrics::{counter, histogram};
use reqwest::header::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::time::{Duration, Instant};

/// The version of the API that the answers are read by.
const VERSION: &str = "2024-06-20";

/// Time to a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// A PaymentIntent, as far as it matters.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) last_payment_error: Option<IgnoredAny>,
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    status: Option<String>,
}

impl Refund {
    /// Whether the money went or will go.
    pub(super) fn stands(&self) -> bool {
        !matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
}

#[derive(Deserialize)]
#[serde(tag = "object", rename_all = "snake_case")]
enum Object {
    PaymentIntent(Intent),
    Refund(Refund),
    List { data: Vec<Refund> },
}

/// What Stripe said.
#[derive(Debug)]
pub(super) enum Answer {
    Intent(Intent),
    Refund(Refund),
    Refunds(Vec<Refund>),
    /// It refused or failed. `replayed`: it only repeats what it answered to the first request under the key.
    Failed {
        status: u16,
        replayed: bool,
    },
}

/// Calls to one account.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    key: Secret,
}

impl Client {
    pub(super) fn new(base: &str, key: Secret, deadline: Duration) -> Result<Self, reqwest::Error> {
        let headers = HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static("stripe-version"),
            HeaderValue::from_static(VERSION),
        )]);
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT.min(deadline))
            .timeout(deadline)
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(headers);
        // A stand-in on this machine is not behind anybody's proxy.
        let http = if super::settings::is_loopback(base) { http.no_proxy() } else { http };
        Ok(Self { http: http.build()?, base: base.trim_end_matches('/').to_owned(), key })
    }

    pub(super) async fn get(&self, call: &'static str, path: &str) -> Result<Answer, ProviderError> {
        self.send(call, self.http.get(format!("{}{path}", self.base))).await
    }

    pub(super) async fn post(
        &self,
        call: &'static str,
        path: &str,
        idempotency_key: &str,
        form: &[(&str, String)],
    ) -> Result<Answer, ProviderError> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.send(call, request.header("Idempotency-Key", idempotency_key).form(form)).await
    }

    async fn send(&self, call: &'static str, request: reqwest::RequestBuilder) -> Result<Answer, ProviderError> {
        let began = Instant::now();
        let answer = read(request.bearer_auth(self.key.expose()).send().await).await;
        let outcome = match &answer {
            Ok(Answer::Failed { status: 402, .. }) => "declined",
            Ok(Answer::Failed { status: 429, .. }) => "throttled",
            Ok(Answer::Failed { status: ..500, .. }) => "refused",
            Ok(Answer::Failed { .. }) => "failed",
            Ok(_) => "answered",
            Err(ProviderError::NotTaken) => "unreachable",
            Err(ProviderError::NoAnswer) => "silent",
        };
        histogram!("drumroll_payment_call_seconds", "call" => call).record(began.elapsed());
        counter!("drumroll_payment_calls_total", "call" => call, "outcome" => outcome).increment(1);
        answer
    }
}

async fn read(response: Result<reqwest::Response, reqwest::Error>) -> Result<Answer, ProviderError> {
    let mut response = response.map_err(|error| {
        // Without a connection nothing was sent; after that nobody knows.
        if error.is_connect() { ProviderError::NotTaken } else { ProviderError::NoAnswer }
    })?;
    let status = response.status();
    if !status.is_success() {
        let replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
        return Ok(Answer::Failed { status: status.as_u16(), replayed });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| ProviderError::NoAnswer)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(ProviderError::NoAnswer);
        }
        bytes.extend_from_slice(&chunk);
    }
    match serde_json::from_slice(&bytes) {
        Ok(Object::PaymentIntent(intent)) => Ok(Answer::Intent(intent)),
        Ok(Object::Refund(refund)) => Ok(Answer::Refund(refund)),
        Ok(Object::List { data }) => Ok(Answer::Refunds(data)),
        Err(_) => Err(ProviderError::NoAnswer),
    }
}
