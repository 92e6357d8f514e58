//! The server and its tools.

use std::process::ExitCode;

fn main() -> ExitCode {
    drumroll_http::cli::main()
}
