//! Leases of nodes, by PostgreSQL's clock.

use super::PostgresStore;
use crate::store::sql::{Backend, Query, Statement, Value, backend, decode, writes::Write};
use crate::store::{Claim, Leases, NodeId, Peer, StoreFuture, StreamId};
use std::time::Duration;

/// Now in microseconds. Not the transaction's beginning: a statement may have waited for a row.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::int8"
    };
}

fn micros(span: Duration) -> Value<'static> {
    Value::Int(i64::try_from(span.as_micros()).unwrap_or(i64::MAX))
}

fn id(node: NodeId) -> Value<'static> {
    Value::Id(node.0)
}

impl Leases for PostgresStore {
    fn claim_for(&self, stream: StreamId, node: NodeId) -> StoreFuture<'_, Claim> {
        Box::pin(backend::claim(self, stream, Some(node)))
    }

    fn join(&self, peer: &Peer, ttl: Duration) -> StoreFuture<'_, ()> {
        let first = Statement::new(
            concat!(
                "INSERT INTO nodes (node, name, address, started_at, until) VALUES ($1, $2, $3, ",
                now!(),
                ", ",
                now!(),
                " + $4::int8) ON CONFLICT (node) DO UPDATE SET until = excluded.until"
            ),
            vec![id(peer.node), Value::text(peer.name.clone()), Value::text(peer.address.clone()), micros(ttl)],
        );
        Box::pin(async move { self.write(Write { first, then: vec![] }).await.map(drop) })
    }

    fn renew(&self, node: NodeId, ttl: Duration) -> StoreFuture<'_, bool> {
        let first = Statement::new(
            concat!("UPDATE nodes SET until = ", now!(), " + $2::int8 WHERE node = $1"),
            vec![id(node), micros(ttl)],
        );
        Box::pin(async move { Ok(self.write(Write { first, then: vec![] }).await? == 1) })
    }

    fn reap(&self) -> StoreFuture<'_, Vec<Peer>> {
        // A renewal that is faster wins: the row is looked at again once its lock is free.
        let statement = Statement::new(
            concat!("DELETE FROM nodes WHERE until <= ", now!(), " RETURNING node, name, address"),
            vec![],
        );
        Box::pin(self.change(Query { statement, decode: decode::peer }))
    }

    fn leave(&self, node: NodeId) -> StoreFuture<'_, ()> {
        let first = Statement::new("DELETE FROM nodes WHERE node = $1", vec![id(node)]);
        Box::pin(async move { self.write(Write { first, then: vec![] }).await.map(drop) })
    }

    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>> {
        let statement = Statement::new("SELECT node, name, address FROM nodes ORDER BY node", vec![]);
        Box::pin(self.fetch(Query { statement, decode: decode::peer }))
    }

    fn unowned(&self, limit: u32) -> StoreFuture<'_, Vec<StreamId>> {
        // Those in which nothing is due by itself wake when somebody asks.
        let statement = Statement::new(
            "SELECT raffles.organisation, raffles.raffle FROM raffles JOIN streams ON streams.stream = raffles.raffle \
             WHERE raffles.status NOT IN ('draft', 'configured', 'finalized', 'cancelled') \
             AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.node = streams.node) \
             ORDER BY streams.at LIMIT $1",
            vec![Value::Int(i64::from(limit))],
        );
        Box::pin(self.fetch(Query { statement, decode: decode::raffle_stream }))
    }
}
