use super::super::extremes;
use super::*;
use proptest::prelude::*;

fn keys_of<T: Fixed>(dictionary: &mut FixedDictionary<T>, values: &[T]) -> Result<Vec<u32>, Outgrown> {
    let mut keys = Vec::new();
    dictionary.keys(values, T::extremes(values).0.as_ref(), &mut keys)?;
    Ok(keys)
}

fn check<T: Fixed + std::fmt::Debug>(pages: &[Vec<T>]) {
    let mut dictionary = FixedDictionary::new(1 << 20, Vec::new());
    for page in pages {
        let keys = keys_of(&mut dictionary, page).unwrap();
        assert_eq!(keys.len(), page.len());
        for (key, value) in keys.iter().zip(page) {
            assert!(dictionary.values()[*key as usize].same(value), "{value:?}");
        }
    }
    for (index, value) in dictionary.values().iter().enumerate() {
        assert!(!dictionary.values()[..index].iter().any(|before| before.same(value)), "{value:?} twice");
    }
}

#[test]
fn what_does_not_fit_leaves_the_dictionary_as_it_was() {
    let mut dictionary = FixedDictionary::new(1000, Vec::new());
    let first: Vec<i64> = (0..900).map(|value| value * 1_000_000).collect();
    let keys = keys_of(&mut dictionary, &first).unwrap();
    assert_eq!(keys, (0..900).collect::<Vec<u32>>());
    let more: Vec<i64> = (0..200).map(|value| -value).collect();
    assert_eq!(keys_of(&mut dictionary, &more), Err(Outgrown));
    assert_eq!(dictionary.values(), first);
    let mut close = FixedDictionary::new(10, Vec::new());
    assert_eq!(keys_of(&mut close, &(0..11).collect::<Vec<i32>>()), Err(Outgrown));
    assert!(close.values().is_empty());
}

#[test]
fn integers_move_from_places_to_hashes_when_they_spread() {
    check(&[vec![5i64, 6, 5], vec![-10_000, 5], vec![6, i64::MAX, i64::MIN, -10_000], vec![5, 0, i64::MIN]]);
    check(&[vec![i64::MAX, i64::MAX - 3], vec![i64::MIN]]);
    check(&[vec![i32::MIN, i32::MIN + 5], vec![i32::MAX], vec![]]);
}

#[test]
fn zeros_and_nans_are_told_apart_by_their_bits() {
    let nan = f64::from_bits(f64::NAN.to_bits() | 1);
    check(&[vec![0.0, -0.0, f64::NAN, nan, 0.0, f64::NAN], vec![nan, -0.0]]);
}

/// Inverts `mix`'s multiplication as far as is needed: values that share a hash place are found by search.
#[test]
fn values_that_are_chosen_to_collide_are_given_up_soon() {
    let place = |value: i64| value.hash() >> (64 - 10);
    let colliding: Vec<i64> =
        (0..).map(|value| value * 1_000_003).filter(|value| place(*value) == 0).take(400).collect();
    let mut page = Vec::new();
    for _ in 0..200 {
        page.extend(&colliding);
    }
    let mut dictionary = FixedDictionary::new(1 << 20, Vec::new());
    assert_eq!(extremes::of(&page), i64::extremes(&page).0);
    assert_eq!(keys_of(&mut dictionary, &page), Err(Outgrown));
}

proptest! {
    #[test]
    fn keys_lead_back_to_values(
        pages in prop::collection::vec(prop::collection::vec(any::<i64>(), 0..300), 0..6),
        shift in 0u32..64,
    ) {
        let shifted: Vec<Vec<i64>> =
            pages.iter().map(|page| page.iter().map(|value| value >> shift).collect()).collect();
        check(&shifted);
        let floats: Vec<Vec<f32>> = shifted
            .iter()
            .map(|page| page.iter().map(|value| f32::from_bits(*value as u32)).collect())
            .collect();
        check(&floats);
        let wide: Vec<Vec<i128>> = shifted
            .iter()
            .map(|page| page.iter().map(|value| i128::from(*value) << (value & 63)).collect())
            .collect();
        check(&wide);
    }
}
