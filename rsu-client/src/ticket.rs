//! The bearer ticket as printed (T-01): the eight items of GLI-31 §2.3.1, each on lines of its own, so
//! that nothing can be drawn over them.

use std::fmt;

use drumroll_engine::hex;
use drumroll_engine::ticket::NumberRange;
use drumroll_protocol::Terms;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::raffle::SoldTicket;

/// Characters on one line of the paper.
pub const WIDTH: usize = 42;

/// A ticket ready for the printer. Its `Display` is the paper, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedTicket {
    lines: Vec<String>,
}

impl PrintedTicket {
    /// Sets the ticket of one sale. `copy` is 1 for the original, more for reprints (T-13); `label` is
    /// the name of the sales unit.
    pub fn new(terms: &Terms, label: &str, ticket: &SoldTicket, copy: u32) -> Self {
        let (event, sale) = (&terms.event, &ticket.sale);
        let mut paper = Self { lines: Vec::new() };
        paper.marks(terms.test, copy);
        paper.centred(&event.organisation_name);
        paper.centred(&event.name);
        paper.centred(&format!("Event {} - {}", event.event_number, event.location));
        if let Some(licence) = &event.licence {
            paper.centred(&format!("Licence {licence}"));
        }
        paper.rule();
        for line in &sale.lines {
            let package = terms.packages.iter().find(|package| package.id == line.package);
            let label = package.map_or("package no longer listed", |package| package.label.as_str());
            paper.text(&format!("{} x {label}", line.quantity));
        }
        paper.pair("Total", &money(sale.price_minor, sale.currency.as_str()));
        paper.rule();
        let count: u64 = sale.ranges.iter().map(NumberRange::count).sum();
        paper.text(if count == 1 { "Your number" } else { "Your numbers" });
        for range in &sale.ranges {
            if range.count() == 1 {
                paper.text(&format!("  {}", range.first()));
            } else {
                paper.text(&format!("  {} to {}  ({} numbers)", range.first(), range.last(), range.count()));
            }
        }
        paper.pair("Validation", &sale.validation_number.to_string());
        paper.rule();
        paper.pair("Issued", &local_time(ticket.sold_at_us, &event.time_zone));
        paper.pair("Sales unit", label);
        if let Some(plan) = &terms.plan_hash {
            paper.text("Draw plan");
            let digits = hex::encode(&plan.0);
            paper.text(&format!("  {}", &digits[..32]));
            paper.text(&format!("  {}", &digits[32..]));
        }
        if !terms.ticket_lines.is_empty() {
            paper.rule();
            for line in &terms.ticket_lines {
                paper.text(line);
            }
        }
        paper.marks(terms.test, copy);
        paper
    }

    /// The watermark of test events (L-08) and reprints, at both ends so that no tear removes it.
    fn marks(&mut self, test: bool, copy: u32) {
        if test {
            self.centred("*** TEST - NOT A VALID TICKET ***");
        }
        if copy > 1 {
            self.centred(&format!("*** REPRINT {} ***", copy - 1));
        }
    }

    fn rule(&mut self) {
        self.lines.push("-".repeat(WIDTH));
    }

    /// Whole words on as many lines as they need; a word longer than a line is broken, never cut.
    fn text(&mut self, text: &str) {
        let indent = " ".repeat(text.len() - text.trim_start().len());
        let mut line = String::new();
        for word in text.split_whitespace() {
            let mut word: Vec<char> = printable(word).chars().collect();
            if !line.is_empty() && line.chars().count() + 1 + word.len() > WIDTH {
                self.lines.push(std::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { &indent } else { " " });
            while line.chars().count() + word.len() > WIDTH {
                let room = WIDTH - line.chars().count();
                line.extend(word.drain(..room));
                self.lines.push(std::mem::take(&mut line));
            }
            line.extend(word);
        }
        self.lines.push(line);
    }

    fn centred(&mut self, text: &str) {
        let first = self.lines.len();
        self.text(text);
        for line in &mut self.lines[first..] {
            let pad = (WIDTH - line.chars().count()) / 2;
            line.insert_str(0, &" ".repeat(pad));
        }
    }

    fn pair(&mut self, name: &str, value: &str) {
        let gap = WIDTH.saturating_sub(name.chars().count() + value.chars().count());
        if gap == 0 {
            self.text(name);
            self.text(&format!("  {value}"));
        } else {
            self.lines.push(format!("{name}{}{}", " ".repeat(gap), printable(value)));
        }
    }
}

/// Control characters would steer the printer.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

impl fmt::Display for PrintedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `CAD 10.00`. Most currencies count in hundredths; those that do not are named here.
fn money(minor: u64, currency: &str) -> String {
    match currency {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" | "XPF" | "PYG" | "UGX" | "RWF" => {
            format!("{currency} {minor}")
        }
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => {
            format!("{currency} {}.{:03}", minor / 1_000, minor % 1_000)
        }
        _ => format!("{currency} {}.{:02}", minor / 100, minor % 100),
    }
}

/// Date and 24-hour time at the venue (T-01). With an unknown zone: UTC, and it says so.
fn local_time(at_us: u64, zone: &str) -> String {
    let instant =
        i64::try_from(at_us).ok().and_then(|us| Timestamp::from_microsecond(us).ok()).unwrap_or(Timestamp::MIN);
    match TimeZone::get(zone) {
        Ok(zone) => instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => instant.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t01_the_time_is_that_of_the_venue_in_24_hours() {
        // 2026-10-18 19:05 and 2026-11-20 01:30 UTC, before and after the end of daylight saving time.
        assert_eq!(local_time(1_792_350_300_000_000, "America/Toronto"), "2026-10-18 15:05");
        assert_eq!(local_time(1_795_138_200_000_000, "America/Toronto"), "2026-11-19 20:30");
        assert_eq!(local_time(1_792_350_300_000_000, "Mars/Olympus"), "2026-10-18 19:05 UTC");
    }

    #[test]
    fn i05_money_has_as_many_decimals_as_its_currency() {
        assert_eq!(money(100_005, "CAD"), "CAD 1000.05");
        assert_eq!(money(500, "JPY"), "JPY 500");
        assert_eq!(money(1_005, "KWD"), "KWD 1.005");
    }

    #[test]
    fn long_words_are_broken_and_control_characters_do_not_reach_the_printer() {
        let mut paper = PrintedTicket { lines: Vec::new() };
        paper.text(&"x".repeat(100));
        paper.text("a\u{1b}@b");
        assert_eq!(paper.lines.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [42, 42, 16, 4]);
        assert_eq!(paper.lines[3], "a?@b");
    }
}
