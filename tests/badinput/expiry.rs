//! Tokens that were good once. Their lifetime is no setting, so the machine's clock moves instead, from one start of the
//! server to the next.

use super::Stage;
use drumroll_tests::api::{Client, new_key};
use drumroll_tests::skip;
use serde_json::json;

/// How much of its life a token has left in the middle of the test: time enough for a slow machine.
const LEFT_S: u64 = 300;

/// C-01: an access token outlives a restart, and not its hour. What it opened it opens no more, and its refresh token
/// gives a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c01_an_access_token_that_ran_out_opens_nothing_any_more() {
    let name = "expiry";
    let mut stage = Stage::set(name).await;
    let stranger = Client::new(&stage.site.base);
    let credentials = |login: &str, password: &str| json!({"login": login, "password": password});
    let manager = stage.crew.manager.clone();
    let session = stranger.post("/auth/login", &credentials(&manager.login, &manager.password)).await.expect(200);
    let lifetime_s = session["expires_in_s"].as_u64().unwrap();
    assert!(lifetime_s > LEFT_S, "{session}");
    let token = session["access_token"].as_str().unwrap().to_owned();
    let once_good = stranger.with_token(&token);
    let raffle = format!("/admin/raffles/{}", stage.raffle);

    // Not yet: the same token, a later life of the server, most of the hour gone.
    assert_eq!(stage.site.stop().await, Some(0));
    if let Err(why) = stage.site.set_ahead(lifetime_s - LEFT_S) {
        return skip(name, &why);
    }
    stage.site.start().await;
    once_good.get(&raffle).await.expect(200);

    assert_eq!(stage.site.stop().await, Some(0));
    stage.site.set_ahead(lifetime_s).unwrap();
    stage.site.start().await;
    let order = json!({"raffle_id": stage.raffle, "lines": [{"package_id": 1, "quantity": 1}]});
    for reply in [
        once_good.get(&raffle).await,
        once_good.get("/devices").await,
        once_good.post_once("/tickets/generate", &new_key(), &order).await,
        once_good.post(&format!("{raffle}/suspend"), &json!({"reason": "I was the manager"})).await,
        once_good.act("/auth/socket-ticket").await,
        once_good
            .post(
                "/auth/password",
                &json!({"current_password": manager.password, "new_password": "yesterday's key to today"}),
            )
            .await,
    ] {
        reply.refused(401, "token_expired");
    }
    // What is for everybody answers a stranger, and says to somebody with a spent token what is wrong with it.
    let printed = format!("/tickets/{}/validate", stage.ticket["validation_number"].as_str().unwrap());
    stranger.get(&printed).await.expect(200);
    once_good.get(&printed).await.refused(401, "token_expired");

    let refresh = json!({"refresh_token": session["refresh_token"]});
    let fresh = stranger.post("/auth/refresh", &refresh).await.expect(200);
    let fresh_token = fresh["access_token"].as_str().unwrap().to_owned();
    let view = stranger.with_token(&fresh_token).get(&raffle).await.expect(200);
    once_good.get(&raffle).await.refused(401, "token_expired");
    // The raffle's close may have come meanwhile; a suspension or a second sale has not.
    assert!(view["status"] != "suspended" && view["tickets_sold"] == 1, "{view}");
    println!("a token of {lifetime_s} s was good after {} s and spent after {lifetime_s} s", lifetime_s - LEFT_S);
    let refresh_tokens = [&session, &fresh].map(|given| given["refresh_token"].as_str().unwrap().to_owned());
    let secrets = [vec![token, fresh_token, "yesterday's key to today".to_owned()], refresh_tokens.to_vec()].concat();
    stage.end(name, &secrets).await;
}
