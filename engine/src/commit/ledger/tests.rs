use super::*;

fn view(streams: &[(&str, u64, u64)]) -> TableView {
    let streams =
        streams.iter().map(|(name, committed, epoch)| (Arc::from(*name), StreamState::live(*committed, *epoch)));
    TableView {
        id: "id".into(),
        version: 7,
        schema: "{}".into(),
        streams: Arc::new(streams.collect()),
        logs: Arc::default(),
        restored: Arc::default(),
        unsupported: None,
    }
}

fn range(stream: &str, epoch: u64, from: u64, to: u64) -> StreamRange {
    StreamRange { stream: stream.into(), epoch, from, to }
}

fn proposal(ranges: Vec<StreamRange>, mints: &[&str]) -> Proposal {
    Proposal { rows: 1, ranges, mints: mints.iter().map(|name| Arc::from(*name)).collect(), ..Proposal::default() }
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

#[test]
fn a_range_that_follows_the_table_proceeds_and_a_mint_raises_the_epoch() {
    let proposal = proposal(vec![range("a", 2, 10, 15), range("b", 1, 0, 3)], &["a", "c"]);
    let Judgement::Proceed { entries, refused } = judge(&proposal, &view(&[("a", 10, 2), ("b", 0, 1)]), 10) else {
        panic!("conflict")
    };
    assert_eq!(entries.committed, BTreeMap::from([("a".into(), 15), ("b".into(), 3)]));
    assert_eq!(entries.epochs, BTreeMap::from([("a".into(), 3), ("c".into(), 1)]));
    assert!(refused.is_empty());
    let after = view(&[("a", 10, 2), ("b", 0, 1)]).after(8, &entries);
    assert_eq!((after.version, after.stream("a")), (8, StreamState::live(15, 3)));
    assert_eq!(entries.evidence(&after, None), Evidence::Missing("streams"), "another's mint looks the same");
    let rows = Entries { committed: entries.committed.clone(), ..Entries::default() };
    assert_eq!(rows.evidence(&after, None), Evidence::Shown);
    assert_eq!(rows.evidence(&view(&[("a", 14, 2)]), None), Evidence::Missing("streams"));
    assert_eq!(Entries::default().evidence(&after, None), Evidence::Shown);
}

#[test]
fn a_stream_that_moved_or_was_opened_elsewhere_stops_the_cut() {
    let shown = view(&[("moved", 11, 2), ("fenced", 10, 3), ("back", 10, 1), ("fine", 10, 2)]);
    let ranges = ["moved", "fenced", "back", "fine", "unknown"].map(|name| range(name, 2, 10, 12)).to_vec();
    let conflict = judge(&proposal(ranges, &[]), &shown, 10);
    assert_eq!(
        conflict,
        Judgement::Conflict {
            fenced: names(&["fenced"]),
            moved: names(&["back", "moved", "unknown"]),
            repeated: vec![]
        }
    );
}

#[test]
fn ranges_of_one_stream_must_follow_one_another() {
    let shown = view(&[("a", 10, 1)]);
    let good = proposal(vec![range("a", 1, 12, 20), range("a", 1, 10, 12)], &[]);
    let Judgement::Proceed { entries, .. } = judge(&good, &shown, 10) else { panic!("conflict") };
    assert_eq!(entries.committed[&Arc::from("a")], 20);
    for second in [range("a", 1, 11, 20), range("a", 1, 13, 20), range("a", 1, 10, 12)] {
        let bad = proposal(vec![range("a", 1, 10, 12), second], &[]);
        assert_eq!(
            judge(&bad, &shown, 10),
            Judgement::Conflict { fenced: vec![], moved: names(&["a"]), repeated: vec![] }
        );
    }
}

#[test]
fn mints_stop_at_the_maximum_but_known_streams_always_get_theirs() {
    let shown = view(&[("a", 0, 1), ("b", 0, 1)]);
    let Judgement::Proceed { entries, refused } = judge(&proposal(vec![], &["a", "c", "c", "d"]), &shown, 3) else {
        panic!("conflict")
    };
    assert_eq!(entries.epochs, BTreeMap::from([("a".into(), 2), ("c".into(), 1)]));
    assert_eq!(refused, names(&["d"]));
}

fn with_forgotten(mut view: TableView, stream: &str, epoch: u64) -> TableView {
    Arc::make_mut(&mut view.streams).insert(stream.into(), StreamState::forgotten(epoch));
    view
}

#[test]
fn forgetting_wants_the_stream_as_it_was_shown() {
    let forget = |committed, epoch| Proposal {
        forgets: vec![Forget { stream: "a".into(), shown: StreamState::live(committed, epoch), epoch: epoch + 1 }],
        ..Proposal::default()
    };
    let shown = view(&[("a", 10, 2)]);
    let Judgement::Proceed { entries, .. } = judge(&forget(10, 2), &shown, 10) else { panic!("conflict") };
    assert_eq!(shown.after(8, &entries).stream("a"), StreamState::forgotten(3));
    for proposal in [forget(9, 2), forget(10, 1), forget(10, 3)] {
        assert_eq!(
            judge(&proposal, &shown, 10),
            Judgement::Conflict { fenced: vec![], moved: names(&["a"]), repeated: vec![] }
        );
    }
}

#[test]
fn a_forgotten_stream_fences_its_producer_counts_for_nothing_and_begins_anew() {
    let shown = with_forgotten(view(&[("b", 1, 1)]), "a", 3);
    let rows = proposal(vec![range("a", 2, 10, 12)], &[]);
    assert_eq!(
        judge(&rows, &shown, 10),
        Judgement::Conflict { fenced: names(&["a"]), moved: vec![], repeated: vec![] }
    );
    let Judgement::Proceed { entries, refused } = judge(&proposal(vec![], &["a"]), &shown, 2) else {
        panic!("conflict")
    };
    assert_eq!((entries.committed["a"], entries.epochs["a"], refused.len()), (0, 4, 0));
    assert_eq!(shown.after(8, &entries).stream("a"), StreamState::live(0, 4));
    // Rows that it had do not count as not shown.
    let before = Entries { committed: BTreeMap::from([("a".into(), 10)]), ..Entries::default() };
    assert_eq!(before.evidence(&shown, None), Evidence::Shown);
    let Judgement::Proceed { refused, .. } = judge(&proposal(vec![], &["c"]), &shown, 2) else { panic!("conflict") };
    assert!(refused.is_empty());
    let Judgement::Proceed { refused, .. } = judge(&proposal(vec![], &["a"]), &shown, 1) else { panic!("conflict") };
    assert_eq!(refused, names(&["a"]));
}
