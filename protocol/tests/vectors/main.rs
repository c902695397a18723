//! Test vectors for other implementers: `protocol/vectors/*.json`, each a frame byte by byte and what it says.
//!
//! Every file is read back and must decode to its content, or be refused with its code. Where the encoder is free, as with
//! compressed payloads, that is all; otherwise the encoder must give exactly the file's bytes, so that a change of the wire
//! cannot go unnoticed. `LAKEHEAD_BLESS=1 cargo test --test vectors` writes the files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code: a failed step fails the test")]

mod cases;
mod content;
mod refused;

use cases::{Case, Encoder};
use lakehead_protocol::FrameBuffer;
use lakehead_protocol::frame::{self, Progress};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn aligned(bytes: &[u8]) -> FrameBuffer {
    let mut out = FrameBuffer::new();
    out.extend_from_slice(bytes);
    out
}

/// Sixteen bytes a line, as hexadecimal digits.
fn lines(bytes: &[u8]) -> Value {
    bytes.chunks(16).map(content::hex).collect::<Vec<_>>().into()
}

fn bytes_of(vector: &Value) -> FrameBuffer {
    let digits: String = vector["frame"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let bytes: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    aligned(&bytes)
}

/// What the frame says, or with which code it is refused.
fn judge(bytes: &FrameBuffer, case: &Case) -> Value {
    match frame::next(bytes, case.state) {
        Ok(Progress::Frame { frame, consumed }) => {
            assert_eq!(consumed, bytes.len(), "{}", case.name);
            match content::describe(&frame) {
                Ok(content) => json!({ "header": content::header(&frame.header), "content": content }),
                Err(code) => json!({ "refused": { "code": code as u16, "name": format!("{code:?}") } }),
            }
        }
        Ok(_) => panic!("{}: not a whole frame", case.name),
        Err(error) => {
            let code = error.code();
            json!({ "refused": { "code": code as u16, "name": format!("{code:?}") } })
        }
    }
}

fn written(case: &Case) -> Value {
    let mut vector = json!({
        "name": case.name,
        "about": case.about,
        "receiver": content::receiver(case.state),
        "frame": lines(&case.bytes),
    });
    vector.as_object_mut().unwrap().extend(judge(&case.bytes, case).as_object().unwrap().clone());
    vector
}

#[test]
fn every_vector_decodes_to_what_it_says_and_is_encoded_as_it_stands() {
    let cases: Vec<Case> = cases::all().into_iter().chain(refused::all()).collect();
    let bless = std::env::var_os("LAKEHEAD_BLESS").is_some();
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(format!("{}.json", case.name)), "{} stands twice", case.name);
        let path = directory().join(format!("{}.json", case.name));
        if bless {
            std::fs::write(&path, serde_json::to_string_pretty(&written(case)).unwrap() + "\n").unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let vector: Value = serde_json::from_str(&text).unwrap();
        let bytes = bytes_of(&vector);
        let is_refused = vector.get("refused").is_some();
        assert_eq!(is_refused, case.name.starts_with("refused_"), "{}", case.name);
        for (key, value) in judge(&bytes, case).as_object().unwrap() {
            assert_eq!(&vector[key], value, "{}: {key}", case.name);
        }
        match case.encoder {
            Encoder::Exact => assert_eq!(&bytes[..], &case.bytes[..], "{}: the encoder gives other bytes", case.name),
            Encoder::Free => assert_eq!(judge(&bytes, case)["content"], judge(&case.bytes, case)["content"]),
        }
    }
    let files = std::fs::read_dir(directory()).unwrap();
    let found: BTreeSet<String> =
        files.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, names, "files without a case, or cases without a file");
}
