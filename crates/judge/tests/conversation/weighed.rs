//! Which of two findings of one value is told, and how sure it is where it stands.

use lychgate_model::{Confidence, Hook};

use crate::talk::{ENGINE, Talk};

/// What is told of a file: the rules and how sure they are.
fn told(path: &'static str, content: &str) -> Vec<(String, Confidence)> {
    let mut talk = Talk::new(&ENGINE);
    talk.open(Hook::PreCommit, &[], &[]);
    talk.add(path, content.as_bytes());
    let said = talk.close();
    let told = said.findings.iter();
    told.map(|f| (f.rule.to_string(), f.confidence)).collect()
}

fn noise(length: usize) -> String {
    let letters = b"kQ7xZp2mWv9TnB4rYc8LgH5sJd3FfR6";
    (0..length)
        .map(|i| char::from(letters[(i * 7 + i / 31) % letters.len()]))
        .collect()
}

#[test]
fn a_name_that_is_doubted_at_its_path_hides_no_known_shape() {
    let value = ["AI", "za", &noise(35)].concat();
    let bare = format!("GOOGLE_API_KEY={value}\n");
    let known = vec![("gcp.api-key".to_owned(), Confidence::Medium)];
    // Not quoted, in code: the name says nothing there.
    assert_eq!(told("a.go", &bare), known);
    // Where the name is surer, it speaks.
    let quoted = format!("GOOGLE_API_KEY = \"{value}\"\n");
    let surer = vec![("generic.api-key".to_owned(), Confidence::High)];
    assert_eq!(told("a.go", &quoted), surer);
    assert_eq!(told("a.go", "GOOGLE_API_KEY=key\n"), vec![]);
}

#[test]
fn the_hash_of_a_password_is_low_in_a_manual() {
    let hash = format!("$argon2id$v=19$m=65536,t=3,p=4${}${}", noise(22), noise(43));
    let text = format!("digest: '{hash}'\n");
    let at = |path| told(path, &text).first().map(|f| f.1);
    assert_eq!(at("conf/users.yml"), Some(Confidence::Medium));
    assert_eq!(at("docs/passwords.md"), Some(Confidence::Low));
    assert_eq!(at("internal/suites/users.yml"), Some(Confidence::Low));
    assert_eq!(
        told("docs/passwords.md", "digest: '$argon2id$...'\n"),
        vec![]
    );
}
