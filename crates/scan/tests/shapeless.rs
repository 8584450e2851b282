//! Secrets without a shape: each context with a secret, and with something that is none.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{built_in, key, noise};
use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::shapeless::{Evidence, Fact};
use lychgate_scan::{Input, RuleSet, Scanned, Scratch};
use proptest::prelude::*;

fn scan(set: &RuleSet, bytes: &[u8]) -> Scanned {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes,
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut out);
    out
}

/// The best confidence at a path; a rule that knows the shape is as good as sure.
fn judged(set: &RuleSet, path: &str, text: &str) -> Option<Confidence> {
    let path = path.as_bytes();
    let found = scan(set, text.as_bytes());
    let levels = found.findings.iter().filter_map(|f| {
        let rule = &set.rules()[f.rule as usize];
        match f.evidence.is_none() {
            true => rule.paths.applies_to(path).then_some(Confidence::High),
            false => f.evidence.at(path).confidence(),
        }
    });
    levels.max()
}

#[test]
fn each_context_has_a_twin_that_passes() {
    let set = built_in();
    // The path, the context, and what in the place of the value makes it harmless.
    let contexts = [
        ("a.py", "password = \"~\"", "password_field"),
        ("a.py", "connect(user='x', password='~')", "%s"),
        ("a.py", "os.environ.get('DB_PASSWORD', '~')", "changeme"),
        ("a.py", "api_key: Optional[str] = \"~\"", "your-api-key"),
        ("a.js", "const apiKey = process.env.API_KEY || '~';", "none"),
        ("a.js", "headers: { 'X-Api-Key': '~' }", "${key}"),
        (
            "a.ts",
            "private readonly secret: string = `~`;",
            "${secret}",
        ),
        ("a.java", "private String dbPassword = \"~\";", "dbPassword"),
        ("a.java", "config.setPassword(\"~\");", "password"),
        ("a.go", "AuthToken: \"~\",", "Authorization"),
        ("a.rs", "const TOKEN: &str = \"~\";", "--token"),
        ("a.rb", ":password => '~',", "current_password"),
        ("a.php", "define('DB_PASSWORD', '~');", "password_here"),
        ("a.php", "$config['password'] = '~';", "database.password"),
        ("a.cs", "\"Server=db;User Id=a;Password=~;\"", "{0}"),
        ("a.c", "#define WIFI_PASSWORD \"~\"", "WIFI_PASSWORD"),
        ("a.json", "{\"clientSecret\": \"~\"}", "<secret>"),
        (
            "a.json",
            "{\"name\": \"DB_PASSWORD\", \"value\": \"~\"}",
            "{{ pw }}",
        ),
        ("a.yml", "password: ~", "!vault"),
        ("a.yml", "env:\n - name: API_TOKEN\n   value: ~", "$(TOKEN)"),
        (
            "a.properties",
            "spring.datasource.password=~",
            "${DB_PASSWORD}",
        ),
        ("a.properties", "token=~", "op://vault/token"),
        (".env", "SECRET_KEY=~", "$SECRET_KEY"),
        ("a.ini", "[db]\nuser = x\npassword = ~", "%(password)s"),
        ("a.xml", "<password>~</password>", "${env.PASSWORD}"),
        ("a.xml", "<add key=\"ApiKey\" value=\"~\" />", "#{ApiKey}#"),
        ("a.xml", "<entry key=\"password\">~</entry>", "@password@"),
        (
            "a.tf",
            "variable \"db_password\" {\n  default = \"~\"\n}",
            "none",
        ),
        ("a.tfvars", "db_password = \"~\"", "vault:db/password"),
        ("a.sh", "export API_TOKEN=~", "$(cat token)"),
        ("a.sh", "deploy --password ~ --now", "$PASSWORD"),
        ("a.sh", "curl -H 'Authorization: Bearer ~'", "$TOKEN"),
        ("a.sql", "CREATE USER x IDENTIFIED BY '~';", "password"),
        ("a.sql", "ALTER USER x WITH PASSWORD '~';", "%s"),
        ("Dockerfile", "ENV ADMIN_PASSWORD ~", "${ADMIN_PASSWORD}"),
        ("Dockerfile", "ENV ADMIN_PASSWORD=~", "changeit"),
        (
            "a.ipynb",
            "\"source\": [\"password = \\\"~\\\"\\n\"]",
            "password",
        ),
        (
            "a.yml",
            "kind: Secret\nstringData:\n  smtp: ~\n",
            "{{ smtp }}",
        ),
        (
            "a.yml",
            "stringData:\n  smtp: ~\nkind: Secret\n",
            "smtp-user",
        ),
        ("a.yml", "ansible_become_pass: ~", "{{ become }}"),
    ];
    for (path, context, harmless) in contexts {
        for seed in 1..4 {
            let secret = noise(20, seed);
            let with = context.replace('~', &secret);
            let level = judged(set, path, &with);
            assert_eq!(level, Some(Confidence::High), "{path}: {context}");
        }
        let without = context.replace('~', harmless);
        assert_eq!(judged(set, path, &without), None, "{path}: {without}");
    }
}

