//! SOAP 1.1 as a BMC Remedy AR System speaks it: what is said, and what an answer or
//! its fault means.
//!
//! What comes is hostile until it is read: it has a size, a depth and a number of
//! elements, a document type is refused, and no entity but those of XML itself is known.

use std::time::Duration;

use openidconnect::http::{Method, Request, Response, header};
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};

use crate::guard::Guard;
use crate::tracker::Error;
use crate::tracker::call::{busy, date_of, patiently, unsendable};

use super::NAME;

/// Bytes of an answer that are read: some hundred tickets with all that stands in them.
pub(super) const LARGEST: usize = 24 * 1024 * 1024;
/// How long it may take over a call.
const PATIENCE: Duration = Duration::from_secs(60);
/// Elements within each other.
const DEEPEST: usize = 32;
/// Elements of an answer: a page of tickets has a tenth of that.
const MOST: usize = 200_000;

/// An element: its name without what stands before a colon, and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first of these elements that has one, without what is around it.
    pub(super) fn text(&self, names: &[&str]) -> String {
        let all = names.iter().filter_map(|name| self.child(name));
        let mut all = all.map(|child| child.text.trim());
        all.find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned()
    }

    fn inner(self, name: &str) -> Option<Node> {
        self.children.into_iter().find(|child| child.name == name)
    }
}

/// Reads a document.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not in UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    // What is open, from the document itself on.
    let mut open = vec![Node::default()];
    let mut elements = 0;
    let begun = |start: &BytesStart<'_>| Node {
        name: start.local_name().as_ref().to_owned(),
        ..Node::default()
    };
    loop {
        let event = reader.read_event().map_err(|e| e.to_string())?;
        let Some(inner) = open.last_mut() else {
            return Err("more ends than begins".to_owned());
        };
        match event {
            Event::Start(start) => {
                elements += 1;
                open.push(begun(&start));
            }
            Event::Empty(start) => {
                elements += 1;
                inner.children.push(begun(&start));
            }
            Event::End(_) => {
                let done = std::mem::take(inner);
                open.pop();
                match open.last_mut() {
                    Some(outer) => outer.children.push(done),
                    None => return Err("more ends than begins".to_owned()),
                }
            }
            Event::Text(text) => inner.text.push_str(&text.xml10_content()),
            Event::CData(text) => inner.text.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => match name.resolve_char_ref() {
                Ok(Some(c)) => inner.text.push(c),
                _ => match resolve_predefined_entity(&name) {
                    Some(text) => inner.text.push_str(text),
                    None => return Err("an entity that XML does not know".to_owned()),
                },
            },
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if open.len() > DEEPEST || elements > MOST {
            return Err("it is too deep or too large".to_owned());
        }
    }
    let mut ends = open.into_iter();
    let (document, torn) = (ends.next().unwrap_or_default(), ends.next());
    let mut roots = document.children.into_iter();
    match (torn, roots.next()) {
        (None, Some(root)) => Ok(root),
        (Some(_), _) => Err("it breaks off".to_owned()),
        (None, None) => Err("there is nothing in it".to_owned()),
    }
}

/// A text as XML takes it.
fn written(text: &str) -> String {
    let can_be = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let plain: String = text
        .chars()
        .filter(can_be)
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect();
    escape(plain.as_str()).into_owned()
}

/// An order: of which of its web services, what, and with which fields, in the order in
/// which its description (WSDL) has them.
pub(super) struct Order {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) fields: Vec<(&'static str, String)>,
    /// It changes nothing there.
    pub(super) reads: bool,
    /// Bytes of the answer that are read.
    pub(super) largest: usize,
}

/// What came back.
pub(super) struct Said {
    /// Nothing: there is no such thing, or nothing in a list.
    pub(super) node: Option<Node>,
    /// When, by their clock, in milliseconds since 1970.
    pub(super) at: Option<i64>,
}

