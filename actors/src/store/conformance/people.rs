//! Accounts, devices, and what no event carries.

use super::fixture::{Case, ok};
use crate::store::{
    AccountRow, CredentialRow, DeviceRow, EnrolmentCodeRow, Row, SecretRow, SessionRow, SocketTicketRow,
};
use drumroll_engine::bytes::Bytes;
use drumroll_engine::id::{DeviceId, UserId};
use drumroll_engine::organisation::Role;
use drumroll_engine::time::Timestamp;
use futures_util::future::join_all;

fn account(case: &Case<'_>, number: u32, login: String, role: Role) -> AccountRow {
    let name = format!("Person {number}");
    AccountRow { user: UserId(case.id(number)), organisation: case.organisation(), login, name, role, enabled: true }
}

pub(super) async fn accounts_by_login(case: &Case<'_>) {
    let mut own = case.organisation_owner().await;
    let unique = drumroll_engine::hex::encode(&case.id(0));
    let older = account(case, 9, format!("Zoé.É-{unique}"), Role::Administrator);
    let newer = account(case, 1, format!("ZOÉ.é-{unique}"), Role::Seller);
    let roles: Vec<AccountRow> =
        (20..).zip(Role::ALL).map(|(n, role)| account(case, n, format!("{}-{unique}", role.as_str()), role)).collect();
    // In one batch, and the one with the greater id is the older.
    let mut rows: Vec<Row> = [&older, &newer].into_iter().cloned().map(Row::Account).collect();
    rows.extend(roles.iter().cloned().map(Row::Account));
    case.commit(&[own.one(rows.clone())]).await;
    for typed in [format!("zoé.é-{unique}"), format!("ZOÉ.É-{}", unique.to_uppercase()), older.login.clone()] {
        assert_eq!(ok(case.store.account_by_login(&typed)).await.as_ref(), Some(&older), "{typed}");
    }
    assert_eq!(ok(case.store.account_by_login(&format!("zoe.e-{unique}"))).await, None);
    for row in &roles {
        assert_eq!(ok(case.store.account(row.user)).await.as_ref(), Some(row));
    }

    // A change does not make it younger, nor does a rebuild that names the other one first.
    let disabled = AccountRow { enabled: false, name: "Renamed".to_owned(), ..older.clone() };
    case.commit(&[own.one(vec![Row::Account(disabled.clone())])]).await;
    assert_eq!(ok(case.store.account_by_login(&older.login)).await.as_ref(), Some(&disabled));
    let before = ok(case.store.dump(own.stream)).await;
    rows[0] = Row::Account(disabled.clone());
    rows.swap(0, 1);
    ok(case.store.rebuild(own.stream, rows)).await;
    assert_eq!(ok(case.store.dump(own.stream)).await, before);
    assert_eq!(ok(case.store.account_by_login(&older.login)).await.as_ref(), Some(&disabled));
}

pub(super) async fn devices_change(case: &Case<'_>) {
    let mut own = case.organisation_owner().await;
    let new = DeviceRow {
        device: DeviceId(case.id(1)),
        organisation: case.organisation(),
        label: "RSU 1".to_owned(),
        public_key: None,
        enabled: false,
        registered_at: Timestamp(5),
        enrolled_at: None,
    };
    case.commit(&[own.one(vec![Row::Device(new.clone())])]).await;
    assert_eq!(ok(case.store.device(new.device)).await.as_ref(), Some(&new));
    let enrolled =
        DeviceRow { public_key: Some(Bytes([7; 32])), enabled: true, enrolled_at: Some(Timestamp(6)), ..new.clone() };
    case.commit(&[own.one(vec![Row::Device(new.clone()), Row::Device(enrolled.clone())])]).await;
    assert_eq!(ok(case.store.device(new.device)).await, Some(enrolled));
    case.commit(&[own.one(vec![Row::Device(new.clone())])]).await;
    assert_eq!(ok(case.store.device(new.device)).await, Some(new));
}

pub(super) async fn credentials_change(case: &Case<'_>) {
    let row = CredentialRow {
        user: UserId(case.id(1)),
        password_hash: "$argon2id$v=19$…".to_owned(),
        must_change: true,
        failures: u32::MAX,
        locked_until: Some(Timestamp(u64::MAX)),
    };
    ok(case.store.put_credential(row.clone())).await;
    assert!(ok(case.store.credential(row.user)).await == Some(row.clone()));
    let later = CredentialRow { must_change: false, failures: 0, locked_until: None, password_hash: "x".into(), ..row };
    ok(case.store.put_credential(later.clone())).await;
    assert!(ok(case.store.credential(later.user)).await == Some(later));
}

fn session(case: &Case<'_>, family: u32, token: u32) -> SessionRow {
    SessionRow {
        family: case.id(family),
        user: UserId(case.id(1)),
        token_hash: case.hash(token),
        expires_at: Timestamp(u64::from(token)),
        revoked: false,
    }
}

