//! What the use of each DIMSE service leaves in the log.
//!
//! One line a row: `name | of | act | outcome | person | study | note`.
//! * `of`: what of the code the row is about (see [`super::services`]): requests, SOP classes, operations that are
//!   refused, reasons of rejections, levels of queries, what the node calls itself. Each has one row at least.
//! * `act`: with `outcome`, the event that it leaves; or `-` with the reason why it leaves none; or `- see STORY: act`,
//!   where another story shows that event.
//! * `person`: who it says acted: an AE title, an account, or the address of whoever said neither.
//! * `study`: `+` where it names the study, `-` where it can name none.
//! * `note`: a part of what it says.

/// Rows in the order in which they are done.
pub(super) const ROWS: &str = r#"
echo                  | C_ECHO_RQ 1.2.840.10008.1.1          | - reads nothing and names nobody
echo refused          | Echo                                 | sign-in           | refused | NOECHO      | - | DIMSE C-ECHO
store                 | C_STORE_RQ storage                   | study-received    | done    | SCANNER     | + | first instance of an association
store refused         | Store                                | instance-refused  | refused | NOSTORE     | - | DIMSE C-STORE
store other class     | Store                                | instance-refused  | failed  | SCANNER1    | - | SOP class not supported on this context
store unreadable      | Store                                | instance-refused  | failed  | SCANNER2    | - | cannot be understood
store other bytes     | Store                                | instance-refused  | failed  | SCANNER3    | + | other bytes are stored
find patients         | C_FIND_RQ 1.2.840.10008.5.1.4.1.2.1.1 Level::Patient | studies-queried | done | VIEWER | - | DIMSE PATIENT, by 00100020
find studies          | 1.2.840.10008.5.1.4.1.2.2.1 Level::Study | studies-queried | done   | VIEWER      | + | DIMSE STUDY, by 0020000D
find series           | Level::Series                        | studies-queried   | done    | VIEWER      | + | DIMSE SERIES, by 0020000D
find images           | Level::Image                         | studies-queried   | done    | VIEWER      | + | DIMSE IMAGE, by 0020000D 0020000E
find refused          | Find                                 | studies-queried   | refused | STRANGER    | + | DIMSE C-FIND
find unfit            | Find                                 | studies-queried   | failed  | VIEWER1     | - | the identifier does not fit
find cancelled        | C_CANCEL_RQ                          | studies-queried   | done    | VIEWER2     | - | DIMSE STUDY, by 00100020
get                   | C_GET_RQ 1.2.840.10008.5.1.4.1.2.2.3 | study-exported    | done    | WORKSTATION | + | C-GET
get, none taken       | 1.2.840.10008.5.1.4.1.2.1.3          | study-exported    | failed  | VIEWER3     | + | C-GET: 0 of 2 arrived
get, cancelled        | C_CANCEL_RQ                          | study-exported    | failed  | VIEWER4     | + | arrived, cancelled
get refused           | Retrieve                             | study-exported    | refused | STRANGER1   | + | DIMSE retrieval
get unfit             | Retrieve                             | study-exported    | failed  | VIEWER5     | + | the identifier does not fit
move                  | C_MOVE_RQ 1.2.840.10008.5.1.4.1.2.2.2 | study-exported   | done    | VIEWER      | + | C-MOVE to WORKSTATION
move to nobody        | 1.2.840.10008.5.1.4.1.2.1.2          | study-exported    | failed  | VIEWER6     | + | the move destination is not a known AE
move to a dead one    | C_MOVE_RQ                            | study-exported    | failed  | VIEWER7     | + | C-MOVE to DEAD: 0 of 2 arrived
commit                | N_ACTION_RQ N_EVENT_REPORT_RQ 1.2.840.10008.1.20.1 | storage-committed | done | SCANNER4 | + | 1 safe, 0 not
commit of what is not | N_ACTION_RQ                          | storage-committed | failed  | SCANNER5    | - | 0 safe, 1 not
commit refused        | Commit                               | storage-committed | refused | NOSTORE1    | - | DIMSE storage commitment
commit unfit          | Commit                               | storage-committed | failed  | SCANNER6    | - | there is no such action
performed             | N_CREATE_RQ N_SET_RQ 1.2.840.10008.3.1.2.3.3 | case-changed | done | SCANNER14 | + | performed procedure step, completed: 2 instances
performed refused     | Perform                              | case-changed      | refused | NOSTORE2    | - | DIMSE performed procedure step
performed unfit       | Perform                              | case-changed      | failed  | SCANNER15   | - | no such procedure step
told of a study       | N_CREATE_RQ 1.2.840.10008.5.1.4.33   | study-exported    | failed  | NOTIFIED    | + | availability notification, not taken
told of it and heard  | N_CREATE_RQ                          | - see modality_sends_a_study: study-exported
other operation       | Other                                | sign-in           | failed  | SCANNER7    | - | operation not supported
identity              | Identify                             | sign-in           | done    | durand      | - | DIMSE, at VIEWER
identity asks         | Level::Study                         | studies-queried   | done    | durand      | - | DIMSE STUDY
identity wrong        | Identify IDENTITY                    | sign-in           | refused | VIEWER8     | - | DIMSE user identity
no right at all       | Associate CALLING_TITLE              | sign-in           | refused | NOTHING     | - | DIMSE association
no calling title      | CALLING_TITLE                        | sign-in           | failed  | 127.0.0.1   | - | no calling AE title
other called title    | CALLED_TITLE                         | sign-in           | failed  | SCANNER8    | - | another called AE title than ours
other application     | APPLICATION_CONTEXT                  | sign-in           | failed  | SCANNER9    | - | another application context
other version         | PROTOCOL_VERSION                     | sign-in           | failed  | SCANNER10   | - | another protocol version
units too short       | NO_REASON                            | sign-in           | failed  | SCANNER11   | - | a proposal that cannot be agreed on
no place              | LOCAL_LIMIT                          | sign-in           | failed  | SCANNER12   | - | as many associations as are allowed
no association at all | Associate                            | sign-in           | failed  | 127.0.0.1   | - | no proposal of an association
no certificate        | Secure                               | sign-in           | failed  | 127.0.0.1   | - | DIMSE TLS
routed by a rule      | route_scu store_scu                  | - see rules_on_arrival: study-exported
source asked          | source_scu                           | - see pacs_beside_the_node: study-recalled
committed elsewhere   | commitment/scu                       | - the command line alone, without a node
"#;