#[test]
fn names_that_promise_something_else_are_no_credentials() {
    let set = built_in();
    for name in [
        "password_hash",
        "passwordField",
        "PASSWORD_REGEX",
        "token_type",
        "csrf_token",
        "public_key",
        "next_token",
        "tokenizer",
        "secretName",
        "secret_id",
        "primary_key",
        "api_key_url",
        "private_key_path",
        "token_uri",
        "keyboard",
        "passive",
        "author",
        "cancellationToken",
        "password_length",
        "has_password",
        "password_prompt",
        "foreign_key",
        "sort_key",
        "compass",
    ] {
        let text = format!("{name} = \"{}\"", noise(24, 5));
        assert_eq!(judged(set, "a.py", &text), None, "{name}");
    }
}

#[test]
fn a_path_is_part_of_the_evidence() {
    let set = built_in();
    let text = format!("password: {}\n", noise(12, 9));
    assert_eq!(judged(set, "app.yml", &text), Some(Confidence::High));
    assert_eq!(judged(set, "app.py", &text), None);
    let quoted = format!("password = '{}'\n", noise(12, 9));
    assert_eq!(judged(set, "src/app.py", &quoted), Some(Confidence::High));
    assert_eq!(
        judged(set, "tests/app.py", &quoted),
        Some(Confidence::Medium)
    );
    assert_eq!(judged(set, "README.md", &quoted), Some(Confidence::Medium));
    assert_eq!(judged(set, "docs/a.md", &quoted), Some(Confidence::Low));
    let low = Some(Confidence::Low);
    assert_eq!(judged(set, "locale/de/app.po", &quoted), low);
}

#[test]
fn passwords_as_people_make_them_are_listed_and_never_block() {
    let set = built_in();
    let common = [
        "Passw0rd1",
        "password123",
        "123456",
        "topSecret!9",
        "qwerty12",
        "admin1234",
        "Testing99!",
    ];
    for value in common {
        let call = format!("user.setPassword(\"{value}\");");
        let listed = [
            ("src/A.java", format!("String password = \"{value}\";")),
            ("a.yml", format!("root_password: {value}\n")),
            (
                "test/LoginTest.java",
                format!(".param(\"password\", \"{value}\")"),
            ),
            ("src/A.java", format!("if (password.equals(\"{value}\"))")),
            ("src/A.java", call),
        ];
        // In programs that is what examples are written with.
        let stock = value == "Passw0rd1" || value.starts_with("topSecret");
        for (path, text) in listed {
            let found = judged(set, path, &text);
            let sure = match stock && path == "src/A.java" {
                true => Confidence::Low,
                false => Confidence::Medium,
            };
            assert_eq!(found, Some(sure), "{path}: {text}");
        }
        for text in [
            format!("token = \"{value}\""),
            format!("getPassword(\"{value}\")"),
            format!("passwordLabel = \"{value}\""),
        ] {
            assert_eq!(judged(set, "src/a.py", &text), None, "{text}");
        }
    }
    for text in [
        "match('newPassword', 'newPassword2')",
        "password = \"secret\"",
    ] {
        assert_eq!(judged(set, "src/a.ts", text), None, "{text}");
    }
}

