//! Segments of a log with checksums that fit: recovery and every decoder behind the checksums. The input is a script of pieces
//! (see `pieces.rs`).
#![no_main]

use lakehead_fuzz::allocation::Bounded;
use lakehead_fuzz::assembled::{LOG, assembled};
use lakehead_fuzz::log::block_header::Life;
use lakehead_fuzz::log::recovery::{Mode, Options};
use lakehead_fuzz::log::state_record::StateRecord;
use lakehead_fuzz::log::{
    Canary, Decision, Position, ReadDisk, Reason, RecordKind, Recovered, RecoveryError, open_block, recover,
};
use lakehead_fuzz::memory_disk::MemoryDisk;
use lakehead_fuzz::seeds;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

libfuzzer_sys::fuzz_target!(init: seeds::write_if_asked(), |script: &[u8]| {
    let disk = assembled(script);
    let options = |mode| Options { mode, canary: Canary::None };
    let strict = recover(&disk, LOG, options(Mode::Strict));
    let accepting = recover(&disk, LOG, options(Mode::AcceptLoss));
    match &accepting {
        Ok(recovered) => judge(&disk, recovered),
        Err(error) => {
            assert!(!matches!(error, RecoveryError::Damaged(_)), "the loss was accepted: {error}");
            assert!(!error.to_string().is_empty());
        }
    }
    match (strict, accepting) {
        (Ok(strict), Ok(accepting)) => {
            assert_eq!((strict.next_position, strict.next_sequence), (accepting.next_position, accepting.next_sequence));
            assert_eq!((strict.state, strict.damages), (accepting.state, accepting.damages));
        }
        (Ok(_), Err(error)) => panic!("who accepts a loss gets less: {error}"),
        (Err(RecoveryError::Damaged(damages)), Ok(accepting)) => {
            assert!(damages.iter().all(|damage| accepting.damages.contains(damage)));
        }
        (Err(error), _) => assert!(!error.to_string().is_empty()),
    }
});

/// What recovery names can be read.
fn judge(disk: &MemoryDisk, recovered: &Recovered) {
    for number in recovered.state.tables.keys() {
        for place in recovered.blocks(*number, Position(0)) {
            let mut bytes = vec![0; place.bytes as usize];
            disk.read(place.segment, place.offset, &mut bytes).expect("a block is in its file");
            let segment = recovered.segments().find(|segment| segment.number == place.segment).expect("it is known");
            let life = Life { segment: segment.number, salt: segment.salt, canary: Canary::None };
            let view = open_block(&life, place.offset, &bytes).expect("it was intact a moment ago");
            for record in view.records() {
                if record.header.kind == RecordKind::Rows {
                    record.decision().iter().for_each(|decision| decided(decision, record.payload));
                    continue;
                }
                let Some(state) = StateRecord::decode(&record) else { continue };
                let mut payload = Vec::new();
                state.encode(&mut payload);
                assert_eq!(payload, record.payload, "a payload that is accepted has one form");
                if let StateRecord::Decided(decision) = state {
                    decided(&decision, record.payload);
                }
            }
        }
    }
    for (position, later) in &recovered.state.decided {
        assert!(!later.decision.is_empty(), "nothing was decided about entry {position}");
    }
}

/// A decision is the end of its payload, and each row is either kept or rejected.
fn decided(decision: &Decision, payload: &[u8]) {
    if decision.is_empty() {
        return;
    }
    let mut bytes = Vec::new();
    decision.encode(&mut bytes);
    assert!(payload.ends_with(&bytes), "a decision that is accepted has one form");
    let kept: u64 = decision.kept(0..u32::MAX).iter().map(|rows| u64::from(rows.end - rows.start)).sum();
    assert_eq!(kept + decision.rows(), u64::from(u32::MAX));
    let (first, _) = decision.rejected(0..u32::MAX).next().expect("it rejects something");
    assert!(decision.rejects(first));
    assert_eq!(
        decision.and_later(&Decision::whole(u32::MAX, Reason { code: 1, sentence: "all".into() })).rows(),
        u64::from(u32::MAX)
    );
}
