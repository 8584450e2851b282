//! Input made to hurt: huge, deep, corrupt, missing. Memory stays bounded, the answer is
//! INDETERMINATE where bytes were not read, and the daemon goes on.

use std::io::Write;

use lychgate_e2e::{Output, Repo, World, cloud_key_id, forge_token};

fn memory_kib(pid: i32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Stages `content` of any size without holding it, under `name`.
fn stage_stream(repo: &Repo<'_>, name: &str, pieces: impl Iterator<Item = Vec<u8>>) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(repo.path.join(name)).unwrap());
    for piece in pieces {
        file.write_all(&piece).unwrap();
    }
    file.flush().unwrap();
    repo.git(&[
        "-c",
        "core.compression=1",
        "-c",
        "core.bigFileThreshold=16m",
        "add",
        name,
    ])
    .ok();
}

/// The first answer that is a verdict: a busy machine may need longer than a client has.
fn judged(repo: &Repo<'_>) -> Output {
    let mut answers = (0..6).map(|_| repo.commit());
    let is_verdict = |answer: &Output| !answer.text().contains("deadline");
    answers.find(is_verdict).expect("a verdict in a minute")
}

#[test]
fn a_blob_larger_than_memory_streams_through_and_its_last_line_is_judged() {
    let world = World::new();
    world.start_daemon();
    let repo = world.repo("r");
    let token = forge_token();
    // 200 MiB stand for 4 GiB here: three times what the daemon may grow by.
    let filler = || (0..200).map(|_| b"0123456789abcde\n".repeat(1 << 16));
    let pid = world.daemons()[0];
    let idle = memory_kib(pid, "VmRSS");
    stage_stream(
        &repo,
        "big",
        filler().chain([format!("k={token}\n").into_bytes()]),
    );
    judged(&repo).fails().hides(&token).says("big:");
    stage_stream(&repo, "big", filler());
    judged(&repo).ok();
    let peak = memory_kib(pid, "VmHWM");
    assert!(
        peak < idle + 64 * 1024,
        "the daemon grew from {idle} to {peak} KiB"
    );
}

#[test]
fn lines_without_end_and_seas_of_spaces_are_read() {
    let world = World::new();
    let repo = world.repo("r");
    let token = forge_token();
    for (n, filler) in [
        vec![b'a'; 10 << 20],
        vec![b' '; 1 << 20],
        b"ghp_".repeat(1 << 18),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("f{n}");
        repo.stage(
            &name,
            [&filler[..], format!(" k={token} ").as_bytes(), &filler].concat(),
        );
        judged(&repo).fails().hides(&token);
        repo.stage(&name, &filler);
        judged(&repo).ok();
    }
}

#[test]
fn a_match_across_the_border_of_two_pieces_is_found_once() {
    let world = World::new();
    let repo = world.repo("r");
    // Above 16 MiB content is scanned in pieces; a token every 64 KiB less one byte lands on
    // every kind of border.
    let tokens: Vec<String> = (0..280).map(|_| cloud_key_id()).collect();
    let mut content = Vec::new();
    for token in &tokens {
        content.extend(std::iter::repeat_n(b'.', 65_535 - token.len() - 2));
        content.extend(format!(" {token}\n").bytes());
    }
    assert!(content.len() > 16 << 20);
    repo.stage("big", content);
    let said = repo.lychgate(&["check", "--format", "ndjson"]).code(1);
    assert_eq!(said.out().lines().count(), tokens.len() + 1);
}

/// Of an object 1,000 findings are kept, of a run 10,000.
#[test]
fn that_more_was_found_than_is_kept_is_said() {
    let world = World::new();
    let repo = world.repo("r");
    let lines = |n| -> String {
        let one = |_| format!("k = {}\n", cloud_key_id());
        (0..n).map(one).collect()
    };
    let check = |what: &str, format: &str| {
        let said = repo.lychgate(&["check", "--path", what, "--format", format]);
        said.code(1).out()
    };
    let json =
        |what: &str| -> serde_json::Value { serde_json::from_str(&check(what, "json")).unwrap() };
    for (n, is_whole) in [(1000, true), (1001, false)] {
        repo.write("f", lines(n));
        let said = json("f");
        assert_eq!(said["findings"].as_array().unwrap().len(), 1000);
        let coverage = &said["verdict"]["coverage"];
        assert_eq!(coverage["complete"], is_whole, "{coverage}");
        let told = "f: more than 1000 findings: not all was judged";
        assert_eq!(flat(&check("f", "text")).contains(told), !is_whole);
        assert_eq!(said["verdict"].to_string().contains(told), !is_whole);
    }
    for n in 0..11 {
        repo.write(format!("many/{n}"), lines(1000));
    }
    let said = json("many");
    assert_eq!(said["findings"].as_array().unwrap().len(), 10_000);
    let told = "1000 more findings are not listed, 10000 are";
    assert_eq!(said["verdict"]["notes"][0], told);
    assert!(check("many", "text").contains(told));
}

/// What has a shape is named behind any number of values that have none, and first where not all
/// can be named.
#[test]
fn a_token_behind_a_table_is_named() {
    let world = World::new();
    let repo = world.repo("r");
    let (name, token) = ("test/fixtures/hashes.txt", forge_token());
    let table = |rows: u64| -> String {
        let word = |n: u64, by: u64| (n + 1).wrapping_mul(by).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let row = |n| {
            format!(
                "api_key_{n}: {:016x}{:016x}\n",
                word(n, 0x10001),
                word(n, 0x30007)
            )
        };
        (0..rows).map(row).collect()
    };
    let lone = format!("k = {token}\n");
    repo.stage(name, table(2000) + &lone);
    let said = repo.lychgate(&["check", "--staged"]).code(1).hides(&token);
    let told = flat(&said.out());
    assert!(told.contains(&format!("{name}:2001")), "{told}");
    let told_too = format!("also not checked: {name}: more than 1000 findings");
    assert!(told.contains(&told_too), "{told}");
    // Without it there is nothing to name, and no verdict either.
    repo.stage(name, table(2000));
    let said = flat(&repo.lychgate(&["check", "--staged"]).code(3).out());
    assert!(said.contains("split the file"), "{said}");
    repo.stage(name, table(900));
    repo.lychgate(&["check", "--staged"]).ok();
    repo.stage(name, table(900) + &lone);
    repo.lychgate(&["check", "--staged"]).code(1).hides(&token);
    // Where values without a shape block, a commit lists a dozen: the token is among them.
    let secrets = |rows| {
        table(rows)
            .replace("api_key_", "DB_PASSWORD_")
            .replace(": ", " = ")
    };
    repo.stage(name, "");
    repo.stage("deploy.env", secrets(40) + &lone);
    let said = repo.commit().fails().hides(&token);
    let told = flat(&said.text());
    assert!(told.contains("41 new secrets"), "{told}");
    assert!(told.contains("deploy.env:41:5 "), "{told}");
}

/// One line, however it was broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where nothing was found there is nothing to remove: what it cost is said, and what to do.
#[test]
fn that_an_object_costs_too_much_is_said() {
    let world = World::new();
    let repo = world.repo("r");
    let check = |file: &str| repo.lychgate(&["check", "--path", file, "--format", "text"]);
    // Keys of manuals, each another: every one is weighed and left.
    let shown = |n| format!("u = \"AKIA{n:09}EXAMPLE\"\n");
    repo.write("much", (0..100_000).map(shown).collect::<String>());
    repo.write("part", (0..100).map(shown).collect::<String>());
    let said = flat(&check("much").code(3).out());
    let told = "much: what looks like the beginning of a secret stands in it too often: not all \
                was judged";
    assert!(said.contains(told), "{said}");
    assert!(said.contains("split the file"), "{said}");
    assert!(!said.contains("findings: not all"), "{said}");
    let said = flat(&check("part").code(0).out());
    assert!(!said.contains("not all was judged"), "{said}");
}

/// What must be said of a change that was not read whole.
#[track_caller]
fn not_checked(output: Output) {
    output.fails().says("not checked");
}

#[test]
fn missing_and_corrupt_objects_are_indeterminate() {
    let world = World::new();
    let repo = world.repo("r");
    repo.stage("a", "will be lost\n");
    let id = repo.id(":a");
    let file = repo.path.join(".git/objects").join(&id[..2]).join(&id[2..]);
    let kept = std::fs::read(&file).unwrap();
    let hook = || repo.lychgate(&["check", "--staged"]);
    std::fs::remove_file(&file).unwrap();
    not_checked(hook().code(3));
    std::fs::write(&file, b"garbage").unwrap();
    not_checked(hook().code(3));
    std::fs::write(&file, &kept[..kept.len() - 3]).unwrap();
    not_checked(hook().code(3));
    // Other content under this name: the judge computes the id itself.
    repo.write("b", "other\n");
    let other = repo.git(&["hash-object", "-w", "b"]).ok().out();
    std::fs::copy(
        repo.path
            .join(".git/objects")
            .join(&other[..2])
            .join(&other[2..]),
        &file,
    )
    .unwrap();
    not_checked(hook().code(3));
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, kept).unwrap();
    hook().ok();
}