#[test]
fn a_plain_word_is_a_password_only_where_secrets_are_kept() {
    let set = built_in();
    let quoted = "String password = \"wombat\";";
    assert_eq!(
        judged(set, "src/test/A.java", quoted),
        Some(Confidence::Medium)
    );
    for (path, text) in [
        ("src/main/A.java", quoted),
        ("src/test/A.java", "String password = \"foobar\";"),
        ("src/test/a.sh", "echo \"  PASS: wombat\""),
        ("src/test/A.java", "first_pass = \"wombat\""),
        ("src/test/A.java", "String token = \"wombat\";"),
    ] {
        assert_eq!(judged(set, path, text), None, "{path}: {text}");
    }
    for word in ["vagrant", "wombat", "Postgres"] {
        let text = format!("spring.datasource.password={word}\n");
        let at = |path| judged(set, path, &text);
        assert_eq!(
            at("src/main/resources/application.properties"),
            Some(Confidence::Medium)
        );
        // What is set by default is told in any file of settings, but those that build and test.
        let named = word == "Postgres";
        assert_eq!(at("deploy/other.properties").is_some(), named, "{word}");
        assert_eq!(at(".github/workflows/other.properties"), None);
        assert_eq!(at("locale/application.properties"), None);
    }
    for word in [
        "required", "string", "true", "password", "changeme", "include", "refresh",
    ] {
        let text = format!("password={word}\n");
        assert_eq!(judged(set, ".env", &text), None, "{word}");
    }
}

#[test]
fn functions_that_log_in_are_handed_a_password() {
    let set = built_in();
    let value = noise(11, 21);
    for text in [
        format!("client.login(\"me\", \"{value}\")"),
        format!("new UsernamePasswordToken(name, \"{value}\")"),
        format!("new UsernamePasswordAuthenticationToken(name, \"{value}\")"),
        format!("requests.get(url, auth=HTTPBasicAuth('ci', '{value}'))"),
        format!("DriverManager.getConnection(url, \"root\", \"{value}\")"),
        format!("validatePassword(\"{value}\")"),
        format!("GET /pay?user=me&password={value}&x=1"),
    ] {
        assert!(judged(set, "src/A.java", &text).is_some(), "{text}");
        let twin = text.replace(&value, "some text");
        assert_eq!(judged(set, "src/A.java", &twin), None, "{twin}");
    }
    for text in [
        format!("oauth(\"me\", \"{value}\")"),
        format!("stir_auth(\"A\", \"{value}\")"),
        format!("plugin(\"me\", \"{value}\")"),
    ] {
        assert_eq!(judged(set, "src/A.java", &text), None, "{text}");
    }
}

#[test]
fn comments_in_settings_are_settings_and_packages_are_no_tests() {
    let set = built_in();
    let text = format!("#     password: {}\n", noise(16, 31));
    assert!(judged(set, "roles/main.yml", &text).is_some());
    assert_eq!(judged(set, "lib/a.rb", &text), None);
    let text = format!("password = \"{}\"", noise(12, 9));
    let at = |path| judged(set, path, &text);
    assert_eq!(
        at("src/main/java/a/integration/A.java"),
        Some(Confidence::High)
    );
    assert_eq!(
        at("integration/src/main/java/A.java"),
        Some(Confidence::Medium)
    );
    let text = format!("<string name=\"hint_password\">{}</string>", noise(9, 3));
    let low = Some(Confidence::Low);
    assert_eq!(judged(set, "res/values-ga/strings.xml", &text), low);
}

#[test]
fn what_stands_among_bytes_is_listed_and_never_blocks() {
    let set = built_in();
    let text = format!("password = '{}'", noise(14, 5));
    assert_eq!(judged(set, "a.py", &text), Some(Confidence::High));
    let compiled = format!("\0\0s\x01{text}\0\0");
    assert_eq!(judged(set, "a.pyc", &compiled), Some(Confidence::Medium));
}

#[test]
fn compressed_manuals_are_manuals() {
    let set = built_in();
    let text = format!("api_key = \"{}\"", noise(20, 5));
    assert_eq!(
        judged(set, "share/man8/wg.8.gz", &text),
        Some(Confidence::Low)
    );
    assert_eq!(
        judged(set, "share/changelog.gz", &text),
        Some(Confidence::Medium)
    );
    assert_eq!(
        judged(set, "share/settings.gz", &text),
        Some(Confidence::High)
    );
}

