//! RDP-1 from outside: known answers, forged and damaged transcripts, golden files.

mod fixture;
mod golden;
mod hostile;
mod known_answers;
mod tampering;
mod vrf;
