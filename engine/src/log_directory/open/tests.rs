use super::*;
use crate::handover::log_part::Remembered;
use crate::log_directory::amending::Amending;

const WANTED: Wanted = Wanted { cores: 1, bytes_max: 160 << 20 };

/// The ids that the log of the only core accepts.
fn accepted(logs: &Path) -> Vec<Arc<str>> {
    open(logs, WANTED).unwrap().serving[0].accepted.iter().cloned().collect()
}

/// Has the only log note something, as a run of its own.
fn amend(logs: &Path, change: impl FnOnce(&mut crate::log::Log)) {
    let mut amending = Amending::begin(logs).unwrap();
    let (log, run) = (amending.manifest().logs[0], amending.manifest().run + 1);
    let recovered = amending.recover(log, Mode::Strict).unwrap();
    amending.amend(recovered, change).unwrap();
    assert_eq!(Manifest::read(logs).unwrap().run, run);
}

#[test]
fn a_decision_is_handed_on_until_the_log_has_noted_the_claim_that_used_it() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path();
    assert_eq!(accepted(logs), []);
    amend(logs, |log| {
        let table = log.note_table(&"id".into(), &"t".into());
        let claim = log.claim(table);
        log.committed(table, Remembered { claim, position: 0, version: 3 });
    });
    Amending::begin(logs).unwrap().accept("id").unwrap();
    Amending::begin(logs).unwrap().accept("unknown").unwrap();
    // Runs that crash before their claim landed, or before they noted it.
    for _ in 0..2 {
        assert_eq!(accepted(logs), ["id".into()]);
    }
    let accepted_tables: Vec<String> =
        Manifest::read(logs).unwrap().accepted.into_iter().map(|acceptance| acceptance.table).collect();
    assert_eq!(accepted_tables, ["id"], "nobody knows the other one");
    amend(logs, |log| {
        let table = log.table_of("id").unwrap();
        let claim = log.claim(table);
        log.committed(table, Remembered { claim, position: 0, version: 5 });
    });
    assert_eq!(accepted(logs), []);
    assert_eq!(Manifest::read(logs).unwrap().accepted, []);
}
