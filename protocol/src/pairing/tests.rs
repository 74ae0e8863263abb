use super::*;
use crate::{Timestamp, ids::Id128, wire};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}
fn site(key: &SigningKey) -> SiteId {
    SiteId(key.verifying_key().to_bytes())
}
fn record(key: &SigningKey, name: &str) -> Signed<SiteRecord> {
    let record = SiteRecord {
        name: name.to_owned(),
        overlay: vec!["127.0.0.1:7410".to_owned()],
        pixels: vec!["127.0.0.1:7411".to_owned()],
        issued: NOW,
    };
    Signed::seal(key, &record)
}
fn invitation(by: &SigningKey, name: &str) -> Invitation {
    Invitation {
        id: Id128([7; 16]),
        site: site(by),
        name: name.to_owned(),
        addresses: vec!["127.0.0.1:7411".to_owned()],
        expires: NOW.after(LIFE),
    }
}
fn code(text: &str) -> Code {
    text.parse().unwrap()
}
fn inviter(by: &SigningKey, name: &str, spoken: &str) -> Inviter {
    Inviter::new(by.clone(), record(by, name), invitation(by, name), code(spoken))
}
fn joiner(by: &SigningKey, name: &str, to: Invitation, spoken: &str, entropy: u8) -> Joiner {
    Joiner::new(by.clone(), record(by, name), to, &code(spoken), &[entropy; 32])
}

/// Carries messages both ways until nobody has any; `tamper` sees each and gives what arrives instead.
fn talk(inviter: &mut Inviter, joiner: &mut Joiner, mut tamper: impl FnMut(usize, Vec<u8>) -> Vec<Vec<u8>>) {
    let mut number = 0;
    loop {
        let mut quiet = true;
        while let Some(message) = joiner.poll_message() {
            quiet = false;
            assert!(message.len() <= MESSAGE_BYTES_MAX);
            for arrives in tamper(number, message) {
                let _ = inviter.handle_message(NOW, &arrives);
            }
            number += 1;
        }
        while let Some(message) = inviter.poll_message() {
            quiet = false;
            for arrives in tamper(number, message) {
                let _ = joiner.handle_message(NOW, &arrives);
            }
            number += 1;
        }
        if quiet {
            return;
        }
    }
}
fn honestly(_: usize, message: Vec<u8>) -> Vec<Vec<u8>> {
    vec![message]
}
fn told(poll: impl FnMut() -> Option<Event>) -> Vec<Event> {
    std::iter::from_fn(poll).collect()
}
fn digits(events: &[Event]) -> Option<String> {
    events.iter().find_map(|e| match e {
        Event::Compare { digits, .. } => Some(digits.clone()),
        _ => None,
    })
}
fn done_with(events: &[Event]) -> Option<SiteId> {
    events.iter().find_map(|e| match e {
        Event::Done { peer, .. } => Some(*peer),
        _ => None,
    })
}

#[test]
fn two_sites_pair() {
    let (a, b) = (key(1), key(2));
    let mut north = inviter(&a, "CH Nord", "1234 5678");
    let text = invitation(&a, "CH Nord").to_string();
    let mut south = joiner(&b, "CH Sud", text.parse().unwrap(), "12345678", 3);
    north.begin(NOW, &[4; 32]).unwrap();
    talk(&mut north, &mut south, honestly);
    let (at_north, at_south) = (told(|| north.poll_event()), told(|| south.poll_event()));
    assert!(matches!(&at_north[..], [Event::Compare { peer, name, .. }] if *peer == site(&b) && name == "CH Sud"));
    assert!(matches!(&at_south[..], [Event::Compare { peer, name, .. }] if *peer == site(&a) && name == "CH Nord"));
    assert_eq!(digits(&at_north), digits(&at_south));

    south.confirm(true).unwrap();
    talk(&mut north, &mut south, honestly);
    assert_eq!(told(|| north.poll_event()), [Event::ConfirmedThere]);
    assert_eq!(told(|| south.poll_event()), []);
    north.confirm(true).unwrap();
    talk(&mut north, &mut south, honestly);
    assert_eq!(done_with(&told(|| north.poll_event())), Some(site(&b)));
    assert_eq!(done_with(&told(|| south.poll_event())), Some(site(&a)));
    assert_eq!(north.begin(NOW, &[5; 32]), Err(Failure::Expired), "an invitation serves once");
}

