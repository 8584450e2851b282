//! What a value itself tells: its alphabet, its mixture, whom it refers to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::evidence::{Evidence, Fact, MEDIUM};
use super::likeness::randomness;
use super::{list, sayings, words};

/// What stands around and the path can still add to a value's own evidence.
fn to_come(evidence: Evidence) -> i32 {
    let bare = match evidence.has(Fact::Bare) {
        true => Fact::BareInConfig.weight(),
        false => 0,
    };
    bare + evidence.word() + Fact::InSecretFile.weight() + Fact::UserNear.weight()
}

/// The evidence with what `value` adds; `None`: it is no secret whatever stands around it. A
/// placeholder in base64 is weighed as the placeholder.
pub(super) fn weigh(value: &[u8], name: Fact, so_far: Evidence) -> Option<Evidence> {
    let mut room = [0u8; ENCODED / 4 * 3];
    let plain = said(value, &mut room);
    let address = matches!(name, Fact::Token | Fact::WeakName | Fact::OwnWord) && is_address(value);
    if address || plain.is_some_and(is_template) {
        return None;
    }
    let harmless = |plain: &[u8]| {
        // `TEST_CLIENT:TEST_SECRET`
        if plain.contains(&b':') {
            return list::TESTS.stands_in(plain) && list::SAID.stands_in(plain);
        }
        let worded = !plain.iter().any(u8::is_ascii_digit);
        worded || is_common(plain) || refers(plain) || list::PLACEHOLDERS.stands_in(plain)
    };
    match plain.filter(|plain| harmless(plain)) {
        Some(plain) => as_it_stands(plain, name, so_far),
        None => as_it_stands(value, name, so_far),
    }
}

/// Whether a value that stands where nothing but a secret can is one, and not a template, a reference,
/// a placeholder, a word for what should stand there, or what nobody would keep.
pub(crate) fn is_chosen(value: &[u8]) -> bool {
    let Some(counts) = Counts::of(value) else {
        return false;
    };
    let says_name = list::SAID.stands_in(value) && !counts.is_human(value);
    let refused = counts.distinct < 3
        || is_template(value)
        || refers(value)
        || says_name
        || is_common(value)
        || words::is_any(value, sayings::DESCRIBES)
        || words::is_any(value, sayings::DEFAULTS)
        || list::PLACEHOLDERS.stands_in(value);
    !refused
}

/// Whether a value is a UUID.
pub(super) fn is_uuid(value: &[u8]) -> bool {
    Counts::of(value).is_some_and(|counts| counts.is_uuid(value))
}

/// Characters of base64 that may be a placeholder in disguise.
const ENCODED: usize = 64;

/// The text that `value` is the base64 of. Chance seldom makes one: it holds only letters, digits
/// and what names and templates are joined with.
fn said<'r>(value: &[u8], room: &'r mut [u8; ENCODED / 4 * 3]) -> Option<&'r [u8]> {
    if !(8..=ENCODED).contains(&value.len()) || !value.len().is_multiple_of(4) {
        return None;
    }
    let n = STANDARD.decode_slice(value, room).ok()?;
    let plain = room.get(..n)?.trim_ascii();
    let written = |b: &u8| b.is_ascii_alphanumeric() || b"_-.<>{}$[]%: ".contains(b);
    let template = is_template(plain);
    let text = plain.len() >= 4
        && plain.iter().all(written)
        && (template || !plain.contains(&b' '))
        && !plain.starts_with(b"{\"");
    text.then_some(plain)
}

/// The address of a contract or an account: `0x` and 40 hexadecimal digits.
fn is_address(value: &[u8]) -> bool {
    value.len() == 42
        && words::begins(value, b"0x")
        && value.iter().skip(2).all(u8::is_ascii_hexdigit)
}

