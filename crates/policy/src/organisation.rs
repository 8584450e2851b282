//! The organisation's file: the floor nobody below can lower.

use jiff::civil::Date;
use lychgate_model::limits::{
    DELTA_CHAIN, DELTA_CHAIN_MOST, DELTA_RESULT, DELTA_RESULT_MOST, Deltas,
};
use lychgate_model::{ObjectId, Problem, RuleId, Surface, limits};

use crate::document::{Document, Placed, Section};
use crate::layer::{ForeignMarkers, Inline, Layer, Mode, Strictness};

/// The built-in floor, in force when there is no organisation's file.
pub const STANDARD: &str = include_str!("../../../config/policy/standard.toml");
/// Looks and reports, denies nothing.
pub const OBSERVE: &str = include_str!("../../../config/policy/observe.toml");
/// Denies everything that is not a mere note.
pub const STRICT: &str = include_str!("../../../config/policy/strict.toml");
/// Every key with its default and what it means.
pub const REFERENCE: &str = include_str!("../../../config/lychgate.toml");

/// One finding in one object that the organisation has accepted (contract 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The repository as the hook labels it, with `*` and `**`.
    pub repository: String,
    /// Exactly this object.
    pub object: ObjectId,
    /// Exactly this rule.
    pub rule: RuleId,
    /// Who accepted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Date,
}

/// What a repository's baseline is worth; the later loosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Baseline {
    /// Nothing, anywhere.
    Off,
    /// It excuses at a developer's own hooks.
    #[default]
    Ignore,
    /// At a server too, as it stood before the push.
    Accepted,
}

/// Numbers the organisation's file may set; see `config/lychgate.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Seconds until a server's verdict is INDETERMINATE.
    pub server_deadline_s: u64,
    /// Seconds until a client's verdict is INDETERMINATE.
    pub client_deadline_s: u64,
    /// Seconds a session may send nothing.
    pub session_idle_s: u64,
    /// Sessions served at once.
    pub sessions: u64,
    /// MiB of content held at once, over all sessions.
    pub in_flight_mib: u64,
    /// MiB of remembered objects.
    pub cache_mib: u64,
    /// MiB to which a delta may resolve; only more than the default.
    pub delta_result_mib: u64,
    /// Links of a delta chain; only more than the default.
    pub delta_chain: u64,
    /// Seconds without a session after which a daemon spawned by a hook exits.
    pub idle_exit_s: u64,
    /// Seconds a drain waits for open sessions.
    pub drain_wait_s: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            server_deadline_s: limits::SERVER_DEADLINE.as_secs(),
            client_deadline_s: limits::CLIENT_DEADLINE.as_secs(),
            session_idle_s: limits::SESSION_IDLE.as_secs(),
            sessions: limits::SESSIONS as u64,
            in_flight_mib: (limits::IN_FLIGHT >> 20) as u64,
            cache_mib: 16,
            delta_result_mib: limits::DELTA_RESULT >> 20,
            delta_chain: limits::DELTA_CHAIN as u64,
            idle_exit_s: limits::IDLE_EXIT.as_secs(),
            drain_wait_s: limits::DRAIN_WAIT.as_secs(),
        }
    }
}

impl Bounds {
    /// What an object stored as a delta may cost whoever reads it.
    pub fn deltas(&self) -> Deltas {
        let deltas = Deltas {
            result: self.delta_result_mib << 20,
            chain: usize::try_from(self.delta_chain).unwrap_or(usize::MAX),
        };
        deltas.within_bounds()
    }
}

/// The organisation's file, with the files that tighten it (`LYCHGATE_CONFIG`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub(crate) mode: Mode,
    pub(crate) foreign: ForeignMarkers,
    trusts_gitleaks: bool,
    baseline: Baseline,
    pub(crate) floor: Layer,
    pub(crate) added: Vec<Layer>,
    pub(crate) accepts: Vec<Accept>,
    pub(crate) contact: String,
    packs: Vec<String>,
    bounds: Bounds,
    allowed_uids: Vec<u32>,
}

/// Keys only the organisation's own file may hold.
const ONLY_FLOOR: &str = "only the organisation's file may hold this";

impl Organisation {
    /// Reads an organisation's file; `name` is for people. `None` when there is any problem.
    pub fn parse(name: &str, text: &str) -> (Option<Self>, Vec<Problem>) {
        let (made, problems) = Document::new(name, text).read(|root| {
            schema(root)?;
            let mut organisation = Self::read(root);
            organisation.accepts = root.sections("accept", accept);
            organisation.bounds = bounds(root);
            root.section("daemon", |daemon| {
                let uids = daemon.numbers("allowed_uids", 0..u64::from(u32::MAX));
                let uids = uids.unwrap_or_default();
                organisation.allowed_uids =
                    uids.iter().filter_map(|u| u32::try_from(*u).ok()).collect();
                let b = &mut organisation.bounds;
                set(&mut b.idle_exit_s, daemon.number("idle_exit_s", 1..86_401));
                set(&mut b.drain_wait_s, daemon.number("drain_wait_s", 0..601));
            });
            Some(organisation)
        });
        (made.flatten(), problems)
    }

