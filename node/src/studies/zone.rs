//! Which clock a study's date and time were read from.
//!
//! DICOM's dates and times are those of the wall clock where a study was made. An object that says how far it was ahead of UTC
//! (0008,0201) is believed before its site; the site's zone is told with the rows of its studies. Where neither says, nothing
//! is made up.
//!
//! # Not here
//! How a peer's zone comes here: `overlay`. How far the reader's own clock is ahead: the browser knows.

use super::Shared;
use crate::archive::StudyRow;
use jiff::{
    ToSpan,
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use protocol::{SiteId, roster::zone};

/// The clock of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zoned {
    /// The zone's IANA name, where it is known and what the objects say does not go against it.
    pub(crate) name: Option<String>,
    /// Minutes that it was ahead of UTC on that day; `None`: nobody says.
    pub(crate) offset_min: Option<i16>,
}

impl Zoned {
    /// `site`: the zone of the site where the study was made.
    pub(crate) fn of(row: &StudyRow, site: Option<&str>) -> Self {
        let zone = site.and_then(|name| Some((name, zone(name)?)));
        let Some(wall) = wall(row) else {
            return Self { name: zone.map(|(name, _)| name.to_owned()), offset_min: row.utc_offset_min };
        };
        match (row.utc_offset_min, zone) {
            (Some(minutes), zone) => {
                let is_so = |(_, zone): &(&str, TimeZone)| is_ahead(zone, wall, minutes);
                Self { name: zone.filter(is_so).map(|(name, _)| name.to_owned()), offset_min: Some(minutes) }
            }
            (None, Some((name, zone))) => {
                let at = zone.to_ambiguous_zoned(wall).compatible().ok();
                Self { name: Some(name.to_owned()), offset_min: at.and_then(|at| minutes(at.offset())) }
            }
            (None, None) => Self::default(),
        }
    }
}

fn minutes(offset: Offset) -> Option<i16> {
    i16::try_from(offset.seconds() / 60).ok()
}

/// Whether the zone's wall could show this time when it was so many minutes ahead of UTC: of an hour that comes twice, both.
fn is_ahead(zone: &TimeZone, wall: DateTime, ahead: i16) -> bool {
    let at = wall.checked_sub(i64::from(ahead).minutes()).ok();
    let at = at.and_then(|utc| Offset::UTC.to_timestamp(utc).ok());
    at.and_then(|at| minutes(zone.to_offset(at))) == Some(ahead)
}

/// What the wall showed: noon of a day without an hour.
fn wall(row: &StudyRow) -> Option<DateTime> {
    let date = row.date.as_deref()?;
    let time = row.time.as_deref().filter(|time| time.len() == 6).unwrap_or("120000");
    // A second 60 is of the same minute.
    DateTime::strptime("%Y%m%d%H%M", format!("{date}{}", time.get(..4)?)).ok()
}

impl Shared {
    /// The clock of a study that the site has; `None`: ours.
    pub(super) fn zoned(&self, row: &StudyRow, holder: Option<&SiteId>) -> Zoned {
        match holder {
            None => Zoned::of(row, self.time_zone.as_deref()),
            Some(holder) => Zoned::of(row, self.overlay.zone_of(holder).as_deref()),
        }
    }
}

impl super::Studies {
    /// The clock of a study that the site has; `None`: ours.
    pub(crate) fn zoned(&self, row: &StudyRow, holder: Option<&SiteId>) -> Zoned {
        self.shared.zoned(row, holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{
        Timestamp, Uid,
        manifest::{Completeness, Patient},
    };

    fn row(date: Option<&str>, time: Option<&str>, utc_offset_min: Option<i16>) -> StudyRow {
        StudyRow {
            study: Uid::parse("1.2").unwrap(),
            patient: Patient::default(),
            date: date.map(str::to_owned),
            time: time.map(str::to_owned),
            utc_offset_min,
            national: None,
            modalities: Vec::new(),
            body_parts: Vec::new(),
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
            series: 1,
            instances: 1,
            bytes: 1,
            arrived: Timestamp(1),
            changed: Timestamp(1),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    #[test]
    fn an_object_is_believed_before_its_site_and_nothing_is_made_up() {
        let of = |date, time, says, site| {
            let Zoned { name, offset_min } = Zoned::of(&row(date, time, says), site);
            (name, offset_min)
        };
        let paris = || Some("Europe/Paris".to_owned());
        let (winter, summer, at) = (Some("20260115"), Some("20260715"), Some("140500"));
        assert_eq!(of(winter, at, None, Some("Europe/Paris")), (paris(), Some(60)));
        assert_eq!(of(summer, at, None, Some("Europe/Paris")), (paris(), Some(120)));
        assert_eq!(of(summer, None, None, Some("Europe/Paris")), (paris(), Some(120)));
        assert_eq!(of(winter, at, Some(60), Some("Europe/Paris")), (paris(), Some(60)));
        assert_eq!(of(winter, at, Some(240), Some("Europe/Paris")), (None, Some(240)), "it was made elsewhere");
        assert_eq!(of(winter, at, Some(-210), None), (None, Some(-210)));
        assert_eq!(of(winter, at, None, None), (None, None));
        assert_eq!(of(winter, at, None, Some("Mars/Olympus")), (None, None));
        assert_eq!(of(None, None, None, Some("Europe/Paris")), (paris(), None));
        // The night on which the clock goes back: 02:30 comes twice.
        let twice = Some("20261025");
        assert_eq!(of(twice, Some("023000"), Some(120), Some("Europe/Paris")), (paris(), Some(120)));
        assert_eq!(of(twice, Some("023000"), Some(60), Some("Europe/Paris")), (paris(), Some(60)));
        assert_eq!(of(Some("20261399"), at, None, Some("Europe/Paris")), (paris(), None));
    }
}
