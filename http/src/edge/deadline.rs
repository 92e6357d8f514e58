//! One deadline for a whole request. Each stage on its way waits only so long, and their sum is more than a
//! caller should wait; beyond it there is an answer here, whatever the stages still wait for.
//!
//! The time that a client takes to send its body is its own and does not count; it has a bound where the
//! body is read. Sockets have none: they live as long as they are read.

use crate::api::PREFIX;
use crate::api::error::ApiError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use metrics::counter;
use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a request may take, its body aside.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Duration);

/// What works through a whole raffle takes as long as the raffle is big, and goes on where it was when it is
/// asked again; it is bounded all the same.
const LONG: Duration = Duration::from_secs(120);

impl Deadline {
    /// The time for a request; `None` for sockets, and for health and figures, which have bounds of their own.
    fn of(self, method: &Method, path: &str) -> Option<Duration> {
        if ["/ws/", "/health/"].iter().any(|start| path.starts_with(start)) || path == "/metrics" {
            return None;
        }
        let call = path.strip_prefix(PREFIX).unwrap_or_default();
        let long = match *method {
            Method::POST => matches!(call, "/draw/initiate" | "/draw/execute"),
            Method::GET => call == "/reports/sales" || call.ends_with("/transcript"),
            _ => false,
        };
        Some(if long { self.0.max(LONG) } else { self.0 })
    }
}

#[derive(Clone, Copy, Debug)]
enum Hand {
    Runs { until: Instant },
    Stands { left: Duration },
}

/// A request's watch: it runs while the server works, and stands while the client still sends.
#[derive(Clone, Debug)]
pub struct Watch(Rc<Cell<Hand>>);

/// Lets a [`Watch`] run on when it is dropped.
#[derive(Debug)]
pub struct Standing(Watch);

impl Watch {
    fn start(limit: Duration) -> Self {
        Self(Rc::new(Cell::new(Hand::Runs { until: Instant::now() + limit })))
    }

    /// The watch of a request, if it has a deadline.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Stops it for as long as the answer is kept.
    #[must_use]
    pub fn stand(self) -> Standing {
        if let Hand::Runs { until } = self.0.get() {
            self.0.set(Hand::Stands { left: until.saturating_duration_since(Instant::now()) });
        }
        Standing(self)
    }

    /// The earliest moment at which the time can be over.
    fn next_look(&self) -> Instant {
        match self.0.get() {
            Hand::Runs { until } => until,
            // It may run on at any moment; never a wait of nothing, or looking would be all it does.
            Hand::Stands { left } => Instant::now() + left.max(Duration::from_millis(10)),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.0.get(), Hand::Runs { until } if until <= Instant::now())
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if let Hand::Stands { left } = self.0.0.get() {
            self.0.0.set(Hand::Runs { until: Instant::now() + left });
        }
    }
}

/// The middleware.
///
/// # Errors
/// `outcome_unknown` for a command and `busy` for a question that took too long. What was under way is
/// dropped, as when the caller goes away; what is decided stays decided.
pub async fn deadline(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let limits = request.app_data::<web::Data<Deadline>>().map(|limits| ***limits);
    let Some(limit) = limits.and_then(|limits| limits.of(request.method(), request.path())) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let watch = Watch::start(limit);
    request.extensions_mut().insert(watch.clone());
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut call = pin!(next.call(request));
    loop {
        match timeout_at(watch.next_look(), &mut call).await {
            Ok(answer) => return answer.map(ServiceResponse::map_into_boxed_body),
            Err(_) if watch.is_over() => break,
            Err(_) => {}
        }
    }
    counter!("drumroll_http_late_total").increment(1);
    Err(late(asks).into())
}

fn late(asks: bool) -> ApiError {
    if asks {
        let error = ApiError::new("busy", "No answer in time. Nothing was changed; try again in a moment.");
        return ApiError { retry_after: Some(2), ..error };
    }
    ApiError::new(
        "outcome_unknown",
        "No answer in time, so the outcome is unknown. Ask again with the same key: nothing happens twice.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_works_through_a_whole_raffle_has_longer_and_sockets_have_no_end() {
        let deadline = Deadline(Duration::from_secs(8));
        let of = |method, path: &str| deadline.of(&method, path).map(|limit| limit.as_secs());
        assert_eq!(of(Method::POST, "/api/v1/tickets/generate"), Some(8));
        assert_eq!(of(Method::POST, "/api/v1/draw/execute"), Some(120));
        assert_eq!(of(Method::GET, "/api/v1/raffles/x/transcript"), Some(120));
        assert_eq!(of(Method::GET, "/api/v1/reports/sales"), Some(120));
        assert_eq!(of(Method::GET, "/elsewhere/reports/sales"), Some(8));
        assert_eq!(of(Method::GET, "/ws/operator"), None);
        assert_eq!(of(Method::GET, "/health/ready"), None);
        let patient = Deadline(Duration::from_secs(300));
        assert_eq!(patient.of(&Method::POST, "/api/v1/draw/execute"), Some(Duration::from_secs(300)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_a_client_takes_to_send_is_its_own() {
        let watch = Watch::start(Duration::from_secs(8));
        tokio::time::advance(Duration::from_secs(5)).await;
        let standing = watch.clone().stand();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(!watch.is_over());
        drop(standing);
        tokio::time::advance(Duration::from_millis(2_900)).await;
        assert!(!watch.is_over(), "three seconds were left");
        tokio::time::advance(Duration::from_millis(200)).await;
        assert!(watch.is_over());
    }
}
