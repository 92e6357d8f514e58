//! A small house for whole-API tests: the real SQLite store in a folder of its own, the real node and
//! actors, a clock that tests move, one organisation with people of every role, one raffle.

#![allow(dead_code, reason = "each test binary uses its own part of the house")]
#![allow(clippy::unwrap_used, reason = "this is a test's house; what fails here fails the test")]

pub(crate) mod handheld;

use actix_web::http::Method;
use actix_web::{App as ActixApp, test, web};
use drumroll_actors::clock::{Clock, ManualClock};
use drumroll_actors::keys::{KeyStore, MasterKey};
use drumroll_actors::node::{Node, Parts};
use drumroll_actors::presence::Presence;
use drumroll_actors::registry;
use drumroll_actors::store::StreamId;
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_actors::write_behind;
use drumroll_engine::device::SecretKey;
use drumroll_engine::id::{OrganisationId, RaffleId, UserId};
use drumroll_engine::organisation::create_organisation::CreateOrganisation;
use drumroll_engine::organisation::{Account, Command, Role};
use drumroll_engine::time::{Span, Timestamp};
use drumroll_http::api;
use drumroll_http::auth::{self, Auth, Secret};
use drumroll_http::payment::simulated::{self, SignedNotice, Simulated};
use drumroll_http::payment::{Notice, Payment};
use drumroll_http::state::{App, Limits};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);
/// Sales close this long after [`START`].
pub(crate) const WINDOW: Span = Span(3_600_000_000);
pub(crate) const ORGANISATION: OrganisationId = OrganisationId([1; 16]);
pub(crate) const OTHERS: OrganisationId = OrganisationId([2; 16]);
pub(crate) const PASSWORD: &str = "four drums and a whistle";
const VENUE: &str = "09090909-0909-4909-8909-090909090909";

/// What a call was answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) kind: String,
}

impl Reply {
    /// Fails the test unless the call went as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// Fails the test unless the call was refused with this code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{:#}", self.body);
        assert_eq!(self.kind, "application/problem+json");
        self.body
    }
}

type Call = Rc<dyn Fn(test::TestRequest) -> LocalBoxFuture<'static, Reply>>;

/// The house.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) app: App,
    pub(crate) provider: Simulated,
    pub(crate) webhooks: tokio::sync::Mutex<mpsc::Receiver<SignedNotice>>,
    call: Call,
    tokens: RefCell<BTreeMap<&'static str, String>>,
}

/// A provider that answers soon, whose webhooks a test delivers by hand, and a server that waits for it
/// however slow the machine is.
pub(crate) fn hurried() -> simulated::Options {
    simulated::Options {
        answers_after: Duration::from_millis(5),
        late_after: Duration::from_secs(3_600),
        deadline: Duration::from_secs(20),
        webhooks: true,
    }
}

/// A server that waits for nobody: for payments that are not answered in time.
pub(crate) fn impatient() -> simulated::Options {
    simulated::Options { deadline: Duration::from_millis(100), ..hurried() }
}

async fn start(
    folder: &Path,
    clock: Arc<ManualClock>,
    options: simulated::Options,
) -> (App, Simulated, mpsc::Receiver<SignedNotice>) {
    let store = Arc::new(SqliteStore::open(folder.join("drumroll.sqlite")).unwrap());
    let keys = KeyStore::new(store.clone(), MasterKey::new(&Zeroizing::new([7; 32])));
    let (provider, webhooks) = Simulated::open(&keys, options).await.unwrap();
    let node = Node::start(Parts {
        store,
        clock,
        keys,
        journal: write_behind::Options::default(),
        actors: registry::Options { deadline: Duration::from_secs(20), ..registry::Options::default() },
        threads: 1,
    });
    let auth = Arc::new(Auth::new(node.clone(), &Zeroizing::new([3; 32]), auth::Options::default()).unwrap());
    let app = App {
        node,
        auth,
        payment: Arc::new(provider.clone()),
        presence: Arc::new(Presence::default()),
        identity: Arc::new(SecretKey::from_bytes(&[8; 32])),
        limits: Limits::default(),
    };
    (app, provider, webhooks)
}

