//! What a jurisdiction allows: data, not code. Frozen into a raffle at its opening.

use crate::money::PrizeRule;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// How winners may be chosen (D-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawMode {
    /// RDP-1.
    Electronic,
    /// A drum of counterfoils.
    Manual,
}

/// The rules of a jurisdiction, by name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in the catalogue.
    pub id: String,
    /// Raised with every change, so that a raffle says exactly which rules it ran under.
    pub version: u32,
    /// A licence number must be set before opening (L-01).
    pub licence_required: bool,
    /// Every percentage prize needs a cap (GLI-31 §2.2.1).
    pub cap_required: bool,
    /// Draw modes that may be chosen.
    pub electronic_draw: bool,
    /// Whether the public may buy online (GLI-31 §3.1.1: case by case).
    pub online_sales: bool,
    /// Whether the closing time may be moved later while selling.
    pub extension: bool,
    /// The least time between the close and the lock of a draw (Quebec asks for ten minutes).
    pub close_to_draw_min: Span,
    /// Lines every ticket must carry; opening is refused while the configuration lacks any (T-02).
    pub ticket_lines_min: u32,
}

impl Profile {
    /// The permissive profile of the demonstration and of tests: nothing beyond GLI-31 itself.
    pub fn default_profile() -> Self {
        Self {
            id: "default".to_owned(),
            version: 1,
            licence_required: false,
            cap_required: false,
            electronic_draw: true,
            online_sales: true,
            extension: true,
            close_to_draw_min: Span::seconds(0),
            ticket_lines_min: 0,
        }
    }

    /// Looks a profile up by name. Jurisdictions' own profiles join this catalogue with the issue that
    /// brings them.
    pub fn by_id(id: &str) -> Option<Self> {
        let mut strict = Self::default_profile();
        match id {
            "default" => Some(strict),
            "strict" => {
                "strict".clone_into(&mut strict.id);
                strict.licence_required = true;
                strict.cap_required = true;
                strict.extension = false;
                strict.ticket_lines_min = 1;
                Some(strict)
            }
            _ => None,
        }
    }

    /// Whether `rule` satisfies this profile.
    pub fn allows_prize(&self, rule: &PrizeRule) -> bool {
        !self.cap_required || !matches!(rule, PrizeRule::Percentage { cap_minor: None, .. })
    }
}
