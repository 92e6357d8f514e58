//! An event's page as plain text inside the public site's index, readable without JavaScript and before
//! it has loaded. Made from the committed view, as everything public.

use crate::api::raffles::dto::RaffleView;
use crate::state::App;
use drumroll_engine::id::RaffleId;
use drumroll_engine::raffle::Status;
use std::fmt::Write;

const TITLE: &str = "<!--drumroll:title-->";
const PLACE: &str = "<!--drumroll:ssr-->";

/// What became of an event's address.
pub(super) enum Found {
    /// An event, and where it stands.
    Event(Box<(RaffleView, Status)>),
    /// There is no such event for the public.
    Nothing,
    /// The records did not answer.
    NoAnswer,
}

pub(super) async fn event(app: &App, id: &str) -> Found {
    let Ok(raffle) = id.parse::<RaffleId>() else { return Found::Nothing };
    let stream = match app.node.stream(raffle).await {
        Ok(Some(stream)) => stream,
        Ok(None) => return Found::Nothing,
        Err(_) => return Found::NoAnswer,
    };
    let Ok(feed) = app.node.feed(stream).await else { return Found::NoAnswer };
    let view = feed.view();
    if view.status == Status::Draft {
        return Found::Nothing;
    }
    Found::Event(Box::new((RaffleView::of(&view, &*app.payment, app.node.clock().now()), view.status)))
}

/// Puts an event into the index.
pub(super) fn fill(index: &str, event: &(RaffleView, Status)) -> String {
    let (view, status) = event;
    let title = format!("{} · ", escape(&view.summary.name));
    index.replacen(TITLE, &title, 1).replacen(PLACE, &body(view, *status), 1)
}

fn body(view: &RaffleView, status: Status) -> String {
    let summary = &view.summary;
    let money = |minor: u64| money(minor, &summary.currency);
    let mut html = String::with_capacity(1_024);
    let test = serde_json::to_value(summary.kind).is_ok_and(|kind| kind == "test");
    if test {
        html.push_str("<p>TEST EVENT. No money, no real draw.</p>");
    }
    let _ = write!(html, "<h1>{}</h1><p>{}", escape(&summary.name), escape(&summary.organisation_name));
    if !view.location.is_empty() {
        let _ = write!(html, " · {}", escape(&view.location));
    }
    let _ = write!(html, "</p><dl><dt>Jackpot</dt><dd><strong>{}</strong></dd>", money(summary.jackpot_minor));
    let _ = write!(html, "<dt>Status</dt><dd>{}</dd>", sentence(view, status));
    if let Some(closes_at_ms) = summary.closes_at_ms {
        let open = matches!(status, Status::Configured | Status::Selling | Status::Suspended);
        let label = if open { "Sales close" } else { "Sales closed" };
        let _ = write!(html, "<dt>{label}</dt><dd>{}</dd>", time(closes_at_ms, &summary.time_zone));
    }
    html.push_str("</dl>");
    for draw in &view.draws {
        let Some(winners) = &draw.winners else { continue };
        html.push_str(
            "<h2>Winning numbers</h2><table><thead><tr><th>Prize</th><th>Number</th><th>Value</th></tr></thead><tbody>",
        );
        for winner in winners {
            let (prize, number) = (escape(&winner.prize_name), thousands(winner.number));
            let _ = write!(html, "<tr><td>{prize}</td><td>{number}</td><td>{}</td></tr>", money(winner.value_minor));
        }
        html.push_str("</tbody></table>");
        let (id, number) = (summary.id, draw.draw_no);
        let _ = write!(
            html,
            "<p><a href=\"/api/v1/raffles/{id}/transcript?draw_no={number}\" download>Transcript of the draw</a></p>"
        );
    }
    if !view.packages.is_empty() && matches!(status, Status::Configured | Status::Selling | Status::Suspended) {
        html.push_str("<h2>Prices</h2><table><thead><tr><th>Numbers</th><th>Price</th></tr></thead><tbody>");
        for package in &view.packages {
            let _ = write!(
                html,
                "<tr><td>{}</td><td>{}</td></tr>",
                thousands(package.numbers.into()),
                money(package.price_minor)
            );
        }
        html.push_str("</tbody></table>");
    }
    html
}

fn sentence(view: &RaffleView, status: Status) -> String {
    let with_reason = |text: &str, reason: &Option<String>| match reason {
        Some(reason) => format!("{text} {}", escape(reason)),
        None => text.to_owned(),
    };
    match status {
        Status::Draft | Status::Configured => "Sales have not begun.".to_owned(),
        Status::Selling => "Tickets are on sale.".to_owned(),
        Status::Suspended => with_reason("Sales are paused.", &view.suspended_reason),
        Status::Closing | Status::Reconciling => "Sales are over. The counts are being checked.".to_owned(),
        Status::Reconciled if view.draws.iter().any(|draw| draw.winners.is_some()) => {
            "The winning numbers are out.".to_owned()
        }
        Status::Reconciled => "Sales are over. The draw is next.".to_owned(),
        Status::Finalized => "This event is over.".to_owned(),
        Status::Cancelled => with_reason("This event was cancelled. All tickets are void.", &view.cancelled_reason),
    }
}

/// Minor units as people write them.
fn money(minor: u64, currency: &str) -> String {
    let digits: u32 = match currency {
        "JPY" | "KRW" | "CLP" | "ISK" | "VND" | "XAF" | "XOF" | "XPF" | "PYG" | "UGX" => 0,
        "KWD" | "BHD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
        _ => 2,
    };
    let unit = 10u64.pow(digits);
    let mut text = thousands(minor / unit);
    if digits > 0 {
        let _ = write!(text, ".{:0width$}", minor % unit, width = digits as usize);
    }
    match currency {
        "CAD" | "USD" | "AUD" | "NZD" => format!("${text}"),
        "EUR" => format!("€{text}"),
        "GBP" => format!("£{text}"),
        other => format!("{} {text}", escape(other)),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An instant at the venue.
fn time(ms: u64, zone: &str) -> String {
    let instant = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let Some(instant) = instant else { return String::new() };
    let local = instant.in_tz(zone).or_else(|_| instant.in_tz("UTC"));
    let shown = local.map_or_else(|_| instant.to_string(), |local| local.strftime("%-d %B %Y, %H:%M %Z").to_string());
    format!("<time datetime=\"{instant}\">{}</time>", escape(&shown))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(money(123_456, "CAD"), "$1,234.56");
        assert_eq!(money(5, "EUR"), "€0.05");
        assert_eq!(money(1_500_000, "JPY"), "JPY 1,500,000");
        assert_eq!(money(1_234, "KWD"), "KWD 1.234");
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(1_500_000), "1,500,000");
    }

    #[test]
    fn times_are_the_venues() {
        assert_eq!(
            time(1_795_212_000_000, "America/Toronto"),
            "<time datetime=\"2026-11-20T22:00:00Z\">20 November 2026, 17:00 EST</time>"
        );
        assert!(time(1_795_212_000_000, "Nowhere/Else").contains("22:00 UTC"));
    }

    #[test]
    fn what_people_typed_stays_text() {
        assert_eq!(escape("<script>\"a\" & 'b'"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;");
    }
}
