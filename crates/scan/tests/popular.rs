//! What popular repositories hold that is nobody's secret, each beside its twin that is one.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{built_in, key, noise};
use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::shown::is_shown;
use lychgate_scan::{Input, Scanned, Scratch};

/// The best confidence of what is found at a path.
fn judged(path: &str, text: &str) -> Option<Confidence> {
    let set = built_in();
    let mut found = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut found);
    let path = path.as_bytes();
    let sure = found.findings.iter().filter_map(|f| {
        let rule = &set.rules()[f.rule as usize];
        if !rule.paths.applies_to(path) {
            return None;
        }
        match f.evidence.is_none() {
            true if is_shown(f, rule, path) => Some(Confidence::Low),
            true => Some(f.confidence),
            false => f.evidence.at(path).confidence(),
        }
    });
    sure.max()
}

/// Not listed as it stands, and listed with `secret` in the place of `value`.
fn twins(path: &str, text: &str, value: &str, secret: &str) {
    let harmless = text.replace('~', value);
    let listed = Some(Confidence::Medium);
    assert!(judged(path, &harmless) < listed, "{path}: {harmless}");
    let real = text.replace('~', secret);
    assert!(judged(path, &real) >= listed, "{path}: {real}");
}

#[test]
fn words_of_programs_are_no_secrets() {
    let made = noise(20, 3);
    twins("a.go", "PASS = \"~\"", "\\033[32mPASS\\033[0m", &made);
    twins("a.sh", "DB_PASS=\"~\"", "\\e[32mPASS\\e[0m", &made);
    twins("a.py", "api_key=\"~\",", "epv1Total", &made);
    twins("a.py", "DATA_KEY = \"~\"", "fan.xiaomi_miio", &noise(24, 5));
    twins("a.py", "api_variable_key=\"~\"", "_kwh_per_kwp", &made);
    twins("a.zsh", "emoji[old_key]=$'~'", "\\U1F5DD\\UFE0F", &made);
    twins("a.sh", "assert_key 'F1' '~'", "^[[1;_P", "kq7zr2xwb9");
    let zeros = format!("{}MDA=", "MDAw".repeat(10));
    let random = format!("{}=", noise(43, 7));
    twins("a.py", "NOISE_PSK = \"~\"", &zeros, &random);
    let call = "description: ~ user connection garden77 on all\n";
    twins("a.yml", call, "Telnet", "net");
}

#[test]
fn what_holds_where_nobody_sets_another_is_low() {
    let made = noise(20, 11);
    for word in ["admin", "dreambox", "12345"] {
        twins("a.py", "DEFAULT_PASSWORD = \"~\"", word, &made);
        twins("a.py", "~_PASSWORD = \"admin\"", "DEFAULT", "DATABASE");
    }
    let settings = "shop_admin_password: ~\n";
    twins("a.yml.jinja", settings, "Shop12345", &made);
    // In settings that are in use it is what opens them.
    let used = judged("a.yml", "shop_admin_password: Shop12345\n");
    assert_eq!(used, Some(Confidence::Medium));
    let address = "db = postgresql+x://scott:~@127.0.0.1:5432/shop\n";
    twins("setup.cfg", address, "tiger", &made);
}

#[test]
fn beside_an_address_for_documents_all_is_shown() {
    let text = format!("url: https://~:81\npassword: {}\n", noise(14, 13));
    for host in ["192.0.2.1", "198.51.100.27", "203.0.113.11"] {
        twins("a.yaml", &text, host, "203.0.112.11");
    }
    twins("a.yaml", &text, "203.0.113.1", "1.203.0.113.1");
    let said = format!("# ~ password: {}\n", noise(14, 29));
    twins("bin/make", &said, "Example", "Shop's");
}

