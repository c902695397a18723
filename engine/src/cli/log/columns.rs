//! Rows of text in aligned columns.

/// Lines of cells under their titles, each column as wide as its widest cell. Numbers stand to the right.
pub fn aligned(titles: &[&str], lines: &[Vec<String>]) -> String {
    let widths: Vec<usize> = titles
        .iter()
        .enumerate()
        .map(|(index, title)| {
            let cells = lines.iter().filter_map(|line| line.get(index)).map(|cell| cell.chars().count());
            cells.chain([title.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let is_number = |cell: &str| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Vec<bool> = (0..titles.len())
        .map(|index| !lines.is_empty() && lines.iter().all(|line| line.get(index).is_some_and(|cell| is_number(cell))))
        .collect();
    let row = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).zip(&numbers);
        let padded = cells.map(|((cell, width), right)| match right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        format!("  {}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned() + "\n"
    };
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    std::iter::once(row(&titles)).chain(lines.iter().map(|line| row(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let lines = [vec!["a".to_owned(), "7".to_owned()], vec!["bcd".to_owned(), "1234".to_owned()]];
        assert_eq!(aligned(&["t", "n"], &lines), "  t       n\n  a       7\n  bcd  1234\n");
    }
}
