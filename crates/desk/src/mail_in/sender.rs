//! Who sent a mail, how far that is proven, and what they may do by it.

use connect::mail_auth::{Findings, Source};
use mail::{Checked, Incoming, Proof};
use serde::{Deserialize, Serialize};
use store::mail::Incoming as Stored;
use store::person::Person;
use switchboard_core::{Actor, Channel, PersonId};

use super::EnvelopeNote;
use crate::account::{actor_of, find_or_make};
use crate::{Desk, Error, StaffByMail};

/// The mail's sender, as far as the mail proves it.
pub(super) struct Sender {
    pub(super) person: Person,
    /// With all their rights.
    pub(super) full: Actor,
    /// As anybody outside: what an unproven `From` line is good for.
    pub(super) plain: Actor,
    pub(super) proof: Proof,
    pub(super) findings: Option<Findings>,
}

/// What is kept and shown beside an entry about its sender.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SenderVerdict {
    /// `proven`, `failed` or `unknown`.
    pub proof: String,
    /// Who or what proves it: `the reply address`, `the domain lab.example`.
    pub by: String,
    /// What the desk looked up by itself; `None`: it looks nothing up.
    pub checks: Option<Findings>,
}

impl SenderVerdict {
    /// What was found about a sender.
    pub(super) fn of(proof: &Proof, checks: Option<Findings>) -> SenderVerdict {
        let (proof, by) = match proof {
            Proof::Pass { domain } => ("proven", format!("the domain {domain}")),
            Proof::Fail => ("failed", String::new()),
            Proof::None => ("unknown", String::new()),
        };
        SenderVerdict {
            proof: proof.into(),
            by,
            checks,
        }
    }

    /// In one sentence, for people.
    pub fn sentence(&self) -> String {
        match self.proof.as_str() {
            "proven" => format!("The sender is proven by {}.", self.by),
            "failed" => {
                "The sender is forged or ambiguous: the check of their domain failed.".into()
            }
            _ => "Nothing proves the sender.".into(),
        }
    }

    /// Each check in two words: `DKIM pass (lab.example)`.
    pub fn details(&self) -> Vec<String> {
        let Some(found) = &self.checks else {
            return Vec::new();
        };
        let mut words: Vec<String> = found
            .dkim
            .iter()
            .map(|s| {
                let part = if s.whole { "" } else { ", not the whole mail" };
                format!("DKIM {} ({}{part})", s.result, s.domain)
            })
            .collect();
        if let Some(spf) = &found.spf {
            words.push(format!("SPF {spf}"));
        }
        words.push(format!("DMARC {}", found.dmarc));
        if let Some(arc) = &found.arc {
            words.push(format!("ARC {arc}"));
        }
        words
    }
}

impl Sender {
    pub(super) fn is_proven(&self) -> bool {
        matches!(self.proof, Proof::Pass { .. })
    }

    pub(super) fn verdict(&self, personal: bool) -> SenderVerdict {
        if personal {
            return SenderVerdict {
                proof: "proven".into(),
                by: "the reply address that was sent to them".into(),
                checks: self.findings.clone(),
            };
        }
        SenderVerdict::of(&self.proof, self.findings.clone())
    }

    /// Somebody without an account, under the name that the mail gives.
    pub(super) fn outsider(&self) -> Actor {
        let email = self.person.email.as_deref().unwrap_or_default();
        let name = match self.person.name.trim() {
            "" => email.to_owned(),
            name => format!("{name} ({email})"),
        };
        Actor {
            name,
            ..Actor::system(Channel::Mail)
        }
    }

    /// Whether this mail lets its sender act with the rights of staff.
    pub(super) fn staff_may_act(&self, allowed: StaffByMail, personal: bool) -> bool {
        match allowed {
            StaffByMail::Off => false,
            StaffByMail::Proven => self.is_proven(),
            StaffByMail::Signed => self.is_proven() || personal,
        }
    }
}

impl Desk {
    /// Notes what is known of who wrote over a list or for a site: shown like any other's,
    /// as they prove no more.
    pub(super) async fn note_sender(
        &self,
        stored: &Stored,
        mail: &Incoming,
        raw: &[u8],
        envelope: Option<&EnvelopeNote>,
    ) -> Result<(), Error> {
        let findings = self.look_up_sender(raw, envelope).await;
        let proof = self.proof_of(mail, findings.as_ref());
        let verdict = SenderVerdict::of(&proof, findings);
        self.judge_mail(stored.id, Vec::new(), &verdict, None, false)
            .await
    }

    /// Looks up who vouches for a mail.
    pub(super) async fn look_up_sender(
        &self,
        raw: &[u8],
        envelope: Option<&EnvelopeNote>,
    ) -> Option<Findings> {
        let source = envelope.and_then(|e| {
            Some(Source {
                ip: e.ip?,
                hello: e.hello.clone(),
                from: e.from.clone(),
            })
        });
        let us = self.config().mail_domain();
        self.0.mail_auth.check(raw, source.as_ref(), us).await
    }

    /// What proves a mail's sender, with what was looked up about it.
    pub(super) fn proof_of(&self, mail: &Incoming, findings: Option<&Findings>) -> Proof {
        let checked = findings.map(|found| Checked {
            signed_by: found
                .dkim
                .iter()
                .filter(|s| s.result == "pass" && s.whole)
                .map(|s| s.domain.clone())
                .collect(),
            // A signature over a part of the mail may be what DMARC saw.
            dmarc: found.dmarc == "pass" && found.dkim.iter().all(|s| s.whole),
        });
        let authserv = self.config().authserv_id.as_deref();
        mail::sender_proof(mail, authserv, checked.as_ref())
    }

    /// Who sent a mail. Somebody who never wrote before is made known.
    pub(super) async fn sender(
        &self,
        mail: &Incoming,
        findings: Option<Findings>,
    ) -> Result<Sender, Error> {
        let from = mail
            .from
            .clone()
            .ok_or_else(|| Error::invalid("From", "the mail names no sender"))?;
        let proof = self.proof_of(mail, findings.as_ref());
        let address = from.address.clone();
        let known = self
            .0
            .db
            .read(move |c| {
                let Some(person) = store::person::by_email(c, address.as_str())? else {
                    return Ok::<_, Error>(None);
                };
                let actor = actor_of(c, &person, Channel::Mail)?;
                Ok(Some((person, actor)))
            })
            .await?;
        let (person, full) = match known {
            Some(found) => found,
            None => {
                let (fresh, now) = (PersonId(self.uuid()), self.now());
                self.0
                    .db
                    .write(move |c| {
                        let name = from.name.clone().unwrap_or_default();
                        let person = find_or_make(c, fresh, &from.address, &name, now)?;
                        let actor = actor_of(c, &person, Channel::Mail)?;
                        Ok::<_, Error>((person, actor))
                    })
                    .await?
            }
        };
        if !person.active {
            return Err(Error::Forbidden(
                "the sender's account is switched off".into(),
            ));
        }
        let plain = Actor {
            admin: false,
            monitor: false,
            support: false,
            units: Vec::new(),
            ..full.clone()
        };
        Ok(Sender {
            person,
            full,
            plain,
            proof,
            findings,
        })
    }
}
