//! The judge's questions about objects with a hit.

use std::collections::HashSet;

use lychgate_git::{NewObjects, Place as Stands, Repository, staged_places};
use lychgate_model::{Hook, ObjectId, limits};
use lychgate_wire::frame::{Frame, Place, Role, Want};

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
        Want::Documents(wanted) => {
            let repository = asker.repository.ok_or(Error::NoRepository)?;
            for (side, path) in wanted {
                document(talk, repository, side, &path)?;
            }
            Ok(())
        }
    }
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
