//! A paired site that is only a key: it pairs as anybody does, agrees, and answers on the control plane as the measurement says.
//! Hundreds of them fit beside one real node.

use super::{
    confrere::{Paired, now},
    control::Peer,
};
use crate::{Site, eventually};
use ed25519_dalek::SigningKey;
use protocol::{
    Signed, SiteId, Timestamp,
    agreement::{About, Agreement, Clause, Field, Level, Party, Preset, SignedAgreement},
    catalog::Page,
    ids::Id128,
    message::{Answer, Request, SiteRecord},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// What it answers to a question about a patient; `None`: it knows nothing of it and says nothing.
pub type Says = Box<dyn FnMut(&Request) -> Option<Answer> + Send>;

/// See the module.
#[derive(Debug)]
pub struct Simulated {
    pub key: SigningKey,
    pub name: String,
    pub agreement: Id128,
    /// Gone: it is away.
    pub line: Option<Peer>,
}

/// Everything, told with these fields, held by `holder` for `reader`.
fn clause(holder: SiteId, reader: SiteId, fields: &[Field]) -> Clause {
    Clause {
        presence: false,
        holder,
        reader,
        announce: true,
        level: Level::Objects,
        modalities: Vec::new(),
        modalities_excluded: Vec::new(),
        regions: Vec::new(),
        regions_excluded: Vec::new(),
        since_days: None,
        hours: None,
        fields: fields.to_vec(),
        cache_days: 7,
        onward: false,
        kbits_max: None,
        break_glass: None,
        with_case: false,
        on_duty: false,
    }
}

/// What `says` does not answer is answered as a site does that has nothing new; a question about a patient, not at all.
fn answers(own: Signed<SiteRecord>, says: Arc<Mutex<Says>>) -> impl FnMut(Request) -> Option<Answer> + Send + 'static {
    move |request| match request {
        Request::Hello { .. } => Some(Answer::Hello { record: own.clone(), now: now() }),
        Request::Pull(_) => Some(Answer::Page(Page { epoch: 1, entries: Vec::new(), more: false })),
        Request::History(_) => says.lock().unwrap()(&request),
        other => Some(says.lock().unwrap()(&other).unwrap_or(Answer::Done)),
    }
}

impl Simulated {
    /// The site.
    #[must_use]
    pub fn site(&self) -> SiteId {
        SiteId(self.key.verifying_key().to_bytes())
    }

    /// Pairs, connects and agrees that the real site may read what this one holds. `says` hears every question; what it does not
    /// answer is answered as a site does that has nothing new.
    pub async fn join(real: &Site, seed: [u8; 32], name: &str, fields: &[Field], says: Says) -> Self {
        let Paired { id: us, record, .. } = Paired::with(real, seed, name).await;
        let key = SigningKey::from_bytes(&seed);
        let there: SiteId = real.id().await.parse().unwrap();
        let parties = [(us, name), (there, real.name.as_str())];
        let agreement = Id128(us.0[..16].try_into().unwrap());
        let text = Agreement {
            id: agreement,
            version: 1,
            parties: parties.map(|(site, name)| Party { site, name: name.to_owned() }),
            about: [About::default(), About::default()],
            legal_reference: String::new(),
            purposes: Vec::new(),
            preset: Preset::All,
            clauses: vec![clause(us, there, fields)],
            not_before: Timestamp(0),
            not_after: None,
            drafted: now(),
        };
        let offer = Request::Agreement(SignedAgreement::draft(&key, &text));
        let says = Arc::new(Mutex::new(says));
        // Paired, it is let in a moment later.
        let line = eventually!(20, "the site lets it in and takes its offer", {
            let line = Peer::dial(seed, real.overlay(), answers(record.clone(), says.clone())).await?;
            matches!(line.ask(&offer).await, Some(Answer::Done)).then_some(line)
        });
        let _: Value = real.post(&format!("/api/agreements/{agreement}/accept"), &json!({})).await.ok().json();
        Self { key, name: name.to_owned(), agreement, line: Some(line) }
    }
}
