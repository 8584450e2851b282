//! Secrets as people wrote them in real folders, each with a twin that is none. Values are made at
//! run time.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{built_in, noise, of};
use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::{Input, RawFinding, Scanned, Scratch};

fn scan(text: &str) -> Scanned {
    let mut out = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    built_in().scan(input, &fixture::key(), &mut Scratch::new(), &mut out);
    out
}

fn hex(length: usize, seed: u64) -> String {
    of(b"0123456789abcdef", length, seed)
}

/// The best confidence of values without a shape at a path.
fn judged(path: &str, text: &str) -> Option<Confidence> {
    let found = scan(text);
    let at = |f: &RawFinding| f.evidence.at(path.as_bytes()).confidence();
    let shapeless = found.findings.iter().filter(|f| !f.evidence.is_none());
    shapeless.filter_map(at).max()
}

/// Each line with the path it stands at; the twin is found nowhere.
fn twins(lines: &[(&str, String, String)]) {
    for (path, found, passed) in lines {
        assert!(judged(path, found) >= Some(Confidence::Medium), "{found}");
        assert_eq!(judged(path, passed), None, "{passed}");
    }
}

#[test]
fn neighbours_in_lists_and_behind_values_are_no_pairs() {
    let value = noise(14, 3);
    twins(&[
        (
            "a.json",
            format!("{{\"a\": 1, \"pw\": \"{value}\"}}"),
            format!("\"sso\": \"https://sso.acme.pw\",\n  \"{value}\": \"https://id.acme.pw\""),
        ),
        (
            "A.java",
            format!("props.put(\n  \"password\",\n  \"{value}\");"),
            format!("  \"letters\",\n  \"password\",\n  \"{value}\",\n"),
        ),
        (
            "a.py",
            format!("run([\"tool\", \"--password\", \"{value}\", \"x\"])"),
            format!("common = [\"words\", \"password\", \"{value}\", \"x\"]"),
        ),
        (
            "a.js",
            format!("set('password', '{value}', 1)"),
            format!("x = {{type: 'password', '{value}': 1}}"),
        ),
    ]);
}

#[test]
fn code_that_is_commented_out_is_found_however_far_it_is_set_in() {
    let value = noise(20, 5);
    for blanks in ["", " ", "  ", "   ", "        ", "\t", "\t\t"] {
        for (path, text) in [
            (
                "A.java",
                format!("x();\n//{blanks}String apiKey = \"~\";\n"),
            ),
            ("a.ts", format!("x();\n//{blanks}  password: '~',\n")),
            ("a.py", format!("x()\n#{blanks}api_key = \"~\"\n")),
            ("a.sql", format!("x;\n--{blanks}password = '~'\n")),
            ("a.go", format!("\tx()\n//{blanks}cfg.Password = \"~\"\n")),
        ] {
            let text = text.replace('~', &value);
            assert!(judged(path, &text).is_some(), "{path} {text:?}");
        }
    }
    // Shown below a line of prose.
    for (path, text) in [
        ("a.rb", "x\n# Call it like this:\n#\n#   password: '~'\n"),
        ("a.go", "x\n// An example.\n//\n//\tcfg.Password = \"~\"\n"),
        ("a.c", "x\n// The key is given so:\n//    api_key = \"~\"\n"),
    ] {
        assert_eq!(judged(path, &text.replace('~', &value)), None, "{text}");
    }
}

#[test]
fn a_value_of_known_shape_is_not_hidden_by_the_name_beside_it() {
    let value = ["AI", "za", &noise(35, 7)].concat();
    let rules = built_in();
    for text in [format!("GOOGLE_API_KEY={value}\n"), format!("x {value}\n")] {
        let found = scan(&text);
        let shaped = found.findings.iter().filter(|f| f.evidence.is_none());
        let ids: Vec<_> = shaped
            .map(|f| rules.rules()[f.rule as usize].id.as_str())
            .collect();
        assert_eq!(ids, ["gcp.api-key"], "{text}");
    }
    let short = format!("GOOGLE_API_KEY={}\n", &value[..20]);
    let found = scan(&short);
    assert!(found.findings.iter().all(|f| !f.evidence.is_none()));
}

