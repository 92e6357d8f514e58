//! Tells a balancer in front which of several servers runs a raffle, so that the next request for it goes there
//! at once. A request that comes elsewhere is answered all the same.

use crate::state::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use drumroll_engine::id::RaffleId;

const OWNER: HeaderName = HeaderName::from_static("x-drumroll-owner");

/// The raffle that a path names, wherever it stands.
fn raffle(path: &str) -> Option<RaffleId> {
    let mut parts = path.split('/');
    parts.find(|part| matches!(*part, "raffle" | "raffles"))?;
    parts.next()?.parse().ok()
}

/// Adds `X-Drumroll-Owner` to answers about a raffle, where there are several servers.
pub async fn owner<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let app = request.app_data::<web::Data<App>>().filter(|app| app.node.cluster().is_some()).cloned();
    let asked = app.and_then(|app| Some((app, raffle(request.path())?)));
    let mut response = next.call(request).await?;
    if let Some((app, raffle)) = asked
        && let Some(name) = app.node.owner(raffle)
        && let Ok(name) = HeaderValue::from_str(&name)
    {
        response.headers_mut().insert(OWNER, name);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_raffle() {
        let id = "0190a5b2-7c3d-7e4f-8a1b-2c3d4e5f6071";
        for path in [
            "/api/v1/raffles/{}/purchase",
            "/api/v1/admin/raffles/{}/close",
            "/api/v1/raffle/{}/tickets/generate",
            "/ws/public/raffles/{}",
        ] {
            assert_eq!(raffle(&path.replace("{}", id)), id.parse().ok(), "{path}");
        }
        for path in ["/api/v1/raffles", "/api/v1/tickets/generate", "/api/v1/raffles/x/purchase", "/"] {
            assert_eq!(raffle(path), None, "{path}");
        }
    }
}
