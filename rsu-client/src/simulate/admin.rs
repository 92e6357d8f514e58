//! The administrator's part of a simulation: registers and enables devices over the REST API.

use std::time::Duration;

use drumroll_engine::hash::Hasher;
use drumroll_engine::id::{CommandKey, DeviceId};
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::enrol::Problem;

/// How long a server that cannot be reached, or is busy, is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the preparation failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The server cannot be reached.
    #[error("the server cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    /// The server said no.
    #[error("{call}: the server refused: {code} ({status})")]
    Refused {
        /// What was asked.
        call: String,
        /// HTTP status.
        status: u16,
        /// The stable code of the problem.
        code: String,
    },
    /// The answer is not one.
    #[error("{call}: the server's answer is not understood")]
    Answer {
        /// What was asked.
        call: String,
    },
}

/// A logged-in administrator.
pub(super) struct Admin {
    http: Client,
    server: String,
    token: String,
}

/// A device that was registered, with its one-time code.
#[derive(Deserialize)]
pub(super) struct Registered {
    pub(super) device: RegisteredDevice,
    pub(super) enrolment_code: String,
}

/// The part of a device that is needed here; the answer has more.
#[derive(Deserialize)]
pub(super) struct RegisteredDevice {
    pub(super) id: DeviceId,
}

impl Admin {
    pub(super) async fn login(http: Client, server: &str, login: &str, password: &str) -> Result<Self, AdminError> {
        #[derive(Deserialize)]
        struct Session {
            access_token: String,
        }
        let mut admin = Self { http, server: server.trim_end_matches('/').to_owned(), token: String::new() };
        let body = json!({ "login": login, "password": password });
        let session: Session = admin.call(Method::POST, "/auth/login", Some(&body), None).await?;
        admin.token = session.access_token;
        Ok(admin)
    }

    /// Registers a device. The key follows from label and run, so a repeat registers nothing twice.
    pub(super) async fn register(&self, label: &str, run: [u8; 16]) -> Result<Registered, AdminError> {
        let hash = Hasher::new("drumroll/simulate-register/1").bytes(&run).bytes(label.as_bytes()).finish();
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        // A UUID of version 8: made by a rule of our own.
        key[6] = key[6] & 0x0f | 0x80;
        key[8] = key[8] & 0x3f | 0x80;
        self.call(Method::POST, "/devices", Some(&json!({ "label": label })), Some(CommandKey(key))).await
    }

    pub(super) async fn enable(&self, device: DeviceId) -> Result<(), AdminError> {
        let _: Value = self.call(Method::POST, &format!("/devices/{device}/enable"), None, None).await?;
        Ok(())
    }

    /// One call, repeated while the server is away or busy.
    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<CommandKey>,
    ) -> Result<T, AdminError> {
        let give_up_at = Instant::now() + PATIENCE;
        loop {
            let result = self.once(method.clone(), path, body, key).await;
            let passes = match &result {
                Err(AdminError::Unreachable(_)) => true,
                Err(AdminError::Refused { status, .. }) => matches!(*status, 429 | 502 | 503 | 504),
                _ => false,
            };
            if !passes || Instant::now() >= give_up_at {
                return result;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn once<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<CommandKey>,
    ) -> Result<T, AdminError> {
        let call = format!("{method} {path}");
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.server));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key.to_string());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status: StatusCode = response.status();
        let bytes = response.bytes().await?;
        if !status.is_success() {
            let code = serde_json::from_slice::<Problem>(&bytes).map_or_else(|_| "unknown".into(), |p| p.code);
            return Err(AdminError::Refused { call, status: status.as_u16(), code });
        }
        serde_json::from_slice(&bytes).map_err(|_| AdminError::Answer { call })
    }
}
