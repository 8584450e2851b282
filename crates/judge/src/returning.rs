//! What comes back from scans: remembered, kept as a hit, or a reason.

use std::sync::Arc;

use lychgate_model::{ObjectKind, Reason, ReasonCode};
use lychgate_wire::frame::Role;

use crate::cache::Known;
use crate::hits::{Named, Route};
use crate::session::{Session, short};
use crate::work::{Failure, Judged, What};

impl Session {
    pub(crate) fn remember(&mut self, judged: Vec<Judged>) {
        let mut entries = Vec::with_capacity(judged.len());
        for item in judged {
            let Judged {
                what,
                name,
                size,
                outcome,
                missing,
            } = item;
            let scanned = match outcome {
                Ok(scanned) => scanned,
                Err(failure) => {
                    self.failed(&what, &name, failure);
                    continue;
                }
            };
            if !missing.is_empty() {
                self.missing(&what, &missing);
            }
            match what {
                What::Object { role, kind, id } => {
                    let scanned = (!scanned.is_clean()).then(|| Arc::new(scanned));
                    entries.push((
                        id,
                        Known {
                            kind,
                            size,
                            scanned: scanned.clone(),
                        },
                    ));
                    match (role, scanned) {
                        (Role::Old, scanned) if self.removed.is_asked() => {
                            self.removed.hold(id, scanned);
                        }
                        (Role::Old, scanned) => {
                            self.hits.sides.insert(id, scanned);
                        }
                        (_, scanned) => {
                            self.judged += 1;
                            match scanned {
                                None if kind == ObjectKind::Blob => self.watch_pushed(id),
                                None => {}
                                Some(scanned) if self.admits(&scanned) => {
                                    self.hits.object(id, kind, scanned);
                                }
                                Some(_) => {}
                            }
                        }
                    }
                }
                What::Message => {
                    self.judged += 1;
                    self.hits.message = Some(scanned);
                }
                What::Persons => {
                    self.judged += 1;
                    self.hits.persons = Some(scanned);
                }
                What::File => {
                    self.judged += 1;
                    let large = self.policy.largest().is_some_and(|most| size > most);
                    if (large || !scanned.is_clean()) && self.admits(&scanned) {
                        let named = Named {
                            name,
                            size,
                            scanned,
                        };
                        self.hits.files.push(named);
                    }
                }
                What::Path { new, stood, staged }
                    if !scanned.is_clean() && self.admits(&scanned) =>
                {
                    self.hits.paths.push(Route {
                        path: name,
                        scanned,
                        new,
                        stood,
                        staged,
                        commit: None,
                    });
                }
                What::Reference if !scanned.is_clean() && self.admits(&scanned) => {
                    let named = Named {
                        name,
                        size,
                        scanned,
                    };
                    self.hits.references.push(named);
                }
                What::Path { .. } | What::Reference => {}
            }
        }
        self.cache
            .put(self.context.peer, self.engine.shelf(), entries);
    }

    pub(crate) fn failed(&mut self, what: &What, name: &[u8], failure: Failure) {
        let subject = match what {
            What::Object {
                role: Role::Old,
                id,
                ..
            } => {
                // An old side that cannot be had explains nothing: its twin stays new.
                self.hits.sides.insert(*id, None);
                return;
            }
            What::Object { kind, id, .. } => format!("{} {}", kind.name(), short(id)),
            What::Message => "the commit message".to_owned(),
            What::Persons => "the author and committer".to_owned(),
            What::File | What::Path { .. } => self.shown_path(name),
            What::Reference => self.shown_reference(name),
        };
        match failure {
            Failure::Mismatch => self.tell(
                ReasonCode::Coverage,
                format!("{subject}: the bytes received are not those of this id"),
                "git fsck tells whether the object is damaged",
            ),
            Failure::Panic => self.tell(
                ReasonCode::Fault,
                format!("{subject}: the scan failed on it"),
                "report this as a bug, with the object if you can",
            ),
        }
    }

    pub(crate) fn missing(&mut self, what: &What, missing: &[String]) {
        let subject = match what {
            What::Object { id, .. } => format!("commit {}", short(id)),
            _ => "the message".to_owned(),
        };
        let keys: Vec<&str> = missing.iter().map(String::as_str).collect();
        let Reason {
            code,
            message,
            help,
        } = lychgate_policy::weigh::trailer_reason(&subject, &keys);
        self.tell(code, message, &help);
    }
}
