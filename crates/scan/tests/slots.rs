//! Secrets whose name and value stand in different places of what is written: behind a look-up, in
//! the next attribute, in a folder that builds. Each has a twin that is none.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{judged, noise, of};
use lychgate_model::Confidence;

/// A context with `~` in the place of the value, and what there is harmless.
fn twins(contexts: &[(&str, &str, &str)], least: Confidence) {
    let made = ["Sh4i!Hc", "JR9VHLK"].concat();
    for value in [noise(20, 7), made] {
        for (path, context, harmless) in contexts {
            let bad = context.replace('~', &value);
            assert!(judged(path, &bad) >= Some(least), "{path} {bad}");
            let good = context.replace('~', harmless);
            assert_eq!(judged(path, &good), None, "{path} {good}");
        }
    }
}

#[test]
fn a_literal_behind_a_look_up_belongs_to_the_name_assigned() {
    let contexts = [
        (
            "a.kt",
            "val password = System.getenv(\"DB_PW\") ?: \"~\"",
            "${password}",
        ),
        (
            "a.kt",
            "val password: String = System.getenv(\"DB_PASSWORD\") ?: \"~\"",
            "",
        ),
        (
            "a.cs",
            "var password = Environment.GetEnvironmentVariable(\"DB_PASSWORD\") ?? \"~\";",
            "changeme",
        ),
        (
            "a.php",
            "$password = getenv('DB_PASSWORD') ?: '~';",
            "password",
        ),
        ("a.php", "'password' => $_ENV['PW'] ?? '~',", "%s"),
        (
            "a.py",
            "password = os.getenv('DB_PASSWORD') or '~'",
            "changeme",
        ),
        (
            "a.rs",
            "let password = env::var(\"DB\").unwrap_or(\"~\");",
            "<password>",
        ),
        (
            "a.rs",
            "let password = env::var(\"DB\").unwrap_or_else(|_| \"~\".into());",
            "",
        ),
        (
            "A.java",
            "String password = Optional.ofNullable(System.getenv(\"X\")).orElse(\"~\");",
            "none",
        ),
        (
            "a.scala",
            "val password = sys.env.getOrElse(\"X\", \"~\")",
            "changeme",
        ),
        (
            "a.js",
            "const adminPassword = process.env.ADMIN_PW || '~'",
            "your-password",
        ),
        ("a.js", "adminPassword = cfg.x || '~'", "{{ password }}"),
        (
            "a.js",
            "connect({ password: cfg.a ?? cfg.b ?? '~', port: 1 })",
            "secret",
        ),
        (
            "A.kt",
            "ds.setPassword(System.getenv(\"X\") ?: \"~\")",
            "password",
        ),
    ];
    twins(&contexts, Confidence::High);
    // Of another name, argument or statement.
    for context in [
        "passwordLabel = cfg.x || '~'",
        "passwords = load(cfg.x, cfg.y || '~')",
        "password = cfg.x; host = cfg.y || '~'",
        "f(password=cfg.x) || '~'",
        "password = cfg.x == '1' || '~'",
    ] {
        let text = context.replace('~', &noise(20, 7));
        assert_eq!(judged("a.js", &text), None, "{text}");
    }
}

#[test]
fn what_serves_somebody_is_no_trial_wherever_it_lies() {
    let made = ["granite", "301", "Falcon"].concat();
    for (path, context) in [
        ("ci/prod.tfvars", "db_password = \"~\""),
        ("ci/shop.tfvars", "db_password = \"~\""),
        (".github/prod/app.yml", "db_password: ~"),
        ("ci/docker-compose.prod.yml", "db_password: ~"),
        ("ci/docker-compose-production.yml", "db_password: ~"),
        ("docker/live/app.env", "DB_PASSWORD=~"),
        ("dev/live.env", "DB_PASSWORD=~"),
    ] {
        let text = context.replace('~', &made);
        assert!(judged(path, &text) > Some(Confidence::Low), "{path} {text}");
        // A reference stays one.
        let text = context.replace('~', "${password}");
        assert_eq!(judged(path, &text), None, "{path} {text}");
    }
    for path in [
        "ci/app.yml",
        "ci/docker-compose.yml",
        ".github/non-prod/app.yml",
        "dev/pre-prod.yml",
        "docker/live-reload.yml",
        "ci/products.yml",
        // A demonstration is one whatever is in it.
        "demo/prod/app.yml",
    ] {
        let text = format!("db_password: {made}");
        assert_eq!(judged(path, &text), Some(Confidence::Low), "{path}");
    }
}