#[test]
fn a_partial_clone_is_judged_without_fetching() {
    let world = World::new();
    let origin = world.bare_of_hooks("origin", &[]);
    origin.commit_unseen("a", "one\n");
    origin.commit_unseen("a", "two\n");
    origin
        .git(&["config", "uploadpack.allowFilter", "true"])
        .ok();
    let url = format!("file://{}", origin.path.display());
    world
        .run(
            "git",
            ["clone", "-q", "--filter=blob:none", &url, "partial"],
            world.root(),
        )
        .ok();
    let repo = Repo {
        world: &world,
        path: world.root().join("partial"),
    };
    repo.lychgate(&["install"]).ok();
    let token = forge_token();
    repo.stage("b", format!("k={token}\n"));
    repo.commit().fails().hides(&token);
    repo.stage("b", "k=1\n");
    repo.commit().ok();
    // What is not here was not read.
    let before = repo
        .git(&["rev-list", "--objects", "--all", "--missing=print"])
        .ok()
        .out();
    repo.lychgate(&["check", "--all"])
        .code(3)
        .says("not checked");
    let after = repo
        .git(&["rev-list", "--objects", "--all", "--missing=print"])
        .ok()
        .out();
    assert!(
        before.contains('?') && before == after,
        "an object was fetched"
    );
}

