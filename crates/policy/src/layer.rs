//! What one policy file says, and the only way in which it may change what stands above it.

use std::sync::Arc;

use lychgate_model::{Confidence, Problem, Severity, limits, pattern};

use crate::document::{Placed, Section};
use crate::raised::Raise;

/// Secret stores whose references are known, as `[vaults] approved` names them.
pub const STORES: [&str; 13] = [
    "vault",
    "op",
    "aws-sm",
    "aws-ssm",
    "gcp-sm",
    "azure-kv",
    "github",
    "external-secrets",
    "sealed-secrets",
    "doppler",
    "infisical",
    "bws",
    "sops",
];

/// Values of one setting in order of strictness.
pub trait Strictness: Copy + PartialEq {
    /// Whether `self` refuses at least everything `other` refuses.
    fn at_least(self, other: Self) -> bool;
    /// The word for it in a policy file.
    fn word(self) -> &'static str;
}

/// Whether a deny verdict is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Enforce,
    /// It is printed as would-deny. Only the organisation's file may say so.
    Observe,
}

/// What an inline allow line is worth at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Nothing, at a client neither.
    Off,
    /// At a server it counts only if it stood with that value before the push.
    Accepted,
    /// A pusher's own allow line counts.
    Pusher,
}

/// The severity from which a new finding blocks: the lower, the stricter.
impl Strictness for Severity {
    fn at_least(self, other: Self) -> bool {
        self <= other
    }
    fn word(self) -> &'static str {
        self.name()
    }
}

/// How sure a finding without a shape must be to block: the lower, the stricter.
impl Strictness for Confidence {
    fn at_least(self, other: Self) -> bool {
        self <= other
    }
    fn word(self) -> &'static str {
        self.name()
    }
}

impl Strictness for Mode {
    fn at_least(self, other: Self) -> bool {
        self == Self::Enforce || other == Self::Observe
    }
    fn word(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

impl Strictness for Inline {
    fn at_least(self, other: Self) -> bool {
        let rank = |i| match i {
            Self::Off => 0,
            Self::Accepted => 1,
            Self::Pusher => 2,
        };
        rank(self) <= rank(other)
    }
    fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Accepted => "accepted",
            Self::Pusher => "pusher",
        }
    }
}

/// What it means that something packed or encoded was not opened: its kind is not known, it is
/// encrypted, or it lies beyond a limit. That it was read as bytes is not in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Said, and no more.
    Note,
    /// INDETERMINATE: not judged completely.
    Deny,
}

impl Strictness for Unread {
    fn at_least(self, other: Self) -> bool {
        self == Self::Deny || other == Self::Note
    }
    fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Deny => "deny",
        }
    }
}

/// Whether markers of other tools (`gitleaks:allow` and its cousins) silence at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignMarkers {
    /// Read and reported, without effect.
    Ignore,
    /// Worth as much as an allow line of ours.
    Honour,
}

impl Strictness for ForeignMarkers {
    fn at_least(self, other: Self) -> bool {
        self == Self::Ignore || other == Self::Honour
    }
    fn word(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Honour => "honour",
        }
    }
}

/// A value in force and the layer that set it. Once made it can only be tightened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    value: T,
    layer: Arc<str>,
}

/// An attempt to loosen: the layer that set what stands, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looser {
    /// The file that set the stricter value.
    pub layer: Arc<str>,
    /// The stricter value.
    pub stands: &'static str,
}

impl<T: Strictness> Setting<T> {
    /// The first value, set by `layer`.
    pub fn new(value: T, layer: &str) -> Self {
        Self {
            value,
            layer: layer.into(),
        }
    }

    /// The value in force.
    pub fn get(&self) -> T {
        self.value
    }

    /// Takes `value` if it is at least as strict.
    ///
    /// # Errors
    /// A laxer value changes nothing and is answered with what stands.
    pub fn tighten(&mut self, value: T, layer: &str) -> Result<(), Looser> {
        if !value.at_least(self.value) {
            return Err(Looser {
                layer: self.layer.clone(),
                stands: self.value.word(),
            });
        }
        if value != self.value {
            *self = Self::new(value, layer);
        }
        Ok(())
    }
}

/// A pattern over ref names, see [`pattern::matches`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefPattern(String);