#[test]
fn the_password_of_a_header_or_an_address_is_shown_in_a_manual() {
    let password = noise(14, 17);
    let address = format!("db = \"postgres://shop:{password}@db.acme.net/shop\"\n");
    assert!(judged("doc/build/engines.rst", &address) < Some(Confidence::Medium));
    assert!(judged("src/engines.py", &address) >= Some(Confidence::High));
    let header = format!(
        "curl -H \"Authorization: Token {}\" https://acme.net\n",
        noise(40, 19)
    );
    assert!(judged("docs/login/README.md", &header) < Some(Confidence::Medium));
    assert!(judged("bin/login.sh", &header) >= Some(Confidence::Medium));
}

#[test]
fn a_program_compares_with_a_hash() {
    let hash = format!("x = \"$2b$12${}\"\n", noise(53, 23));
    for path in [
        "auth/login.py",
        "core/field.go",
        "types.d.ts",
        "sql/shop.sql",
    ] {
        assert_eq!(judged(path, &hash), Some(Confidence::Low), "{path}");
    }
    for path in ["dump.sql", "users.conf", "htpasswd"] {
        assert_eq!(judged(path, &hash), Some(Confidence::Medium), "{path}");
    }
}

#[test]
fn what_is_called_an_example_is_low() {
    let made = noise(32, 31);
    for (shown, used) in [
        (
            "docs::examples = \"api_key=~\"",
            "docs::settings = \"api_key=~\"",
        ),
        (
            "/*\n{\n  \"access_token\": \"~\"\n}\n*/",
            "{\n  \"access_token\": \"~\"\n}",
        ),
        ("// \"refresh_token\": \"~\",", "\"refresh_token\": \"~\","),
        (
            "\"\"\"How.\n\n.. code-block:: ini\n\n   acme_api_key = \"~\"\n\"\"\"",
            "How.\n\nacme_api_key = \"~\"\n",
        ),
    ] {
        let at = |text: &str| judged("src/a.rs", &text.replace('~', &made));
        assert_eq!(at(shown), Some(Confidence::Low), "{shown}");
        assert!(at(used) >= Some(Confidence::Medium), "{used}");
    }
    // So is what a rule knows that no check confirms.
    let hex = fixture::of(b"0123456789abcdef", 32, 37);
    let example = format!("examples: [\"datadog_api_key={hex}\"]\n");
    assert_eq!(judged("a.cue", &example), Some(Confidence::Low));
    let used = example.replace("examples", "settings");
    assert!(judged("a.cue", &used) >= Some(Confidence::High));
}

#[test]
fn a_name_may_say_that_a_key_is_nobodys_or_open() {
    let hex = fixture::of(b"0123456789abcdef", 32, 41);
    for (name, sure) in [
        ("FAKE_DATADOG_API_KEY", false),
        ("DATADOG_API_KEY", true),
        ("fakeryDatadogApiKey", true),
    ] {
        let found = judged("a.py", &format!("{name} = \"{hex}\"\n"));
        assert_eq!(found >= Some(Confidence::Medium), sure, "{name}");
        assert!(found.is_some(), "{name}");
    }
    // A word beside it is no way past what has a shape of its own.
    for name in ["FAKE_TOKEN", "TOKEN"] {
        let found = judged("a.py", &format!("{name} = \"{}\"\n", fixture::token(1)));
        assert!(found >= Some(Confidence::High), "{name}");
    }
    let search = noise(32, 43);
    for (name, sure) in [
        ("typesense_public_apikey", false),
        ("TYPESENSE_ADMIN_API_KEY", true),
        ("NEXT_PUBLIC_TYPESENSE_API_KEY", true),
    ] {
        let found = judged("a.toml", &format!("{name} = \"{search}\"\n"));
        assert_eq!(found >= Some(Confidence::Medium), sure, "{name}");
    }
}

#[test]
fn what_a_tools_grammar_calls_a_password_is_low_in_a_manual() {
    let text = format!("    stats auth admin:{}\n", noise(12, 47));
    assert_eq!(
        judged("doc/configuration.txt", &text),
        Some(Confidence::Low)
    );
    assert!(judged("etc/haproxy.cfg", &text) >= Some(Confidence::Medium));
}

