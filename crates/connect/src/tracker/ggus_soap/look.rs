//! The test of a connection: what is there, and what our account sees.

use super::{FILES, GgusSoap, HISTORY, TICKETS, read};
use crate::probe::{Check, Mark, check};
use crate::tracker::Error;
use crate::tracker::look::greeting;

impl GgusSoap {
    /// Looks as far as it gets, line by line.
    pub(super) async fn look(&self) -> Result<Vec<Check>, Error> {
        let unit = &self.unit;
        let first = |name: &'static str, value: String| vec![(name, value)];
        let fields = vec![
            ("startRecord", "0".to_owned()),
            ("maxLimit", "1".to_owned()),
            ("GHD_Responsible_Unit", unit.clone()),
            ("GHD_Meta_Status", "Open".to_owned()),
        ];
        let said = self.one(TICKETS, "TicketGetList", fields).await?;
        let what = "a GGUS that is spoken to by SOAP";
        let mut told = greeting(what, &self.door.address, &self.door.user);
        if unit.is_empty() {
            told.push(check(Mark::Odd, "No support unit was named yet", ""));
            return Ok(told);
        }
        let rows = said.node.map(|node| node.children).unwrap_or_default();
        let id = rows.iter().find_map(read::id);
        told.push(if id.is_some() {
            let text = format!("Tickets of {unit} can be read");
            check(Mark::Good, text, "")
        } else {
            check(
                Mark::Odd,
                format!("GGUS shows no open ticket of {unit}"),
                "That is so when it has none. It is so, too, when the name of the unit is another, or our account may not see its tickets: GGUS does not tell which.",
            )
        });
        told.push(check(
            Mark::Good,
            format!("Tickets from here say that they come from {}", self.origin),
            format!(
                "Write “{unit} as NAME” where GGUS knows this desk by another name (Origin_SG)."
            ),
        ));
        let id = id.unwrap_or_default().to_string();
        for (service, operation, name, what) in [
            (
                HISTORY,
                "OpGetTicketHist",
                "GHD_Request_ID",
                "see what happened to tickets",
            ),
            (FILES, "GetAttachIDs", "GAT_Request_ID", "see their files"),
        ] {
            match self.one(service, operation, first(name, id.clone())).await {
                Ok(_) => told.push(check(Mark::Good, format!("Our account may {what}"), "")),
                Err(Error::Forbidden { words, .. } | Error::NotTaken { words, .. }) => {
                    let advice = format!("Give it the web service {service}. GGUS said: {words}");
                    told.push(check(
                        Mark::Bad,
                        format!("Our account may not {what}"),
                        advice,
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        told.push(check(
            Mark::Odd,
            "Whether our account may write shows only when it does",
            "Nothing can be asked about that. What GGUS refuses stands on the page Exchange in its own words.",
        ));
        Ok(told)
    }
}