/// The door of an AR System.
#[derive(Clone)]
pub(super) struct Door {
    guard: Guard,
    /// The address of its web services with `?server=`.
    pub(super) address: String,
    pub(super) user: String,
    password: String,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("address", &self.address)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The address of the web services, of which one names the AR System's server too: as
/// they are called, or that of a description of one.
///
/// # Errors
/// Says what would be right.
pub(super) fn address(given: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "{given:?} is no address of an AR System: write https://…/arsys/services/ARService?server=NAME"
        )
    };
    let plain = |name: &str| {
        let may = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        !name.is_empty() && name.chars().all(may)
    };
    let given = given.trim().trim_end_matches('/');
    if let Some((root, rest)) = given.split_once("/arsys/WSDL/public/") {
        let server = rest.split('/').next().filter(|name| plain(name));
        let server = server.ok_or_else(wrong)?;
        return Ok(format!("{root}/arsys/services/ARService?server={server}"));
    }
    let (service, query) = given.split_once('?').ok_or_else(wrong)?;
    let mut parts = query.split('&').filter_map(|part| part.split_once('='));
    let server = parts.find(|(name, value)| *name == "server" && plain(value));
    match server {
        Some((_, server)) => Ok(format!("{service}?server={server}")),
        None => Err(wrong()),
    }
}

impl Door {
    /// # Errors
    /// When no client can be made of that.
    pub(super) fn new(
        guard: &Guard,
        given: &str,
        user: String,
        password: String,
    ) -> Result<Door, String> {
        Ok(Door {
            guard: guard.apart(None, PATIENCE)?,
            address: address(given)?,
            user,
            password,
        })
    }

    /// Whether the address may be called, as far as that can be said without calling it.
    pub(super) fn check(&self) -> Result<(), Error> {
        let may = self.guard.check_url(&self.address).map(drop);
        may.map_err(Error::Unreachable)
    }

    fn envelope(&self, order: &Order) -> String {
        let (service, operation) = (order.service, order.operation);
        let mut fields = String::new();
        for (name, value) in &order.fields {
            fields.push_str(&format!("<s:{name}>{}</s:{name}>", written(value)));
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:s=\"urn:{service}\">\
             <e:Header><s:AuthenticationInfo><s:userName>{}</s:userName><s:password>{}</s:password>\
             </s:AuthenticationInfo></e:Header>\
             <e:Body><s:{operation}>{fields}</s:{operation}></e:Body></e:Envelope>",
            written(&self.user),
            written(&self.password),
        )
    }

    /// Has something done, and says what came of it. `what`: for who may not.
    pub(super) async fn call(&self, order: &Order, what: &str) -> Result<Said, Error> {
        patiently(order.reads, || self.once(order, what)).await
    }

    async fn once(&self, order: &Order, what: &str) -> Result<Said, Error> {
        let (service, operation) = (order.service, order.operation);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}&webService={service}", self.address))
            .header(header::CONTENT_TYPE, "text/xml; charset=utf-8")
            .header("soapaction", format!("\"urn:{service}/{operation}\""))
            .body(self.envelope(order).into_bytes())
            .map_err(|_| unsendable())?;
        let answer = self.guard.exchange(request, order.largest).await;
        said(answer.map_err(Error::Unreachable)?, operation, what)
    }
}

fn strange(why: impl Into<String>) -> Error {
    Error::Strange {
        system: NAME,
        why: why.into(),
    }
}

fn failed(status: u16, words: String) -> Error {
    Error::Failed {
        system: NAME,
        status,
        words,
    }
}

