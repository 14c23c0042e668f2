//! A GGUS of before 2025 for tests, in memory: what its public documentation says of its
//! three SOAP services, with the elements and their order as in the stubs that public
//! clients made from its description, and its oddities: an empty list is a fault, a
//! history comes newest first, names of files end with a line, fields take 4,000 bytes.
//!
//! Its descriptions (WSDL) lie where the real one had them; that the client of the
//! field's scripts (PyPI's suds) works with them is a test of `connect`. People there
//! work in its pages: that is `changes`, `opens` and the like.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::Event;

use crate::answering::{Answered, Asked, answering};

/// Whose password is their name.
const ACCOUNTS: [&str; 3] = ["bridge", "watcher", "blind"];
const UNITS: [&str; 3] = ["TPM", "NGI_SKY", "NGI_OTHER"];
const OPEN: [&str; 6] = [
    "new",
    "assigned",
    "in progress",
    "waiting for reply",
    "on hold",
    "reopened",
];
const CLOSED: [&str; 4] = ["solved", "unsolved", "verified", "closed"];
const PRIORITIES: [&str; 4] = ["less urgent", "urgent", "very urgent", "top priority"];

/// An operation: its service, its name, what it takes in which order (what has to be
/// there ends with `!`), what it gives, and whether that is a list.
type Operation = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    bool,
);

const OPERATIONS: [Operation; 8] = [
    (
        "GGUS",
        "TicketCreate",
        &[
            "GHD_Date_Time_Of_Problem",
            "GHD_Description",
            "GHD_Submitter_Mail",
            "GHD_Internal_Diary",
            "GHD_Loginname",
            "GHD_Name",
            "GHD_Origin_ID",
            "GHD_Priority",
            "GHD_Responsible_Unit",
            "GHD_Short_Description!",
            "GHD_Status",
            "GHD_Type_Of_Problem",
            "GHD_Last_Modifier!",
            "GHD_Last_Login!",
            "GHD_Origin_SG",
            "GHD_CarbonCopy",
            "GHD_Affected_Site",
            "GHD_Affected_VO",
            "GHD_Phone",
            "GHD_Related_Issue",
            "GHD_Public_Diary",
        ],
        &["GHD_Request-ID"],
        false,
    ),
    (
        "GGUS",
        "TicketModify",
        &[
            "GHD_Assign_To",
            "GHD_Internal_Diary",
            "GHD_Priority",
            "GHD_Responsible_Unit",
            "GHD_Detailed_Solution",
            "GHD_Status",
            "GHD_Type_Of_Problem",
            "GHD_Request_ID!",
            "GHD_Last_Modifier!",
            "GHD_Last_Login!",
            "GHD_Public_Diary",
            "GHD_Affected_Site",
            "GHD_Affected_VO",
            "GHD_Short_Description",
            "GHD_Related_Issue",
        ],
        &["GHD_Request_ID"],
        false,
    ),
    (
        "GGUS",
        "TicketGet",
        &["GHD_Request_ID!", "startRecord", "maxLimit"],
        &[
            "GHD_Description",
            "GHD_Internal_Diary",
            "GHD_Last_Modifier",
            "GHD_Priority",
            "GHD_Request_ID",
            "GHD_Responsible_Unit",
            "GHD_Short_Description",
            "GHD_Detailed_Solution",
            "GHD_Status",
            "GHD_Type_Of_Problem",
            "GHD_Public_Diary",
            "GHD_Affected_Site",
            "GHD_Affected_VO",
            "GHD_Date_Of_Change",
            "GHD_Date_Of_Creation",
            "GHD_E-Mail",
            "GHD_Loginname",
            "GHD_Name",
            "GHD_Phone",
            "GHD_Ticket_Type",
            "GHD_Origin_SG",
            "GHD_Related_Issue",
        ],
        false,
    ),
    (
        "GGUS",
        "TicketGetList",
        &[
            "startRecord",
            "maxLimit",
            "GHD_Responsible_Unit!",
            "GHD_Meta_Status",
            "GHD_Status",
        ],
        &[
            "GHD_Request_ID",
            "GHD_Name",
            "GHD_E-Mail",
            "GHD_Loginname",
            "GHD_Priority",
            "GHD_Detailed_Solution",
            "GHD_Short_Description",
            "GHD_Type_Of_Problem",
            "GHD_Status",
            "GHD_Responsible_Unit",
            "GHD_Description",
            "GHD_Last_Modifier",
            "GHD_Affected_Site",
            "GHD_Public_Diary",
            "GHD_Affected_VO",
            "GHD_Ticket_Type",
            "GHD_Create_Date",
            "GHD_Modified_Date",
            "GHD_Internal_Diary",
            "GHD_Origin_SG",
            "GHD_Related_Issue",
        ],
        true,
    ),
    (
        "GGUS_HISTORY",
        "OpGetTicketHist",
        &["GHD_Request_ID!", "startRecord", "maxLimit"],
        &[
            "GHD_Creation_Date",
            "GHD_Responsible_Unit",
            "GHD_Status",
            "GHD_Last_Modifier",
            "GHD_Priority",
            "GHD_Detailed_Solution",
            "GHD_Assigned_To",
            "GHD_Internal_Diary",
            "GHD_Public_Diary",
        ],
        true,
    ),
    (
        "GGUS_ATTACH",
        "AddAttachment",
        &[
            "GAT_Attachment_Name!",
            "GAT_Attachment_Data!",
            "GAT_Attachment_Orig_Size!",
            "GAT_Request_ID!",
            "GAT_Last_Modifier!",
            "GAT_Last_Login!",
        ],
        &["GAT_Attachment_ID"],
        false,
    ),
    (
        "GGUS_ATTACH",
        "GetAttachIDs",
        &["startRecord", "maxLimit", "GAT_Request_ID!"],
        &[
            "GAT_Attachment-ID",
            "GAT_Create_Date",
            "GAT_Last_Modifier",
            "GAT_Attachment_attachmentName",
        ],
        true,
    ),
    (
        "GGUS_ATTACH",
        "GetOneAttachment",
        &["GAT_Attachment_ID!"],
        &[
            "GAT_Create_Date",
            "GAT_Request-ID",
            "GAT_Attachment_attachmentName",
            "GAT_Attachment_attachmentData",
            "GAT_Attachment_attachmentOrigSize",
        ],
        false,
    ),
];

