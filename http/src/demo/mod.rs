//! `drumroll demo`: a live event on a fresh machine, with simulated handhelds selling beside it. Started
//! again it goes on where it was.

mod event;
mod sellers;

use crate::auth::Secret;
use crate::auth::bootstrap::FIRST_LOGIN;
use crate::auth::password;
use crate::config::Settings;
use crate::ids;
use crate::server::{Folder, Prepared, Running, StartError, Told};
use drumroll_actors::aggregate::Origin;
use drumroll_actors::store::StreamId;
use drumroll_engine::id::{OrganisationId, UserId};
use drumroll_engine::journal::{Actor, Cause};
use drumroll_engine::organisation::{Account, Role};
use drumroll_engine::raffle::Status;
use sellers::Sellers;

/// The demo's organisation, where the installation has none yet.
const ORGANISATION: &str = "Hawks Community Foundation";

/// The account that the simulated sellers' handhelds are registered with.
const SELLERS_LOGIN: &str = "demo-handhelds";

const SYSTEM: Origin = Origin { actor: Actor::System, approver: None, cause: Cause::Internal };

/// Runs the demonstration until somebody ends it.
///
/// # Errors
/// See [`StartError`].
pub async fn run(settings: &Settings, new: bool) -> Result<(), StartError> {
    let mut told = Told::listen()?;
    let _folder = Folder::lock(&settings.data_dir)?;
    let prepared = Prepared::new(settings).await?;
    let app = prepared.app.clone();
    let first = app.auth.first_start(ORGANISATION).await?;
    let stream = match event::latest(&app, first.organisation).await? {
        Some(stream) if !new => stream,
        _ => event::create(&app, first.organisation).await?,
    };
    event::bring_up(&app, stream, settings).await?;
    let password = sellers_password(&prepared, first.organisation).await?;
    let mut running = Running::start(settings, prepared)?;
    let address = running.address(settings);
    greet(&app, &address, stream, first.one_time_password.as_ref(), settings).await?;
    let sellers = Sellers::start(settings, app, stream, address, password);
    let ended = running.until_told(&mut told).await;
    println!("Stopping: the handhelds first, then the server …");
    sellers.stop().await;
    running.stop().await;
    println!("Stopped. Everything is on record; run it again and it goes on.");
    ended
}

/// A fresh password for the sellers' account at each start: it lives in this process and its child alone.
async fn sellers_password(prepared: &Prepared, organisation: OrganisationId) -> Result<Secret, StartError> {
    let auth = &prepared.app.auth;
    let user = UserId(ids::derived("account", organisation, *b"demo-handhelds\0\0"));
    let (login, name) = (SELLERS_LOGIN.to_owned(), "Demo handhelds".to_owned());
    let account = Account { login, name, role: Role::Supervisor, enabled: true };
    if prepared.app.node.store().account(user).await?.is_none() {
        auth.create_account(organisation, SYSTEM, user, &account).await?;
    }
    let password = password::one_time()?;
    auth.set_password(user, &password, false).await?;
    Ok(password)
}

async fn greet(
    app: &crate::state::App,
    address: &str,
    stream: StreamId,
    password: Option<&Secret>,
    settings: &Settings,
) -> Result<(), StartError> {
    let id = stream.raffle;
    let view = app.node.feed(stream).await.map_err(crate::api::error::ApiError::from)?.view();
    println!();
    println!("  {} is running.", view.frame.name);
    println!();
    println!("  Public page      {address}/events/{id}");
    println!("  Display          {address}/events/{id}/display");
    println!("  Administration   {address}/admin/");
    println!("  API              {address}/api/docs");
    println!();
    match password {
        Some(password) => {
            println!("  Administrator    login {FIRST_LOGIN}, one-time password {}", password.expose());
            println!(
                "                   You choose your own at the first login. Until then each start prints a new one."
            );
        }
        None => println!("  Administrator    login {FIRST_LOGIN}, with the password you chose"),
    }
    println!();
    println!("  {}", event::situation(&view, app.node.clock().now(), settings));
    println!("  Ctrl-C stops everything; nothing is lost.");
    println!();
    Ok(())
}

/// Whether handhelds have something to do in this state.
const fn sells(status: Status) -> bool {
    matches!(status, Status::Selling | Status::Suspended | Status::Closing | Status::Reconciling)
}
