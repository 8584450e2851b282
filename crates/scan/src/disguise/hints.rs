//! Words without which a way to disguise text does not occur: the search for keywords finds them on
//! its way, and most texts have none.

use super::{armour, dumps, eightyfive, quoted, uuencode, worded};

/// What a word that was found says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Something may be quoted-printable.
    Quoted,
    /// Lists of literals may be joined.
    Joins,
    /// A statement may add to the literal of the one before.
    GoesOn,
    /// The head of a private key.
    Armour,
    /// A dump of bytes may begin.
    Dumps,
    /// A file may be uuencoded.
    Uuencode,
    /// Something may be in Ascii85.
    EightyFive,
    /// It may be rich text.
    RichText,
    /// Bytes of a registry may be listed.
    Registry,
    /// Something that nobody sees may stand within a value.
    Marks,
    /// Literals may be put into a text that is nothing but places.
    Formats,
    /// Words of a list may be joined.
    Words,
    /// What a secret is called may be given a sum of literals with names.
    Sums,
    /// Letters may be turned by thirteen.
    Rotated,
    /// Records of bytes may end.
    Records,
    /// Bytes may be written in binary digits.
    Binary,
    /// Something may be encrypted, by a tool whose mark stands anywhere in it.
    Sealed,
}

/// Words that the search for keywords finds on its way; texts without them are the rule.
pub(crate) const WORDS: [(&[u8], Hint); 71] = [
    (quoted::HEADER, Hint::Quoted),
    (b"concat", Hint::Joins),
    (b"implode", Hint::Joins),
    (b"join", Hint::Joins),
    (b"paste0(", Hint::Joins),
    (b"sprint(", Hint::Joins),
    (b"+= \"", Hint::GoesOn),
    (b"+= '", Hint::GoesOn),
    (b"+=\"", Hint::GoesOn),
    (b"+='", Hint::GoesOn),
    (b".= \"", Hint::GoesOn),
    (b".= '", Hint::GoesOn),
    (b".=\"", Hint::GoesOn),
    (b".='", Hint::GoesOn),
    (b"append(\"", Hint::GoesOn),
    (b"push_str(", Hint::GoesOn),
    (b"strcat(", Hint::GoesOn),
    (b"= +\"\"", Hint::GoesOn),
    (b"= +''", Hint::GoesOn),
    (armour::WORD, Hint::Armour),
    (b"enc[aes256_gcm,", Hint::Sealed),
    (b"$ansible_vault;", Hint::Sealed),
    (dumps::WORD, Hint::Dumps),
    (uuencode::WORD, Hint::Uuencode),
    (eightyfive::WORD, Hint::EightyFive),
    (b"{\\rtf", Hint::RichText),
    (b"=hex(", Hint::Registry),
    (b"=hex:", Hint::Registry),
    (b"\xe2\x80\x8b", Hint::Marks),
    (b"\xe2\x80\x8c", Hint::Marks),
    (b"\xe2\x80\x8d", Hint::Marks),
    (b"\xef\xbb\xbf", Hint::Marks),
    (b"\xe2\x81\xa0", Hint::Marks),
    (b"&shy;", Hint::Marks),
    (b"<wbr", Hint::Marks),
    (b"</span><span", Hint::Marks),
    (b"]]><![cdata[", Hint::Marks),
    (b"<!-- -->", Hint::Marks),
    (b"\x1b[0m", Hint::Marks),
    (b"\x1b[3", Hint::Marks),
    (b"{}{}", Hint::Formats),
    (b"%s%s", Hint::Formats),
    (b"{0}{1}", Hint::Formats),
    (b"`${\"", Hint::Formats),
    (b"`${'", Hint::Formats),
    (b"}${", Hint::Formats),
    (b"f\"{", Hint::Formats),
    (b"$\"{", Hint::Formats),
    (b"].join", Hint::Words),
    (b"%w(", Hint::Words),
    (b" qw(", Hint::Words),
    (b" qw/", Hint::Words),
    (b"token = ", Hint::Sums),
    (b"_key = ", Hint::Sums),
    (b"apikey = ", Hint::Sums),
    (b"secret = ", Hint::Sums),
    (b"password = ", Hint::Sums),
    (worded::ROTATED[0], Hint::Rotated),
    (worded::ROTATED[1], Hint::Rotated),
    (worded::ROTATED[2], Hint::Rotated),
    (worded::ROTATED[3], Hint::Rotated),
    (worded::ROTATED[4], Hint::Rotated),
    (worded::ROTATED[5], Hint::Rotated),
    (worded::ROTATED[6], Hint::Rotated),
    (worded::LAST[0], Hint::Records),
    (worded::LAST[1], Hint::Records),
    (worded::LAST[2], Hint::Records),
    (worded::LAST[3], Hint::Records),
    (worded::BINARY[0], Hint::Binary),
    (worded::BINARY[1], Hint::Binary),
    (worded::BINARY[2], Hint::Binary),
];

/// One shorter word would take the fastest search from all texts.
const _: () = {
    let mut i = 0;
    while i < WORDS.len() {
        assert!(WORDS[i].0.len() > 2);
        i += 1;
    }
};

/// Which disguises a text may have. What was heard in one piece of an object holds for the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    pub(super) quoted: bool,
    pub(super) joins: bool,
    pub(super) goes_on: bool,
    pub(super) armour: bool,
    pub(super) dumps: bool,
    pub(super) uuencode: bool,
    pub(super) eightyfive: bool,
    pub(super) rich_text: bool,
    pub(super) registry: bool,
    pub(super) marks: bool,
    pub(super) formats: bool,
    pub(super) words: bool,
    pub(super) sums: bool,
    pub(super) rotated: bool,
    pub(super) records: bool,
    pub(super) binary: bool,
    pub(crate) sealed: bool,
    /// It is a PDF, or was in one.
    pub(super) pdf: bool,
}

impl Hints {
    pub(crate) fn hear(&mut self, hint: Hint) {
        match hint {
            Hint::Quoted => self.quoted = true,
            Hint::Joins => self.joins = true,
            Hint::GoesOn => self.goes_on = true,
            Hint::Armour => self.armour = true,
            Hint::Dumps => self.dumps = true,
            Hint::Uuencode => self.uuencode = true,
            Hint::EightyFive => self.eightyfive = true,
            Hint::RichText => self.rich_text = true,
            Hint::Registry => self.registry = true,
            Hint::Marks => self.marks = true,
            Hint::Formats => self.formats = true,
            Hint::Words => self.words = true,
            Hint::Sums => self.sums = true,
            Hint::Rotated => self.rotated = true,
            Hint::Records => self.records = true,
            Hint::Binary => self.binary = true,
            Hint::Sealed => self.sealed = true,
        }
    }
}
