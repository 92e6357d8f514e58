//! The OpenAPI document as it is kept beside the code, from which the interfaces make their clients.

use crate::gate::{Operation, Server};
use actix_web::http::Method;
use actix_web::test::TestRequest;
use drumroll_http::api::openapi;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn openapi_is_as_kept() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, openapi::text()).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    let hint = "UPDATE_OPENAPI=1 cargo test -p drumroll-http openapi";
    assert!(stored == openapi::text(), "http/openapi.json is not what the handlers say; if this is meant: {hint}");
}

#[test]
fn openapi_hangs_together() {
    let document = openapi::document();
    assert_eq!(document["openapi"], "3.1.0");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is named and not described");
    }
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    let mut ids = BTreeSet::new();
    for operation in Operation::all() {
        assert!(ids.insert(operation.id.clone()), "{} is there twice", operation.id);
        let method = operation.method.as_str().to_lowercase();
        let described = &document["paths"][&operation.path][&method];
        assert!(described["summary"].is_string(), "{} has no summary", operation.id);
        for tag in described["tags"].as_array().unwrap().iter().filter_map(Value::as_str) {
            assert!(tags.contains(tag), "{}: the tag {tag} is not described", operation.id);
        }
        let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: BTreeSet<&str> =
            parameters.iter().filter(|one| one["in"] == "path").filter_map(|one| one["name"].as_str()).collect();
        let braced = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path, braced.collect(), "{}", operation.id);
    }
    assert!(ids.len() >= 45, "{}", ids.len());
}

#[actix_web::test]
async fn openapi_is_served_with_a_page_to_read_it() {
    let server = Server::start().await;
    let served = server.call("", Method::GET, "/openapi.json", None).await;
    assert_eq!((served.status, served.text()), (200, openapi::text()));
    for (path, kind) in [("/api/docs", "text/html"), ("/api/docs.js", "text/javascript"), ("/api/docs.css", "text/css")]
    {
        let page = server.raw(TestRequest::get().uri(path)).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with(kind), "{path}");
        assert!(!page.text().contains("https://"), "{path} needs nothing from elsewhere");
    }
}
