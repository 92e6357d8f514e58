//! REST calls.

use crate::chance::Chance;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body; null when there is none or it is no JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
    /// Its type.
    pub content_type: String,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

impl Reply {
    /// The body, when the status is `status`.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The body, when the status is one of these.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn expect_one_of(self, statuses: &[u16]) -> Value {
        assert!(statuses.contains(&self.status), "{} is not among {statuses:?}: {}", self.status, self.text);
        self.body
    }

    /// Checks that this is a refusal with a stable code, well-formed as RFC 9457 asks.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        assert!(self.content_type.starts_with("application/problem+json"), "{}", self.content_type);
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("urn:drumroll:problem:{code}"));
        assert!(
            self.body["title"].is_string() && self.body["detail"].is_string() && self.body["request_id"].is_string()
        );
    }

    /// The stable code of a refusal; empty for an answer.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Somebody who calls the server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Arc<Mutex<Option<String>>>,
}

impl Client {
    /// A stranger.
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Self { http, base: base.to_owned(), token: Arc::default() }
    }

    /// The same person with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Arc::new(Mutex::new(Some(token.to_owned()))), ..self.clone() }
    }

    /// The same person at another server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Gives up after this time.
    #[must_use]
    pub fn impatient(&self, after: Duration) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().timeout(after).build().unwrap(), ..self.clone() }
    }

    /// Logs in, for good.
    pub async fn login(base: &str, login: &str, password: &str) -> Self {
        let client = Self::new(base);
        let session = client.post("/auth/login", &json!({"login": login, "password": password})).await.expect(200);
        client.with_token(session["access_token"].as_str().unwrap())
    }

    /// The access token.
    pub fn token(&self) -> Option<String> {
        self.token.lock().unwrap().clone()
    }

    /// One call with whatever headers and body.
    ///
    /// # Errors
    /// Nothing came back.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Reply, reqwest::Error> {
        let path = if path.starts_with("/health") || path.starts_with("/metrics") {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = self.token() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (content_type, retry_after) = (header("content-type").unwrap_or_default(), header("retry-after"));
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Reply { status, body, text, content_type, retry_after })
    }

    /// One call with a JSON body and a key.
    ///
    /// # Errors
    /// Nothing came back.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Reply, reqwest::Error> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.raw(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Reads; `None` when nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<Reply> {
        self.try_call(Method::GET, path, None, None).await.ok()
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Reply {
        self.try_call(Method::GET, path, None, None).await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Commands, without a key.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.try_call(Method::POST, path, None, Some(body)).await.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Commands, without a body.
    pub async fn act(&self, path: &str) -> Reply {
        self.try_call(Method::POST, path, None, None).await.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Commands, under a key.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Reply {
        let reply = self.try_call(Method::POST, path, Some(key), Some(body)).await;
        reply.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Replaces.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.try_call(Method::PUT, path, None, Some(body)).await.unwrap_or_else(|error| panic!("PUT {path}: {error}"))
    }

    /// Commands under a key until there is a definite answer: what every client does, whatever happens to the server.
    /// Answers how often it asked, too.
    pub async fn insist(&self, path: &str, key: &str, body: &Value) -> (Reply, u32) {
        let began = std::time::Instant::now();
        for asked in 1.. {
            if let Ok(reply) = self.try_call(Method::POST, path, Some(key), Some(body)).await
                && !matches!(reply.status, 429 | 500 | 502 | 503 | 504)
            {
                return (reply, asked);
            }
            assert!(began.elapsed() < Duration::from_secs(90), "POST {path} got no definite answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        unreachable!("the loop ends by its answer")
    }
}

/// A key as a client makes it before the first byte is sent.
pub fn new_key() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mixed = crate::now_ms() << 20 ^ u64::from(std::process::id()) << 44 ^ COUNT.fetch_add(1, Ordering::Relaxed);
    Chance::new(mixed).key()
}
