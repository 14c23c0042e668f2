//! Changing the rules of triage, and trying a change on past tickets.

use switchboard_core::triage::{WhatIf, what_if};
use switchboard_core::{Actor, RuleSet};

use crate::audit::{self, Subject};
use crate::{Desk, Error};

/// So many of the newest tickets are tried.
const TRIED: i64 = 10_000;

fn check_admin(actor: &Actor) -> Result<(), Error> {
    if actor.admin || actor.is_system() {
        return Ok(());
    }
    Err(Error::Forbidden(
        "only administrators may change the rules of triage".into(),
    ))
}

impl Desk {
    /// What these rules would have done to the newest tickets; changes nothing.
    ///
    /// # Errors
    /// When the rules do not pass their check, or the actor is no
    /// administrator.
    pub async fn what_if(&self, actor: &Actor, rules: RuleSet) -> Result<WhatIf, Error> {
        check_admin(actor)?;
        rules.check()?;
        let catalogue = self.catalogue().await?;
        self.0
            .db
            .read(move |c| {
                let tickets = store::ticket::newest_documents(c, TRIED)?;
                let past = tickets.into_iter().map(|t| (t.number, t.facts, t.overrule));
                Ok(what_if(&catalogue.rules, &rules, past))
            })
            .await
    }

    /// Puts rules in force for tickets to come, and returns them.
    ///
    /// # Errors
    /// When the rules do not pass their check, or the actor is no
    /// administrator.
    pub async fn set_rules(&self, actor: &Actor, rules: RuleSet) -> Result<RuleSet, Error> {
        check_admin(actor)?;
        rules.check()?;
        let text = serde_json::to_string(&rules)
            .map_err(|e| Error::Internal(format!("triage rules: {e}")))?;
        let now = self.now();
        let by = actor.clone();
        self.0
            .db
            .write(move |c| {
                let before = store::setting::get(c, "triage")?;
                store::setting::set(c, "triage", &text, now)?;
                let detail = serde_json::json!({
                    "before": before.and_then(|t| serde_json::from_str::<serde_json::Value>(&t).ok()),
                    "after": serde_json::from_str::<serde_json::Value>(&text).ok(),
                });
                let subject = Subject::Setting("triage".into());
                audit::record(c, &by, now, "setting.changed", &subject, &detail)
            })
            .await?;
        self.forget_catalogue();
        Ok(rules)
    }
}
