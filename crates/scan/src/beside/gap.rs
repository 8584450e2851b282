//! What stands between the name of a service and a value: does it say that the value is a key?

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// A word for a credential stands there, or a call is made with the value.
    Key,
    /// Two words for one do, right before the value: `access token`.
    Sure,
    /// Nothing but an operator.
    Equals,
    /// Nothing but blanks.
    Blank,
    /// The end of the line.
    Line,
    /// Something else, or too much.
    Other,
}

/// Words for credentials.
const LABELS: [&[u8]; 14] = [
    b"key",
    b"token",
    b"secret",
    b"passw",
    b"pwd",
    b"auth",
    b"cred",
    b"bearer",
    b"api",
    b"licen",
    b"pat",
    b"pass",
    b"login",
    b"certificate",
];
/// Bytes of the longest.
const LABEL_MOST: usize = 11;
/// What is joined to a label without a sign between.
const JOINED: [&[u8]; 14] = [
    b"api",
    b"access",
    b"secret",
    b"auth",
    b"app",
    b"client",
    b"user",
    b"private",
    b"account",
    b"personal",
    b"server",
    b"write",
    b"admin",
    b"master",
];
/// Last words of a name whose value is no key.
const OTHERS: [&[u8]; 58] = [
    b"id",
    b"ids",
    b"hash",
    b"sha",
    b"sha1",
    b"sha256",
    b"sha512",
    b"md5",
    b"digest",
    b"checksum",
    b"commit",
    b"rev",
    b"ref",
    b"revision",
    b"version",
    b"name",
    b"url",
    b"uri",
    b"host",
    b"email",
    b"public",
    b"publishable",
    b"pubkey",
    b"region",
    b"zone",
    b"username",
    b"color",
    b"file",
    b"path",
    b"port",
    b"endpoint",
    b"thumbprint",
    b"fingerprint",
    b"etag",
    b"cursor",
    b"trace",
    b"span",
    b"request",
    b"build",
    b"integrity",
    b"type",
    b"algorithm",
    b"length",
    b"size",
    b"count",
    b"expires",
    b"expiry",
    b"field",
    b"header",
    b"alias",
    b"label",
    b"title",
    b"branch",
    b"image",
    b"tag",
    b"channel",
    b"event",
    b"session",
];
/// Words between a label and a value that say nothing.
const EMPTY: [&[u8]; 17] = [
    b"string", b"str", b"value", b"default", b"is", b"text", b"to", b"the", b"equals", b"const",
    b"raw", b"new", b"b", b"r", b"u", b"f", b"char",
];
/// Words anywhere that make of hexadecimal digits a hash.
const HASHES: [&[u8]; 12] = [
    b"sha1",
    b"sha256",
    b"sha512",
    b"sha-",
    b"md5",
    b"checksum",
    b"digest",
    b"commit",
    b"integrity",
    b"etag",
    b"revision",
    b"hash",
];
/// Most words that a label, what stands before it and what stands behind it may have.
const WORDS_MOST: usize = 12;

/// Bytes between a name in a sentence and the value on the line below.
const TOLD: usize = 96;
/// Words with which people say that a word is the name of a service.
const SERVICE: [&[u8]; 6] = [
    b" api",
    b" client",
    b" sdk",
    b" integration",
    b" service",
    b" cred",
];

