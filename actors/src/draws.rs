//! Runs a draw's steps: computes off the actors' threads, and records each step durably before it takes
//! the next (D-05). Interrupted anywhere, it goes on from what is on record and comes to the same winners.

use crate::aggregate::Origin;
use crate::intake::Lane;
use crate::keys::KeyError;
use crate::node::{Failure, Node};
use crate::registry::ExecuteError;
use crate::store::StreamId;
use drumroll_engine::bytes::Bytes;
use drumroll_engine::draw::{Commitment, Options, Outcome, ProduceError, Reveal, produce, verify};
use drumroll_engine::id::DrawId;
use drumroll_engine::ledger::{Ledger, LedgerError};
use drumroll_engine::raffle::draw_winners::DrawWinners;
use drumroll_engine::raffle::lock_draw::{LockDraw, may_lock};
use drumroll_engine::raffle::open_sales::{OpenSales, prepare};
use drumroll_engine::raffle::prove_draw::ProveDraw;
use drumroll_engine::raffle::reveal_witness::RevealWitness;
use drumroll_engine::raffle::{Command, Draw, DrawStatus, Raffle, Rejection, SealedLedger, Slot};
use thiserror::Error;

/// Why a step of a draw was not taken.
#[derive(Debug, Error)]
pub enum DrawError {
    /// The engine refused.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The actor did not answer; asking again goes on where it stopped.
    #[error(transparent)]
    Failed(#[from] ExecuteError),
    /// The keys could not be had.
    #[error("the keys could not be had")]
    Keys(#[from] KeyError),
    /// The recorded parts do not fit together. Nothing was recorded.
    #[error("the draw's parts do not fit together: {0}")]
    Produce(ProduceError),
    /// Our own verifier rejects what would be recorded. Nothing was recorded.
    #[error("the result does not verify: {0}")]
    Verify(String),
}

impl From<Failure> for DrawError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(rejection) => Self::Refused(rejection),
            Failure::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<ProduceError> for DrawError {
    fn from(error: ProduceError) -> Self {
        Self::Produce(error)
    }
}

/// How often a lock is made anew because something was recorded meanwhile.
const LOCK_TRIES: u32 = 5;

impl Node {
    /// Opens sales: makes the raffle's keys, commits the house witness to the plan, freezes everything.
    ///
    /// # Errors
    /// See [`DrawError`]; asking again uses the same keys.
    pub async fn open_sales(&self, stream: StreamId, origin: Origin) -> Result<(), DrawError> {
        let secrets = self.keys().create_raffle_keys(stream.raffle).await?;
        let keys = secrets.public();
        let plan = self.read(stream, move |live| prepare(&live.state, keys).map(|opening| opening.plan)).await??;
        let random = self.keys().house_random(stream.raffle, plan.draw_no).await?;
        let commitment = random.commit(&plan.hash(), &secrets.house.public());
        let draw = DrawId(*uuid::Uuid::now_v7().as_bytes());
        let command = Command::OpenSales(OpenSales { keys, draw, house_commitment: Bytes(commitment.0) });
        self.execute(stream, Lane::Control, origin, command).await?;
        Ok(())
    }

    /// Seals the sold list of a draw, one way. A draw that is sealed already stays as it is.
    ///
    /// # Errors
    /// See [`DrawError`].
    pub async fn lock_draw(&self, stream: StreamId, draw_no: u32, origin: Origin) -> Result<(), DrawError> {
        for _ in 0..LOCK_TRIES {
            let at = self.clock().now();
            let seen = self.read(stream, move |live| {
                let draw = live.state.draw(draw_no).ok_or(Rejection::UnknownDraw)?;
                if draw.lock.is_some() {
                    return Ok(None);
                }
                if draw.status != DrawStatus::Acknowledged {
                    return Err(Rejection::WrongDrawStatus { status: draw.status });
                }
                may_lock(&live.state, at.max(live.head.at))?;
                let plan = live.state.plan(draw_no).ok_or(Rejection::UnknownDraw)?;
                let commitment = Commitment(draw.house_commitment.0);
                Ok(Some((plan, commitment, live.state.sold_ledger(), live.head)))
            });
            let Some((plan, commitment, sold, head)) = seen.await?? else { return Ok(()) };
            let secrets = self.keys().raffle_keys(stream.raffle).await?;
            let closed_at_ms = self.clock().now().max(head.at).as_millis();
            let close = drumroll_engine::draw::Close {
                close_seq: head.seq,
                journal_head: head.hash.0,
                closed_at_ms,
                beacon_round: 0,
            };
            let signed = self.compute(move || {
                let ledger = Ledger::new(sold, plan.number_first, plan.number_last).map_err(ledger_error)?;
                let signed = produce::lock(&plan, &ledger, close, vec![commitment], &secrets.ledger)?;
                let lock_hash = signed.lock.hash(&plan.hash());
                Ok::<_, DrawError>((signed, lock_hash))
            });
            let (signed, lock_hash) = signed.await??;
            let lock = SealedLedger {
                close_seq: signed.lock.close_seq,
                journal_head: Bytes(signed.lock.journal_head),
                closed_at_ms: signed.lock.closed_at_ms,
                range_count: signed.lock.range_count,
                sold_count: signed.lock.sold_count,
                ledger_root: Bytes(signed.lock.ledger_root),
                lock_hash: Bytes(lock_hash.0),
                signature: Bytes(signed.sig.0),
            };
            let command = Command::LockDraw(Box::new(LockDraw { draw_no, lock }));
            match self.execute(stream, Lane::Control, origin, command).await {
                Err(Failure::Refused(Rejection::LockOutdated)) => continue,
                other => return other.map(drop).map_err(DrawError::from),
            }
        }
        Err(Rejection::LockOutdated.into())
    }

    /// Reveals, proves and draws, each step on record before the next. A second call, however early or
    /// late, ends with the same winners.
    ///
    /// # Errors
    /// See [`DrawError`].
    pub async fn execute_draw(&self, stream: StreamId, draw_no: u32, origin: Origin) -> Result<(), DrawError> {
        let draw = self.draw_state(stream, draw_no).await?;
        if draw.result.is_some() {
            return Ok(());
        }
        if !matches!(draw.status, DrawStatus::Locked | DrawStatus::Proven) {
            return Err(Rejection::WrongDrawStatus { status: draw.status }.into());
        }
        let secrets = self.keys().raffle_keys(stream.raffle).await?;
        if draw.house_reveal.is_none() {
            let lock_hash = draw.lock_hash().ok_or(Rejection::DrawInvalid)?;
            let random = self.keys().house_random(stream.raffle, draw_no).await?;
            let reveal = Reveal::sign(&secrets.house, &lock_hash, &random);
            let command = RevealWitness { draw_no, reveal: Bytes(reveal.r), signature: Bytes(reveal.sig.0) };
            self.execute(stream, Lane::Control, origin, Command::RevealWitness(command)).await?;
        }
        let draw = self.draw_state(stream, draw_no).await?;
        let (plan, sold) = self
            .read(stream, move |live| {
                let plan = live.state.plan(draw_no).ok_or(Rejection::UnknownDraw)?;
                Ok::<_, Rejection>((plan, live.state.sold_ledger()))
            })
            .await??;
        let signed = draw.signed_lock().ok_or(Rejection::DrawInvalid)?;
        let reveals = draw.reveals().ok_or(Rejection::DrawInvalid)?;
        if draw.proof.is_none() {
            let proof = produce::prove(&plan, &signed, &reveals, &secrets.vrf)?;
            let command = ProveDraw { draw_no, proof: Bytes(proof.0) };
            self.execute(stream, Lane::Control, origin, Command::ProveDraw(command)).await?;
        }
        let draw = self.draw_state(stream, draw_no).await?;
        let proof = draw.vrf_proof().ok_or(Rejection::DrawInvalid)?;
        let command = self.compute(move || {
            let ledger = Ledger::new(sold, plan.number_first, plan.number_last).map_err(ledger_error)?;
            let outcome = Outcome::compute(&plan, &ledger, &signed, &reveals, &proof, None)?;
            let signature = outcome.sign(&secrets.ledger)?;
            let slots = outcome.slots.iter().map(|drawn| Slot { rank: drawn.slot.rank, number: drawn.slot.number });
            let command = DrawWinners {
                draw_no,
                seed: Bytes(outcome.seed.0),
                slots: slots.collect(),
                result_hash: Bytes(outcome.result_hash.0),
                signature: Bytes(signature.0),
            };
            let transcript = drumroll_engine::draw::Transcript {
                plan: plan.clone(),
                ledger: ledger.ranges().to_vec(),
                lock: signed,
                reveals,
                vrf_proof: proof.0.to_vec(),
                beacon: None,
                slots: outcome.slots.iter().map(|drawn| drawn.slot).collect(),
                result_sig: signature,
                evidence: Vec::new(),
            };
            // Nothing goes on record that a stranger's verifier would refuse.
            let report = verify(&transcript, &Options { expected_plan: Some(plan.hash()), ..Options::default() });
            if report.ok { Ok(command) } else { Err(DrawError::Verify(format!("{:?}", report.code))) }
        });
        let command = Command::DrawWinners(Box::new(command.await??));
        self.execute(stream, Lane::Control, origin, command).await?;
        Ok(())
    }

    /// Runs a computation off the actors' threads.
    async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ExecuteError> {
        self.crew().compute(work).await.map_err(|_| ExecuteError::Interrupted)
    }

    async fn draw_state(&self, stream: StreamId, draw_no: u32) -> Result<Draw, DrawError> {
        let look = move |live: &crate::aggregate::Live<Raffle>| live.state.draw(draw_no).cloned();
        self.read(stream, look).await?.ok_or_else(|| Rejection::UnknownDraw.into())
    }

    /// The transcript of a drawn draw as JSON. The caller decides who may see it.
    ///
    /// # Errors
    /// See [`DrawError`].
    pub async fn transcript(&self, stream: StreamId, draw_no: u32) -> Result<Option<Vec<u8>>, DrawError> {
        let transcript = self.read(stream, move |live| live.state.transcript(draw_no)).await?;
        let Some(transcript) = transcript else { return Ok(None) };
        Ok(Some(self.compute(move || transcript.encode().into()).await?))
    }
}

fn ledger_error(error: LedgerError) -> DrawError {
    match error {
        LedgerError::Empty => Rejection::NothingSold.into(),
        _ => DrawError::Produce(ProduceError::Ledger),
    }
}
