//! A request's id, its line in the access log, its figures, and its error as a problem document.
//!
//! The log names method, route, status, time, request and account. Never a body, a query, a token, a
//! login, an address or anything of a buyer.

use super::headers;
use crate::api::error::ApiError;
use crate::auth::Caller;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError, web};
use futures_util::FutureExt;
use metrics::{counter, histogram};
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::{Instrument, debug, error, info, info_span};
use uuid::Uuid;

/// The id of a request: the client's if it is a UUID, a new one otherwise.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Whether answers travel over TLS, for the headers.
#[derive(Clone, Copy, Debug)]
pub struct Tls(pub bool);

/// The middleware, the outermost of all.
///
/// # Errors
/// None: every failure is an answer by now.
pub async fn trace(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = given.and_then(|text| Uuid::try_parse(text).ok()).unwrap_or_else(Uuid::new_v4);
    request.extensions_mut().insert(RequestId(id));
    let tls = request.app_data::<web::Data<Tls>>().is_some_and(|tls| tls.0);
    let line = Line::begin(&request, id, began);
    let span = info_span!("request", id = %id);
    // A handler that panics costs its caller an answer, not the connection of everybody behind a proxy.
    let called = AssertUnwindSafe(next.call(request)).catch_unwind().instrument(span).await;
    let mut response = match called {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => {
            let problem = problem_of(&error, error.as_response_error().status_code());
            return Err(line.without_request(problem, tls));
        }
        Err(_) => {
            counter!("drumroll_http_panics_total").increment(1);
            error!(request.id = %id, "a handler panicked");
            let problem = ApiError::new("internal", "Something broke here. The operator is told.");
            return Err(line.without_request(problem, tls));
        }
    };
    if let Some(error) = response.response().error() {
        let error = problem_of(error, response.status());
        response = render(response, &error, id);
    }
    let answer = response.response_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    headers::secure(answer.headers_mut(), tls);
    let caller = response.request().extensions().get::<Caller>().copied();
    line.end(response.status(), caller);
    Ok(response)
}

/// Errors that are not ours by birth, such as those of the framework itself, get a code of the table.
fn problem_of(error: &Error, status: StatusCode) -> ApiError {
    if let Some(error) = error.as_error::<ApiError>() {
        return error.clone();
    }
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::new("method_not_allowed", "This address takes other methods."),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new("body_too_large", "The body is too large."),
        status if status.is_client_error() => ApiError::new("bad_request", "The request cannot be read."),
        _ => ApiError::new("internal", "Something broke here. The operator is told."),
    }
}

/// The problem document with the request's id; headers that the error brought along stay.
fn render(mut response: ServiceResponse<BoxBody>, error: &ApiError, id: Uuid) -> ServiceResponse<BoxBody> {
    let body = serde_json::to_vec(&error.problem(Some(id.to_string()))).unwrap_or_default();
    let status = error.status_code();
    *response.response_mut().status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.map_body(|_, _| BoxBody::new(body))
}

/// An answer where no request is left to answer to: a handler that panicked or took too long has it, and
/// holding another hand on it would keep the router from its work.
#[derive(Debug)]
struct Orphan {
    problem: ApiError,
    id: Uuid,
    tls: bool,
}

impl std::fmt::Display for Orphan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for Orphan {
    fn status_code(&self) -> StatusCode {
        self.problem.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json").insert_header((REQUEST_ID, self.id.to_string()));
        if let Some(seconds) = self.problem.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        let mut response = response.json(self.problem.problem(Some(self.id.to_string())));
        headers::secure(response.headers_mut(), self.tls);
        response
    }
}

/// What the access log and the figures say of a request.
struct Line {
    id: Uuid,
    method: Method,
    /// The pattern, never the path: a path holds validation numbers and order keys.
    route: Option<String>,
    quiet: bool,
    began: Instant,
}

impl Line {
    fn begin(request: &ServiceRequest, id: Uuid, began: Instant) -> Self {
        let path = request.path();
        let route = request.match_pattern().filter(|pattern| pattern != crate::api::PREFIX);
        let quiet = path.starts_with("/health") || path == "/metrics" || route.is_none();
        Self { id, method: request.method().clone(), route, quiet, began }
    }

    fn without_request(self, problem: ApiError, tls: bool) -> Error {
        let orphan = Orphan { problem, id: self.id, tls };
        self.end(orphan.status_code(), None);
        orphan.into()
    }

    fn end(self, status: StatusCode, caller: Option<Caller>) {
        let Self { id, method, route, quiet, began } = self;
        let (took, status) = (began.elapsed(), status.as_u16());
        let route = route.unwrap_or_else(|| "other".to_owned());
        let user = caller.map(|caller| caller.0.to_string()).unwrap_or_default();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if quiet && status < 500 {
            debug!(request.id = %id, %method, route, status, ms, "answered");
        } else {
            info!(request.id = %id, %method, route, status, ms, user.id = user, "answered");
        }
        let labels = [("method", method.as_str().to_owned()), ("route", route), ("status", status.to_string())];
        histogram!("drumroll_http_seconds", &labels).record(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::{App, test};

    #[actix_web::test]
    async fn a_handler_that_panics_costs_its_caller_an_answer_and_nobody_else_anything() {
        let handler = async |request: actix_web::HttpRequest| {
            assert!(!request.query_string().contains("panic"), "injected by a test");
            "well"
        };
        let app = test::init_service(App::new().wrap(from_fn(trace)).route("/", web::get().to(handler))).await;
        for _ in 0..3 {
            let call = test::TestRequest::get().uri("/?panic").to_request();
            let error = test::try_call_service(&app, call).await.expect_err("there is no request to answer to");
            let answer = error.error_response();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let header =
                |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            assert!(Uuid::try_parse(header("x-request-id")).is_ok() && header("x-frame-options") == "DENY");
            assert_eq!(header("content-type"), "application/problem+json");
            let well = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
            assert_eq!(well.status(), StatusCode::OK);
        }
    }
}