pub(super) async fn one_rotation_wins(case: &Case<'_>) {
    let store = case.store;
    assert!(ok(store.rotate_session(session(case, 2, 100), None)).await);
    assert!(!ok(store.rotate_session(session(case, 2, 101), None)).await, "the family is there");
    assert!(ok(store.session_by_token(case.hash(101))).await.is_none());

    let race = (200..220).map(|token| store.rotate_session(session(case, 2, token), Some(case.hash(100))));
    let won: Vec<bool> = join_all(race).await.into_iter().map(|answer| answer.is_ok_and(|won| won)).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "exactly one of twenty");
    let winner = 200 + u32::try_from(won.iter().position(|won| *won).expect("one won")).expect("small");
    for token in 200..220 {
        let known = ok(store.session_by_token(case.hash(token))).await;
        assert_eq!(known.is_some(), token == winner);
    }

    // The old token still names its family, and shows that it is not the current one.
    for token in [100, winner] {
        let family = ok(store.session_by_token(case.hash(token))).await.expect("any token it ever had");
        assert!(family == session(case, 2, winner));
    }
    assert!(
        !ok(store.rotate_session(session(case, 2, 300), Some(case.hash(100)))).await,
        "an old one replaces nothing"
    );
    assert!(!ok(store.rotate_session(session(case, 3, 301), Some(case.hash(winner)))).await, "nor another family's");
    assert!(ok(store.rotate_session(session(case, 2, 302), Some(case.hash(winner)))).await);
}

pub(super) async fn sessions_are_revoked(case: &Case<'_>) {
    let store = case.store;
    for family in 2..=4 {
        assert!(ok(store.rotate_session(session(case, family, family * 100), None)).await);
    }
    let stranger = SessionRow { user: UserId(case.id(9)), ..session(case, 5, 500) };
    assert!(ok(store.rotate_session(stranger.clone(), None)).await);
    let revoked = async |token| ok(store.session_by_token(case.hash(token))).await.expect("it is there").revoked;
    ok(store.revoke_sessions(stranger.user, Some(case.id(2)))).await;
    assert!(!revoked(200).await, "somebody else's family");
    ok(store.revoke_sessions(UserId(case.id(1)), Some(case.id(2)))).await;
    assert!(revoked(200).await && !revoked(300).await);
    assert!(!ok(store.rotate_session(session(case, 2, 201), Some(case.hash(200)))).await, "it is over");
    ok(store.revoke_sessions(UserId(case.id(1)), None)).await;
    assert!(revoked(200).await && revoked(300).await && revoked(400).await && !revoked(500).await);
}

pub(super) async fn a_code_is_taken_once(case: &Case<'_>) {
    let store = case.store;
    let code = |hash: u32| EnrolmentCodeRow {
        device: DeviceId(case.id(1)),
        organisation: case.organisation(),
        code_hash: case.hash(hash),
        expires_at: Timestamp(1_000),
    };
    ok(store.put_enrolment_code(code(1))).await;
    ok(store.put_enrolment_code(code(2))).await;
    let now = Timestamp(999);
    assert_eq!(ok(store.take_enrolment_code(case.hash(1), now)).await, None, "it was replaced");
    let takers = join_all((0..20).map(|_| store.take_enrolment_code(case.hash(2), now))).await;
    let got: Vec<_> = takers.into_iter().filter_map(|answer| answer.ok().flatten()).collect();
    assert_eq!(got, [code(2)], "exactly one of twenty");
    ok(store.put_enrolment_code(code(3))).await;
    assert_eq!(ok(store.take_enrolment_code(case.hash(3), Timestamp(1_000))).await, None, "it had ended");
}

pub(super) async fn a_socket_ticket_is_taken_once(case: &Case<'_>) {
    let store = case.store;
    let ticket = |number: u32, everywhere| SocketTicketRow {
        ticket_hash: case.hash(number),
        user: UserId(case.id(1)),
        organisation: case.organisation(),
        everywhere,
        expires_at: Timestamp(1_000),
    };
    let now = Timestamp(999);
    for (number, everywhere) in [(1, false), (2, true), (3, false)] {
        ok(store.put_socket_ticket(ticket(number, everywhere), now)).await;
    }
    let takers = join_all((0..20).map(|_| store.take_socket_ticket(case.hash(1), now))).await;
    let got: Vec<_> = takers.into_iter().filter_map(|answer| answer.ok().flatten()).collect();
    assert_eq!(got, [ticket(1, false)], "exactly one of twenty");
    assert_eq!(ok(store.take_socket_ticket(case.hash(2), now)).await, Some(ticket(2, true)));
    assert_eq!(ok(store.take_socket_ticket(case.hash(3), Timestamp(1_000))).await, None, "it had ended");
    // What nobody used goes with the next one.
    ok(store.put_socket_ticket(ticket(4, false), now)).await;
    let later = SocketTicketRow { expires_at: Timestamp(2_000), ..ticket(5, false) };
    ok(store.put_socket_ticket(later, Timestamp(1_000))).await;
    assert_eq!(ok(store.take_socket_ticket(case.hash(4), now)).await, None);
}

pub(super) async fn a_secret_is_kept_once(case: &Case<'_>) {
    let name = format!("raffle/{}/ledger", case.stream(1).raffle);
    let secret = |byte: u8| SecretRow { name: name.clone(), sealed: vec![byte; 60] };
    let stand = join_all((0..20).map(|byte| case.store.put_secret(secret(byte)))).await;
    let stand: Vec<_> = stand.into_iter().map(|answer| answer.expect("an answer")).collect();
    assert!(stand.iter().all(|row| *row == stand[0]), "all are told the same");
    assert!(ok(case.store.secret(&name)).await.as_ref() == Some(&stand[0]));
    assert!(ok(case.store.put_secret(secret(99))).await == stand[0]);
}

pub(super) async fn it_answers(case: &Case<'_>) {
    for _ in 0..3 {
        ok(case.store.ping()).await;
    }
    assert!(["sqlite", "postgres"].contains(&case.store.kind()));
}
