//! Figures of benchmarks: one `name value unit` a line in `target/bench/figures.txt`. A bench that ran replaces
//! its own lines and leaves those of others.

use crate::programs;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What one bench found.
#[derive(Debug, Default)]
pub struct Figures(BTreeMap<String, (f64, String)>);

impl Figures {
    /// Keeps a figure and says it.
    pub fn note(&mut self, name: &str, value: f64, unit: &str) {
        println!("{name:<44} {value:>12.2} {unit}");
        self.0.insert(name.to_owned(), (value, unit.to_owned()));
    }

    /// Writes them beside those of other benches.
    ///
    /// # Panics
    /// The file cannot be written.
    pub fn save(self) {
        let path = path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut all = read();
        all.extend(self.0);
        let lines: Vec<String> =
            all.iter().map(|(name, (value, unit))| format!("{name} {value:.3} {unit}\n")).collect();
        std::fs::write(path, lines.concat()).unwrap();
    }
}

fn path() -> PathBuf {
    programs::root().join("target/bench/figures.txt")
}

fn read() -> BTreeMap<String, (f64, String)> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ' ');
        let (name, value, unit) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        Some((name.to_owned(), (value, unit.to_owned())))
    });
    lines.collect()
}

/// The middle of some measurements; the mean of two would be a value nobody measured.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 0.5)
}

/// A percentile of sorted measurements.
pub fn percentile(sorted: &[f64], of: f64) -> f64 {
    let index = ((sorted.len() as f64 - 1.0) * of).round();
    sorted.get(index as usize).copied().unwrap_or(f64::NAN)
}
