//! The server and its tools.

use std::process::ExitCode;

/// A sale makes and drops a few dozen small values on three threads; the system's allocator spends a fifth of
/// the time on them and keeps what a burst used.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    drumroll_http::cli::main()
}