#[test]
fn an_unknown_extension_is_refused_as_git_refuses_it() {
    let world = World::new();
    let repo = world.repo("r");
    repo.stage("a", "x\n");
    repo.lychgate(&["check"]).ok();
    let config = repo.path.join(".git/config");
    let kept = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{kept}[core]\n\trepositoryformatversion = 1\n[extensions]\n\tfuture = 1\n"),
    )
    .unwrap();
    not_checked(repo.lychgate(&["check"]).code(3));
    std::fs::write(&config, kept).unwrap();
    repo.lychgate(&["check"]).ok();
}

#[test]
fn trees_that_no_file_system_should_see_are_denied() {
    let world = World::new();
    world.start_daemon();
    let (_, repo) = world.server("r");
    let mut hash = world.command("git", &repo.path);
    hash.args(["hash-object", "-w", "--stdin"]);
    let blob = world.finish(hash, b"x\n").ok().out();
    let push = |entries: &str, name: &str| {
        let mut tree = world.command("git", &repo.path);
        tree.args(["mktree"]);
        let tree = world.finish(tree, entries.as_bytes()).ok().out();
        let commit = repo.git(&["commit-tree", "-m", "x", &tree]).ok().out();
        repo.git(&["push", "-q", "o", &format!("{commit}:refs/heads/{name}")])
    };
    for (n, name) in [
        ".git",
        ".GIT",
        ".Git ",
        "git~1",
        ".git.",
        ".g\u{200c}it",
        "..",
        ".",
    ]
    .iter()
    .enumerate()
    {
        // Git's own fsck is off by default in receive-pack: the gate is what stops these.
        let said = push(&format!("100644 blob {blob}\t{name}\n"), &format!("t{n}"));
        assert_ne!(said.code, 0, "{name:?} was let in");
    }
    push(
        &format!("100644 blob {blob}\tREADME\n100644 blob {blob}\treadme\n"),
        "collide",
    )
    .fails()
    .says("lychgate");
    push(
        &format!(
            "100644 blob {blob}\tREADME\n100644 blob {blob}\t.gitkeep\n100644 blob {blob}\tgit\n"
        ),
        "twin",
    )
    .ok();
}

