//! `docs/traceability.md`: every row that was asked for names tests, and each of them is there.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const TABLE: &str = "docs/traceability.md";

/// The rows of the first issue, by family.
const ROWS: [(&str, &[RangeInclusive<u32>]); 8] = [
    ("HK", &[1..=7, 9..=10, 13..=18, 21..=21]),
    ("SE", &[10..=14]),
    ("PE", &[1..=11, 13..=20, 22..=22]),
    ("RF", &[5..=5, 10..=10]),
    ("DM", &[1..=9, 11..=12, 15..=18]),
    ("GV", &[30..=30]),
    ("AX", &[1..=1, 3..=3, 5..=5]),
    ("DX", &[1..=3, 6..=7, 11..=12, 15..=16]),
];

/// Every complaint about the table.
pub(crate) fn problems() -> Vec<String> {
    let read = |file: &str| std::fs::read_to_string(crate::top().join(file)).ok();
    match read(TABLE) {
        Some(table) => of(&table, &read),
        None => vec![format!("{TABLE} cannot be read")],
    }
}

/// The same of any table; `read` gives the text of a file.
fn of(table: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let name = |family: &str, n: u32| format!("{family}-{n:02}");
    let wanted: BTreeSet<String> = ROWS
        .iter()
        .flat_map(|(family, all)| all.iter().cloned().flatten().map(|n| name(family, n)))
        .collect();
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, row, _, proofs, _] = cells.as_slice() else {
            continue;
        };
        if !row.contains('-') || row.starts_with('-') {
            continue;
        }
        if !wanted.contains(*row) || !told.insert((*row).to_owned()) {
            found.push(format!(
                "{TABLE}: {row} stands twice, or nobody asked for it"
            ));
        }
        if proofs.is_empty() {
            found.push(format!("{TABLE}: {row} names no test"));
        }
        for proof in proofs.split_whitespace() {
            let there = proof.split_once("::").is_some_and(|(file, function)| {
                read(file).is_some_and(|text| text.contains(&format!("fn {function}(")))
            });
            if !there {
                found.push(format!("{TABLE}: {row} names {proof}, which is not there"));
            }
        }
    }
    let missing = wanted.difference(&told);
    found.extend(missing.map(|row| format!("{TABLE}: {row} is missing")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_missing_or_names_what_is_not_there_is_told() {
        let read = |file: &str| (file == "a.rs").then(|| "fn proves() {}".to_owned());
        let whole: String = ROWS
            .iter()
            .flat_map(|(family, all)| all.iter().cloned().flatten().map(move |n| (family, n)))
            .map(|(family, n)| format!("| {family}-{n:02} | what | a.rs::proves |\n"))
            .collect();
        assert!(whole.contains("| HK-01 |") && whole.contains("| GV-30 |"));
        assert_eq!(of(&whole, &read), [""; 0]);
        for (from, to, complaint) in [
            ("| HK-01 | what | a.rs::proves |\n", "", "HK-01 is missing"),
            (
                "| SE-10 | what | a.rs::proves |",
                "| SE-10 | what |  |",
                "SE-10 names no test",
            ),
            (
                "| PE-22 | what | a.rs::proves",
                "| PE-22 | what | a.rs::prove",
                "a.rs::prove, which",
            ),
            (
                "| PE-20 | what | a.rs::",
                "| PE-20 | what | b.rs::",
                "b.rs::proves, which",
            ),
            ("| DX-16 |", "| DX-17 |", "DX-17 stands twice, or nobody"),
        ] {
            let changed = whole.replacen(from, to, 1);
            assert_ne!(changed, whole);
            let told = of(&changed, &read).join("\n");
            assert!(told.contains(complaint), "{told}");
        }
    }
}