fn as_it_stands(value: &[u8], name: Fact, so_far: Evidence) -> Option<Evidence> {
    let counts = Counts::of(value)?;
    // A hash of MySQL's own.
    let starred = value.len() == 41 && value.first() == Some(&b'*');
    let common = name == Fact::Password && is_common(value);
    // `abcd1234$` is made up of runs, and chosen all the same.
    let runs = counts.runs * 2 > value.len() && counts.kinds() < 3;
    let poor = counts.is_number() || runs || recurs(value);
    // `v1:9f3c...` is the key of an entry, `#12ab34` a colour.
    let entry =
        name == Fact::WeakName && value.contains(&b':') && !words::begins(value, b"base64:");
    if entry || is_colour(value) {
        return None;
    }
    // `format=rgb:depth=8`
    let lists = value
        .windows(2)
        .filter(|p| p.first() == Some(&b'=') && p.get(1).is_some_and(u8::is_ascii_alphanumeric));
    if starred || lists.count() > 1 || is_template(value) || (poor && !common) {
        return None;
    }
    let mut evidence = so_far.with(match value.len() {
        ..=5 => Fact::Tiny,
        6..=7 => Fact::Short,
        8..=11 => Fact::Middle,
        12..=19 => Fact::Long,
        20..=79 => Fact::KeyLong,
        80..=200 => Fact::VeryLong,
        _ => Fact::Huge,
    });
    // Nobody hands out a key of six letters.
    let key = matches!(name, Fact::ApiKey | Fact::Token | Fact::Credential);
    if is_file(value) || (key && value.len() < 8) {
        return None;
    }
    let key_name = matches!(name, Fact::ApiKey | Fact::Secret | Fact::Salt);
    let uuid = counts.is_uuid(value);
    if is_salted_digest(value) {
        return None;
    }
    let hex = counts.is_hex() && value.len() >= 16;
    let random = if hex || uuid { 200 } else { randomness(value) };
    // What is mixed in is made at random, or says nothing.
    if name == Fact::Salt && (random < 60 || value.len() < 12) {
        return None;
    }
    let bare = so_far.has(Fact::Bare) || so_far.has(Fact::Mapped) || so_far.has(Fact::Element);
    let lone = name == Fact::WeakName && hex && !bare && matches!(value.len(), 32 | 40 | 48 | 64);
    evidence = evidence
        .with(match random {
            ..-60 => Fact::Words,
            -60..0 => Fact::Wordlike,
            0..60 => Fact::Unclear,
            60..140 => Fact::Noisy,
            _ => Fact::Random,
        })
        .with_if(Fact::LowerOnly, counts.lower == value.len())
        .with_if(Fact::DigitsOnly, counts.digits == value.len())
        .with_if(Fact::ManyKinds, counts.kinds() >= 3 && !uuid)
        .with_if(Fact::Symbols, counts.symbols > 0 && value.len() <= 32)
        // What is drawn once and for all is as bad in any form.
        .with_if(Fact::Uuid, uuid && name != Fact::Salt)
        .with_if(Fact::Hex, hex)
        .with_if(Fact::LoneKey, lone)
        .with_if(
            Fact::HashLength,
            hex && !key_name && matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128),
        )
        .with_if(
            Fact::LowEntropy,
            counts.is_poor(value.len(), hex || uuid) && !words::is_any(value, sayings::DEFAULTS),
        );
    let sign = |b: &&u8| matches!(b, b'?' | b'!' | b'^' | b'%' | b'#' | b'*' | b'@' | b'$');
    let signs = value.iter().filter(sign).count();
    // Secrets that people make up hold many of them.
    let broken = match name {
        Fact::ApiKey | Fact::Token | Fact::Credential | Fact::WeakName | Fact::OwnWord => {
            value.len() >= 12 && signs > 0
        }
        Fact::Secret => value.len() >= 20 && signs > 0 && signs * 10 <= value.len(),
        _ => false,
    };
    evidence = evidence.with_if(Fact::BrokenOff, broken);
    let base64 = value.ends_with(b"=") && value.len() >= 12 && value.len().is_multiple_of(4);
    evidence = evidence.with_if(Fact::Base64, base64);
    // What programs sign or encrypt with is chosen like a password; `db-creds01` is the name of one.
    let chosen = name == Fact::Password || (name == Fact::Secret && counts.joints == 0);
    let human = chosen && counts.is_human(value);
    let word = name == Fact::Password && counts.is_word(value);
    if random < 60 {
        evidence = evidence
            .with_if(Fact::WordAndDigits, human)
            .with_if(Fact::PlainWord, word)
            .with_if(
                Fact::DefaultWord,
                word && words::is_any(value, sayings::DEFAULTS),
            )
            .with_if(Fact::Pathlike, is_pathlike(value, &counts))
            .with_if(Fact::CodeLike, !human && is_identifier(value, &counts));
    }
    // Keys without digits are no words that something joins: `fan.xiaomi_miio`.
    let key = matches!(name, Fact::ApiKey | Fact::WeakName | Fact::Token);
    if key && (counts.is_joined(value) || is_numbered(value, &counts)) {
        evidence = evidence.with(Fact::CodeLike);
    }
    evidence = evidence.with_if(Fact::Common, common);
    let stock = common && sayings::STOCK.iter().any(|w| words::holds(value, w));
    evidence = evidence.with_if(Fact::Stock, stock);
    if counts.digits == value.len() && name != Fact::Password {
        return None;
    }
    let hopeless = |e: Evidence| e.points() + to_come(e) < MEDIUM;
    if hopeless(evidence) {
        return None;
    }
    // The lists are long: what the short ones refuse does not come to them.
    let says_name = list::SAID.stands_in(value);
    // `newPassword2` is the name of a field.
    let field = counts.symbols == 0 && counts.digits == 1 && has_hump(value);
    evidence = match says_name && human && !field {
        // `Password1!` names its kind as people do who choose one.
        true => evidence.with(Fact::Common),
        false if says_name => evidence.without(Fact::PlainWord).with(Fact::SaysName),
        false => evidence,
    };
    if hopeless(evidence) {
        return None;
    }
    let says_test = value.len() <= 32
        && !evidence.has(Fact::Common)
        && (list::TESTS.stands_in(value)
            || sayings::TESTS
                .iter()
                .any(|w| w.len() < 4 && words::begins(value, w)));
    evidence = match says_test && human && !evidence.has(Fact::SaysName) {
        // So does `admin1234`.
        true => evidence.with(Fact::Common),
        false => evidence.with_if(Fact::SaysTest, says_test),
    };
    let weak = !common && list::COMMON.stands_in(value);
    // `Test1111#` is a password, `11111111` none.
    let made = human && counts.kinds() >= 3;
    let refused = hopeless(evidence)
        || refers(value)
        || (!made && list::RUNS.stands_in(value))
        || weak
        || sayings::PUBLISHED.iter().any(|w| words::begins(value, w))
        || list::PLACEHOLDERS.stands_in(value);
    (!refused).then_some(evidence)
}

