//! What handlers take from a request. Every failure is a problem document with a code of the table.
//!
//! actix asks all extractors of a handler at once and answers with the first error that is ready. Who may
//! not call at all must hear that first, and have it on record, so [`crate::auth::Staff`] shuts a [`Gate`]
//! behind which the others wait. It stands first in a signature for that reason.
//!
//! The names differ from actix's on purpose: utoipa reads `Path` and `Query` off a signature and would
//! document types it cannot see. Handlers say `params(...)` and `request_body = ...` themselves.

use super::error::ApiError;
use super::strict::Strict;
use crate::edge::deadline::Watch;
use crate::state::App;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use drumroll_engine::id::{CommandKey, OrderKey};
use drumroll_engine::journal::Cause;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// The longest a client may take to send a body.
const BODY_PATIENCE: Duration = Duration::from_secs(15);

/// The application, as handlers find it.
///
/// # Errors
/// It was not mounted, which only a wrongly built server can do.
pub fn app(request: &HttpRequest) -> Result<&App, ApiError> {
    let app = request.app_data::<web::Data<App>>().map(|app| app.get_ref());
    app.ok_or_else(|| ApiError::new("internal", "The application is not mounted."))
}

/// Shut while it is not known whether the caller may call.
#[derive(Clone, Default)]
pub struct Gate(Rc<(Cell<bool>, Notify)>);

impl Gate {
    /// Shuts a gate for the extractors after this one.
    pub fn shut(request: &HttpRequest) -> Self {
        let gate = Self::default();
        request.extensions_mut().insert(gate.clone());
        gate
    }

    /// Lets the others go on. One that is never opened keeps them until the request is answered.
    pub fn open(&self) {
        self.0.0.set(true);
        self.0.1.notify_waiters();
    }

    async fn passed(self) {
        let opened = self.0.1.notified();
        if !self.0.0.get() {
            opened.await;
        }
    }

    /// Gives `result` once the gate, if there is one, is open.
    fn behind<T: 'static>(
        request: &HttpRequest,
        result: impl Future<Output = Result<T, ApiError>> + 'static,
    ) -> LocalBoxFuture<'static, Result<T, ApiError>> {
        let gate = request.extensions().get::<Self>().cloned();
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.passed().await;
            }
            result.await
        })
    }
}

/// A JSON body of at most [`crate::state::Limits::body_bytes`]. Its type refuses unknown fields itself.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T> Body<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = app(request).map(|app| app.limits.body_bytes);
        let checked = limit.and_then(|limit| json_announced(request, limit).map(|()| limit));
        let payload = payload.take();
        let watch = Watch::of(request);
        Gate::behind(request, async move {
            let limit = checked?;
            let _standing = watch.map(Watch::stand);
            let read = tokio::time::timeout(BODY_PATIENCE, read(payload, limit));
            let bytes = read.await.map_err(|_| ApiError::new("bad_request", "The body did not arrive in time."))??;
            parse(&bytes).map(Self)
        })
    }
}

/// Says no from the headers alone, before a byte of the body is read.
fn json_announced(request: &HttpRequest, limit: usize) -> Result<(), ApiError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new("unsupported_media_type", "Send the body as application/json."));
    }
    let length = header(actix_web::http::header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) { Err(too_large(limit)) } else { Ok(()) }
}

async fn read(mut payload: Payload, limit: usize) -> Result<web::BytesMut, ApiError> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new("bad_request", "The body broke off."))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new("body_too_large", format!("A body may have {limit} bytes."))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // JSON is UTF-8 (RFC 8259 §8.1); otherwise the first unknown field would hide what is wrong.
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::new("malformed_json", "The body is not UTF-8."))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let at = |error: serde_path_to_error::Error<serde_json::Error>| {
        let path = error.path().to_string();
        json_error(&path, error.inner())
    };
    let value = serde_path_to_error::deserialize(&mut json).map_err(at)?;
    json.end().map_err(|error| json_error("", &error))?;
    // It fits. Whether no list stands for an object is a second question, which a document that knows its
    // members' names alone can answer; the first has refused what is named twice.
    let document = serde_json::from_str(text).map_err(|error| json_error("", &error))?;
    serde_path_to_error::deserialize::<_, T>(Strict(document)).map_err(at)?;
    Ok(value)
}

