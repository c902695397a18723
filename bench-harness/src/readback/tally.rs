use crate::workload::RowNumber;

/// What a stream sent, and how much of it was acked as committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentStream {
    pub name: String,
    pub sent: u64,
    pub committed: u64,
}

/// Counts rows read against rows sent: one bit for each row.
#[derive(Debug)]
pub struct Tally {
    streams: Vec<Seen>,
    pub read: u64,
    pub duplicate: u64,
    /// Rows that no stream of this run sent.
    pub foreign: u64,
    /// Rows whose columns disagree about which row they are.
    pub contradicting: u64,
}

#[derive(Debug)]
struct Seen {
    sent: u64,
    committed: u64,
    rows: Vec<u64>,
}

impl Tally {
    pub fn new(streams: &[SentStream]) -> Self {
        let seen = |stream: &SentStream| Seen {
            sent: stream.sent,
            committed: stream.committed,
            rows: vec![0; stream.sent.div_ceil(64) as usize],
        };
        Self { streams: streams.iter().map(seen).collect(), read: 0, duplicate: 0, foreign: 0, contradicting: 0 }
    }

    /// Counts a row that was read; `None` is a row that names no row of any run.
    #[inline]
    pub fn count(&mut self, number: Option<RowNumber>) {
        self.read += 1;
        let seen = number.and_then(|number| Some((self.streams.get_mut(number.stream as usize)?, number.row)));
        match seen {
            Some((stream, row)) if row < stream.sent => {
                let (word, bit) = (&mut stream.rows[(row / 64) as usize], 1 << (row % 64));
                self.duplicate += u64::from(*word & bit != 0);
                *word |= bit;
            }
            _ => self.foreign += 1,
        }
    }

    /// Rows that were acked as committed and are not in the table.
    pub fn lost(&self) -> u64 {
        self.streams.iter().map(|stream| stream.committed - stream.present_below(stream.committed)).sum()
    }
}

impl Seen {
    fn present_below(&self, end: u64) -> u64 {
        let whole = (end / 64) as usize;
        let present: u64 = self.rows[..whole].iter().map(|word| u64::from(word.count_ones())).sum();
        let rest = match end % 64 {
            0 => 0,
            bits => self.rows[whole] & ((1 << bits) - 1),
        };
        present + u64::from(rest.count_ones())
    }
}
