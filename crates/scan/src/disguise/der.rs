//! A private key as a file of its own in DER (RFC 8017, 5915, 5958), and a key store (RFC 7292): what
//! stands between the lines of a PEM file, without them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Scene;
use super::view::View;
use crate::check::armour_of;
use crate::overwritten::overwrite;

/// Bytes of a line of armour.
const LINE: usize = 64;

/// Calls `each` with the key that the text begins with, armoured, if it does.
pub(super) fn find(scene: &Scene<'_>, view: &mut View, each: &mut dyn FnMut(&View) -> bool) {
    let &Scene { text, begins, .. } = scene;
    let found = (begins == 0).then(|| armour_of(text)).flatten();
    let Some((label, length)) = found else { return };
    let mut letters = STANDARD
        .encode(text.get(..length).unwrap_or_default())
        .into_bytes();
    view.begin("DER");
    let armour = |view: &mut View, end: &str| {
        let line = format!("-----{end} {label}-----\n");
        view.plain.extend_from_slice(line.as_bytes());
    };
    armour(view, "BEGIN");
    for line in letters.chunks(LINE) {
        view.plain.extend_from_slice(line);
        view.plain.push(b'\n');
    }
    armour(view, "END");
    view.stands_for(0, 0..length);
    view.core = 0..view.plain.len();
    overwrite(&mut letters);
    each(view);
}
