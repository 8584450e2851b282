//! What is known of a pattern before it runs. It is told from the pattern; of the packs compiled in
//! the build script tells it with this file, and writes it down.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use crate::fields::{Reader, Writer};
use crate::lead::{Heads, Lead};
use crate::needs::Needs;
use crate::steps::{Group, Steps};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) group: Group,
    /// What stands in every match.
    pub(crate) needs: Needs,
    /// Where a keyword stands in every match, if it does.
    pub(crate) lead: Option<Lead>,
    /// What every match begins with, if that is known and no keyword tells more.
    pub(crate) heads: Option<Heads>,
    /// `None`: it asks for what steps cannot do.
    pub(crate) steps: Option<Steps>,
}

/// A pattern over bytes; says what is wrong with it.
pub(crate) fn parse(pattern: &str) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new();
    let parsed = parser.unicode(false).utf8(false).build().parse(pattern);
    parsed.map_err(|error| {
        // Below the drawing of a syntax error stands the sentence.
        let text = error.to_string();
        let line = text.lines().last().unwrap_or(&text).trim();
        format!(
            "is no pattern: {}",
            line.strip_prefix("error: ").unwrap_or(line)
        )
    })
}

impl Program {
    /// Of a pattern of which a keyword tells where to look; `group`: the value, 0 for the usual one.
    pub(crate) fn of<K: AsRef<[u8]>>(hir: &Hir, keywords: &[K], group: u32) -> Self {
        let mut groups = Group::of(hir);
        if group > 0 {
            groups.value = group;
        }
        let lead = (!keywords.is_empty()).then(|| Lead::of(hir, keywords));
        let lead = lead.flatten();
        let heads = lead.is_none().then(|| Heads::of(hir)).flatten();
        Self {
            group: groups,
            needs: Needs::of(hir),
            lead,
            heads,
            steps: Steps::of(hir, groups.value),
        }
    }

    #[allow(dead_code, reason = "the build script does")]
    pub(crate) fn write(&self, out: &mut Writer) {
        out.small(self.group.all as usize);
        out.small(self.group.value as usize);
        self.needs.write(out);
        out.byte(u8::from(self.lead.is_some()));
        if let Some(lead) = &self.lead {
            lead.write(out);
        }
        out.byte(u8::from(self.heads.is_some()));
        if let Some(heads) = &self.heads {
            heads.write(out);
        }
        out.byte(u8::from(self.steps.is_some()));
        if let Some(steps) = &self.steps {
            steps.write(out);
        }
    }

    /// What [`Program::write`] wrote.
    pub(crate) fn read(mut from: Reader<'_>) -> Option<Self> {
        fn one<'a, T>(
            from: &mut Reader<'a>,
            read: fn(&mut Reader<'a>) -> Option<T>,
        ) -> Option<Option<T>> {
            match from.byte()? {
                0 => Some(None),
                _ => read(from).map(Some),
            }
        }
        let from = &mut from;
        Some(Self {
            group: Group {
                all: u32::try_from(from.small()?).ok()?,
                value: u32::try_from(from.small()?).ok()?,
            },
            needs: Needs::read(from)?,
            lead: one(from, Lead::read)?,
            heads: one(from, Heads::read)?,
            steps: one(from, Steps::read)?,
        })
    }
}
