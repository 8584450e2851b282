//! The day, in UTC: exceptions end by the judge's clock.

/// Today.
pub(crate) fn utc() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}
