//! What a database has to do so that everything else can be shared.

use super::value::Query;
use super::writes::Write;
use crate::store::sql::queries;
use crate::store::{Append, Appended, Claim, Leases, Loaded, NodeId, Row, StoreError, StreamHead, StreamId};

/// Rows in one page of a long read, each page with a deadline of its own.
pub(in crate::store) const PAGE: u32 = 4_096;

/// A database that runs statements. Each call has the backend's deadline.
pub(in crate::store) trait Backend: Send + Sync + 'static {
    /// `sqlite` or `postgres`.
    const KIND: &'static str;

    /// Reads rows, all of one moment.
    fn fetch<T: Send + 'static>(&self, query: Query<T>) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Like [`Backend::fetch`] for a statement that also changes rows; durable when it returns.
    fn change<T: Send + 'static>(&self, query: Query<T>) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// Runs a write in one transaction; how many rows its first statement changed.
    fn write(&self, write: Write) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// [`crate::store::Store::append`].
    fn append(&self, batch: &[Append]) -> impl Future<Output = Result<Vec<Appended>, StoreError>> + Send;

    /// [`crate::store::Store::leases`].
    fn leases(&self) -> Option<&dyn Leases> {
        None
    }

    /// [`crate::store::Store::rebuild`].
    fn rebuild(&self, stream: StreamId, rows: Vec<Row>) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Claims first, then reads: the claim fences off the older owner, so what it left behind stands still
/// while it is read. Events that a still newer owner adds meanwhile are beyond the end read here.
pub(in crate::store) async fn claim<B: Backend>(
    store: &B,
    stream: StreamId,
    node: Option<NodeId>,
) -> Result<Claim, StoreError> {
    let Some(claimed) = store.change(queries::claim(stream, node)).await?.pop() else {
        if let Some(peer) = store.fetch(queries::holder(stream)).await?.pop() {
            return Ok(Claim::Held(peer));
        }
        return Err(match store.fetch(queries::stream_head(stream)).await?.pop() {
            Some(stands) if stands.stream == stream => StoreError::Unavailable("the journal changes hands".to_owned()),
            _ => StoreError::Damaged("the journal is another organisation's".to_owned()),
        });
    };
    load(store, stream, claimed).await.map(Claim::Loaded)
}

async fn load<B: Backend>(store: &B, stream: StreamId, claimed: StreamHead) -> Result<Loaded, StoreError> {
    let (epoch, head) = (claimed.epoch, claimed.head);
    if head.seq == 0 {
        return Ok(Loaded { epoch, snapshot: None, tail: Vec::new(), head });
    }
    let snapshot = store.fetch(queries::snapshot(stream, head.seq)).await?.pop();
    let mut after = snapshot.as_ref().map_or(0, |(seq, _)| *seq);
    let mut tail = Vec::new();
    while after < head.seq {
        let page = store.fetch(queries::records(stream, after, head.seq, PAGE)).await?;
        // A gap at the end is for the caller to see: it knows what the end should be.
        let Some((last, _)) = page.last() else { break };
        after = last.seq;
        tail.extend(page);
    }
    Ok(Loaded { epoch, snapshot, tail, head })
}

/// The newest snapshot that is not ahead of the journal.
pub(super) async fn snapshot<B: Backend>(store: &B, stream: StreamId) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let Some(end) = store.fetch(queries::stream_head(stream)).await?.pop() else { return Ok(None) };
    Ok(store.fetch(queries::snapshot(stream, end.head.seq)).await?.pop())
}