/// What many people take for a password, and what stands in place of one in examples.
fn is_common(value: &[u8]) -> bool {
    value.len() <= 24 && list::COMMON.stands_in(value)
}

fn is_colour(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"#").unwrap_or_default();
    matches!(digits.len(), 6 | 8) && digits.iter().all(u8::is_ascii_hexdigit)
}

fn refers(value: &[u8]) -> bool {
    // Compose and Make want each sign of a digest written twice: `$$2y$$05$$...`.
    let signs = value.iter().take_while(|b| **b == b'$').count();
    let value = value.get(signs.saturating_sub(1)..).unwrap_or_default();
    sayings::REFERENCES.iter().any(|w| words::begins(value, w))
}

/// A salt and a digest, as Bitcoin's `rpcauth` keeps a password: hexadecimal, `$`, 64 more digits.
fn is_salted_digest(value: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'$', value) else {
        return false;
    };
    let hex = |part: Option<&[u8]>, least: usize| {
        part.is_some_and(|p| p.len() >= least && p.iter().all(u8::is_ascii_hexdigit))
    };
    hex(value.get(..at), 16) && hex(value.get(at + 1..), 64)
}

/// Text to be filled in, or put together from other text.
fn is_template(value: &[u8]) -> bool {
    let (first, last) = (
        value.first().copied().unwrap_or(0),
        value.last().copied().unwrap_or(0),
    );
    let second = value.get(1).copied().unwrap_or(0);
    match (first, last) {
        (b'<', _)
        | (b'{', b'}')
        | (b'[', b']')
        | (b'(', b')')
        | (b'%', b'%')
        | (b'@', b'@')
        | (b'[', b'+' | b'*') => {
            return true;
        }
        (b'$', _) if second.is_ascii_alphabetic() || matches!(second, b'{' | b'(' | b'_') => {
            return true;
        }
        (b'_', b'_') => return true,
        (b':', _) if second.is_ascii_alphabetic() => return true,
        _ => {}
    }
    value.windows(2).any(|pair| {
        matches!(
            pair,
            b"${"
                | b"{{"
                | b"#{"
                | b"$("
                | b"%("
                | b"<%"
                | b"%{"
                | b"@{"
                | b"{%"
                | b"{}"
                | b"://"
                | b"\\u"
                | b"\\x"
                | b"\\U"
                | b"::"
                | b"->"
                | b"()"
        )
    }) || value
        .windows(3)
        .any(|t| t == b"://" || (t.first() == Some(&b'{') && t.last() == Some(&b'}')))
        // What a terminal sends and is sent: `\033[32m`, `^[[1;_P`.
        || [&b"\\033["[..], b"\\e[", b"^[["].iter().any(|w| words::holds(value, w))
        || braces(value)
        || formats(value)
}

/// Letters and digits beside what formats a date or an amount: more are a password that holds `%`.
const BESIDE: usize = 8;

