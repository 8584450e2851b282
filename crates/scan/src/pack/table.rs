//! A TOML table read key by key: what has the wrong type or an unknown name is reported, and
//! reading goes on.

use std::ops::Range;

use lychgate_model::spelling;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::pack::place::Report;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// One table, its place and its dotted name.
pub(crate) struct Table<'t, 'i> {
    entries: &'t DeTable<'i>,
    span: Range<usize>,
    name: String,
    known: Vec<&'static str>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(crate) fn new(entries: &'t DeTable<'i>, span: Range<usize>, name: &str) -> Self {
        Self {
            entries,
            span,
            name: name.to_owned(),
            known: Vec::new(),
        }
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The dotted name of a key of this table.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.entries.get(key)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'i>>, want: &str, report: &mut Report<'_>) {
        // A number is no secret: one that is out of range is told.
        let is = match value.get_ref() {
            DeValue::Integer(i) => i.as_str(),
            DeValue::Float(f) => f.as_str(),
            other => other.type_str(),
        };
        report.add(
            Some(value.span()),
            &self.key(key),
            format!("expected {want}, found {is}"),
            "",
        );
    }

    fn missing(&self, key: &str, help: &str, report: &mut Report<'_>) {
        report.add(Some(self.span()), &self.key(key), "is missing", help);
    }

    pub(crate) fn text(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<At<String>> {
        let value = self.get(key)?;
        if let DeValue::String(s) = value.get_ref() {
            return Some(At {
                value: s.clone().into_owned(),
                span: value.span(),
            });
        }
        self.wrong(key, value, "a string", report);
        None
    }

    pub(crate) fn need_text(
        &mut self,
        key: &'static str,
        help: &str,
        report: &mut Report<'_>,
    ) -> Option<At<String>> {
        if self.entries.get(key).is_none() {
            self.known.push(key);
            self.missing(key, help, report);
            return None;
        }
        self.text(key, report)
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        (least, most): (u32, u32),
        report: &mut Report<'_>,
    ) -> Option<At<u32>> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(i) => u32::from_str_radix(i.as_str(), i.radix()).ok(),
            _ => None,
        };
        let Some(n) = number.filter(|n| (least..=most).contains(n)) else {
            self.wrong(
                key,
                value,
                &format!("a whole number from {least} to {most}"),
                report,
            );
            return None;
        };
        Some(At {
            value: n,
            span: value.span(),
        })
    }

    /// A number from 0 to `most`.
    pub(crate) fn decimal(
        &mut self,
        key: &'static str,
        most: f32,
        report: &mut Report<'_>,
    ) -> Option<f32> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(i) => i.as_str().parse::<f32>().ok(),
            DeValue::Float(f) => f.as_str().parse::<f32>().ok(),
            _ => None,
        };
        let number = number.filter(|n| (0.0..=most).contains(n));
        if number.is_none() {
            self.wrong(key, value, &format!("a number from 0 to {most}"), report);
        }
        number
    }

    /// One of the words of `all`.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[(&str, T)],
        report: &mut Report<'_>,
    ) -> Option<T> {
        let text = self.text(key, report)?;
        let found = all
            .iter()
            .find(|(word, _)| *word == text.value)
            .map(|(_, t)| *t);
        if found.is_none() {
            report.add(
                Some(text.span),
                &self.key(key),
                match all.iter().any(|(w, _)| spelling::is_slip(&text.value, w)) {
                    true => format!("unknown word `{}`", text.value),
                    false => format!("unknown word of {} characters", text.value.chars().count()),
                },
                one_of(all),
            );
        }
        found
    }

    /// One of the words of `all`, which has to be there.
    pub(crate) fn need_word<T: Copy>(
        &mut self,
        key: &'static str,
        all: &[(&str, T)],
        report: &mut Report<'_>,
    ) -> Option<T> {
        if self.entries.get(key).is_some() {
            return self.word(key, all, report);
        }
        self.known.push(key);
        self.missing(key, &one_of(all), report);
        None
    }

    /// An array of strings; absent: empty.
    pub(crate) fn texts(&mut self, key: &'static str, report: &mut Report<'_>) -> Vec<At<String>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, value, "an array of strings", report);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(s) => {
                    out.push(At {
                        value: s.clone().into_owned(),
                        span: item.span(),
                    });
                }
                _ => self.wrong(key, item, "a string", report),
            }
        }
        out
    }

    /// An array of whole numbers; absent: empty.
    pub(crate) fn numbers(&mut self, key: &'static str, report: &mut Report<'_>) -> Vec<u32> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, value, "an array of whole numbers", report);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Integer(i) if i.as_str().parse::<u32>().is_ok() => {
                    out.extend(i.as_str().parse::<u32>());
                }
                _ => self.wrong(key, item, "a whole number", report),
            }
        }
        out
    }

    /// A table of its own.
    pub(crate) fn table(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<Table<'t, 'i>> {
        let value = self.get(key)?;
        if let DeValue::Table(t) = value.get_ref() {
            return Some(Table::new(t, value.span(), &self.key(key)));
        }
        self.wrong(key, value, "a table", report);
        None
    }

    /// An array of tables; absent: empty.
    pub(crate) fn tables(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<Table<'t, 'i>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, value, "an array of tables", report);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(t) => out.push(Table::new(t, item.span(), &self.key(key))),
                _ => self.wrong(key, item, "a table", report),
            }
        }
        out
    }

    /// Reports every key that nobody asked for. Call last.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        for (key, _) in self.entries {
            let name: &str = key.get_ref();
            if self.known.contains(&name) {
                continue;
            }
            let near = spelling::nearest(name, self.known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}.", self.known.join(", ")),
            };
            // What is neither a plain word nor a typing error may be a secret: it is not quoted.
            let (shown, message) = if spelling::is_plain(name) || near.is_some() {
                (self.key(name), "unknown key".to_owned())
            } else {
                let length = name.chars().count();
                (
                    self.name.clone(),
                    format!("an unknown key of {length} characters"),
                )
            };
            report.add(Some(key.span()), &shown, message, help);
        }
    }
}

fn one_of<T>(all: &[(&str, T)]) -> String {
    let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
    format!("write one of: {}.", words.join(", "))
}
