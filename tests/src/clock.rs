//! A machine whose clock is ahead, for programs that must live through an hour while their test lasts a moment.
//!
//! The program stays as it is. A library of a few lines stands between it and the system's clock: the time of day is
//! later, the clocks that only measure (timeouts, pauses) are the machine's own. It is made with the C compiler that
//! every build of this repository links with.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long ahead_s;

__attribute__((constructor)) static void read_ahead(void) {
    const char *text = getenv("CLOCK_AHEAD_S");
    ahead_s = text ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += ahead_s;
    return failed;
}
"#;

/// Makes the library in a folder.
///
/// # Errors
/// Why it cannot be had here.
pub fn library(folder: &Path) -> Result<PathBuf, String> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, SOURCE).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).output();
    let made = made.map_err(|error| format!("there is no C compiler: {error}"))?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(library)
}

/// Lets a command live so many seconds ahead of this machine.
pub fn ahead(command: &mut Command, library: &Path, seconds: u64) {
    command.env("LD_PRELOAD", library).env("CLOCK_AHEAD_S", seconds.to_string());
}
