//! What a path adds to the evidence of a value found there.

use super::evidence::{Evidence, Fact};
use super::places::*;
use super::words::{begins, holds, is_any};

impl Evidence {
    /// With what the path adds; an empty path adds nothing.
    #[must_use]
    pub fn at(self, path: &[u8]) -> Self {
        if path.is_empty() {
            return self;
        }
        let mut parts = path.rsplit(|b| *b == b'/');
        let last = parts.next().unwrap_or_default();
        let file = plain(last);
        let dot = memchr::memrchr(b'.', file);
        let extension = dot.map_or(file, |i| file.get(i + 1..).unwrap_or_default());
        let stem = dot.map_or(file, |i| file.get(..i).unwrap_or_default());
        let mut out = self;
        // Nobody translates into noise.
        let long = [Fact::Long, Fact::KeyLong, Fact::VeryLong];
        let made = self.has(Fact::Random) && long.iter().any(|f| self.has(*f));
        let signs = [Fact::Random, Fact::ManyKinds, Fact::Symbols];
        let kinds = signs.iter().all(|f| self.has(*f));
        let coded = is_any(extension, CODE) && extension != b"json";
        // `src/main/.../integration` is no test, whatever its packages are called.
        let main = memchr::memmem::find(path, b"src/main/").unwrap_or(path.len());
        let mut at = path.len() - last.len();
        let (mut manuals, mut workshop, mut trial) = (false, false, false);
        for folder in parts {
            at = at.saturating_sub(folder.len() + 1);
            let tests = at < main && (is_any(folder, TEST_FOLDERS) || test_folder(folder));
            manuals |= at < main && is_any(folder, MANUAL_FOLDERS);
            workshop |= at < main && is_workshop(folder);
            trial |= at < main && is_any(folder, TRIALS);
            out = out
                .with_if(Fact::InTests, tests)
                .with_if(Fact::InDocuments, is_any(folder, DOCUMENT_FOLDERS))
                .with_if(
                    Fact::InTranslations,
                    is_any(folder, TRANSLATION_FOLDERS) && !(coded && kinds),
                )
                .with_if(Fact::InThirdParty, is_any(folder, THIRD_PARTIES))
                .with_if(Fact::InVendored, is_any(folder, VENDOR_FOLDERS));
        }
        let folders_document = out.has(Fact::InDocuments);
        let prose = is_any(extension, PROSE) || (dot.is_none() && is_prose(file));
        let manual = folders_document || is_any(extension, MANUALS) || is_prose(file);
        let settings = is_any(extension, SETTINGS)
            || begins(file, b".env")
            || begins(file, b"dockerfile")
            || begins(file, b"docker-compose");
        let settings = settings || self.has(Fact::FileWithin);
        let code = is_any(extension, CODE) && !settings;
        let bare = self.has(Fact::Bare);
        if settings && out.has(Fact::Documented) {
            out = out.without(Fact::Documented).with(Fact::Commented);
        }
        // Programs hold no blocks of Markdown but in what they say of themselves.
        let shown = self.has(Fact::Fenced) && self.has(Fact::Commented);
        out = out.with_if(Fact::Documented, code && shown);
        let key = !self.has(Fact::Password);
        out = out
            .with_if(Fact::InTests, test_file(file, stem))
            .with_if(Fact::InDocuments, prose)
            .with_if(
                Fact::InManual,
                is_any(extension, MANUAL_ONLY)
                    || [&b"openapi."[..], b"swagger.", b"changelog."]
                        .iter()
                        .any(|w| begins(file, w))
                    || holds(file, b".schema.")
                    || (self.has(Fact::Fenced) && key && is_any(extension, MANUALS))
                    || (self.has(Fact::Commented) && is_template(file))
                    || manuals
                    || (!self.is_none() && is_note_within(path, file, extension))
                    || (folders_document && (prose || is_page(file, extension))),
            )
            .with_if(
                Fact::InPublic,
                [&b"public_key"[..], b"public-key", b"publickey"]
                    .iter()
                    .any(|w| holds(file, w)),
            )
            .with_if(
                Fact::InTranslations,
                is_any(extension, TRANSLATIONS) && !(made && extension == b"resx")
                    || begins(file, b"messages")
                    || (file == b"strings.xml" && !made),
            )
            .with_if(
                Fact::InVendored,
                is_any(extension, VENDORED)
                    || holds(file, b".min.")
                    || begins(file, b"package-lock")
                    || begins(file, b"pnpm-lock")
                    || holds(file, b".pb."),
            )
            .with_if(
                Fact::InSecretFile,
                is_any(file, SECRET_FILES)
                    || begins(file, b"application-")
                    || begins(file, b"appsettings."),
            )
            // What stands in a comment is no expression.
            .with_if(Fact::BareInCode, bare && code && !self.has(Fact::Commented))
            .with_if(Fact::BareInConfig, bare && settings)
            .with_if(
                Fact::BareInProse,
                bare && !settings && (prose || (code && self.has(Fact::Commented))),
            );
        // Manuals are full of them, and none is anybody's.
        let human = out.has(Fact::WordAndDigits) || out.has(Fact::Common);
        out = out.with_if(
            Fact::MadeUp,
            human
                && (out.has(Fact::Documented)
                    || (out.has(Fact::InDocuments) && (!prose || manual))),
        );
        let sentences = prose && !is_any(extension, MANUAL_ONLY);
        out = out.with_if(Fact::Told, sentences && out.is_told());
        let apart = [
            Fact::InTranslations,
            Fact::InThirdParty,
            Fact::InVendored,
            Fact::Documented,
            Fact::LongLine,
        ];
        let word = out.has(Fact::PlainWord) && !apart.iter().any(|f| out.has(*f));
        let shown = out.has(Fact::InDocuments);
        // A server that lives as long as a build has the password of its image.
        let builds = BUILD_FILES.iter().any(|b| begins(file, b))
            || path.split(|b| *b == b'/').any(|f| is_any(f, BUILDS))
            // So has a machine of Vagrant that of its box.
            || holds(path, b"vagrant");
        let serves = is_in_use(path, extension);
        let (workshop, builds) = (workshop && !serves, builds && !serves);
        let plain = is_any(extension, PLAIN_SETTINGS) && !builds;
        // `dbPassword = "root"`, `amqp://admin:admin@queue`
        let assigned = out.has(Fact::Assigned) && out.has(Fact::Quoted);
        let by_default = out.has(Fact::DefaultWord)
            && !shown
            && (out.has(Fact::Userinfo)
                || plain
                || (extension == b"xml" && out.has(Fact::Element))
                || (out.has(Fact::Qualified) && (assigned || (settings && !builds))))
            // `KEYSTORE_PASSWORD = "..."`
            || (out.has(Fact::Qualified) && assigned && !shown && !out.has(Fact::SaysTest));
        if word && (out.has(Fact::InSecretFile) || by_default) {
            // `admin`, `root` and `guest` are what is set there.
            out = out.without(Fact::SaysTest);
        }
        let whose = out.has(Fact::Qualified) || out.has(Fact::UserNear);
        let set = plain && whose && !shown;
        let sure = !out.has(Fact::SaysTest);
        let tested = out.has(Fact::InTests) && sure;
        let word = word
            && (out.has(Fact::InSecretFile)
                || by_default
                || (set && sure)
                || (tested && (settings || self.is_said())));
        out = out
            .with_if(Fact::WordAlone, word)
            .with_if(Fact::InWorkshop, workshop || builds);
        let set = plain && !out.has(Fact::Commented) && !shown;
        let kept = out.has(Fact::InSecretFile) || set;
        let packed = is_any(extension, ARCHIVES) && out.has(Fact::Common);
        // What is mixed in is a matter of programs: in logs it was handed about once.
        let log = prose || extension == b"json" || is_any(extension, ARCHIVES);
        let once = out.has(Fact::Salt) && log;
        let trial = trial || (extension == b"t" && path.split(|b| *b == b'/').any(|f| f == b"t"));
        let shown = out.is_tried(file, kept) || trial || packed || once || is_release(path);
        let shown = shown || is_any(extension, PATTERNS);
        // What tests hold stays as sure as it was: people try out their passwords there.
        let tested = holds(path, b"test") || holds(path, b"spec");
        out.with_if(Fact::Shown, shown && (!tested || begins(file, b"phpunit.")))
    }

