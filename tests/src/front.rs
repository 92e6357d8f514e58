//! HAProxy before several servers, with the configuration that we ship.

use crate::programs;
use crate::scratch::Scratch;
use crate::server::{Log, free_port};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Why there is none, if so.
pub fn missing() -> Option<String> {
    let found = program().is_some();
    (!found).then(|| "haproxy is not installed; .ci/setup test installs it".to_owned())
}

fn program() -> Option<PathBuf> {
    ["/usr/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/sbin/haproxy"]
        .map(PathBuf::from)
        .into_iter()
        .find(|it| it.exists())
}

/// A balancer; it ends with its owner.
#[derive(Debug)]
pub struct Front {
    /// `http://…`, without a slash at the end.
    pub base: String,
    /// What it says.
    pub log: Log,
    child: Child,
}

impl Front {
    /// Starts it before these addresses, which need not answer yet.
    pub fn start(servers: [&str; 3]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(program().expect("haproxy is there"));
        command.arg("-db").arg("-f").arg(programs::root().join("deploy/haproxy.cfg"));
        command.env_clear().env("DRUMROLL_FRONT", &address);
        for (number, server) in (1..).zip(servers) {
            command.env(format!("DRUMROLL_NODE_{number}"), server.trim_start_matches("http://"));
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::default();
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        Self { base: format!("http://{address}"), log, child }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Redis of one's own, which may be stopped, frozen and started again at its address.
#[derive(Debug)]
pub struct Redis {
    /// `redis://…`
    pub url: String,
    port: u16,
    scratch: Scratch,
    child: Option<Child>,
}

impl Redis {
    /// Starts one; `None` where there is no program.
    pub async fn start(name: &str) -> Option<Self> {
        Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().ok()?;
        let port = free_port();
        let url = format!("redis://127.0.0.1:{port}/");
        let mut redis = Self { url, port, scratch: Scratch::new(&format!("{name}-redis")), child: None };
        redis.again().await;
        Some(redis)
    }

    /// Starts it again.
    pub async fn again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.current_dir(self.scratch.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        crate::wait::until("Redis answers", crate::wait::SOON, async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.ok()
        })
        .await;
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("Redis runs").id()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("Redis runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