#[test]
fn an_entry_of_a_mode_that_git_never_writes_is_named_with_what_mends_it() {
    let world = World::new();
    world.start_daemon();
    let (_, repo) = world.server("r");
    let made = |args: &[&str], bytes: &[u8]| {
        let mut git = world.command("git", &repo.path);
        git.args(args);
        world.finish(git, bytes).ok().out()
    };
    let raw = |id: &str| -> Vec<u8> {
        let digit = |d: u8| u8::try_from(char::from(d).to_digit(16).unwrap()).unwrap();
        let pairs = id.as_bytes().chunks(2);
        pairs.map(|p| digit(p[0]) << 4 | digit(p[1])).collect()
    };
    let blob = made(&["hash-object", "-w", "--stdin"], b"x\n");
    let tree = |mode: &str, name: &str, id: &str| {
        let entry = [format!("{mode} {name}\0").as_bytes(), &raw(id)].concat();
        made(
            &["hash-object", "-t", "tree", "--literally", "-w", "--stdin"],
            &entry,
        )
    };
    let commit = |top: &str| made(&["commit-tree", "-p", "main", "-m", "x", top], b"");
    for mode in ["644", "140000", "10000"] {
        let odd = tree(mode, "odd file", &blob);
        let nested = commit(&tree("40000", "d", &odd));
        for (id, path) in [(nested.as_str(), "d/odd file"), (&commit(&odd), "odd file")] {
            let said = repo.push(&[&format!("{id}:refs/heads/odd")]).fails();
            let flat = said
                .text()
                .replace("\nremote:   ", " ")
                .replace("remote:", "");
            let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
            let what = format!(
                "{path}: mode {mode} is none that Git writes (tree {})",
                &odd[..12]
            );
            assert!(flat.contains(&what), "{flat}");
            assert!(
                flat.contains(&format!("git log -- '{path}' names")),
                "{flat}"
            );
            assert!(!flat.contains("fetch"), "{flat}");
        }
        // What the page says mends it.
        repo.git(&["checkout", "-qf", &nested]).ok();
        assert_eq!(
            repo.git(&["log", "--format=%H", "--", "d/odd file"])
                .ok()
                .out(),
            nested
        );
        repo.git(&["rm", "-q", "--cached", "--", "d/odd file"]).ok();
        repo.git(&["commit", "-qn", "--amend", "--allow-empty", "-m", "x"])
            .ok();
        repo.push(&[&format!("HEAD:refs/heads/mended-{mode}")]).ok();
        repo.git(&["checkout", "-qf", "main"]).ok();
    }
    // Git wrote this one once.
    let old = commit(&tree("100664", "file", &blob));
    repo.push(&[&format!("{old}:refs/heads/old")]).ok();
}

#[test]
fn a_hundred_thousand_refs_slow_nothing_down_to_a_stop() {
    let world = World::new();
    world.start_daemon();
    let (bare, repo) = world.server("r");
    let id = repo.id("HEAD");
    let mut packed = String::from("# pack-refs with: peeled fully-peeled sorted \n");
    for n in 0..100_000 {
        packed.push_str(&format!("{id} refs/tags/t{n:06}\n"));
    }
    std::fs::write(bare.path.join("packed-refs"), packed).unwrap();
    let token = forge_token();
    repo.commit_unseen("a", format!("k={token}\n"));
    repo.push(&["main"]).fails().hides(&token);
    repo.git(&["reset", "-q", "--hard", "HEAD^"]).ok();
    repo.commit_unseen("a", "k=1\n");
    repo.push(&["main"]).ok();
}