/// What an answer says.
fn said(answer: Response<Vec<u8>>, operation: &str, what: &str) -> Result<Said, Error> {
    if let Some(busy) = busy(NAME, &answer) {
        return Err(busy);
    }
    let status = answer.status().as_u16();
    match status {
        401 => {
            return Err(Error::Secret {
                system: NAME,
                status,
            });
        }
        404 => {
            return Err(strange(
                "there is no web service at this address (HTTP 404)",
            ));
        }
        300..=399 => return Err(strange("it sends us elsewhere")),
        _ => {}
    }
    let at = date_of(answer.headers());
    let body = match (parse(answer.body()), status) {
        (Ok(envelope), _) if envelope.name == "Envelope" => envelope.inner("Body"),
        (_, 500..) => return Err(failed(status, "its log says why".to_owned())),
        (Ok(_), _) => return Err(strange(format!("HTTP {status} without an envelope"))),
        (Err(why), _) => return Err(strange(format!("HTTP {status} with no XML: {why}"))),
    };
    let first = body.and_then(|body| body.children.into_iter().next());
    let Some(first) = first else {
        return Err(strange("its envelope is empty"));
    };
    if first.name == "Fault" {
        let words = first.text(&["faultstring"]);
        return fault(status, &words, what).map(|()| Said { node: None, at });
    }
    if first.name != format!("{operation}Response") {
        return Err(strange(format!("it answers with {}", first.name)));
    }
    Ok(Said {
        node: Some(first),
        at,
    })
}

/// The number of an error of the AR System: `ERROR (302): Entry does not exist …`.
fn number(words: &str) -> Option<u32> {
    let rest = words.trim_start().strip_prefix("ERROR (")?;
    rest.split_once(')')?.0.trim().parse().ok()
}

