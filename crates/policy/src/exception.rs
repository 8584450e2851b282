//! Inline allow lines: what they say, how long they hold, and when they are findings themselves.

use jiff::civil::Date;
use lychgate_model::{RuleId, limits};

/// An exception written beside the code, as the scan read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Exception {
    /// `lychgate: allow <rule> until <date> because <reason>`.
    Allow {
        /// The one rule it is about; may be unknown.
        rule: RuleId,
        /// The last day on which it counts, UTC.
        until: Date,
        /// Why.
        reason: String,
    },
    /// Another tool's marker.
    Foreign {
        /// Which tool's, as people write it.
        tool: String,
        /// Whether it is about the next line instead of its own.
        next_line: bool,
    },
}

/// An exception and the lines it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Marked {
    /// The line it stands on, from 1.
    pub line: u32,
    /// What it says.
    pub exception: Exception,
}

/// For each finding of an object, in its order, the exceptions that are about it. An allow line of
/// ours is about one value of its rule: the first on its own line, or, when nothing of that rule
/// stands there, the first on the line below. Another tool's marker is about a whole line.
///
/// `found`: rule, line and value of each finding.
pub fn about<'m, V: PartialEq>(
    marks: &'m [Marked],
    found: &[(&RuleId, u32, V)],
) -> Vec<Vec<&'m Marked>> {
    let mut out: Vec<Vec<&Marked>> = found.iter().map(|_| Vec::new()).collect();
    for mark in marks {
        let below = mark.line.saturating_add(1);
        let first =
            |rule: &RuleId, at: u32| found.iter().find(|(r, line, _)| *r == rule && *line == at);
        let target = match &mark.exception {
            Exception::Allow { rule, .. } => first(rule, mark.line).or_else(|| first(rule, below)),
            Exception::Foreign { .. } => None,
        };
        for ((rule, line, value), slot) in found.iter().zip(&mut out) {
            let fits = match (&mark.exception, target) {
                (Exception::Allow { .. }, Some((r, l, v))) => rule == r && line == l && value == v,
                (Exception::Allow { .. }, None) => false,
                (Exception::Foreign { next_line, .. }, _) => {
                    *line == if *next_line { below } else { mark.line }
                }
            };
            if fits {
                slot.push(mark);
            }
        }
    }
    out
}

/// What an exception is worth on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts, for this many more days (0: today is the last).
    Counts(i32),
    /// Its last day is over.
    Expired,
    /// Its last day is too far ahead.
    TooFar,
    /// It names a rule nobody knows.
    Unknown,
    /// Another tool's; policy says whether it counts.
    Foreign,
}

impl Exception {
    /// What it is worth `today`; `known`: whether a rule exists.
    pub fn standing(&self, today: Date, known: impl Fn(&RuleId) -> bool) -> Standing {
        match self {
            Self::Foreign { .. } => Standing::Foreign,
            Self::Allow { rule, .. } if !known(rule) => Standing::Unknown,
            Self::Allow { until, .. } => match days(today, *until) {
                left if left < 0 => Standing::Expired,
                left if left > limits::ALLOW_DAYS => Standing::TooFar,
                left => Standing::Counts(left),
            },
        }
    }
}

/// Days from `from` to `to`.
pub(crate) fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MIN, |span| span.get_days())
}

/// A date written `2026-12-31`, and in no other way.
pub fn date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let year = text.get(..4)?.parse().ok()?;
    let month = text.get(5..7)?.parse().ok()?;
    let day = text.get(8..)?.parse().ok()?;
    shape.then(|| Date::new(year, month, day).ok())?
}