#[test]
fn words_that_open_this_machine_are_low() {
    for (shown, used) in [
        (
            "url = \"postgresql://postgres:postgres@localhost:5432/a\"",
            "url = \"postgresql://postgres:postgres@db.acme.net:5432/a\"",
        ),
        (
            "MYSQL_ROOT_PASSWORD: \"admin\"\n",
            "SHOP_ADMIN_PASSWORD: \"admin\"\n",
        ),
        ("# db_password = 123456\n", "db_password = 123456\n"),
    ] {
        assert_eq!(judged("a.yml", shown), Some(Confidence::Low), "{shown}");
        assert!(judged("a.yml", used) >= Some(Confidence::Medium), "{used}");
    }
    let address = "psql postgres://shop:walnutgrove@~/shop\n";
    let near = judged("a.yml", &address.replace('~', "database"));
    assert_eq!(near, Some(Confidence::Low));
    let far = judged("a.yml", &address.replace('~', "db.acme.net"));
    assert!(far >= Some(Confidence::High));
}

#[test]
fn copies_and_translations_are_told_and_low() {
    let text = format!("{{\"secret\": \"{}\"}}", noise(24, 53));
    for path in [
        "vendor/x/a.json",
        "web/node_modules/x/a.json",
        "locale/de.json",
    ] {
        assert_eq!(judged(path, &text), Some(Confidence::Low), "{path}");
        assert_eq!(judged(path, "{\"secret\": \"Geheimnis\"}"), None, "{path}");
    }
    assert!(judged("src/a.json", &text) >= Some(Confidence::High));
}

#[test]
fn an_address_that_ends_is_low() {
    let token = noise(40, 59);
    let text = format!("\"file\": \"https://cdn.acme.net/a?e=~&token={token}\"\n");
    let ends = judged("a.json", &text.replace('~', "1576142006"));
    assert_eq!(ends, Some(Confidence::Low));
    assert!(judged("a.json", &text.replace('~', "1")) >= Some(Confidence::Medium));
    let secret = format!("client_secret = \"{token}\"\n");
    let here = judged("contrib/local-environment/proxy.cfg", &secret);
    assert_eq!(here, Some(Confidence::Low));
    assert!(judged("contrib/proxy.cfg", &secret) >= Some(Confidence::High));
}

#[test]
fn what_stands_under_encrypted_is_encrypted() {
    let value = format!("wcFMA{}", noise(180, 61));
    let text = "{\n  \"~\": {\n    \"token\": \"VALUE\"\n  }\n}\n".replace("VALUE", &value);
    assert_eq!(
        judged("renovate.json", &text.replace('~', "encrypted")),
        None
    );
    for used in ["decrypted", "hostRules", "encrypted\": {}, \"x"] {
        let text = text.replace('~', used);
        assert!(
            judged("renovate.json", &text) >= Some(Confidence::Medium),
            "{text}"
        );
    }
    // One that is too short is what a person wrote.
    let plain = text
        .replace(&value, &noise(24, 67))
        .replace('~', "encrypted");
    assert!(judged("renovate.json", &plain) >= Some(Confidence::Medium));
}

#[test]
fn the_secret_of_an_app_is_no_text_of_it() {
    let hex = fixture::of(b"0123456789abcdef", 32, 71);
    let text = format!("<resources>\n  <string name=\"facebook_~\">{hex}</string>\n</resources>\n");
    let at = |what: &str| {
        judged(
            "app/src/main/res/values/strings.xml",
            &text.replace('~', what),
        )
    };
    assert!(at("app_secret") >= Some(Confidence::Medium));
    // This one is made for apps.
    assert!(at("client_token") < Some(Confidence::Medium));
    let manual = judged("docs/setup.md", &text.replace('~', "app_secret"));
    assert_eq!(manual, Some(Confidence::Low));
}