/// Judges what stands between. `word`: the name of the service is a word of the language too.
/// `hexadecimal`: the value may be a hash.
pub(super) fn judge(gap: &[u8], word: bool, hexadecimal: bool) -> Says {
    let gap = without_block(gap);
    if hexadecimal && holds(gap, &HASHES_OF) {
        return Says::Other;
    }
    if !last_word(gap) {
        return Says::Other;
    }
    let lines = memchr::memchr_iter(b'\n', gap).count();
    if lines > 3 {
        return Says::Other;
    }
    if lines == 1 && ends_line(gap) {
        return Says::Line;
    }
    let words = words(gap).count();
    let word = word && !goes_on_as_address(gap);
    if let Some(label) = label(gap) {
        let behind = gap.get(label..).unwrap_or_default();
        let before = gap.get(..label).unwrap_or_default();
        let told = lines == 1 && is_told(gap, behind, word);
        let sure = word && lines == 0 && is_compound(before) && behind.len() <= 4;
        let most = if word && !told { 6 } else { WORDS_MOST };
        let talk = word && !told && !sure && prose(gap);
        if words > most || self::words(behind).count() > 5 || talk {
            return Says::Other;
        }
        let crosses = memchr::memchr(b'\n', before).is_some();
        let opened = !crosses || told || opens(before);
        let stays = memchr::memchr(b'\n', behind).is_none() || behind.ends_with(b"<string>");
        let tied = ties(behind);
        return if opened && stays && tied && sure {
            Says::Sure
        } else if opened && stays && tied {
            Says::Key
        } else {
            Says::Other
        };
    }
    if lines > 0 {
        return Says::Other;
    }
    if call(gap) && (!word || words > 0) {
        return Says::Key;
    }
    let plain = |b: &u8| {
        matches!(
            b,
            b' ' | b'\t' | b'=' | b':' | b'"' | b'\'' | b'`' | b'>' | b'\\'
        )
    };
    let operator = |b: &u8| matches!(b, b'=' | b':');
    let equals = gap.len() <= 12 && gap.iter().all(plain) && gap.iter().any(operator);
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    if equals {
        Says::Equals
    } else if !gap.is_empty() && gap.len() <= 8 && gap.iter().all(blank) {
        Says::Blank
    } else {
        Says::Other
    }
}

/// Judges what stands on the line before a value whose service is named behind it.
pub(super) fn judge_before(gap: &[u8]) -> Says {
    let from = memchr::memrchr(b'\n', gap).map_or(0, |n| n + 1);
    let line = gap.get(from..).unwrap_or_default();
    let user = line.trim_ascii_end().ends_with(b"-u")
        || line.ends_with(b"-u \"")
        || line.ends_with(b"-u '");
    let says = last_word(line)
        && label(line).is_some_and(|l| {
            let behind = line.get(l..).unwrap_or_default();
            words(behind).count() <= 3 && ties(behind)
        });
    if user || says { Says::Key } else { Says::Other }
}

/// `# Acme`, `# Acme API key:` and nothing more on the line.
fn ends_line(gap: &[u8]) -> bool {
    let Some(line) = gap.strip_suffix(b"\n") else {
        return false;
    };
    let of = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b' ' | b':' | b'\r' | b'*' | b'`');
    line.len() <= 24 && line.iter().all(of)
}

/// `acme.com`, `acme.io/v1`: no word of the language.
fn goes_on_as_address(gap: &[u8]) -> bool {
    let Some(rest) = gap.strip_prefix(b".") else {
        return false;
    };
    let letters = rest.iter().take_while(|b| b.is_ascii_lowercase()).count();
    (2..=6).contains(&letters)
        && rest
            .get(letters)
            .is_some_and(|b| matches!(b, b'/' | b'"' | b'\'' | b':' | b'?' | b'\n' | b'`'))
}

/// Whether the name stands in a line of a log, or an address, and the line below gives the value
/// right behind a label: `Connecting to Acme...`, `DEBUG key=`.
fn is_told(gap: &[u8], behind: &[u8], word: bool) -> bool {
    let Some(end) = memchr::memchr(b'\n', gap).filter(|_| gap.len() <= TOLD) else {
        return false;
    };
    let said = gap.get(..end).unwrap_or_default().trim_ascii_end();
    let of = |b: &u8| {
        b.is_ascii_alphabetic() || matches!(b, b' ' | b'.' | b')' | b'!' | b':' | b'"' | b'\'')
    };
    let sentence = said.len() <= 40 && said.iter().all(of);
    let address = goes_on_as_address(gap) && !said.contains(&b' ') && said.len() <= 48;
    let names = !word
        || said == b"..."
        || SERVICE
            .iter()
            .any(|s| said.len() >= s.len() && said[..s.len()].eq_ignore_ascii_case(s));
    let tight = behind.len() <= 6 && !behind.contains(&b'\n');
    (sentence && names || address) && tight
}

/// A gap without the block of a variable that stands in it: `_key" {`, its type, `default = "`.
fn without_block(gap: &[u8]) -> &[u8] {
    let last = memchr::memrchr(b'\n', gap).and_then(|at| gap.get(at + 1..));
    let last = last.unwrap_or_default().trim_ascii();
    let fits = last.starts_with(b"default") && last.ends_with(b"\"") && last.len() <= 24;
    let open = memchr::memmem::find(gap, b"\" {\n").filter(|_| fits);
    open.and_then(|at| gap.get(..=at)).unwrap_or(gap)
}

