//! The simulated handhelds: the program `rsu simulate` beside the server, real clients that know nothing
//! of it but its address. It ends with the server, and is started again when it dies, a bounded number of
//! times.

use super::{SELLERS_LOGIN, event};
use crate::auth::Secret;
use crate::config::Settings;
use crate::state::App;
use drumroll_actors::store::StreamId;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

/// Starts within one run; a simulator that keeps dying is a fault to look at, not to hide.
const STARTS_MAX: u32 = 6;

/// The pause before another start, times the number of the start.
const PAUSE: Duration = Duration::from_secs(3);

/// Within so long their end and ours are one.
const SAME_MOMENT: Duration = Duration::from_millis(500);

/// How long it may take to end when it is told to.
const PATIENCE: Duration = Duration::from_secs(12);

/// The program's name.
const PROGRAM: &str = if cfg!(windows) { "rsu.exe" } else { "rsu" };

/// Ends the program when the server's end of the pipe closes, also when the server was killed: otherwise
/// orphans would sell on, and meet the next start's. In a shell, since this crate calls no system
/// functions itself; it ignores the Ctrl-C that reaches everybody at the terminal.
const LEASH: &str = "trap '' INT; exec 3<&0; \"$@\" </dev/null 3<&- & child=$!; \
     { cat <&3 >/dev/null; kill -TERM \"$child\" 2>/dev/null; } & watch=$!; exec 3<&-; \
     wait \"$child\" 2>/dev/null; status=$?; kill \"$watch\" 2>/dev/null; exit \"$status\"";

struct Plan {
    program: PathBuf,
    arguments: Vec<String>,
    password: Secret,
    log: PathBuf,
}

/// The keeper of the simulated handhelds.
pub(super) struct Sellers {
    stop: watch::Sender<bool>,
    keeper: JoinHandle<()>,
}

impl Sellers {
    /// Starts them, if there is something to do.
    pub(super) fn start(settings: &Settings, app: App, stream: StreamId, address: String, password: Secret) -> Self {
        let (stop, stopped) = watch::channel(false);
        let plan = plan(settings, stream, &address, password);
        let keeper = tokio::spawn(async move {
            match plan {
                Some(plan) => keep(plan, &app, stream, stopped).await,
                None => drop(stopped),
            }
        });
        Self { stop, keeper }
    }

    /// Ends them and returns when they are gone.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(PATIENCE + PAUSE, self.keeper).await.is_err() {
            warn!("the simulated handhelds did not end in time");
        }
    }
}

fn plan(settings: &Settings, stream: StreamId, address: &str, password: Secret) -> Option<Plan> {
    let demo = &settings.demo;
    if demo.devices == 0 {
        return None;
    }
    let Some(program) = demo.simulator.clone().or_else(beside) else {
        warn!("the program {PROGRAM} is not beside this one: no handhelds are simulated");
        return None;
    };
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let folder = settings.data_dir.join("handhelds");
    let arguments = [
        "--data".to_owned(),
        text(&folder),
        "simulate".to_owned(),
        format!("--devices={}", demo.devices),
        format!("--seed={}", demo.seed),
        format!("--speed={}", demo.speed),
        format!("--offline-rate={}", demo.offline_rate),
        format!("--server={address}"),
        format!("--login={SELLERS_LOGIN}"),
        format!("--raffle={}", stream.raffle),
        "--until-final".to_owned(),
    ];
    Some(Plan { program, arguments: arguments.into(), password, log: settings.data_dir.join("handhelds.log") })
}

fn beside() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.parent()?.join(PROGRAM);
    program.is_file().then_some(program)
}

async fn keep(plan: Plan, app: &App, stream: StreamId, mut stopped: watch::Receiver<bool>) {
    for start in 1..=STARTS_MAX {
        if !event::wants_sellers(app, stream).await {
            break;
        }
        let mut child = match spawn(&plan) {
            Ok(child) => child,
            Err(error) => {
                warn!(%error, "the simulated handhelds cannot be started");
                break;
            }
        };
        info!(start, "simulated handhelds are selling");
        // Held here: waiting for a child would otherwise close its end of the leash at once.
        let leash = child.stdin.take();
        let ended = tokio::select! {
            status = child.wait() => status,
            () = told(&mut stopped) => {
                drop(leash);
                return end(child).await;
            }
        };
        drop(leash);
        // A Ctrl-C at the terminal reaches it, too, and perhaps before us.
        if tokio::time::timeout(SAME_MOMENT, told(&mut stopped)).await.is_ok() {
            return;
        }
        match ended {
            Ok(status) if status.success() => {
                println!("  Every simulated handheld has reported final. Reconcile in the administration.");
                break;
            }
            Ok(status) => warn!(%status, log = %plan.log.display(), "the simulated handhelds died"),
            Err(error) => warn!(%error, "the simulated handhelds are lost"),
        }
        if start == STARTS_MAX {
            warn!("the simulated handhelds keep dying and are not started again");
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE * start) => {}
            () = told(&mut stopped) => return,
        }
    }
    told(&mut stopped).await;
}

async fn told(stopped: &mut watch::Receiver<bool>) {
    // A sender that is gone says the same.
    drop(stopped.wait_for(|stop| *stop).await);
}

fn spawn(plan: &Plan) -> std::io::Result<Child> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let log = options.open(&plan.log)?;
    let mut command = if cfg!(unix) {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(LEASH).arg("rsu").arg(&plan.program);
        shell
    } else {
        Command::new(&plan.program)
    };
    command
        .args(&plan.arguments)
        // Its owner alone can read a process's environment.
        .env("RSU_PASSWORD", plan.password.expose())
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

/// Waits for a child whose leash was let go. Whatever it had not finished is safe in its own series.
async fn end(mut child: Child) {
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.start_kill();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn leashed(script: &str) -> Child {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", LEASH, "test", "/bin/sh", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("there is a shell")
    }

    #[tokio::test]
    async fn a_program_on_the_leash_ends_with_it() {
        let mut child = leashed("sleep 60").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(child.try_wait().unwrap().is_none());
        drop(child.stdin.take());
        let status = tokio::time::timeout(Duration::from_secs(5), child.wait()).await.unwrap().unwrap();
        assert!(!status.success());
    }

    #[tokio::test]
    async fn its_own_end_shows() {
        let mut child = leashed("exit 3").await;
        let leash = child.stdin.take();
        let status = tokio::time::timeout(Duration::from_secs(5), child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(3));
        drop(leash);
        let mut child = leashed("exit 0").await;
        let _leash = child.stdin.take();
        assert!(tokio::time::timeout(Duration::from_secs(5), child.wait()).await.unwrap().unwrap().success());
    }
}
