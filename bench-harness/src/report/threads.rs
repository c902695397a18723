//! A process's threads by what they do.

use super::process::{TICKS_PER_SECOND, cpu_ticks};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;

/// What the threads of one kind spent on a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThreadGroup {
    /// `reactor`, `encoder`, `committer` or `other`.
    pub group: &'static str,
    /// Threads seen; of `other`, those that lived long enough to be.
    pub threads: usize,
    pub user_seconds: f64,
    pub system_seconds: f64,
}

/// CPU ticks of one thread: user and system.
type Ticks = (u64, u64);

/// What each thread has spent since the first look. Threads come and go: what one has spent is known from its last look, and
/// what none was seen to spend counts as `other`.
#[derive(Debug)]
pub struct Threads {
    pid: u32,
    before: BTreeMap<u32, Ticks>,
    last: BTreeMap<u32, (&'static str, Ticks)>,
}

impl Threads {
    pub fn start(pid: u32) -> Self {
        let before = look(pid).into_iter().map(|(thread, (_, ticks))| (thread, ticks)).collect();
        Self { pid, before, last: BTreeMap::new() }
    }

    pub fn look(&mut self) {
        self.last.extend(look(self.pid));
    }

    /// Groups in a fixed order, which together are what the process spent.
    pub fn groups(&self, user_seconds: f64, system_seconds: f64) -> Vec<ThreadGroup> {
        let of = |group| {
            let mut all = ThreadGroup { group, threads: 0, user_seconds: 0.0, system_seconds: 0.0 };
            for (thread, (_, (user, system))) in self.last.iter().filter(|(_, (name, _))| *name == group) {
                let (user_before, system_before) = self.before.get(thread).copied().unwrap_or_default();
                all.threads += 1;
                all.user_seconds += user.saturating_sub(user_before) as f64 / TICKS_PER_SECOND;
                all.system_seconds += system.saturating_sub(system_before) as f64 / TICKS_PER_SECOND;
            }
            all
        };
        let mut groups: Vec<_> = ["reactor", "encoder", "committer"].into_iter().map(of).collect();
        let known = |of: fn(&ThreadGroup) -> f64| groups.iter().map(of).sum::<f64>();
        let other = ThreadGroup {
            group: "other",
            threads: of("other").threads,
            user_seconds: (user_seconds - known(|group| group.user_seconds)).max(0.0),
            system_seconds: (system_seconds - known(|group| group.system_seconds)).max(0.0),
        };
        groups.push(other);
        groups
    }
}

/// What a thread of the engine does, by its name.
pub fn group(name: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 3] = [("lakehead-core", "reactor"), ("encoder", "encoder"), ("commit", "committer")];
    PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix)).map_or("other", |(_, group)| group)
}

/// All threads there are. One that ends meanwhile is left out.
fn look(pid: u32) -> BTreeMap<u32, (&'static str, Ticks)> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return BTreeMap::new() };
    let thread = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).ok()?;
        let name = stat.get(stat.find('(')? + 1..stat.rfind(')')?)?;
        Some((task.file_name().to_str()?.parse().ok()?, (group(name), cpu_ticks(&stat)?)))
    };
    tasks.flatten().filter_map(thread).collect()
}
