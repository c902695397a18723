use super::error::CompareError;
use super::side::Side;
use crate::run::clock::now;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::park_timeout;
use std::time::Duration;

const START_SECONDS_MAX: u64 = 60;
/// Between two looks at the file in which an engine says where it listens.
const LOOK: Duration = Duration::from_millis(20);
const OUTPUT_SHOWN_BYTES: usize = 4_000;

/// A running engine on a folder of its own. Killed when dropped, and when this process ends.
#[derive(Debug)]
pub struct Engine {
    process: Child,
    pub data_dir: PathBuf,
    pub address: String,
}

impl Engine {
    /// Starts one, on a port that nobody has, and waits until it listens.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(side: &Side, data_dir: &Path) -> Result<Self, CompareError> {
        fs::create_dir_all(data_dir).map_err(CompareError::io(format!("cannot make {}", data_dir.display())))?;
        let output = data_dir.join("engine.log");
        let log =
            || File::options().create(true).append(true).open(&output).map_err(CompareError::io("an engine's output"));
        let mut command = Command::new(&side.engine);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
        if let Some(config) = &side.config {
            command.arg("--config").arg(config);
        }
        command.stdin(Stdio::null()).stdout(log()?).stderr(log()?);
        end_with_this(&mut command);
        let process = command.spawn().map_err(CompareError::io(format!("cannot start {}", side.engine.display())))?;
        let mut engine = Self { process, data_dir: data_dir.to_owned(), address: String::new() };
        engine.address = engine.listening(&output)?;
        Ok(engine)
    }

    /// The first address in the file that an engine writes once it takes connections.
    fn listening(&mut self, output: &Path) -> Result<String, CompareError> {
        let (began, limit) = (now(), Duration::from_secs(START_SECONDS_MAX));
        while began.elapsed() < limit && matches!(self.process.try_wait(), Ok(None)) {
            let said = fs::read_to_string(self.data_dir.join("listen")).unwrap_or_default();
            if let (true, Some(address)) = (said.ends_with('\n'), said.lines().next()) {
                return Ok(address.to_owned());
            }
            park_timeout(LOOK);
        }
        let said = fs::read_to_string(output).unwrap_or_default();
        Err(CompareError::Start { seconds: START_SECONDS_MAX, said: last_of(&said) })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Whatever it had taken is in its table by now, or nobody's any more: the folder goes with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Has the kernel kill the process when the thread that starts it ends, however that comes about.
#[expect(unsafe_code, reason = "what a process is told between fork and exec")]
pub fn end_with_this(command: &mut Command) {
    // SAFETY: prctl is a system call that touches no memory of ours, and may be made after a fork.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        })
    };
}

/// The end of a program's output.
pub fn last_of(said: &str) -> String {
    let mut start = said.len().saturating_sub(OUTPUT_SHOWN_BYTES);
    while !said.is_char_boundary(start) {
        start += 1;
    }
    said[start..].to_owned()
}
