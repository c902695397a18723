//! Named streams at a real engine: resuming, fencing, trimming, draining, stopping and going on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

mod support;

use lakehead_protocol::compression::{Compression, compress_frame};
use lakehead_protocol::hello::{Hello, MODE_RESUME};
use lakehead_protocol::reject::RejectCode;
use support::{Engine, Peer, Said, hello, numbers, open, rows_frame, wait_until};

const CONFIG: &str = "[tables]\ncommit_interval_ms = 50\n[memory]\nbudget_mb = 256\n";

fn resume(engine: &Engine, epoch: u64, opener: u8, attempt: u64) -> Peer {
    let mut peer = engine.peer();
    peer.hello(&Hello {
        mode: MODE_RESUME,
        epoch_major: epoch,
        attempt,
        schema_follows: 0,
        ..hello("numbers", "a", opener)
    });
    peer
}

#[test]
fn reopening_answers_what_is_committed_and_fences_the_older() {
    let engine = Engine::start();
    let (mut first, welcome) = open(&engine, "numbers", "a", 1);
    assert_eq!((welcome.resume_offset, welcome.epoch_major), (0, 1));
    first.rows(0, 100);
    let (mut second, welcome) = open(&engine, "numbers", "a", 2);
    assert_eq!((welcome.resume_offset, welcome.committed, welcome.epoch_major), (100, 100, 2));
    assert_eq!(first.refusal().0, RejectCode::Fenced);
    second.rows(50, 100);
    assert_eq!(second.committed(150).committed, 150);
    assert_eq!(resume(&engine, 1, 1, 2).refusal().0, RejectCode::Fenced);
}

#[test]
fn a_resume_goes_on_here_and_after_a_kill() {
    let mut engine = Engine::start();
    let (mut first, welcome) = open(&engine, "numbers", "a", 1);
    first.rows(0, 100);
    first.committed(100);
    drop(first);
    let mut second = resume(&engine, welcome.epoch_major, 1, 2);
    assert_eq!(second.welcome().resume_offset, 100);
    second.schema(1, &numbers());
    second.rows(100, 20);
    second.committed(120);
    engine.restart(CONFIG);
    let mut third = resume(&engine, welcome.epoch_major, 1, 3);
    assert_eq!(third.welcome().resume_offset, 120);
    assert_eq!(resume(&engine, welcome.epoch_major + 1, 1, 4).refusal().0, RejectCode::Fenced);
}

#[test]
fn plain_compressed_and_empty_batches_make_one_stream() {
    let engine = Engine::start();
    let (mut peer, _) = open(&engine, "numbers", "a", 1);
    peer.rows(0, 1_000);
    for (first, compression) in [(1_000, Compression::Lz4), (2_000, Compression::Zstd)] {
        peer.send(&rows_frame(first, 0));
        peer.send(&compress_frame(&rows_frame(first, 1_000), compression).unwrap());
    }
    assert_eq!(peer.committed(3_000).committed, 3_000);
}

#[test]
fn a_close_is_answered_when_all_is_committed() {
    let engine = Engine::start();
    let (mut peer, _) = open(&engine, "numbers", "a", 1);
    peer.rows(0, 1000);
    peer.close(1000);
    loop {
        match peer.next() {
            Said::Closed(closed) => return assert_eq!(closed.committed, 1000),
            Said::Ack(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_drain_commits_what_is_held_and_exits_with_zero() {
    let mut engine = Engine::start_with("[tables]\ncommit_interval_ms = 60000\n[memory]\nbudget_mb = 256\n");
    let (mut named, _) = open(&engine, "numbers", "a", 1);
    let (mut anonymous, _) = open(&engine, "numbers", "", 2);
    named.rows(0, 100);
    anonymous.rows(0, 50);
    // A full duplicate is acknowledged at once: when the answer is here, both batches were taken in.
    anonymous.rows(0, 50);
    named.rows(0, 100);
    assert!(matches!(anonymous.next(), Said::Ack(_)));
    assert!(matches!(named.next(), Said::Ack(_)));
    engine.signal(15);
    let status = engine.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(named.committed(100).committed, 100);
    assert_eq!(anonymous.committed(50).committed, 50);
    engine.restart(CONFIG);
    let (_, welcome) = open(&engine, "numbers", "a", 3);
    assert_eq!(welcome.committed, 100);
}

/// The runtime can park with ready tasks after the process was stopped or descheduled; the reactors' tick bounds that.
#[test]
fn a_stopped_and_continued_process_goes_on_under_load() {
    let engine = Engine::start();
    let mut peers: Vec<Peer> = (0..4u8).map(|index| open(&engine, "numbers", &format!("s{index}"), index).0).collect();
    for round in 0..10u64 {
        for peer in &mut peers {
            for batch in 0..20 {
                peer.send(&rows_frame(round * 20_000 + batch * 1000, 1000));
            }
        }
        engine.signal(19);
        wait_until("the process is stopped", || state(&engine) == 'T');
        engine.signal(18);
        for peer in &mut peers {
            assert!(peer.committed((round + 1) * 20_000).committed >= (round + 1) * 20_000);
        }
    }
}

fn state(engine: &Engine) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", engine.pid())).unwrap();
    stat.rsplit(") ").next().unwrap().chars().next().unwrap()
}

#[test]
fn connections_come_and_go_without_leaking_descriptors() {
    let engine = Engine::start();
    drop(open(&engine, "numbers", "warm", 1));
    wait_until("the first connection is gone", || engine.descriptors() < 200);
    let before = engine.descriptors();
    for round in 0..20u8 {
        // Names spread over the cores: about half of the sockets are handed over.
        let peers: Vec<Peer> = (0..25u8)
            .map(|index| {
                let mut peer = engine.peer();
                peer.hello(&hello("numbers", &format!("s{index}"), round));
                peer
            })
            .collect();
        drop(peers);
    }
    wait_until("all descriptors are closed", || engine.descriptors() <= before);
}

#[test]
fn slow_peers_do_not_grow_the_process() {
    let engine = Engine::start_with("[tables]\ncommit_interval_ms = 50\n[memory]\nbudget_mb = 64\n");
    let (mut busy, _) = open(&engine, "numbers", "busy", 1);
    busy.rows(0, 10);
    busy.committed(10);
    let before = engine.memory_bytes();
    let large = rows_frame(0, 200_000);
    let mut slow: Vec<Peer> = (0..100)
        .map(|_| {
            let (mut peer, _) = open(&engine, "numbers", "", 7);
            peer.socket.set_nonblocking(false).unwrap();
            peer.send(&large[..64 * 1024]);
            peer
        })
        .collect();
    // 100 begun frames of 4 MB are 400 MB; the budget is 64.
    busy.rows(10, 10);
    let grown = engine.memory_bytes().saturating_sub(before);
    assert!(grown < 200 << 20, "grew by {} MB", grown >> 20);
    slow.iter_mut().for_each(|peer| drop(peer.socket.shutdown(std::net::Shutdown::Both)));
    drop(slow);
    busy.rows(20, 10);
    assert_eq!(busy.committed(30).committed, 30);
}