/// `%s` and the like, that no word goes on behind, or several of any kind: `%Y-%m`.
fn formats(value: &[u8]) -> bool {
    let verbs = memchr::memchr_iter(b'%', value).filter_map(|i| {
        let verb = value.get(i + 1).filter(|b| b.is_ascii_alphabetic())?;
        let next = value.get(i + 2).copied().unwrap_or(b' ');
        Some(matches!(verb, b's' | b'd' | b'v') && !next.is_ascii_alphanumeric())
    });
    let (count, sure) = verbs.fold((0, false), |(n, sure), v| (n + 1, sure || v));
    let rest = value.iter().filter(|b| b.is_ascii_alphanumeric()).count() - count;
    sure || (count > 1 && rest < BESIDE)
}

/// `{name}` somewhere.
fn braces(value: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'{', value) else {
        return false;
    };
    let rest = value.get(open + 1..).unwrap_or_default();
    memchr::memchr(b'}', rest).is_some_and(|n| {
        n > 0
            && rest
                .get(..n)
                .unwrap_or_default()
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    })
}

/// One walk over the value.
#[derive(Default)]
struct Counts {
    lower: usize,
    upper: usize,
    digits: usize,
    /// Neither letters nor digits nor joints.
    symbols: usize,
    joints: usize,
    hex_lower: usize,
    hex_upper: usize,
    /// Steps from one character to the same or the next one.
    runs: usize,
    distinct: u32,
}

impl Counts {
    /// `None`: blanks, control characters or beyond ASCII.
    fn of(value: &[u8]) -> Option<Self> {
        if value.len() < 4 {
            return None;
        }
        let mut c = Self::default();
        let mut seen = 0u128;
        let mut before = 0u8;
        for &b in value {
            match b {
                b'a'..=b'z' => c.lower += 1,
                b'A'..=b'Z' => c.upper += 1,
                b'0'..=b'9' => c.digits += 1,
                b'_' | b'-' | b'.' | b'/' | b':' => c.joints += 1,
                0x21..=0x7e => c.symbols += 1,
                _ => return None,
            }
            match b {
                b'a'..=b'f' => c.hex_lower += 1,
                b'A'..=b'F' => c.hex_upper += 1,
                _ => {}
            }
            c.runs += usize::from(b == before || b == before.wrapping_add(1));
            seen |= 1 << b;
            before = b;
        }
        c.distinct = seen.count_ones();
        Some(c)
    }

    fn kinds(&self) -> usize {
        let kinds = [self.lower, self.upper, self.digits, self.symbols];
        kinds.iter().filter(|n| **n > 0).count()
    }

    /// Digits and what joins them: a date, a version, an amount.
    fn is_number(&self) -> bool {
        self.lower + self.upper + self.symbols == 0 && (self.joints > 0 || self.digits < 6)
    }

    fn is_hex(&self) -> bool {
        let rest = self.joints + self.symbols;
        rest == 0
            && self.digits > 0
            && ((self.hex_lower == self.lower && self.upper == 0)
                || (self.hex_upper == self.upper && self.lower == 0))
    }

    /// A UUID, perhaps with a letter and a number around it: `q-<uuid>-0`.
    fn is_uuid(&self, value: &[u8]) -> bool {
        let hex = self.digits + self.hex_lower + self.hex_upper;
        (36..=42).contains(&value.len())
            && hex >= 32
            && value.windows(36).any(|w| {
                let dashes = [8, 13, 18, 23].iter().all(|i| w.get(*i) == Some(&b'-'));
                dashes && w.iter().filter(|b| b.is_ascii_hexdigit()).count() == 32
            })
    }

    fn is_poor(&self, length: usize, hex: bool) -> bool {
        let distinct = self.distinct as usize;
        match (length, hex) {
            (..8, _) => distinct <= 3,
            (_, true) => distinct < 8,
            _ => distinct * 100 < length.min(32) * 42,
        }
    }

    /// `monkey`, `Vagrant`: a word alone, that is none of those which describe a field. `notBlank` is
    /// two, `BODY` is the name of a constant.
    fn is_word(&self, value: &[u8]) -> bool {
        let letters = self.lower + self.upper;
        letters == value.len()
            && (4..=16).contains(&letters)
            && (self.upper == 0
                || (self.upper == 1 && value.first().is_some_and(u8::is_ascii_uppercase)))
            && !words::is_any(value, sayings::DESCRIBES)
    }

    /// `kwh_per_kwp`: lower-case letters, joined.
    fn is_joined(&self, value: &[u8]) -> bool {
        self.joints > 0
            && self.joints + self.lower == value.len()
            && value.len() <= 32
            && value
                .split(|b| !b.is_ascii_lowercase())
                .all(|word| word.len() <= 12)
    }

