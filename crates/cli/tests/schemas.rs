//! The published schemas take what the gate takes, and refuse what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod scene;

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use lychgate_policy::Organisation;
use scene::Scene;
use serde_json::Value;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schema(name: &str) -> (Value, Validator) {
    let file = top().join("docs/schema").join(name);
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    (schema, validator)
}

fn read(text: &str) -> Value {
    let value: toml::Value = toml::from_str(text).unwrap();
    serde_json::to_value(value).unwrap()
}

fn takes(validator: &Validator, name: &str, text: &str) {
    let errors: Vec<String> = validator
        .iter_errors(&read(text))
        .map(|e| format!("{} at {}", e, e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

#[test]
fn the_schema_of_an_organisation_takes_what_the_gate_takes() {
    let (schema, validator) = schema("organisation.json");
    let config = top().join("config");
    for name in [
        "lychgate.toml",
        "policy/standard.toml",
        "policy/observe.toml",
        "policy/strict.toml",
    ] {
        let text = std::fs::read_to_string(config.join(name)).unwrap();
        takes(&validator, name, &text);
    }
    // Every key of the schema stands in the reference, and no other does.
    let reference = std::fs::read_to_string(config.join("lychgate.toml")).unwrap();
    for key in schema["properties"].as_object().unwrap().keys() {
        let says = [
            format!("{key} = "),
            format!("[{key}]"),
            format!("[[{key}]]"),
        ];
        assert!(says.iter().any(|s| reference.contains(s)), "{key}");
    }
    let accept = "schema = 1\n[[accept]]\nrepository = \"/srv/a.git\"\n\
         object = \"0123456789012345678901234567890123456789\"\nrule = \"a.b\"\nby = \"ana\"\n\
         reason = \"looked at\"\nuntil = \"2027-06-30\"\n";
    for (text, good) in [
        (accept.to_owned(), true),
        (accept.replace("looked at", " "), false),
        (accept.replace("0123", "x123"), false),
        (accept.replace("until = \"2027-06-30\"\n", ""), false),
        (accept.replace("by =", "from ="), false),
        ("schema = 1\nmode = \"observe\"\n".to_owned(), true),
        ("schema = 1\nmode = \"off\"\n".to_owned(), false),
        ("schema = 1\npacks = [\"packs/*.toml\"]\n".to_owned(), false),
        ("schema = 1\n[limits]\nsessions = 0\n".to_owned(), false),
        ("schema = 1\n[limits]\ncache_mib = 0\n".to_owned(), true),
        (
            "schema = 1\n[daemon]\nallowed_uids = [-1]\n".to_owned(),
            false,
        ),
        (
            "schema = 1\n[daemon]\nallowed_uids = [1001]\n".to_owned(),
            true,
        ),
        ("schema = 1\nbaselines = \"off\"\n".to_owned(), false),
        ("baseline = \"off\"\n".to_owned(), false),
    ] {
        assert_eq!(
            validator.is_valid(&read(&text)),
            good,
            "the schema, of {text}"
        );
        let (made, problems) = Organisation::parse("organisation.toml", &text);
        assert_eq!(made.is_some(), good, "{problems:?}, of {text}");
    }
}

#[test]
fn the_schema_of_a_pack_takes_what_the_gate_takes() {
    let (schema, validator) = schema("pack.json");
    let packs = std::fs::read_dir(top().join("config/packs")).unwrap();
    let mut number = 0;
    for pack in packs.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&pack).unwrap();
        takes(&validator, &pack.display().to_string(), &text);
        number += 1;
    }
    assert!(number > 50, "{number}");
    let names = &schema["properties"]["rule"]["items"]["properties"]["check"]["enum"];
    let all = lychgate_scan::check::Check::ALL.map(lychgate_scan::check::Check::name);
    assert_eq!(names, &serde_json::json!(all));
    let good = "[pack]\nid = \"own\"\ntitle = \"Ours\"\n[[rule]]\nid = \"own.key\"\n\
         title = \"Our key\"\nseverity = \"high\"\nconfidence = \"high\"\ncategory = \"secret\"\n\
         keywords = [\"ownkey_\"]\npattern = 'ownkey_[0-9]{8}'\nwhy = \"It opens.\"\n\
         remediation = \"Take it out.\"\n[rule.playbook.rotation]\nsteps = [\"a new one\"]\n\
         [rule.playbook.revocation]\nsteps = [\"end it\"]\n[rule.examples]\n\
         bad = [\"ownkey_{digits:8}\", \"k: ownkey_{digits:8}\"]\n\
         good = [\"ownkey_x\", \"ownkey_1\"]\n";
    let scene = Scene::new();
    for (text, taken) in [
        (good.to_owned(), true),
        (
            good.replace("severity = \"high\"", "severity = \"huge\""),
            false,
        ),
        (good.replace("ownkey_\"]", "ow\"]"), false),
        (good.replace("why =", "because ="), false),
        (good.replace("\"ownkey_x\", ", ""), false),
        (good.replace("steps = [\"end it\"]", "steps = []"), false),
        (
            good.replace("category = \"secret\"", "category = \"tree\""),
            false,
        ),
        (good.replace("[[rule]]", "[[rules]]"), false),
        (good.replace("title = \"Ours\"\n", ""), false),
    ] {
        assert_eq!(
            validator.is_valid(&read(&text)),
            taken,
            "the schema, of {text}"
        );
        std::fs::write(scene.path("own.toml"), &text).unwrap();
        let said = scene.lychgate(scene.root(), ["rules", "check", "own.toml"]);
        said.exits(if taken { 0 } else { 4 });
    }
}
