//! The words of the rules as the OpenAPI document lists them, and times.
//!
//! The types themselves live in `switchboard-core`, which knows nothing of
//! documents; here is only what their JSON looks like, taken from them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use switchboard_core::campaign::Standing;
use switchboard_core::staff::AskState;
use switchboard_core::ticket::RelationKind;
use switchboard_core::{
    EntryVisibility, FieldType, Light, Millis, PartyRole, Priority, SecurityRisk, SolutionKind,
    Status, TargetKind, TellRequester, TicketType, Tlp, Turn, Visibility,
};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// Where an application or a join request stands.
#[derive(Debug, Clone, Copy)]
pub struct AskStateWord;

impl PartialSchema for AskStateWord {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(AskState::ALL.map(AskState::key)))
            .description(Some("Where an application or a join request stands."))
            .into()
    }
}

impl ToSchema for AskStateWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AskStateWord")
    }
}

macro_rules! words {
    ($($(#[doc = $doc:literal])* $schema:ident = $all:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $schema;

        impl PartialSchema for $schema {
            fn schema() -> RefOr<Schema> {
                let words: Vec<serde_json::Value> = $all
                    .into_iter()
                    .filter_map(|value| serde_json::to_value(value).ok())
                    .collect();
                let description = concat!($($doc),*).trim();
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(words))
                    .description(Some(description))
                    .into()
            }
        }

        impl ToSchema for $schema {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($schema))
            }
        }
    )*};
}

words! {
    /// Whose turn it is: who has to do something next.
    TurnWord = Turn::ALL;
    /// What is promised and measured: the first assignment, the response of the unit,
    /// the first answer of a human, the first reply of whoever took the ticket, the
    /// longest silence, the solution.
    ClockWord = TargetKind::ALL;
    /// How far a target is used up: less than half, half (yellow), three quarters
    /// (amber), all (red).
    LightWord = [Light::OnTime, Light::Half, Light::Warning, Light::Overdue];
    /// Where a ticket stands.
    StatusWord = Status::ALL;
    /// How urgent it is, in rising order.
    PriorityWord = Priority::ALL;
    /// How far security is at stake, in rising order.
    SecurityRiskWord = SecurityRisk::ALL;
    /// Where one site's ticket stands for those who asked many sites.
    StandingWord = Standing::ALL;
    /// What the other ticket is to this one.
    RelationWord = RelationKind::ALL;
    /// Which diary: everyone on the ticket reads the public one, only the
    /// support side the internal one.
    EntryVisibilityWord = [EntryVisibility::Public, EntryVisibility::Internal];
    /// Who may see a ticket.
    VisibilityWord = [
        Visibility::Community,
        Visibility::Parties,
        Visibility::Restricted,
    ];
    /// How far a restricted ticket may be passed on (FIRST TLP 2.0), in
    /// narrowing circles.
    TlpWord = Tlp::ALL;
    /// Why a ticket exists.
    TicketTypeWord = [
        TicketType::User,
        TicketType::Team,
        TicketType::Alarm,
        TicketType::Ops,
    ];
    /// How much the requester wants to hear.
    TellWord = [TellRequester::OnSolution, TellRequester::EveryChange];
    /// How a ticket was resolved.
    SolutionKindWord = [
        SolutionKind::Fixed,
        SolutionKind::Workaround,
        SolutionKind::WorksAsDesigned,
        SolutionKind::Duplicate,
        SolutionKind::Invalid,
        SolutionKind::WontFix,
        SolutionKind::Other,
    ];
    /// What an extra field of a form takes.
    FieldTypeWord = FieldType::ALL;
    /// As what somebody is on a ticket.
    PartyRoleWord = [
        PartyRole::Cc,
        PartyRole::Subscriber,
        PartyRole::Involved,
        PartyRole::Site,
    ];
}

/// A moment: RFC 3339 in UTC with milliseconds in answers
/// (`2026-11-24T09:10:00.000Z`); any offset is taken in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Millis);

/// Years that are taken: 1970 to 9999.
const LATEST: Millis = 253_402_300_799_999;

impl Time {
    fn text(self) -> String {
        desk::told::rfc3339(self.0)
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Time> {
        let at: jiff::Timestamp = text.parse().ok()?;
        let millis = at.as_millisecond();
        (0..=LATEST).contains(&millis).then_some(Time(millis))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Time, D::Error> {
        let text = String::deserialize(d)?;
        Time::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "is not a time from 1970 on; write it like 2026-11-24T09:10:00Z",
            )
        })
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some(
                "RFC 3339; in answers in UTC with milliseconds. Years 1970 to 9999.",
            ))
            .into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_in_utc() {
        assert_eq!(Time(0).text(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Time::parse("2026-11-24T10:10:00.5+01:00").unwrap().text(),
            "2026-11-24T09:10:00.500Z"
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in ["", "yesterday", "2026-11-24", "1969-12-31T23:59:59Z"] {
            assert_eq!(Time::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_document_has_every_word() {
        let RefOr::T(Schema::Object(schema)) = StatusWord::schema() else {
            unreachable!("a schema of words is an object");
        };
        assert_eq!(schema.enum_values.unwrap().len(), Status::ALL.len());
    }
}