#[test]
fn an_address_may_have_any_scheme_and_a_host_without_a_domain() {
    let value = noise(14, 5);
    for context in [
        "redshift+psycopg2://svc:~@db1.acorp.io/db",
        "clickhouse://svc:~@db1:9000/x",
        "mssql+pyodbc://svc:~@db1/x?driver=a",
        "snowflake://svc:~@acc/db",
        "nats+tls://svc:~@queue",
        "hdb://svc:~@h1:30015",
        "\"exasol+pyodbc://svc:~@dsn\"",
    ] {
        let text = format!("URL={}", context.replace('~', &value));
        assert_eq!(judged("a.env", &text), Some(Confidence::High), "{text}");
        for harmless in ["${PASSWORD}", "password", "<password>", "{{ pw }}", "%s"] {
            let text = format!("URL={}", context.replace('~', harmless));
            assert_eq!(judged("a.env", &text), None, "{text}");
        }
    }
    // People's own are listed.
    let made = ["granite", "301", "Falcon"].concat();
    let text = format!("URL=redshift+psycopg2://svc:{made}@db1.acorp.io/db");
    assert!(judged("a.env", &text) >= Some(Confidence::Medium), "{text}");
    for text in [
        "see http://db1:9000/@scope/pkg",
        "docker://image:latest1234x@sha256:ab12",
        "pkg://group:artifact@1.2.3",
    ] {
        assert_eq!(judged("a.env", text), None, "{text}");
    }
}

#[test]
fn a_value_may_have_a_slot_of_its_own() {
    let contexts = [
        (
            "AndroidManifest.xml",
            "<meta-data android:name=\"com.acorp.API_SECRET\"\n    android:value=\"~\"/>",
            "${API_SECRET}",
        ),
        (
            "a.json",
            "{\"db_password\":{\"value\":\"~\"}}",
            "<password>",
        ),
        (
            "a.tfstate",
            "\"db_password\": {\n  \"sensitive\": true,\n  \"type\": \"string\",\n  \"value\": \"~\"\n}",
            "",
        ),
        ("a.js", "dbPassword: { value: '~', hidden: true }", "${x}"),
        (
            "a.tf",
            "output \"db_password\" {\n  value = \"~\"\n}",
            "${x}",
        ),
        ("a.yml", "db_password:\n  value: ~\n", "{{ password }}"),
        (
            "a.yml",
            "  db_password:\n    type: string\n    value: \"~\"\n",
            "!Ref Password",
        ),
        (
            "a.json",
            "{\n  \"ParameterKey\": \"DBPassword\",\n  \"ParameterValue\": \"~\"\n}",
            "{{resolve:ssm:db}}",
        ),
        (
            "a.yml",
            "- ParameterKey: DBPassword\n  ParameterValue: ~\n",
            "!Ref Password",
        ),
        (
            "a.sh",
            "x --parameters ParameterKey=DBPassword,ParameterValue=~ ParameterKey=A,ParameterValue=b\n",
            "$PASSWORD",
        ),
    ];
    twins(&contexts, Confidence::High);
    // Of another name.
    for context in [
        "db_password:\nvalue: ~\n",
        "db_password:\n  length: 9\nother:\n  value: ~\n",
        "{\"db_password\":{\"type\":\"s\"},\"other\":{\"value\":\"~\"}}",
        "{\"db_password\":{\"rules\":{\"value\":\"~\"}}}",
        "- ParameterKey: DBPassword\n- ParameterValue: ~\n",
    ] {
        let text = context.replace('~', &noise(20, 7));
        assert_eq!(judged("a.yml", &text), None, "{text}");
    }
}

#[test]
fn an_option_may_have_a_default() {
    let contexts = [
        (
            "a.py",
            "parser.add_argument('--password', default='~')",
            "changeme",
        ),
        (
            "a.py",
            "p.add_argument(\n    '-p', '--db-password', help='of (any) user', type=str,\n    default=\"~\",\n)",
            "${password}",
        ),
        (
            "a.py",
            "@click.option('--password', prompt=True, default='~')",
            "password",
        ),
        (
            "a.js",
            "yargs.option('password', { type: 'string', default: '~' })",
            "secret",
        ),
    ];
    twins(&contexts, Confidence::Medium);
    for other in [
        "p.add_argument('--password', action='x')\np.add_argument('--host', default='~')",
        "p.add_argument('--password'); default = '~'",
        "label('password', default='~')",
    ] {
        let text = other.replace('~', &noise(20, 7));
        assert_eq!(judged("a.py", &text), None, "{text}");
    }
}

