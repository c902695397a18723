//! The file that says which logs there are. What is read can be written, and says the same again.
#![no_main]

use lakehead_fuzz::allocation::Bounded;
use lakehead_fuzz::log_directory::manifest::Manifest;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

/// In memory where there is such a place: each input is a file.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = parent.join(format!("lakehead-fuzz-manifest-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fs::write(FOLDER.join("manifest.json"), bytes).expect("a file can be written");
    match Manifest::read(&FOLDER) {
        Ok(manifest) => {
            manifest.write(&FOLDER).expect("what was read can be written");
            assert_eq!(Manifest::read(&FOLDER).expect("what was written can be read"), manifest);
        }
        Err(error) => assert!(error.to_string().contains("manifest.json"), "{error} does not say where"),
    }
});
