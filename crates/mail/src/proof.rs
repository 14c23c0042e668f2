//! What the operator's own mail server found out about the sender.
//!
//! Anybody can write `From: admin@…`. The only statement believed is the
//! topmost `Authentication-Results` field (RFC 8601), and that only where it
//! carries the identifier that the operator configured: the server that wrote
//! it removes forged copies of its own name, and puts its own on top.

use crate::address::Address;
use crate::address_list::address_list;
use crate::parse::Incoming;

/// What is known about the claim in `From`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The domain of `From` vouches for this mail.
    Pass {
        /// That domain, canonical.
        domain: String,
    },
    /// The check was made and failed, or `From` is ambiguous.
    Fail,
    /// Nobody trusted has checked it.
    None,
}

/// What the desk found out by itself, as far as it proves something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Domains whose signature over the whole mail is right.
    pub signed_by: Vec<String>,
    /// The domain of `From` vouches by its own policy (DMARC).
    pub dmarc: bool,
}

/// What is known about the claim in `From`, from the operator's server and from
/// the desk's own look. A failure that the server reports is a failure whatever
/// else was found.
pub fn sender_proof(
    mail: &Incoming,
    authserv_id: Option<&str>,
    checked: Option<&Checked>,
) -> Proof {
    let said = proof_by_server(mail, authserv_id);
    let (Proof::None, Some(checked)) = (&said, checked) else {
        return said;
    };
    let Some(domain) = sole_sender(mail).map(|from| from.domain().to_owned()) else {
        return Proof::Fail;
    };
    let signed = checked.signed_by.iter().any(|by| covers(by, &domain));
    if checked.dmarc || signed {
        Proof::Pass { domain }
    } else {
        Proof::None
    }
}

/// Reads the proof for the sender in `From`. `authserv_id` is the name under
/// which the operator's server writes; without one nothing is believed.
fn proof_by_server(mail: &Incoming, authserv_id: Option<&str>) -> Proof {
    let Some(id) = authserv_id.map(str::trim).filter(|id| !id.is_empty()) else {
        return Proof::None;
    };
    let Some(domain) = sole_sender(mail).map(|from| from.domain().to_owned()) else {
        return Proof::Fail;
    };
    let Some(results) = mail
        .headers
        .get("authentication-results")
        .and_then(|value| results(value, id))
    else {
        return Proof::None;
    };
    judge(&results, domain)
}

/// The sender, where there is exactly one `From` with exactly one usable
/// mailbox. Everything else is read differently by different programs.
pub fn sole_sender(mail: &Incoming) -> Option<Address> {
    let mut fields = mail.headers.all("from");
    let only = fields.next()?;
    if fields.next().is_some() {
        return None;
    }
    let list = address_list(only, 10);
    if list.total() != 1 {
        return None;
    }
    list.mailboxes
        .first()
        .map(|mailbox| mailbox.address.clone())
}

/// One method's result, as in `dkim=pass header.d=example.org`.
struct MethodResult {
    method: String,
    result: String,
    properties: Vec<(String, String)>,
}

