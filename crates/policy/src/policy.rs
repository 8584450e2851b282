//! The policy in force: the floor, tightened.

use std::fmt::Write as _;

use lychgate_model::{Confidence, Digest, Problem, Severity};
use sha2::{Digest as _, Sha256};

use crate::layer::{
    ForeignMarkers, Inline, Layer, Looser, Mode, RefPattern, Setting, Strictness, Unread,
};
use crate::organisation::{Accept, Organisation};
use crate::raised::Largest;
use crate::repository::RepositoryPolicy;

/// What the floor blocks from when it does not say.
const BLOCKS: Severity = Severity::Medium;

/// How sure a finding without a shape must be to block when the floor does not say.
const SHAPELESS: Confidence = Confidence::High;

/// The policy in force for one verdict.
#[derive(Clone, Debug)]
pub struct Policy {
    mode: Mode,
    foreign: ForeignMarkers,
    inline: Setting<Inline>,
    unread: Setting<Unread>,
    blocks: Setting<Severity>,
    shapeless: Setting<Confidence>,
    layers: Vec<Layer>,
    protected: Vec<RefPattern>,
    trailers: Vec<String>,
    vaults: Option<Vec<String>>,
    largest: Option<Largest>,
    accepts: Vec<Accept>,
    contact: String,
}

impl Policy {
    /// The floor tightened by each of `repository` alone: where two states of a repository's
    /// policy are given (a commit being made), the stricter of both counts, key by key.
    ///
    /// # Errors
    /// Every attempt to loosen the floor, naming key and layer.
    pub fn compose(
        organisation: &Organisation,
        repository: &[RepositoryPolicy],
    ) -> Result<Self, Vec<Problem>> {
        let (floor, mut problems) = Self::of_organisation(organisation);
        let mut policy = floor.clone();
        for lower in repository {
            problems.extend(floor.clone().tighten(&lower.layer));
            // Against the floor every value was checked above; here the stricter one stays.
            policy.tighten(&lower.layer);
        }
        if problems.is_empty() {
            Ok(policy)
        } else {
            Err(problems)
        }
    }

    /// The floor alone, with the problems of the files that tighten it.
    pub(crate) fn of_organisation(organisation: &Organisation) -> (Self, Vec<Problem>) {
        let floor = &organisation.floor;
        let unread = floor.unread.as_ref().map_or(Unread::Note, |u| u.value);
        let inline = floor.inline.as_ref().map_or(Inline::Accepted, |i| i.value);
        let blocks = floor.blocks.as_ref().map_or(BLOCKS, |b| b.value);
        let shapeless = floor.shapeless.as_ref().map_or(SHAPELESS, |s| s.value);
        let mut policy = Self {
            mode: organisation.mode,
            foreign: organisation.foreign,
            inline: Setting::new(inline, &floor.name),
            unread: Setting::new(unread, &floor.name),
            blocks: Setting::new(blocks, &floor.name),
            shapeless: Setting::new(shapeless, &floor.name),
            layers: Vec::new(),
            protected: Vec::new(),
            trailers: Vec::new(),
            vaults: None,
            largest: Largest::of(floor),
            accepts: organisation.accepts.clone(),
            contact: organisation.contact.clone(),
        };
        policy.add(floor);
        let mut problems = Vec::new();
        for added in &organisation.added {
            problems.extend(policy.tighten(added));
        }
        (policy, problems)
    }

    /// The floor, whatever the files that tighten it say; used where nothing below can be.
    pub fn floor(organisation: &Organisation) -> Self {
        Self::of_organisation(organisation).0
    }

