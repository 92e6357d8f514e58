//! The server under test, and how to call it.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, test};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::clock::{Clock, ManualClock};
use drumroll_actors::store::sqlite::SqliteStore;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::create_organisation::CreateOrganisation;
use drumroll_engine::organisation::{Account, Command, Role};
use drumroll_engine::time::Timestamp;
use drumroll_http::api::openapi;
use drumroll_http::auth::Secret;
use drumroll_http::config::Settings;
use drumroll_http::edge::deadline::deadline;
use drumroll_http::edge::limit::{Rates, limit};
use drumroll_http::edge::trace::trace;
use drumroll_http::server::{Prepared, Shared};
use drumroll_http::state::App;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000_000);
/// The organisation most tests look from, and the other one.
pub(crate) const OURS: OrganisationId = OrganisationId([1; 16]);
pub(crate) const THEIRS: OrganisationId = OrganisationId([2; 16]);
pub(crate) const PASSWORD: &str = "four drums and a whistle";

pub(crate) const SYSTEM: Origin = Origin { actor: Actor::System, approver: None, cause: Cause::Internal };

/// What a call was answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// A problem document with this code, whole and under the request's id.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!((self.status, problem["code"].as_str()), (status, Some(code)), "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:drumroll:problem:{code}"));
        assert_eq!(problem["request_id"].as_str(), Some(self.header("x-request-id")));
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

type Call = Rc<dyn Fn(test::TestRequest) -> LocalBoxFuture<'static, Reply>>;

