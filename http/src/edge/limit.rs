//! Rate limits per client address for what strangers may call. A node's protection against floods is its
//! bounded queues; these keep one address from using all of them, and from guessing.

use super::address;
use crate::api::error::ApiError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use metrics::counter;
use serde::Deserialize;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// Calls a minute per address, half of them at once; 0 means no limit. Behind one address may stand a
/// whole arena's network, so these are wide: what protects an account is its lockout.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Logins, refreshes and other calls with a password.
    pub login: u32,
    /// Online purchases.
    pub purchase: u32,
    /// Looking tickets up by their validation number.
    pub validate: u32,
    /// Enrolling handhelds.
    pub enrol: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { login: 120, purchase: 600, validate: 600, enrol: 600 }
    }
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Login,
    Purchase,
    Validate,
    Enrol,
}

impl Class {
    fn of(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix(crate::api::PREFIX)?;
        match (method, path) {
            (&Method::POST, "/auth/login" | "/auth/refresh" | "/auth/logout" | "/auth/password") => Some(Self::Login),
            (&Method::POST, "/devices/enrol") => Some(Self::Enrol),
            (&Method::POST, _) if path.starts_with("/raffles/") && path.ends_with("/purchase") => Some(Self::Purchase),
            (&Method::GET, _) if path.starts_with("/tickets/") && path.ends_with("/validate") => Some(Self::Validate),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Purchase => "purchase",
            Self::Validate => "validate",
            Self::Enrol => "enrol",
        }
    }
}

/// The limits of this node, shared by all its threads.
pub struct Limiter {
    classes: [Option<DefaultKeyedRateLimiter<IpAddr>>; 4],
    trusted: Vec<IpAddr>,
    asked: AtomicU32,
    clock: DefaultClock,
}

/// Addresses that were quiet are forgotten every so many calls, which bounds the memory.
const SWEEP_EVERY: u32 = 4_096;

impl Limiter {
    /// Limits by `rates`; `trusted` proxies may say whom they speak for.
    pub fn new(rates: Rates, trusted: Vec<IpAddr>) -> Self {
        let limiter = |per_minute: u32| {
            let burst = NonZeroU32::new(per_minute.div_ceil(2))?;
            Some(RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(per_minute)?).allow_burst(burst)))
        };
        let classes = [limiter(rates.login), limiter(rates.purchase), limiter(rates.validate), limiter(rates.enrol)];
        Self { classes, trusted, asked: AtomicU32::new(0), clock: DefaultClock::default() }
    }

    fn check(&self, class: Class, address: IpAddr) -> Result<(), ApiError> {
        let Some(limiter) = &self.classes[class as usize] else { return Ok(()) };
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(&address::bucket(address)).map_err(|not_until| {
            counter!("drumroll_rate_limited_total", "class" => class.name()).increment(1);
            let seconds = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            let error = ApiError::new("too_many_requests", "Too many requests from this address. Wait a moment.");
            ApiError { retry_after: Some(seconds), ..error }
        })
    }
}

/// The middleware.
///
/// # Errors
/// None of its own: a refusal is an answer.
pub async fn limit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(class) = Class::of(request.method(), request.path())
        && let Some(limiter) = request.app_data::<web::Data<Limiter>>()
        && let Err(error) = limiter.check(class, address::client(request.request(), &limiter.trusted))
    {
        return Ok(request.error_response(error));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_no_more() {
        let limiter = Limiter::new(Rates { login: 10, validate: 0, ..Rates::default() }, Vec::new());
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..5 {
            assert!(limiter.check(Class::Login, one).is_ok());
        }
        let refusal = limiter.check(Class::Login, one).unwrap_err();
        assert_eq!(refusal.code, "too_many_requests");
        assert!(refusal.retry_after.is_some_and(|seconds| (1..=10).contains(&seconds)));
        assert!(limiter.check(Class::Login, two).is_ok());
        for _ in 0..5_000 {
            assert!(limiter.check(Class::Validate, one).is_ok());
        }
    }

    #[test]
    fn what_strangers_call_is_counted() {
        let class = |method, path| Class::of(&method, path);
        assert_eq!(class(Method::POST, "/api/v1/auth/login"), Some(Class::Login));
        assert_eq!(class(Method::POST, "/api/v1/raffles/x/purchase"), Some(Class::Purchase));
        assert_eq!(class(Method::GET, "/api/v1/tickets/x/validate"), Some(Class::Validate));
        assert_eq!(class(Method::POST, "/api/v1/devices/enrol"), Some(Class::Enrol));
        assert_eq!(class(Method::GET, "/api/v1/raffles"), None);
        assert_eq!(class(Method::POST, "/elsewhere/auth/login"), None);
    }
}
