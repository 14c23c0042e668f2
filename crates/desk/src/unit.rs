//! What pages show of units and of the desk as a whole.

pub(crate) mod edit;
pub(crate) mod retire;

use store::list::{Condition, Filter, OwnerIs, Scope};
use store::unit::{Member, News, Unit};
use switchboard_core::query::Span;
use switchboard_core::{Actor, PersonId, UnitId};

use crate::{Desk, Error};

pub use edit::{KnownUnit, UnitEdit};
pub use retire::Retired;

/// A unit with its figures; its people are [`crate::staff::UnitPeople`].
#[derive(Debug, Clone, PartialEq)]
pub struct UnitPage {
    /// The unit.
    pub unit: Unit,
    /// Open tickets it holds.
    pub open: i64,
    /// Of these without an owner.
    pub nobodys: i64,
    /// Solved or unsolved within 30 days.
    pub closed_30_days: i64,
    /// How many open tickets each member owns; `None`: for the unit itself and
    /// administrators only.
    pub by_owner: Option<Vec<(PersonId, i64)>>,
    /// The looker works there, or sees everything: figures by person may be
    /// shown.
    pub inside: bool,
}

/// Counting goes no further than this.
pub const MANY: i64 = 10_000;

impl Desk {
    /// A unit's page by key or name.
    ///
    /// # Errors
    /// When there is no such unit.
    pub async fn unit_page(&self, actor: &Actor, name: &str) -> Result<UnitPage, Error> {
        let catalogue = self.catalogue().await?;
        let unit = catalogue
            .find_unit("unit", name)
            .map_err(|_| Error::not_found(format!("unit {name:?}")))?
            .clone();
        let (now, inside) = (self.now(), actor.is_staff());
        let close = actor.admin || actor.is_system() || actor.in_unit(unit.id).is_some();
        // How busy a unit is may be known by everybody; that it holds something
        // restricted may not.
        let scope = match actor.person {
            Some(person) if !actor.admin => Scope::Unrestricted {
                person,
                units: actor.units.iter().map(|m| m.unit).collect(),
            },
            _ => Scope::Everything,
        };
        self.0
            .db
            .read(move |c| {
                let of_unit = || Filter::default().and(Condition::Unit(vec![unit.id]));
                let mut count = |filter: Filter| store::list::count(c, &scope, &filter, MANY);
                let open = count(of_unit().and(Condition::Open(true)))?;
                let nobodys = count(
                    of_unit()
                        .and(Condition::Open(true))
                        .and(Condition::Owner(OwnerIs::Nobody)),
                )?;
                let closed_30_days = count(of_unit().and(Condition::Open(false)).and(
                    Condition::Closed(Span {
                        from: Some(now - 30 * 86_400_000),
                        until: None,
                    }),
                ))?;
                let by_owner = if close {
                    Some(store::ticket::open_by_owner(c, unit.id)?)
                } else {
                    None
                };
                Ok(UnitPage {
                    unit,
                    open,
                    nobodys,
                    closed_30_days,
                    by_owner,
                    inside,
                })
            })
            .await
    }

    /// The members of a unit, responsibles first.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn members(&self, unit: UnitId) -> Result<Vec<Member>, Error> {
        self.0
            .db
            .read(move |c| store::unit::members(c, unit).map_err(Error::from))
            .await
    }

    /// The newest notices: news, incidents, downtimes.
    ///
    /// # Errors
    /// When the database can not be read.
    pub async fn news(&self, limit: i64) -> Result<Vec<News>, Error> {
        self.0
            .db
            .read(move |c| store::unit::news(c, limit).map_err(Error::from))
            .await
    }
}
