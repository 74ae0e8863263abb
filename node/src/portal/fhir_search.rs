//! What FHIR searches have in common: days and moments, tokens, one patient, how many.
//!
//! # Not here
//! Which conditions a resource knows: [`super::fhir`], [`super::fhir_cases`].

use super::error::ApiError;
use protocol::Timestamp;
use url::form_urlencoded;

/// Resources in one page at most.
pub(super) const PAGE_MAX: usize = 200;
pub(super) const PAGE: usize = 50;
/// Conditions of one search.
const CONDITIONS_MAX: usize = 32;

/// Names and values of a query.
pub(super) fn conditions(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let read: Vec<(String, String)> =
        pairs.take(CONDITIONS_MAX + 1).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    if read.len() > CONDITIONS_MAX { Err(ApiError::Bad("too many conditions")) } else { Ok(read) }
}

/// Of `_count`.
pub(super) fn count(value: &str) -> Result<usize, ApiError> {
    value.parse::<usize>().map(|count| count.min(PAGE_MAX)).map_err(|_| ApiError::Bad("_count"))
}

/// A token may name its system; ours are known by their codes.
pub(super) fn code(value: &str) -> &str {
    value.rsplit('|').next().unwrap_or_default()
}

/// From when until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dates {
    pub(super) from: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

impl Dates {
    /// `ge`, `gt`, `le`, `lt`, `eq` or none, and a day or a moment.
    pub(super) fn narrow(&mut self, value: &str) -> Result<(), ApiError> {
        let known = ["ge", "gt", "le", "lt", "eq"].into_iter().find(|prefix| value.starts_with(prefix));
        let text = known.map_or(value, |prefix| value.strip_prefix(prefix).unwrap_or(value));
        let (from, after) = span(text).ok_or(ApiError::Bad("date"))?;
        match known.unwrap_or("eq") {
            "ge" => self.from = Some(from),
            "gt" => self.from = Some(after),
            "lt" => self.until = Some(from),
            "le" => self.until = Some(after),
            _ => (self.from, self.until) = (Some(from), Some(after)),
        }
        Ok(())
    }

    pub(super) fn hold(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }
}

/// `ISSUER|ID` or an ID alone; a wildcard would make a list of several patients.
pub(super) fn patient(value: &str) -> Result<(Option<String>, String), ApiError> {
    let (issuer, id) = value.rsplit_once('|').map_or((None, value), |(issuer, id)| (Some(issuer), id));
    if id.trim().is_empty() || value.contains(['*', '?', '\\']) {
        return Err(ApiError::Bad("not the ID of one patient"));
    }
    Ok((issuer.filter(|issuer| !issuer.is_empty()).map(str::to_owned), id.to_owned()))
}

/// From when, and the first moment after it: of a day in UTC, or of a moment (a second where none smaller is said).
fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    let at = |when: jiff::Timestamp| u64::try_from(when.as_millisecond()).ok().map(Timestamp);
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let from = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        let after = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        return Some((at(from)?, at(after)?));
    }
    let from = at(text.parse().ok()?)?;
    let lasts = if text.contains('.') { 1 } else { 1_000 };
    Some((from, Timestamp(from.0.checked_add(lasts)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_tokens_and_patients_are_read_and_others_refused() {
        let mut dates = Dates::default();
        dates.narrow("2026-11-01").unwrap();
        assert_eq!(dates.until.unwrap().0 - dates.from.unwrap().0, 24 * 3600 * 1000);
        dates.narrow("lt2026-11-03").unwrap();
        let noon = jiff::Timestamp::from_second(1_793_620_800).unwrap().as_millisecond();
        assert!(dates.hold(Timestamp(u64::try_from(noon).unwrap())), "{dates:?}");
        assert!(!dates.hold(dates.until.unwrap()) && dates.hold(dates.from.unwrap()));
        assert_eq!(patient("CHN|123").unwrap(), (Some("CHN".to_owned()), "123".to_owned()));
        assert_eq!((code("http://x|110103"), code("110103")), ("110103", "110103"));
        assert_eq!(count("9999").unwrap(), PAGE_MAX);
        for wrong in ["yesterday", "ne2026-11-01", "2026-13-01", ""] {
            assert!(Dates::default().narrow(wrong).is_err(), "{wrong}");
        }
        for wrong in ["*", "", "CHN|", "a?"] {
            assert!(patient(wrong).is_err(), "{wrong}");
        }
        assert!(conditions(&"a=1&".repeat(CONDITIONS_MAX + 1)).is_err());
    }
}