#[test]
fn keys_by_other_names() {
    let (key, other) = (hex(32, 9), noise(24, 2));
    twins(&[
        (
            "A.java",
            format!("String key = \"{key}\";"),
            format!("String key = \"{key}\"; // md5"),
        ),
        (
            "A.java",
            format!("String encKey = \"{key}\";"),
            format!("String encPassword = \"{other}\";"),
        ),
        (
            "A.java",
            format!("p.put(\"enc_key\", \"{other}\");"),
            format!("p.put(\"project_key\", \"{other}\");"),
        ),
        (
            "a.py",
            format!("SM4_KEY = '{key}'"),
            format!("SM4_KEY_NAME = '{key}'"),
        ),
        (
            "A.java",
            format!("mSecretKey = \"{other}\";"),
            "mSecretKey = \"mSecretKey\";".into(),
        ),
        (
            "A.java",
            format!("data.setPushSafeKey(\"{key}\");"),
            format!("data.getPushSafeKey(\"{key}\");"),
        ),
        (
            "a.js",
            format!("get('https://h.acme.net/v1?key={key}')"),
            format!("get('https://h.acme.net/v1?key={key}&hash=1')"),
        ),
        (
            "a.yml",
            format!("vendor_auth_code: {other}"),
            format!("vendor_auth_code_type: {other}"),
        ),
        (
            "a.yml",
            format!("app_certificate: {key}"),
            format!("certificate: {key}"),
        ),
    ]);
}

#[test]
fn salts_nonces_and_vectors_that_stay_the_same_are_listed_and_never_block() {
    let value = noise(24, 4);
    for (path, text, passed) in [
        (
            "A.java",
            "byte[] iv = \"~\".getBytes();",
            "String div = \"~\";",
        ),
        ("a.yml", "Salt: ~", "Salt: ${SALT}"),
        (
            "A.java",
            "auth.setNonceStr(\"~\");",
            "auth.getNonceStr(\"~\");",
        ),
        (
            "a.php",
            "$password_salt = '~';",
            "$password_salt_length = '~';",
        ),
        ("a.go", "nonce := \"~\"", "nonce := \"peppermintsandsalt\""),
    ] {
        assert_eq!(
            judged(path, &text.replace('~', &value)),
            Some(Confidence::Medium),
            "{text}"
        );
        assert_eq!(judged(path, &passed.replace('~', &value)), None, "{passed}");
    }
    let text = format!("\"salt\": \"{value}\"");
    assert_eq!(judged("package-lock.json", &text), None);
    assert_eq!(judged("docs/a.md", &text), Some(Confidence::Low));
}

#[test]
fn functions_are_handed_secrets_and_fields_have_them_typed_in() {
    let value = noise(14, 8);
    let lines = [
        (
            "a.ts",
            "x('Password_Input').sendKeys('~')",
            "x('Password_Input').waitFor('~')",
        ),
        (
            "a.ts",
            "page.locator('[data-testid=\"password-input\"]').fill('~')",
            "page.locator('[data-testid=\"name-input\"]').fill('~')",
        ),
        (
            "a.ts",
            "page.fill('input[type=\"password\"]', '~')",
            "page.fill('input[type=\"text\"]', '~')",
        ),
        (
            "a.ts",
            "page.fill('#password-input', '~')",
            "page.hint('#password-input', '~')",
        ),
        (
            "a.php",
            "$x = security::decrypt($y['z'], '~');",
            "$x = security::decrypt($y['z'], $~);",
        ),
        ("a.php", "$x = bcrypt('~');", "$x = bcrypt($~);"),
        (
            "a.py",
            "os.environ.get('X_SECRET', '~')",
            "os.environ.get('X_SECRET_NAME', '~')",
        ),
        (
            "a.go",
            "getenv(\"INGEST_TOKEN\", \"~\")",
            "getenv(\"INGEST_TOKEN_NAME\", \"~\")",
        ),
    ];
    let made = lines.map(|(p, a, b)| (p, a.replace('~', &value), b.replace('~', &value)));
    twins(&made);
}

#[test]
fn weak_passwords_are_listed_where_they_are_set_and_never_block() {
    let listed = |path: &str, text: &str| judged(path, text);
    for (path, text) in [
        ("docker-compose_env.yml", "SHOP_ROOT_PASSWORD: admin\n"),
        ("services.yml", "  - SHOP_DB_PASSWORD=rails\n"),
        ("src/A.java", "String dbPassword = \"root\";"),
        ("src/A.java", "String dbPassword = \"garden\";"),
        (
            "compose.yml",
            "URL=${URL:-amqp://admin:admin@mq.acme.net:5672}\n",
        ),
        ("etc/chatapp.yaml", "Password : admin\n"),
        ("pom.xml", "<password>admin</password>"),
        (
            "src/main.ts",
            "x || \"amqp://admin:admin@mq.acme.net:5672\"",
        ),
        (
            "conf/a.properties",
            "jdbc.user=shop\njdbc.password=garden\n",
        ),
    ] {
        assert_eq!(listed(path, text), Some(Confidence::Medium), "{text}");
    }
    let runs = ["abcd", "1234", "$"].concat();
    assert!(listed("a.json", &format!("{{\"pswd\": \"{runs}\"}}")).is_some());
    let runs = ["Test", "1111", "#"].concat();
    assert!(listed("a.steps.ts", &format!("password: '{runs}',")).is_some());
    for (path, text) in [
        ("docker-compose_env.yml", "MYSQL_ROOT_PASSWORD: password\n"),
        ("services.yml", "  - POSTGRES_PASSWORD=changeme\n"),
        ("src/A.java", "String dbPassword = \"required\";"),
        ("src/A.java", "String password = \"garden\";"),
        ("src/A.java", "dbPassword == \"garden\""),
        ("docs/a.md", "amqp://admin:admin@rabbitmq-v2:5672"),
        ("compose.yml", "amqp://user:password@rabbitmq-v2:5672\n"),
        (
            "conf/a.properties",
            "jdbc.user=shop\njdbc.password=your-password\n",
        ),
        ("a.steps.ts", "password: '11111111x',"),
    ] {
        assert_eq!(listed(path, text), None, "{text}");
    }
}