#[test]
fn either_person_can_say_no() {
    for inviter_says_no in [true, false] {
        let (a, b) = (key(1), key(2));
        let mut north = inviter(&a, "CH Nord", "12345678");
        let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
        north.begin(NOW, &[4; 32]).unwrap();
        talk(&mut north, &mut south, honestly);
        north.confirm(!inviter_says_no).unwrap();
        let _ = south.confirm(inviter_says_no);
        talk(&mut north, &mut south, honestly);
        let (at_north, at_south) = (told(|| north.poll_event()), told(|| south.poll_event()));
        assert!(at_north.contains(&Event::Failed(Failure::Rejected)));
        assert!(at_south.contains(&Event::Failed(Failure::Rejected)));
        assert_eq!((done_with(&at_north), done_with(&at_south)), (None, None));
    }
}

#[test]
fn three_wrong_codes_end_an_invitation() {
    let (a, b) = (key(1), key(2));
    let mut north = inviter(&a, "CH Nord", "12345678");
    for left in [2, 1, 0] {
        north.begin(NOW, &[left; 32]).unwrap();
        let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345679", left);
        talk(&mut north, &mut south, honestly);
        assert_eq!(told(|| south.poll_event()), [Event::Failed(Failure::WrongCode)]);
        assert_eq!(north.tries_left(), left);
    }
    assert!(told(|| north.poll_event()).contains(&Event::Failed(Failure::WrongCode)));
    assert_eq!(north.begin(NOW, &[9; 32]), Err(Failure::Expired), "not even with the right code");
}

#[test]
fn a_connection_that_says_nothing_right_costs_no_try() {
    let a = key(1);
    let mut north = inviter(&a, "CH Nord", "12345678");
    north.begin(NOW, &[1; 32]).unwrap();
    north.handle_message(NOW, b"GET / HTTP/1.1").unwrap_err();
    north.begin(NOW, &[2; 32]).unwrap();
    let mut other = invitation(&a, "CH Nord");
    other.id = Id128([8; 16]);
    let mut south = joiner(&key(2), "CH Sud", other, "12345678", 3);
    talk(&mut north, &mut south, honestly);
    assert_eq!(told(|| south.poll_event()), [Event::Failed(Failure::Expired)]);
    assert_eq!(north.tries_left(), TRIES);
}

#[test]
fn an_old_invitation_is_refused_on_both_sides() {
    let (a, b) = (key(1), key(2));
    let late = NOW.after(LIFE);
    let mut north = inviter(&a, "CH Nord", "12345678");
    assert_eq!(north.begin(late, &[1; 32]), Err(Failure::Expired));
    let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
    south.handle_timeout(late);
    assert_eq!(told(|| south.poll_event()), [Event::Failed(Failure::Expired)]);
}

#[test]
fn a_recorded_run_cannot_be_played_again() {
    let (a, b) = (key(1), key(2));
    let mut north = inviter(&a, "CH Nord", "12345678");
    let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
    let mut heard = Vec::new();
    north.begin(NOW, &[4; 32]).unwrap();
    talk(&mut north, &mut south, |_, m| {
        heard.push(m.clone());
        vec![m]
    });
    // A second invitation of the same text, as after a restart with the worst of luck: only the inviter's nonce is new.
    let mut again = inviter(&a, "CH Nord", "12345678");
    again.begin(NOW, &[5; 32]).unwrap();
    again.handle_message(NOW, &heard[0]).unwrap();
    again.handle_message(NOW, &heard[2]).unwrap();
    assert_eq!(again.tries_left(), TRIES - 1);
    assert_eq!(digits(&told(|| again.poll_event())), None);
}

/// The man in the middle speaks to both sides with a key of his own. `guess` is the code he tries.
fn with_a_man_in_the_middle(guess: &str, entropy: u8) -> (Vec<Event>, Vec<Event>) {
    let (a, b, m) = (key(1), key(2), key(3));
    let mut north = inviter(&a, "CH Nord", "12345678");
    // He changed the invitation on its way: his key, the true site's name.
    let mut towards_south = inviter(&m, "CH Nord", guess);
    let mut south = joiner(&b, "CH Sud", invitation(&m, "CH Nord"), "12345678", entropy);
    let mut towards_north = joiner(&m, "CH Sud", invitation(&a, "CH Nord"), guess, entropy.wrapping_add(1));
    north.begin(NOW, &[entropy.wrapping_add(2); 32]).unwrap();
    towards_south.begin(NOW, &[entropy.wrapping_add(3); 32]).unwrap();
    talk(&mut north, &mut towards_north, honestly);
    talk(&mut towards_south, &mut south, honestly);
    (told(|| north.poll_event()), told(|| south.poll_event()))
}

