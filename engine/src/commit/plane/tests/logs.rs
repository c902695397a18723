//! Tables with logs: claims, tables that were taken back, opens that wait, files that cannot be written.

use super::*;
use crate::handover::answer::Held;
use crate::handover::log_part::{Base, LogEntry, LogId, LogPart, Remembered, Spoken};

impl World {
    fn claim(&self, table: &OpenTable, part: LogPart) -> Answer {
        self.plane.submit(Request::WantCut { table: table.key, urgency: Urgency::Now });
        let (generation, cut) = self.shards[0].cut_wanted();
        let done =
            CutDone { shard: ShardId(0), generation, cut, rows: 0, ranges: vec![], mints: vec![], log: Some(part) };
        table.port.try_send(Piece::CutDone(done)).unwrap();
        self.shards[0].next()
    }

    fn insist(&self, shard: usize, name: &str) {
        self.plane.submit(Request::OpenTable {
            shard: self.shards[shard].id,
            ticket: Ticket::Log(7),
            name: name.into(),
            create: Some(Arc::new(schema())),
            insist: true,
        });
    }
}

const LOG: LogId = LogId([9; 16]);

fn unclaimed(claim: u64, remembered: Remembered) -> LogPart {
    let spoken = Spoken { claim: remembered.claim, end: 100 };
    let spoken = Some(spoken).filter(|spoken| spoken.claim > 0).into_iter().collect();
    LogPart { log: LOG, claim, to: 0, base: Base::Unclaimed { remembered, spoken, adopt: false } }
}

#[test]
fn a_log_claims_its_table_and_loses_it_to_a_newer_run() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    let Answer::Committed { version: 1, shown, .. } = world.claim(&table, unclaimed(4, Remembered::default())) else {
        panic!()
    };
    assert_eq!((shown.version, shown.log(LOG)), (1, LogEntry { claim: 4, position: 0 }));
    // Nothing changes, nothing is written, and what is shown is told all the same.
    let idle = || LogPart { log: LOG, claim: 4, to: 0, base: Base::Claimed { position: 0 } };
    let Answer::Committed { version: 1, shown, .. } = world.claim(&table, idle()) else { panic!() };
    assert_eq!(shown.log(LOG), LogEntry { claim: 4, position: 0 });

    let newer = World::start(folder.path(), 1, |_| {});
    let again = newer.open(0, "t", None).unwrap();
    let remembered = Remembered { claim: 4, position: 0, version: 1 };
    let Answer::Committed { version: 2, .. } = newer.claim(&again, unclaimed(5, remembered)) else { panic!() };
    let moves = LogPart { to: 3, ..idle() };
    let Answer::TableClosed { table: closed, why, held } = world.claim(&table, moves) else { panic!() };
    assert_eq!((closed, why.code, held), (table.key, RejectCode::TableUnavailable, Held::UntilDecided));
    assert!(why.message.contains("claim 4") && why.message.contains("claim 5"), "{}", why.message);
    // Whoever wants the table hears at once why not, in this engine; a copy of it finds out for itself.
    world.insist(0, "t");
    assert_eq!(world.shards[0].opened().unwrap_err(), why);
    World::start(folder.path(), 1, |_| {}).and_opens("t", |copy, table| {
        let Answer::TableClosed { why, .. } = copy.claim(table, unclaimed(5, remembered)) else { panic!() };
        assert!(why.message.contains("another copy"), "{}", why.message);
    });
    newer.plane.stop();
    world.plane.stop();
}

#[test]
fn a_table_that_was_restored_behind_a_logs_back_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    let Answer::Committed { version: 1, .. } = world.claim(&table, unclaimed(1, Remembered::default())) else {
        panic!()
    };
    let restore = br#"{"commitInfo":{"timestamp":0,"operation":"RESTORE"}}"#;
    std::fs::write(folder.path().join("t/_delta_log/00000000000000000002.json"), restore).unwrap();
    let remembered = Remembered { claim: 1, position: 0, version: 1 };
    World::start(folder.path(), 1, |_| {}).and_opens("t", |world, table| {
        let Answer::TableClosed { why, held, .. } = world.claim(table, unclaimed(2, remembered)) else { panic!() };
        assert!(held == Held::UntilDecided && why.message.contains("version 2 is a RESTORE"), "{}", why.message);
        assert_eq!(world.open(0, "t", None).unwrap_err(), why, "not in this run");
    });
    let version = World::start(folder.path(), 1, |_| {}).and_opens("t", |world, table| {
        let spoken = [Spoken { claim: 1, end: 100 }].into();
        let adopt = Base::Unclaimed { remembered, spoken, adopt: true };
        let adopt = LogPart { log: LOG, claim: 2, to: 0, base: adopt };
        let Answer::Committed { version: 3, .. } = world.claim(table, adopt) else { panic!() };
        table.version
    });
    assert_eq!(version, 2);
    world.plane.stop();
}