#[test]
fn a_password_may_begin_with_a_sign() {
    for sign in ["%", "@", "#", "!", "*"] {
        let value = [sign, &noise(14, 5)].concat();
        for (path, context) in [
            ("my.cnf", "[client]\nuser=root\npassword=~\n"),
            (".env", "DB_PASSWORD=~\n"),
            ("app.properties", "spring.datasource.password=~\n"),
        ] {
            let text = context.replace('~', &value);
            assert!(
                judged(path, &text) >= Some(Confidence::Medium),
                "{path} {text}"
            );
            // What a shell, a template or a file of settings means by such a sign.
            for none in [
                "%PASSWORD%",
                "@password@",
                "#changeme",
                "!ref",
                "*",
                "%s",
                "%Y-%m-%dT%H",
            ] {
                let text = context.replace('~', none);
                assert_eq!(judged(path, &text), None, "{path} {text}");
            }
        }
        let twice = format!("password=%{}%{}\n", noise(4, 1), noise(9, 2));
        assert!(
            judged("my.cnf", &twice) >= Some(Confidence::Medium),
            "{twice}"
        );
        let token = format!("api_key={value}\n");
        assert_eq!(judged("app.properties", &token), None, "{token}");
        let code = format!("int f() {{ password={value}; }}\n");
        assert_eq!(judged("a.c", &code), None, "{code}");
    }
}

#[test]
fn what_signs_a_session_is_chosen_like_a_password() {
    let made = ["granite", "301", "falcon", "350"].concat();
    let contexts = [
        (
            "app.js",
            "app.use(session({ secret: '~', resave: false }));",
            "${secret}",
        ),
        (
            "app.ts",
            "app.use(\n  expressSession({\n    resave: false,\n    secret: '~',\n  }),\n);",
            "changeme",
        ),
        (
            "app.js",
            "app.use(jwt({ secret: '~', algorithms: ['HS256'] }))",
            "secret",
        ),
    ];
    for (path, context, harmless) in contexts {
        let bad = context.replace('~', &made);
        assert!(
            judged(path, &bad) >= Some(Confidence::Medium),
            "{path} {bad}"
        );
        let good = context.replace('~', harmless);
        assert_eq!(judged(path, &good), None, "{path} {good}");
    }
    // The name of a secret that stands elsewhere.
    assert_eq!(judged("app.yml", "secret: shop-creds01\n"), None);
}

#[test]
fn digests_of_passwords_and_rows_of_their_kinds_are_none() {
    let hex = |n: usize, seed| of(b"0123456789abcdef", n, seed);
    let salted = format!("DEFAULT_PASSWORD='{}${}'", hex(32, 1), hex(64, 2));
    assert_eq!(judged("start.sh", &salted), None, "{salted}");
    let short = format!("DEFAULT_PASSWORD='{}${}'", hex(8, 1), noise(20, 2));
    assert!(
        judged("start.sh", &short) >= Some(Confidence::Medium),
        "{short}"
    );
    for signs in ["$", "$$", "$$$$"] {
        let digest = format!("{signs}2y{signs}05{signs}{}", noise(53, 4));
        let text = format!("command: ['--admin-password', '{digest}']");
        assert_eq!(judged("compose.yml", &text), None, "{text}");
    }
    let id = format!(
        "{}-{}-{}-{}-{}",
        hex(8, 1),
        hex(4, 2),
        hex(4, 3),
        hex(4, 4),
        hex(12, 5)
    );
    let row = format!("INSERT INTO c VALUES ('a',NULL,'password','{id}',163579516);");
    assert_eq!(judged("dump.sql", &row), None, "{row}");
    let put = format!("config.put(\"password\", \"{id}\");");
    assert!(judged("A.java", &put) >= Some(Confidence::Medium), "{put}");
    let set = format!("spring.datasource.password={id}\n");
    assert!(
        judged("app.properties", &set) >= Some(Confidence::Medium),
        "{set}"
    );
}