    /// Made up so that it can be tried out, or to be read: `kept` says that the file is one of
    /// settings in use.
    fn is_tried(self, file: &[u8], kept: bool) -> bool {
        let human = [
            Fact::WordAndDigits,
            Fact::PlainWord,
            Fact::DefaultWord,
            Fact::Common,
        ];
        let human = human.iter().any(|f| self.has(*f));
        let word = self.has(Fact::PlainWord) || self.has(Fact::DefaultWord);
        (self.has(Fact::InWorkshop) && (human || self.has(Fact::OwnServer)))
            || (self.has(Fact::Stock) && !kept)
            || (self.has(Fact::Common) && is_to_be_filled(file))
            || ((word || (self.has(Fact::Common) && self.has(Fact::DigitsOnly)))
                && self.has(Fact::Fallback))
            // `postgres:postgres@localhost`, and what is not in use.
            || ((word || self.has(Fact::Common))
                && (self.has(Fact::Commented) || self.has(Fact::OwnServer)))
            || begins(file, b"phpunit.")
    }

    /// Quoted, and said to be the value of its name.
    fn is_said(self) -> bool {
        let said = [Fact::Assigned, Fact::Mapped, Fact::Passed, Fact::Beside];
        self.has(Fact::Quoted) && said.iter().any(|f| self.has(*f))
    }
}

