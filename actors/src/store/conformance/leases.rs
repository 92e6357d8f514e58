//! Nodes that share a store: who stands, who holds what.

use super::fixture::{Case, Owner, ok};
use crate::store::{Appended, Claim, Leases, Loaded, NodeId, Peer, Row};
use drumroll_engine::raffle::Status;
use futures_util::future::join_all;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(600);

/// A lease that has run out by the time anybody looks.
const NONE: Duration = Duration::ZERO;

fn node(case: &Case<'_>, number: u32) -> Peer {
    Peer { node: NodeId(case.id(number)), name: format!("n{number}"), address: format!("http://{number}") }
}

async fn taken(leases: &dyn Leases, case: &Case<'_>, journal: u32, node: NodeId) -> Loaded {
    match ok(leases.claim_for(case.stream(journal), node)).await {
        Claim::Loaded(loaded) => loaded,
        Claim::Held(peer) => panic!("it is held by {peer:?}"),
    }
}

async fn held(leases: &dyn Leases, case: &Case<'_>, journal: u32, node: NodeId) -> Peer {
    match ok(leases.claim_for(case.stream(journal), node)).await {
        Claim::Held(peer) => peer,
        Claim::Loaded(_) => panic!("it was taken"),
    }
}

pub(super) async fn a_standing_node_keeps_what_it_holds_i11(case: &Case<'_>) {
    let Some(leases) = case.store.leases() else { return };
    let (one, two) = (node(case, 1), node(case, 2));
    ok(leases.join(&one, LONG)).await;
    ok(leases.join(&two, LONG)).await;
    let stand = ok(leases.nodes()).await;
    assert!(stand.contains(&one) && stand.contains(&two));

    let mut owner = Owner::new(case.stream(10), &taken(leases, case, 10, one.node).await);
    assert_eq!(held(leases, case, 10, two.node).await, one);
    case.commit(&[owner.one(vec![])]).await;
    assert!(case.store.claim(case.stream(10)).await.is_err(), "nor does a server that is no node take it");
    case.commit(&[owner.one(vec![])]).await;
    // Its own next life in the same process does.
    let again = Owner::new(case.stream(10), &taken(leases, case, 10, one.node).await);
    assert_eq!((again.epoch, again.head), (owner.epoch + 1, owner.head));
    assert_eq!(case.append(&[owner.one(vec![])]).await, [Appended::Fenced]);

    // Gone of its own will: the others take over at once.
    ok(leases.leave(one.node)).await;
    assert!(!ok(leases.renew(one.node, LONG)).await);
    let heir = taken(leases, case, 10, two.node).await;
    assert_eq!(heir.epoch, again.epoch + 1);
    assert_eq!(heir.head, again.head);
    ok(leases.leave(two.node)).await;
}

pub(super) async fn a_lease_that_ran_out_ends_when_somebody_says_so_i11(case: &Case<'_>) {
    let Some(leases) = case.store.leases() else { return };
    let (one, two) = (node(case, 1), node(case, 2));
    ok(leases.join(&two, LONG)).await;
    ok(leases.join(&one, NONE)).await;
    let mut owner = Owner::new(case.stream(10), &taken(leases, case, 10, one.node).await);
    case.commit(&[owner.one(vec![])]).await;
    // Nobody has said so yet: what it holds stays its own, and it may renew.
    assert_eq!(held(leases, case, 10, two.node).await, one);
    assert!(ok(leases.renew(one.node, LONG)).await);
    assert!(!ok(leases.reap()).await.contains(&one));
    assert!(ok(leases.renew(one.node, NONE)).await);
    let gone = ok(leases.reap()).await;
    assert!(gone.contains(&one) && !gone.contains(&two));
    assert!(!ok(leases.reap()).await.contains(&one), "once");
    assert!(!ok(leases.renew(one.node, LONG)).await, "it finds out");
    let heir = taken(leases, case, 10, two.node).await;
    assert_eq!(heir.head, owner.head);
    assert_eq!(case.append(&[owner.one(vec![])]).await, [Appended::Fenced], "and is fenced off if it does not");
    assert_eq!(held(leases, case, 10, one.node).await, two);
    ok(leases.leave(two.node)).await;
}

pub(super) async fn many_claim_and_one_holds_i11(case: &Case<'_>) {
    let Some(leases) = case.store.leases() else { return };
    let nodes: Vec<Peer> = (1..=6).map(|number| node(case, number)).collect();
    for peer in &nodes {
        ok(leases.join(peer, LONG)).await;
    }
    for journal in 10..16 {
        let claims = join_all(nodes.iter().map(|peer| leases.claim_for(case.stream(journal), peer.node))).await;
        let mut winners = Vec::new();
        let mut told = Vec::new();
        for (peer, claim) in nodes.iter().zip(claims) {
            match claim {
                Ok(Claim::Loaded(_)) => winners.push(peer.clone()),
                Ok(Claim::Held(holder)) => told.push(holder),
                Err(error) => assert!(error.retry(), "{error}"),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert!(told.iter().all(|holder| *holder == winners[0]));
    }
    for peer in &nodes {
        ok(leases.leave(peer.node)).await;
    }
}

pub(super) async fn what_nobody_runs_is_listed(case: &Case<'_>) {
    let Some(leases) = case.store.leases() else { return };
    let one = node(case, 1);
    ok(leases.join(&one, LONG)).await;
    for (journal, status) in
        [(10, Status::Selling), (11, Status::Draft), (12, Status::Closing), (13, Status::Finalized)]
    {
        let mut owner = Owner::new(case.stream(journal), &taken(leases, case, journal, one.node).await);
        let row = Row::Raffle(Box::new(case.raffle(journal, status, 1)));
        case.commit(&[owner.one(vec![row])]).await;
    }
    let ours = async || {
        let listed = ok(leases.unowned(10_000)).await;
        let mut ours: Vec<_> = listed.into_iter().filter(|stream| stream.organisation == case.organisation()).collect();
        ours.sort_unstable();
        ours
    };
    assert!(ours().await.is_empty());
    ok(leases.leave(one.node)).await;
    assert_eq!(ours().await, [case.stream(10), case.stream(12)]);
    let two = node(case, 2);
    ok(leases.join(&two, LONG)).await;
    taken(leases, case, 10, two.node).await;
    assert_eq!(ours().await, [case.stream(12)]);
    ok(leases.leave(two.node)).await;
}
