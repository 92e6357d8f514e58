//! Every read-model row of a journal as text, the same in both databases.

use super::backend::{Backend, PAGE};
use super::queries;
use crate::store::{Row, StoreError, StreamId, TicketFilter};
use drumroll_engine::id::RaffleId;

/// Rows in the order of their keys, each as the JSON of the row that would make it, and the index of
/// draw numbers beside the tickets it follows from.
pub(super) async fn dump<B: Backend>(store: &B, stream: StreamId) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    if stream.raffle == RaffleId::NIL {
        let organisation = stream.organisation;
        for (organisation, name) in store.fetch(queries::organisation_of(organisation)).await? {
            lines.push(line(&Row::Organisation { organisation, name }));
        }
        lines.extend(
            store.fetch(queries::accounts_of(organisation)).await?.into_iter().map(|row| line(&Row::Account(row))),
        );
        lines.extend(
            store.fetch(queries::devices_of(organisation)).await?.into_iter().map(|row| line(&Row::Device(row))),
        );
    } else {
        raffle(store, stream.raffle, &mut lines).await?;
    }
    let significant = store.fetch(queries::significant_of(stream)).await?;
    lines.extend(significant.into_iter().map(|row| line(&Row::Significant(row))));
    Ok(lines)
}

async fn raffle<B: Backend>(store: &B, raffle: RaffleId, lines: &mut Vec<String>) -> Result<(), StoreError> {
    for row in store.fetch(queries::raffle(raffle)).await? {
        lines.push(line(&Row::Raffle(Box::new(row))));
    }
    let mut filter = TicketFilter { limit: PAGE, ..TicketFilter::default() };
    loop {
        let page = store.fetch(queries::tickets(raffle, filter)).await?;
        let Some(last) = page.last().map(|row| row.seq) else { break };
        filter.after_seq = last;
        lines.extend(page.into_iter().map(|row| line(&Row::Ticket(Box::new(row)))));
    }
    let mut after = None;
    loop {
        let page = store.fetch(queries::ranges_of(raffle, after, PAGE)).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        lines.extend(page.into_iter().map(|(_, line)| line));
    }
    let orders = store.fetch(queries::orders_of(raffle)).await?;
    lines.extend(orders.into_iter().map(|row| line(&Row::Order(Box::new(row)))));
    let facts = store.fetch(queries::facts(raffle, 0, u32::MAX)).await?;
    lines.extend(facts.into_iter().map(|row| line(&Row::Fact(row))));
    let draws = store.fetch(queries::draws_of(raffle)).await?;
    lines.extend(draws.into_iter().map(|row| line(&Row::Draw(row))));
    Ok(())
}

fn line(row: &Row) -> String {
    serde_json::to_string(row).expect("rows are plain data")
}
