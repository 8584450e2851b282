//! Secrets that no name introduces: arguments of functions, words of commands, sentences.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{built_in, key};
use lychgate_model::{Confidence, HashKind, ObjectKind};
use lychgate_scan::{Input, Scanned, Scratch};

/// The best confidence at a path; a rule that knows the shape is as good as sure.
fn judged(path: &str, text: &str) -> Option<Confidence> {
    let set = built_in();
    let mut found = Scanned::default();
    let input = Input {
        kind: ObjectKind::Blob,
        hash: HashKind::Sha1,
        bytes: text.as_bytes(),
    };
    set.scan(input, &key(), &mut Scratch::new(), &mut found);
    let levels = found.findings.iter().filter_map(|f| {
        let rule = &set.rules()[f.rule as usize];
        match f.evidence.is_none() {
            true => rule
                .paths
                .applies_to(path.as_bytes())
                .then_some(Confidence::High),
            false => f.evidence.at(path.as_bytes()).confidence(),
        }
    });
    levels.max()
}

/// Made at run time, so that nothing here looks like a secret.
fn value(seed: usize) -> String {
    let words = ["Walrus", "Kepler", "Nimbus"];
    let odd = ["qX7v", "Lz9k", "R4wT"];
    format!("{}{}{}", odd[seed % 3], 8 + seed, words[seed % 3])
}

fn found_and_its_twin_is_not(cases: &[(&str, &str, &str)]) {
    for (path, context, harmless) in cases {
        for seed in 0..3 {
            let text = context.replace("~~", "q7Zx9kLw3RtY5vBn2MsD");
            let text = text.replace('~', &value(seed));
            assert!(judged(path, &text).is_some(), "{path}: {text}");
        }
        let twin = context.replace("~~", harmless).replace('~', harmless);
        assert_eq!(judged(path, &twin), None, "{path}: {twin}");
    }
}

#[test]
fn functions_are_handed_passwords_and_keys() {
    found_and_its_twin_is_not(&[
        (
            "a.py",
            "c = pymysql.connect(\"h1\", \"app\", \"~\", \"shop\")",
            "%s",
        ),
        (
            "a.php",
            "$c = mysqli_connect('h1', 'app', '~', 'shop');",
            "password",
        ),
        (
            "a.php",
            "$c = new mysqli($host, 'app', '~');",
            "your-password",
        ),
        (
            "a.php",
            "new PDO('mysql:host=h1;dbname=a', 'app', '~');",
            "changeme",
        ),
        ("a.php", "ftp_login($conn, 'app', '~');", "password"),
        (
            "a.php",
            "curl_setopt($ch, CURLOPT_USERPWD, 'app:~');",
            "$pass",
        ),
        (
            "a.c",
            "mysql_real_connect(con, \"h\", \"u\", \"~\", \"d\", 0);",
            "password",
        ),
        ("a.py", "ssh.connect('h1', 22, 'root', '~')", "password"),
        ("a.py", "requests.get(url, auth=('app', '~'))", "password"),
        ("a.py", "c.username_pw_set('app', '~')", "password"),
        (
            "a.go",
            "smtp.PlainAuth(\"\", \"me\", \"~\", \"h1\")",
            "password",
        ),
        (
            "a.go",
            "sql.Open(\"mysql\", \"app:~@tcp(h1:3306)/shop\")",
            "%s",
        ),
        ("a.rb", "http.basic_auth 'app', '~'", "password"),
        ("a.js", "new Sequelize('shop', 'app', '~', {})", "password"),
        ("a.ino", "WiFi.begin(\"HomeNet\", \"~\");", "password"),
        (
            "a.java",
            "keyStore.load(in, \"~\".toCharArray());",
            "password",
        ),
        (
            "a.java",
            "find(By.id(\"password\")).sendKeys(\"~\");",
            "password",
        ),
        (
            "a.php",
            "$c = oci_connect('app', '~', 'h1/XE');",
            "password",
        ),
        ("a.lua", "red:auth(\"~\")", "password"),
        ("a.java", "http.httpBasic(\"app\", \"~\")", "password"),
        ("a.js", "page.type('input[name=password]', '~');", "Enter"),
        ("a.js", "jwt.sign({ id: 7 }, '~~')", "secret"),
        ("a.js", "crypto.createHmac('sha256', '~~')", "utf8"),
        ("a.py", "AES.new(b'~~', AES.MODE_CBC)", "YELLOW SUBMARINE"),
        (
            "a.sql",
            "INSERT INTO u (name, password) VALUES ('bob', '~');",
            "secret",
        ),
    ]);
    for other in [
        "disconnect(\"a\", \"b\", \"~\")",
        "socket.connect(\"tcp\", \"h1\", port)",
        "\"0123456789ABCDEF\".toCharArray()",
        "connect = \"~\"",
        "pdo: \"~\"",
    ] {
        let text = other.replace('~', &value(1));
        assert_eq!(judged("a.js", &text), None, "{text}");
    }
}