#[test]
fn published_examples_and_public_keys_are_no_secrets() {
    let set = built_in();
    let published = ["2Yotn", "FZFEjr1zCsicMWpAA"].concat();
    let twin = format!("{}{published}", noise(4, 3));
    for (value, found) in [(&published, false), (&twin, true)] {
        let text = format!("\"access_token\":\"{value}\"");
        assert_eq!(judged(set, "a.py", &text).is_some(), found, "{text}");
    }
    let public = format!("30819f300d06{}", "9f3b1c77d0a2e415".repeat(9));
    let text = format!("private_key = \"{public}\"");
    assert_eq!(judged(set, "a.py", &text), None);
    let asset = format!("assetToken: \"Purple/v4/{}/pr_source.png\"", noise(24, 3));
    assert_eq!(judged(set, "a.py", &asset), None);
    let call = "{{- $password := include \"common.manage\" . }}";
    assert_eq!(judged(set, "templates/secrets.yaml", call), None);
    let event = "\"key\": \"Q-27ccd33e-72f0-4418-957a-a65d9698395e-0\"";
    assert_eq!(judged(set, "a.json", event), None);
}

#[test]
fn a_rule_that_knows_the_shape_speaks_alone() {
    let set = built_in();
    let text = format!("token = \"{}\"\n", fixture::token(3));
    let found = scan(set, text.as_bytes());
    assert!(found.findings.iter().all(|f| f.evidence.is_none()));
    assert!(!found.findings.is_empty());
}

