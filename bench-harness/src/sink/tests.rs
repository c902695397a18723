use super::server::Sink;
use crate::run::{Extent, KeepUntil, Load, Pace, Plan};
use crate::workload::{Kind, Workload};
use std::sync::Arc;
use std::time::Duration;

fn plan(server: String, kind: Kind, pace: Pace, extent: Extent) -> Plan {
    Plan {
        server,
        table: "readings".to_owned(),
        workload: Arc::new(Workload::new(kind, 1, 1_000).unwrap()),
        connections: 3,
        pace,
        extent,
        batch_rows: 1_000,
        warm_up: Duration::ZERO,
        named: true,
        stream_prefix: "test".to_owned(),
        keep: KeepUntil::Committed,
        stream_memory_bytes_max: 16 << 20,
        prepared: false,
        sync_probe: None,
        queryable: None,
    }
}

async fn server() -> (String, tokio::task::JoinSet<std::io::Result<()>>) {
    let sink = Sink::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = sink.address().unwrap().to_string();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(sink.run());
    (address, serving)
}

#[tokio::test]
async fn a_number_of_rows_is_sent_and_heard_of_exactly() {
    for kind in [Kind::Telemetry, Kind::TelemetryVerified, Kind::Events1k, Kind::Wide] {
        let (address, _serving) = server().await;
        let mut plan = plan(address, kind, Pace::ClosedLoop, Extent::Rows(10_001));
        plan.prepared = kind == Kind::Telemetry;
        let loaded = Load::open(plan).await.unwrap().run().await.unwrap();
        let rows: Vec<_> = loaded.connections.iter().map(|connection| connection.sent.rows).collect();
        let committed: Vec<_> = loaded.connections.iter().map(|connection| connection.rows_committed).collect();
        assert_eq!((rows, committed), (vec![3_334, 3_334, 3_333], vec![3_334, 3_334, 3_333]));
        assert!(loaded.connections.iter().all(|connection| connection.sent.failure.is_none()));
        assert_eq!(loaded.committed.summary().count, 12, "four batches each");
        assert_eq!(loaded.seconds.iter().map(|second| second.rows_committed).sum::<u64>(), 10_001);
    }
}

#[tokio::test]
async fn an_open_loop_sends_what_is_due() {
    let (address, _serving) = server().await;
    let pace = Pace::OpenLoop { batches_per_second: 60.0 };
    let plan = plan(address, Kind::Telemetry, pace, Extent::Time(Duration::from_secs(1)));
    let loaded = Load::open(plan).await.unwrap().run().await.unwrap();
    // However slow the machine, each row that was due was sent or is reported as missed.
    let accounted = loaded.connections.iter().map(|connection| connection.sent.rows + connection.sent.rows_missed);
    assert_eq!(accounted.sum::<u64>(), 60_000);
}
