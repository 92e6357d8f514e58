//! The OpenAPI document, made from the handlers that are mounted, and a page to read it.

use super::error::{CODES, Problem};
use super::{Endpoints, PREFIX, endpoints};
use crate::auth::permission;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use std::sync::LazyLock;
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths};
use utoipa::{PartialSchema, Path, ToSchema};

/// What each part of the API is for, in the order of the document.
const TAGS: &[(&str, &str)] = &[
    ("auth", "Logging in and out, passwords, tickets for sockets."),
    ("raffles", "What the public sees and buys."),
    ("tickets", "Selling at a counter or from an integrated system, looking up, voiding."),
    ("admin", "Events: creating, configuring, opening, closing, reconciling."),
    ("draw", "Sealing, drawing, publishing."),
    ("devices", "Handhelds: registering, enrolling, enabling."),
    ("reports", "Figures and the log of significant events."),
    ("organisation", "Accounts and venues."),
];

#[derive(Default)]
struct Collector {
    paths: Paths,
    schemas: Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>,
    routes: Vec<(Method, String)>,
}

impl Endpoints for Collector {
    fn add<E>(&mut self, _: E)
    where
        E: HttpServiceFactory + Path + SchemaReferences + for<'t> Tags<'t> + 'static,
    {
        let path = format!("{PREFIX}{}", E::path());
        let mut operation = E::operation();
        operation.tags.get_or_insert_default().extend(E::tags().iter().map(ToString::to_string));
        let methods = E::methods();
        self.routes.extend(methods.iter().filter_map(|method| Some((actix_method(method)?, path.clone()))));
        self.paths.add_path_operation(&path, methods, operation);
        E::schemas(&mut self.schemas);
    }
}

fn actix_method(method: &HttpMethod) -> Option<Method> {
    Some(match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Patch => Method::PATCH,
        _ => return None,
    })
}

static COLLECTED: LazyLock<(Value, Vec<(Method, String)>)> = LazyLock::new(|| {
    let mut collector = Collector::default();
    endpoints(&mut collector);
    let Collector { paths, mut schemas, routes } = collector;
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    Problem::schemas(&mut schemas);
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("staff", SecurityScheme::Http(bearer))
        .build();
    let info = InfoBuilder::new()
        .title("Drumroll")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(utoipa::openapi::License::new("Apache-2.0")))
        .build();
    let document = OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build();
    (finish(&document), routes)
});

const DESCRIPTION: &str = "An open electronic raffle system. Money is in integers of the currency's minor \
     unit, times are milliseconds since 1970 UTC, hashes are lowercase hex. Every error is a problem document \
     (RFC 9457) whose `code` is stable. Commands that create something take an `Idempotency-Key` header, a UUID \
     made before the first attempt: a repeat under the same key gives the same answer and nothing twice. No answer \
     takes longer than the server's deadline: beyond it a command is answered 503 `outcome_unknown` and a question \
     503 `busy`, with `Retry-After`.";

/// What holds for every operation is said once, here, instead of at every handler.
fn finish(document: &OpenApi) -> Value {
    let mut json = serde_json::to_value(document).unwrap_or_default();
    // utoipa writes 3.2; nothing of it is used, and generators read 3.1.
    json["openapi"] = json!("3.1.0");
    json["tags"] = TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect();
    let problem = json!({
        "description": "Refused or failed; `code` says why.",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let operations = json["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in operations.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        let Some(operation) = operation.as_object_mut() else { continue };
        operation.entry("security").or_insert_with(|| json!([]));
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            responses.entry("default").or_insert_with(|| problem.clone());
        }
    }
    let codes =
        CODES.iter().map(|(code, status)| ((*code).to_owned(), json!(status))).collect::<serde_json::Map<_, _>>();
    json["components"]["schemas"]["Problem"]["properties"]["code"]["x-codes"] = Value::Object(codes);
    let permissions = permission::ALL.iter().map(|(name, roles)| {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        ((*name).to_owned(), json!(roles))
    });
    json["components"]["securitySchemes"]["staff"]["x-permissions"] = Value::Object(permissions.collect());
    json
}

/// The document.
pub fn document() -> &'static Value {
    &COLLECTED.0
}

/// The document as it is kept and served.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(document()).unwrap_or_default();
    text.push('\n');
    text
}

/// Every mounted route.
pub fn routes() -> &'static [(Method, String)] {
    &COLLECTED.1
}

/// The methods that an address takes; none for an address that is not there.
pub fn methods_of(path: &str) -> Vec<Method> {
    let fits = |pattern: &str| {
        let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') && !given.is_empty() => {}
                _ => return false,
            }
        }
    };
    routes().iter().filter(|(_, pattern)| fits(pattern)).map(|(method, _)| method.clone()).collect()
}

/// Mounts the document.
pub fn configure(config: &mut web::ServiceConfig) {
    config.route(
        "/openapi.json",
        web::get().to(async || HttpResponse::Ok().content_type("application/json").body(text())),
    );
}

/// Mounts the page, which asks for the document and needs nothing from elsewhere.
pub fn configure_docs(config: &mut web::ServiceConfig) {
    let file = |kind: &'static str, text: &'static str| {
        web::get().to(move || async move { HttpResponse::Ok().content_type(kind).body(text) })
    };
    config
        .route("/api/docs", file("text/html; charset=utf-8", include_str!("docs/index.html")))
        .route("/api/docs.js", file("text/javascript; charset=utf-8", include_str!("docs/docs.js")))
        .route("/api/docs.css", file("text/css; charset=utf-8", include_str!("docs/docs.css")));
}