impl RefPattern {
    /// A pattern that can fit a ref name, or what is wrong with it.
    ///
    /// # Errors
    /// One sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        if !(text.starts_with("refs/") || text.starts_with("**")) {
            return Err("a pattern fits full ref names: begin it with `refs/` or `**`".into());
        }
        if text.len() > limits::PATTERN {
            return Err(format!("longer than {} bytes", limits::PATTERN));
        }
        if text.bytes().any(|b| b <= b' ' || b == 127) {
            return Err("a ref name holds no blanks or control characters".into());
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it fits the full name of a ref.
    pub fn fits(&self, name: &[u8]) -> bool {
        pattern::matches(self.0.as_bytes(), name)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one file asks for of the things every layer may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// The file, for people.
    pub name: String,
    /// `[blocks] default`.
    pub blocks: Option<Placed<Severity>>,
    /// `[blocks] shapeless`.
    pub shapeless: Option<Placed<Confidence>>,
    /// `[[ref]]`, in order; the first that fits counts.
    pub refs: Vec<(RefPattern, Placed<Severity>)>,
    /// `[refs] protected`.
    pub protected: Vec<RefPattern>,
    /// `[message] trailers`.
    pub trailers: Vec<String>,
    /// `[vaults] approved`; `None`: nothing is said.
    pub vaults: Option<Vec<Placed<String>>>,
    /// `inline`.
    pub inline: Option<Placed<Inline>>,
    /// `unread`.
    pub unread: Option<Placed<Unread>>,
    /// `[[raise]]`.
    pub raises: Vec<Raise>,
    /// `[tree] largest`, in bytes.
    pub largest: Option<Placed<u64>>,
}

impl Layer {
    /// Reads the keys every layer has.
    pub fn read(root: &Section<'_, '_>) -> Self {
        let severity = |name: &str| Severity::ALL.into_iter().find(|s| s.name() == name);
        let severities = "note, low, medium, high or critical";
        let mut layer = Self {
            name: root.file().to_owned(),
            ..Self::default()
        };
        layer.inline = root.word("inline", "off, accepted or pusher", |text| {
            [Inline::Off, Inline::Accepted, Inline::Pusher]
                .into_iter()
                .find(|i| i.word() == text)
        });
        layer.unread = root.word("unread", "note or deny", |text| {
            let all = [Unread::Note, Unread::Deny];
            all.into_iter().find(|u| u.word() == text)
        });
        root.section("blocks", |blocks| {
            layer.blocks = blocks.word("default", severities, severity);
            let sure = [Confidence::Medium, Confidence::High, Confidence::Certain];
            layer.shapeless = blocks.word("shapeless", "medium, high or certain", |name| {
                sure.into_iter().find(|c| c.name() == name)
            });
        });
        layer.refs = root.sections("ref", |entry| {
            let text = entry.required("pattern");
            let pattern = text.and_then(|text| ref_pattern(entry, "pattern", &text));
            entry.required("blocks");
            let blocks = entry.word("blocks", severities, severity);
            Some((pattern?, blocks?))
        });
        root.section("refs", |refs| {
            let listed = refs.list("protected");
            layer.protected = listed
                .iter()
                .filter_map(|text| ref_pattern(refs, "protected", text))
                .collect();
        });
        let bytes: usize = layer.patterns().map(|p| p.as_str().len()).sum();
        if (layer.patterns().count() > limits::PATTERNS || bytes > limits::PATTERN_BYTES)
            && let Some((key, at)) = ["ref", "refs"]
                .into_iter()
                .find_map(|key| Some((key, root.place_of(key)?)))
        {
            let (count, bytes) = (limits::PATTERNS, limits::PATTERN_BYTES);
            let message = format!("more than {count} patterns, or {bytes} bytes of them");
            root.refuse(key, &at, message, "let one wildcard stand for many names");
        }
        layer.vaults = root.section("vaults", |vaults| {
            let mut approved = Vec::new();
            for store in vaults.list("approved") {
                if STORES.contains(&store.value.as_str()) {
                    approved.push(store);
                } else {
                    let help = format!("known here: {}", STORES.join(", "));
                    vaults.refuse("approved", &store, "no store of this name".into(), &help);
                }
            }
            approved
        });
        layer.raises = crate::raised::raises(root);
        layer.largest = crate::raised::largest(root);
        root.section("message", |message| {
            for key in message.list("trailers") {
                if crate::trailers::is_key(key.value.as_bytes()) {
                    layer.trailers.push(key.value);
                } else {
                    let help = "letters, digits and hyphens, as in `Signed-off-by`";
                    message.refuse("trailers", &key, "not the key of a trailer".into(), help);
                }
            }
        });
        layer
    }

    fn patterns(&self) -> impl Iterator<Item = &RefPattern> {
        self.refs.iter().map(|(p, _)| p).chain(&self.protected)
    }

    /// The severity this layer alone asks for at a ref; `None`: the head of a commit being made
    /// has no name.
    pub fn blocks_at(&self, reference: Option<&[u8]>) -> Option<Severity> {
        let named = reference.and_then(|name| self.refs.iter().find(|(p, _)| p.fits(name)));
        named
            .map(|(_, s)| s.value)
            .or_else(|| self.blocks.as_ref().map(|b| b.value))
    }

    pub(crate) fn loosened<T>(
        &self,
        key: &str,
        at: &Placed<T>,
        word: &str,
        by: &Looser,
    ) -> Problem {
        Problem {
            file: self.name.clone(),
            line: at.line,
            column: at.column,
            key: key.to_owned(),
            message: format!(
                "\"{word}\" would loosen \"{}\", which {} sets",
                by.stands, by.layer
            ),
            help: "a lower layer can only tighten: remove the line, or make it stricter".into(),
        }
    }
}

fn ref_pattern(at: &Section<'_, '_>, key: &str, text: &Placed<String>) -> Option<RefPattern> {
    match RefPattern::new(&text.value) {
        Ok(pattern) => Some(pattern),
        Err(problem) => {
            at.refuse(key, text, problem, "");
            None
        }
    }
}
