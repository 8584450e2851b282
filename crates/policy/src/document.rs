//! A TOML document read key by key: every problem is collected with its line and column, and a key
//! nobody asked for is one of them.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use lychgate_model::{Problem, spelling};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A file being read, with the problems found so far.
pub struct Document<'t> {
    name: &'t str,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
    broken: Cell<bool>,
}

impl<'t> Document<'t> {
    /// A document from its name, for people, and its text.
    pub fn new(name: &'t str, text: &'t str) -> Self {
        let (problems, broken) = (RefCell::new(Vec::new()), Cell::new(false));
        Self {
            name,
            text,
            problems,
            broken,
        }
    }

    /// Parses and hands the root table to `read`, syntax errors or not: what can be read is, so
    /// that all problems are reported at once. Returns what `read` made and every problem, in the
    /// order of the file; `None` when there is any.
    pub fn read<T>(self, read: impl FnOnce(&Section<'_, '_>) -> T) -> (Option<T>, Vec<Problem>) {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().unwrap_or(0..0);
            let message = error.message().lines().next().unwrap_or("not TOML");
            self.report(at, "", message.to_owned(), String::new());
        }
        self.broken.set(!errors.is_empty());
        let section = Section::new(&self, root.get_ref(), String::new(), root.span());
        let made = read(&section);
        section.finish();
        let mut problems = self.problems.into_inner();
        problems.sort();
        (problems.is_empty().then_some(made), problems)
    }

    fn report(&self, at: Range<usize>, key: &str, message: String, help: String) {
        let (line, column) = self.place(at.start);
        let (file, key) = (self.name.to_owned(), key.to_owned());
        self.problems.borrow_mut().push(Problem {
            file,
            line,
            column,
            key,
            message,
            help,
        });
    }

    fn place(&self, offset: usize) -> (u32, u32) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(column).unwrap_or(u32::MAX),
        )
    }

    fn placed<T>(&self, value: T, at: &Range<usize>) -> Placed<T> {
        let (line, column) = self.place(at.start);
        Placed {
            value,
            line,
            column,
        }
    }
}

/// One table of a document. Each getter marks its key as known; what stays unmarked is refused
/// when the section ends.
pub struct Section<'d, 't> {
    document: &'d Document<'t>,
    table: &'d DeTable<'d>,
    key: String,
    span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
    skipped: Cell<bool>,
}

impl<'d, 't> Section<'d, 't> {
    fn new(
        document: &'d Document<'t>,
        table: &'d DeTable<'d>,
        key: String,
        span: Range<usize>,
    ) -> Self {
        Self {
            document,
            table,
            key,
            span,
            known: RefCell::default(),
            skipped: Cell::new(false),
        }
    }

    /// The name of the file, for people.
    pub fn file(&self) -> &str {
        self.document.name
    }

