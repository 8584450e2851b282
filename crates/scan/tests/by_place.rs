//! Secrets that no name introduces but a call, a sentence or what stands behind them, each with a
//! twin that is none. Values are made at run time.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{judged, noise, of};
use lychgate_model::Confidence;

/// A context with `~` in the place of the value, and what there is harmless.
fn twins(contexts: &[(&str, &str, &str)], value: &str, least: Confidence) {
    for (path, context, harmless) in contexts {
        let bad = context.replace('~', value);
        assert!(judged(path, &bad) >= Some(least), "{path} {bad}");
        let good = context.replace('~', harmless);
        assert_eq!(judged(path, &good), None, "{path} {good}");
    }
}

#[test]
fn a_function_takes_a_password_by_its_place() {
    let contexts = [
        ("a.cs", "await users.CreateAsync(user, \"~\");", "token"),
        (
            "a.kt",
            "SQLiteDatabase.openOrCreateDatabase(f, \"~\", null)",
            "a.db",
        ),
        ("a.py", "c.expect('password:')\nc.sendline('~')", "ls -la"),
        ("a.php", "imap_open($host, 'jo', '~');", "%s"),
        (
            "a.m",
            "conn = database('shop','root','~','Vendor','MySQL');",
            "dbo",
        ),
        (
            "a.sbt",
            "Credentials(\"Nexus\", \"h.acme.net\", \"jo\", \"~\")",
            "realm",
        ),
        (
            "a.sql",
            "EXEC sp_addlinkedsrvlogin 'S','false',NULL,'sa','~';",
            "sa",
        ),
        ("a.py", "run(['sshpass', '-p', '~', 'ssh', 'root@h'])", "%s"),
        (
            "a.js",
            "const h = 'Basic ' + Buffer.from('jo:~').toString('base64');",
            "${pw}",
        ),
        (
            "a.js",
            "x.setRequestHeader('Authorization', btoa('jo:~'))",
            "password",
        ),
        (
            "a.go",
            "gorm.Open(\"mysql\", \"root:~@/app?charset=utf8\")",
            "%s",
        ),
        ("a.java", "ks.load(in, \"~\".toCharArray());", "changeit"),
        (
            "A.java",
            "b.withUser(\"jo\").password(\"{noop}~\").roles(\"A\");",
            "password",
        ),
    ];
    twins(&contexts, &noise(14, 3), Confidence::Medium);
    // Nobody was asked for a password.
    assert_eq!(
        judged("a.py", &format!("c.sendline('{}')", noise(14, 3))),
        None
    );
}

#[test]
fn a_function_takes_a_key_by_its_place() {
    let contexts = [
        (
            "a.js",
            "crypto.createCipheriv('aes-256-cbc', '~', iv);",
            "secret",
        ),
        (
            "a.js",
            "var key = CryptoJS.enc.Utf8.parse('~');",
            "a message",
        ),
        ("a.cs", "var key = Encoding.UTF8.GetBytes(\"~\");", "hello"),
        ("a.go", "token.SignedString([]byte(\"~\"))", "secret"),
        ("a.go", "hmac.New(sha256.New, []byte(\"~\"))", "key"),
        (
            "a.java",
            "b.signWith(SignatureAlgorithm.HS512, \"~\");",
            "none",
        ),
        (
            "a.php",
            "openssl_encrypt($d, 'AES-128-CBC', '~', 0, $iv);",
            "%s",
        ),
        ("a.rb", "provider :github, 'acme-app', '~'", "read,write"),
        (
            "a.py",
            "tweepy.OAuthHandler(\"acme-app\", \"~\")",
            "consumer_secret",
        ),
        (
            "a.go",
            "minio.New(\"h.acme.net\", \"acme\", \"~\", true)",
            "us-east-1",
        ),
        ("a.cpp", "char auth[] = \"~\";", "YourAuthToken"),
    ];
    twins(&contexts, &noise(32, 5), Confidence::Medium);
}

