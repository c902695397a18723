use super::*;
use proptest::prelude::*;

const PATIENCE: Patience = Patience { unknown_ms_max: 1_000 };

fn decision() -> Decision {
    Decision::new(Bytes::from_static(b"mine"), PATIENCE, 0)
}

fn put_unknown() -> Event {
    Event::Put(PutOutcome::Unknown("reset".into()))
}

fn after(events: impl IntoIterator<Item = (u64, Event)>) -> Ask {
    let mut decision = decision();
    events.into_iter().for_each(|(now_ms, event)| decision.on(now_ms, event));
    decision.ask()
}

fn found(bytes: &'static [u8]) -> Event {
    Event::Read(ReadOutcome::Found(Bytes::from_static(bytes)))
}

#[test]
fn created_is_ours() {
    assert_eq!(after([]), Ask::Put);
    assert_eq!(after([(0, Event::Put(PutOutcome::Created))]), Ask::Nothing(Verdict::Ours));
}

#[test]
fn what_exists_is_read_and_compared() {
    let exists = (0, Event::Put(PutOutcome::Exists));
    assert_eq!(after([exists.clone()]), Ask::Read);
    assert_eq!(after([exists.clone(), (0, found(b"mine"))]), Ask::Nothing(Verdict::Ours));
    assert_eq!(after([exists.clone(), (0, found(b"yours"))]), Ask::Nothing(Verdict::Theirs));
    // An object that exists and is missing: nothing is known, so the same put again.
    let contradiction = [exists.clone(), (0, Event::Read(ReadOutcome::Missing))];
    assert!(matches!(after(contradiction.clone()), Ask::Pause { failures: 1, .. }));
    assert_eq!(after(contradiction.into_iter().chain([(1, Event::Paused)])), Ask::Put);
    let unread = [exists, (0, Event::Read(ReadOutcome::Unknown("503".into())))];
    assert!(matches!(after(unread), Ask::Pause { failures: 1, .. }));
}

#[test]
fn unknown_is_sent_again_until_it_is_known() {
    let mut events: Vec<_> = (0..40).flat_map(|n| [(n, put_unknown()), (n, Event::Paused)]).collect();
    assert_eq!(after(events.clone()), Ask::Put);
    events.push((40, Event::Put(PutOutcome::Exists)));
    events.push((40, found(b"mine")));
    assert_eq!(after(events), Ask::Nothing(Verdict::Ours));
}

#[test]
fn after_too_long_only_the_table_is_believed() {
    let late = [(0, put_unknown()), (900, Event::Paused), (1_001, Event::Put(PutOutcome::Created))];
    assert_eq!(after(late.clone()), Ask::Sight);
    let and = |event| late.clone().into_iter().chain([(1_002, event)]);
    assert_eq!(after(and(Event::Sighted(Sighting::Shown))), Ask::Nothing(Verdict::Ours));
    let gone = Event::Sighted(Sighting::NotShown("cleaned".into()));
    assert_eq!(after(and(gone)), Ask::Nothing(Verdict::Stray("cleaned".into())));
    let unseen = and(Event::Sighted(Sighting::Unknown("503".into())));
    assert!(matches!(after(unseen.clone()), Ask::Pause { .. }));
    assert_eq!(after(unseen.chain([(1_003, Event::Paused)])), Ask::Sight);
    // Just in time is in time.
    let in_time = [(0, put_unknown()), (900, Event::Paused), (1_000, Event::Put(PutOutcome::Created))];
    assert_eq!(after(in_time), Ask::Nothing(Verdict::Ours));
    // A putter that stood still between its look and its put is late with its first put.
    assert_eq!(after([(1_001, Event::Put(PutOutcome::Created))]), Ask::Sight);
    // The equal object that a late read finds may be a stray one too.
    let read_late = [(0, put_unknown()), (2_000, Event::Paused), (2_000, Event::Put(PutOutcome::Exists))];
    assert_eq!(after(read_late.clone().into_iter().chain([(2_000, found(b"mine"))])), Ask::Sight);
    // And another one may stand where ours had landed and was cleaned away; not where ours was never under way.
    assert_eq!(after(read_late.into_iter().chain([(2_000, found(b"yours"))])), Ask::Sight);
    let first = [(2_000, Event::Put(PutOutcome::Exists)), (2_000, found(b"yours"))];
    assert_eq!(after(first), Ask::Nothing(Verdict::Theirs));
}

