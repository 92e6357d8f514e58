//! A machine whose clock is wrong, for programs that must live through an hour while their test lasts a moment, or
//! whose clock is set while they run.
//!
//! The program stays as it is. A library of a few lines stands between it and the system's clock: the time of day is
//! another, the clocks that only measure (timeouts, pauses) are the machine's own. By how much it is wrong stands in a
//! file that the program has in its memory, so moving the clock takes effect at once. The library is made with the C
//! compiler that every build of this repository links with.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile long *ahead_ms;

__attribute__((constructor)) static void find_hand(void) {
    int file = open(getenv("CLOCK_HAND"), O_RDONLY | O_CLOEXEC);
    ahead_ms = mmap(0, sizeof *ahead_ms, PROT_READ, MAP_SHARED, file, 0);
    if (ahead_ms == MAP_FAILED) abort();
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME && ahead_ms) {
        long ms = *ahead_ms;
        now->tv_sec += ms / 1000;
        now->tv_nsec += ms % 1000 * 1000000;
        if (now->tv_nsec < 0) now->tv_sec--, now->tv_nsec += 1000000000;
        if (now->tv_nsec >= 1000000000) now->tv_sec++, now->tv_nsec -= 1000000000;
    }
    return failed;
}
"#;

/// The hand of a clock that can be moved.
#[derive(Debug)]
pub struct Hand {
    library: PathBuf,
    path: PathBuf,
    file: File,
}

impl Hand {
    /// Makes a clock in a folder. It is right until it is moved.
    ///
    /// # Errors
    /// Why it cannot be had here.
    pub fn new(folder: &Path) -> Result<Self, String> {
        let (source, library, path) = (folder.join("clock.c"), folder.join("clock.so"), folder.join("clock.hand"));
        std::fs::write(&source, SOURCE).unwrap();
        let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).output();
        let made = made.map_err(|error| format!("there is no C compiler: {error}"))?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path).unwrap();
        let hand = Self { library, path, file };
        hand.put(0);
        Ok(hand)
    }

    /// Puts the clock so many milliseconds ahead of this machine's, or behind it, also for programs that run.
    pub fn put(&self, ahead_ms: i64) {
        self.file.write_all_at(&ahead_ms.to_ne_bytes(), 0).unwrap();
    }

    /// Lets a command live by this clock.
    pub fn rule(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("CLOCK_HAND", &self.path);
    }
}
