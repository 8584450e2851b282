//! Tables whose first line names what stands below: exports of password managers, lists of servers.

use std::ops::Range;

use super::evidence::{Evidence, Fact};
use super::{Reading, bounds, content, name};

/// Bytes of a table that are read.
pub(crate) const REACH: usize = 24 << 10;
/// Longest heading.
pub(crate) const HEADING: usize = 480;
/// Rows that are read.
const ROWS: usize = 128;
/// Most columns before the one that is read.
const COLUMNS: usize = 48;

/// Columns that say whose.
const WHOSE: &[&[u8]] = &[b"user", b"login", b"mail", b"account", b"client", b"owner"];
/// Columns that say where.
const WHERE: &[&[u8]] = &[
    b"url", b"uri", b"host", b"site", b"server", b"ip", b"address", b"domain", b"title",
];

/// Reads the column of the keyword that stands at `keyword` of `text`, which is the beginning of an
/// object; gives how many bytes were looked at.
pub(crate) fn read(text: &[u8], keyword: Range<usize>, found: &mut dyn FnMut(Reading)) -> usize {
    let text = text.get(..text.len().min(REACH)).unwrap_or_default();
    column(text, &keyword, found).unwrap_or(HEADING)
}

fn column(text: &[u8], keyword: &Range<usize>, found: &mut dyn FnMut(Reading)) -> Option<usize> {
    let mark = match text.starts_with(b"\xef\xbb\xbf") {
        true => 3,
        false => 0,
    };
    let stop = memchr::memchr(b'\n', text)?;
    let heading = text.get(mark..stop)?;
    if keyword.end > stop || heading.len() > HEADING {
        return None;
    }
    let count = |sign: &u8| memchr::memchr_iter(*sign, heading).count();
    let sign = [b',', b'\t', b';', b'|'].into_iter().max_by_key(count)?;
    // What else is written there is code or prose.
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == sign || b" _-./()\"\r".contains(b);
    if count(&sign) == 0 || !heading.iter().all(plain) {
        return None;
    }
    let own = cells(text, mark..stop, sign)
        .position(|c| c.start <= keyword.start && keyword.end <= c.end)?;
    let cell = cells(text, mark..stop, sign)
        .nth(own)
        .filter(|_| own < COLUMNS)?;
    let at = bounds(text, keyword)?;
    let named = name::read(text, at.clone(), keyword, false)?;
    if at.end != cell.end || keyword.end <= named.start || keyword.start >= named.end {
        return None;
    }
    let words = |words: &[&[u8]]| words.iter().any(|w| super::words::holds(heading, w));
    // `token,count,lemma` counts words.
    if cells(text, mark..stop, sign).any(|c| c.is_empty())
        || (named.fact == Fact::Token && !words(WHOSE))
    {
        return None;
    }
    // Beside a user and a place nothing but a password stands below `password`.
    let lists = named.fact == Fact::Password && words(WHOSE) && words(WHERE);
    let columns = cells(text, mark..stop, sign).count();
    let mut at = stop + 1;
    for _ in 0..ROWS {
        let rest = text.get(at..)?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let row = at..at + length;
        let whole = cells(text, row.clone(), sign).count() == columns;
        if let Some(value) = cells(text, row, sign).nth(own).filter(|_| whole)
            && let Some(evidence) = weigh(text.get(value.clone())?, named.fact, lists)
        {
            found(Reading { value, evidence });
        }
        at += length + 1;
        if at >= text.len() {
            break;
        }
    }
    Some(at)
}

fn weigh(value: &[u8], name: Fact, lists: bool) -> Option<Evidence> {
    if lists && content::is_chosen(value) {
        return Some(Evidence::NONE.with(name).with(Fact::Column));
    }
    let so_far = Evidence::NONE
        .with(name)
        .with(Fact::Mapped)
        .with(Fact::Quoted);
    content::weigh(value, name, so_far).filter(|e| e.may_count())
}

/// The cells of a line, without their quotes and the blanks around them.
fn cells(text: &[u8], line: Range<usize>, sign: u8) -> impl Iterator<Item = Range<usize>> {
    let mut at = Some(line.start);
    std::iter::from_fn(move || {
        let start = at?;
        let rest = text.get(start..line.end)?;
        let quoted = rest.first() == Some(&b'"');
        let mut open = false;
        let stop = rest.iter().position(|b| {
            open ^= quoted && *b == b'"';
            *b == sign && !open
        });
        at = stop.map(|n| start + n + 1);
        let inner = rest.get(..stop.unwrap_or(rest.len()))?;
        let blank = |b: &&u8| b.is_ascii_whitespace() || **b == b'"';
        let before = inner.iter().take_while(blank).count();
        let after = inner.iter().skip(before).rev().take_while(blank).count();
        Some(start + before..start + inner.len() - after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, word: &str) -> Vec<String> {
        let start = text.find(word).unwrap();
        let mut all = Vec::new();
        read(text.as_bytes(), start..start + word.len(), &mut |r| {
            all.push(text[r.value].to_owned());
        });
        all
    }

    #[test]
    fn every_row_is_read() {
        let rows = "a.net,bob,Copper47Lantern,x\nb.net,eve,\"Wicker,93Basket\",y\nc.net,joe,,z\n";
        let text = format!("url,username,password,note\n{rows}");
        assert_eq!(
            values(&text, "passw"),
            ["Copper47Lantern", "Wicker,93Basket"]
        );
        let words = "url,user,password\na.net,bob,stormylantern\n";
        assert_eq!(values(words, "passw"), ["stormylantern"]);
        let tabs = "host\tuser\tpwd\r\nh1\troot\tCopper47Lantern\r\n";
        assert_eq!(values(tabs, "pwd"), ["Copper47Lantern"]);
    }

    #[test]
    fn what_is_no_table_is_not_read() {
        for text in [
            "url,password_hash\na,Copper47Lantern\n",
            "login(user, password)\na,Copper47Lantern\n",
            "password\nCopper47Lantern\n",
            "user,password\nbob,${PASSWORD}\n",
            "url,user,password\na.net,bob,${PASSWORD}\na.net,eve,changeme\n",
            "using a.password;\nx;Copper47Lantern\n",
            "user,password\nbob,changeme\neve\n",
            "x\nuser,password\nbob,Copper47Lantern\n",
        ] {
            assert!(values(text, "password").is_empty(), "{text}");
        }
        let digest = "32fcf65121182b55685f5adb7079fc1f03009cb6";
        let counts = format!("token,count,lemma\n{digest},7,x\n");
        assert!(values(&counts, "token").is_empty());
    }
}