    /// `Summer2024!`: a word, digits, perhaps a symbol.
    fn is_human(&self, value: &[u8]) -> bool {
        let letters = self.lower + self.upper;
        let mixed = (self.upper > 0 && self.lower > 0) || self.symbols > 0;
        let technical = sayings::TECHNICAL.iter().any(|w| {
            let next = value.get(w.len()).copied().unwrap_or(b' ');
            words::begins(value, w) && !next.is_ascii_alphabetic()
        });
        // `Rocket_5993`, `monkey-8238`, `monkey.see42`; but `shop_01` is the name of something.
        let joint = self.joints == 1
            && (self.digits >= 3 || (self.digits == 2 && ends_with_word(value)))
            && letters >= 4
            && self.symbols == 0;
        letters >= 3
            && self.digits > 0
            && (self.joints == 0 || joint)
            && (mixed || self.digits >= 3 || self.lower >= 5)
            && (6..=28).contains(&value.len())
            && !technical
    }
}

/// Whether a value ends with three letters or more and two digits behind its joint: `monkey.see42`.
fn ends_with_word(value: &[u8]) -> bool {
    let last = value.rsplit(|b| !b.is_ascii_alphanumeric()).next();
    let parts = last.and_then(|last| last.split_at_checked(last.len().checked_sub(2)?));
    parts.is_some_and(|(word, digits)| {
        word.len() >= 3
            && word.iter().all(u8::is_ascii_alphabetic)
            && digits.iter().all(u8::is_ascii_digit)
    })
}

/// The same few characters over and over, but for how base64 ends: `MDAwMDAwMDAwMDA=`.
fn recurs(value: &[u8]) -> bool {
    let body = value
        .get(..value.len().saturating_sub(4))
        .unwrap_or_default();
    let again = |n: usize| body.iter().zip(body.iter().skip(n)).all(|(a, b)| a == b);
    body.len() >= 16 && (1..=4).any(again)
}

/// `a/b/icon.png`, `v4/21/7f/ee/x`: folders, which base64 seldom has as many of.
fn is_file(value: &[u8]) -> bool {
    let folders = memchr::memchr_iter(b'/', value).count();
    let extension = memchr::memrchr(b'.', value).and_then(|dot| value.get(dot + 1..));
    let named = extension.is_some_and(|e| {
        (2..=5).contains(&e.len())
            && e.iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    });
    let encoded = value.iter().any(|b| matches!(b, b'+' | b'='));
    (folders > 0 && named) || (folders >= 4 && !encoded && value.len() < 14 * folders)
}

fn is_pathlike(value: &[u8], counts: &Counts) -> bool {
    // `monk3y.winter20`
    let chosen = counts.joints == 1 && counts.digits >= 3 && counts.symbols == 0;
    let tail = value.rsplit(|b| *b == b'.').next().unwrap_or_default();
    if chosen && tail.len() > 4 && tail.iter().any(u8::is_ascii_digit) {
        return false;
    }
    if memchr::memchr(b'/', value).is_some() || memchr::memchr(b'\\', value).is_some() {
        return true;
    }
    // A host, a file name, a mail address, a dotted name.
    let dots = memchr::memchr_iter(b'.', value).count();
    dots > 0 && value.first() != Some(&b'.') && value.last() != Some(&b'.') && counts.symbols <= 1
}

fn is_identifier(value: &[u8], counts: &Counts) -> bool {
    if counts.symbols > 0 {
        return false;
    }
    let joined = counts.joints > 0 && value.iter().any(|b| matches!(b, b'_' | b'-' | b':'));
    joined || (has_hump(value) && counts.digits == 0)
}

/// `epv1Total`: words of a name with one number between them.
fn is_numbered(value: &[u8], counts: &Counts) -> bool {
    let numbers = value.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    let (mut words, mut found) = (0, 0);
    for part in numbers {
        if part.iter().all(u8::is_ascii_digit) {
            found += 1;
            if part.len() > 2 {
                return false;
            }
            continue;
        }
        let (first, rest) = part.split_first().unwrap_or((&b'a', &[]));
        let humps = rest.iter().filter(|b| b.is_ascii_uppercase()).count();
        words += 1 + humps;
        let whole = rest.len() >= 2 && (words == 1 + humps || first.is_ascii_uppercase());
        if !whole || part.len() < 3 * (1 + humps) {
            return false;
        }
    }
    value.len() <= 24
        && counts.lower + counts.upper + counts.digits == value.len()
        && value.first().is_some_and(u8::is_ascii_lowercase)
        && found == 1
        && words >= 2
}

/// `aB` somewhere.
fn has_hump(value: &[u8]) -> bool {
    value
        .windows(2)
        .any(|p| matches!(p, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}
