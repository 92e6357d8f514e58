//! The REST API. One folder per resource, one file per endpoint; errors in [`error`], what handlers take
//! from a request in [`extract`].
//!
//! How an endpoint is written:
//!
//! ```text
//! #[utoipa::path(tag = "devices", security(("staff" = ["manage_devices"])), params(("id" = Uuid, Path)),
//!     request_body = Reason, responses((status = 200, body = Device)))]
//! #[post("/devices/{id}/disable")]
//! pub async fn disable_device(staff: Staff<ManageDevices>, …) -> Result<Json<Device>, ApiError>
//! ```
//!
//! The path is relative to `/api/v1`; the name of the function is the operation's id; the scope of the
//! security requirement is the name of the permission in the signature, and a test compares the two by
//! asking. Each folder's `endpoints` adds its handlers, so that what is mounted and what is documented
//! are the same list.

pub mod admin;
pub mod auth;
pub mod devices;
pub mod draw;
pub mod error;
pub mod extract;
pub mod openapi;
pub mod raffles;
pub mod reports;
pub mod tickets;
pub mod users;
pub mod venues;

mod strict;

use self::error::ApiError;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::Path;

/// Where the API lives.
pub const PREFIX: &str = "/api/v1";

/// Takes endpoints: the server mounts them, the document describes them.
pub trait Endpoints {
    /// Takes one.
    fn add<E>(&mut self, endpoint: E)
    where
        E: HttpServiceFactory + Path + SchemaReferences + for<'t> Tags<'t> + 'static;
}

impl Endpoints for web::ServiceConfig {
    fn add<E>(&mut self, endpoint: E)
    where
        E: HttpServiceFactory + Path + SchemaReferences + for<'t> Tags<'t> + 'static,
    {
        self.service(endpoint);
    }
}

/// Every endpoint of the API.
pub fn endpoints(to: &mut impl Endpoints) {
    auth::endpoints(to);
    raffles::endpoints(to);
    tickets::endpoints(to);
    admin::endpoints(to);
    draw::endpoints(to);
    devices::endpoints(to);
    reports::endpoints(to);
    users::endpoints(to);
    venues::endpoints(to);
}

/// Mounts the API with its document.
pub fn configure(config: &mut web::ServiceConfig) {
    let scope = web::scope(PREFIX)
        .configure(|config| {
            endpoints(config);
            openapi::configure(config);
        })
        .default_service(web::to(nothing_here));
    config.service(scope);
}

/// 405 where the path exists under other methods, 404 elsewhere.
async fn nothing_here(request: HttpRequest) -> HttpResponse {
    let others = openapi::methods_of(request.path());
    if others.is_empty() {
        return HttpResponse::from_error(ApiError::not_found());
    }
    let allowed = others.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let mut response =
        HttpResponse::from_error(ApiError::new("method_not_allowed", format!("This address takes {allowed}.")));
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
