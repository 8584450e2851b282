//! Writes the packs of `config/packs` as one table that [`crate`] reads without parsing TOML. It
//! changes how they are written down and judges nothing: the tests of the crate do, and prove that
//! the table and the files are the same rules.

#[path = "src/fields.rs"]
#[allow(dead_code, reason = "the crate reads what is written here")]
mod fields;
#[path = "src/lead.rs"]
#[allow(dead_code, reason = "the crate looks there")]
mod lead;
#[path = "src/needs.rs"]
#[allow(dead_code, reason = "the crate asks for it")]
mod needs;
#[path = "src/program.rs"]
#[allow(dead_code, reason = "the crate reads what is written here")]
mod program;
#[path = "src/set.rs"]
#[allow(dead_code, reason = "the crate asks more of it")]
mod set;
#[path = "src/steps/mod.rs"]
#[allow(dead_code, reason = "the crate follows them")]
mod steps;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fields::Writer;
use program::Program;
use toml::{Table, Value};

type Made<T> = Result<T, String>;

fn main() -> Made<()> {
    let from = |name| std::env::var_os(name).ok_or(format!("{name} is not set"));
    let folder = Path::new(&from("CARGO_MANIFEST_DIR")?).join("../../config/packs");
    println!("cargo::rerun-if-changed={}", folder.display());
    for source in ["fields", "lead", "needs", "program", "set"] {
        println!("cargo::rerun-if-changed=src/{source}.rs");
    }
    println!("cargo::rerun-if-changed=src/steps");
    let stores = folder.with_file_name("stores.toml");
    println!("cargo::rerun-if-changed={}", stores.display());
    let out = PathBuf::from(from("OUT_DIR")?);
    dated()?;
    table(&packs(&folder)?, &out.join("packs.table"))?;
    table(&[stores], &out.join("stores.table"))
}

/// The day on which the packs were compiled in, or the one a reproducible build is given.
fn dated() -> Made<()> {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text
            .parse::<u64>()
            .map_err(|e| format!("SOURCE_DATE_EPOCH: {e}"))?,
        Err(_) => SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_err(|e| e.to_string())?
            .as_secs(),
    };
    println!("cargo::rustc-env=LYCHGATE_PACKS_BUILT={}", seconds / 86_400);
    Ok(())
}

fn table(files: &[PathBuf], to: &Path) -> Made<()> {
    let mut out = Writer::default();
    for file in files {
        let wrong = |what: String| format!("{}: {what}", file.display());
        let text = std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
        pack(&text, &mut out).map_err(wrong)?;
    }
    std::fs::write(to, out.0).map_err(|e| format!("{}: {e}", to.display()))
}

