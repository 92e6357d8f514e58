//! What to say to the server next. Pure: local state and what the server said in, operations out.
//!
//! The order is the law of R-06: first everything is uploaded, in every raffle, and only then numbers
//! are asked for.

use drumroll_engine::id::RaffleId;
use drumroll_protocol::{DeviceState, LeaseRefusal};

/// One raffle as the device has it.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Which.
    pub raffle_id: RaffleId,
    /// Hash of each record of the series.
    pub hashes: &'a [[u8; 32]],
    /// Leases known.
    pub leases: u32,
    /// Most of the last lease is used, or there is none.
    pub numbers_are_low: bool,
    /// The raffle sells, as far as the device knows.
    pub selling: bool,
    /// Sales are over for good.
    pub over: bool,
    /// The final report is written.
    pub final_written: bool,
    /// The device stopped in this raffle.
    pub stopped: bool,
    /// How many numbers to ask for.
    pub block: u32,
}

/// The same raffle as the server told, on this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// How much of the series is durable.
    pub acknowledged_seq: u64,
    /// Hash of that record.
    pub acknowledged_head: [u8; 32],
    /// The device's state in the raffle.
    pub state: DeviceState,
    /// The last request for numbers was refused, and it is too early to ask again.
    pub refused: Option<LeaseRefusal>,
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncOp {
    /// Stop selling: the two series differ.
    Stop(RaffleId, Divergence),
    /// Send records from this one on, as many as fit.
    Upload(RaffleId, u64),
    /// Write the final report.
    WriteFinal(RaffleId),
    /// Ask for numbers.
    Reserve {
        /// In which raffle.
        raffle_id: RaffleId,
        /// The number of the lease.
        lease_no: u32,
        /// How many numbers.
        wanted: u32,
        /// The end of the series.
        head_seq: u64,
    },
}

/// How two series differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// The server holds more than the device: its memory was replaced by an older copy.
    DeviceBehind,
    /// The server holds another record.
    OtherRecord,
}

impl Divergence {
    /// For the seller and the log.
    pub const fn text(self) -> &'static str {
        match self {
            Self::DeviceBehind => "the server holds more records than this device",
            Self::OtherRecord => "the server holds another record than this device",
        }
    }
}

/// Plans for all raffles. Empty: there is nothing to do. Operations are to be done in order, each after
/// the answer to the one before.
pub fn plan<'a>(raffles: impl Iterator<Item = (Local<'a>, &'a Remote)> + Clone) -> Vec<SyncOp> {
    let mut ops = Vec::new();
    for (local, remote) in raffles.clone().filter(|(local, _)| !local.stopped) {
        if let Some(divergence) = divergence(&local, remote) {
            ops.push(SyncOp::Stop(local.raffle_id, divergence));
        } else if remote.acknowledged_seq < local.hashes.len() as u64 {
            ops.push(SyncOp::Upload(local.raffle_id, remote.acknowledged_seq + 1));
        } else if owes_final_report(&local, remote) {
            ops.push(SyncOp::WriteFinal(local.raffle_id));
        }
    }
    if ops.is_empty() {
        ops.extend(raffles.filter_map(|(local, remote)| reserve(&local, remote)));
    }
    ops
}

fn divergence(local: &Local<'_>, remote: &Remote) -> Option<Divergence> {
    let last = usize::try_from(remote.acknowledged_seq).ok()?.checked_sub(1)?;
    match local.hashes.get(last) {
        None => Some(Divergence::DeviceBehind),
        Some(hash) if *hash != remote.acknowledged_head => Some(Divergence::OtherRecord),
        Some(_) => None,
    }
}

/// Everything is acknowledged, sales are over, and there is something to account for.
fn owes_final_report(local: &Local<'_>, remote: &Remote) -> bool {
    local.over
        && !local.final_written
        && (local.leases > 0 || !local.hashes.is_empty())
        && matches!(remote.state, DeviceState::Joined | DeviceState::Selling)
}