type Fields = BTreeMap<String, String>;

#[derive(Debug, Default)]
struct Desk {
    tickets: BTreeMap<u64, Fields>,
    /// Rows of history, with their tickets.
    rows: Vec<(u64, Fields)>,
    files: Vec<(u64, Fields)>,
    /// How many tickets there were.
    made: u64,
    fails: Vec<String>,
    busy: bool,
}

/// A running one. It ends with the runtime that it was started in.
#[derive(Debug, Clone)]
pub struct GgusSoapServer {
    /// Its own address, without a slash at the end.
    pub url: String,
    desk: Arc<Mutex<Desk>>,
}

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> String {
    let there = chrono::FixedOffset::east_opt(3_600).unwrap();
    let now = chrono::Utc::now().with_timezone(&there);
    now.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn fields(of: &[(&str, &str)]) -> Fields {
    of.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

impl GgusSoapServer {
    /// The address of its services, below its own.
    pub fn services(url: &str) -> String {
        format!("{url}/arsys/services/ARService?server=train-ars")
    }

    /// Starts one on this machine, with a port of its own.
    pub async fn start() -> GgusSoapServer {
        let desk: Arc<Mutex<Desk>> = Arc::default();
        let shared = desk.clone();
        let url = answering(move |asked| locked(&shared).answer(&asked)).await;
        GgusSoapServer { url, desk }
    }

    /// Somebody opens a ticket for the unit NGI_SKY in its pages.
    pub fn opens(&self, who: &str, subject: &str, text: &str) -> String {
        let mail = format!("{who}@people.example");
        let new = fields(&[
            ("GHD_Name", who),
            ("GHD_E-Mail", &mail),
            ("GHD_Short_Description", subject),
            ("GHD_Description", text),
            ("GHD_Responsible_Unit", "NGI_SKY"),
            ("GHD_Last_Modifier", who),
        ]);
        locked(&self.desk).create(new).to_string()
    }

    /// Somebody changes a ticket in its pages.
    pub fn changes(&self, id: &str, who: &str, values: &[(&str, &str)]) {
        let mut values = fields(values);
        values.insert("GHD_Last_Modifier".into(), who.to_owned());
        let id = id.parse().unwrap();
        locked(&self.desk).modify(id, values).unwrap();
    }

    /// Somebody puts a file to a ticket in its pages.
    pub fn attaches(&self, id: &str, who: &str, name: &str, bytes: &[u8]) -> String {
        locked(&self.desk).attach(id.parse().unwrap(), who, name, bytes)
    }

    /// An administrator takes a ticket out of its database.
    pub fn deletes(&self, id: &str) {
        let id = id.parse().unwrap();
        let mut desk = locked(&self.desk);
        desk.tickets.remove(&id);
        desk.rows.retain(|(of, _)| *of != id);
    }

    /// A value of a ticket.
    pub fn value(&self, id: &str, name: &str) -> String {
        let desk = locked(&self.desk);
        let ticket = &desk.tickets[&id.parse().unwrap()];
        ticket.get(name).cloned().unwrap_or_default()
    }

    /// How many tickets there are.
    pub fn tickets(&self) -> usize {
        locked(&self.desk).tickets.len()
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        locked(&self.desk).files.len()
    }

    /// The texts of a ticket, internal ones too, in order; solutions are none.
    pub fn bodies(&self, id: &str) -> Vec<String> {
        let id = id.parse().unwrap();
        let desk = locked(&self.desk);
        let first = desk.tickets[&id].get("GHD_Description").cloned();
        let rows = desk.rows.iter().filter(|(of, _)| *of == id);
        let told = rows.flat_map(|(_, row)| {
            let diaries = ["GHD_Public_Diary", "GHD_Internal_Diary"];
            diaries
                .into_iter()
                .filter_map(|name| row.get(name).cloned())
        });
        first.into_iter().chain(told).collect()
    }

    /// The next call fails with these words.
    pub fn fails(&self, words: &str) {
        locked(&self.desk).fails.push(words.to_owned());
    }

    /// From now on it is too busy, or not any more.
    pub fn busy(&self, busy: bool) {
        locked(&self.desk).busy = busy;
    }
}

/// What is asked by SOAP: who, what, and its fields in their order.
struct Order {
    user: String,
    password: String,
    operation: String,
    fields: Vec<(String, String)>,
}

/// Reads an envelope; `None`: it is none.
fn order(body: &[u8]) -> Option<Order> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let mut path: Vec<String> = Vec::new();
    let mut texts: Vec<(Vec<String>, String)> = Vec::new();
    let mut operation = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                texts.push((path.clone(), String::new()));
                if let [_, body, name] = &path[..]
                    && body == "Body"
                {
                    operation.clone_from(name);
                }
            }
            Event::Empty(start) => {
                let mut at = path.clone();
                at.push(start.local_name().as_ref().to_owned());
                texts.push((at, String::new()));
            }
            Event::End(_) => {
                path.pop()?;
            }
            Event::Text(text) => {
                let at = texts.iter_mut().rev().find(|(at, _)| *at == path);
                if let Some((_, into)) = at {
                    into.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(name) => {
                let (_, into) = texts.iter_mut().rev().find(|(at, _)| *at == path)?;
                match name.resolve_char_ref().ok()? {
                    Some(c) => into.push(c),
                    None => into.push_str(resolve_predefined_entity(&name)?),
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let below = |which: &str, depth: usize| {
        let all = texts.iter().filter(move |(at, _)| at.len() == depth);
        let which = which.to_owned();
        let all = all.filter(move |(at, _)| at[1] == which);
        all.map(|(at, text)| (at[depth - 1].clone(), text.clone()))
            .collect::<Vec<_>>()
    };
    let head = below("Header", 4);
    let said = |name: &str| head.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    Some(Order {
        user: said("userName")?,
        password: said("password")?,
        operation,
        fields: below("Body", 4),
    })
}

fn envelope(status: u16, inner: &str) -> Answered {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    );
    Answered {
        status,
        headers: Vec::new(),
        body: ("text/xml;charset=utf-8", text.into_bytes()),
    }
}

fn fault(words: &str) -> Answered {
    let inner = format!(
        "<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode><faultstring>{}; </faultstring></soapenv:Fault>",
        escape(words)
    );
    envelope(500, &inner)
}

const NO_SUCH: &str = "ERROR (302): Entry does not exist in database";

/// The elements of a row that there are, in their order.
fn elements(names: &[&str], row: &Fields) -> String {
    let all = names.iter().filter_map(|name| {
        let value = row.get(*name).filter(|value| !value.is_empty())?;
        Some(format!("<ns0:{name}>{}</ns0:{name}>", escape(value)))
    });
    all.collect()
}

impl Desk {
    fn answer(&mut self, asked: &Asked) -> Answered {
        if self.busy {
            return Answered::nothing(503).with("retry-after", "42");
        }
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let host = asked.header("host").to_owned();
        match path[..] {
            ["arsys", "WSDL", "public", "train-ars", service] if asked.method == "GET" => {
                Answered {
                    status: 200,
                    headers: Vec::new(),
                    body: ("text/xml", description(service, &host).into_bytes()),
                }
            }
            ["arsys", "services", "ARService"] if asked.query("server") == Some("train-ars") => {
                self.serve(asked).unwrap_or_else(|refused| refused)
            }
            _ => Answered::nothing(404),
        }
    }

    fn serve(&mut self, asked: &Asked) -> Result<Answered, Answered> {
        let order = order(&asked.body).ok_or_else(|| fault("org.xml.sax.SAXException"))?;
        let service = asked.query("webService").unwrap_or_default().to_owned();
        let named = format!("\"urn:{service}/{}\"", order.operation);
        let known = OPERATIONS
            .iter()
            .find(|known| known.0 == service && known.1 == order.operation);
        let (Some(&(_, name, takes, gives, list)), true) =
            (known, asked.header("soapaction") == named)
        else {
            return Err(fault(
                "ERROR (9130): Error encountered while executing a Web Service",
            ));
        };
        if !self.fails.is_empty() {
            return Err(fault(&self.fails.remove(0)));
        }
        if !ACCOUNTS.contains(&order.user.as_str()) || order.user != order.password {
            return Err(fault("ERROR (623): Authentication failed"));
        }
        if order.user == "blind" && service != "GGUS" {
            return Err(fault("ERROR (353): You have no access to form"));
        }
        let writes = matches!(name, "TicketCreate" | "TicketModify" | "AddAttachment");
        if order.user == "watcher" && writes {
            return Err(fault("ERROR (331): You do not have write access to field"));
        }
        // A description has a sequence: what stands elsewhere in it is not found.
        let mut places = takes.iter();
        for (field, value) in &order.fields {
            if !places.any(|known| known.trim_end_matches('!') == field) {
                return Err(fault(&format!("ERROR (9215): unexpected element {field}")));
            }
            if value.len() > 4_000 && !field.ends_with("_Data") {
                return Err(fault(&limits(field)));
            }
        }
        let sent: Fields = order.fields.into_iter().collect();
        for field in takes.iter().filter_map(|name| name.strip_suffix('!')) {
            if sent.get(field).is_none_or(String::is_empty) {
                return Err(fault(&format!(
                    "ERROR (307): Required field (without a default) not specified; {field}"
                )));
            }
        }
        let rows = self.carry_out(name, sent)?;
        let inner = if list {
            let rows = rows.iter().map(|row| elements(gives, row));
            rows.map(|row| format!("<ns0:getListValues>{row}</ns0:getListValues>"))
                .collect()
        } else {
            elements(gives, &rows[0])
        };
        Ok(envelope(
            200,
            &format!(
                "<ns0:{name}Response xmlns:ns0=\"urn:{service}\">{inner}</ns0:{name}Response>"
            ),
        ))
    }

    fn carry_out(&mut self, name: &str, mut sent: Fields) -> Result<Vec<Fields>, Answered> {
        let value = |sent: &Fields, name: &str| sent.get(name).cloned().unwrap_or_default();
        let number = |sent: &Fields, name: &str| value(sent, name).parse::<u64>().ok();
        let page = (number(&sent, "startRecord"), number(&sent, "maxLimit"));
        match name {
            "TicketCreate" => {
                check(&sent)?;
                if let Some(mail) = sent.remove("GHD_Submitter_Mail") {
                    sent.insert("GHD_E-Mail".into(), mail);
                }
                let id = self.create(sent).to_string();
                Ok(vec![fields(&[("GHD_Request-ID", &id)])])
            }
            "TicketModify" => {
                let id = number(&sent, "GHD_Request_ID").unwrap_or_default();
                check(&sent)?;
                self.modify(id, sent)?;
                Ok(vec![fields(&[("GHD_Request_ID", &id.to_string())])])
            }
            "TicketGet" => {
                let id = number(&sent, "GHD_Request_ID").unwrap_or_default();
                let ticket = self.tickets.get(&id).ok_or_else(|| fault(NO_SUCH))?;
                Ok(vec![ticket.clone()])
            }
            "TicketGetList" => {
                let (unit, meta) = (
                    value(&sent, "GHD_Responsible_Unit"),
                    value(&sent, "GHD_Meta_Status"),
                );
                let status = value(&sent, "GHD_Status");
                let rows = self.tickets.values().filter(|ticket| {
                    let is = ticket["GHD_Status"].as_str();
                    let meta_is = if OPEN.contains(&is) { "Open" } else { "Closed" };
                    ticket["GHD_Responsible_Unit"] == unit
                        && (meta.is_empty() || meta == meta_is)
                        && (status.is_empty() || status == is)
                });
                paged(rows.cloned().collect(), page)
            }
            "OpGetTicketHist" => {
                let id = number(&sent, "GHD_Request_ID").unwrap_or_default();
                let rows = self.rows.iter().rev().filter(|(of, _)| *of == id);
                paged(rows.map(|(_, row)| row.clone()).collect(), page)
            }
            "AddAttachment" => {
                let id = number(&sent, "GAT_Request_ID").unwrap_or_default();
                if !self.tickets.contains_key(&id) {
                    return Err(fault(NO_SUCH));
                }
                let bytes = STANDARD.decode(value(&sent, "GAT_Attachment_Data"));
                let bytes = bytes.map_err(|_| fault("ERROR (8767): no base64"))?;
                if value(&sent, "GAT_Attachment_Orig_Size") != bytes.len().to_string() {
                    return Err(fault(&limits("GAT_Attachment_Orig_Size")));
                }
                let (who, name) = (
                    value(&sent, "GAT_Last_Modifier"),
                    value(&sent, "GAT_Attachment_Name"),
                );
                let attached = self.attach(id, &who, &name, &bytes);
                Ok(vec![fields(&[("GAT_Attachment_ID", &attached)])])
            }
            "GetAttachIDs" => {
                let id = number(&sent, "GAT_Request_ID").unwrap_or_default();
                let rows = self.files.iter().filter(|(of, _)| *of == id);
                paged(rows.map(|(_, row)| row.clone()).collect(), page)
            }
            _ => {
                let id = value(&sent, "GAT_Attachment_ID");
                let file = self
                    .files
                    .iter()
                    .find(|(_, file)| file["GAT_Attachment-ID"] == id);
                Ok(vec![file.ok_or_else(|| fault(NO_SUCH))?.1.clone()])
            }
        }
    }

    fn create(&mut self, mut new: Fields) -> u64 {
        self.made += 1;
        let id = 100_000 + self.made;
        let at = now();
        let unit = new.remove("GHD_Responsible_Unit");
        // What is given to a unit is assigned by that.
        let status = if unit.is_some() { "assigned" } else { "new" };
        let told = new.remove("GHD_Status").unwrap_or_else(|| status.into());
        let unit = unit.unwrap_or_else(|| "TPM".into());
        new.insert("GHD_Status".into(), told.clone());
        new.insert("GHD_Responsible_Unit".into(), unit.clone());
        new.entry("GHD_Priority".into())
            .or_insert_with(|| "less urgent".into());
        new.insert("GHD_Ticket_Type".into(), "USER".into());
        new.insert("GHD_Type_Of_Problem".into(), "Other".into());
        new.insert("GHD_Request_ID".into(), id.to_string());
        for name in ["GHD_Date_Of_Creation", "GHD_Create_Date"] {
            new.insert(name.into(), at.clone());
        }
        let row = fields(&[
            ("GHD_Creation_Date", &at),
            ("GHD_Last_Modifier", &new["GHD_Last_Modifier"]),
            ("GHD_Status", &told),
            ("GHD_Responsible_Unit", &unit),
            ("GHD_Priority", &new["GHD_Priority"]),
        ]);
        self.tickets.insert(id, new);
        self.rows.push((id, row));
        self.touch(id);
        id
    }

    fn touch(&mut self, id: u64) {
        if let Some(ticket) = self.tickets.get_mut(&id) {
            for name in ["GHD_Date_Of_Change", "GHD_Modified_Date"] {
                ticket.insert(name.into(), now());
            }
        }
    }

    fn modify(&mut self, id: u64, mut sent: Fields) -> Result<(), Answered> {
        let ticket = self.tickets.get_mut(&id).ok_or_else(|| fault(NO_SUCH))?;
        sent.remove("GHD_Request_ID");
        sent.remove("GHD_Last_Login");
        if let Some(to) = sent.get("GHD_Status")
            && ["solved", "unsolved"].contains(&to.as_str())
            && sent
                .get("GHD_Detailed_Solution")
                .is_none_or(String::is_empty)
        {
            return Err(fault(
                "ERROR (10000): Please provide a solution before setting the ticket to this status",
            ));
        }
        let mut row = fields(&[("GHD_Creation_Date", &now())]);
        for (name, value) in sent {
            let noted = match name.as_str() {
                "GHD_Assign_To" => "GHD_Assigned_To",
                other => other,
            };
            row.insert(noted.to_owned(), value.clone());
            ticket.insert(name, value);
        }
        self.rows.push((id, row));
        self.touch(id);
        Ok(())
    }

    fn attach(&mut self, id: u64, who: &str, name: &str, bytes: &[u8]) -> String {
        let attached = format!("ATT{}", 50_001 + self.files.len());
        let size = bytes.len().to_string();
        // Names end with a line.
        let name = format!("{name}\n");
        let file = fields(&[
            ("GAT_Attachment-ID", &attached),
            ("GAT_Create_Date", &now()),
            ("GAT_Request-ID", &id.to_string()),
            ("GAT_Last_Modifier", who),
            ("GAT_Attachment_attachmentName", &name),
            ("GAT_Attachment_attachmentData", &STANDARD.encode(bytes)),
            ("GAT_Attachment_attachmentOrigSize", &size),
        ]);
        self.files.push((id, file));
        self.touch(id);
        attached
    }
}

fn limits(field: &str) -> String {
    format!("ERROR (306): Value does not fall within the limits specified for the field; {field}")
}

/// Whether values are among those that there are.
fn check(sent: &Fields) -> Result<(), Answered> {
    let statuses = [&OPEN[..], &CLOSED[..]].concat();
    for (name, good) in [
        ("GHD_Status", &statuses[..]),
        ("GHD_Priority", &PRIORITIES[..]),
        ("GHD_Responsible_Unit", &UNITS[..]),
    ] {
        if sent
            .get(name)
            .is_some_and(|word| !good.contains(&word.as_str()))
        {
            return Err(fault(&limits(name)));
        }
    }
    Ok(())
}

fn paged(rows: Vec<Fields>, page: (Option<u64>, Option<u64>)) -> Result<Vec<Fields>, Answered> {
    let place =
        |n: Option<u64>, otherwise: usize| n.map_or(otherwise, |n| usize::try_from(n).unwrap());
    let rows = rows.into_iter().skip(place(page.0, 0));
    let rows: Vec<Fields> = rows.take(place(page.1, 500).min(500)).collect();
    if rows.is_empty() {
        return Err(fault(NO_SUCH));
    }
    Ok(rows)
}

/// The description of a service (WSDL 1.1).
fn description(service: &str, host: &str) -> String {
    let element = |name: &str| {
        let (name, least) = match name.strip_suffix('!') {
            Some(name) => (name, 1),
            None => (name, 0),
        };
        format!("<xsd:element name=\"{name}\" type=\"xsd:string\" minOccurs=\"{least}\"/>")
    };
    let sequence = |names: &[&str]| -> String {
        let all: String = names.iter().map(|name| element(name)).collect();
        format!("<xsd:complexType><xsd:sequence>{all}</xsd:sequence></xsd:complexType>")
    };
    let (mut types, mut messages, mut ports, mut bindings) =
        (String::new(), String::new(), String::new(), String::new());
    let of = OPERATIONS.iter().filter(|known| known.0 == service);
    for (_, name, takes, gives, list) in of {
        let answer = if *list {
            format!(
                "<xsd:complexType><xsd:sequence><xsd:element name=\"getListValues\" maxOccurs=\"unbounded\">{}</xsd:element></xsd:sequence></xsd:complexType>",
                sequence(gives)
            )
        } else {
            sequence(gives)
        };
        types.push_str(&format!(
            "<xsd:element name=\"{name}\">{}</xsd:element><xsd:element name=\"{name}Response\">{answer}</xsd:element>",
            sequence(takes)
        ));
        messages.push_str(&format!(
            "<wsdl:message name=\"{name}In\"><wsdl:part name=\"parameters\" element=\"s:{name}\"/></wsdl:message>\
             <wsdl:message name=\"{name}Out\"><wsdl:part name=\"parameters\" element=\"s:{name}Response\"/></wsdl:message>"
        ));
        ports.push_str(&format!(
            "<wsdl:operation name=\"{name}\"><wsdl:input message=\"s:{name}In\"/><wsdl:output message=\"s:{name}Out\"/></wsdl:operation>"
        ));
        bindings.push_str(&format!(
            "<wsdl:operation name=\"{name}\"><soap:operation soapAction=\"urn:{service}/{name}\" style=\"document\"/>\
             <wsdl:input><soap:header message=\"s:ARAuthenticate\" part=\"parameters\" use=\"literal\"/><soap:body use=\"literal\"/></wsdl:input>\
             <wsdl:output><soap:body use=\"literal\"/></wsdl:output></wsdl:operation>"
        ));
    }
    let who = sequence(&[
        "userName!",
        "password!",
        "authentication",
        "locale",
        "timeZone",
    ]);
    let who = who.replacen(
        "<xsd:complexType>",
        "<xsd:complexType name=\"AuthenticationInfo\">",
        1,
    );
    let at = GgusSoapServer::services(&format!("http://{host}"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" \
         xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:s=\"urn:{service}\" \
         targetNamespace=\"urn:{service}\"><wsdl:types><xsd:schema elementFormDefault=\"qualified\" targetNamespace=\"urn:{service}\">\
         {types}{who}<xsd:element name=\"AuthenticationInfo\" type=\"s:AuthenticationInfo\"/></xsd:schema></wsdl:types>{messages}\
         <wsdl:message name=\"ARAuthenticate\"><wsdl:part name=\"parameters\" element=\"s:AuthenticationInfo\"/></wsdl:message>\
         <wsdl:portType name=\"{service}PortType\">{ports}</wsdl:portType>\
         <wsdl:binding name=\"{service}SoapBinding\" type=\"s:{service}PortType\">\
         <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>{bindings}</wsdl:binding>\
         <wsdl:service name=\"{service}Service\"><wsdl:port name=\"{service}Soap\" binding=\"s:{service}SoapBinding\">\
         <soap:address location=\"{}&amp;webService={service}\"/></wsdl:port></wsdl:service></wsdl:definitions>",
        escape(at)
    )
}