#[test]
fn a_relay_that_changes_only_the_key_is_caught() {
    let (a, b, m) = (key(1), key(2), key(3));
    let mut north = inviter(&a, "CH Nord", "12345678");
    let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
    north.begin(NOW, &[4; 32]).unwrap();
    talk(&mut north, &mut south, |_, bytes| match wire::decode::<Message>(&bytes) {
        Ok(Message::Open { invitation, element, commitment, .. }) => {
            let record = record(&m, "CH Sud");
            vec![wire::encode(&Message::Open { invitation, site: site(&m), record, element, commitment })]
        }
        _ => vec![bytes],
    });
    assert_eq!(digits(&told(|| north.poll_event())), None);
    assert_eq!(digits(&told(|| south.poll_event())), None);
    assert_eq!(north.tries_left(), TRIES - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_man_in_the_middle_without_the_code_is_caught(guess in 0u32..100_000_000, entropy: u8) {
        prop_assume!(guess != 12_345_678);
        let (north, south) = with_a_man_in_the_middle(&format!("{guess:08}"), entropy);
        prop_assert_eq!(digits(&north), None);
        prop_assert_eq!(digits(&south), None);
    }

    #[test]
    fn a_man_in_the_middle_with_the_code_shows_other_digits(entropy: u8) {
        let (north, south) = with_a_man_in_the_middle("12345678", entropy);
        prop_assert!(digits(&north).is_some() && digits(&south).is_some());
        prop_assert_ne!(digits(&north), digits(&south));
    }

    #[test]
    fn any_changed_or_cut_byte_is_caught(which in 0usize..4, at: prop::sample::Index, cut: bool, bit in 0u8..8) {
        let (a, b) = (key(1), key(2));
        let mut north = inviter(&a, "CH Nord", "12345678");
        let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
        north.begin(NOW, &[4; 32]).unwrap();
        talk(&mut north, &mut south, |number, mut bytes| {
            if number == which {
                let at = at.index(bytes.len());
                if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
            }
            vec![bytes]
        });
        let _ = (north.confirm(true), south.confirm(true));
        talk(&mut north, &mut south, honestly);
        prop_assert_eq!(done_with(&told(|| north.poll_event())), None);
        prop_assert_eq!(done_with(&told(|| south.poll_event())), None);
    }

    #[test]
    fn lost_and_repeated_messages_never_pair_with_another(fates in prop::collection::vec(0usize..4, 12)) {
        let (a, b) = (key(1), key(2));
        let mut north = inviter(&a, "CH Nord", "12345678");
        let mut south = joiner(&b, "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
        let mut count = 0;
        let mut link = |_: usize, bytes: Vec<u8>| {
            let times = match fates.get(count) { Some(0) => 0, Some(1) => 2, _ => 1 };
            count += 1;
            vec![bytes; times]
        };
        north.begin(NOW, &[4; 32]).unwrap();
        talk(&mut north, &mut south, &mut link);
        let _ = (north.confirm(true), south.confirm(true));
        talk(&mut north, &mut south, &mut link);
        let (north, south) = (told(|| north.poll_event()), told(|| south.poll_event()));
        prop_assert!(done_with(&north).is_none_or(|p| p == site(&b)));
        prop_assert!(done_with(&south).is_none_or(|p| p == site(&a)));
    }

    #[test]
    fn bytes_from_anywhere_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let a = key(1);
        let mut north = inviter(&a, "CH Nord", "12345678");
        north.begin(NOW, &[1; 32]).unwrap();
        let _ = north.handle_message(NOW, &bytes);
        let mut south = joiner(&key(2), "CH Sud", invitation(&a, "CH Nord"), "12345678", 3);
        let _ = south.handle_message(NOW, &bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let prefixed = format!("confrere:{text}");
        prop_assert!(text.parse::<Invitation>().is_err());
        prop_assert!(prefixed.parse::<Invitation>().is_err());
    }

    #[test]
    fn an_invitation_survives_its_text(name in "\\p{L}[\\p{L}\\p{N} .'-]{0,63}", addresses in prop::collection::vec("[a-z0-9.:]{1,40}", 0..8)) {
        let mut made = invitation(&key(1), "x");
        made.name = name;
        made.addresses = addresses;
        let text = made.to_string();
        let wrapped: String = text.chars().enumerate().flat_map(|(i, c)| [(i % 60 == 59).then_some('\n'), Some(c)]).flatten().collect();
        prop_assert_eq!(wrapped.parse::<Invitation>(), Ok(made));
    }
}
