//! The words of column definitions: names, numbers, punctuation, each with its place.

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A bare name or keyword.
    Bare(String),
    /// A name in quotes: never a keyword.
    Quoted(String),
    Number(String),
    /// One of `( ) < > , :`.
    Mark(char),
    End,
}

impl Word {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Bare(text) | Self::Number(text) => format!("{text:?}"),
            Self::Quoted(name) => format!("the name {name:?}"),
            Self::Mark(mark) => format!("{:?}", mark.to_string()),
            Self::End => "the end".to_owned(),
        }
    }

    /// Whether it is this keyword, in whatever case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Bare(text) if text.eq_ignore_ascii_case(keyword))
    }
}

/// The words of `text`, each with the character (from 1) at which it begins; ends with [`Word::End`].
///
/// # Errors
/// Where something stands that is no word, and what is wrong with it.
pub(super) fn split(text: &str) -> Result<Vec<(usize, Word)>, (usize, String)> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let begin = at;
        at += 1;
        let word = match character {
            _ if character.is_whitespace() => continue,
            '(' | ')' | '<' | '>' | ',' | ':' => Word::Mark(character),
            '`' | '"' => {
                let mut name = String::new();
                loop {
                    match (characters.get(at), characters.get(at + 1)) {
                        (None, _) => return Err((begin + 1, format!("the quote {character} is never closed"))),
                        // A doubled quote is one quote of the name.
                        (Some(found), Some(next)) if *found == character && *next == character => at += 1,
                        (Some(found), _) if *found == character => break,
                        _ => {}
                    }
                    name.extend(characters.get(at));
                    at += 1;
                }
                at += 1;
                Word::Quoted(name)
            }
            _ if is_bare(character) => {
                while characters.get(at).copied().is_some_and(is_bare) {
                    at += 1;
                }
                let text: String = characters[begin..at].iter().collect();
                if text.bytes().all(|byte| byte.is_ascii_digit()) { Word::Number(text) } else { Word::Bare(text) }
            }
            _ => return Err((begin + 1, format!("{character:?} cannot stand here; put names with it in `backticks`"))),
        };
        words.push((begin + 1, word));
    }
    words.push((characters.len() + 1, Word::End));
    Ok(words)
}

/// Whether a character may stand in a name without quotes.
pub(super) fn is_bare(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
