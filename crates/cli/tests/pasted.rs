//! What a denial prints to be pasted allows, in every kind of file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use lychgate_model::comment::{STYLES, Where};
use scene::{Scene, token};

#[test]
fn a_printed_allow_line_allows_in_every_style() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let printed = STYLES.iter().filter_map(|s| Some((s.files.first()?, s)));
    let usual = [(&"py", &STYLES[0])];
    let mut styles = 0;
    for (extension, style) in printed.chain(usual) {
        let file = format!("file.{extension}");
        let line = format!("k = \"{}\"", token(50));
        let check = |text: String, code: i32| {
            std::fs::write(repository.join(&file), text).unwrap();
            scene.git(&repository, ["add", "."]);
            let said = scene.lychgate(&repository, ["check", "--in-process"]);
            said.exits(code).out
        };
        let denied = check(format!("{line}\n"), 1);
        let allow = denied.lines().find(|l| l.contains("lychgate: allow"));
        let allow = allow.unwrap_or_else(|| panic!("{file}: {denied}"));
        let allow = allow.trim_start().trim_start_matches("allow ").trim_start();
        let allow = allow.replace("<why>", "a test needs it");
        check(format!("{allow}\n{line}\n"), 0);
        if style.at != Where::First {
            check(format!("{line} {allow}\n"), 0);
        }
        // The words alone, and the words in a string, allow nothing.
        let words = allow.strip_prefix(style.open).unwrap();
        check(format!("{words}\n{line}\n"), 1);
        check(format!("{line} \"{words}\"\n"), 1);
        std::fs::write(repository.join(&file), "").unwrap();
        styles += 1;
    }
    assert!(styles > 20, "{styles}");
}

#[test]
fn a_word_for_allow_is_a_malformed_line_and_allows_nothing() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let rule = "github.personal-access-token";
    for words in [
        format!("Allow {rule} until 2099-01-01 because of a test"),
        format!("ignore {rule}"),
        format!("alow {rule} until 2099-01-01 because of a test"),
    ] {
        let line = format!("k = \"{}\"  # lychgate: {words}\n", token(51));
        std::fs::write(repository.join("a.py"), line).unwrap();
        scene.git(&repository, ["add", "."]);
        let said = scene.lychgate(&repository, ["check", "--in-process"]);
        let out = said.exits(1).out;
        assert!(out.contains("allow.malformed"), "{words}: {out}");
    }
    // A remark about the gate is none.
    std::fs::write(repository.join("a.py"), "# lychgate: see the handbook\n").unwrap();
    scene.git(&repository, ["add", "."]);
    let said = scene.lychgate(&repository, ["check", "--in-process"]);
    assert_eq!(said.exits(0).out, "");
}

#[test]
fn a_range_with_nothing_in_it_says_so() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let check = |range| scene.lychgate(&repository, ["check", "--in-process", "--range", range]);
    let said = check("HEAD..HEAD").exits(0);
    assert!(
        said.flat().contains("nothing is in this range"),
        "{}",
        said.err
    );
    std::fs::write(repository.join("a"), "b\n").unwrap();
    scene.git(&repository, ["add", "."]);
    scene.git(&repository, ["commit", "-qm", "second"]);
    let said = check("HEAD~1..HEAD").exits(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
}

/// Between the header of a key and its first line there is no room for a comment.
#[test]
fn an_allow_line_stands_above_the_header_of_a_key() {
    let scene = Scene::new();
    let repository = scene.repository("r");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(scene.path("key"))
        .status();
    assert!(made.unwrap().success());
    let key = std::fs::read_to_string(scene.path("key")).unwrap();
    let check = |text: String, code: i32| {
        std::fs::write(repository.join("fixture.txt"), text).unwrap();
        scene.git(&repository, ["add", "."]);
        let said = scene.lychgate(&repository, ["check", "--in-process"]);
        said.exits(code).out
    };
    let denied = check(format!("intro\n{key}"), 1);
    assert!(
        denied.contains("fixture.txt:2:1  private-key.openssh"),
        "{denied}"
    );
    let allow = denied.lines().find(|l| l.contains("lychgate: allow"));
    let allow = allow.unwrap().trim_start().trim_start_matches("allow ");
    let allow = allow.trim_start().replace("<why>", "a test needs it");
    check(format!("intro\n{allow}\n{key}"), 0);
    check(format!("{allow}\nintro\n{key}"), 1);
}
