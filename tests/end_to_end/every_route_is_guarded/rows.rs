//! The two matrices: who may use a route, and what its use leaves in the log.
//!
//! One line a route: `METHOD route | who | status | done | refused | body`.
//! * `who`: roles that may, by letter (**A**dmin, **R**adiologist, re**F**errer, **T**echnologist, a**U**ditor), the first
//!   of which asks for the `status`; `open`: needs no sign-in; `local`: through the command line on the machine alone.
//!   A route that wants a browser's session answers 401 to the tokens that ask here.
//! * `done`: the act that the answer leaves in the log; `=` before it: one event of the person stands for this use and
//!   others (an opening of the study, lists of one shape); or `-` with the reason why it leaves none.
//! * `refused`: the act that a refusal for the role leaves, or `-` where no role is refused or none is written.
//! * A body is JSON; `$STUDY`, `$SERIES`, `$INSTANCE`, `$ID` are filled in.

/// Rows in the order in which they are asked.
pub(super) const ROWS: &str = r#"
GET /api/site                           | open  | 200 | - names the site only                      | -
GET /api/openapi.json                   | open  | 200 | - the same for everybody                   | -
GET /api/session                        | ARFTU | 200 | - says who asks                            | -
POST /api/session                       | open  | 401 | sign-in                                    | -                | {"name":"nobody","password":"wrong password"}
GET /api/status                         | A     | 200 | - figures of the node                      | studies-queried
GET /api/storage                        | A     | 200 | - figures of the node                      | studies-queried
GET /api/restore                        | ARFTU | 200 | - state of the node                        | -
POST /api/restore/confirm               | A     | 400 | - nothing to confirm; see restored_site_relearns | security-alert | {"reason":"all is well"}
POST /api/restore/fetch-back            | A     | 200 | - what it brings is written by `studies`   | security-alert
GET /api/withheld                       | AT    | 200 | studies-queried                            | studies-queried
POST /api/withheld                      | AT    | 200 | study-withheld                             | security-alert   | {"study":"$STUDY","how":"no-break-glass","asked_by":"patient"}
POST /api/withheld/{id}/release         | AT    | 404 | - see patient_opposes                      | security-alert   | {"note":"a letter"}
POST /api/emergencies                   | R     | 401 | - of a browser's session; see glass_is_broken | glass-broken  | {"site":"nobody","issuer":"X","patient_id":"1","reason":"other","text":"a long reason","password":"x"}
POST /api/presence                      | ARFT  | 200 | - nobody to ask; see presence_is_asked_blindly | presence-asked | {"ins":"255081416802538"}
GET /api/reviews                        | AU    | 200 | log-read                                   | log-read
POST /api/reviews/{id}                  | AU    | 404 | - needs a peer; see glass_is_broken        | security-alert   | {"verdict":"justified"}
GET /api/keys                           | A     | 200 | - public keys of sites                     | studies-queried
POST /api/keys/rotate                   | A     | 401 | - of a browser's session; see key_is_changed | security-alert | {}
POST /api/keys/reseal                   | A     | 401 | - of a browser's session; see key_is_changed | security-alert | {}
GET /api/alarms                         | A     | 200 | - conditions of the node                   | studies-queried
POST /api/alarms/test                   | A     | 200 | - changes nothing                          | security-alert
GET /api/spare                          | A     | 200 | - backups name no patient                  | studies-queried
POST /api/spare                         | A     | 404 | - needs a peer; see second_copy            | security-alert   | {"site":"nobody","bytes_max":1000000000}
POST /api/spare/export                  | local | 403 | - see second_copy                          | security-alert   | {"site":"nobody","to":"/nowhere"}
POST /api/spare/erase                   | local | 403 | - see second_copy                          | security-alert   | {"site":"nobody"}
POST /api/spare/{id}/accept             | A     | 404 | - needs a peer; see second_copy            | security-alert
POST /api/spare/{id}/end                | A     | 404 | - needs a peer; see second_copy            | security-alert
POST /api/spare/{id}/prove              | A     | 404 | - needs a peer; see second_copy            | security-alert   | {}
GET /api/studies                        | ARFT  | 200 | studies-queried                            | studies-queried
GET /api/studies/{study}                | ARFT  | 200 | studies-queried                            | studies-queried
POST /api/studies/{study}/fetch         | ARFT  | 202 | study-opened                               | study-opened
POST /api/studies/{study}/share         | AR    | 404 | - needs a peer; see agreement_is_narrowed  | study-shared     | {"site":"nobody","hours":1}
GET /api/studies/{study}/identities     | AT    | 200 | studies-queried                            | studies-queried
POST /api/studies/{study}/correct       | AT    | 200 | study-corrected                            | study-corrected  | {"set":{"StudyDescription":"Other"},"note":"typed wrongly"}
POST /api/corrections/{id}/undo         | AT    | 200 | correction-undone                          | security-alert
GET /api/corrections                    | AT    | 200 | studies-queried                            | studies-queried
POST /api/patients/merge                | AT    | 404 | - see study_is_corrected                   | security-alert   | {"id":"nobody","like":"1.2.3"}
GET /api/studies/{study}/rules          | A     | 200 | - what rules would do, no patient          | studies-queried
POST /api/studies/{study}/labels        | ART   | 200 | study-labelled                             | study-labelled   | {"add":["seen"]}
GET /api/labels                         | ARFT  | 200 | - words without a study                    | studies-queried
GET /api/studies/{study}/tier           | ARFT  | 200 | - where files lie                          | studies-queried
POST /api/studies/{study}/tier          | A     | 409 | - the same study in another place          | security-alert   | {"tier":"cold"}
GET /api/tiers                          | A     | 200 | - figures of the node                      | studies-queried
GET /api/studies/{study}/retention      | ARFT  | 200 | studies-queried                            | studies-queried
POST /api/studies/{study}/retention     | A     | 200 | retention-changed                          | security-alert   | {"claim":"hold","reason":"a letter"}
GET /api/retention                      | A     | 200 | studies-queried                            | studies-queried
GET /api/retention/proposals            | A     | 200 | studies-queried                            | studies-queried
POST /api/retention/proposals           | A     | 409 | - still kept; see study_is_erased          | security-alert   | {"study":"$STUDY","reason":"a letter"}
DELETE /api/retention/proposals/{id}    | A     | 404 | - see study_is_erased                      | security-alert
POST /api/retention/proposals/{id}/approve | A  | 404 | - see study_is_erased                      | security-alert
GET /api/retention/erased               | A     | 200 | studies-queried                            | studies-queried
GET /api/studies/{study}/export         | ART   | 200 | study-exported                             | study-exported
POST /api/export                        | ART   | 200 | study-exported                             | study-exported   | {"studies":["$STUDY"],"form":"files","purpose":"a letter"}
POST /api/history                       | ARFT  | 200 | studies-queried                            | studies-queried  | {"study":"$STUDY"}
GET /api/patient-links                  | ARFT  | 200 | studies-queried                            | studies-queried
GET /api/patient-links/{id}             | ARFT  | 404 | - needs a peer; see prior_at_a_third_site  | studies-queried
POST /api/patient-links                 | R     | 404 | - needs a peer; see prior_at_a_third_site  | patient-linked   | {"ours":{"issuer":"a","id":"1"},"theirs":{"issuer":"b","id":"2"},"peer":"nobody","decision":"confirm"}
POST /api/readings/viewer               | ARFT  | 401 | - of a browser's session; see images_beside_the_words | study-opened | {"studies":["$STUDY"]}
POST /api/readings                      | ARFT  | 200 | - opening each study is written            | study-opened     | {"studies":["$STUDY"]}
GET /api/transfers                      | ARFT  | 200 | - progress of what was opened              | studies-queried
GET /api/transfers/outgoing             | A     | 200 | - figures of what is given                 | studies-queried
POST /api/transfers/{site}/{study}/pause | A    | 404 | - needs a peer; see transfer_is_steered    | security-alert
POST /api/transfers/{site}/{study}/resume | A   | 404 | - needs a peer; see transfer_is_steered    | security-alert
POST /api/transfers/{site}/{study}/cancel | A   | 404 | - needs a peer; see transfer_is_steered    | security-alert
GET /api/studies/{study}/forecast       | ARFT  | 200 | - figures of what the list shows           | studies-queried
GET /api/studies/{study}/digest         | ARFT  | 200 | =study-opened                              | study-opened
POST /api/studies/{study}/undecoded     | ARFT  | 204 | =study-opened                              | study-opened     | {"series":"{series}","instance":"{instance}","frame":1}
GET /api/studies/{study}/previews       | ARFT  | 200 | =study-opened                              | study-opened
POST /api/studies/{study}/previews      | ARFT  | 202 | =study-opened                              | study-opened
GET /api/studies/{study}/previews/{series}/{instance} | ARFT | 404 | - needs a peer; see studies_are_seen_ahead | study-opened
POST /api/studies/{study}/shown         | ARFT  | 204 | - what a page shows of what is open         | security-alert   | {"viewer":"00000000000000000000000000000000","shown":["{instance}"]}
GET /api/links                          | A     | 200 | - figures of the links                     | studies-queried
GET /api/metrics                        | A     | 200 | - figures of the links                     | studies-queried
POST /api/peers/{site}/test             | A     | 404 | - needs a peer; see transfer_is_steered    | security-alert
GET /api/events                         | ARFTU | 200 | - names no patient; each role hears its own | -
GET /api/peers                          | ARFT  | 200 | - names of sites                           | studies-queried
POST /api/peers/invitations             | A     | 200 | peer-invited                               | security-alert
POST /api/peers/join                    | A     | 400 | - see admins_pair_two_sites                | security-alert   | {"invitation":"none","code":"none"}
DELETE /api/peers/{site}                | A     | 404 | - see peer_is_revoked_mid_transfer         | security-alert
GET /api/peers/{site}/sees              | A     | 404 | - needs a peer; see decisions_are_explained | studies-queried
GET /api/peers/{site}/explain           | A     | 404 | - needs a peer; see decisions_are_explained | studies-queried
GET /api/peers/{site}/copies            | AU    | 404 | - needs a peer; see copies_are_accounted_for | studies-queried
GET /api/studies/{study}/reports        | ARFT  | 200 | studies-queried                            | studies-queried
GET /api/studies/{study}/cases          | ARFT  | 200 | studies-queried                            | studies-queried
GET /api/studies/{study}/signatures     | ARFT  | 200 | =study-opened                              | study-opened
GET /api/studies/{study}/holders        | AU    | 200 | - names sites and no patient               | studies-queried
GET /api/pairings                       | A     | 200 | - names of sites                           | studies-queried
POST /api/pairings/{id}/confirm         | A     | 409 | - see admins_pair_two_sites                | security-alert   | {"accept":true}
GET /api/agreements                     | A     | 200 | - terms, no patients                       | studies-queried
POST /api/agreements                    | A     | 404 | - needs a peer; see agreement_is_narrowed  | security-alert   | {"site":"nobody","preset":"all"}
POST /api/agreements/preview            | A     | 404 | - signs nothing                            | security-alert   | {"site":"nobody","preset":"all"}
POST /api/agreements/{id}/suspend       | A     | 404 | - needs a peer; see agreement_ends_in_good_order | security-alert
POST /api/agreements/{id}/resume        | A     | 404 | - needs a peer; see agreement_ends_in_good_order | security-alert
GET /api/agreements/{id}/under          | A     | 404 | - needs a peer; see agreement_ends_in_good_order | studies-queried
POST /api/agreements/{id}/close         | A     | 404 | - needs a peer; see agreement_ends_in_good_order | security-alert | {"hours":1}
POST /api/agreements/{id}/accept        | A     | 404 | - needs a peer; see agreement_is_narrowed  | security-alert
POST /api/agreements/{id}/end           | A     | 404 | - needs a peer; see agreement_is_narrowed  | security-alert
GET /api/grants                         | AR    | 200 | - what was written when it was given       | studies-queried
DELETE /api/grants/{id}                 | AR    | 404 | - needs a peer; see agreement_is_narrowed  | security-alert
POST /api/grants/{id}/narrow            | AR    | 404 | - needs a peer; see grants_are_passed_on   | security-alert   | {"site":"nobody"}
GET /api/cases                          | ARFT  | 200 | studies-queried                            | studies-queried
POST /api/cases                         | ARF   | 201 | case-changed                               | case-changed     | {"priority":"P0","question":"stroke?","studies":["$STUDY"],"identity_checked":true}
GET /api/cases/statistics               | AU    | 200 | log-read                                   | studies-queried
GET /api/cases/statistics.csv           | AU    | 200 | log-read                                   | studies-queried
GET /api/cases/alerts                   | ARFT  | 200 | - why one is called, no patient            | studies-queried
POST /api/cases/{case}/alerts           | ARFT  | 404 | - see cases_are_read_elsewhere             | security-alert   | {"alerts":[]}
GET /api/cases/askable                  | ARF   | 200 | - sites, and people of rosters; no patient | studies-queried
GET /api/cases/loose                    | ART   | 200 | studies-queried                            | studies-queried
POST /api/cases/loose/{study}/dismiss   | ART   | 204 | case-changed                               | case-changed     | {"reason":"a phantom"}
GET /api/cases/discordances             | ARFT  | 200 | studies-queried                            | studies-queried
POST /api/cases/{case}/discordances/{comparison} | ARFT | 404 | - see discrepancy                   | case-changed
GET /api/cases/settings                 | ARFT  | 200 | - delays and numbers, no patient           | studies-queried
PUT /api/cases/settings                 | A     | 400 | - see cases_are_read_elsewhere             | security-alert   | {"answer_s":[0,0,0,0],"preliminary_s":[1,1,1,1],"final_s":[1,1,1,1],"hear_s":1,"images_s":1,"idle_s":1,"silent_s":1,"telephones":[],"ranks":[],"requested_modalities":[]}
GET /api/cases/teams                    | ARFT  | 200 | - names of the site's people, no patient   | studies-queried
PUT /api/cases/teams                    | A     | 400 | - see teams_are_asked                      | security-alert   | [{"name":"","members":[]}]
GET /api/cases/{case}                   | ARFT  | 404 | - see cases_are_read_elsewhere             | studies-queried
POST /api/cases/{case}/steps            | ARFT  | 404 | - see cases_are_read_elsewhere             | case-changed     | {"step":"claim"}
GET /api/cases/{case}/key-images        | ARFT  | 404 | - see images_beside_the_words              | studies-queried
POST /api/cases/{case}/reports          | R     | 404 | - see cases_are_read_elsewhere             | case-changed     | {"standing":"final","findings":"x","patient":{"name":"","birth_date":""},"hospital":""}
GET /api/cases/{case}/reports/{report}/pdf | ARFT | 404 | - see cases_are_read_elsewhere          | studies-queried
POST /api/cases/{case}/attachments      | ARFT  | 404 | - see papers_go_with_a_case                | case-changed
GET /api/cases/{case}/attachments/{attachment} | ARFT | 404 | - see papers_go_with_a_case           | studies-queried
GET /api/cases/{case}/draft             | R     | 404 | - see cases_are_read_elsewhere             | studies-queried
PUT /api/cases/{case}/draft             | R     | 404 | - see cases_are_read_elsewhere             | case-changed     | {"serial":1,"standing":"final"}
DELETE /api/cases/{case}/draft          | R     | 404 | - see cases_are_read_elsewhere             | case-changed
POST /api/cases/{case}/join             | ART   | 404 | - see cases_are_read_elsewhere             | case-changed     | {"study":"$STUDY","patient":{"name":"x","birth_date":""}}
GET /api/duty                           | A     | 200 | - who is on duty, no patients              | studies-queried
GET /api/coverages                      | ARFT  | 200 | - who reads for whom, no patients          | studies-queried
POST /api/coverages                     | A     | 404 | - needs a peer; see coverage_hole          | security-alert   | {"name":"Nuit","beneficiaries":["here"],"readers":[{"site":"nobody"}],"time_zone":"Europe/Paris"}
POST /api/coverages/{id}/accept         | A     | 404 | - needs a peer; see coverage_hole          | security-alert
POST /api/coverages/{id}/end            | A     | 404 | - needs a peer; see rosters_of_two_islands | security-alert
GET /api/rosters                        | ARFT  | 200 | - who is on duty, no patients              | studies-queried
GET /api/rosters/who                    | ARFT  | 200 | - who is on duty, no patients              | studies-queried
GET /api/rosters/{id}/calendar          | ARFT  | 404 | - needs a peer; see coverage_hole          | studies-queried
POST /api/rosters/{id}/calendar         | A     | 404 | - needs a peer; see coverage_hole          | security-alert
GET /api/shifts                         | ARFT  | 200 | - who is on duty, no patients              | studies-queried
POST /api/shifts                        | ARFT  | 200 | duty-stated                                | security-alert   | {"end":"2099-01-01T00:00:00Z","start":"2098-12-31T00:00:00Z"}
PUT /api/shifts/{id}                    | ARFT  | 404 | - see shift_handover                       | security-alert   | {"end":"2099-01-01T00:00:00Z","start":"2098-12-31T00:00:00Z"}
GET /api/shifts/{id}/handing            | ARFT  | 404 | - see shift_handover                       | studies-queried
POST /api/shifts/{id}/take              | ARFT  | 404 | - see shift_handover                       | security-alert   | {"sound":"worked","notifications":"worked"}
POST /api/shifts/{id}/offer             | ARFT  | 404 | - see shift_handover                       | security-alert   | {"shift":"00000000000000000000000000000000"}
POST /api/shifts/{id}/relieve           | ARFT  | 404 | - see shift_handover                       | security-alert   | {"shift":"00000000000000000000000000000000"}
POST /api/shifts/alive                  | ARFT  | 204 | - a page says that it is looked at         | security-alert
POST /api/shifts/{id}/{step}            | ARFT  | 404 | - see shift_handover                       | security-alert
POST /api/duty/cases                    | A     | 404 | - needs a peer; see duty_opens_studies     | security-alert   | {"studies":["$STUDY"],"owner":"garde","parties":["nobody"],"until":"2099-01-01T00:00:00Z"}
POST /api/duty/{id}/end                 | A     | 404 | - see duty_opens_studies                   | security-alert
GET /api/studies/{study}/purpose        | ARFT  | 200 | - words of agreements, no patients         | study-opened
POST /api/studies/{study}/purpose       | ARFT  | 404 | - needs a peer; see duty_opens_studies     | study-opened     | {"purpose":"care"}
GET /fhir/metadata                      | open  | 200 | - what the door can do                     | -
GET /fhir/AuditEvent                    | AU    | 200 | log-read                                   | log-read
GET /fhir/AuditEvent/{id}               | AU    | 404 | log-read                                   | log-read
GET /fhir/Task                          | ARFT  | 200 | studies-queried                            | studies-queried
GET /fhir/Task/{id}                     | ARFT  | 404 | - see worklist_is_worked_elsewhere         | studies-queried
GET /fhir/ServiceRequest                | ARFT  | 200 | studies-queried                            | studies-queried
GET /fhir/ServiceRequest/{id}           | ARFT  | 404 | - see worklist_is_worked_elsewhere         | studies-queried
GET /fhir/DiagnosticReport              | ARFT  | 200 | studies-queried                            | studies-queried
GET /fhir/DiagnosticReport/{id}         | ARFT  | 404 | - see worklist_is_worked_elsewhere         | studies-queried
GET /api/audit                          | AU    | 200 | log-read                                   | log-read
GET /api/audit/patient                  | AU    | 200 | log-read                                   | log-read
GET /api/ledger                         | AU    | 200 | - state of the log, no entry               | log-read
POST /api/ledger/evidence               | AU    | 200 | log-exported                               | log-exported     | {"studies":["$STUDY"]}
POST /api/ledger/settle                 | A     | 204 | ledger-settled                             | security-alert
GET /api/users                          | A     | 200 | - accounts, no patients                    | studies-queried
POST /api/users                         | A     | 200 | user-changed                               | security-alert   | {"name":"probe","role":"referrer"}
POST /api/users/{name}/password         | A     | 200 | user-changed                               | security-alert   | {}
POST /api/users/{name}/role             | A     | 204 | user-changed                               | security-alert   | {"role":"auditor"}
GET /api/users/{name}/sessions          | A     | 200 | - where an account is signed in            | studies-queried
DELETE /api/users/{name}/sessions       | A     | 204 | user-changed                               | security-alert
DELETE /api/users/{name}/sessions/{id}  | A     | 404 | user-changed                               | security-alert
DELETE /api/users/{name}/second-factor  | A     | 404 | user-changed                               | security-alert
POST /api/users/{name}/professional     | A     | 204 | user-changed                               | security-alert   | {"rpps":"10001234567"}
POST /api/users/{name}/origin           | A     | 404 | - no provider is set; see people_come_by_a_provider | security-alert   | {"subject":"s"}
DELETE /api/users/{name}/origin         | A     | 404 | user-changed                               | security-alert
POST /api/users/{name}/disabled         | A     | 200 | user-changed                               | security-alert   | {"disabled":true}
DELETE /api/users/{name}                | A     | 204 | user-changed                               | security-alert
GET /api/roles                          | A     | 200 | - the table of roles                       | studies-queried
GET /api/account                        | ARFTU | 401 | - of a browser's session; see people_come_in | -
POST /api/account/password              | ARFTU | 401 | - of a browser's session; see people_come_in | -              | {"from":"a","to":"b"}
POST /api/account/second-factor         | ARFTU | 401 | - of a browser's session; see people_come_in | -
POST /api/account/second-factor/confirm | ARFTU | 401 | - of a browser's session; see people_come_in | -              | {"code":"000000"}
GET /api/account/sessions               | ARFTU | 401 | - of a browser's session; see people_come_in | -
DELETE /api/account/sessions            | ARFTU | 401 | - of a browser's session; see people_come_in | -
DELETE /api/account/sessions/{id}       | ARFTU | 401 | - of a browser's session; see people_come_in | -
GET /api/account/tokens                 | ARFTU | 401 | - of a browser's session; see people_come_in | -
POST /api/account/tokens                | ARFTU | 401 | - of a browser's session; see people_come_in | -              | {"name":"probe"}
DELETE /api/account/tokens/{name}       | ARFTU | 401 | - of a browser's session; see people_come_in | -
GET /api/tokens                         | A     | 200 | - names of tokens                          | studies-queried
POST /api/tokens                        | A     | 200 | token-changed                              | security-alert   | {"name":"probe","role":"referrer"}
DELETE /api/tokens/{name}               | A     | 204 | token-changed                              | security-alert
GET /api/aes                            | A     | 200 | - names of machines                        | studies-queried
POST /api/aes                           | A     | 200 | ae-changed                                 | security-alert   | {"title":"PROBE","host":"127.0.0.1","port":4242}
POST /api/aes/{title}/echo              | A     | 200 | - asks a machine whether it is there       | security-alert
DELETE /api/aes/{title}                 | A     | 204 | ae-changed                                 | security-alert
GET /api/sources                        | A     | 200 | - names of machines                        | studies-queried
POST /api/sources                       | A     | 204 | source-changed                             | security-alert   | {"name":"probe","host":"127.0.0.1","port":1,"title":"PROBE"}
POST /api/sources/{name}/test           | A     | 502 | - says whether it answers                  | security-alert
POST /api/sources/{name}/find           | A     | 502 | studies-queried                            | security-alert   | {"PatientID":"nobody"}
POST /api/migrations                    | A     | 200 | migration-changed                          | security-alert   | {"source":"probe"}
GET /api/migrations                     | A     | 200 | - figures                                  | studies-queried
POST /api/migrations/{id}/pause         | A     | 404 | - see pacs_beside_the_node                 | security-alert
POST /api/migrations/{id}/resume        | A     | 404 | - see pacs_beside_the_node                 | security-alert
POST /api/migrations/{id}/cancel        | A     | 404 | - see pacs_beside_the_node                 | security-alert
GET /api/migrations/{id}/report         | A     | 404 | - study UIDs that came, each written       | studies-queried
GET /api/migrations/{id}/report.csv     | A     | 404 | - study UIDs that came, each written       | studies-queried
DELETE /api/sources/{name}              | A     | 204 | source-changed                             | security-alert
GET /api/rules                          | A     | 200 | - rules, no patients                       | studies-queried
POST /api/rules                         | A     | 200 | rule-changed                               | security-alert   | {"name":"probe","actions":{"labels":["probe"]}}
POST /api/rules/test                    | A     | 200 | - counts only                              | security-alert   | {"rule":{"name":"probe","actions":{"labels":["probe"]}}}
GET /api/rules/peers                    | A     | 200 | - what waits, written when it goes         | studies-queried
POST /api/rules/peers/retry             | A     | 404 | - see rules_with_peers                     | security-alert   | {"site":"nobody"}
POST /api/rules/peers/drop              | A     | 404 | - see rules_with_peers                     | security-alert   | {"site":"nobody","study":"1.2.3"}
POST /api/rules/{id}                    | A     | 200 | rule-changed                               | security-alert   | {"name":"probe","actions":{"labels":["probe2"]}}
DELETE /api/rules/{id}                  | A     | 204 | rule-changed                               | security-alert
GET /api/routes                         | A     | 200 | - what waits, written when it goes         | studies-queried
POST /api/routes/retry                  | A     | 404 | - see rules_on_arrival                     | security-alert   | {"to":"NOWHERE"}
POST /api/routes/drop                   | A     | 404 | - see rules_on_arrival                     | security-alert   | {"to":"NOWHERE","study":"1.2.3"}
POST /api/uploads                       | ART   | 200 | - a file is taken in by an import          | study-received
PUT /api/uploads/{id}                   | ART   | 404 | - a file is taken in by an import          | study-received
DELETE /api/uploads/{id}                | ART   | 404 | - takes nothing in                         | study-received
POST /api/import                        | A     | 200 | study-received                             | study-received   | {"paths":["/nowhere"]}
POST /api/verify                        | local | 403 | - reads every byte; what is rotten is an alert | security-alert
POST /api/backup                        | local | 403 | - see backup_is_restored                   | security-alert   | {"to":"/nowhere","passphrase":"a passphrase"}
GET /dicomweb/                          | open  | 405 | - only OPTIONS is answered                 | -
GET /dicomweb/studies                   | ARFT  | 200 | studies-queried                            | studies-queried
GET /dicomweb/workitems                 | ARFT  | 200 | studies-queried                            | studies-queried
POST /dicomweb/workitems                | ARF   | 201 | case-changed                               | case-changed     | {"0040A370":{"vr":"SQ","Value":[{"00401002":{"vr":"LO","Value":["stroke?"]},"0020000D":{"vr":"UI","Value":["$STUDY"]}}]},"00741210":{"vr":"SQ","Value":[{"0040A043":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["priority"]}}]},"0040A160":{"vr":"UT","Value":["P0"]}}]}}
GET /dicomweb/workitems/{workitem}      | ARFT  | 404 | - see worklist_is_worked_elsewhere         | studies-queried
POST /dicomweb/workitems/{workitem}     | ARFT  | 404 | - see worklist_is_worked_elsewhere         | case-changed     | {}
PUT /dicomweb/workitems/{workitem}/state | ARFT | 404 | - see worklist_is_worked_elsewhere         | case-changed     | {}
POST /dicomweb/workitems/{workitem}/cancelrequest | ARFT | 404 | - see worklist_is_worked_elsewhere | case-changed | {}
POST /dicomweb/workitems/{workitem}/subscribers/{subscriber} | ARFT | 404 | - see worklist_is_worked_elsewhere | studies-queried
DELETE /dicomweb/workitems/{workitem}/subscribers/{subscriber} | ARFT | 404 | - see worklist_is_worked_elsewhere | studies-queried
POST /dicomweb/workitems/{workitem}/subscribers/{subscriber}/suspend | ARFT | 404 | - see worklist_is_worked_elsewhere | studies-queried
GET /dicomweb/subscribers/{subscriber}  | ARFT  | 400 | - a channel is a WebSocket; see worklist_is_worked_elsewhere | studies-queried
GET /dicomweb/series                        | ARFT  | 200 | =studies-queried                           | studies-queried
GET /dicomweb/instances                     | ARFT  | 200 | =studies-queried                           | studies-queried
GET /dicomweb/studies/{study}/series | ARFT | 200 | =studies-queried | studies-queried
GET /dicomweb/studies/{study}/instances | ARFT | 200 | =studies-queried | studies-queried
GET /dicomweb/studies/{study}/series/{series}/instances | ARFT | 200 | =studies-queried | studies-queried
GET /dicomweb/wado                      | ARFT  | 200 | =study-opened                               | study-opened
GET /dicomweb/studies/{study}           | ARFT  | 200 | =study-opened                               | study-opened
GET /dicomweb/studies/{study}/metadata  | ARFT  | 200 | =study-opened                               | study-opened
GET /dicomweb/studies/{study}/rendered  | ARFT  | 200 | =study-opened                               | study-opened
GET /dicomweb/studies/{study}/thumbnail | ARFT  | 200 | =study-opened                               | study-opened
GET /dicomweb/studies/{study}/series/{series} | ARFT | 200 | =study-opened                          | study-opened
GET /dicomweb/studies/{study}/series/{series}/metadata | ARFT | 200 | =study-opened                 | study-opened
GET /dicomweb/studies/{study}/series/{series}/rendered | ARFT | 200 | =study-opened                 | study-opened
GET /dicomweb/studies/{study}/series/{series}/thumbnail | ARFT | 200 | =study-opened                | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance} | ARFT | 200 | =study-opened     | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/metadata | ARFT | 200 | =study-opened | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames} | ARFT | 200 | =study-opened | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered | ARFT | 200 | =study-opened | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail | ARFT | 200 | =study-opened | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/rendered | ARFT | 200 | =study-opened | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/thumbnail | ARFT | 200 | =study-opened | study-opened
GET /dicomweb/studies/{study}/series/{series}/instances/{instance}/bulkdata/{*path} | ARFT | 200 | =study-opened | study-opened
POST /dicomweb/studies                  | ART   | 200 | study-received                             | study-received   | STOW
POST /dicomweb/studies/{study}          | ART   | 409 | - of another study, so not taken; storing is written as above | study-received | STOW
DELETE /dicomweb/studies/{study}/series/{series}/instances/{instance} | AT | 204 | study-rejected    | study-rejected
DELETE /dicomweb/studies/{study}/series/{series} | AT | 204 | study-rejected                        | study-rejected
DELETE /dicomweb/studies/{study}        | AT    | 404 | - its one series is rejected above         | study-rejected
POST /api/studies/{study}/reject        | AT    | 404 | - rejected above                           | study-rejected   | {"reason":"quality"}
GET /api/rejections                     | AT    | 200 | studies-queried                            | studies-queried
GET /api/rejections/notes               | AT    | 200 | studies-queried                            | studies-queried
POST /api/rejections/notes/{id}/obey    | AT    | 404 | - see study_is_rejected                    | security-alert
POST /api/rejections/notes/{id}/leave   | AT    | 404 | - see study_is_rejected                    | security-alert
POST /api/rejections/{id}/reinstate     | AT    | 200 | study-reinstated                           | security-alert
GET /api/conflicts                      | AT    | 200 | studies-queried                            | studies-queried
POST /api/conflicts/close               | A     | 400 | - closes none here; see study_changes_under_readers | security-alert | {"ids":[]}
GET /api/conflicts/{id}                 | AT    | 404 | - there is none                            | studies-queried
POST /api/conflicts/{id}/resolve        | AT    | 404 | - see study_changes_under_readers          | security-alert   | {"decision":"keep"}
POST /api/session/provider              | open  | 404 | - see people_come_by_a_provider            | -                | {"page":"/"}
GET /api/session/provider/callback      | open  | 404 | - see people_come_by_a_provider            | -
POST /api/session/provider/code         | open  | 404 | - see people_come_by_a_provider            | -                | {"code":"000000"}
DELETE /api/session                     | ARFTU | 204 | - a token has no session to end            | -
"#;
