use serde::Serialize;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where a folder is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disk {
    pub path: PathBuf,
    /// As the kernel names its type.
    pub filesystem: String,
    /// What is mounted there.
    pub device: String,
    /// Of the block device, if it has one that says so.
    pub model: Option<String>,
    pub mount_options: String,
}

impl Disk {
    /// The disk of `path`, or of what is above it when it is not there yet.
    pub fn of(path: &Path) -> Option<Self> {
        let path = path.ancestors().find_map(|folder| {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            fs::canonicalize(folder).ok()
        })?;
        let mut disk = parse(&fs::read_to_string("/proc/self/mountinfo").ok()?, &path)?;
        disk.model = fs::metadata(&path).ok().and_then(|metadata| model(metadata.dev()));
        Some(disk)
    }
}

/// The mount that holds `path`: the one with the longest mount point above it, and of those the last.
pub fn parse(mounts: &str, path: &Path) -> Option<Disk> {
    let mount = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let (before, after): (Vec<_>, Vec<_>) = (before.split(' ').collect(), after.split(' ').collect());
        let point = PathBuf::from(before.get(4)?.replace("\\040", " "));
        let disk = Disk {
            path: path.to_owned(),
            filesystem: (*after.first()?).to_owned(),
            device: (*after.get(1)?).to_owned(),
            model: None,
            mount_options: (*before.get(5)?).to_owned(),
        };
        path.starts_with(&point).then(|| (point.components().count(), disk))
    };
    mounts.lines().filter_map(mount).max_by_key(|(depth, _)| *depth).map(|(_, disk)| disk)
}

fn model(device: u64) -> Option<String> {
    let block = format!("/sys/dev/block/{}:{}", libc::major(device), libc::minor(device));
    // A partition's model is the one of the disk that it is a part of.
    let text = ["device/model", "../device/model"]
        .iter()
        .find_map(|file| fs::read_to_string(Path::new(&block).join(file)).ok())?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
