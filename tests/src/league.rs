//! Three servers over one PostgreSQL and one Redis, with HAProxy before them.

use crate::database::{Database, connect};
use crate::front::Front;
use crate::server::{Site, free_port};
use std::process::Command;

/// How long a server's lease holds here, in milliseconds.
pub const LEASE_MS: u64 = 2_000;

/// The servers, each with a place of its own, and what stands before them.
#[derive(Debug)]
pub struct League {
    /// The servers.
    pub members: Vec<Site>,
    /// What stands before them.
    pub front: Option<Front>,
}

impl League {
    /// Three places that share a database, and a Redis if there is one to share.
    pub fn new(name: &str, database: &Database, redis: Option<&str>) -> Self {
        let mut members: Vec<Site> = Vec::new();
        for number in 1..=3 {
            let mut site = Site::with(&format!("{name}-n{number}"), database.clone());
            site.set("MASTER_KEY", &"5a".repeat(32));
            site.set("CLUSTER__LISTEN", &format!("127.0.0.1:{}", free_port()));
            site.set("CLUSTER__NAME", &format!("n{number}"));
            site.set("CLUSTER__LEASE_MS", &LEASE_MS.to_string());
            site.set("TRUSTED_PROXIES", "127.0.0.1");
            if let Some(url) = redis {
                site.set("REDIS", url);
            }
            if let Some(first) = members.first() {
                site.log = first.log.clone();
            }
            members.push(site);
        }
        Self { members, front: None }
    }

    /// Starts those that do not run, at the same time, and waits until all are ready.
    pub async fn start(&mut self) {
        let down: Vec<usize> = (0..self.members.len()).filter(|at| !self.members[*at].lives()).collect();
        for at in &down {
            self.members[*at].forget_dead();
            self.members[*at].spawn();
        }
        for at in down {
            self.members[at].ready().await;
        }
    }

    /// Puts HAProxy before them, if it is not there yet, and waits until it lets requests through.
    pub async fn open(&mut self) -> String {
        let addresses: Vec<&str> = self.members.iter().map(|site| site.base.as_str()).collect();
        let addresses = addresses.try_into().expect("a league has three servers");
        let front = self.front.get_or_insert_with(|| Front::start(addresses));
        let base = front.base.clone();
        let client = crate::api::Client::new(&base);
        crate::wait::until("the balancer lets requests through", crate::wait::SOON, async || {
            client.try_get("/health/ready").await.filter(|reply| reply.status == 200)
        })
        .await;
        base
    }

    /// The one that runs a raffle, by its place among the members; `None` while nobody does.
    pub async fn owner(&self, raffle: &str) -> Option<usize> {
        let raffle = uuid::Uuid::parse_str(raffle).unwrap();
        let asked = "SELECT nodes.name FROM streams JOIN nodes ON nodes.node = streams.node WHERE streams.stream = $1";
        let row = connect(&self.members[0].database.setting()).await.query_opt(asked, &[&raffle]).await.unwrap()?;
        self.place(row.get(0))
    }

    /// The one that runs the most raffles.
    pub async fn busiest(&self) -> usize {
        let asked = "SELECT nodes.name FROM nodes LEFT JOIN streams ON nodes.node = streams.node \
            GROUP BY nodes.name ORDER BY count(nullif(streams.raffle, '00000000-0000-0000-0000-000000000000')) DESC LIMIT 1";
        let row = connect(&self.members[0].database.setting()).await.query_one(asked, &[]).await.unwrap();
        self.place(row.get(0)).expect("nodes have the names of our members")
    }

    fn place(&self, name: &str) -> Option<usize> {
        let number: usize = name.trim_start_matches('n').parse().ok()?;
        number.checked_sub(1).filter(|at| *at < self.members.len())
    }

    /// Ends all as a supervisor would. The worst exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        let mut worst = Some(0);
        for site in &mut self.members {
            if site.lives() {
                let code = site.stop().await;
                if code != Some(0) {
                    worst = code;
                }
            }
        }
        worst
    }
}

/// Sends a signal by its name, such as `STOP`.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}