/// `module-tests`, `test_support`.
fn test_folder(folder: &[u8]) -> bool {
    let split = |b: &u8| matches!(b, b'-' | b'_' | b'.');
    folder.split(split).any(|w| {
        is_any(
            w,
            &[
                b"test",
                b"tests",
                b"testing",
                b"fixtures",
                b"examples",
                b"samples",
                b"e2e",
                b"spec",
                b"testdata",
                b"mocks",
            ],
        )
    }) || folder.ends_with(b"Test")
        || folder.ends_with(b"Tests")
}

/// Where it is developed or tried out: `demo`, `acme-demo`.
fn is_workshop(folder: &[u8]) -> bool {
    let last = folder.rsplit(|b| matches!(b, b'-' | b'_')).next();
    is_any(folder, WORKSHOPS) || last.is_some_and(|w| is_any(w, &[b"demo", b"e2e", b"contrib"]))
}

/// Whether a path says that what stands there runs for somebody, wherever it lies:
/// `ci/prod.tfvars`, `docker/production/.env`, `live/env.yml`.
fn is_in_use(path: &[u8], extension: &[u8]) -> bool {
    let joint = |b: &u8| matches!(b, b'-' | b'_' | b'.');
    let serves = |part: &[u8]| {
        let mut before: &[u8] = b"";
        part.split(joint).any(|word| {
            let other = is_any(before, &[b"non", b"not", b"no", b"pre"]);
            before = word;
            !other && is_any(word, &[b"prod", b"production"])
        })
    };
    // `live-reload.yml` is another matter.
    let live = |part: &[u8]| {
        part.split(|b| *b == b'.')
            .next()
            .is_some_and(|w| is_any(w, &[b"live"]))
    };
    extension == b"tfvars" || path.split(|b| *b == b'/').any(|p| serves(p) || live(p))
}

/// Whether a private key at this path is one for trying out what stands there.
pub(crate) fn is_exhibit(path: &[u8]) -> bool {
    let main = memchr::memmem::find(path, b"src/main/").unwrap_or(path.len());
    let path_before = path.get(..main).unwrap_or(path);
    let (folders, file) = match memchr::memrchr(b'/', path_before) {
        Some(slash) => path_before.split_at(slash),
        None => (&b""[..], path_before),
    };
    let folder = |f: &[u8]| is_any(f, EXHIBITS) || is_any(f, TRIALS);
    folders.split(|b| *b == b'/').any(folder) || NOBODYS.iter().any(|w| holds(file, w))
}

