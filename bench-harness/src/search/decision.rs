//! Which rate to try next. Knows nothing of runs: only answers.

use serde::Serialize;

/// How a run at some rate went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// The bound was kept.
    Met,
    /// It was not, or the engine did not take the rate.
    Missed,
    /// The generator could not offer the rate: nothing is known of the engine.
    NotOffered,
}

/// Where and how closely to look. Rates are in MB/s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limits {
    pub rate_start: f64,
    pub rate_min: f64,
    pub rate_max: f64,
    /// The rate found and the next worse one are this close, as a share.
    pub precision: f64,
    pub confirmations: u32,
    pub probes_max: u32,
}

/// Why a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To learn on which side of the rate sought it lies.
    Judge,
    /// To be sure of what was found.
    Confirm,
}

/// What keeps the rate from being higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// A little more, and the bound is not kept.
    Bound,
    /// A little more, and the generator does not keep up.
    Generator,
    /// It is the highest rate that was to be tried.
    RateMax,
}

/// What a search comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    Confirmed {
        rate: f64,
        limit: Limit,
    },
    /// The number of runs ended before all were made that were needed.
    Unconfirmed {
        rate: f64,
    },
    /// No rate that was tried kept the bound.
    NeverMet {
        rate_lowest_tried: f64,
    },
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    Probe { rate: f64, purpose: Purpose },
    Done(Outcome),
}

/// Runs at one rate.
#[derive(Debug, Clone, Copy)]
struct Trial {
    rate: f64,
    purpose: Purpose,
    met: u32,
    missed: u32,
    not_offered: u32,
}

/// A search as far as it has come.
#[derive(Debug)]
pub struct Search {
    limits: Limits,
    trial: Trial,
    /// Rates that kept the bound, rising.
    good: Vec<f64>,
    /// The lowest rate that did not, and why.
    bad: Option<(f64, Limit)>,
    probes: u32,
    outcome: Option<Outcome>,
}

impl Trial {
    fn new(rate: f64, purpose: Purpose) -> Self {
        Self { rate, purpose, met: 0, missed: 0, not_offered: 0 }
    }

    /// Whether the rate is good, once that is decided. Good at first sight is good; bad at first sight is looked at again, and
    /// two of three decide. Of confirmations, most.
    fn judged(&self, confirmations: u32) -> Option<bool> {
        let bad = self.missed + self.not_offered;
        match self.purpose {
            Purpose::Judge if bad >= 2 => Some(false),
            Purpose::Judge if self.met > bad => Some(true),
            Purpose::Confirm if 2 * self.met > confirmations => Some(true),
            Purpose::Confirm if 2 * bad >= confirmations => Some(false),
            Purpose::Judge | Purpose::Confirm => None,
        }
    }

    fn limit(&self) -> Limit {
        if self.not_offered > self.missed { Limit::Generator } else { Limit::Bound }
    }
}

impl Search {
    pub fn new(limits: Limits) -> Self {
        let rate = limits.rate_start.clamp(limits.rate_min.min(limits.rate_max), limits.rate_max);
        let trial = Trial::new(rate, Purpose::Judge);
        Self { limits, trial, good: Vec::new(), bad: None, probes: 0, outcome: None }
    }

    pub fn step(&self) -> Step {
        match self.outcome {
            Some(outcome) => Step::Done(outcome),
            None => Step::Probe { rate: self.trial.rate, purpose: self.trial.purpose },
        }
    }

    /// Takes the answer to the last step's run.
    pub fn answer(&mut self, response: Response) {
        self.probes += 1;
        match response {
            Response::Met => self.trial.met += 1,
            Response::Missed => self.trial.missed += 1,
            Response::NotOffered => self.trial.not_offered += 1,
        }
        if let Some(is_good) = self.trial.judged(self.limits.confirmations) {
            let trial = self.trial;
            match (is_good, trial.purpose) {
                (true, Purpose::Judge) => self.learn_good(trial.rate),
                (true, Purpose::Confirm) => self.outcome = Some(self.confirmed(trial.rate)),
                (false, _) => {
                    self.good.retain(|good| *good < trial.rate);
                    self.bad = Some((trial.rate, trial.limit()));
                }
            }
            self.go_on();
        }
        if self.outcome.is_none() && self.probes >= self.limits.probes_max {
            self.outcome = Some(match self.good.last() {
                Some(rate) => Outcome::Unconfirmed { rate: *rate },
                None => Outcome::NeverMet { rate_lowest_tried: self.trial.rate },
            });
        }
    }

    fn learn_good(&mut self, rate: f64) {
        self.good.push(rate);
        self.good.sort_unstable_by(f64::total_cmp);
    }

    /// Chooses the next rate from what is known.
    fn go_on(&mut self) {
        let Limits { rate_min, rate_max, precision, .. } = self.limits;
        if self.outcome.is_some() {
            return;
        }
        self.trial = match (self.good.last().copied(), self.bad) {
            (None, None) => self.trial,
            (Some(good), None) if good >= rate_max => return self.confirm(good),
            (Some(good), None) => Trial::new((good * 2.0).min(rate_max), Purpose::Judge),
            (None, Some((bad, _))) if bad <= rate_min => {
                self.outcome = Some(Outcome::NeverMet { rate_lowest_tried: bad });
                return;
            }
            (None, Some((bad, _))) => Trial::new((bad / 2.0).max(rate_min), Purpose::Judge),
            (Some(good), Some((bad, _))) if bad <= good * (1.0 + precision) => return self.confirm(good),
            (Some(good), Some((bad, _))) => Trial::new((good * bad).sqrt(), Purpose::Judge),
        };
    }

    fn confirm(&mut self, rate: f64) {
        if self.limits.confirmations == 0 {
            self.outcome = Some(self.confirmed(rate));
        } else {
            self.trial = Trial::new(rate, Purpose::Confirm);
        }
    }

    fn confirmed(&self, rate: f64) -> Outcome {
        Outcome::Confirmed { rate, limit: self.bad.map_or(Limit::RateMax, |(_, limit)| limit) }
    }
}
