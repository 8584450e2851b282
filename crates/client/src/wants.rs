//! The judge's questions about objects with a hit.

use std::collections::HashSet;

use lychgate_git::{
    NewObjects, Place as Stands, Repository, staged_changes, staged_gone, staged_places,
};
use lychgate_model::{Hook, ObjectId, limits};
use lychgate_wire::bound;
use lychgate_wire::frame::{Frame, Gone, Object, Place, Role, Want};

use crate::ask::{Asker, document, object_format};
use crate::content::{self, Sending};
use crate::error::Error;
use crate::talk::{Stop, Talk};

/// What knows where the objects of the change stand.
pub(crate) enum Places<'a> {
    /// The index and HEAD.
    Staged(&'a Repository),
    /// The trees of a push.
    Pushed(Box<NewObjects<'a>>),
    /// Nothing stands anywhere: a message, files.
    None,
}

/// Answers one question, without the word that it is answered.
pub(crate) fn answer(
    talk: &mut Talk<'_>,
    asker: Asker<'_>,
    places: &mut Places<'_>,
    anchor: Option<ObjectId>,
    want: Want,
) -> Result<(), Stop> {
    match want {
        Want::Places(ids) => stand(talk, asker, places, &ids.into_iter().collect()),
        Want::Content(ids) => {
            let repository = asker.repository.ok_or(Error::NoRepository)?;
            for id in ids {
                let what = Sending {
                    role: Role::Old,
                    id,
                    path: b"",
                    offered: false,
                };
                content::send(talk, repository, what)?;
            }
            Ok(())
        }
        Want::Small(most, ids) => small(talk, asker, ids, most),
        Want::Documents(wanted) => {
            let repository = asker.repository.ok_or(Error::NoRepository)?;
            for (side, path) in wanted {
                document(talk, repository, side, &path, anchor)?;
            }
            Ok(())
        }
        Want::Gone(sides) => gone(talk, asker, places, &sides),
        Want::Changes(folders) => changes(talk, asker, places, &folders),
    }
}

/// Old sides of at most so many bytes. Nothing depends on them: one that cannot be read, not even to
/// its end, is left out.
fn small(talk: &mut Talk<'_>, asker: Asker<'_>, ids: Vec<ObjectId>, most: u64) -> Result<(), Stop> {
    let repository = asker.repository.ok_or(Error::NoRepository)?;
    let objects = repository.objects();
    let mut content = Vec::new();
    for id in ids {
        let fits = objects.header(id).is_ok_and(|h| h.size <= most);
        let Some(kind) = fits.then(|| objects.load(id, &mut content).ok()).flatten() else {
            continue;
        };
        let size = content.len() as u64;
        let object = Object {
            role: Role::Old,
            kind,
            id,
            size,
            path: b"",
        };
        talk.object(object, false)?;
        for piece in content.chunks(limits::CHUNK) {
            talk.data(Role::Old, piece)?;
        }
    }
    Ok(())
}

fn stand(
    talk: &mut Talk<'_>,
    asker: Asker<'_>,
    places: &mut Places<'_>,
    wanted: &HashSet<ObjectId>,
) -> Result<(), Stop> {
    let mut left = limits::PLACES * limits::PLACES_PER_OBJECT;
    let mut said = Ok(());
    let mut take = |place| {
        if left > 0 && said.is_ok() {
            left -= 1;
            said = say(talk, asker, &place);
        }
    };
    match places {
        Places::Staged(repository) => {
            let merging = asker.hook == Hook::PreMergeCommit;
            staged_places(repository, wanted, merging, &mut take)?;
        }
        Places::Pushed(objects) => objects.places(wanted, &mut take)?,
        Places::None => {}
    }
    said
}

/// Paths at which deleted sides stood.
fn gone(
    talk: &mut Talk<'_>,
    asker: Asker<'_>,
    places: &mut Places<'_>,
    sides: &[(ObjectId, ObjectId)],
) -> Result<(), Stop> {
    let mut left = bound::GONE_PATHS;
    let mut said = Ok(());
    let mut take = |commit, object, path: &[u8]| {
        if left > 0 && said.is_ok() && path.len() <= limits::NAME {
            left -= 1;
            said = talk.say(&Frame::Gone(Gone {
                commit,
                object,
                path,
            }));
        }
    };
    match places {
        Places::Staged(repository) => {
            let merging = asker.hook == Hook::PreMergeCommit;
            let null = ObjectId::null(object_format(asker));
            let wanted = sides.iter().map(|(_, blob)| *blob).collect();
            let mut staged = |blob, path: &[u8]| take(null, blob, path);
            staged_gone(repository, &wanted, merging, &mut staged)?;
        }
        Places::Pushed(objects) => objects.gone(sides, &mut take)?,
        Places::None => {}
    }
    said
}

/// Files whose content is new at their path.
fn changes(
    talk: &mut Talk<'_>,
    asker: Asker<'_>,
    places: &mut Places<'_>,
    folders: &[Vec<u8>],
) -> Result<(), Stop> {
    let mut said = Ok(());
    let mut take = |place| {
        if said.is_ok() {
            said = say(talk, asker, &place);
        }
    };
    match places {
        Places::Staged(repository) => {
            let merging = asker.hook == Hook::PreMergeCommit;
            staged_changes(repository, folders, merging, &mut take)?;
        }
        Places::Pushed(objects) => objects.changes(folders, &mut take)?,
        Places::None => {}
    }
    said
}

fn say(talk: &mut Talk<'_>, asker: Asker<'_>, place: &Stands) -> Result<(), Stop> {
    let sides = |ids: &[ObjectId]| ids.iter().copied().take(limits::DELETED_SIDES).collect();
    talk.say(&Frame::Place(Place {
        object: place.object,
        commit: place.commit.unwrap_or(ObjectId::null(object_format(asker))),
        path: place.path.as_bytes(),
        mode: place.mode,
        reference: &place.reference,
        old: sides(&place.old),
        deleted: sides(&place.deleted),
    }))
}