async fn mount(app: &App) -> Call {
    let mounted = ActixApp::new().app_data(web::Data::new(app.clone())).configure(api::configure);
    let service = Rc::new(test::init_service(mounted).await);
    Rc::new(move |request: test::TestRequest| {
        let service = service.clone();
        Box::pin(async move {
            let response = test::call_service(&*service, request.to_request()).await;
            let status = response.status().as_u16();
            let kind = response
                .headers()
                .get("content-type")
                .and_then(|kind| kind.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            let bytes = test::read_body(response).await;
            let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            Reply { status, body, kind }
        })
    })
}

impl House {
    /// An organisation with people, and another one.
    pub(crate) async fn build() -> Self {
        Self::build_with(hurried()).await
    }

    pub(crate) async fn build_with(options: simulated::Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let (app, provider, webhooks) = start(folder.path(), clock.clone(), options).await;
        let call = mount(&app).await;
        let house = Self {
            folder,
            clock,
            app,
            provider,
            webhooks: tokio::sync::Mutex::new(webhooks),
            call,
            tokens: RefCell::default(),
        };
        house.found(ORGANISATION, "Harbour City Hockey").await;
        house.found(OTHERS, "Somebody Else").await;
        let venue = json!({ "name": "Harbour Arena", "time_zone": "America/Toronto" });
        house.call("administrator", Method::POST, "/admin/venues", Some(VENUE), Some(venue)).await.expect(201);
        house
    }

    /// As after a restart on the same folder; the provider remembers nothing.
    pub(crate) async fn restart(self) -> Self {
        self.app.node.shut_down().await;
        let Self { folder, clock, app, tokens, .. } = self;
        drop(app);
        let (app, provider, webhooks) = start(folder.path(), clock.clone(), hurried()).await;
        let call = mount(&app).await;
        Self { folder, clock, app, provider, webhooks: tokio::sync::Mutex::new(webhooks), call, tokens }
    }

    async fn found(&self, organisation: OrganisationId, name: &str) {
        let origin = drumroll_actors::aggregate::Origin {
            actor: drumroll_engine::journal::Actor::System,
            approver: None,
            cause: drumroll_engine::journal::Cause::Internal,
        };
        let create = Command::CreateOrganisation(CreateOrganisation { name: name.into() });
        self.app.node.organise(organisation, origin, create).await.unwrap();
    }

    /// Makes the account of a role on first use and logs it in. `stranger` is another organisation's
    /// administrator; `second` another supervisor of this one.
    async fn token(&self, who: &'static str) -> String {
        if let Some(token) = self.tokens.borrow().get(who) {
            return token.clone();
        }
        let (organisation, role) = match who {
            "stranger" => (OTHERS, Role::Administrator),
            "second" => (ORGANISATION, Role::Supervisor),
            role => (ORGANISATION, Role::ALL.into_iter().find(|known| known.as_str() == role).unwrap()),
        };
        let origin = drumroll_actors::aggregate::Origin {
            actor: drumroll_engine::journal::Actor::System,
            approver: None,
            cause: drumroll_engine::journal::Cause::Internal,
        };
        let mut id = [0; 16];
        id[..who.len()].copy_from_slice(who.as_bytes());
        let user = UserId(id);
        let account = Account { login: who.into(), name: format!("The {who}"), role, enabled: true };
        self.app.auth.create_account(organisation, origin, user, &account).await.unwrap();
        self.app.auth.set_password(user, &Secret::new(PASSWORD.into()), false).await.unwrap();
        let granted = self.app.auth.login(who, &Secret::new(PASSWORD.into())).await.unwrap();
        self.tokens.borrow_mut().insert(who, granted.access_token.clone());
        granted.access_token
    }

    /// One call; `who` is empty for the public.
    pub(crate) async fn call(
        &self,
        who: &'static str,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Reply {
        let mut request = test::TestRequest::with_uri(&format!("/api/v1{path}")).method(method);
        if !who.is_empty() {
            request = request.insert_header(("authorization", format!("Bearer {}", self.token(who).await)));
        }
        if let Some(key) = key {
            request = request.insert_header(("idempotency-key", key));
        }
        if let Some(body) = body {
            request = request.set_json(body);
        }
        (self.call)(request).await
    }

    pub(crate) async fn raw(&self, request: test::TestRequest) -> Reply {
        (self.call)(request).await
    }

    pub(crate) async fn get(&self, who: &'static str, path: &str) -> Reply {
        self.call(who, Method::GET, path, None, None).await
    }

    pub(crate) async fn post(&self, who: &'static str, path: &str, body: Value) -> Reply {
        self.call(who, Method::POST, path, None, Some(body)).await
    }

    /// A command without a body.
    pub(crate) async fn act(&self, who: &'static str, path: &str) -> Reply {
        self.call(who, Method::POST, path, None, None).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A configuration that can be opened.
    pub(crate) fn config(&self) -> Value {
        let now = self.now();
        json!({
            "name": "Hawks vs. Kodiaks", "venue_id": VENUE, "location": "Harbour Arena",
            "organisation_name": "Harbour City Hockey Foundation", "licence": "ON-2026-0042", "currency": "CAD",
            "time_zone": "America/Toronto", "numbers": { "first": 1, "last": 30_000 },
            "pools": [
                { "channel": "rsu", "range": { "first": 1, "last": 10_000 } },
                { "channel": "online", "range": { "first": 10_001, "last": 20_000 } },
                { "channel": "counter", "range": { "first": 20_001, "last": 30_000 } },
            ],
            "packages": [
                { "id": 1, "label": "5 for $5", "numbers": 5, "price_minor": 500, "stock": null },
                { "id": 2, "label": "20 for $10", "numbers": 20, "price_minor": 1_000, "stock": null },
                { "id": 3, "label": "Gold", "numbers": 100, "price_minor": 4_000, "stock": 3 },
            ],
            "prizes": [
                { "id": 10, "name": "Jersey", "rule": { "kind": "fixed", "value_minor": 20_000, "quantity": 2 } },
                { "id": 20, "name": "50/50", "rule": { "kind": "percentage", "basis_points": 5_000, "seed_minor": 0, "guarantee_minor": 0, "cap_minor": null } },
            ],
            "reserves": 2, "sales_start_ms": now.as_millis(), "sales_end_ms": (now + WINDOW).as_millis(),
            "draw_mode": "electronic", "ticket_lines": ["18 or over"], "device_block": 1_000, "hold_s": 600,
            "profile_id": "default",
        })
    }

    /// Creates a raffle; returns its id.
    pub(crate) async fn draft(&self, number: u8) -> String {
        self.draft_as(number, "live").await
    }

    async fn draft_as(&self, number: u8, kind: &str) -> String {
        let body = json!({ "name": "Night", "kind": kind });
        let made = self.call("administrator", Method::POST, "/admin/raffles", Some(&key(number)), Some(body)).await;
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// A raffle on sale.
    pub(crate) async fn open(&self) -> String {
        self.open_as(200, "live").await
    }

    /// A raffle on sale, of a kind.
    pub(crate) async fn open_as(&self, number: u8, kind: &str) -> String {
        let id = self.draft_as(number, kind).await;
        let path = format!("/admin/raffles/{id}/configuration");
        self.call("administrator", Method::PUT, &path, None, Some(self.config())).await.expect(200);
        self.act("administrator", &format!("/admin/raffles/{id}/open")).await.expect(200);
        id
    }

    /// Closes sales and begins the reconciliation.
    pub(crate) async fn close(&self, raffle: &str) {
        let path = format!("/admin/raffles/{raffle}/close");
        let closed =
            self.post("supervisor", &path, json!({ "closes_at_ms": null, "reason": "over" })).await.expect(200);
        if closed["status"] == "closing" {
            self.act("supervisor", &format!("/admin/raffles/{raffle}/reconcile")).await.expect(200);
        }
    }

    /// Confirms the reconciliation with the counts as they are.
    pub(crate) async fn acknowledge(&self, raffle: &str) -> Value {
        let report = self.get("supervisor", &format!("/admin/raffles/{raffle}/reconciliation")).await.expect(200);
        let counts = &report["identity"];
        let body = json!({
            "statement": report["statement"], "sold": counts["sold"], "voided": counts["voided"], "unsold": counts["unsold"],
        });
        self.post("supervisor", &format!("/admin/raffles/{raffle}/acknowledge"), body).await.expect(200)
    }

    pub(crate) async fn purchase(&self, raffle: &str, order: u8, package: u32, outcome: &str) -> Reply {
        let body = json!({ "lines": [{ "package_id": package, "quantity": 1 }], "payment": { "outcome": outcome } });
        self.call("", Method::POST, &format!("/raffles/{raffle}/purchase"), Some(&key(order)), Some(body)).await
    }

    pub(crate) async fn order(&self, raffle: &str, order: u8) -> Value {
        self.get("", &format!("/raffles/{raffle}/orders/{}", key(order))).await.expect(200)
    }

    /// A counter sale.
    pub(crate) async fn sell(&self, raffle: &str, order: u8, package: u32, quantity: u32) -> Reply {
        let body = json!({ "raffle_id": raffle, "lines": [{ "package_id": package, "quantity": quantity }] });
        self.call("seller", Method::POST, "/tickets/generate", Some(&key(order)), Some(body)).await
    }

    /// One webhook of the provider, as soon as it is sent.
    pub(crate) async fn webhook(&self) -> SignedNotice {
        let next = tokio::time::timeout(Duration::from_secs(10), async { self.webhooks.lock().await.recv().await });
        next.await.expect("a webhook within ten seconds").expect("a provider")
    }

    /// Delivers a webhook to the endpoint.
    pub(crate) async fn deliver(&self, notice: &SignedNotice) -> Reply {
        let request = test::TestRequest::post()
            .uri("/api/v1/payments/simulated/webhook")
            .insert_header((drumroll_http::payment::webhook::SIGNATURE, notice.signature.clone()))
            .insert_header(("content-type", "application/json"))
            .set_payload(notice.body.clone());
        self.raw(request).await
    }

    /// The webhook of a payment that succeeded, or did not.
    pub(crate) fn notice(&self, raffle: &str, order: u8, amount_minor: u64, payment: Payment) -> SignedNotice {
        let (raffle_id, order_key) = (raffle.parse().unwrap(), key(order).parse().unwrap());
        self.provider.sign(&Notice { raffle_id, order_key, amount_minor, payment })
    }

    pub(crate) fn stream(&self, raffle: &str) -> StreamId {
        StreamId { organisation: ORGANISATION, raffle: raffle.parse::<RaffleId>().unwrap() }
    }

    /// Every ticket of a raffle, page by page.
    pub(crate) async fn tickets(&self, raffle: &str, filter: &str) -> Vec<Value> {
        let mut tickets: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/tickets/raffle/{raffle}?limit=7{filter}{cursor}");
            let page = self.get("auditor", &path).await.expect(200);
            tickets.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return tickets,
            }
        }
    }
}

/// The idempotency key that stands for a small number.
pub(crate) fn key(number: u8) -> String {
    format!("00000000-0000-4000-8000-0000000000{number:02x}")
}
