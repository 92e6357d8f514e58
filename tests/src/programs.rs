//! The programs under test.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The program `name`: in `DRUMROLL_BIN_DIR`, else beside the tests.
pub fn program(name: &str) -> PathBuf {
    let beside = || {
        // Tests run from target/debug/deps, the programs are one floor up.
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().to_owned()
    };
    let folder = std::env::var_os("DRUMROLL_BIN_DIR").map_or_else(beside, PathBuf::from);
    let program = folder.join(name);
    assert!(
        program.exists(),
        "{} is not there: run cargo build -p drumroll-http -p drumroll-rsu-client, or name its folder in DRUMROLL_BIN_DIR",
        program.display()
    );
    program
}

/// A command without the settings of whoever runs the tests.
pub fn command(name: &str) -> Command {
    let mut command = Command::new(program(name));
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("DRUMROLL_") {
            command.env_remove(variable);
        }
    }
    // The names of a server's types fill pages.
    command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; -1 after a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Its output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs `drumroll` with arguments to its end.
pub fn drumroll(arguments: &[&str]) -> Said {
    run(command("drumroll").args(arguments))
}
