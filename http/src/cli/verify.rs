//! `drumroll verify`

use super::Failure;
use drumroll_engine::draw::{Grade, Options, PlanHash, Report, WitnessPublicKey, verify_json};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a draw's transcript (RDP-1), from published data alone
///
/// Recomputes the draw and says the first check that fails. Without --plan-hash the answer only means
/// that the transcript is in order, not that its plan is the one announced before sales: take the hash
/// from a ticket.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  accepted
  1  rejected; the code says why (E_FORMAT also for a file that is no transcript)
  2  the file cannot be read, or wrong usage")]
pub(super) struct Args {
    /// The transcript, JSON
    file: PathBuf,
    /// Hash of the plan as announced before sales, 64 hex digits
    #[arg(long, value_name = "H", value_parser = plan_hash)]
    plan_hash: Option<PlanHash>,
    /// Key of a cosigner who counts as independent, 64 hex digits; may be repeated
    #[arg(long, value_name = "KEY", value_parser = key)]
    trust_key: Vec<WitnessPublicKey>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

fn plan_hash(text: &str) -> Result<PlanHash, String> {
    PlanHash::from_hex(text).ok_or_else(|| "not 64 lowercase hex digits".to_owned())
}

fn key(text: &str) -> Result<WitnessPublicKey, String> {
    WitnessPublicKey::from_hex(text).ok_or_else(|| "not 64 lowercase hex digits".to_owned())
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let read = std::fs::read(&args.file);
    let bytes = read.map_err(|error| Failure::new(2, format!("{}: {error}", args.file.display())))?;
    let options = Options { expected_plan: args.plan_hash, trusted_keys: &args.trust_key, ..Options::default() };
    let report = verify_json(&bytes, &options);
    if args.json {
        println!("{}", as_json(&report));
    } else {
        print!("{}", as_text(&report));
    }
    Ok(ExitCode::from(u8::from(!report.ok)))
}

fn as_json(report: &Report) -> serde_json::Value {
    json!({
        "ok": report.ok,
        "code": report.code,
        "grade": report.grade,
        "plan_hash": report.plan_hash,
        "lock_hash": report.lock_hash,
        "seed": report.seed,
        "winners": report.winners,
    })
}

fn as_text(report: &Report) -> String {
    let mut lines = Vec::new();
    match (report.ok, &report.code) {
        (true, _) => lines.push("ACCEPTED: every check holds.".to_owned()),
        (false, code) => {
            let code = code.map(|code| code.to_string()).unwrap_or_default();
            lines.push(format!("REJECTED: {code} {}", report.detail).trim_end().to_owned());
        }
    }
    if report.ok {
        lines.push(if report.plan_pinned {
            "The plan is the one you named.".to_owned()
        } else {
            "Plan not pinned: compare the plan hash with the one announced before sales.".to_owned()
        });
    }
    let grade = report.grade.map(Grade::label);
    let hashes = [
        ("grade", grade.map(str::to_owned)),
        ("plan hash", report.plan_hash.map(|hash| hash.to_string())),
        ("lock hash", report.lock_hash.map(|hash| hash.to_string())),
        ("seed", report.seed.map(|seed| seed.to_string())),
        ("result", report.result_hash.map(|hash| hash.to_string())),
    ];
    lines.extend(hashes.into_iter().filter_map(|(name, value)| Some(format!("{name:<10} {}", value?))));
    for winner in &report.winners {
        let what = winner.prize_id.map_or_else(|| "reserve".to_owned(), |prize| format!("prize {prize}"));
        lines.push(format!("{what}, place {}: number {}", winner.position, winner.number));
    }
    if !report.unhashed.is_empty() {
        lines.push(format!("Not covered by any hash, so not vouched for: {}", report.unhashed.join(", ")));
    }
    for note in &report.evidence {
        lines.push(format!("evidence: {note:?}"));
    }
    lines.push(String::new());
    lines.join("\n")
}