/// Whether a path is that of a program: no settings, no data, no page.
pub(crate) fn is_program(path: &[u8]) -> bool {
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let dot = memchr::memrchr(b'.', file);
    let extension = dot.and_then(|i| file.get(i + 1..)).unwrap_or_default();
    is_any(extension, CODE) && !is_any(extension, DATA)
}

/// The `README.md` of a part of it says how that part is used, as others do in folders.
fn is_note_within(path: &[u8], file: &[u8], extension: &[u8]) -> bool {
    let note = begins(file, b"readme") || is_any(extension, MANUALS) || holds(file, b".md.");
    note && memchr::memchr_iter(b'/', path).count() > 1
}

/// `acme-1.2.3.tar.gz`: what somebody published.
fn is_release(path: &[u8]) -> bool {
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let ends = |end: &&&[u8]| {
        let cut = file.len().checked_sub(end.len());
        cut.and_then(|cut| file.get(cut..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    let dotted = |w: &[u8]| {
        matches!(w, [joint, digit, b'.', next, ..]
            if matches!(joint, b'-' | b'_' | b'v') && digit.is_ascii_digit() && next.is_ascii_digit())
    };
    PUBLISHED.iter().any(|end| ends(&end)) && file.windows(4).any(dotted)
}

/// A page, or what one is made of.
fn is_page(file: &[u8], extension: &[u8]) -> bool {
    let pages: &[&[u8]] = &[
        b"html", b"htm", b"erb", b"hbs", b"njk", b"liquid", b"twig", b"haml", b"pug",
    ];
    is_any(extension, pages) || file.ends_with(b".blade.php")
}

/// `.env.template`, `config.sample.yml`: to be copied and filled in.
fn is_template(file: &[u8]) -> bool {
    let split = |b: &u8| matches!(b, b'-' | b'_' | b'.');
    let words: &[&[u8]] = &[
        b"template",
        b"tmpl",
        b"dist",
        b"example",
        b"sample",
        b"skeleton",
        b"default",
        b"defaults",
    ];
    file.split(split).any(|w| is_any(w, words))
}

/// The same, or what a tool fills in: `shop.yml.jinja`.
fn is_to_be_filled(file: &[u8]) -> bool {
    let tools: &[&[u8]] = &[b"jinja", b"jinja2", b"j2", b"tpl"];
    is_template(file)
        || file
            .rsplit(|b| *b == b'.')
            .next()
            .is_some_and(|e| is_any(e, tools))
}

/// `test_login.py`, `login_test.go`, `login.spec.ts`, `LoginTest.java`, `.env.example`.
fn test_file(file: &[u8], stem: &[u8]) -> bool {
    let split = |b: &u8| matches!(b, b'-' | b'_' | b'.');
    const WORDS: &[&[u8]] = &[
        b"test",
        b"tests",
        b"spec",
        b"example",
        b"examples",
        b"sample",
        b"template",
        b"dist",
        b"mock",
        b"mocks",
        b"fixture",
        b"fixtures",
        b"conftest",
        b"stories",
        b"demo",
        b"stub",
        b"testing",
        b"defaults",
    ];
    file.split(split).any(|w| is_any(w, WORDS))
        || [&b"Test"[..], b"Tests", b"Spec", b"IT", b"TestCase", b"Mock"]
            .iter()
            .any(|w| stem.ends_with(w))
        || stem.starts_with(b"Test")
        || stem.starts_with(b"Mock")
}

/// The name of what is compressed: `wg.8` of `wg.8.gz`.
fn plain(file: &[u8]) -> &[u8] {
    [&b".gz"[..], b".bz2", b".xz", b".zst"]
        .iter()
        .find_map(|end| file.strip_suffix(*end))
        .unwrap_or(file)
}

fn is_prose(file: &[u8]) -> bool {
    [
        &b"readme"[..],
        b"changelog",
        b"changes",
        b"news",
        b"install",
        b"todo",
        b"authors",
        b"license",
    ]
    .iter()
    .any(|w| begins(file, w))
}