    /// The built-in floor.
    pub fn built_in() -> Self {
        Self::parse("built-in standard", STANDARD)
            .0
            .unwrap_or_else(|| Self {
                // A test reads the same text: this is the same floor without the text.
                mode: Mode::Enforce,
                foreign: ForeignMarkers::Ignore,
                trusts_gitleaks: false,
                baseline: Baseline::default(),
                floor: Layer {
                    name: "built-in standard".into(),
                    ..Layer::default()
                },
                added: Vec::new(),
                accepts: Vec::new(),
                contact: String::new(),
                packs: Vec::new(),
                bounds: Bounds::default(),
                allowed_uids: Vec::new(),
            })
    }

    /// Adds a file that may only add and tighten (`LYCHGATE_CONFIG`, contract 4.4).
    ///
    /// # Errors
    /// All problems of that file, attempts to loosen included; nothing was added then.
    pub fn tighten_with(&mut self, name: &str, text: &str) -> Result<(), Vec<Problem>> {
        let (made, mut problems) = Document::new(name, text).read(|root| {
            schema(root)?;
            let added = Self::read(root);
            let refuse = |key: &'static str| {
                let at = root.place();
                root.refuse(key, &at, ONLY_FLOOR.into(), "");
            };
            if added.mode == Mode::Observe {
                refuse("mode");
            }
            if added.foreign == ForeignMarkers::Honour && self.foreign == ForeignMarkers::Ignore {
                refuse("foreign_markers");
            }
            if added.trusts_gitleaks && !self.trusts_gitleaks {
                refuse("gitleaks");
            }
            if root.has("baseline") && added.baseline > self.baseline {
                refuse("baseline");
            }
            for key in ["accept", "limits", "daemon"] {
                if root.has(key) {
                    refuse(key);
                    root.skip_rest();
                }
            }
            let sets = |key| root.has(key);
            Some((
                added,
                sets("mode"),
                sets("foreign_markers"),
                sets("baseline"),
            ))
        });
        let Some((added, sets_mode, sets_foreign, sets_baseline)) = made.flatten() else {
            return Err(problems);
        };
        let mut candidate = self.clone();
        candidate.packs.extend(added.packs);
        candidate.added.push(added.floor);
        if sets_mode {
            candidate.mode = added.mode;
        }
        if sets_foreign {
            candidate.foreign = added.foreign;
        }
        if sets_baseline {
            candidate.baseline = added.baseline;
        }
        if !added.contact.is_empty() {
            candidate.contact = added.contact;
        }
        problems.extend(crate::policy::Policy::of_organisation(&candidate).1);
        if problems.is_empty() {
            *self = candidate;
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn read(root: &Section<'_, '_>) -> Self {
        let mode = root.word("mode", "enforce or observe", |text| {
            [Mode::Enforce, Mode::Observe]
                .into_iter()
                .find(|m| m.word() == text)
        });
        let foreign = root.word("foreign_markers", "ignore or honour", |text| {
            let all = [ForeignMarkers::Ignore, ForeignMarkers::Honour];
            all.into_iter().find(|f| f.word() == text)
        });
        let gitleaks = root.word("gitleaks", "own or trust", |text| match text {
            "own" => Some(false),
            "trust" => Some(true),
            _ => None,
        });
        let baseline = root.word("baseline", "off, ignore or accepted", |text| match text {
            "off" => Some(Baseline::Off),
            "ignore" => Some(Baseline::Ignore),
            "accepted" => Some(Baseline::Accepted),
            _ => None,
        });
        let contact = root.text("contact").map(|c| c.value).unwrap_or_default();
        let mut packs = root.list("packs");
        packs.retain(|pack| {
            // Against which folder a name would count, the judge's own or the repository's that is
            // judged, must not be a question.
            let is_absolute = pack.value.starts_with('/');
            if !is_absolute {
                let help = "write the whole path: `/etc/lychgate/packs/*.toml`";
                root.refuse(
                    "packs",
                    pack,
                    "a path that does not begin with `/`".into(),
                    help,
                );
            }
            is_absolute
        });
        let packs = packs.into_iter().map(|pack| pack.value).collect();
        Self {
            mode: mode.map_or(Mode::Enforce, |m| m.value),
            foreign: foreign.map_or(ForeignMarkers::Ignore, |f| f.value),
            trusts_gitleaks: gitleaks.is_some_and(|g| g.value),
            baseline: baseline.map_or(Baseline::default(), |b| b.value),
            floor: Layer::read(root),
            added: Vec::new(),
            accepts: Vec::new(),
            contact,
            packs,
            bounds: Bounds::default(),
            allowed_uids: Vec::new(),
        }
    }

    /// Extra rule packs: paths whose last component may hold `*`.
    pub fn packs(&self) -> &[String] {
        &self.packs
    }

    /// Whether the allow-lists of a repository's `.gitleaks.toml` speak for every rule, not for
    /// its own alone (contract 3.4).
    pub fn trusts_gitleaks(&self) -> bool {
        self.trusts_gitleaks
    }

    /// Whether what a repository's baseline lists is excused on this side.
    pub fn counts_baseline(&self, surface: Surface) -> bool {
        match self.baseline {
            Baseline::Off => false,
            Baseline::Ignore => surface == Surface::Client,
            Baseline::Accepted => true,
        }
    }

    /// What is accepted to no effect `today`, a line each; `known`: whether a rule exists. Rules
    /// of a repository's own are not known beforehand.
    pub fn idle(&self, today: Date, known: &dyn Fn(&RuleId) -> bool) -> Vec<String> {
        let own = |rule: &RuleId| {
            let of = |prefix| rule.as_str().starts_with(prefix);
            of("gitleaks.") || of("store.")
        };
        let accepts = self.accepts.iter().filter_map(|accept| {
            let why = match accept.until {
                _ if !known(&accept.rule) && !own(&accept.rule) => "no rule is called that".into(),
                until if until < today => format!("it ended {until}"),
                _ => return None,
            };
            let object: String = accept.object.to_string().chars().take(12).collect();
            let rule = &accept.rule;
            Some(format!(
                "[[accept]] of {rule} in {object} does nothing: {why}"
            ))
        });
        accepts.collect()
    }

    /// Deadlines and sizes.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Uids a system daemon serves beside its own.
    pub fn allowed_uids(&self) -> &[u32] {
        &self.allowed_uids
    }

    /// Whether denials are acted upon.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What inline allow lines are worth under the floor alone.
    pub fn inline(&self) -> Inline {
        crate::policy::Policy::of_organisation(self).0.inline()
    }
}

/// Reads `schema`, the one hard version check. `None`: another schema, nothing else is read.
pub(crate) fn schema(root: &Section<'_, '_>) -> Option<()> {
    let found = root.number("schema", 0..u64::from(u32::MAX));
    match found {
        Some(Placed { value: 1, .. }) => {}
        Some(other) => {
            let message = match other.value {
                small @ ..1000 => format!("schema {small} is not known; this program reads 1"),
                _ => "this schema is not known; this program reads 1".to_owned(),
            };
            root.refuse(
                "schema",
                &other,
                message,
                "install a newer lychgate, or write schema = 1",
            );
            root.skip_rest();
            return None;
        }
        None if !root.has("schema") => {
            let at = root.place();
            root.refuse(
                "schema",
                &at,
                "is missing".into(),
                "begin the file with schema = 1",
            );
        }
        None => {}
    }
    Some(())
}

fn set(slot: &mut u64, value: Option<Placed<u64>>) {
    if let Some(value) = value {
        *slot = value.value;
    }
}

fn bounds(root: &Section<'_, '_>) -> Bounds {
    let mut b = Bounds::default();
    root.section("limits", |limits| {
        set(
            &mut b.server_deadline_s,
            limits.number("server_deadline_s", 1..3601),
        );
        set(
            &mut b.client_deadline_s,
            limits.number("client_deadline_s", 1..3601),
        );
        set(
            &mut b.session_idle_s,
            limits.number("session_idle_s", 1..3601),
        );
        set(&mut b.sessions, limits.number("sessions", 1..65_537));
        set(
            &mut b.in_flight_mib,
            limits.number("in_flight_mib", 20..65_537),
        );
        set(&mut b.cache_mib, limits.number("cache_mib", 0..65_537));
        set(
            &mut b.delta_result_mib,
            limits.number(
                "delta_result_mib",
                DELTA_RESULT >> 20..(DELTA_RESULT_MOST >> 20) + 1,
            ),
        );
        let chain = DELTA_CHAIN as u64..DELTA_CHAIN_MOST as u64 + 1;
        set(&mut b.delta_chain, limits.number("delta_chain", chain));
    });
    b
}

fn accept(entry: &Section<'_, '_>) -> Option<Accept> {
    let filled = |key| {
        let given: Option<Placed<String>> = entry.required(key);
        if let Some(empty) = given.as_ref().filter(|text| text.value.trim().is_empty()) {
            entry.refuse(key, empty, "is empty".into(), "a draft is to be filled in");
            return None;
        }
        given
    };
    let repository = filled("repository");
    entry.required("object");
    let object = entry.word("object", "a full object id in hex", |text| {
        ObjectId::from_hex(text.as_bytes())
    });
    entry.required("rule");
    let rule = entry.word("rule", "a rule id", RuleId::new);
    let by = filled("by");
    let reason = filled("reason");
    entry.required("until");
    let until = entry.word("until", "a date as \"2026-12-31\"", crate::exception::date);
    Some(Accept {
        repository: repository.map(|r| without_slash(&r.value))?,
        object: object?.value,
        rule: rule?.value,
        by: by?.value,
        reason: reason?.value,
        until: until?.value,
    })
}

/// A folder's name as a hook tells it, which ends with no slash.
fn without_slash(repository: &str) -> String {
    let name = repository.trim_end_matches('/');
    if name.is_empty() { repository } else { name }.to_owned()
}