/// Whether something other than letters and blanks leads from a label to the value, or a word
/// that always does.
fn ties(behind: &[u8]) -> bool {
    behind
        .iter()
        .any(|b| !b.is_ascii_alphanumeric() && !b.is_ascii_whitespace() && *b != b'.')
        || behind.iter().any(|b| b.is_ascii_whitespace()) && behind.len() <= 24
}

/// Whether what stands in front of a line break opens what comes behind it: a section, an object,
/// a comment.
fn opens(before: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', before).unwrap_or(before.len());
    let rest = before.get(..end).unwrap_or_default();
    // The name may go on: `acmeapi:`.
    let name = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
    rest.iter()
        .skip_while(name)
        .all(|b| !b.is_ascii_alphanumeric())
}

/// `name.Client("`, `new Name("`.
fn call(gap: &[u8]) -> bool {
    let bare = gap
        .strip_suffix(b"\"")
        .or_else(|| gap.strip_suffix(b"'"))
        .unwrap_or_default();
    let Some(callee) = bare.strip_suffix(b"(") else {
        return false;
    };
    let of = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':');
    callee.len() <= 40 && callee.iter().all(of)
}

/// Two words with nothing but blanks between, neither of which is one that says nothing.
fn prose(gap: &[u8]) -> bool {
    let mut last: Option<(usize, usize)> = None;
    for (start, end) in words(gap) {
        if let Some((_, before)) = last {
            let between = gap.get(before..start).unwrap_or_default();
            let word = gap.get(start..end).unwrap_or_default();
            let empty = EMPTY.iter().any(|e| word.eq_ignore_ascii_case(e));
            if !between.is_empty() && between.iter().all(|b| *b == b' ') && !empty {
                return true;
            }
        }
        last = Some((start, end));
    }
    false
}

/// Whether the last word of a gap lets the value be a key.
fn last_word(gap: &[u8]) -> bool {
    let mut end = gap.len();
    loop {
        let head = gap.get(..end).unwrap_or_default();
        let Some((start, stop)) = word_before(head) else {
            return true;
        };
        let word = gap.get(start..stop).unwrap_or_default();
        if OTHERS_OF.of(word, 0).any(|o| word.eq_ignore_ascii_case(o)) {
            // `appid=` and `client-id:` are no keys, `key id` is none either.
            return false;
        }
        if !EMPTY.iter().any(|e| word.eq_ignore_ascii_case(e)) {
            return true;
        }
        end = start;
    }
}

/// Where the last label of a gap ends.
fn label(gap: &[u8]) -> Option<usize> {
    let mut best = None;
    for at in (0..gap.len()).rev() {
        if best.is_some_and(|best| at + LABEL_MOST <= best) {
            break;
        }
        for name in LABELS_OF.of(gap, at) {
            let end = at + name.len();
            let may = best.is_none_or(|best| best < end) && starts(gap, at, name);
            let whole = may && (name != b"certificate" || is_of_app(gap, at));
            if whole && begins(gap, at) && ends(gap, name, end) {
                best = Some(end);
            }
        }
    }
    best
}

/// Whether a label is said in two words, `access token`, `api_key`: then no sentence is about
/// anything else.
fn is_compound(before: &[u8]) -> bool {
    let mut ends = words(before).map(|(start, end)| before.get(start..end).unwrap_or_default());
    let (mut first, mut last) = (&b""[..], &b""[..]);
    for word in &mut ends {
        (first, last) = (last, word);
    }
    let is = |word: &[u8], of: &[&[u8]]| of.iter().any(|o| word.eq_ignore_ascii_case(o));
    is(last, &[b"key", b"token", b"secret"])
        && is(
            first,
            &[
                b"api", b"access", b"secret", b"auth", b"acl", b"client", b"private",
            ],
        )
}

/// `app_certificate`: a secret, unlike any other certificate.
fn is_of_app(gap: &[u8], at: usize) -> bool {
    let head = gap.get(..at).unwrap_or_default();
    let head = head
        .strip_suffix(b"_")
        .or_else(|| head.strip_suffix(b" "))
        .or_else(|| head.strip_suffix(b"-"))
        .unwrap_or(head);
    head.len() >= 3 && head[head.len() - 3..].eq_ignore_ascii_case(b"app")
}

