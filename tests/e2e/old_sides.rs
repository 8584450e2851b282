//! What a commit changes or takes out: the judge asks for the side that was there before.

use lychgate_e2e::{World, forge_token};

/// Every question of the daemon goes out at once: one that waits in its buffer is answered when the
/// word about progress pushes it out, which would not be silent, or never.
#[test]
fn files_the_daemon_never_saw_are_edited_and_taken_out_in_silence() {
    let world = World::new();
    let repo = world.repo("r");
    repo.commit_unseen("edited.py", "x = 1\n");
    repo.commit_unseen("gone.py", "y = 1\n");
    repo.stage("first.py", "z = 1\n");
    repo.commit().ok().says("started the daemon");
    repo.stage("edited.py", "x = 2\n");
    repo.commit().ok().silent();
    repo.git(&["rm", "-q", "gone.py"]).ok();
    repo.commit().ok().silent();
    repo.stage("sub/.gitattributes", "*.key filter=git-crypt\n");
    repo.commit().ok().silent();
    repo.stage("sub/a.txt", "plain\n");
    repo.commit().ok().silent();
}

/// SE-25: nothing blocks, and that the history keeps it is said; the twin has nothing to say. The
/// daemon that knows the old side, the one that does not, and no daemon say the same.
#[test]
fn a_secret_that_is_taken_out_is_said_to_stay_in_the_history() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    repo.commit_unseen("a.py", format!("x = 1\nT = \"{token}\"\n"));
    repo.commit_unseen("b.py", "y = 1\n");
    repo.stage("b.py", "y = 2\n");
    repo.commit().ok();
    repo.stage("a.py", "x = 1\n");
    let alone = repo.lychgate(&["check", "--staged", "--in-process"]).ok();
    let daemon = repo.lychgate(&["check", "--staged"]).ok();
    let alone = alone.hides(&token).fits_a_terminal().out();
    assert_eq!(alone, daemon.out());
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "taken out of a.py:2: github.personal-access-token. The history keeps it: rotate it";
    assert!(flat(&alone).contains(told), "{alone}");
    let said = repo.commit().ok().hides(&token).fits_a_terminal();
    assert!(flat(&said.text()).contains(told), "{}", said.text());

    repo.stage("b.py", "y = 3\n");
    repo.commit().ok().silent();
    // Moved, it is not taken out.
    repo.commit_unseen("c.py", format!("T = \"{token}\"\n"));
    repo.git(&["mv", "c.py", "d.py"]).ok();
    repo.commit().ok().silent();
    repo.git(&["rm", "-q", "d.py"]).ok();
    repo.commit().ok().hides(&token).says("taken out of d.py:1");
}
