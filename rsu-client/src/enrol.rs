//! Enrolment over HTTP: the device's first word to the server, and the only one outside the socket.

use std::path::Path;
use std::time::Duration;

use drumroll_protocol::{EnrolRequest, EnrolResponse};
use serde::Deserialize;

use crate::identity::{Enrolment, IdentityError, prepare_key, save};

/// How long any HTTP call may take.
pub const HTTP_TIMEOUT: Duration = Duration::from_secs(15);

/// Why an enrolment failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The directory.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The server could not be asked, or its answer did not arrive. Repeating is safe.
    #[error("the server at {url} cannot be reached")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// The server said no.
    #[error("the server refused: {code} ({status})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The stable code of the problem.
        code: String,
    },
    /// The answer is not one.
    #[error("the server's answer is not understood")]
    Answer,
}

impl EnrolError {
    /// Whether the same call may succeed later.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Identity(_) | Self::Answer => false,
        }
    }
}

/// The part of an RFC 9457 problem that a program reads.
#[derive(Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: String,
}

/// An HTTP client with a deadline.
///
/// # Errors
/// No TLS provider is installed, which is a fault of the program.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().timeout(HTTP_TIMEOUT).build()
}

/// Makes a key in `dir`, enrols it with the administrator's one-time `code` and pins the server's
/// identity. After an unknown outcome the same call repeats with the same key.
///
/// # Errors
/// [`EnrolError`]
pub async fn enrol(http: &reqwest::Client, server: &str, code: &str, dir: &Path) -> Result<Enrolment, EnrolError> {
    let server = server.trim_end_matches('/');
    let key = prepare_key(dir)?;
    let request = EnrolRequest::new(code, &key);
    let unreachable = |source| EnrolError::Unreachable { url: server.to_owned(), source };
    let url = format!("{server}/api/v1/devices/enrol");
    let response = http.post(url).json(&request).send().await.map_err(unreachable)?;
    let status = response.status();
    let body = response.bytes().await.map_err(unreachable)?;
    if !status.is_success() {
        let code = serde_json::from_slice::<Problem>(&body).map_or_else(|_| "unknown".into(), |problem| problem.code);
        return Err(EnrolError::Refused { status: status.as_u16(), code });
    }
    let answer: EnrolResponse = serde_json::from_slice(&body).map_err(|_| EnrolError::Answer)?;
    let enrolment = Enrolment {
        device_id: answer.device_id,
        label: answer.label,
        organisation_name: answer.organisation_name,
        server_url: server.to_owned(),
        server_public_key: answer.server_public_key,
        public_key: request.public_key,
    };
    save(dir, &enrolment)?;
    Ok(enrolment)
}
