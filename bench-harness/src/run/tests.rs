use super::clock;
use super::latency::Latencies;
use super::plan::Pace;
use super::schedule::Schedule;
use super::timeline::Timeline;
use std::time::Duration;

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn merged_histograms_hold_every_value() {
    let (mut all, mut one, mut other) =
        (Latencies::new().unwrap(), Latencies::new().unwrap(), Latencies::new().unwrap());
    for value in 1..=1_000 {
        all.record(milliseconds(value)).unwrap();
        if value <= 900 { &mut one } else { &mut other }.record(milliseconds(value)).unwrap();
    }
    one.merge(&other).unwrap();
    let (merged, expected) = (one.summary(), all.summary());
    assert_eq!(merged.histogram_us, expected.histogram_us);
    assert_eq!(merged.count, 1_000);
    assert!((merged.p99_ms - 990.0).abs() < 1.0, "{}", merged.p99_ms);
    assert!((merged.max_ms - 1_000.0).abs() < 1.0, "{}", merged.max_ms);
    assert_eq!(merged.histogram_us.iter().map(|(_, count)| count).sum::<u64>(), 1_000);
}

#[test]
fn connections_take_turns_at_the_common_rate() {
    let start = clock::now();
    let pace = Pace::OpenLoop { batches_per_second: 10.0 };
    let schedules = [0, 1].map(|connection| Schedule::new(pace, start, connection, 2).unwrap());
    let times: Vec<_> = (0..3)
        .flat_map(|batch| schedules.map(|schedule| (schedule.intended(batch) - start).as_secs_f64()))
        .map(|seconds| (seconds * 1_000.0).round() as u64)
        .collect();
    assert_eq!(times, [0, 100, 200, 300, 400, 500]);
    assert_eq!(schedules.map(|schedule| schedule.batches_within(milliseconds(950))), [5, 5]);
    assert_eq!(schedules.map(|schedule| schedule.batches_within(milliseconds(50))), [1, 0]);
    assert!(Schedule::new(Pace::ClosedLoop, start, 0, 1).is_none());
}

#[test]
fn the_timeline_counts_by_second() {
    let start = clock::now();
    let timeline = Timeline::new(start);
    timeline.sent(start + milliseconds(100), 10);
    timeline.sent(start + milliseconds(900), 5);
    timeline.durable(start + milliseconds(1_500), 15, &[milliseconds(3), milliseconds(3)]).unwrap();
    timeline.committed(start + milliseconds(2_100), 15, &[milliseconds(2_000), milliseconds(1_200)]).unwrap();
    let seconds = timeline.seconds();
    assert_eq!(seconds.iter().map(|second| second.rows_sent).collect::<Vec<_>>(), [15, 0, 0]);
    assert_eq!(seconds.iter().map(|second| second.rows_durable).collect::<Vec<_>>(), [0, 15, 0]);
    assert_eq!(seconds[1].durable_us.iter().map(|(_, batches)| batches).sum::<u64>(), 2);
    assert_eq!(seconds[1].committed_us, []);
    assert_eq!(seconds[2].committed_us.iter().map(|(_, batches)| batches).sum::<u64>(), 2);
    assert_eq!(seconds.iter().map(|second| second.rows_committed).collect::<Vec<_>>(), [0, 0, 15]);
    assert!((seconds[2].committed_max_ms - 2_000.0).abs() < 2.0, "{}", seconds[2].committed_max_ms);
}
