//! Automatic answers: absence notes, receipts of other desks (RFC 3834).

use super::{Finding, OwnAddresses, SuppressReason, answers_something, first_word};
use crate::parse::Incoming;

/// Fields that only automatic answers carry, whatever their value.
const ANSWER_FIELDS: [&str; 9] = [
    "x-autoreply",
    "x-autorespond",
    "x-autoresponse",
    "x-autoreply-from",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "x-autoreply-domain",
    "x-vacation",
    "x-yahoo-autoreply",
];

/// How absence notes begin their subject, in lower case. A colon, a dash or
/// the end must follow, so that "Out of office printer is broken" is a ticket.
const SUBJECTS: [&str; 46] = [
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "automated reply",
    "automated response",
    "out of office",
    "out of office reply",
    "out of office autoreply",
    "out of the office",
    "out-of-office",
    "vacation reply",
    "on vacation",
    "away from my mail",
    "absence",
    "automatische antwort",
    "automatische rückantwort",
    "abwesenheitsnotiz",
    "abwesenheitsbenachrichtigung",
    "abwesend",
    "abwesenheit",
    "nicht im büro",
    "réponse automatique",
    "absence du bureau",
    "absent du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "ausencia de oficina",
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "resposta automática",
    "fora do escritório",
    "automatisch antwoord",
    "afwezigheidsbericht",
    "autosvar",
    "automatiskt svar",
    "automaattinen vastaus",
    "automatyczna odpowiedź",
    "automatická odpověď",
    "automatikus válasz",
    "otomatik yanıt",
    "αυτόματη απάντηση",
];

/// The same where no colon separates.
const SUBJECTS_WHOLE: [&str; 10] = [
    "автоответ",
    "автоматический ответ",
    "автоматична відповідь",
    "自動返信",
    "自動応答",
    "不在通知",
    "自动回复",
    "自動回覆",
    "자동 회신",
    "부재중",
];

/// What the header says. Some marks are on every automatic answer, others on
/// all mail by machines: an alarm of a monitoring system is a ticket, unless
/// it answers something.
pub(super) fn find_header(mail: &Incoming, own: &OwnAddresses) -> Option<Finding> {
    let answer =
        says_answer(mail) || (super::machine::says_machine(mail) && answers_something(mail, own));
    answer.then_some(Finding::Suppress(SuppressReason::AutoReply, None))
}

fn says_answer(mail: &Incoming) -> bool {
    let headers = &mail.headers;
    let word = |name: &str| headers.get(name).map(first_word).unwrap_or_default();
    let submitted = word("auto-submitted");
    let answered = !matches!(submitted.as_str(), "" | "no" | "auto-generated");
    let precedence = ["precedence", "x-precedence", "preference"]
        .iter()
        .any(|name| {
            matches!(
                word(name).as_str(),
                "auto_reply" | "auto-reply" | "autoreply"
            )
        });
    let field = ANSWER_FIELDS.iter().any(|name| {
        headers
            .get(name)
            .is_some_and(|value| !matches!(first_word(value).as_str(), "no" | "false"))
    });
    let exchange = headers
        .get("x-ms-exchange-generated-message-source")
        .is_some_and(|source| source.contains("Mailbox Rules Agent"));
    let post = headers
        .get("x-post-messageclass")
        .is_some_and(|class| class.to_ascii_lowercase().contains("autoresponder"));
    let robot = headers
        .all("delivered-to")
        .any(|to| to.eq_ignore_ascii_case("autoresponder"));
    answered || precedence || field || exchange || post || robot
}

/// What the subject says, for programs that leave the header out.
pub(super) fn find_subject(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    absence_subject(&mail.subject).then_some(Finding::Suppress(SuppressReason::AutoReply, None))
}

fn absence_subject(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    let subject = subject.trim_start_matches(['[', '(', '*', ' ']);
    let separated = |start: &str| {
        subject.strip_prefix(start).is_some_and(|rest| {
            let rest = rest.trim_start_matches([']', ')', '*', ' ']);
            rest.is_empty() || rest.starts_with([':', '-', '–', '—', '：', '|'])
        })
    };
    SUBJECTS.iter().any(|start| separated(start))
        || SUBJECTS_WHOLE
            .iter()
            .any(|start| subject.starts_with(start))
}