    /// Whether the key is there, whatever its value; says nothing about whether it is known.
    pub fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(k, _)| k.get_ref() == key)
    }

    /// Where a key stands, which counts as known from here on; `None`: it is not there.
    pub fn place_of(&self, key: &'static str) -> Option<Placed<()>> {
        let (stands, _) = self.table.iter().find(|(k, _)| k.get_ref() == key)?;
        self.known.borrow_mut().push(key);
        Some(self.document.placed((), &stands.span()))
    }

    /// Leaves the remaining keys of this table unread and unrefused.
    pub fn skip_rest(&self) {
        self.skipped.set(true);
    }

    /// Where this table begins.
    pub fn place(&self) -> Placed<()> {
        self.document.placed((), &self.span)
    }

    fn dotted(&self, key: &str) -> String {
        if self.key.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.key)
        }
    }

    fn get(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table
            .iter()
            .find(|(k, _)| k.get_ref() == key)
            .map(|(_, v)| v)
    }

    /// Reports a problem with a value that was read.
    pub fn refuse<T>(&self, key: &str, at: &Placed<T>, message: String, help: &str) {
        let file = self.document.name.to_owned();
        let (line, column, help) = (at.line, at.column, help.to_owned());
        let key = self.dotted(key);
        let problem = Problem {
            file,
            line,
            column,
            key,
            message,
            help,
        };
        self.document.problems.borrow_mut().push(problem);
    }

    fn mismatch(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = value.get_ref().type_str();
        let message = format!("expected {expected}, found {}", article(found));
        self.document
            .report(value.span(), &self.dotted(key), message, String::new());
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<Placed<String>> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(self.document.placed(text.to_owned(), &value.span())),
            None => {
                self.mismatch(key, value, "a string");
                None
            }
        }
    }

    /// A string that must be there.
    pub fn required(&self, key: &'static str) -> Option<Placed<String>> {
        if !self.table.iter().any(|(k, _)| k.get_ref() == key) && !self.document.broken.get() {
            let message = "is missing".to_owned();
            self.document
                .report(self.span.clone(), &self.dotted(key), message, String::new());
        }
        self.text(key)
    }

    /// A string that `parse` understands; `expected` names the choices.
    pub fn word<T>(
        &self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Placed<T>> {
        let text = self.text(key)?;
        match parse(&text.value) {
            Some(value) => Some(Placed {
                value,
                line: text.line,
                column: text.column,
            }),
            None => {
                let words = expected.split([' ', ',', '"']).filter(|w| w.len() > 2);
                let found = named(&text.value, words);
                let message = format!("expected {expected}, found {found}");
                self.refuse(key, &text, message, "");
                None
            }
        }
    }

    /// A whole number within `range`.
    pub fn number(&self, key: &'static str, range: Range<u64>) -> Option<Placed<u64>> {
        let value = self.get(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|i| u64::from_str_radix(&i.as_str().replace('_', ""), i.radix()).ok())
            .filter(|n| range.contains(n));
        if number.is_none() {
            let expected = format!("a whole number from {} to {}", range.start, range.end - 1);
            match value.get_ref().as_integer() {
                Some(i) => {
                    let found = match i.as_str() {
                        short if short.len() <= DIGITS => short.to_owned(),
                        long => format!("a number of {} digits", long.len()),
                    };
                    let message = format!("expected {expected}, found {found}");
                    self.document
                        .report(value.span(), &self.dotted(key), message, String::new());
                }
                None => self.mismatch(key, value, &expected),
            }
        }
        number.map(|n| self.document.placed(n, &value.span()))
    }

    /// A list of strings; empty when absent.
    pub fn list(&self, key: &'static str) -> Vec<Placed<String>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.mismatch(key, value, "a list of strings");
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => out.push(self.document.placed(text.to_owned(), &item.span())),
                None => self.mismatch(key, item, "a string"),
            }
        }
        out
    }

    /// A list of whole numbers within `range`; `None` when absent.
    pub fn numbers(&self, key: &'static str, range: Range<u64>) -> Option<Vec<u64>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.mismatch(key, value, "a list of whole numbers");
            return None;
        };
        let mut out = Vec::new();
        for item in items {
            let number = item.get_ref().as_integer();
            match number.and_then(|i| u64::from_str_radix(i.as_str(), i.radix()).ok()) {
                Some(n) if range.contains(&n) => out.push(n),
                _ => self.mismatch(key, item, "a whole number in range"),
            }
        }
        Some(out)
    }

    /// A table; absent: `None`.
    pub fn section<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Section<'_, '_>) -> T,
    ) -> Option<T> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.mismatch(key, value, "a table");
            return None;
        };
        let inner = Section::new(self.document, table, self.dotted(key), value.span());
        let made = read(&inner);
        inner.finish();
        Some(made)
    }

    /// An array of tables; absent: empty.
    pub fn sections<T>(
        &self,
        key: &'static str,
        mut read: impl FnMut(&Section<'_, '_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.mismatch(key, value, "an array of tables");
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            let Some(table) = item.get_ref().as_table() else {
                self.mismatch(key, item, "a table");
                continue;
            };
            let inner = Section::new(self.document, table, self.dotted(key), item.span());
            out.extend(read(&inner));
            inner.finish();
        }
        out
    }

    fn finish(&self) {
        if self.skipped.get() {
            return;
        }
        let known = self.known.borrow();
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let near = spelling::nearest(name, known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            // What is neither a plain word nor a typing error may be a secret: it is not quoted.
            if spelling::is_plain(name) || near.is_some() {
                let shown = self.dotted(&lychgate_model::path::printable(name.as_bytes()));
                let message = "unknown key".to_owned();
                self.document.report(key.span(), &shown, message, help);
            } else {
                let length = name.chars().count();
                let message = format!("an unknown key of {length} characters");
                self.document.report(key.span(), &self.key, message, help);
            }
        }
    }
}

/// Most digits of a number that is quoted.
const DIGITS: usize = 6;

/// A string for a message: quoted only as a typing error for one of `words`, because anything
/// else in a file may be a secret.
fn named<'w>(text: &str, mut words: impl Iterator<Item = &'w str>) -> String {
    if words.any(|word| spelling::is_slip(text, word)) {
        let shown = lychgate_model::path::printable(text.as_bytes());
        return format!("\"{shown}\"");
    }
    format!("a string of {} characters", text.chars().count())
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