impl MethodResult {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// DMARC decides where it was evaluated. Without it an aligned DKIM signature
/// is enough; SPF alone is not, because servers are shared.
fn judge(results: &[MethodResult], domain: String) -> Proof {
    if let Some(dmarc) = results.iter().find(|r| r.method == "dmarc") {
        let about_us = dmarc
            .property("header.from")
            .is_none_or(|from| from == domain);
        match dmarc.result.as_str() {
            "pass" if about_us => return Proof::Pass { domain },
            "pass" | "fail" | "reject" | "quarantine" => return Proof::Fail,
            _ => {}
        }
    }
    let signed = results.iter().any(|r| {
        let by = r.property("header.d").or_else(|| {
            r.property("header.i")
                .map(|id| id.rsplit('@').next().unwrap_or_default())
        });
        r.method == "dkim" && r.result == "pass" && by.is_some_and(|by| covers(by, &domain))
    });
    if signed {
        return Proof::Pass { domain };
    }
    let failed = results.iter().any(|r| {
        matches!(r.method.as_str(), "dkim" | "spf")
            && matches!(r.result.as_str(), "fail" | "softfail")
    });
    if failed { Proof::Fail } else { Proof::None }
}

/// Whether a signature by `signer` speaks for `domain`: the same, or a parent,
/// which controls its children. Never the other way round.
fn covers(signer: &str, domain: &str) -> bool {
    signer.contains('.')
        && (domain == signer
            || domain
                .strip_suffix(signer)
                .is_some_and(|rest| rest.ends_with('.')))
}

/// Reads the field if it was written under `id`.
fn results(value: &str, id: &str) -> Option<Vec<MethodResult>> {
    let clean = without_comments(value);
    let mut clauses = split_outside_quotes(&clean, ';').into_iter();
    let first = clauses.next()?;
    let written_by = first.split_whitespace().next()?.trim_matches('"');
    if !written_by.eq_ignore_ascii_case(id) {
        return None;
    }
    Some(
        clauses
            .filter_map(|clause| method_result(&clause))
            .collect(),
    )
}

fn method_result(clause: &str) -> Option<MethodResult> {
    let spaced = clause
        .replace(" = ", "=")
        .replace("= ", "=")
        .replace(" =", "=");
    let mut words = split_outside_quotes(&spaced, ' ')
        .into_iter()
        .filter(|word| !word.trim().is_empty());
    let head = words.next()?;
    let (method, result) = head.trim().split_once('=')?;
    let method = method.split('/').next().unwrap_or_default();
    Some(MethodResult {
        method: method.trim().to_ascii_lowercase(),
        result: result.trim().to_ascii_lowercase(),
        properties: words
            .filter_map(|word| {
                let (name, value) = word.split_once('=')?;
                Some((
                    name.trim().to_ascii_lowercase(),
                    value.trim().trim_matches('"').to_ascii_lowercase(),
                ))
            })
            .collect(),
    })
}

/// Drops `(…)`, which may be nested, outside of quoted strings.
fn without_comments(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted || depth > 0 => {
                let escaped = chars.next();
                if depth == 0 {
                    out.push(c);
                    out.extend(escaped);
                }
            }
            '"' if depth == 0 => {
                quoted = !quoted;
                out.push(c);
            }
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                out.push(' ');
            }
            '\t' if depth == 0 => out.push(' '),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn split_outside_quotes(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c == at && !quoted {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{Limits, parse};

    fn proof(lines: &str) -> Proof {
        proof_by(lines, Some("mx.desk.org"))
    }

    fn proof_by(lines: &str, id: Option<&str>) -> Proof {
        let raw = format!("{lines}\nSubject: x\n\nx");
        sender_proof(
            &parse(raw.as_bytes(), &Limits::default()).unwrap(),
            id,
            None,
        )
    }

    fn pass(domain: &str) -> Proof {
        Proof::Pass {
            domain: domain.to_owned(),
        }
    }

    fn checked(lines: &str, signed_by: &[&str], dmarc: bool) -> Proof {
        let raw = format!("{lines}\nSubject: x\n\nx");
        let checked = Checked {
            signed_by: signed_by.iter().map(|s| (*s).to_owned()).collect(),
            dmarc,
        };
        sender_proof(
            &parse(raw.as_bytes(), &Limits::default()).unwrap(),
            Some("mx.desk.org"),
            Some(&checked),
        )
    }

    #[test]
    fn what_the_desk_found_out_itself_counts_where_the_server_says_nothing() {
        assert_eq!(checked(ADA, &["example.org"], false), pass("example.org"));
        assert_eq!(checked(ADA, &[], true), pass("example.org"));
        assert_eq!(checked(ADA, &[], false), Proof::None);
        assert_eq!(checked(ADA, &["evil.org", "org"], false), Proof::None);
        assert_eq!(checked(ADA, &["sub.example.org"], false), Proof::None);
        let failed = format!("Authentication-Results: mx.desk.org; dmarc=fail\n{ADA}");
        assert_eq!(checked(&failed, &["example.org"], true), Proof::Fail);
        let two = format!("{ADA}\nFrom: eve@evil.org");
        assert_eq!(checked(&two, &["example.org"], true), Proof::Fail);
    }

    const ADA: &str = "From: Ada <ada@example.org>";

    #[test]
    fn dmarc_and_aligned_dkim_pass() {
        for results in [
            "mx.desk.org; dmarc=pass header.from=example.org",
            "MX.desk.org 1; spf=fail smtp.mailfrom=x.org; dmarc=pass (p=reject; sp=none) header.from=Example.ORG",
            "mx.desk.org; dkim=pass (2048-bit key) header.d=example.org header.i=@example.org",
            "mx.desk.org; dkim=fail header.d=other.net; dkim=pass header.d=example.org",
            "mx.desk.org;\n\tdkim=pass reason=\"good; key\" header.i=ada@example.org",
            "mx.desk.org; dmarc=none; dkim=pass header.d=example.org",
        ] {
            assert_eq!(
                proof(&format!("Authentication-Results: {results}\n{ADA}")),
                pass("example.org"),
                "{results}"
            );
        }
        let child = "Authentication-Results: mx.desk.org; dkim=pass header.d=example.org\nFrom: a@lab.example.org";
        assert_eq!(proof(child), pass("lab.example.org"));
    }

    #[test]
    fn forged_and_foreign_statements_are_not_believed() {
        for lines in [
            // Nobody said anything.
            ADA.to_owned(),
            // Another server's statement.
            format!("Authentication-Results: evil.org; dmarc=pass header.from=example.org\n{ADA}"),
            // Ours, but not on top: it came with the mail.
            format!(
                "Authentication-Results: relay.org; none\nAuthentication-Results: mx.desk.org; dmarc=pass header.from=example.org\n{ADA}"
            ),
            // Our name in a comment, as a prefix, in a value.
            format!(
                "Authentication-Results: (mx.desk.org) evil.org; dmarc=pass header.from=example.org\n{ADA}"
            ),
            format!(
                "Authentication-Results: mx.desk.org.evil.org; dmarc=pass header.from=example.org\n{ADA}"
            ),
            format!(
                "Authentication-Results: \"evil.org; mx.desk.org\"; dmarc=pass header.from=example.org\n{ADA}"
            ),
            // Results of ours that prove nothing.
            format!("Authentication-Results: mx.desk.org; none\n{ADA}"),
            format!(
                "Authentication-Results: mx.desk.org; spf=pass smtp.mailfrom=example.org\n{ADA}"
            ),
            format!("Authentication-Results: mx.desk.org; dkim=pass header.d=evil.org\n{ADA}"),
            format!("Authentication-Results: mx.desk.org; dkim=pass header.d=org\n{ADA}"),
            format!("Authentication-Results: mx.desk.org; dkim=pass header.d=ample.org\n{ADA}"),
            format!(
                "Authentication-Results: mx.desk.org; dkim=pass header.d=sub.example.org\n{ADA}"
            ),
            format!(
                "Authentication-Results: mx.desk.org; x=y (dmarc=pass header.from=example.org)\n{ADA}"
            ),
            format!(
                "X-Authentication-Results: mx.desk.org; dmarc=pass header.from=example.org\n{ADA}"
            ),
        ] {
            assert_eq!(proof(&lines), Proof::None, "{lines}");
        }
        let good = format!(
            "Authentication-Results: mx.desk.org; dmarc=pass header.from=example.org\n{ADA}"
        );
        assert_eq!(proof_by(&good, None), Proof::None);
        assert_eq!(proof_by(&good, Some(" ")), Proof::None);
    }

    #[test]
    fn failures_and_ambiguous_senders() {
        for lines in [
            format!("Authentication-Results: mx.desk.org; dmarc=fail header.from=example.org\n{ADA}"),
            format!("Authentication-Results: mx.desk.org; dmarc=pass header.from=evil.org\n{ADA}"),
            format!("Authentication-Results: mx.desk.org; dmarc=fail; dkim=pass header.d=example.org\n{ADA}"),
            format!("Authentication-Results: mx.desk.org; spf=fail smtp.mailfrom=example.org\n{ADA}"),
            format!("Authentication-Results: mx.desk.org; dmarc=pass header.from=example.org\n{ADA}\nFrom: eve@evil.org"),
            "Authentication-Results: mx.desk.org; dmarc=pass header.from=example.org\nFrom: ada@example.org, eve@evil.org".to_owned(),
            "Authentication-Results: mx.desk.org; dmarc=pass\nFrom: <ada@example.org> <eve@evil.org>".to_owned(),
        ] {
            assert_eq!(proof(&lines), Proof::Fail, "{lines}");
        }
    }
}