#[test]
fn a_value_may_stand_before_its_name() {
    let contexts = [
        ("A.java", "if (\"~\".equals(password)) {", "password"),
        ("a.php", "if ('~' === $password) {", ""),
        (
            "a.sql",
            "UPDATE c SET value='~' WHERE name='smtp_password';",
            "none",
        ),
        (
            "a.swift",
            "r.setValue(\"~\", forHTTPHeaderField: \"X-Api-Key\")",
            "application/json",
        ),
    ];
    twins(&contexts, &noise(24, 7), Confidence::Medium);
    let other = format!("UPDATE c SET value='{}' WHERE name='title';", noise(14, 7));
    assert_eq!(judged("a.sql", &other), None);
}

#[test]
fn a_name_may_have_a_type_behind_it() {
    let contexts = [
        ("a.bicep", "param adminPassword string = '~'", "changeme"),
        (
            "a.pks",
            "c_password CONSTANT VARCHAR2(30) := '~';",
            "password",
        ),
        ("a.exs", "{:password, \"~\"},", "changeme"),
        (
            "a.xml",
            "<w:Password Type=\"x#PasswordText\">~</w:Password>",
            "${pw}",
        ),
        ("Makefile", "DB_PASS ?= ~\n", "$(PASS)"),
        ("p.yaml", "  app:apiKey: ~\n", "${key}"),
        ("a.php", "$pw = bcrypt('~');", "password"),
    ];
    twins(&contexts, &noise(20, 9), Confidence::Medium);
}

#[test]
fn a_sentence_tells_a_secret() {
    let contexts = [
        ("notes.txt", "The API key is `~`.", "shown below"),
        ("notes.txt", "Use the token ~ for staging.", "abcdefghijkl"),
        ("notes.txt", "pw for the vm is ~", "unknown"),
        ("notes.txt", "user jo pw ~\n", "below"),
        ("notes.txt", "AnyDesk 361 726 password ~\n", "protected"),
        ("notes.txt", "Username/Password: admin/~", "see the wiki"),
        ("notes.txt", "Test account: jo@acme.net / ~", "ask Ada"),
        ("notes.txt", "Login with `admin` / `~`", "password"),
    ];
    twins(&contexts, &noise(20, 11), Confidence::Medium);
    // In code the next word is another name.
    let code = format!("let x = token {} for y;", noise(24, 11));
    assert_eq!(judged("a.rs", &code), None);
}

#[test]
fn what_people_choose_is_listed_low_where_it_is_told() {
    let chosen = ["Salty", "Pepper", "73"].concat();
    for (path, context) in [
        ("docs/setup.md", "- user: admin, password: ~\n"),
        ("README.md", "Default password: ~\n"),
        ("README.md", "The root password is ~, change it.\n"),
    ] {
        let text = context.replace('~', &chosen);
        assert_eq!(judged(path, &text), Some(Confidence::Low), "{text}");
        let twin = context.replace('~', "changeme");
        assert_eq!(judged(path, &twin), None, "{twin}");
    }
    // An example of code stays what it is.
    let code = format!("{{ \"password\": \"{chosen}\" }}");
    assert_eq!(judged("README.md", &code), None);
}

#[test]
fn colours_nonces_and_keys_of_entries_are_none() {
    let hex = of(b"0123456789abcdef", 40, 13);
    for (path, text) in [
        ("a.tsx", format!("const cache = {{ key: 'v1:{hex}' }};")),
        ("a.vue", format!("<script nonce=\"{}\">", noise(24, 13))),
        ("a.ts", "const t = { colorSecret: '#12ab34' };".to_owned()),
        ("a.php", "[F::FORMAT_KEY => 'P%yY%mM%dD']".to_owned()),
    ] {
        assert_eq!(judged(path, &text), None, "{text}");
    }
    let nonce = format!("const nonce = \"{}\";", noise(24, 13));
    assert!(judged("a.js", &nonce).is_some());
}
