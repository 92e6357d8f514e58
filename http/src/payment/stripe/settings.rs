//! Where Stripe is, its keys, and how much at once.

use crate::auth::Secret;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Settings of the section `stripe`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StripeSettings {
    /// Its address; another one for a stand-in.
    pub base_url: String,
    /// The secret key, `sk_…` or a restricted one, `rk_…`. With `sk_test_` no real money moves.
    pub secret_key: Option<String>,
    /// The file it is in instead.
    pub secret_key_file: Option<PathBuf>,
    /// The secret of the webhook's endpoint, `whsec_…`.
    pub webhook_secret: Option<String>,
    /// The file it is in instead.
    pub webhook_secret_file: Option<PathBuf>,
    /// Milliseconds a buyer is kept waiting, and the longest one call may take.
    pub deadline_ms: u64,
    /// Charges under way at once; who comes beyond is refused before anything is held.
    pub charges_max: usize,
}

impl Default for StripeSettings {
    fn default() -> Self {
        Self {
            base_url: "https://api.stripe.com".to_owned(),
            secret_key: None,
            secret_key_file: None,
            webhook_secret: None,
            webhook_secret_file: None,
            deadline_ms: 10_000,
            charges_max: 64,
        }
    }
}

/// No key stands in it.
impl std::fmt::Debug for StripeSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeSettings").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// What Stripe and the server know of each other and nobody else.
#[derive(Clone, Debug)]
pub struct Keys {
    pub(super) secret_key: Secret,
    pub(super) webhook_secret: Secret,
}

impl Keys {
    /// Whether no real money moves.
    pub(super) fn is_test(&self) -> bool {
        ["sk_test_", "rk_test_"].iter().any(|start| self.secret_key.expose().starts_with(start))
    }
}

/// Whether an address is this very machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let host = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or_default()
    } else {
        host.split(':').next().unwrap_or_default()
    };
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

impl StripeSettings {
    /// What is wrong with them: the key and a sentence. Asked only where Stripe takes the money.
    pub fn wrong(&self) -> Option<(&'static str, &'static str)> {
        // The secret key goes with every call.
        if !self.base_url.starts_with("https://") && !is_loopback(&self.base_url) {
            return Some(("stripe.base_url", "it starts with https://, but on this very machine"));
        }
        if self.base_url.contains(['?', '#', '@', ' ']) {
            return Some(("stripe.base_url", "it is an address without anything else"));
        }
        if self.secret_key.is_some() == self.secret_key_file.is_some() {
            return Some(("stripe.secret_key", "give secret_key or secret_key_file"));
        }
        if self.webhook_secret.is_some() == self.webhook_secret_file.is_some() {
            return Some(("stripe.webhook_secret", "give webhook_secret or webhook_secret_file"));
        }
        if !(100..=60_000).contains(&self.deadline_ms) {
            return Some(("stripe.deadline_ms", "it is between 100 and 60000"));
        }
        if !(1..=10_000).contains(&self.charges_max) {
            return Some(("stripe.charges_max", "it is between 1 and 10000"));
        }
        None
    }

    /// The keys, from where the settings say.
    ///
    /// # Errors
    /// The setting that is wrong, and a sentence without the key.
    pub fn keys(&self) -> Result<Keys, (&'static str, String)> {
        let wrong = |key: &'static str, problem: &str| (key, problem.to_owned());
        let secret_key = read(self.secret_key.as_ref(), self.secret_key_file.as_deref())
            .map_err(|error| wrong("stripe.secret_key_file", &error))?;
        let prefixes = ["sk_test_", "rk_test_", "sk_live_", "rk_live_"];
        if !prefixes.iter().any(|start| secret_key.expose().starts_with(start)) {
            return Err(wrong("stripe.secret_key", "it starts with sk_ or rk_, then live_ or test_"));
        }
        if !secret_key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("stripe.secret_key", "it is one word"));
        }
        let webhook_secret = read(self.webhook_secret.as_ref(), self.webhook_secret_file.as_deref())
            .map_err(|error| wrong("stripe.webhook_secret_file", &error))?;
        if webhook_secret.expose().len() < 16 {
            return Err(wrong("stripe.webhook_secret", "it has at least 16 characters"));
        }
        Ok(Keys { secret_key, webhook_secret })
    }
}

fn read(given: Option<&String>, file: Option<&Path>) -> Result<Secret, String> {
    match (given, file) {
        (Some(text), _) => Ok(Secret::new(text.trim().to_owned())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
            Ok(Secret::new(text.trim().to_owned()))
        }
        (None, None) => Err("it is missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_file_or_setting_and_print_as_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "rk_live_abc\n").unwrap();
        let settings = StripeSettings {
            secret_key_file: Some(file),
            webhook_secret: Some("whsec_0123456789".to_owned()),
            ..StripeSettings::default()
        };
        assert_eq!(settings.wrong(), None);
        let keys = settings.keys().unwrap();
        assert_eq!(keys.secret_key.expose(), "rk_live_abc");
        assert!(!keys.is_test());
        for text in [format!("{settings:?}"), format!("{keys:?}")] {
            assert!(!text.contains("abc") && !text.contains("whsec"), "{text}");
        }
        let test = StripeSettings { secret_key: Some("sk_test_abc".to_owned()), secret_key_file: None, ..settings };
        assert!(test.keys().unwrap().is_test());
    }

    #[test]
    fn what_cannot_be_right_is_refused_by_name() {
        let good = StripeSettings {
            secret_key: Some("sk_test_abc".to_owned()),
            webhook_secret: Some("whsec_0123456789".to_owned()),
            ..StripeSettings::default()
        };
        let wrong = |settings: StripeSettings| settings.wrong().map(|(key, _)| key);
        assert_eq!(wrong(good.clone()), None);
        for base in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:2/x", "https://pay.example.org"] {
            assert_eq!(wrong(StripeSettings { base_url: base.to_owned(), ..good.clone() }), None, "{base}");
        }
        for base in ["http://pay.example.org", "http://127.0.0.1.example.org", "ftp://x", "https://a@b", ""] {
            let refused = wrong(StripeSettings { base_url: base.to_owned(), ..good.clone() });
            assert_eq!(refused, Some("stripe.base_url"), "{base}");
        }
        assert_eq!(wrong(StripeSettings::default()), Some("stripe.secret_key"));
        let keyless = StripeSettings { webhook_secret: None, ..good.clone() };
        assert_eq!(wrong(keyless), Some("stripe.webhook_secret"));
        assert_eq!(wrong(StripeSettings { deadline_ms: 99, ..good.clone() }), Some("stripe.deadline_ms"));
        assert_eq!(wrong(StripeSettings { charges_max: 0, ..good.clone() }), Some("stripe.charges_max"));
        for key in ["pk_test_abc", "", "sk_test_a b"] {
            let settings = StripeSettings { secret_key: Some(key.to_owned()), ..good.clone() };
            assert_eq!(settings.keys().err().map(|(key, _)| key), Some("stripe.secret_key"), "{key}");
        }
        let missing = StripeSettings { secret_key: None, secret_key_file: Some("/nowhere".into()), ..good };
        assert_eq!(missing.keys().err().map(|(key, _)| key), Some("stripe.secret_key_file"));
    }
}
