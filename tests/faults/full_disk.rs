//! A disk with no room left.

use crate::busy::{PATIENCE, asked_to_come_back};
use crate::call;
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::auditor::evidence::Evidence;
use drumroll_tests::auditor::{self, bytes};
use drumroll_tests::database::Database;
use drumroll_tests::now_ms;
use drumroll_tests::server::Site;
use drumroll_tests::stage::Crew;
use drumroll_tests::wait::{SOON, until};
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// What takes the room away, and gives it back.
trait Shortage {
    fn begin(&mut self, site: &Site);
    fn end(&mut self, site: &Site);
}

/// A small file system of its own, that another file fills.
struct Disk {
    folder: PathBuf,
    keeper: Child,
}

impl Disk {
    /// Mounts it.
    ///
    /// # Errors
    /// Why that is not possible here; it needs the rights of root.
    fn mount(folder: &Path) -> Result<Self, String> {
        fs::create_dir_all(folder).unwrap();
        // It goes when its keeper's input ends, however this process ends.
        let keep = "trap '' INT TERM HUP; mount -t tmpfs -o size=12m,mode=0700 drumroll-test \"$0\" || exit 1; \
            echo mounted; read -r _; umount -l \"$0\"";
        let mut command = Command::new("sh");
        command.args(["-c", keep]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said.trim() == "mounted" {
            return Ok(Self { folder: folder.to_owned(), keeper });
        }
        let why = keeper.wait_with_output().unwrap().stderr;
        Err(format!("a file system cannot be mounted here: {}", String::from_utf8_lossy(&why).trim()))
    }

    /// Takes back a little of what fills it.
    fn leave(&self, bytes: u64) {
        let filler = File::options().write(true).open(self.filler()).unwrap();
        filler.set_len(filler.metadata().unwrap().len() - bytes).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("somebody else's film.mp4")
    }
}

impl Shortage for Disk {
    fn begin(&mut self, _: &Site) {
        let mut filler = File::create(self.filler()).unwrap();
        let problem = (0..).find_map(|_| filler.write_all(&[b'x'; 4_096]).err()).unwrap();
        assert_eq!(problem.kind(), ErrorKind::StorageFull);
    }

    fn end(&mut self, _: &Site) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A limit on the size of the server's files, set from outside while it runs. Any user may do that.
struct Limit;

impl Limit {
    fn set(site: &Site, bytes: &str) {
        let pid = site.pid().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid]).arg(format!("--fsize={bytes}:")).status().unwrap();
        assert!(set.success());
    }
}

impl Shortage for Limit {
    fn begin(&mut self, site: &Site) {
        let log = fs::metadata(format!("{}-wal", site.database.setting())).unwrap().len();
        Self::set(site, &log.to_string());
    }

    fn end(&mut self, site: &Site) {
        Self::set(site, "unlimited");
    }
}

/// I1, I2, I3: the system says that there is no room (`ENOSPC`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i3_a_full_disk_refuses_sales_and_loses_nothing() {
    let name = "full-disk";
    let mut site = Site::sqlite(name);
    let folder = site.scratch.path().join("disk");
    match Disk::mount(&folder) {
        Ok(disk) => {
            site.database = Database::sqlite(&folder);
            without_room(name, site, disk).await;
        }
        // No service that can be set up, but a right that one has or has not: the limit below is for everybody.
        Err(why) => println!("{name} is skipped: {why}"),
    }
}

/// The same where a file may not grow (`EFBIG`), which SQLite reports as another error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_i3_a_file_that_may_not_grow_refuses_sales_and_loses_nothing() {
    let name = "limited-file";
    // The system also says it by a signal that ends whoever does not expect it.
    without_room(name, Site::sqlite(name), Limit).await;
}