    /// Takes what `layer` tightens; returns what it would loosen.
    fn tighten(&mut self, layer: &Layer) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(unread) = &layer.unread
            && let Err(by) = self.unread.tighten(unread.value, &layer.name)
        {
            problems.push(layer.loosened("unread", unread, unread.value.word(), &by));
        }
        if let Some(inline) = &layer.inline
            && let Err(by) = self.inline.tighten(inline.value, &layer.name)
        {
            problems.push(layer.loosened("inline", inline, inline.value.word(), &by));
        }
        if let Some(blocks) = &layer.blocks
            && let Err(by) = self.blocks.tighten(blocks.value, &layer.name)
        {
            problems.push(layer.loosened("blocks.default", blocks, blocks.value.word(), &by));
        }
        if let Some(sure) = &layer.shapeless
            && let Err(by) = self.shapeless.tighten(sure.value, &layer.name)
        {
            problems.push(layer.loosened("blocks.shapeless", sure, sure.value.word(), &by));
        }
        for store in layer.vaults.iter().flatten() {
            if self
                .vaults
                .as_ref()
                .is_some_and(|v| !v.contains(&store.value))
            {
                let by = self.layers.iter().rev().find(|l| l.vaults.is_some());
                let by = Looser {
                    layer: by.map_or("", |l| l.name.as_str()).into(),
                    stands: "approved",
                };
                problems.push(layer.loosened("vaults.approved", store, &store.value, &by));
            }
        }
        problems.extend(Largest::tighten(&mut self.largest, layer));
        for (pattern, severity) in &layer.refs {
            // The pattern stands for the refs it fits: what the floor says of its text, it says of
            // them. Whatever it says, the stricter of both layers is in force at every ref.
            let mut standing = self.setting_at(Some(pattern.as_str().as_bytes()));
            if let Err(by) = standing.tighten(severity.value, &layer.name) {
                problems.push(layer.loosened("ref.blocks", severity, severity.value.word(), &by));
            }
        }
        self.add(layer);
        problems
    }

    fn add(&mut self, layer: &Layer) {
        self.protected.extend(layer.protected.iter().cloned());
        self.protected.sort();
        self.protected.dedup();
        for key in &layer.trailers {
            if !self.trailers.iter().any(|t| t.eq_ignore_ascii_case(key)) {
                self.trailers.push(key.clone());
            }
        }
        if let Some(approved) = &layer.vaults {
            let mut names: Vec<String> = approved.iter().map(|s| s.value.clone()).collect();
            if let Some(standing) = &self.vaults {
                names.retain(|name| standing.contains(name));
            }
            names.sort();
            names.dedup();
            self.vaults = Some(names);
        }
        self.layers.push(layer.clone());
    }

    fn setting_at(&self, reference: Option<&[u8]>) -> Setting<Severity> {
        let mut layers = self.layers.iter();
        // The floor's own pattern may be laxer than its default; no layer below may.
        let floor = layers
            .next()
            .and_then(|l| l.blocks_at(reference).map(|s| (s, l)));
        let mut standing = match floor {
            Some((severity, layer)) => Setting::new(severity, &layer.name),
            None => self.blocks.clone(),
        };
        for layer in layers {
            if let Some(severity) = layer.blocks_at(reference) {
                // A laxer value is what a lower layer cannot say.
                let _ = standing.tighten(severity, &layer.name);
            }
        }
        standing
    }

    /// The severity from which a new finding blocks at a ref; `None`: no ref is known.
    pub fn blocks_at(&self, reference: Option<&[u8]>) -> Severity {
        self.setting_at(reference).get()
    }

    /// How sure a finding of a rule without a shape must be to block.
    pub fn blocks_shapeless_from(&self) -> Confidence {
        self.shapeless.get()
    }

    /// What one byte of a ref name costs at most, matched with every pattern in force.
    pub fn steps(&self) -> usize {
        let named = self
            .layers
            .iter()
            .flat_map(|l| l.refs.iter().map(|(p, _)| p));
        let all = named.chain(&self.protected);
        all.map(|p| lychgate_model::pattern::steps(p.as_str().as_bytes()))
            .sum()
    }

    /// Whether a ref takes fast-forwards only.
    pub fn is_protected(&self, reference: &[u8]) -> bool {
        self.protected.iter().any(|p| p.fits(reference))
    }

    /// Keys of the trailers every message must have.
    pub fn trailers(&self) -> &[String] {
        &self.trailers
    }

    /// What it means that something packed was not opened.
    pub fn unread(&self) -> Unread {
        self.unread.get()
    }

    /// The secret stores that references may name; `None`: nobody asked for it.
    pub fn vaults(&self) -> Option<&[String]> {
        self.vaults.as_deref()
    }

    /// What an inline allow line is worth.
    pub fn inline(&self) -> Inline {
        self.inline.get()
    }

    /// Whether markers of other tools silence.
    pub fn honours_foreign_markers(&self) -> bool {
        self.foreign == ForeignMarkers::Honour
    }

    /// Whether denials are acted upon.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Findings the organisation has accepted.
    pub fn accepts(&self) -> &[Accept] {
        &self.accepts
    }

    /// Who can accept a finding at a server, as the organisation names them; may be empty.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    pub(crate) fn largest_set(&self) -> Option<&Largest> {
        self.largest.as_ref()
    }

    pub(crate) fn protected(&self) -> &[RefPattern] {
        &self.protected
    }

    /// SHA-256 over everything in force, whatever files it came from.
    pub fn digest(&self) -> Digest {
        let mut text = String::new();
        let _ = writeln!(text, "mode {}", self.mode.word());
        let _ = writeln!(text, "foreign {}", self.foreign.word());
        let _ = writeln!(text, "inline {}", self.inline().word());
        let _ = writeln!(text, "unread {}", self.unread().word());
        let _ = writeln!(text, "contact {:?}", self.contact);
        for layer in &self.layers {
            let default = layer.blocks.as_ref().map_or("-", |b| b.value.name());
            let _ = writeln!(text, "blocks {default}");
            let shapeless = layer.shapeless.as_ref().map_or("-", |s| s.value.name());
            let _ = writeln!(text, "shapeless {shapeless}");
            for (pattern, severity) in &layer.refs {
                let _ = writeln!(text, "ref {} {}", pattern.as_str(), severity.value.name());
            }
            for raise in &layer.raises {
                let (rule, severity) = (&raise.rule, raise.severity.name());
                let _ = writeln!(text, "raise {rule} {:?} {severity}", raise.paths);
            }
        }
        for pattern in &self.protected {
            let _ = writeln!(text, "protected {}", pattern.as_str());
        }
        for key in &self.trailers {
            let _ = writeln!(text, "trailer {}", key.to_ascii_lowercase());
        }
        if let Some(largest) = self.largest() {
            let _ = writeln!(text, "largest {largest}");
        }
        if let Some(vaults) = &self.vaults {
            let _ = writeln!(text, "vaults {}", vaults.join(" "));
        }
        for a in &self.accepts {
            let _ = writeln!(
                text,
                "accept {:?} {} {} {} {:?} {:?}",
                a.repository, a.object, a.rule, a.until, a.by, a.reason
            );
        }
        Digest(Sha256::digest(text.as_bytes()).into())
    }
}
