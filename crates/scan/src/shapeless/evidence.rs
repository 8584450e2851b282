//! What speaks for a value and against it: a set of facts, each with a fixed weight.
//!
//! The weights are points, about a tenth of the natural logarithm of the odds. They were set by
//! hand and corrected against the measuring set of `docs/detection.md`; a test holds that the sum
//! of a set does not depend on the order of its facts.

use lychgate_model::Confidence;

/// From here a value is reported as likely.
pub const MEDIUM: i32 = 50;
/// From here it is reported as sure enough to block.
pub const HIGH: i32 = 75;
/// The same in tests and documents, where nearly everything is made up.
const HIGH_AMONG_EXAMPLES: i32 = 130;

macro_rules! facts {
    ($($(#[doc = $doc:literal])* $name:ident = $weight:literal, $text:literal;)*) => {
        /// One thing observed about a value, its name or its place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Fact { $(#[doc = $text] $name,)* }

        impl Fact {
            /// Every fact, in the order of their bits.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Points it adds.
            pub const fn weight(self) -> i32 {
                match self { $(Self::$name => $weight,)* }
            }

            /// What was observed, for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

facts! {
    // The name.
    Password = 42, "the name says password";
    Secret = 36, "the name says secret";
    ApiKey = 38, "the name says API, access, private or signing key";
    Token = 30, "the name says token";
    Credential = 32, "the name says credential or authorisation";
    WeakName = 0, "the name says only key or the like";
    Salt = 8, "the name says salt, nonce or initialisation vector: listed, never blocks";
    OwnWord = 32, "the name holds a word of the rule's own";
    Qualified = 6, "the name says of what: a database, a client, a service";
    // Between name and value.
    Assigned = 4, "assigned with =, := or =>";
    Mapped = 2, "written after a colon";
    Compared = -6, "compared, not assigned";
    Passed = 0, "passed to a function named so";
    Handed = -10, "handed to a function that logs in";
    Listed = -6, "the next item after the name";
    Typed = -4, "typed into a field named so";
    Element = 2, "content of a markup element or attribute";
    Flagged = 2, "given to a command-line flag";
    Userinfo = 6, "the password of an address";
    Headed = 12, "an authorisation header";
    Stated = 6, "an SQL statement";
    Said = -4, "said in a sentence: the password is ...";
    Follows = -6, "a value right behind its name";
    Beside = 4, "the value beside a name (name: ..., value: ...)";
    KubernetesSecret = 30, "a key of a Kubernetes Secret";
    Column = 50, "below the heading of a table that says whose and where";
    // How it is written.
    Quoted = 10, "quoted";
    Bare = -30, "not quoted";
    // Its length.
    Tiny = -20, "5 characters";
    Short = -12, "6 or 7 characters";
    Middle = 0, "8 to 11 characters";
    Long = 8, "12 to 19 characters";
    KeyLong = 12, "20 to 79 characters";
    VeryLong = 4, "80 to 200 characters";
    Huge = -12, "more than 200 characters";
    // How much it looks like words.
    Words = -62, "made of words";
    Wordlike = -34, "looks like words";
    Unclear = -4, "neither words nor noise";
    Noisy = 24, "unlike words";
    Random = 38, "looks made at random";
    // Its alphabet.
    LowerOnly = -8, "lower-case letters only";
    DigitsOnly = 14, "digits only";
    ManyKinds = 10, "three kinds of characters or more";
    Symbols = 8, "symbols as in passwords";
    WordAndDigits = 82, "a word with digits, as people make passwords";
    Common = 20, "a password that many people take: listed, never blocks";
    PlainWord = 0, "one plain word";
    DefaultWord = 8, "a word that is set where nobody chose one";
    Hex = 0, "hexadecimal";
    HashLength = -24, "hexadecimal of the length of a digest";
    LoneKey = 26, "as keys are made, beside the word key alone";
    Uuid = -22, "a UUID";
    Base64 = 4, "base64 with padding";
    LowEntropy = -24, "few different characters for its length";
    // What it says.
    SaysName = -40, "says what the name says";
    SaysTest = -34, "says test, demo or the like";
    Pathlike = -36, "looks like a path, a host or a file name";
    CodeLike = -26, "looks like an identifier of code";
    BrokenOff = -64, "holds a sign that keys do not hold";
    OtherLength = -64, "nearly as long as the keys of the service named";
    // What stands around.
    UserNear = 8, "a user, host or login stands near";
    ExampleNear = -10, "example, test or dummy stands near";
    Commented = -4, "in a comment";
    Documented = -84, "shown in a comment or manual as an example";
    Fenced = 0, "in a block of a program within text";
    Compiled = -16, "among bytes that are no text: listed, never blocks";
    FileWithin = 0, "in encoded lines, which are a file of their own";
    OwnServer = 0, "of a server that is started for what uses it, or on this machine";
    Fallback = 0, "what holds where nobody sets another";
    Stock = 0, "a password that examples are written with";
    ForDocuments = 0, "said to be an example, or beside an address kept for documents: listed as low";
    Passing = 0, "of an address that says when it ends: listed as low";
    LongLine = -24, "in a line of hundreds of characters, as machines write";
    // The path, added at the verdict.
    BareInCode = -80, "not quoted, in a programming language";
    BareInConfig = 34, "not quoted, in a file of settings";
    BareInProse = 14, "not quoted, in text for people";
    WordAlone = 98, "one plain word, where secrets or tests are kept: listed, never blocks";
    InSecretFile = 18, "in a file that is there for secrets";
    InTests = -8, "in tests or examples";
    InDocuments = -14, "in documentation";
    InManual = 0, "in a manual, whose values are examples: listed as low";
    InWorkshop = 0, "where it is built, developed or tried out";
    Shown = 0, "shown, or set for trying it out: listed as low, never blocks";
    InPublic = -64, "in a file that is there for public keys";
    MadeUp = -76, "as people make up passwords, in documentation or an example";
    Told = 94, "told to people, not quoted: listed as low, never blocks";
    InTranslations = -80, "in translations";
    InThirdParty = -64, "in a copy of somebody else's code, where it is public";
    InVendored = -30, "in generated, vendored or locked files";
}

/// A set of [`Fact`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Evidence(u128);

impl Evidence {
    /// Nothing observed: the finding of a rule whose values have a shape.
    pub const NONE: Self = Self(0);

    /// Whether nothing was observed.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The set with one fact more.
    #[must_use]
    pub const fn with(self, fact: Fact) -> Self {
        Self(self.0 | 1 << fact as u32)
    }

    /// The set without a fact.
    #[must_use]
    pub(crate) const fn without(self, fact: Fact) -> Self {
        Self(self.0 & !(1 << fact as u32))
    }

    /// The set, with the fact if `holds`.
    #[must_use]
    pub const fn with_if(self, fact: Fact, holds: bool) -> Self {
        if holds { self.with(fact) } else { self }
    }

    /// Whether the fact is in the set.
    pub const fn has(self, fact: Fact) -> bool {
        self.0 >> fact as u32 & 1 == 1
    }

    /// The facts, in order.
    pub fn facts(self) -> impl Iterator<Item = Fact> {
        Fact::ALL.iter().copied().filter(move |f| self.has(*f))
    }

    /// The sum of the weights.
    pub fn points(self) -> i32 {
        let (mut rest, mut sum) = (self.0, 0);
        while rest != 0 {
            let fact = Fact::ALL.get(rest.trailing_zeros() as usize);
            sum += fact.map_or(0, |f| f.weight());
            rest &= rest - 1;
        }
        sum
    }

    /// The points from which it is sure enough to block, here.
    pub fn high_from(self) -> i32 {
        if self.never_blocks() {
            return i32::MAX;
        }
        match self.is_among_examples() {
            true => HIGH_AMONG_EXAMPLES,
            false => HIGH,
        }
    }

    /// How sure the sum makes; `None`: not worth a line.
    pub fn confidence(self) -> Option<Confidence> {
        match self.points() {
            // Somebody published it, or translates a word: told, and nothing comes of it.
            points if points < MEDIUM && points + self.published() >= HIGH => Some(Confidence::Low),
            points if points >= MEDIUM && self.is_for_strangers() => Some(Confidence::Low),
            points if points >= self.high_from() => Some(Confidence::High),
            points if points >= MEDIUM => Some(Confidence::Medium),
            _ => None,
        }
    }

    /// Told to people, not shown as code: a password that somebody made up may be
    /// the one in use.
    pub(super) fn is_told(self) -> bool {
        let told = [Fact::Said, Fact::Follows];
        let mapped =
            self.has(Fact::Mapped) && (self.has(Fact::UserNear) || !self.has(Fact::InManual));
        let shown = [Fact::Quoted, Fact::Documented, Fact::Fenced, Fact::InTests];
        self.has(Fact::MadeUp)
            && !shown.iter().any(|f| self.has(*f))
            && (mapped || told.iter().any(|f| self.has(*f)))
    }

    /// Written for people who read it, and nobody's secret.
    fn is_for_strangers(self) -> bool {
        let strangers = [Fact::InManual, Fact::Told, Fact::Shown];
        let said = [Fact::ForDocuments, Fact::Passing];
        strangers.iter().chain(&said).any(|f| self.has(*f))
    }

    /// The points that are taken off where others' code and translations are.
    fn published(self) -> i32 {
        let places = [Fact::InTranslations, Fact::InThirdParty];
        let here = places.iter().filter(|f| self.has(**f));
        here.map(|f| -f.weight()).sum()
    }

    /// Whether the path is one of translations, of a copy of others' code or of what is generated.
    pub(crate) fn is_published(self) -> bool {
        let places = [Fact::InTranslations, Fact::InThirdParty, Fact::InVendored];
        places.iter().any(|f| self.has(*f))
    }

    /// Whether the path is one of tests or documents.
    pub fn is_among_examples(self) -> bool {
        self.has(Fact::InTests) || self.has(Fact::InDocuments)
    }

    /// Whether some path could make it worth a line.
    pub(crate) fn may_count(self) -> bool {
        self.best() >= MEDIUM
    }

    /// Whether some path could make it sure enough to block.
    pub(crate) fn may_block(self) -> bool {
        !self.never_blocks() && self.best() >= HIGH
    }

    /// What anybody would guess is worth a line and no more.
    const fn never_blocks(self) -> bool {
        self.has(Fact::Common)
            || self.has(Fact::WordAlone)
            || self.has(Fact::Compiled)
            || self.has(Fact::Salt)
            || self.has(Fact::Told)
            || self.has(Fact::Shown)
            || self.has(Fact::ForDocuments)
            || self.has(Fact::Passing)
    }

    /// What a path may yet say for a plain word.
    pub(crate) fn word(self) -> i32 {
        match (self.has(Fact::PlainWord), self.has(Fact::SaysTest)) {
            (true, true) => Fact::WordAlone.weight() - Fact::SaysTest.weight(),
            (true, false) => Fact::WordAlone.weight(),
            _ => 0,
        }
    }

    /// The points at the path that speaks most for it.
    fn best(self) -> i32 {
        let bare = match self.has(Fact::Bare) {
            true => Fact::BareInConfig.weight(),
            false => 0,
        };
        // Notes in a file of settings are settings that are not in use.
        let noted = match self.has(Fact::Documented) {
            true => Fact::Commented.weight() - Fact::Documented.weight(),
            false => 0,
        };
        self.points() + bare + self.word() + noted + Fact::InSecretFile.weight()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_a_bit() {
        assert!(Fact::ALL.len() <= 128, "{}", Fact::ALL.len());
        let all = Fact::ALL.iter().fold(Evidence::NONE, |e, f| e.with(*f));
        assert_eq!(all.facts().count(), Fact::ALL.len());
    }

    #[test]
    fn the_sum_does_not_depend_on_the_order() {
        let forward = Fact::ALL.iter().fold(Evidence::NONE, |e, f| e.with(*f));
        let back = Fact::ALL
            .iter()
            .rev()
            .fold(Evidence::NONE, |e, f| e.with(*f));
        assert_eq!(forward, back);
        assert_eq!(forward.points(), Fact::ALL.iter().map(|f| f.weight()).sum());
    }
}
