//! Every stage on few rows; what is made of its times.

use super::admission::Admission;
use super::append::Append;
use super::checksum::Checksum;
use super::decode::{Decode, Payload};
use super::document::Document;
use super::encode::Encode;
use super::figures::{Figures, Pass};
use super::log_block::LogBlock;
use super::measure::measure;
use super::seal::Seal;
use super::stage::Parts;
use super::stopwatch::Lap;
use super::*;
use crate::allocations::Allocations;
use crate::arguments::{Arguments, Command};
use crate::report::{assert_documented, sample};
use crate::workload::{Kind, Workload};
use clap::Parser;
use lakehead_engine::columns::table_builder::RowGroupSize;
use std::time::Duration;

pub fn input(kind: Kind, batch_rows: usize) -> Input {
    let workload = Workload::new(kind, 1, batch_rows).unwrap();
    let batches = (0..).step_by(batch_rows).map(|first| workload.batch(0, "", first, batch_rows));
    Input::new(&workload.schema(), batches, RowGroupSize { rows: 1_000, bytes: 1 << 20 }).unwrap()
}

#[test]
fn every_stage_that_needs_no_disk_is_measured() {
    for (kind, batch_rows) in [(Kind::Telemetry, 100), (Kind::Tiny, 10), (Kind::Wide, 100)] {
        let input = input(kind, batch_rows);
        let zstd = Codec::Zstd.into();
        let stages: [Box<dyn Stage>; 7] = [
            Box::new(Checksum(&input)),
            Box::new(Decode { input: &input, payload: Payload::Viewed }),
            Box::new(Admission::new(&input).unwrap()),
            Box::new(Append::new(&input, 2).unwrap()),
            Box::new(LogBlock::new(&input).unwrap()),
            Box::new(Seal::new(&input).unwrap()),
            Box::new(Encode::new(&input, zstd).unwrap()),
        ];
        for mut stage in stages {
            let figures = measure(&mut *stage, Duration::ZERO, input.row_bytes).unwrap();
            assert!(figures.ns_per_row > 0.0 && figures.ns_per_row_min <= figures.ns_per_row, "{figures:?}");
            assert_eq!(figures.passes, 5);
        }
    }
}

#[test]
fn what_a_reactor_does_with_a_frame_takes_no_memory_once_it_is_warm() {
    // Bitmaps of NULLs, which `wide` has, begin anew with each row group: with these of a thousand rows that is often.
    for (kind, batch_rows) in [(Kind::Telemetry, 100), (Kind::Tiny, 10)] {
        let input = input(kind, batch_rows);
        let frames_per_gb = 1e9 / (input.row_bytes * batch_rows as f64);
        let stages: [Box<dyn Stage>; 4] = [
            Box::new(Checksum(&input)),
            Box::new(Decode { input: &input, payload: Payload::Viewed }),
            Box::new(Append::new(&input, 1).unwrap()),
            Box::new(LogBlock::new(&input).unwrap()),
        ];
        for mut stage in stages {
            let figures = measure(&mut *stage, Duration::ZERO, input.row_bytes).unwrap();
            let requests = figures.allocations_per_gb / frames_per_gb;
            assert!(requests < 0.5, "{requests} requests a frame: {figures:?}");
        }
    }
}

#[test]
fn frames_are_numbered_and_a_row_group_is_full() {
    let input = input(Kind::Telemetry, 100);
    let firsts: Vec<_> = input.frames.iter().map(|frame| input::header(frame).unwrap().first_offset).collect();
    assert!(firsts.iter().enumerate().all(|(index, first)| *first == index as u64 * 100));
    assert_eq!((firsts.len(), input.row_group.num_rows()), (10, 1_000));
    assert_eq!(input.pass_frames().unwrap().len(), 10);
    assert!((input.row_bytes - 69.0).abs() < 2.0, "{}", input.row_bytes);
}

#[test]
fn the_pass_in_the_middle_counts_and_parts_add_up() {
    let lap = |ns| Lap {
        cpu: Duration::from_nanos(ns),
        wall: Duration::from_nanos(2 * ns),
        allocations: Allocations { count: 2, bytes: 4_000 },
    };
    let pass = |ns: u64| Pass { rows: 10, parts: vec![lap(ns), lap(3 * ns)] };
    let parts = Parts::Named(vec!["a".into(), "b".into()]);
    let figures = Figures::new(StageName::Encode, "", &parts, &[pass(90), pass(10), pass(20)], 8.0);
    let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    near(figures.ns_per_row, 8.0);
    near(figures.ns_per_row_min, 4.0);
    near(figures.gb_per_s, 1.0);
    near(figures.cpu_s_per_gb, 1.0);
    near(figures.wall_mb_per_s, 500.0);
    // Three passes of two parts each; 240 bytes of rows.
    near(figures.allocations_per_gb, 12.0 / 240.0 * 1e9);
    near(figures.allocated_mb_per_gb, 24_000.0 / 240.0 * 1e3);
    near(figures.parts.iter().map(|part| part.ns_per_row).sum(), 8.0);
}

#[test]
fn every_field_is_documented() {
    let lap = Lap { cpu: Duration::from_nanos(1), wall: Duration::from_nanos(2), ..Lap::default() };
    let parts = Parts::Named(vec!["a".into()]);
    let figures = Figures::new(StageName::Encode, "", &parts, &[Pass { rows: 1, parts: vec![lap] }], 8.0);
    let arguments = Arguments::parse_from(["lakehead-bench", "stages"]);
    let Command::Stages(arguments) = arguments.command else { panic!("other arguments") };
    let document = Document::new(sample::header("stages"), &arguments, 69.0, vec![figures]);
    assert_documented("stages", &serde_json::to_value(document).unwrap());
}