/// What a fault means, by BMC's list of its messages. `Ok`: there is nothing.
fn fault(status: u16, words: &str, what: &str) -> Result<(), Error> {
    let short: String = words
        .chars()
        .filter(|c| !c.is_control())
        .take(500)
        .collect();
    let short = short.trim().trim_end_matches(';').to_owned();
    Err(match number(words) {
        // An empty list is told as if something were missing.
        Some(302) => return Ok(()),
        // No such user, a wrong password, or who looks after them says no.
        Some(329 | 612 | 623) => Error::Secret {
            system: NAME,
            status,
        },
        // A field, an entry or a form that may not be seen or changed.
        Some(330..=333 | 353) => Error::Forbidden {
            system: NAME,
            what: what.to_owned(),
            words: short,
        },
        // Its own servers, and its database.
        Some(90..=94 | 552) | None => failed(status, short),
        Some(_) => Error::NotTaken {
            system: NAME,
            words: short,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
        let date = ("date", "Fri, 27 Nov 2026 07:00:00 GMT");
        let answer = Response::builder().status(status).header(date.0, date.1);
        answer.body(body.as_bytes().to_vec()).unwrap()
    }

    fn enveloped(inner: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><x:Envelope xmlns:x=\"http://schemas.xmlsoap.org/soap/envelope/\"><x:Body>{inner}</x:Body></x:Envelope>"
        )
    }

    #[test]
    fn what_comes_is_read_with_its_prefixes_and_its_texts() {
        let text = enveloped(
            "<n:TicketGetResponse xmlns:n=\"urn:GGUS\"><n:GHD_Status> in progress </n:GHD_Status>\
             <n:GHD_Public_Diary>a &lt;b&gt; &amp; &#xe9;<![CDATA[<&>]]><!-- no --></n:GHD_Public_Diary><n:GHD_Name/></n:TicketGetResponse>",
        );
        let said = said(answer(200, &text), "TicketGet", "x").unwrap();
        let node = said.node.unwrap();
        assert_eq!(node.text(&["GHD_Status"]), "in progress");
        assert_eq!(node.text(&["GHD_Name", "GHD_Public_Diary"]), "a <b> & é<&>");
        assert_eq!(said.at, Some(1_795_762_800_000));
    }

    #[test]
    fn what_would_do_harm_is_refused() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        let wide = format!("<x>{}</x>", "<a/>".repeat(MOST + 1));
        for (bad, why) in [
            (laughs, "it has a document type"),
            ("<x>&file;</x>", "an entity that XML does not know"),
            ("<x>&#x0;</x>", "an entity that XML does not know"),
            (&deep, "it is too deep or too large"),
            (&wide, "it is too deep or too large"),
            ("<x><y></y>", "it breaks off"),
            ("", "there is nothing in it"),
        ] {
            let end = bad.len().min(40);
            assert_eq!(
                parse(bad.as_bytes()),
                Err(why.to_owned()),
                "{}",
                &bad[..end]
            );
        }
        assert!(parse(b"<x><y></x></y>").is_err() && parse(b"</x>").is_err());
        assert_eq!(parse(b"<x>\xff</x>"), Err("it is not in UTF-8".to_owned()));
    }

    #[test]
    fn what_is_said_can_not_get_out_of_its_field() {
        let guard = Guard::new(crate::guard::Reach::default());
        let at = "https://ars.example/arsys/services/ARService?server=ars";
        let door = Door::new(&guard, at, "bridge".into(), "s3<cret".into()).unwrap();
        let order = Order {
            service: "GGUS",
            operation: "TicketModify",
            fields: vec![(
                "GHD_Public_Diary",
                "</s:GHD_Public_Diary>&\u{0}\u{8}]]>\u{ffff}".into(),
            )],
            reads: false,
            largest: 1,
        };
        let envelope = parse(door.envelope(&order).as_bytes()).unwrap();
        let body = envelope
            .child("Body")
            .unwrap()
            .child("TicketModify")
            .unwrap();
        assert_eq!(body.children.len(), 1);
        assert_eq!(
            body.text(&["GHD_Public_Diary"]),
            "</s:GHD_Public_Diary>&]]>"
        );
        let head = envelope.child("Header").unwrap();
        let who = head.child("AuthenticationInfo").unwrap();
        assert_eq!(who.text(&["password"]), "s3<cret");
        assert!(!format!("{door:?}").contains("s3"));
    }

    #[test]
    fn a_fault_says_what_to_do_about_it() {
        let fault = |words: &str| {
            let text = enveloped(&format!(
                "<x:Fault><faultcode>x:Server.userException</faultcode><faultstring>{words}</faultstring></x:Fault>"
            ));
            said(answer(500, &text), "TicketGet", "see tickets")
        };
        let none = fault("ERROR (302): Entry does not exist in database; ").unwrap();
        assert!(none.node.is_none() && none.at.is_some());
        let told = |words: &str| fault(words).err().unwrap();
        assert!(matches!(
            told("ERROR (623): Authentication failed; "),
            Error::Secret { .. }
        ));
        assert!(matches!(
            told("ERROR (331): You do not have write access to field; "),
            Error::Forbidden { .. }
        ));
        assert!(matches!(
            told("ERROR (92): Timeout during database update; "),
            Error::Failed { .. }
        ));
        assert!(matches!(
            told("java.lang.NullPointerException"),
            Error::Failed { .. }
        ));
        let taken = told(
            "ERROR (306): Value does not fall within the limits specified for the field; GHD_Status",
        );
        assert_eq!(
            taken.to_string(),
            "GGUS does not take it: ERROR (306): Value does not fall within the limits specified for the field; GHD_Status"
        );
        for (status, body, strange) in [
            (200, "<html></html>", true),
            (200, "hello", true),
            (404, "", true),
            (302, "", true),
            (500, "<html></html>", false),
        ] {
            let error = said(answer(status, body), "TicketGet", "x").err().unwrap();
            assert_eq!(matches!(error, Error::Strange { .. }), strange, "{error}");
        }
        let other = enveloped("<TicketModifyResponse/>");
        assert!(said(answer(200, &other), "TicketGet", "x").is_err());
    }

    #[test]
    fn the_address_may_be_that_of_the_services_or_of_a_description() {
        let is = "https://ars.example/arsys/services/ARService?server=prod-ars";
        for given in [
            is,
            "https://ars.example/arsys/services/ARService?server=prod-ars&webService=GGUS",
            " https://ars.example/arsys/WSDL/public/prod-ars/GGUS ",
        ] {
            assert_eq!(address(given).as_deref(), Ok(is), "{given}");
        }
        for wrong in [
            "https://ars.example",
            "https://ars.example/arsys/services/ARService?server=",
            "https://ars.example/arsys/services/ARService?server=a/b",
            "https://ars.example/arsys/WSDL/public/",
        ] {
            assert!(address(wrong).unwrap_err().contains("?server=NAME"));
        }
    }
}
