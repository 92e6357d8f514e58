//! Is asked by another server.

use super::{PATH, Secrets};
use actix_web::dev::ServerHandle;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use drumroll_actors::node::Node;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of a call: a batch of orders, or a handheld's upload, with room to spare.
const BODY_MAX: usize = 8 * 1024 * 1024;

struct Token(Zeroizing<String>);

/// The address where other servers ask this one.
pub struct Listener {
    handle: ServerHandle,
}

/// Takes the address, before anybody is told of it.
///
/// # Errors
/// It cannot be listened on.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Listener {
    /// Starts to answer.
    ///
    /// # Errors
    /// The address was lost in between.
    pub fn start(node: Node, secrets: &Secrets, address: TcpListener) -> std::io::Result<Self> {
        let (node, token) = (web::Data::new(node), web::Data::new(Token(secrets.token.clone())));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(node.clone())
                .app_data(token.clone())
                .app_data(web::PayloadConfig::new(BODY_MAX))
                .route(PATH, web::post().to(execute))
        })
        .workers(1)
        .keep_alive(Duration::from_secs(75))
        .client_request_timeout(Duration::from_secs(5))
        .max_connections(1_024)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(address)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { handle })
    }

    /// Stops answering.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn execute(
    request: HttpRequest,
    node: web::Data<Node>,
    token: web::Data<Token>,
    body: web::Bytes,
) -> HttpResponse {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(token.0.as_bytes())) {
        metrics::counter!("drumroll_cluster_refused_total").increment(1);
        return HttpResponse::Unauthorized().finish();
    }
    match node.answer_peer(&body).await {
        Some(answer) => HttpResponse::Ok().content_type("application/json").body(answer),
        None => HttpResponse::BadRequest().finish(),
    }
}