/// The server.
pub(crate) struct Server {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) app: App,
    call: Call,
    tokens: RefCell<BTreeMap<(Role, OrganisationId), String>>,
    keys: RefCell<u32>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        crate::log::capture();
        let folder = tempfile::tempdir().unwrap();
        let none = Rates { login: 0, purchase: 0, validate: 0, enrol: 0 };
        let mut settings = Settings {
            data_dir: folder.path().to_owned(),
            master_key: Some("07".repeat(32)),
            rates: none,
            actor_threads: 1,
            ..Settings::default()
        };
        change(&mut settings);
        let clock = Arc::new(ManualClock::new(START));
        let store = Arc::new(SqliteStore::open(folder.path().join("drumroll.sqlite")).unwrap());
        let prepared = Prepared::over(&settings, store, clock.clone()).await.unwrap();
        let app = prepared.app.clone();
        let shared = Shared::new(&settings, &prepared);
        let mounted = ActixApp::new().wrap(from_fn(limit)).wrap(from_fn(deadline)).wrap(from_fn(trace));
        let service = Rc::new(test::init_service(mounted.configure(move |config| shared.configure(config))).await);
        let call: Call = Rc::new(move |request: test::TestRequest| {
            let service = service.clone();
            Box::pin(async move {
                let request = request.peer_addr(SocketAddr::from(([10, 0, 0, 1], 40_000)));
                let response = test::call_service(&*service, request.to_request()).await;
                let status = response.status().as_u16();
                let headers = response.headers().iter();
                let headers = headers
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
                    .collect();
                Reply { status, headers, bytes: test::read_body(response).await.to_vec() }
            })
        });
        let (tokens, keys) = (RefCell::default(), RefCell::new(0));
        let server = Self { folder, clock, app, call, tokens, keys };
        for (organisation, name) in [(OURS, "Harbour City Hockey"), (THEIRS, "Somebody Else")] {
            let create = Command::CreateOrganisation(CreateOrganisation { name: name.to_owned() });
            server.app.node.organise(organisation, SYSTEM, create).await.unwrap();
        }
        server
    }

    pub(crate) fn login_of(role: Role, organisation: OrganisationId) -> String {
        format!("{}-{}", role.as_str(), organisation.0[0])
    }

    /// Makes an account with [`PASSWORD`], or with a one-time one.
    pub(crate) async fn account(
        &self,
        login: &str,
        role: Role,
        organisation: OrganisationId,
        must_change: bool,
    ) -> UserId {
        let user = UserId(*uuid::Uuid::now_v7().as_bytes());
        let account = Account { login: login.to_owned(), name: format!("The {login}"), role, enabled: true };
        self.app.auth.create_account(organisation, SYSTEM, user, &account).await.unwrap();
        self.app.auth.set_password(user, &Secret::new(PASSWORD.to_owned()), must_change).await.unwrap();
        user
    }

    /// The access token of a role, whose account is made at the first use.
    pub(crate) async fn token(&self, role: Role, organisation: OrganisationId) -> String {
        if let Some(token) = self.tokens.borrow().get(&(role, organisation)) {
            return token.clone();
        }
        let login = Self::login_of(role, organisation);
        self.account(&login, role, organisation, false).await;
        let granted = self.app.auth.login(&login, &Secret::new(PASSWORD.to_owned())).await.unwrap();
        self.tokens.borrow_mut().insert((role, organisation), granted.access_token.clone());
        granted.access_token
    }

    pub(crate) async fn raw(&self, request: test::TestRequest) -> Reply {
        (self.call)(request).await
    }

    /// A fresh idempotency key.
    pub(crate) fn key(&self) -> String {
        *self.keys.borrow_mut() += 1;
        format!("00000000-0000-4000-8000-{:012x}", *self.keys.borrow())
    }

    /// One call below `/api/v1`, with a key that fits any command.
    pub(crate) async fn call(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = test::TestRequest::with_uri(&format!("/api/v1{path}")).method(method);
        if !token.is_empty() {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        request = request.insert_header(("idempotency-key", self.key()));
        if let Some(body) = body {
            request = request.set_json(body);
        }
        self.raw(request).await
    }

    pub(crate) async fn as_role(&self, role: Role, method: Method, path: &str, body: Option<Value>) -> Reply {
        let token = self.token(role, OURS).await;
        self.call(&token, method, path, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("", Method::POST, path, Some(body)).await
    }

    pub(crate) async fn login(&self, login: &str, password: &str) -> Reply {
        self.post("/auth/login", json!({ "login": login, "password": password })).await
    }

    /// How many significant events of a code an organisation has.
    pub(crate) async fn noted(&self, organisation: OrganisationId, code: &str) -> usize {
        let filter = drumroll_actors::store::SignificantFilter {
            code: Some(code.to_owned()),
            limit: 100_000,
            ..Default::default()
        };
        self.app.node.store().significant(organisation, filter).await.unwrap().len()
    }
}

/// A raffle of [`OURS`] on sale, with everything that can be named.
#[derive(Clone, Debug)]
pub(crate) struct Things {
    pub(crate) raffle: String,
    pub(crate) draw: String,
    pub(crate) order: String,
    pub(crate) validation: String,
    pub(crate) device: String,
    pub(crate) user: String,
    pub(crate) venue: String,
}

impl Things {
    pub(crate) async fn make(server: &Server) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let administrator = Role::Administrator;
        let venue = json!({ "name": "Harbour Arena", "time_zone": "America/Toronto" });
        let venue = server.as_role(administrator, Method::POST, "/admin/venues", Some(venue)).await.expect(201);
        let venue = text(&venue["id"]);
        let draft = json!({ "name": "Night", "kind": "live" });
        let draft = server.as_role(administrator, Method::POST, "/admin/raffles", Some(draft)).await.expect(201);
        let raffle = text(&draft["id"]);
        let path = format!("/admin/raffles/{raffle}/configuration");
        let config = config(server, &venue);
        server.as_role(administrator, Method::PUT, &path, Some(config)).await.expect(200);
        let open = format!("/admin/raffles/{raffle}/open");
        let opened = server.as_role(administrator, Method::POST, &open, None).await.expect(200);
        let sale = json!({ "raffle_id": raffle, "lines": [{ "package_id": 1, "quantity": 1 }] });
        let ticket = server.as_role(Role::Seller, Method::POST, "/tickets/generate", Some(sale)).await.expect(201);
        let device =
            server.as_role(administrator, Method::POST, "/devices", Some(json!({ "label": "H-01" }))).await.expect(201);
        let user = json!({ "login": "mara", "name": "Mara Ito", "role": "seller" });
        let user = server.as_role(administrator, Method::POST, "/admin/users", Some(user)).await.expect(201);
        Self {
            draw: text(&opened["draws"][0]["id"]),
            order: text(&ticket["order_key"]),
            validation: text(&ticket["validation_number"]),
            device: text(&device["device"]["id"]),
            user: text(&user["user"]["id"]),
            raffle,
            venue,
        }
    }

    /// An operation's path with these things in it.
    pub(crate) fn path(&self, operation: &Operation) -> String {
        let named = |part: &str| match part {
            "{raffle_id}" => self.raffle.clone(),
            "{device_id}" => self.device.clone(),
            "{key}" => self.order.clone(),
            "{id}" => {
                let path = &operation.path;
                if path.contains("/draw/") {
                    self.draw.clone()
                } else if path.contains("/devices/") && !path.contains("/raffles/") {
                    self.device.clone()
                } else if path.contains("/users/") {
                    self.user.clone()
                } else if path.contains("/api/v1/tickets/") {
                    self.order.clone()
                } else {
                    self.raffle.clone()
                }
            }
            part => part.to_owned(),
        };
        let path: Vec<String> = operation.path.split('/').map(named).collect();
        let query =
            if operation.id == "get_sales_report" { format!("?raffle_id={}", self.raffle) } else { String::new() };
        path.join("/").strip_prefix("/api/v1").unwrap().to_owned() + &query
    }

    /// A body that fits, for every operation that takes one. A new operation must be added here.
    pub(crate) fn body(&self, server: &Server, operation: &Operation) -> Option<Value> {
        if !operation.has_body {
            return None;
        }
        let raffle = &self.raffle;
        let lines = json!([{ "package_id": 1, "quantity": 1 }]);
        let approver = json!({ "login": "nobody", "password": PASSWORD });
        Some(match operation.id.as_str() {
            "login" => json!({ "login": "x", "password": "y" }),
            "refresh" | "logout" => json!({ "refresh_token": "x" }),
            "change_password" => json!({ "current_password": "x", "new_password": "y" }),
            "purchase" => json!({ "lines": lines, "payment": { "outcome": "pay" } }),
            "generate_ticket" => json!({ "raffle_id": raffle, "lines": lines }),
            "batch_generate_tickets" => {
                json!({ "raffle_id": raffle, "orders": [{ "key": server.key(), "lines": lines }] })
            }
            "batch_void_tickets" => json!({ "raffle_id": raffle, "tickets": [self.order], "reason": "charged twice" }),
            "generate_integration_ticket" => json!({ "package_id": 1, "quantity": 1 }),
            "set_ticket_status" => json!({ "raffle_id": raffle, "status": "misprinted", "reason": "smudged" }),
            "create_raffle" => json!({ "name": "Another", "kind": "test" }),
            "configure_raffle" => config(server, &self.venue),
            "suspend_sales" | "reopen_reconciliation" | "cancel_draw" | "disable_device" | "unenrol_device" => {
                json!({ "reason": "rain" })
            }
            "close_sales" => json!({ "closes_at_ms": null, "reason": "rain" }),
            "extend_sales" => json!({ "closes_at_ms": START.as_millis() + 7_200_000, "reason": "rain" }),
            "acknowledge_reconciliation" => json!({ "statement": "so it is", "sold": 5, "voided": 0, "unsold": 0 }),
            "cancel_raffle" => json!({ "reason": "rain", "approver": approver }),
            "settle_draw" => json!({ "draw_no": 1, "reason": "rain" }),
            "decide_quarantined" => {
                json!({ "device_id": self.device, "device_seq": 1, "resolution": "refund", "reason": "rain" })
            }
            "declare_device_lost" => {
                json!({ "operator": "Jo", "money_collected_minor": 0, "reason": "rain", "approver": approver })
            }
            "initiate_draw" => json!({ "raffle_id": raffle, "draw_no": null }),
            "execute_draw" => json!({ "draw_id": self.draw }),
            "publish_draw" => json!({ "lock_hash": "00".repeat(32) }),
            "register_device" => json!({ "label": "H-02" }),
            "enrol_device" => json!({ "code": "AAAA-AAAA", "public_key": "00".repeat(32), "proof": "00".repeat(64) }),
            "create_user" => json!({ "login": "new", "name": "New One", "role": "seller" }),
            "create_venue" => json!({ "name": "Elsewhere", "time_zone": "UTC" }),
            other => panic!("{other} takes a body: say here which"),
        })
    }
}