fn reserve(local: &Local<'_>, remote: &Remote) -> Option<SyncOp> {
    let wants = local.selling
        && !local.stopped
        && !local.final_written
        && remote.refused.is_none()
        && matches!(remote.state, DeviceState::Joined | DeviceState::Selling)
        && local.numbers_are_low;
    wants.then(|| SyncOp::Reserve {
        raffle_id: local.raffle_id,
        lease_no: local.leases + 1,
        wanted: local.block,
        head_seq: local.hashes.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: RaffleId = RaffleId([1; 16]);
    const B: RaffleId = RaffleId([2; 16]);
    /// Hashes of records 1, 2 and 3.
    const HASHES: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];

    fn local(raffle_id: RaffleId, records: usize, low: bool) -> Local<'static> {
        Local {
            raffle_id,
            hashes: &HASHES[..records],
            leases: 1,
            numbers_are_low: low,
            selling: true,
            over: false,
            final_written: false,
            stopped: false,
            block: 50,
        }
    }

    fn remote(acknowledged: u64) -> Remote {
        let head = if acknowledged == 0 { [0; 32] } else { [acknowledged as u8; 32] };
        Remote { acknowledged_seq: acknowledged, acknowledged_head: head, state: DeviceState::Selling, refused: None }
    }

    fn reserve_no_2(raffle_id: RaffleId, head_seq: u64) -> SyncOp {
        SyncOp::Reserve { raffle_id, lease_no: 2, wanted: 50, head_seq }
    }

    /// one row per situation.
    #[test]
    fn r06_the_plan_by_situation() {
        let over = Local { selling: false, over: true, ..local(A, 2, false) };
        let fresh = Local { leases: 0, ..local(A, 0, true) };
        let rows: Vec<(&str, Local<'_>, Remote, Vec<SyncOp>)> = vec![
            ("all is said", local(A, 2, false), remote(2), vec![]),
            ("nothing uploaded", local(A, 2, false), remote(0), vec![SyncOp::Upload(A, 1)]),
            ("one missing", local(A, 3, false), remote(2), vec![SyncOp::Upload(A, 3)]),
            ("numbers enough", local(A, 1, false), remote(1), vec![]),
            ("numbers low", local(A, 1, true), remote(1), vec![reserve_no_2(A, 1)]),
            ("upload before numbers", local(A, 2, true), remote(1), vec![SyncOp::Upload(A, 2)]),
            (
                "first numbers",
                fresh,
                Remote { state: DeviceState::Joined, ..remote(0) },
                vec![SyncOp::Reserve { raffle_id: A, lease_no: 1, wanted: 50, head_seq: 0 }],
            ),
            (
                "refused a moment ago",
                local(A, 1, true),
                Remote { refused: Some(LeaseRefusal::SoldOut), ..remote(1) },
                vec![],
            ),
            ("suspended", Local { selling: false, ..local(A, 1, true) }, remote(1), vec![]),
            ("over, not all uploaded", over, remote(1), vec![SyncOp::Upload(A, 2)]),
            ("over, all uploaded", over, remote(2), vec![SyncOp::WriteFinal(A)]),
            ("over, report written", Local { final_written: true, ..over }, remote(1), vec![SyncOp::Upload(A, 2)]),
            ("over, report uploaded", Local { final_written: true, ..over }, remote(2), vec![]),
            ("over, server says final", over, Remote { state: DeviceState::Final, ..remote(2) }, vec![]),
            ("over, never took part", Local { leases: 0, hashes: &[], ..over }, remote(0), vec![]),
            ("declared lost", local(A, 1, true), Remote { state: DeviceState::Lost, ..remote(1) }, vec![]),
            ("older copy", local(A, 1, false), remote(2), vec![SyncOp::Stop(A, Divergence::DeviceBehind)]),
            (
                "another record",
                local(A, 2, false),
                Remote { acknowledged_head: [9; 32], ..remote(2) },
                vec![SyncOp::Stop(A, Divergence::OtherRecord)],
            ),
            ("stopped", Local { stopped: true, ..local(A, 2, true) }, remote(0), vec![]),
        ];
        for (situation, local, remote, expected) in rows {
            assert_eq!(plan([(local, &remote)].into_iter()), expected, "{situation}");
        }
    }

    #[test]
    fn r06_one_raffles_numbers_wait_for_the_others_upload() {
        let (up, done) = (remote(0), remote(1));
        let ops = plan([(local(A, 1, true), &done), (local(B, 1, false), &up)].into_iter());
        assert_eq!(ops, [SyncOp::Upload(B, 1)]);
        let ops = plan([(local(A, 1, true), &done), (local(B, 1, true), &done)].into_iter());
        assert_eq!(ops, [reserve_no_2(A, 1), reserve_no_2(B, 1)]);
    }
}
