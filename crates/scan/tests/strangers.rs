//! What is shown to strangers, or set for trying something out, is low; its twin where it is in use is
//! not. Values are made at run time.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic")]

mod fixture;

use fixture::{judged, noise};
use lychgate_model::Confidence;

/// The same text, low at the first paths and listed at the others.
fn twins(text: &str, low: &[&str], listed: &[&str]) {
    for path in low {
        assert_eq!(judged(path, text), Some(Confidence::Low), "{path} {text}");
    }
    for path in listed {
        assert!(
            judged(path, text) >= Some(Confidence::Medium),
            "{path} {text}"
        );
    }
}

#[test]
fn whatever_stands_in_a_manual_is_low() {
    let text = format!("  client_secret: \"{}\"\n", noise(32, 1));
    let low = [
        "docs/api-reference/admin.yaml",
        "docs/setup/run.sh",
        "docs_src/security/a.py",
        "packages/shop/README.md",
        "release-notes/3.1.md",
        "CHANGELOG.md",
        "schemas/config.schema.json",
    ];
    let listed = ["config/admin.yaml", "run.sh", "src/main/java/docs/a.yaml"];
    twins(&text, &low, &listed);
}

#[test]
fn what_people_make_up_to_try_things_out_is_low() {
    let chosen = ["blossom", "7731"].concat();
    let text = format!("ADMIN_PASSWORD: {chosen}\n");
    let low = [
        "dev/compose.yml",
        "plugins/mysql/dev/docker-compose.yml",
        ".github/workflows/ci.yml",
        ".ci/compose.yml",
        "contrib/a.yml",
        "docker/shop.env",
    ];
    twins(
        &text,
        &low,
        &["deploy/shop.env", "docker-compose.yml", ".env"],
    );
    // One that was drawn is somebody's, unless it is that of a server started beside it.
    let drawn = noise(32, 2);
    let text = format!("SHOP_SECRET: \"{drawn}\"\n");
    twins(
        &text,
        &["demo/a.yml", "qa/a.yml"],
        &["dev/a.yml", ".ci/a.yml"],
    );
    let text = format!("POSTGRES_PASSWORD: \"{drawn}\"\n");
    twins(&text, &["dev/a.yml", ".ci/a.yml"], &["deploy/a.yml"]);
}

#[test]
fn passwords_that_examples_are_written_with_are_low_but_in_settings() {
    let stock = ["p@", "ssw0rd1"].concat();
    let code = format!("domain_password '{stock}'\n");
    twins(&code, &["lib/resource/join.rb"], &[]);
    let text = format!("db.password={stock}\n");
    twins(&text, &["run.sh"], &["conf/a.properties", ".env"]);
    let text = format!("# db.password={stock}\n");
    twins(&text, &["conf/a.properties"], &[]);
}

#[test]
fn a_word_that_nobody_chose_is_low() {
    twins(
        "password: ${DB_PASSWORD:garden}\n",
        &["application.yml"],
        &[],
    );
    twins("password: garden\n", &[], &["application.yml"]);
    let image = "POSTGRES_PASSWORD: postgres\n";
    twins(image, &["docker-compose.yml"], &[]);
    twins("SHOP_PASSWORD: postgres\n", &[], &["docker-compose.yml"]);
    twins("# shop.ldap.password=admin\n", &["a.properties"], &[]);
    twins("shop.ldap.password=admin\n", &[], &["a.properties"]);
}

#[test]
fn what_names_no_password_is_none() {
    for (path, text) in [
        (
            "a.php",
            "'Template.user.afterPassword' => 'render2FaUserSettings',",
        ),
        ("a.rb", "\"PT\"=>\"Lisbon\", \"PW\"=>\"Melekeok\","),
        ("a.erl", "uri(\"http://fred:k7%2Fqd9Xw@my_proxy:9876\")"),
    ] {
        assert_eq!(judged(path, text), None, "{text}");
    }
    let password = noise(12, 3);
    for (path, text) in [
        ("a.php", format!("'user.password' => '{password}',")),
        ("a.rb", format!("\"PW\"=>\"{password}\",")),
        (
            "a.erl",
            format!("uri(\"http://fred:{password}@proxy:9876\")"),
        ),
        (
            "a.go",
            format!("db := \"postgres://fred:{password}@my-shop.acme.net/shop\""),
        ),
        (
            "b.go",
            format!("db := \"postgres://fred:{password}@my_shop.acme.net/shop\""),
        ),
    ] {
        assert!(judged(path, &text).is_some(), "{text}");
    }
    let token = noise(24, 4);
    let badge = format!("![b](https://ci.acme.net/b.svg?token={token})\n");
    assert_eq!(judged("README.md", &badge), None);
    let link = format!("![b](https://ci.acme.net/b?token={token})\n");
    assert!(judged("README.md", &link).is_some());
}

#[test]
fn what_somebody_published_is_low() {
    let text = format!("client_secret = \"{}\"\n", noise(32, 5));
    let low = ["licenses/acme-1.2.3.tar.gz", "charts/shop-5.0.9.tgz"];
    twins(&text, &low, &["backup/shop.tar.gz", "shop-5.0.9.zip"]);
}