#[test]
fn a_delta_bomb_is_indeterminate_in_bounded_memory() {
    let world = World::new();
    world.start_daemon();
    let (bare, repo) = world.server("r");
    // The pack stays a pack; unpacked into loose objects there is no delta to resolve.
    bare.git(&["config", "receive.unpackLimit", "1"]).ok();
    let pid = world.daemons()[0];
    let idle = memory_kib(pid, "VmRSS");
    // Two versions of 300 MiB of one byte: a few hundred bytes as a delta, above the limit whole.
    let path = repo.path.join("bomb");
    for n in 0..2u8 {
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(300 << 20).unwrap();
        drop(file);
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(&[b'x' + n]).unwrap();
        drop(file);
        repo.git(&["-c", "core.bigFileThreshold=1g", "add", "-A"])
            .ok();
        repo.git(&["commit", "-qnm", "x"]).ok();
    }
    repo.git(&["config", "core.bigFileThreshold", "1g"]).ok();
    repo.git(&["config", "pack.window", "10"]).ok();
    repo.git(&["repack", "-adfq", "--depth=10"]).ok();
    let said = repo.push(&["main"]);
    let peak = memory_kib(pid, "VmHWM");
    assert!(
        peak < idle + 64 * 1024,
        "the daemon grew from {idle} to {peak} KiB"
    );
    // Where git made a delta of it, the result is above what is resolved: not checked.
    let pack = repo
        .git(&["verify-pack", "-v", &pack_index(&repo)])
        .ok()
        .out();
    let is_delta = pack
        .lines()
        .any(|l| l.contains(" blob ") && l.split_whitespace().count() > 5);
    if is_delta {
        not_checked(said);
    }
    world.start_daemon();
    repo.git(&["push", "-q", "o", "main~2:refs/heads/small"])
        .ok();
}

fn pack_index(repo: &Repo<'_>) -> String {
    let folder = repo.path.join(".git/objects/pack");
    let mut found = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|e| e.path());
    found
        .find(|p| p.extension().is_some_and(|e| e == "idx"))
        .unwrap()
        .display()
        .to_string()
}

#[test]
fn what_is_packed_and_not_opened_is_named_or_denied_as_policy_says() {
    let world = World::new();
    let repo = world.repo("r");
    let unopened = b"7z\xbc\xaf\x27\x1c and no more";
    repo.stage("a.7z", unopened);
    repo.commit().ok().says("a.7z: not looked at");
    repo.stage(".lychgate/policy.toml", "schema = 1\nunread = \"deny\"\n");
    repo.commit().ok();
    repo.stage("b.7z", unopened);
    repo.commit()
        .fails()
        .says("b.7z: not looked at")
        .says("unread");
    repo.git(&["rm", "-qf", "b.7z"]).ok();
    repo.stage("c.txt", "plain\n");
    repo.commit().ok();
}

#[test]
fn an_archive_inside_of_what_is_too_large_to_open_is_named_or_denied_as_policy_says() {
    let world = World::new();
    let repo = world.repo("r");
    repo.write("plain", "a little text\n");
    let script = "gzip -nc plain && rm plain";
    let packed = world.run("sh", ["-c", script], &repo.path).stdout;
    let filler = |n: usize| b"0123456789abcde\n".repeat(n << 16);
    let large = |packed: &[u8]| vec![filler(9), packed.to_vec(), filler(9)].into_iter();
    stage_stream(&repo, "a.bin", large(&packed));
    judged(&repo).ok().says("a.bin: not looked at");
    repo.stage(".lychgate/policy.toml", "schema = 1\nunread = \"deny\"\n");
    judged(&repo).ok();
    stage_stream(&repo, "b.bin", large(&packed));
    judged(&repo)
        .fails()
        .says("b.bin: not looked at")
        .says("unread");
    stage_stream(&repo, "b.bin", large(b"no archive"));
    judged(&repo).ok();
}

#[test]
fn two_values_in_one_archive_are_two_findings() {
    let world = World::new();
    let repo = world.repo("r");
    let (first, second) = (forge_token(), forge_token());
    let pack = |text: String| {
        repo.write("plain", text);
        let script = "gzip -nc plain > a.gz && rm plain && git add a.gz";
        repo.world.run("sh", ["-c", script], &repo.path).ok();
    };
    pack(format!("A={first}\n"));
    repo.git(&["commit", "-qnm", "debt"]).ok();
    pack(format!("A={first}\nx = 1\n"));
    repo.commit().ok();
    pack(format!("A={first}\nB={second}\n"));
    crate::commit::denied(repo.commit(), &second);
}
