//! The report of a migration: what the source said, what came, and what lacks, study by study.

use super::{MigrationView, Outcome};

/// A migration with what became of its studies.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) view: MigrationView,
    /// In the order of their UIDs.
    pub(crate) studies: Vec<Outcome>,
}

const COLUMNS: &str = "study,date,series,said,announced,had,got,bytes,missing,refused,conflicts,patient_differs,\
                       complete,error,missing_instances,refused_instances,conflicting_instances";

impl Report {
    /// As comma-separated values (RFC 4180), a line per study.
    pub(crate) fn csv(&self) -> String {
        let mut text = format!("{COLUMNS}\r\n");
        for outcome in &self.studies {
            text.push_str(&line(outcome));
        }
        text
    }
}

fn line(outcome: &Outcome) -> String {
    let list = |uids: &[protocol::Uid]| uids.iter().map(protocol::Uid::as_str).collect::<Vec<_>>().join(" ");
    let refused: Vec<String> = outcome.refused.iter().map(|(uid, why)| format!("{uid}: {why}")).collect();
    let fields = [
        outcome.study.to_string(),
        outcome.date.clone().unwrap_or_default(),
        outcome.series.to_string(),
        outcome.said.to_string(),
        outcome.announced.map(|count| count.to_string()).unwrap_or_default(),
        outcome.had.to_string(),
        outcome.got.to_string(),
        outcome.bytes.to_string(),
        outcome.missing.len().to_string(),
        outcome.refused.len().to_string(),
        outcome.conflicts.len().to_string(),
        outcome.patient_differs.to_string(),
        outcome.is_complete().to_string(),
        outcome.error.clone().unwrap_or_default(),
        list(&outcome.missing),
        refused.join("; "),
        list(&outcome.conflicts),
    ];
    format!("{}\r\n", fields.map(|field| quoted(&field)).join(","))
}

/// A field; one that a spreadsheet would take for a formula is made text.
fn quoted(field: &str) -> String {
    let field = if field.starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Timestamp, Uid};

    #[test]
    fn a_line_says_what_lacks_and_holds_no_formula() {
        let outcome = Outcome {
            study: Uid::parse("1.2").unwrap(),
            date: Some("20240101".into()),
            series: 1,
            said: 3,
            announced: None,
            had: 0,
            got: 1,
            bytes: 10,
            missing: vec![Uid::parse("1.2.1").unwrap()],
            refused: vec![(Uid::parse("1.2.2").unwrap(), "a \"b\", c".into())],
            conflicts: Vec::new(),
            patient_differs: false,
            error: Some("=1+1".into()),
            at: Timestamp(0),
        };
        let text = line(&outcome);
        assert_eq!(text, "1.2,20240101,1,3,,0,1,10,1,1,0,false,false,'=1+1,1.2.1,\"1.2.2: a \"\"b\"\", c\",\r\n");
        assert_eq!(COLUMNS.split(',').count(), 17);
    }
}