#[test]
fn hostile_names_do_not_flood() {
    let set = built_in();
    for hostile in [
        "password=",
        "password=password:",
        "password=\"",
        "password=a;",
        "\"password\":\"",
        "token token='",
        "key=key=key=",
        "kind: Secret\ndata:\n a: ",
        "secret_secret_secret.secret-",
    ] {
        let found = scan(set, hostile.repeat(20_000 / hostile.len()).as_bytes());
        assert!(found.findings.len() <= 300, "{hostile}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What stands beyond the window changes nothing.
    #[test]
    fn the_sum_rests_on_the_window_alone(seed in 1u64..10_000, far in "[a-z \n]{0,300}") {
        let set = built_in();
        let line = format!("{}password = \"{}\"\n{}", "x \n".repeat(250), noise(16, seed), "y \n".repeat(250));
        let alone = scan(set, line.as_bytes());
        let among = scan(set, format!("{far}{line}{far}").as_bytes());
        let sums = |s: &Scanned| s.findings.iter().map(|f| f.evidence).collect::<Vec<_>>();
        prop_assert_eq!(sums(&alone), sums(&among));
    }

    /// Wherever the object is cut, the same is found.
    #[test]
    fn pieces_find_the_same(seed in 1u64..10_000, cut in 1usize..5_000) {
        let set = built_in();
        let mut text = String::new();
        for n in 0..60 {
            text += &format!("user{n} = 'a'\ndb_password = '{}'\n{}\n", noise(14, seed + n), "z ".repeat(20));
        }
        let whole = scan(set, text.as_bytes());
        let mut scratch = Scratch::new();
        let mut stream = set.stream(ObjectKind::Blob, &mut scratch);
        for piece in text.as_bytes().chunks(cut) {
            stream.feed(set, &key(), &mut scratch, piece);
        }
        let mut out = Scanned::default();
        stream.finish(set, &key(), &mut scratch, &mut out);
        let ours = whole.findings.iter().filter(|f| !f.evidence.is_none());
        prop_assert!(ours.count() >= 58);
        prop_assert_eq!(whole.findings, out.findings);
    }

    /// The confidence never falls when a fact that speaks for a value is added.
    #[test]
    fn more_evidence_is_never_less(bits in proptest::collection::vec(0usize..Fact::ALL.len(), 0..20), more in 0usize..Fact::ALL.len()) {
        let set = bits.iter().fold(Evidence::NONE, |e, i| e.with(Fact::ALL[*i]));
        let fact = Fact::ALL[more];
        let place = matches!(fact, Fact::InTests | Fact::InDocuments | Fact::InManual);
        let guessed = matches!(fact, Fact::Common | Fact::WordAlone | Fact::Salt);
        if fact.weight() >= 0 && !place && !guessed {
            prop_assert!(set.with(fact).confidence() >= set.confidence());
        }
    }
}

/// A table of values that block nowhere, or of code that is never told, hides no value that does.
#[test]
fn many_weak_values_hide_no_strong_one() {
    let weak: String = (0..400)
        .map(|n| format!("db_password = \"{}\"\n", noise(9, n + 1)))
        .collect();
    let strong = format!("new_password = \"{}\"\n", noise(24, 7));
    let line = |text: &str, at: u32| {
        let out = scan(built_in(), text.as_bytes());
        out.findings.iter().any(|f| f.span.line == at)
    };
    assert!(line(&strong, 1));
    assert!(line(&format!("{weak}{strong}"), 401));
    assert!(!line(&format!("{weak}x = 1\n"), 401));
}

#[test]
fn what_is_shown_to_strangers_is_low_or_not_told() {
    let set = built_in();
    let key = noise(40, 77);
    let told = |path: &str, text: &str| judged(set, path, &text.replace('~', &key));
    // A program says how it is called in a block of Markdown in a comment, and only there.
    let call = "# **Join**\n#\n# ```ruby\n# join 'a' do\n#   api_key '~'\n# end\n# ```\n";
    assert!(told("lib/join.rb", call) <= Some(Confidence::Low));
    let behind = "\nAPI_KEY = '~'\n";
    assert!(told("lib/join.rb", &format!("{call}{behind}")) >= Some(Confidence::Medium));
    // A machine for developers has the password of its box.
    let word = "db_password: wombat\n";
    assert_eq!(told("ansible/vagrant_play.yml", word), None);
    assert!(told("ansible/play.yml", word).is_some());
    // In notes a program is an example of how a key is given, a password may be anybody's.
    let notes = "## Use\n\n```js\nclient({ apiKey: \"~\" })\n```\n";
    assert_eq!(told("README.md", notes), Some(Confidence::Low));
    let settings = notes.replace("```js", "```env");
    assert!(told("README.md", &settings) >= Some(Confidence::Medium));
    let password = notes.replace("apiKey", "password");
    assert!(told("README.md", &password) >= Some(Confidence::Medium));
    // What is to be filled in.
    let note = "# SHOP_TOKEN=~\nPORT=1\n";
    assert_eq!(told("app/.env.template", note), Some(Confidence::Low));
    assert!(told("app/.env", note) >= Some(Confidence::Medium));
    assert!(told("app/.env.template", &note[2..]) >= Some(Confidence::Medium));
    // A service is no manual for its name.
    let line = "DB_PASSWORD = \"~\"\n";
    assert_eq!(
        told("docs-service/config.py", line),
        told("service/config.py", line)
    );
    // Documents have many folders.
    let page = "<code>shop({ apiKey: '~' })</code>";
    assert_eq!(
        told("views/api-docs/a.blade.php", page),
        Some(Confidence::Low)
    );
    assert!(told("views/shop/a.blade.php", page) >= Some(Confidence::Medium));
}

/// What opens a block and is over, a comment or a literal, opens none for what stands below it.
#[test]
fn a_block_that_was_left_open_hides_nothing_below() {
    let set = built_in();
    let value = noise(24, 78);
    for (path, opener) in [
        ("src/db.py", "# Example:\n# ```python\n# connect()\n\n"),
        ("src/app.py", "PREFILL = \"\"\"\n```python\n\"\"\"\n\n"),
        ("src/db.ts", "/**\n * Use:\n * ```ts\n * connect()\n */\n"),
        ("src/db.go", "// Connects.\n// ```go\n// Connect()\n"),
    ] {
        for line in ["DB_PASSWORD = \"~\"\n", "const apiKey = \"~\"\n"] {
            let text = format!("{opener}{line}").replace('~', &value);
            let without = line.replace('~', &value);
            let alone = judged(set, path, &without);
            assert!(alone >= Some(Confidence::Medium), "{path} {line}");
            assert_eq!(judged(set, path, &text), alone, "{path} {opener}");
        }
    }
}