/// By name: the order of the rules is part of what the digest says.
fn packs(folder: &Path) -> Made<Vec<PathBuf>> {
    let wrong = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn pack(text: &str, out: &mut Writer) -> Made<()> {
    let mut top = Keys(text.parse().map_err(|e: toml::de::Error| e.to_string())?);
    let mut head = top.table("pack")?;
    let id = head.text("id")?;
    head.text("title")?;
    head.finish()?;
    let Some(Value::Array(rules)) = top.0.remove("rule") else {
        return Err("holds no [[rule]]".to_owned());
    };
    top.finish()?;
    for rule in rules {
        let Value::Table(rule) = rule else {
            return Err("`rule` is no array of tables".to_owned());
        };
        let mut keys = Keys(rule);
        let name = keys.text("id")?;
        let wrong = |what| format!("{name}: {what}");
        out.text(&id);
        out.text(&name);
        stanza(&mut keys, out).map_err(wrong)?;
        keys.finish().map_err(wrong)?;
    }
    Ok(())
}

/// One rule, in the order `src/packs.rs` reads it; what is not said is empty or 0.
fn stanza(rule: &mut Keys, out: &mut Writer) -> Made<()> {
    out.number(rule.number("version")?);
    for key in ["title", "severity", "confidence", "category"] {
        out.text(&rule.text(key)?);
    }
    let matcher = rule.text("matcher")?;
    out.text(&matcher);
    let pattern = rule.text("pattern")?;
    out.text(&pattern);
    // Keywords are searched whatever their case.
    let keywords = rule.list("keywords")?;
    let folded: Vec<String> = keywords.iter().map(|k| k.to_ascii_lowercase()).collect();
    let mut program = Writer::default();
    // Else it is no pattern, or a wrong one: the tests say so.
    if let (true, Ok(hir)) = (matcher.is_empty(), program::parse(&pattern)) {
        Program::of(&hir, &folded, 0).write(&mut program);
    }
    out.bytes(&program.0);
    list(&folded, out);
    out.number(rule.number("window")?);
    out.number(rule.decimal("entropy")?.to_bits());
    for key in ["check", "check_fails"] {
        out.text(&rule.text(key)?);
    }
    let mut paths = rule.table("paths")?;
    for key in ["only", "never"] {
        list(&paths.list(key)?, out);
    }
    paths.finish()?;
    out.text(&rule.text("new")?);
    let cwe = rule.numbers("cwe")?;
    out.number(whole(cwe.len())?);
    cwe.into_iter().for_each(|n| out.number(n));
    list(&rule.list("stopwords")?, out);
    let mut advice = Writer::default();
    for key in ["why", "remediation", "owner"] {
        advice.text(&rule.text(key)?);
    }
    let mut examples = rule.table("examples")?;
    for key in ["bad", "good"] {
        // One of each is shown; the others are for the tests alone.
        let first = examples.list(key)?.into_iter().next();
        advice.text(&first.unwrap_or_default());
    }
    examples.finish()?;
    let mut playbook = rule.table("playbook")?;
    for key in ["rotation", "revocation"] {
        let mut part = playbook.table(key)?;
        list(&part.list("steps")?, &mut advice);
        part.finish()?;
    }
    playbook.finish()?;
    for key in ["references", "standards"] {
        list(&rule.list(key)?, &mut advice);
    }
    out.bytes(&advice.0);
    Ok(())
}

fn list(items: &[String], out: &mut Writer) {
    out.list(items.iter().map(String::as_str));
}

fn whole(number: usize) -> Made<u32> {
    u32::try_from(number).map_err(|e| e.to_string())
}

/// A table whose keys are taken one by one; what is left at the end is an error.
struct Keys(Table);

impl Keys {
    fn text(&mut self, key: &str) -> Made<String> {
        match self.0.remove(key) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(format!("`{key}` is no string")),
        }
    }

    fn number(&mut self, key: &str) -> Made<u32> {
        match self.0.remove(key) {
            None => Ok(0),
            Some(value) => number(key, &value),
        }
    }

    fn decimal(&mut self, key: &str) -> Made<f32> {
        match self.0.remove(key) {
            None => Ok(0.0),
            // By way of its digits, as packs are read: never rounded twice.
            Some(value @ (Value::Float(_) | Value::Integer(_))) => {
                let digits = value.to_string();
                digits.parse().map_err(|_| format!("`{key}` is no number"))
            }
            Some(_) => Err(format!("`{key}` is no number")),
        }
    }

    fn items(&mut self, key: &str) -> Made<Vec<Value>> {
        match self.0.remove(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(format!("`{key}` is no array")),
        }
    }

    fn list(&mut self, key: &str) -> Made<Vec<String>> {
        let items = self.items(key)?.into_iter();
        let text = |item| match item {
            Value::String(text) => Ok(text),
            _ => Err(format!("`{key}` holds something other than strings")),
        };
        items.map(text).collect()
    }

    fn numbers(&mut self, key: &str) -> Made<Vec<u32>> {
        let items = self.items(key)?;
        items.iter().map(|item| number(key, item)).collect()
    }

    fn table(&mut self, key: &str) -> Made<Self> {
        match self.0.remove(key) {
            None => Ok(Self(Table::new())),
            Some(Value::Table(table)) => Ok(Self(table)),
            Some(_) => Err(format!("`{key}` is no table")),
        }
    }

    fn finish(self) -> Made<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("unknown key `{key}`")),
        }
    }
}

fn number(key: &str, value: &Value) -> Made<u32> {
    let number = value.as_integer().and_then(|n| u32::try_from(n).ok());
    number.ok_or(format!("`{key}` is no whole number"))
}
