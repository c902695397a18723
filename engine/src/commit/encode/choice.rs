//! Which way of writing a leaf its figures speak for. Pure.
//!
//! First the sizes alone pass over what cannot pay: a dictionary that is too large for its page, a dictionary or a codec
//! that saves next to nothing. What is left is weighed: the time that encoding a row takes and its bytes, at the
//! [policy](EncodingPolicy)'s rate. Times are noisy, so bytes decide between ways that cost about the same, and the way that is
//! in use stays until another is clearly better.

use super::column_writer::ColumnWay;
use super::figures::{Figures, WayFigures};
use super::policy::EncodingPolicy;
use parquet::basic::{Compression, Encoding};
use std::fmt;

/// A codec or a dictionary must take off this much of what it is made of.
const SAVES_MIN: f64 = 0.10;
/// Under the policy for size this much: no more than samples differ by.
const SAVES_MIN_FOR_SIZE: f64 = 0.01;
/// And a codec this much of the plain bytes: a tenth of next to nothing is nothing, and readers have to undo it.
const CODEC_SAVES_OF_PLAIN_MIN: f64 = 0.02;
/// No codec works on pages of fewer bytes.
const CODEC_CHUNK_BYTES_MIN: f64 = 512.0;
/// The writer gives dictionaries up at 1 MiB; an estimate may be off by a factor of two.
const DICTIONARY_BYTES_MAX: f64 = 512.0 * 1024.0;
/// Ways whose costs differ by less cost the same: the one with fewer bytes is taken.
const CLOSE: f64 = 0.05;
/// The same where only bytes count: the one with less work is taken.
const CLOSE_FOR_SIZE: f64 = 0.01;
/// The way in use stays unless another costs this much less.
const BETTER_BY_MIN: f64 = 0.15;
/// The same where only bytes count, which differ less from sample to sample.
const BETTER_BY_MIN_FOR_SIZE: f64 = 0.03;
/// The way in use may fall below the least savings by this factor: they differ from sample to sample, too.
const SAVES_SLACK: f64 = 0.5;

/// What is thought of a way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// What it costs: nanoseconds, bytes at their price among them (under the policy for size, bytes).
    Weighed(f64),
    PassedOver(Reason),
}

/// Why a way is not even weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    CodecSavesLittle,
    ChunkTooSmall,
    DictionarySavesLittle,
    DictionaryTooLarge,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::CodecSavesLittle => "the codec saves next to nothing",
            Self::ChunkTooSmall => "too few bytes for a codec",
            Self::DictionarySavesLittle => "a dictionary saves next to nothing",
            Self::DictionaryTooLarge => "the dictionary is too large for its page",
        })
    }
}

/// The way for a row group of `rows` values; `favoured` is the one in use. Plain without codec when nothing was measured.
pub fn choose(figures: &Figures, rows: usize, policy: EncodingPolicy, favoured: Option<ColumnWay>) -> ColumnWay {
    let weighed =
        || judge(figures, rows, policy, favoured).filter_map(|(measured, verdict)| Some((measured, cost(verdict)?)));
    let least = weighed().map(|(_, cost)| cost).fold(f64::INFINITY, f64::min);
    let (close, better_by_min, by_bytes) = match policy.byte_ns() {
        Some(_) => (CLOSE, BETTER_BY_MIN, true),
        None => (CLOSE_FOR_SIZE, BETTER_BY_MIN_FOR_SIZE, false),
    };
    let in_use = weighed().find(|(measured, _)| Some(measured.way) == favoured);
    if let Some((measured, cost)) = in_use
        && cost * (1.0 - better_by_min) <= least
    {
        return measured.way;
    }
    let mut chosen: Option<(ColumnWay, f64)> = None;
    for (measured, _) in weighed().filter(|(_, cost)| *cost <= least * (1.0 + close)) {
        let bytes = figures.bytes(measured, rows);
        if chosen.is_none_or(|(_, held)| by_bytes && bytes < held) {
            chosen = Some((measured.way, bytes));
        }
    }
    let fallback = || figures.ways.first().map(|measured| measured.way);
    chosen.map(|(way, _)| way).or_else(fallback).unwrap_or(UNMEASURED)
}

/// How leaves are written of which nothing is known.
pub(super) const UNMEASURED: ColumnWay =
    ColumnWay { encoding: Some(Encoding::PLAIN), compression: Compression::UNCOMPRESSED };

/// What is thought of each way that was measured.
pub fn judge(
    figures: &Figures,
    rows: usize,
    policy: EncodingPolicy,
    favoured: Option<ColumnWay>,
) -> impl Iterator<Item = (&WayFigures, Verdict)> {
    figures.ways.iter().map(move |measured| {
        let verdict = match passed_over(figures, measured, rows, policy, favoured) {
            Some(reason) => Verdict::PassedOver(reason),
            None => {
                let bytes = figures.bytes(measured, rows);
                Verdict::Weighed(policy.byte_ns().map_or(bytes, |byte_ns| figures.ns(measured) + bytes * byte_ns))
            }
        };
        (measured, verdict)
    })
}

fn cost(verdict: Verdict) -> Option<f64> {
    match verdict {
        Verdict::Weighed(cost) => Some(cost),
        Verdict::PassedOver(_) => None,
    }
}

fn passed_over(
    figures: &Figures,
    measured: &WayFigures,
    rows: usize,
    policy: EncodingPolicy,
    favoured: Option<ColumnWay>,
) -> Option<Reason> {
    let (saves_min, of_plain_min) = match policy {
        EncodingPolicy::Size => (SAVES_MIN_FOR_SIZE, 0.0),
        EncodingPolicy::Speed | EncodingPolicy::Balanced => (SAVES_MIN, CODEC_SAVES_OF_PLAIN_MIN),
    };
    let (way, raw) = (measured.way, ColumnWay { compression: Compression::UNCOMPRESSED, ..measured.way });
    let (bytes, raw_bytes) = (figures.bytes(measured, rows), figures.bytes(figures.of(raw).unwrap_or(measured), rows));
    let plain_bytes = figures.plain_bytes().unwrap_or(raw_bytes);
    // Keys that came as keys are not made plain.
    let is_choice = figures.of(UNMEASURED).is_some();
    if way.encoding.is_none() && is_choice {
        if figures.dictionary_bytes(rows) > DICTIONARY_BYTES_MAX {
            return Some(Reason::DictionaryTooLarge);
        }
        let in_use = favoured.is_some_and(|favoured| favoured.encoding.is_none());
        let slack = if in_use { SAVES_SLACK } else { 1.0 };
        if raw_bytes > plain_bytes * (1.0 - saves_min * slack) {
            return Some(Reason::DictionarySavesLittle);
        }
    }
    if way != raw {
        if raw_bytes * rows as f64 <= CODEC_CHUNK_BYTES_MIN {
            return Some(Reason::ChunkTooSmall);
        }
        let slack = if favoured == Some(way) { SAVES_SLACK } else { 1.0 };
        let saved = raw_bytes - bytes;
        if saved < saves_min * raw_bytes * slack || saved < of_plain_min * plain_bytes * slack {
            return Some(Reason::CodecSavesLittle);
        }
    }
    None
}

#[cfg(test)]
mod tests;