fn json_error(path: &str, error: &serde_json::Error) -> ApiError {
    if error.is_data() {
        // serde appends the position, which helps nobody who has the field's name.
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or_default();
        ApiError::field(if path == "." { "" } else { path }, message)
    } else {
        let (line, column) = (error.line(), error.column());
        ApiError::new("malformed_json", format!("The body is not JSON: line {line}, column {column}."))
    }
}

/// The client's key of a command or an order, made before the first byte was sent (I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub [u8; 16]);

impl IdempotencyKey {
    /// As the key of an order.
    pub const fn order(self) -> OrderKey {
        OrderKey(self.0)
    }

    /// As the cause of a command's events.
    pub const fn command(self) -> Cause {
        Cause::Command(CommandKey(self.0))
    }
}

/// Name of the header.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.headers().get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok());
        // All zeros mean "none" in the journal and are no key.
        let key = text.and_then(|text| text.parse::<OrderKey>().ok()).filter(|key| *key != OrderKey::NIL);
        let missing = "Send an Idempotency-Key header: a UUID made before the first attempt and kept for every repeat.";
        let key = key.map(|key| Self(key.0)).ok_or_else(|| ApiError::new("idempotency_key_missing", missing));
        Gate::behind(request, ready(key))
    }
}

/// Parts of the path. One that cannot be read names nothing, so the answer is `not_found`.
#[derive(Clone, Debug)]
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for PathOf<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parts = web::Path::<T>::from_request(request, payload).into_inner();
        let parts = parts.map(|parts| Self(parts.into_inner())).map_err(|_| ApiError::not_found());
        Gate::behind(request, ready(parts))
    }
}

/// The query string. Its type refuses unknown fields itself.
#[derive(Clone, Debug)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for QueryOf<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = web::Query::<T>::from_query(request.query_string());
        let query = query.map(|query| Self(query.into_inner())).map_err(|error| {
            let message = match &error {
                actix_web::error::QueryPayloadError::Deserialize(error) => error.to_string(),
                _ => "The query cannot be read.".to_owned(),
            };
            ApiError::field("query", &message)
        });
        Gate::behind(request, ready(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[serde(rename = "quantity")]
        _quantity: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(rename = "lines")]
        _lines: Vec<Line>,
    }

    fn refusal(body: &str) -> (String, String) {
        let error = parse::<Order>(body.as_bytes()).unwrap_err();
        (error.code.to_owned(), error.errors.first().map(|error| error.field.clone()).unwrap_or_default())
    }

    #[test]
    fn a_body_that_does_not_fit_says_where() {
        assert!(parse::<Order>(br#"{"lines":[{"quantity":1}]}"#).is_ok());
        let wrong = |field: &str| ("validation_failed".to_owned(), field.to_owned());
        let broken = ("malformed_json".to_owned(), String::new());
        assert_eq!(refusal(r#"{"lines":[{"quantity":1},{"quantity":-1}]}"#), wrong("lines[1].quantity"));
        assert_eq!(refusal(r#"{"lines":[{"quantity":99999999999}]}"#), wrong("lines[0].quantity"));
        assert_eq!(refusal(r#"{"lines":[],"extra":1}"#), wrong("extra"));
        assert_eq!(refusal(r#"{"lines":[],"lines":[]}"#), wrong(""));
        // A list does not stand for an object, at the top or within.
        assert_eq!(refusal(r#"[]"#), wrong(""));
        assert_eq!(refusal(r#"[[]]"#), wrong(""));
        assert_eq!(refusal(r#"{"lines":[[1]]}"#), wrong("lines[0]"));
        assert_eq!(refusal(r#"{"lines":["#), broken);
        assert_eq!(refusal(r#"{"lines":[]} x"#), broken);
        assert_eq!(refusal(""), broken);
    }
}