#[test]
fn commands_take_passwords_without_naming_them() {
    found_and_its_twin_is_not(&[
        ("a.sh", "docker login -u ci -p ~ registry.acme.net", "$PASS"),
        (
            "a.sh",
            "echo \"~\" | docker login -u ci --password-stdin",
            "$PASS",
        ),
        ("a.sh", "echo 'root:~' | chpasswd", "$PASS"),
        ("a.sh", "echo ~ | sudo -S true", "$PASS"),
        ("a.sh", "echo -e \"~\\n~\" | passwd root", "$PASS"),
        ("a.sh", "mysqladmin -u root password '~'", "password"),
        ("a.sh", "smbclient //h/share -U app%~", "$PASS"),
        ("a.sh", "lftp -u app,~ h1.acme.net", "$PASS"),
        ("a.sh", "sqlcmd -S h1 -U sa -P ~", "$PASS"),
        ("a.sh", "zip -P ~ a.zip a", "$PASS"),
        ("a.sh", "openssl enc -aes-256-cbc -k ~ -in a", "\"$KEY\""),
        ("a.sh", "htpasswd -cb /etc/users app ~", "$PASS"),
        ("a.sh", "keytool -genkey -storepass ~ -alias a", "changeit"),
        ("a.sh", "rabbitmqctl add_user app ~", "$PASS"),
        ("a.bat", "net use Z: \\\\h1\\share /user:acme\\app ~", ""),
        ("a.bat", "net user app ~ /add", "*"),
        ("a.bat", "plink -ssh app@h1 -pw ~ ls", "%PW%"),
        ("a.bat", "cmdkey /add:h1 /user:app /pass:~", "%PW%"),
        (
            "a.ps1",
            "$s = ConvertTo-SecureString \"~\" -AsPlainText",
            "$pw",
        ),
        ("a.ps1", "'~' | ConvertTo-SecureString -AsPlainText", "$pw"),
        ("a.exp", "expect \"assword:\"\nsend \"~\\r\"\n", "$pw"),
        ("a.ks", "rootpw --plaintext ~\n", ""),
        ("a.cfg", "username app password 0 ~\n", "<pw>"),
        (".netrc", "machine h1 login app password ~\n", "<pw>"),
        (
            "fstab",
            "//h/s /mnt cifs username=app,password=~ 0 0\n",
            "$PW",
        ),
        ("a.sql", "ALTER USER a IDENTIFIED WITH x BY '~';", "%s"),
        (
            "a.sql",
            "CREATE USER a IDENTIFIED BY ~ PROFILE p;",
            "secret",
        ),
    ]);
    for other in [
        "unzip -p ~ a",
        "useradd -m bob",
        "net use Z: \\\\h1\\share",
        "mysql -u root -p",
        "htpasswd -c /etc/users app",
    ] {
        let text = other.replace('~', &value(1));
        assert_eq!(judged("a.sh", &text), None, "{text}");
    }
}

#[test]
fn sentences_and_markup_say_passwords() {
    found_and_its_twin_is_not(&[
        ("a.txt", "The password is ~ for now.", "stored"),
        ("a.txt", "prod db pw is ~, do not share", "long"),
        ("a.py", "# password: ~\n", "required"),
        ("a.txt", "**Password:** ~\n", "required"),
        ("a.txt", "log in with root (password: ~)\n", "required"),
        ("a.html", "<!-- admin password: ~ -->", "see below"),
        (
            "a.plist",
            "<key>Password</key>\n<string>~</string>",
            "Password",
        ),
        ("a.xml", "<password><![CDATA[~]]></password>", "${pw}"),
        (
            "a.xml",
            "<AdminPassword><Value>~</Value></AdminPassword>",
            "%PW%",
        ),
        ("a.gradle", "storePassword \"~\"\n", "$pw"),
        (
            "a.html",
            "<input type=\"password\" name=\"p\" value=\"~\">",
            "{{ pw }}",
        ),
    ]);
    let form = "<input type=\"hidden\" name=\"~\" value=\"q7Zx9kLw3RtY5vBn2MsD7hQ4\">";
    assert_eq!(judged("a.html", &form.replace('~', "_token")), None);
    assert!(judged("a.html", &form.replace('~', "api_token")).is_some());
    for prose in [
        "The password is case-sensitive.",
        "The password was changed in v2.",
        "Your password is at least 8 characters long.",
        "password is base64-encoded",
        "login with password to continue",
    ] {
        assert_eq!(judged("a.txt", prose), None, "{prose}");
    }
}

