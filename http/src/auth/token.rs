//! Access tokens: JWT, HS256 under the node's key, one hour. They name the account and the session;
//! role and rights are looked up, so a change of them needs no new token.

use crate::api::error::ApiError;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::time::{Span, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const ISSUER: &str = "drumroll";

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The account.
    pub user: UserId,
    /// Its organisation.
    pub organisation: OrganisationId,
    /// The family of refresh tokens it came with.
    pub family: UserId,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    iss: String,
    sub: UserId,
    org: OrganisationId,
    sid: UserId,
    iat: u64,
    exp: u64,
}

/// Makes and reads access tokens.
pub struct Tokens {
    sign: EncodingKey,
    read: DecodingKey,
    lifetime: Span,
}

impl Tokens {
    /// Tokens under `key`, good for `lifetime`.
    pub fn new(key: &Zeroizing<[u8; 32]>, lifetime: Span) -> Self {
        Self {
            sign: EncodingKey::from_secret(key.as_slice()),
            read: DecodingKey::from_secret(key.as_slice()),
            lifetime,
        }
    }

    /// Seconds a token is good for.
    pub const fn lifetime_s(&self) -> u64 {
        self.lifetime.0 / 1_000_000
    }

    /// A token.
    ///
    /// # Errors
    /// `internal`.
    pub fn make(&self, claims: Claims, now: Timestamp) -> Result<String, ApiError> {
        let wire = Wire {
            iss: ISSUER.to_owned(),
            sub: claims.user,
            org: claims.organisation,
            sid: claims.family,
            iat: now.as_millis() / 1_000,
            exp: (now + self.lifetime).as_millis() / 1_000,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &wire, &self.sign);
        token.map_err(|_| ApiError::new("internal", "A token could not be made."))
    }

    /// What a token says, if it is ours and in date by the node's clock.
    ///
    /// # Errors
    /// `token_invalid`, `token_expired`.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Claims, ApiError> {
        let invalid = || ApiError::new("token_invalid", "The access token is not one of this server's. Log in again.");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["iss", "sub", "exp"]);
        // Time is judged below, by the node's clock, which tests can move.
        validation.validate_exp = false;
        let wire = jsonwebtoken::decode::<Wire>(token, &self.read, &validation).map_err(|_| invalid())?.claims;
        if now.as_millis() / 1_000 >= wire.exp {
            return Err(ApiError::new("token_expired", "The access token has run out. Refresh it."));
        }
        Ok(Claims { user: wire.sub, organisation: wire.org, family: wire.sid })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn tokens(key: u8) -> Tokens {
        Tokens::new(&Zeroizing::new([key; 32]), Span::seconds(3_600))
    }

    fn claims() -> Claims {
        Claims { user: UserId([1; 16]), organisation: OrganisationId([2; 16]), family: UserId([3; 16]) }
    }

    #[test]
    fn a_token_reads_back_until_it_runs_out() {
        let token = tokens(7).make(claims(), NOW).unwrap();
        assert_eq!(tokens(7).read(&token, NOW).unwrap(), claims());
        assert_eq!(tokens(7).read(&token, NOW + Span::seconds(3_599)).unwrap(), claims());
        assert_eq!(tokens(7).read(&token, NOW + Span::seconds(3_600)).unwrap_err().code, "token_expired");
    }

    #[test]
    fn forged_tokens_are_refused() {
        let token = tokens(7).make(claims(), NOW).unwrap();
        let code = |token: &str| tokens(7).read(token, NOW).unwrap_err().code;
        assert_eq!(tokens(8).read(&token, NOW).unwrap_err().code, "token_invalid", "another key");
        // {"alg":"none","typ":"JWT"}
        let body = token.split('.').nth(1).unwrap();
        assert_eq!(code(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.")), "token_invalid");
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = parts[1].chars().rev().collect();
        assert_eq!(code(&parts.join(".")), "token_invalid", "another body");
        for wrong in ["", ".", "..", "a.b.c", "Bearer"] {
            assert_eq!(code(wrong), "token_invalid", "{wrong}");
        }
    }
}
