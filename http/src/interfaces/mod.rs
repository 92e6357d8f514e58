//! The two web interfaces, out of the binary: the admin at `/admin/`, the public site at `/`.
//!
//! Files with a hash in their name never change; the pages themselves are asked for each time. Every
//! address of an interface that is not a file is its index, for its own router, and the index of the
//! public site carries the event's figures as plain text for readers without JavaScript.

mod page;

use crate::api::error::ApiError;
use crate::api::extract::app;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderValue, IF_NONE_MATCH, LOCATION, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use drumroll_engine::hash::sha256;
use drumroll_engine::hex;
use std::collections::HashMap;
use std::sync::LazyLock;

struct File {
    path: &'static str,
    bytes: &'static [u8],
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/interfaces.rs"));

/// One interface's files by their path, with their entity tags.
struct Interface {
    files: HashMap<&'static str, (&'static File, String)>,
}

impl Interface {
    fn new(files: &'static [File]) -> Self {
        let tagged =
            |file: &'static File| (file.path, (file, format!("\"{}\"", hex::encode(&sha256(file.bytes)[..12]))));
        Self { files: files.iter().map(tagged).collect() }
    }

    fn index(&self) -> Option<&'static str> {
        let (file, _) = self.files.get("index.html")?;
        std::str::from_utf8(file.bytes).ok()
    }
}

static ADMIN_UI: LazyLock<Interface> = LazyLock::new(|| Interface::new(ADMIN));
static PUBLIC_UI: LazyLock<Interface> = LazyLock::new(|| Interface::new(PUBLIC));

/// A year: the name changes with the content.
const FOREVER: &str = "public, max-age=31536000, immutable";
const EACH_TIME: &str = "no-cache";

/// Mounts the admin. The public site is [`public`], the server's default, since it lives at the root.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route(
            "/admin",
            web::get().to(async || HttpResponse::PermanentRedirect().insert_header((LOCATION, "/admin/")).finish()),
        )
        .route("/admin/{path:.*}", web::get().to(admin));
}

async fn admin(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    admin_page(&request, &path)
}

fn admin_page(request: &HttpRequest, path: &str) -> HttpResponse {
    if let Some(answer) = file(&ADMIN_UI, path, request) {
        return answer;
    }
    match ADMIN_UI.index() {
        Some(index) => html(index.to_owned()),
        None => not_built("The admin interface"),
    }
}

/// Everything that no other route takes: the public site's files, and its pages.
pub async fn public(request: HttpRequest) -> HttpResponse {
    let path = request.path().trim_start_matches('/');
    let reserved = |start: &str| path == start || path.strip_prefix(start).is_some_and(|rest| rest.starts_with('/'));
    // A mistyped address of a machine's interface is no page.
    if ["api", "ws", "health", "metrics"].into_iter().any(reserved) {
        return HttpResponse::from_error(ApiError::not_found());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return HttpResponse::from_error(ApiError::new("method_not_allowed", "This address takes GET."));
    }
    // HEAD comes here; the route above takes GET alone.
    if let Some(path) = path.strip_prefix("admin/") {
        return admin_page(&request, path);
    }
    if let Some(answer) = file(&PUBLIC_UI, path, &request) {
        return answer;
    }
    // A file that is not there is not a page: scripts must not receive HTML.
    if path.starts_with("assets/") {
        return HttpResponse::from_error(ApiError::not_found());
    }
    let Some(index) = PUBLIC_UI.index() else { return not_built("The public site") };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let ["events", id] = parts.as_slice() else { return html(bare(index)) };
    let Ok(app) = app(&request) else { return html(bare(index)) };
    match page::event(app, id).await {
        page::Found::Event(event) => html(page::fill(index, &event)),
        page::Found::Nothing => {
            let mut answer = html(bare(index));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
        // The page itself still works: it asks again on its own.
        page::Found::NoAnswer => html(bare(index)),
    }
}

/// The index without the places that only an event fills: inside a title they would be read as text.
fn bare(index: &str) -> String {
    let mut parts = index.split("<!--drumroll:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once("-->").map_or(part, |(_, rest)| rest));
    }
    text
}

fn file(interface: &Interface, path: &str, request: &HttpRequest) -> Option<HttpResponse> {
    if path.is_empty() || path == "index.html" {
        return None;
    }
    let (file, tag) = interface.files.get(path)?;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, if path.starts_with("assets/") { FOREVER } else { EACH_TIME }));
    answer.insert_header((VARY, "Accept-Encoding"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.insert_header((ETAG, tag));
    }
    if header(IF_NONE_MATCH).split(',').any(|known| known.trim() == tag) {
        return Some(answer.status(StatusCode::NOT_MODIFIED).finish());
    }
    answer.content_type(kind(path));
    let takes_gzip =
        header(ACCEPT_ENCODING).split(',').any(|one| one.split(';').next().is_some_and(|name| name.trim() == "gzip"));
    Some(match file.gzip.filter(|_| takes_gzip) {
        Some(gzip) => answer.insert_header((CONTENT_ENCODING, "gzip")).body(gzip),
        None => answer.body(file.bytes),
    })
}

/// The types that the builds have; anything else is bytes.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn html(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header((CACHE_CONTROL, EACH_TIME)).body(text)
}

fn not_built(what: &str) -> HttpResponse {
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Interface not built</title>\
         <h1>Interface not built</h1><p>{what} was not built into this program. Run <code>make run</code>, or build \
         it with npm and compile the server again. The API is at <a href=\"/api/docs\">/api/docs</a>.</p></html>"
    );
    HttpResponse::ServiceUnavailable().content_type("text/html; charset=utf-8").body(text)
}

/// Whether both interfaces are in this binary.
pub fn built() -> bool {
    ADMIN_UI.index().is_some() && PUBLIC_UI.index().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_no_event_shows_no_places() {
        let index = "<title><!--drumroll:title-->Drumroll</title><div><!--drumroll:ssr--></div><!-- kept -->";
        assert_eq!(bare(index), "<title>Drumroll</title><div></div><!-- kept -->");
        assert_eq!(bare("<p>nothing to fill</p>"), "<p>nothing to fill</p>");
    }

    #[test]
    fn the_public_index_has_places_for_an_event_and_none_without() {
        // A build without the interface has no index at all.
        let Some(index) = PUBLIC_UI.index() else { return };
        assert!(index.contains("<!--drumroll:"), "the public index lost its places");
        assert!(!bare(index).contains("drumroll:"));
    }
}