#[test]
fn manuals_show_passwords_that_are_nobodys() {
    let human = "password: Walrus2031\n";
    assert!(judged("a.txt", human).is_some());
    for path in ["docs/a.txt", "README.md", "man/a.5", "site/docs/a.yml"] {
        // A file that lies beside code may tell what is in use.
        let told = (path == "README.md").then_some(Confidence::Low);
        assert_eq!(judged(path, human), told, "{path}");
        let random = format!("password: {}\n", "qX7vLz9kR4wTb2Hn");
        assert!(judged(path, &random).is_some(), "{path}");
    }
}

#[test]
fn copies_of_others_code_hold_what_is_public() {
    let text = format!("{{\"secret\": \"{}\"}}", "qX7vLz9kR4wTb2HnqX8v");
    assert!(judged("src/a.json", &text).is_some());
    let low = Some(Confidence::Low);
    assert_eq!(judged("vendor/github.com/x/y/a.json", &text), low);
    assert_eq!(judged("web/node_modules/x/a.json", &text), low);
    let key = format!("id = {}{}\n", concat!("AK", "IA"), "QX7VLZ4KR5WTB2HN");
    let both = [judged("src/a", &key), judged("vendor/x/a", &key)];
    let told = [Some(Confidence::High); 2];
    assert_eq!(both, told, "what has a shape is told everywhere");
}

#[test]
fn names_lead_to_values_in_other_ways() {
    found_and_its_twin_is_not(&[
        ("a.vb", "Dim password As String = \"~\"", "%PASSWORD%"),
        ("sys.config", "{default_pass, <<\"~\">>}", "${PASS}"),
        (
            "c.clj",
            "(def db {:user \"x\" :password \"~\"})",
            "<password>",
        ),
        ("init.el", "(setq my-password \"~\")", "changeme"),
        ("a.csh", "setenv DB_PASSWORD ~", "$1"),
        ("a.fish", "set -x DB_PASSWORD ~", "$argv"),
        ("ldap.conf", "bindpw ~\n", "secret"),
        ("redis.conf", "requirepass ~\n", "foobared is weak"),
        ("snmpd.conf", "rocommunity ~\n", "public"),
        (
            "nuget.config",
            "<add key=\"ClearTextPassword\" value=\"~\" />",
            "%NUGET_PASSWORD%",
        ),
        ("a.py", "mot_de_passe = '~'", "mot_de_passe"),
        ("a.py", "url = 'https://~~@git.acme.net/x.git'", "deploy"),
        ("a.py", "t = pyotp.TOTP('~~')", "${SEED}"),
    ]);
}

/// A value in Base64 is what it says; so is a Secret of a cluster.
#[test]
fn encoded_placeholders_are_placeholders() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let secret = |value: &str| format!("kind: Secret\ndata:\n  password: {}\n", encode(value));
    for harmless in [
        "changeme",
        "<your-password>",
        "REPLACE_ME",
        "${DB_PASSWORD}",
        "{{ .Values.pw }}",
        "your-api-key",
    ] {
        assert_eq!(judged("s.yaml", &secret(harmless)), None, "{harmless}");
        let code = format!("password = \"{}\"", encode(harmless));
        assert_eq!(judged("a.py", &code), None, "{harmless}");
    }
    assert!(judged("s.yaml", &secret(concat!("kR93nv", "X81qLz"))).is_some());
}

#[test]
fn addresses_of_contracts_are_no_tokens() {
    let digits = |n| {
        "7f3a09c4e1b85d26"
            .chars()
            .cycle()
            .take(n)
            .collect::<String>()
    };
    let token = |n| format!("export const WETH_TOKEN = \"0x{}\"", digits(n));
    assert_eq!(judged("a.ts", &token(40)), None);
    assert!(judged("a.ts", &token(64)).is_some());
}

/// What is hidden in a literal may hold the quotes it stands in, and lines of its own.
#[test]
fn hidden_files_are_read_as_files() {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    for seed in 0..3 {
        for (plain, harmless) in [
            (
                "{\"auths\":{\"r.acme.net\":{\"password\":\"~\"}}}",
                "${PASS}",
            ),
            ("DB_HOST=db\nDB_PASSWORD=~\n", "${PASS}"),
        ] {
            let said = |value: &str| format!("x = \"{}\"\n", encode(&plain.replace('~', value)));
            assert!(judged("a.py", &said(&value(seed))).is_some(), "{plain}");
            assert_eq!(judged("a.py", &said(harmless)), None, "{plain}");
        }
    }
}