/// A start says what is wrong, in words for whoever started it, the first one as any later one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_full_disk_says_so() {
    let name = "full-start";
    let mut site = Site::sqlite(name);
    let folder = site.scratch.path().join("disk");
    let mut disk = match Disk::mount(&folder) {
        Ok(disk) => disk,
        Err(why) => return println!("{name} is skipped: {why}"),
    };
    site.database = Database::sqlite(&folder);
    let mut failed = [0; 2];
    for later in [false, true] {
        // No room at all, and so little that a start fails further on its way; with enough of it one succeeds.
        for room in [0, 24, 48, 96, 192, 384] {
            disk.begin(&site);
            disk.leave(room * 1_024);
            let before = site.log.text().len();
            site.spawn();
            if let Some(status) = site.ended_or_ready().await {
                assert_eq!(status.code(), Some(1), "{}", site.log.tail(20));
                let log = site.log.clone();
                let words = until("it says why", SOON, async || {
                    let said = log.text().split_off(before);
                    said.lines().find_map(|line| line.strip_prefix("drumroll: database: ").map(str::to_owned))
                })
                .await;
                println!("later {later}, {room} KiB left: {words}");
                assert!(words.contains("disk") && (words.contains("no room") || words.contains("full")), "{words}");
                failed[usize::from(later)] += 1;
            }
            disk.end(&site);
            if !later {
                // The next first start is a first start again.
                fs::read_dir(&folder).unwrap().for_each(|file| fs::remove_file(file.unwrap().path()).unwrap());
            }
        }
        // With room it is a start like any other.
        site.start().await;
        if !later {
            Crew::take_over(&site).await.open_raffle("Roomy", now_ms() + 3_600_000).await;
        }
        assert_eq!(site.stop().await, Some(0));
    }
    assert!(failed.iter().all(|times| *times > 1), "{failed:?}");
    auditor::audit(&site.database.books().await, &Evidence::default()).expect_clean(name);
    drop(disk);
    site.close().await;
}

async fn without_room(name: &str, mut site: Site, mut shortage: impl Shortage) {
    site.start().await;
    let crew = Crew::take_over(&site).await;
    let raffle = crew.open_raffle("Full", now_ms() + 3_600_000).await;
    let (seller, public) = (&crew.seller.client, Client::new(&site.base));
    let order = json!({"raffle_id": raffle, "lines": [{"package_id": 3, "quantity": 1}]});
    let mut evidence = Evidence::default();
    for _ in 0..5 {
        let sold = seller.post_once("/tickets/generate", &new_key(), &order).await.expect(201);
        evidence.ticket("while there was room", &sold);
    }

    // What the log can still take is sold; from then on nobody is promised anything.
    shortage.begin(&site);
    let mut asked = Vec::new();
    let mut promised = evidence.sales.len();
    loop {
        assert!(promised < 200, "the disk is never full");
        let began = Instant::now();
        let keys: Vec<String> = (0..7).map(|_| new_key()).collect();
        let calls: Vec<_> = keys.iter().map(|key| call(seller, "/tickets/generate", key, &order)).collect();
        let refused = asked.len();
        for (call, key) in calls.into_iter().zip(keys) {
            let reply = call.await.unwrap().expect("an answer");
            if refused == 0 && reply.status == 201 {
                evidence.ticket("while there was a little room", &reply.body);
            } else {
                asked_to_come_back(&reply);
                asked.push(key);
            }
        }
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        if evidence.sales.len() == promised {
            break;
        }
        promised = evidence.sales.len();
    }
    let ready = public.get("/health/ready").await;
    assert_eq!((ready.status, &ready.body["ready"]), (503, &json!(false)), "{}", ready.text);
    assert!(ready.retry_after.is_some());
    for check in ready.body["checks"].as_array().unwrap() {
        let commits = check["name"] == "store" || check["name"] == "journal";
        assert_eq!(check["ok"], !commits, "{}", ready.text);
    }
    assert_eq!(public.get("/health/live").await.status, 200, "a restart would help nobody");
    assert_eq!(site.database.books().await.tickets.len(), promised, "nothing more is committed");
    println!("{promised} sales were promised, {} callers were asked to come back", asked.len());

    // There is room again: without a restart everything drains, and everybody gets what he asked for, once.
    let pid = site.pid();
    shortage.end(&site);
    until("the server is ready again", SOON, async || {
        public.try_get("/health/ready").await.filter(|reply| reply.status == 200)
    })
    .await;
    for key in asked.iter().chain(&asked) {
        let (reply, _) = seller.insist("/tickets/generate", key, &order).await;
        evidence.ticket("who came back", &reply.expect_one_of(&[200, 201]));
    }
    assert!(site.lives() && site.pid() == pid);
    assert_eq!(site.stop().await, Some(0));
    let audit = auditor::audit(&site.database.books().await, &evidence);
    audit.expect_clean(name);
    assert_eq!(audit.raffle(bytes::id(&raffle).unwrap()).tickets.len(), promised + asked.len(), "each order once");
    drop(shortage);
    site.close().await;
}
