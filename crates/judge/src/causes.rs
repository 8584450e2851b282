//! One reason for one cause: an object that is missing takes with it everything that was to be
//! read through it, and people are to mend the one thing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use lychgate_model::path::shell_word;
use lychgate_model::{ObjectId, Reason, Unread};

use crate::session::short;

const NEXT: &str = "git fsck names what is damaged; a partial clone wants git fetch --refetch";

/// What there is to do about something that cannot be read; `path`: where it stands, where that may
/// be said as it is.
pub(crate) fn help(unread: Option<Unread>, path: Option<&[u8]>) -> String {
    let word = path.map(|path| shell_word(Path::new(OsStr::from_bytes(path))));
    match (unread, word) {
        (Some(Unread::Mode(_)), Some(word)) => format!(
            "rewrite the commits that git log -- {word} names: git rm --cached takes it out of one"
        ),
        (Some(Unread::Mode(_) | Unread::IllFormed(_)), _) => {
            "git fsck says what is wrong with it; rewrite the commits that hold it".to_owned()
        }
        (Some(Unread::LongChain | Unread::LargeResult), _) => {
            "git repack -adf may store it otherwise; [limits] delta_chain and delta_result_mib \
             can be raised"
                .to_owned()
        }
        (Some(Unread::Missing(_)) | None, _) => NEXT.to_owned(),
    }
}

/// The missing object that `message` is about, and what could not be read for want of it.
fn cause(message: &str) -> Option<(ObjectId, &str)> {
    let (what, id) = Unread::missing_in(message)?;
    let what = what.trim_end_matches(": ");
    Some((id, what.trim_end_matches(": not read")))
}

/// The same of a note that something was not read.
fn unread(note: &str) -> Option<(ObjectId, &str)> {
    cause(note).filter(|_| note.contains(": not read: object "))
}

/// `reasons`, sorted with the worst first, with one left for each object that is missing; of
/// `notes` those are left that tell of something else. The code of the one is the worst of all.
pub(crate) fn once_each(reasons: Vec<Reason>, notes: &mut Vec<String>) -> Vec<Reason> {
    let told: Vec<(ObjectId, String)> = reasons
        .iter()
        .filter_map(|r| cause(&r.message))
        .map(|(id, what)| (id, what.to_owned()))
        .collect();
    let mut left: Vec<Reason> = Vec::new();
    let mut done: Vec<ObjectId> = Vec::new();
    for mut reason in reasons {
        let Some((id, what)) = cause(&reason.message).map(|(id, w)| (id, w.to_owned())) else {
            left.push(reason);
            continue;
        };
        if done.contains(&id) {
            continue;
        }
        let itself = format!("object {}", short(&id));
        let mut through: Vec<&str> = Vec::new();
        let noted = notes.iter().filter_map(|n| unread(n));
        let all = told.iter().map(|(id, what)| (*id, what.as_str()));
        for (other, what) in all.chain(noted) {
            if other == id && !what.is_empty() && what != itself && !through.contains(&what) {
                through.push(what);
            }
        }
        match through.as_slice() {
            [] => reason.message = Unread::Missing(id).to_string(),
            [_] if !what.is_empty() && what != itself => {}
            several => {
                let several = several.join(", ");
                reason.message = format!("{}, and with it {several}", Unread::Missing(id));
                NEXT.clone_into(&mut reason.help);
            }
        }
        left.push(reason);
        done.push(id);
    }
    notes.retain(|n| unread(n).is_none_or(|(id, _)| !done.contains(&id)));
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use lychgate_model::ReasonCode;

    fn reason(code: ReasonCode, message: &str) -> Reason {
        Reason {
            code,
            message: message.to_owned(),
            help: "help".to_owned(),
        }
    }

    #[test]
    fn what_one_missing_object_holds_is_one_reason() {
        let (a, b) = ("a".repeat(40), "b".repeat(64));
        let reasons = vec![
            reason(
                ReasonCode::Policy,
                &format!(".lychgate/policy.toml: object {a} is missing"),
            ),
            reason(ReasonCode::Policy, "other.toml:1:1: no such key"),
            reason(
                ReasonCode::Unreadable,
                &format!("object {}: object {a} is missing", "a".repeat(12)),
            ),
            reason(
                ReasonCode::Unreadable,
                &format!("d/f: object {b} is missing"),
            ),
        ];
        let mut notes = vec![
            format!(".gitattributes: not read: object {a} is missing"),
            "something else".to_owned(),
        ];
        let left = once_each(reasons.clone(), &mut notes);
        let told: Vec<_> = left.iter().map(|r| (r.code, r.message.clone())).collect();
        let merged =
            format!("object {a} is missing, and with it .lychgate/policy.toml, .gitattributes");
        let want = [
            (ReasonCode::Policy, merged),
            (ReasonCode::Policy, reasons[1].message.clone()),
            // Two objects are two causes.
            (ReasonCode::Unreadable, reasons[3].message.clone()),
        ];
        assert_eq!(told, want);
        assert!(left[0].help.starts_with("git fsck"));
        assert_eq!(notes, ["something else"]);
    }

    #[test]
    fn what_is_about_no_missing_object_stays() {
        let reasons = vec![
            reason(ReasonCode::Trailer, "Reviewed-by is missing"),
            reason(ReasonCode::Unreadable, "object of mine is missing"),
        ];
        let mut notes = vec!["x is missing".to_owned()];
        assert_eq!(once_each(reasons.clone(), &mut notes), reasons);
        assert_eq!(notes.len(), 1);
    }
}
