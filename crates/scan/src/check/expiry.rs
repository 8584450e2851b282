//! Days after which a value is worth nothing. Whether one has passed, the verdict says: what is
//! read here is kept and no clock is asked.

use crate::scanned::Day;

const DAY: u64 = 86_400;

/// The UTC day of a Unix time; `None` outside of the years 1970 to 9999.
pub(super) fn of_unix(seconds: i64) -> Option<Day> {
    let mut days = u64::try_from(seconds).ok()? / DAY;
    let mut year = 1970u16;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
        if year > 9999 {
            return None;
        }
    }
    let mut month = 1u8;
    while days >= u64::from(month_days(year, month)) {
        days -= u64::from(month_days(year, month));
        month += 1;
    }
    let day = u8::try_from(days + 1).ok()?;
    Some(Day { year, month, day })
}

/// The day that `text` begins with: `2026-11-22`, or `20261122` as signed requests have it.
fn of_text(text: &[u8]) -> Option<Day> {
    let dashed = text.get(4) == Some(&b'-');
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        let all = digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits)
            .ok()
            .filter(|_| all)?
            .parse::<u16>()
            .ok()
    };
    let (month_at, day_at) = if dashed { (5, 8) } else { (4, 6) };
    let year = number(0, 4)?;
    let month = u8::try_from(number(month_at, month_at + 2)?).ok()?;
    let day = u8::try_from(number(day_at, day_at + 2)?).ok()?;
    let is_day = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=month_days(year, month)).contains(&day);
    is_day.then_some(Day { year, month, day })
}

/// What follows `name=` in a query.
fn parameter<'q>(query: &'q [u8], name: &[u8]) -> Option<&'q [u8]> {
    let parts = query.split(|b| matches!(b, b'?' | b'&' | b';' | b'"' | b'\'' | b'<' | b'>'));
    parts
        .filter_map(|part| part.strip_prefix(name)?.strip_prefix(b"="))
        .next()
}

/// Azure's `se`, the days and seconds of `X-Amz-Date`, `X-Amz-Expires` and their Google twins, and
/// the Unix time of `Expires`, wherever they stand in a signed address.
pub(super) fn of_address(address: &[u8]) -> Option<Day> {
    if let Some(end) = parameter(address, b"se") {
        return of_text(end);
    }
    for (date, life) in [
        (&b"X-Amz-Date"[..], &b"X-Amz-Expires"[..]),
        (b"X-Goog-Date", b"X-Goog-Expires"),
    ] {
        if let (Some(from), Some(life)) = (parameter(address, date), parameter(address, life)) {
            return later(of_text(from)?, number(life)?);
        }
    }
    of_unix(i64::try_from(number(parameter(address, b"Expires")?)?).ok()?)
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The day on which a life of `seconds`, begun at any time of `from`, is over at the latest.
fn later(from: Day, seconds: u64) -> Option<Day> {
    let years = (1970..from.year).map(|y| if is_leap(y) { 366 } else { 365 });
    let months = (1..from.month).map(|m| u64::from(month_days(from.year, m)));
    let days = years.sum::<u64>() + months.sum::<u64>() + u64::from(from.day);
    let end = days.checked_mul(DAY)?.checked_add(seconds)?;
    of_unix(i64::try_from(end).ok()?)
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn month_days(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: u16, month: u8, day: u8) -> Option<Day> {
        Some(Day { year, month, day })
    }

    #[test]
    fn unix_days() {
        for (seconds, want) in [
            (0, day(1970, 1, 1)),
            (86_399, day(1970, 1, 1)),
            (951_782_400, day(2000, 2, 29)),
            (1_795_305_600, day(2026, 11, 22)),
            (253_402_300_799, day(9999, 12, 31)),
            (253_402_300_800, None),
            (-1, None),
            (i64::MAX, None),
        ] {
            assert_eq!(of_unix(seconds), want, "{seconds}");
        }
    }

    #[test]
    fn addresses_say_when_they_end() {
        for (address, want) in [
            (
                "https://a/c?sv=2022-11-02&se=2023-02-28T00:00:00Z&sp=r",
                day(2023, 2, 28),
            ),
            ("?se=2027-01-01&sr=c", day(2027, 1, 1)),
            ("?se=2027-02-30&sr=c", None),
            ("?use=2027-01-01", None),
            (
                "?X-Amz-Date=20240229T235959Z&X-Amz-Expires=604800&x",
                day(2024, 3, 8),
            ),
            (
                "?X-Goog-Expires=60&X-Goog-Date=20231231T000000Z",
                day(2024, 1, 1),
            ),
            (
                "?AWSAccessKeyId=x&Expires=1516239022&Signature=y",
                day(2018, 1, 18),
            ),
            ("?X-Amz-Expires=604800", None),
            ("", None),
        ] {
            assert_eq!(of_address(address.as_bytes()), want, "{address}");
        }
    }
}