fn config(server: &Server, venue: &str) -> Value {
    let now = server.clock.now().as_millis();
    let pool =
        |channel: &str, first: u64, last: u64| json!({ "channel": channel, "range": { "first": first, "last": last } });
    json!({
        "name": "Hawks <b>vs.</b> Kodiaks", "venue_id": venue, "location": "Harbour Arena",
        "organisation_name": "Harbour City Hockey", "licence": null, "currency": "CAD",
        "time_zone": "America/Toronto", "numbers": { "first": 1, "last": 30_000 },
        "pools": [pool("rsu", 1, 10_000), pool("online", 10_001, 20_000), pool("counter", 20_001, 30_000)],
        "packages": [{ "id": 1, "label": "5 for $5", "numbers": 5, "price_minor": 500, "stock": null }],
        "prizes": [{ "id": 1, "name": "50/50", "rule":
            { "kind": "percentage", "basis_points": 5_000, "seed_minor": 0, "guarantee_minor": 0, "cap_minor": null } }],
        "reserves": 0, "sales_start_ms": now, "sales_end_ms": now + 3_600_000, "draw_mode": "electronic",
        "ticket_lines": [], "device_block": 1_000, "hold_s": 600, "profile_id": "default",
    })
}

/// An operation of the document.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The permission it asks for, if any.
    pub(crate) permission: Option<String>,
    /// Whether it answers strangers, too.
    pub(crate) public: bool,
    pub(crate) has_body: bool,
}

impl Operation {
    /// Every operation, out of the document.
    pub(crate) fn all() -> Vec<Self> {
        let paths = openapi::document()["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| {
                let security = operation["security"].as_array().unwrap();
                let scopes = security.iter().filter_map(|one| one["staff"].as_array()).flatten();
                let permissions: Vec<&str> = scopes.filter_map(Value::as_str).collect();
                assert!(permissions.len() <= 1, "{path}: one permission at most");
                Self {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    permission: permissions.first().map(|name| (*name).to_owned()),
                    public: permissions.is_empty() || security.iter().any(|one| one.as_object().unwrap().is_empty()),
                    has_body: !operation["requestBody"].is_null(),
                }
            })
        });
        operations.collect()
    }

    /// Those that ask for a permission, with the roles that have it.
    pub(crate) fn staffed() -> Vec<(Self, &'static [Role])> {
        let roles = |name: &str| {
            let known = drumroll_http::auth::permission::ALL.iter().find(|(known, _)| *known == name);
            known.unwrap_or_else(|| panic!("no permission is called {name}")).1
        };
        let staffed = Self::all().into_iter().filter(|operation| operation.permission.is_some());
        staffed.map(|operation| (operation.clone(), roles(operation.permission.as_deref().unwrap()))).collect()
    }
}