#[test]
fn a_verdict_stays_and_wrong_answers_change_nothing() {
    for event in [put_unknown(), Event::Paused, found(b"yours"), Event::Sighted(Sighting::Shown)] {
        assert_eq!(after([(0, Event::Put(PutOutcome::Created)), (1, event)]), Ask::Nothing(Verdict::Ours));
    }
    for event in [Event::Paused, found(b"mine"), Event::Sighted(Sighting::Shown)] {
        assert_eq!(after([(0, event)]), Ask::Put);
    }
}

/// What becomes of one request to the model store.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    LostBefore,
    LostAfter,
    /// The answer is lost, and the put lands only when this many requests more have been made.
    Late(u8),
    /// Somebody else puts first.
    Raced,
}

/// An object at one key, with puts that are still under way.
#[derive(Default)]
struct ModelKey {
    object: Option<Bytes>,
    under_way: Vec<(u8, Bytes)>,
}

impl ModelKey {
    fn pass(&mut self) {
        for (delay, bytes) in std::mem::take(&mut self.under_way) {
            match delay.checked_sub(1) {
                Some(delay) => self.under_way.push((delay, bytes)),
                None => _ = self.object.get_or_insert(bytes),
            }
        }
    }

    fn put(&mut self, bytes: &Bytes, fate: Fate) -> PutOutcome {
        self.pass();
        if matches!(fate, Fate::Raced) {
            self.object.get_or_insert(Bytes::from_static(b"theirs"));
        }
        if let Fate::Late(delay) = fate {
            self.under_way.push((delay, bytes.clone()));
        }
        if matches!(fate, Fate::LostBefore | Fate::Late(_)) {
            return PutOutcome::Unknown("lost".into());
        }
        let outcome = if self.object.is_some() { PutOutcome::Exists } else { PutOutcome::Created };
        self.object.get_or_insert_with(|| bytes.clone());
        if matches!(fate, Fate::LostAfter) { PutOutcome::Unknown("lost".into()) } else { outcome }
    }

    fn read(&mut self, fate: Fate) -> ReadOutcome {
        self.pass();
        match (fate, &self.object) {
            (Fate::Answered | Fate::Raced, Some(bytes)) => ReadOutcome::Found(bytes.clone()),
            (Fate::Answered | Fate::Raced, None) => ReadOutcome::Missing,
            _ => ReadOutcome::Unknown("lost".into()),
        }
    }
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        Just(Fate::Answered),
        Just(Fate::LostBefore),
        Just(Fate::LostAfter),
        (0..6u8).prop_map(Fate::Late),
        Just(Fate::Raced),
    ];
    proptest::collection::vec(fate, 0..20)
}

proptest! {
    #[test]
    fn the_verdict_is_what_the_store_holds_for_ever(fates in fates(), pause_ms in 1..400u64) {
        let mut key = ModelKey::default();
        let mut decision = decision();
        let mut fates = fates.into_iter().chain(std::iter::repeat(Fate::Answered));
        let mut now_ms = 0;
        let verdict = loop {
            match decision.ask() {
                Ask::Nothing(verdict) => break verdict,
                Ask::Put => {
                    let outcome = key.put(&decision.bytes().clone(), fates.next().unwrap());
                    decision.on(now_ms, Event::Put(outcome));
                }
                Ask::Read => {
                    let outcome = key.read(fates.next().unwrap());
                    decision.on(now_ms, Event::Read(outcome));
                }
                Ask::Pause { .. } => {
                    now_ms += pause_ms;
                    decision.on(now_ms, Event::Paused);
                }
                Ask::Sight => {
                    let shown = key.object.as_ref() == Some(decision.bytes());
                    let sighting = if shown { Sighting::Shown } else { Sighting::NotShown("theirs".into()) };
                    decision.on(now_ms, Event::Sighted(sighting));
                }
            }
        };
        (0..10).for_each(|_| key.pass());
        let mine = key.object.as_ref() == Some(decision.bytes());
        prop_assert_eq!(verdict == Verdict::Ours, mine);
    }
}
