//! What a member of a real Mailman's list writes with a signature (DKIM): the list keeps
//! it, breaks it by what it adds, or takes the sender's place. The verdict says what is
//! left of it, and the answer is taken by the list's signed reply address in any case.

use desk::StaffByMail;
use switchboard_core::{Channel, EntryVisibility};
use testkit::{configured, mail_servers, mailman};

use crate::mail_proof::{Zone, entries, message};
use crate::mailbox::{draft, made, name, read};
use crate::redirect::{goes_to, open, reply_address};

#[test]
fn an_answer_that_a_member_signed_is_taken_and_the_verdict_is_right_whatever_the_list_does_to_it() {
    let (Some(servers), Some(mailman)) = (mail_servers(), mailman()) else {
        return;
    };
    let zone = Zone::new(&["example.org", "example.net"]);
    for domain in ["example.org", "example.net"] {
        zone.names
            .tell(&format!("_dmarc.{domain}"), "v=DMARC1; p=reject");
    }
    configured(zone.config(StaffByMail::Proven), |test| async move {
        let people = test.federation().await;
        let footer = "list:member:regular:footer";
        // (word, what the list does, is a signature of another domain, the verdict, the checks)
        let cases = [
            (
                "keeps",
                [("subject_prefix", "")].as_slice(),
                "example.org",
                ("proven", "the domain example.org"),
                ["DKIM pass (example.org)", "DMARC pass"],
            ),
            // Right, but of a domain that has no say about the sender's.
            (
                "foreign",
                &[("subject_prefix", "")],
                "example.net",
                ("unknown", ""),
                ["DKIM pass (example.net)", "DMARC fail"],
            ),
            // As Mailman comes: a prefix in the subject, a footer below the text.
            (
                "breaks",
                &[],
                "example.org",
                ("unknown", ""),
                ["DKIM fail (example.org)", "DMARC fail"],
            ),
            // The list's own domain has neither a signature nor a policy.
            (
                "munges",
                &[
                    ("dmarc_mitigate_action", "munge_from"),
                    ("dmarc_mitigate_unconditionally", "true"),
                ],
                "example.org",
                ("unknown", ""),
                ["DKIM fail (example.org)", "DMARC none"],
            ),
        ];
        for (word, settings, signs, (proof, by), checks) in cases {
            let (mailbox, jane) = (name(word), format!("{}@example.org", name("jane")));
            let desk = format!("{mailbox}@example.org");
            let list = mailman.list(&mailbox, &[&jane, &desk]);
            mailman.set(&list, settings);
            if proof == "proven" || signs == "example.net" {
                mailman.template(&list, footer, "file:///dev/null");
            }
            goes_to(&test, &list).await;
            let number = open(&test, &people.rita).await;
            let address = reply_address(&test, &list);
            let raw = message(
                &format!("Jane Doe <{jane}>"),
                &format!("{address}, {list}"),
                &format!("Re: [#{number}] Tape"),
                "",
                "It lies in the robot.",
            );
            let signed = String::from_utf8(zone.signed(signs, &raw, false)).unwrap();
            // By the list alone, of which the desk is a member.
            servers.send(&jane, &[&list], &signed).unwrap();
            servers.wait_for_mails(&mailbox, 1);
            let one = made(&test, draft(&servers, &mailbox)).await;
            assert_eq!(read(&test, &one).await, Ok(1), "{word}");
            test.run_jobs().await;
            let entry = entries(&test, number).await.pop().unwrap();
            assert_eq!(entry.body.trim(), "It lies in the robot.", "{word}");
            assert_eq!(entry.visibility, EntryVisibility::Public);
            assert_eq!(
                entry.author_name,
                format!("Jane Doe (via {mailbox})"),
                "{word}"
            );
            let told = test.sent_mail().into_iter().rev();
            let mut told = told.filter(|m| m.to == people.rita.email);
            assert!(told.next().unwrap().text.contains("It lies in the robot."));
            let fay = test.desk.actor_for(people.fay.id, Channel::Web).await;
            let notes = test.desk.mail_notes(&fay.unwrap(), number).await.unwrap();
            let verdict = notes.last().unwrap().verdict.clone().unwrap();
            assert_eq!(
                (verdict.proof.as_str(), verdict.by.as_str()),
                (proof, by),
                "{word}"
            );
            assert_eq!(verdict.details(), checks, "{word}");
            // Jane is nobody here, whatever vouches for her.
            let known = test
                .desk
                .db()
                .read(move |c| store::person::by_email(c, &jane).map_err(desk::Error::from));
            assert!(known.await.unwrap().is_none(), "{word}");
        }
    });
}