#[test]
fn what_only_looks_like_a_key_is_none() {
    let (key, other) = (hex(32, 9), noise(24, 2));
    twins(&[
        (
            "a.plist",
            format!("<apiKey>{other}</apiKey>"),
            format!("<key>{other}</key>"),
        ),
        (
            "a.php",
            format!("'password' => '{other}'"),
            "'password' => 'notBlank'".into(),
        ),
        (
            "A.java",
            format!("PAYPWD = \"{other}\""),
            "PAYPWD_MODIFYPAYPWD = \"PAYPWD_MODIFYPAYPWD\"".into(),
        ),
        (
            "a.js",
            format!("apiKey: \"{key}\""),
            format!("docsearch({{ apiKey: \"{key}\" }})"),
        ),
        (
            "a.properties",
            format!("sonar.apiKey={other}\n"),
            format!("sonar.projectKey={other}\n"),
        ),
        (
            "a.py",
            format!("access_key = \"{other}\""),
            format!("test_spreadsheet_key = \"{other}\""),
        ),
    ]);
    let text = format!("key = '{}='", noise(43, 6));
    assert!(judged("a_key.py", &text).is_some());
    assert_eq!(judged("dependabot_public_key.py", &text), None);
}

#[test]
fn what_a_manual_shows_is_low() {
    let text = format!("client_secret: '{}'", noise(30, 6));
    assert_eq!(judged("a.yml", &text), Some(Confidence::High));
    assert_eq!(judged("README.md", &text), Some(Confidence::Medium));
    assert_eq!(judged("docs/guides/a.md", &text), Some(Confidence::Low));
    assert_eq!(judged("a.adoc", &text), Some(Confidence::Low));
}

#[test]
fn values_stand_in_elements_cells_and_notes() {
    let value = noise(24, 11);
    let lines = [
        (
            "Web.config",
            "<add key=\"Smtp:Password\" value=\"~\" />",
            "<add key=\"Smtp:Password\" value=\"${PASSWORD}\" note=\"~\" />",
        ),
        (
            "R.resx",
            "<data name=\"DbPassword\" xml:space=\"preserve\">\n    <value>~</value>",
            "<data name=\"DbPasswordHint\" xml:space=\"preserve\">\n    <value>~</value>",
        ),
        (
            "res/values/strings.xml",
            "<string name=\"heap_key\">~</string>",
            "<string name=\"public_key\">~</string>",
        ),
        (
            "res/values/strings.xml",
            "<string name=\"maps_key\" translatable=\"false\">~</string>",
            "<input name=\"maps_key\" class=\"wide\">~</input>",
        ),
        (
            "a.tf",
            "variable \"storage_key\" {\n  type = string\n  default = \"~\"\n}",
            "variable \"storage_key\" {\n  type = string\n}\nx = \"~\"",
        ),
        (
            "A.java",
            "/**\n * DB_PASSWORD=~\n */",
            "/**\n * x.password = '~';\n */",
        ),
        ("a.csv", "user,password\nbob,~\n", "user,password\n~,\n"),
        (
            "README.md",
            "| user | password |\n|---|---|\n| bob | ~ |\n",
            "| user | password |\n|---|---|\n| ~ | none |\n",
        ),
        (
            "README.md",
            "| password | `~` |\n",
            "| password | `none` | ~ |\n",
        ),
        (
            "a.html",
            "<tr><td>Password</td><td>~</td></tr>",
            "<tr><td>Password</td><td></td></tr><td>~</td>",
        ),
    ];
    let made = lines.map(|(p, a, b)| (p, a.replace('~', &value), b.replace('~', &value)));
    twins(&made);
    let hint = format!("<string name=\"hint_password\">{}</string>", noise(9, 3));
    let told = judged("res/values-ga/strings.xml", &hint);
    assert_eq!(told, Some(Confidence::Low));
}
