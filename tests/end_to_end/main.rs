//! Stories: what people at two hospitals live through, told against real nodes.
//!
//! Each file is one story with its variants. All of them know the node from outside only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story fails by panicking; clippy knows only #[test] functions as tests"
)]

mod admins_pair_two_sites;
mod agreement_ends_in_good_order;
mod agreement_is_narrowed;
mod backup_is_restored;
mod bytes_are_tampered_with;
mod case_on_hold;
mod cases;
mod cases_are_read_elsewhere;
mod command_line;
mod copies_are_accounted_for;
mod corpus_is_kept;
mod coverage_hole;
mod decisions_are_explained;
mod dicom_by_tls;
mod dicom_door_is_crowded;
mod dicomweb_clients_read;
mod discrepancy;
mod duty_opens_studies;
mod events_reach_the_collector;
mod every_codec_is_tampered_with;
mod every_page_is_accessible;
mod every_route_is_guarded;
mod every_service_is_written_down;
mod evidence_is_time_stamped;
mod expert_referral;
mod first_run;
mod glass_is_broken;
mod grants_are_passed_on;
mod holder_is_down_and_returns;
mod hostile_files_harm_nobody;
mod hostile_names_are_text;
mod hostile_peer_asks;
mod hostile_peer_in_cases;
mod hostile_peer_speaks;
mod hours_have_their_zone;
mod identities_link_by_themselves;
mod images_beside_the_words;
mod images_cannot_be_decoded;
mod images_find_their_request;
mod images_travel_coded;
mod index_is_lost;
mod key_is_changed;
mod late_images;
mod ledger_is_tampered_with;
mod log_is_asked_by_fhir;
mod media_come_in;
mod modality_sends_a_study;
mod network_cut_while_reporting;
mod night_is_regulated;
mod nobody_is_forgotten;
mod node_is_killed_mid_ingest;
mod objects_are_made_plain;
mod objects_are_signed;
mod other_toolkits_speak;
mod pacs_beside_the_node;
mod papers_go_with_a_case;
mod patient_asks_who_looked;
mod patient_is_unknown;
mod patient_opposes;
mod peer_is_revoked_mid_transfer;
mod people_come_by_a_provider;
mod people_come_in;
mod portal_is_light;
mod presence_is_asked_blindly;
mod prior_at_a_third_site;
mod radiologist_reads_a_remote_study;
mod radiologist_reads_from_home;
mod reading_site_is_regulated;
mod refused_and_rerouted;
mod relay_stands_between;
mod reopened_case;
mod reports_that_differ;
mod restored_site_relearns;
mod right_patient;
mod roads_change;
mod rosters_of_two_islands;
mod rotten_objects_are_repaired;
mod rules_on_arrival;
mod rules_with_peers;
mod second_copy;
mod several_holders;
mod shift_handover;
mod something_is_wrong;
mod storage_fails;
mod storage_fails_in_later_work;
mod storage_is_committed;
mod stranger_is_refused;
mod stroke_at_night;
mod studies_are_seen_ahead;
mod studies_go_cold;
mod studies_go_to_an_object_store;
mod studies_leave_on_media;
mod studies_of_every_size;
mod study_changes_under_readers;
mod study_is_corrected;
mod study_is_erased;
mod study_is_rejected;
mod study_opens_at_once;
mod teams_are_asked;
mod transfer_is_steered;
mod two_patients_under_one_uid;
mod two_radiologists_click_at_once;
mod who_may_read;
mod worklist_is_worked_elsewhere;
mod workstation_asks_by_dimse;
mod workstation_asks_peers;

/// The node of this checkout.
const SITE: &str = env!("CARGO_BIN_EXE_site");
