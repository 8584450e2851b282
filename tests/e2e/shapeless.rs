//! Secrets without a shape, from a file to a verdict, and what is said of them.

use lychgate_e2e::{Output, World, binaries};

/// Something nobody could guess, put together at run time. Always the same: of values made anew each time one in some is not sure enough to block.
fn secret() -> String {
    ["kX9vQ2mT", "7rLz4Wp8Yb"].concat()
}

fn check(world: &World, path: &str, text: &str) -> Output {
    let mut command = world.command(binaries().join("lychgate"), world.root());
    command.args(["check", "--in-process", "--stdin", "--as", path]);
    world.finish(command, text.as_bytes())
}

#[test]
fn each_context_is_denied_and_its_twin_allowed() {
    let world = World::new();
    let secret = secret();
    let contexts = [
        ("src/app.py", "password = \"~\"\n", "password_field"),
        (
            "src/app.js",
            "const apiKey = process.env.API_KEY || '~';\n",
            "none",
        ),
        ("src/App.java", "  config.setPassword(\"~\");\n", "password"),
        ("src/app.go", "\tAuthToken: \"~\",\n", "Authorization"),
        (
            "src/app.php",
            "define('DB_PASSWORD', '~');\n",
            "password_here",
        ),
        ("prod.env", "SECRET_KEY=~\n", "${SECRET_KEY}"),
        (
            "app.yml",
            "db:\n  user: a\n  password: ~\n",
            "{{ db_password }}",
        ),
        (
            "app.properties",
            "spring.datasource.password=~\n",
            "${DB_PASSWORD}",
        ),
        ("web.xml", "<password>~</password>\n", "********"),
        (
            "main.tf",
            "variable \"db_password\" {\n  default = \"~\"\n}\n",
            "none",
        ),
        ("run.sh", "deploy --password ~ --now\n", "$PASSWORD"),
        ("init.sql", "CREATE USER a IDENTIFIED BY '~';\n", "%s"),
        (
            "book.ipynb",
            "\"source\": [\"password = \\\"~\\\"\\n\"]\n",
            "password",
        ),
        (
            "k8s.yml",
            "kind: Secret\nstringData:\n  smtp: ~\n",
            "{{ smtp }}",
        ),
    ];
    for (path, context, harmless) in contexts {
        let with = check(&world, path, &context.replace('~', &secret));
        with.code(1).hides(&secret).says(path).fits_a_terminal();
        check(&world, path, &context.replace('~', harmless)).ok();
    }
}

#[test]
fn what_is_less_sure_is_listed_and_does_not_block() {
    let world = World::new();
    let secret: String = secret().chars().take(10).collect();
    let text = format!("password = \"{secret}\"\n");
    check(&world, "tests/app.py", &text)
        .code(0)
        .hides(&secret)
        .says("generic.password");
    check(&world, "src/app.py", &text).code(1);
}

#[test]
fn a_move_out_of_the_tests_is_judged_anew() {
    let world = World::new();
    let repo = world.repo("r");
    let secret: String = secret().chars().take(10).collect();
    repo.commit_unseen("tests/app.py", format!("password = \"{secret}\"\n"));
    repo.git(&["mv", "tests/app.py", "app.py"]).ok();
    repo.commit().fails().hides(&secret).says("app.py");
}

#[test]
fn a_key_added_to_a_secret_of_a_cluster_is_denied() {
    let world = World::new();
    let repo = world.repo("r");
    let head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  a: ${A}\n";
    repo.commit_unseen("k8s.yml", head);
    let secret = secret();
    repo.stage("k8s.yml", format!("{head}  smtp: {secret}\n"));
    repo.commit().fails().hides(&secret).says("k8s.yml:7");
    repo.stage("k8s.yml", format!("{head}  smtp: ${{SMTP}}\n"));
    repo.commit().ok();
}

#[test]
fn why_tells_the_evidence_and_not_the_value() {
    let world = World::new();
    let repo = world.repo("r");
    let secret = secret();
    repo.stage("app.py", format!("user = 'a'\ndb_password = '{secret}'\n"));
    for arguments in [
        &["explain", "--why", "app.py:2"][..],
        &["explain", "--why", "app.py:2:16"],
        &["explain", "--why", "--staged", "app.py:2"],
    ] {
        repo.lychgate(arguments)
            .code(0)
            .hides(&secret)
            .says("the name says password")
            .says("+42")
            .says("generic.password")
            .fits_a_terminal();
    }
    repo.lychgate(&["explain", "--why", "app.py:1"]).code(2);
    repo.lychgate(&["explain", "--why", "app.py"]).code(2);
    repo.lychgate(&["explain", "generic.password"]).code(0);
}
