//! What a path adds to the evidence of a value found there.

use super::evidence::{Evidence, Fact};
use super::words::{begins, holds, is_any};

/// Bare values are expressions here.
const CODE: &[&[u8]] = &[
    b"py", b"js", b"mjs", b"cjs", b"ts", b"jsx", b"tsx", b"java", b"kt", b"kts", b"go", b"rs",
    b"rb", b"php", b"c", b"h", b"cc", b"cpp", b"cxx", b"hpp", b"cs", b"swift", b"scala", b"pl",
    b"pm", b"lua", b"dart", b"ex", b"exs", b"erl", b"hs", b"clj", b"groovy", b"m", b"mm", b"vb",
    b"fs", b"r", b"jl", b"sol", b"vue", b"svelte", b"html", b"htm", b"css", b"scss", b"less",
    b"sql", b"tf", b"hcl", b"gradle", b"ps1", b"psm1", b"ipynb", b"json", b"graphql", b"proto",
    b"cshtml", b"jsp", b"erb", b"twig", b"phtml", b"pp", b"bzl", b"tfvars", b"map", b"pyi",
    b"cmake", b"asm", b"s", b"nim", b"zig", b"el", b"vim", b"awk", b"coffee", b"ml", b"tex",
    b"toml", b"po", b"phpt", b"st", b"d", b"pas",
];
/// Bare values are text here.
const SETTINGS: &[&[u8]] = &[
    b"env",
    b"properties",
    b"ini",
    b"cfg",
    b"conf",
    b"config",
    b"cnf",
    b"yml",
    b"yaml",
    b"npmrc",
    b"netrc",
    b"pypirc",
    b"pgpass",
    b"sh",
    b"bash",
    b"zsh",
    b"envrc",
    b"service",
    b"bat",
    b"cmd",
    b"dockerfile",
    b"htpasswd",
    b"reg",
    b"ovpn",
    b"s3cfg",
    b"boto",
    b"desktop",
    b"plist",
    b"inc",
    b"tmpl",
    b"tpl",
    b"j2",
    b"ksh",
    b"fish",
    b"credentials",
    b"secret",
    b"secrets",
    b"hosts",
    b"inventory",
    // The files of tools that have no ending of their own.
    b"rsc",
    b"cf",
    b"boot",
    b"nmconnection",
    b"smbcredentials",
    b"subversion",
    b"servers",
    b"fetchmailrc",
    b"offlineimaprc",
    b"mbsyncrc",
    b"msmtprc",
    b"muttrc",
    b"mailrc",
    b"wgetrc",
    b"curlrc",
    b"hgrc",
    b"p4config",
    b"cqlshrc",
    b"pause",
    b"authinfo",
    b"gitconfig",
    b"condarc",
    b"users",
    b"remotes",
    b"mount",
    b"network",
    b"netdev",
    b"psk",
    b"8021x",
    b"remmina",
    b"rdp",
    b"vnc",
    b"makefile",
    b"gnumakefile",
    b"mk",
    b"bash_history",
    b"zsh_history",
    b"user-data",
    b"cloud-config",
    b"http",
    b"rest",
    b"exp",
];
/// People read this.
const PROSE: &[&[u8]] = &[
    b"md",
    b"rst",
    b"txt",
    b"adoc",
    b"asciidoc",
    b"markdown",
    b"log",
    b"org",
    b"textile",
    b"mdx",
    b"rdoc",
    b"pod",
    b"1",
    b"3",
    b"5",
    b"7",
    b"8",
    b"csv",
];
/// Of these, what is nothing but a manual.
const MANUAL_ONLY: &[&[u8]] = &[
    b"rst",
    b"adoc",
    b"asciidoc",
    b"mdx",
    b"rdoc",
    b"pod",
    b"1",
    b"3",
    b"5",
    b"7",
    b"8",
];
/// Files of settings alone, neither scripts nor templates.
const PLAIN_SETTINGS: &[&[u8]] = &[
    b"env",
    b"properties",
    b"ini",
    b"cfg",
    b"conf",
    b"cnf",
    b"config",
    b"yml",
    b"yaml",
];
/// Folders of what builds and tests.
const BUILDS: &[&[u8]] = &[b".github", b".circleci", b".gitlab", b".buildkite"];
/// Of these, what is written for strangers; a text or a log may be anybody's notes.
const MANUALS: &[&[u8]] = &[
    b"md",
    b"rst",
    b"adoc",
    b"asciidoc",
    b"markdown",
    b"textile",
    b"mdx",
    b"rdoc",
    b"pod",
    b"1",
    b"3",
    b"5",
    b"7",
    b"8",
];
const TEST_FOLDERS: &[&[u8]] = &[
    b"test",
    b"tests",
    b"testing",
    b"spec",
    b"specs",
    b"__tests__",
    b"fixtures",
    b"fixture",
    b"testdata",
    b"test-data",
    b"test_data",
    b"mock",
    b"mocks",
    b"__mocks__",
    b"example",
    b"examples",
    b"sample",
    b"samples",
    b"demo",
    b"demos",
    b"e2e",
    b"cypress",
    b"testutil",
    b"testutils",
    b"test-utils",
    b"integration",
    b"functional",
    b"unit",
    b"benchmark",
    b"benchmarks",
    b"bench",
    b"playground",
    b"tutorial",
    b"tutorials",
    b"cassettes",
    b"stories",
    b"testsuite",
    b"t",
    b"unittest",
    b"unittests",
    b"androidtest",
    b"it",
    b"acceptance",
    b"suites",
];
const DOCUMENT_FOLDERS: &[&[u8]] = &[
    b"doc",
    b"docs",
    b"api-docs",
    b"apidocs",
    b"docs-site",
    b"docs_site",
    b"documentation",
    b"man",
    b"manual",
    b"website",
    b"wiki",
    b"guide",
    b"guides",
    b"_posts",
    b"blog",
    b"book",
    b"readme",
    b"reference",
];
const TRANSLATION_FOLDERS: &[&[u8]] = &[
    b"locale",
    b"locales",
    b"i18n",
    b"l10n",
    b"lang",
    b"langs",
    b"translations",
    b"translation",
    b"languages",
    b"lc_messages",
    b"nls",
    b"localization",
];
const TRANSLATIONS: &[&[u8]] = &[
    b"po", b"pot", b"xlf", b"xliff", b"resx", b"strings", b"arb", b"lang", b"ftl", b"mo",
];
/// Copies of what others publish.
const THIRD_PARTIES: &[&[u8]] = &[
    b"vendor",
    b"node_modules",
    b"third_party",
    b"third-party",
    b"thirdparty",
    b"bower_components",
    b"site-packages",
];
const VENDOR_FOLDERS: &[&[u8]] = &[
    b"vendors",
    b"dist",
    b"generated",
    b"external",
    b"snapshots",
    b"__snapshots__",
    b"swagger-ui",
];
const VENDORED: &[&[u8]] = &[
    b"lock",
    b"map",
    b"sum",
    b"snap",
    b"svg",
    b"har",
    b"lockb",
    b"ipynb_checkpoints",
    b"resolved",
];
const SECRET_FILES: &[&[u8]] = &[
    b".env",
    b"credentials",
    b".npmrc",
    b".pypirc",
    b".netrc",
    b".pgpass",
    b"wp-config.php",
    b"database.yml",
    b"secrets.yml",
    b"secrets.yaml",
    b"master.key",
    b".htpasswd",
    b".s3cfg",
    b"terraform.tfvars",
    b"local.settings.json",
    b".dockercfg",
    b"settings.xml",
    b"gradle.properties",
    b"application.yml",
    b"application.properties",
    b"application.yaml",
    b"appsettings.json",
];

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
        for folder in parts {
            at = at.saturating_sub(folder.len() + 1);
            let tests = at < main && (is_any(folder, TEST_FOLDERS) || test_folder(folder));
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
                    || begins(file, b"openapi.")
                    || begins(file, b"swagger.")
                    || (self.has(Fact::Fenced) && key && is_any(extension, MANUALS))
                    || (self.has(Fact::Commented) && is_template(file))
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
        let builds = [
            &b".gitlab-ci"[..],
            b".travis",
            b"azure-pipelines",
            b"appveyor",
        ];
        let builds = builds.iter().any(|b| begins(file, b))
            || path.split(|b| *b == b'/').any(|f| is_any(f, BUILDS))
            // So has a machine of Vagrant that of its box.
            || holds(path, b"vagrant");
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
        out.with_if(Fact::WordAlone, word)
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