/// Whether a word begins at `at`.
fn begins(gap: &[u8], at: usize) -> bool {
    let (Some(before), Some(first)) = (at.checked_sub(1).and_then(|i| gap.get(i)), gap.get(at))
    else {
        // The name of the service stands right before.
        return true;
    };
    if !before.is_ascii_alphabetic() || before.is_ascii_lowercase() && first.is_ascii_uppercase() {
        return true;
    }
    let head = gap.get(..at).unwrap_or_default();
    JOINED
        .iter()
        .any(|j| head.len() >= j.len() && head[head.len() - j.len()..].eq_ignore_ascii_case(j))
}

/// Whether a label ends at `end`: not `tokenizer`, not `keyboard`.
fn ends(gap: &[u8], name: &[u8], end: usize) -> bool {
    let Some(&next) = gap.get(end) else {
        return true;
    };
    let last = gap.get(end - 1).copied().unwrap_or_default();
    if !next.is_ascii_alphabetic() || last.is_ascii_lowercase() && next.is_ascii_uppercase() {
        return true;
    }
    match name {
        b"passw" | b"cred" | b"licen" => true,
        b"auth" => ["ori", "ent"]
            .iter()
            .any(|t| starts(gap, end, t.as_bytes())),
        b"pat" | b"pass" | b"login" => false,
        b"api" | b"secret" => ["key", "tok", "sec", "s"]
            .iter()
            .any(|t| starts(gap, end, t.as_bytes())),
        _ => {
            next.eq_ignore_ascii_case(&b's')
                && gap.get(end + 1).is_none_or(|b| !b.is_ascii_alphabetic())
        }
    }
}

fn starts(gap: &[u8], at: usize, word: &[u8]) -> bool {
    gap.get(at..at + word.len())
        .is_some_and(|w| w.eq_ignore_ascii_case(word))
}

/// Whether one of the words stands somewhere.
fn holds(gap: &[u8], words: &Letters) -> bool {
    (0..gap.len()).any(|at| words.of(gap, at).any(|word| starts(gap, at, word)))
}

/// Words by their first letters: where none begins, nothing is compared.
struct Letters {
    words: &'static [&'static [u8]],
    /// Of each letter, which of them begin with it.
    first: [u64; 26],
}

impl Letters {
    const fn new(words: &'static [&'static [u8]]) -> Self {
        assert!(words.len() <= 64, "a bit for each");
        let mut first = [0; 26];
        let mut i = 0;
        while i < words.len() {
            first[(words[i][0] - b'a') as usize] |= 1 << i;
            i += 1;
        }
        Self { words, first }
    }

    /// Those that begin with the byte at `at`.
    fn of(&self, text: &[u8], at: usize) -> impl Iterator<Item = &'static [u8]> + '_ {
        let letter = text.get(at).map_or(0, |b| b.to_ascii_lowercase());
        let place = usize::from(letter).wrapping_sub(usize::from(b'a'));
        let mut left = self.first.get(place).copied().unwrap_or(0);
        std::iter::from_fn(move || {
            let word = self.words.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(*word)
        })
    }
}

static LABELS_OF: Letters = Letters::new(&LABELS);
static OTHERS_OF: Letters = Letters::new(&OTHERS);
static HASHES_OF: Letters = Letters::new(&HASHES);

/// The last of the [`words`].
fn word_before(gap: &[u8]) -> Option<(usize, usize)> {
    let stop = gap.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
    let mut start = stop - 1;
    while let Some(before) = start.checked_sub(1).and_then(|i| gap.get(i)) {
        let hump =
            before.is_ascii_lowercase() && gap.get(start).is_some_and(u8::is_ascii_uppercase);
        if !before.is_ascii_alphanumeric() || hump {
            break;
        }
        start -= 1;
    }
    Some((start, stop))
}

/// Runs of letters and digits, humps apart.
fn words(gap: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while gap.get(at).is_some_and(|b| !b.is_ascii_alphanumeric()) {
            at += 1;
        }
        let start = at;
        while let Some(b) = gap.get(at).filter(|b| b.is_ascii_alphanumeric()) {
            let before = at.checked_sub(1).and_then(|i| gap.get(i));
            if at > start && b.is_ascii_uppercase() && before.is_some_and(u8::is_ascii_lowercase) {
                break;
            }
            at += 1;
        }
        (at > start).then_some((start, at))
    })
}

#[cfg(test)]
mod tests;
