/// The known name that differs from `name` by the fewest edits, if that is few enough to be a slip.
pub fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(2);
    let edits = known.iter().map(|candidate| (edits(name, candidate), candidate.as_str()));
    edits.filter(|(edits, _)| *edits <= allowed).min().map(|(_, candidate)| candidate)
}

/// Letters to be put in, taken out or exchanged.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, left) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, right) in to.iter().enumerate() {
            let exchanged = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
