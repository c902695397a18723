//! What happened, line by line; written only when somebody wants to read it.

/// A run's trace.
#[derive(Debug, Default)]
pub struct Trace {
    lines: Option<String>,
    step: u64,
}

impl Trace {
    /// A trace that keeps its lines.
    pub fn kept() -> Self {
        Self { lines: Some(String::new()), step: 0 }
    }

    /// The lines that follow belong to this step.
    pub fn at(&mut self, step: u64) {
        self.step = step;
    }

    /// Adds a line, if anybody reads it.
    pub fn line(&mut self, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push_str(&format!("{:>6} {}\n", self.step, text()));
        }
    }

    /// The lines so far; empty when they are not kept.
    pub fn text(&self) -> &str {
        self.lines.as_deref().unwrap_or("")
    }
}