impl World {
    /// Opens a table, acts, and stops.
    fn and_opens<T>(self, name: &str, act: impl FnOnce(&Self, &OpenTable) -> T) -> T {
        let table = self.open(0, name, None).unwrap();
        let result = act(&self, &table);
        self.plane.stop();
        result
    }
}

#[test]
fn whoever_insists_waits_for_a_table_that_may_be_mended_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 2, |_| {});
    // One that does not exist is not made, and not waited for.
    world.insist(0, "none");
    assert_eq!(world.shards[0].opened().unwrap_err().code, RejectCode::UnknownTable);
    assert!(!folder.path().join("none").exists());

    world.open(1, "maker", Some(schema())).unwrap();
    // A log that cannot be read.
    let unreadable = |name: &str| {
        let log = folder.path().join(name).join("_delta_log");
        std::fs::create_dir_all(&log).unwrap();
        std::fs::write(log.join("00000000000000000000.json"), b"{").unwrap();
        log
    };
    let log = unreadable("sick");
    world.insist(0, "sick");
    // Others are answered each time, and go on elsewhere.
    for _ in 0..3 {
        assert_eq!(world.open(1, "sick", None).unwrap_err().code, RejectCode::TableUnavailable);
    }
    assert_eq!(world.open(1, "well", Some(schema())).unwrap().version, 0);
    assert!(world.shards[0].answers.is_empty(), "it waits");
    let first = "00000000000000000000.json";
    std::fs::rename(folder.path().join("maker/_delta_log").join(first), log.join(first)).unwrap();
    assert_eq!(world.shards[0].opened().unwrap().version, 0);

    // The plane's end is the end of waiting.
    unreadable("other");
    world.insist(0, "other");
    assert_eq!(world.open(1, "other", None).unwrap_err().code, RejectCode::TableUnavailable);
    let World { plane, shards, .. } = world;
    plane.stop();
    assert_eq!(shards[0].opened().unwrap_err().code, RejectCode::ShuttingDown);
}

#[test]
fn files_that_cannot_be_written_are_tried_again_after_growing_pauses() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path(), 1, |_| {});
    let table = world.open(0, "t", Some(schema())).unwrap();
    assert_eq!(world.mint(&table, "a").epoch, 1);
    // The log stays where it is, and the folder for files is none.
    let (place, aside) = (folder.path().join("t"), folder.path().join("aside"));
    std::fs::rename(&place, &aside).unwrap();
    std::fs::write(&place, b"in the way").unwrap();
    let (mut generation, mut cut, mut discarded) = (1, table.next_cut + 1, Vec::new());
    let began = tokio::time::Instant::now();
    while discarded.len() < 4 {
        world.send(&table, (0, generation, cut), "a", 0, 10);
        loop {
            match world.shards[0].next() {
                Answer::Discarded { generation: next, next_cut, why, .. } => {
                    assert_eq!(why.code, RejectCode::TableUnavailable);
                    (generation, cut) = (next, next_cut);
                    discarded.push(began.elapsed());
                    break;
                }
                Answer::CutWanted { .. } | Answer::Room { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    // 100, 200 and 400 ms lie between them: rows wait in the port meanwhile.
    let since_began: Vec<_> = discarded.iter().map(std::time::Duration::as_millis).collect();
    assert!(since_began[1] >= 100 && since_began[2] >= 300 && since_began[3] >= 700, "{since_began:?}");
    std::fs::remove_file(&place).unwrap();
    std::fs::rename(&aside, &place).unwrap();
    world.send(&table, (0, generation, cut), "a", 0, 10);
    assert_eq!(world.shards[0].cut_wanted(), (generation, cut));
    world.done(&table, (0, generation, cut), &[("a", 1, 0, 10)], &[]);
    assert_eq!(world.shards[0].committed().0, cut);
    world.plane.stop();
    assert_eq!(read_back(&place)["a"], (0..10).collect::<Vec<_>>());
}
