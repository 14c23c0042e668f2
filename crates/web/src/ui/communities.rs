//! `/account/communities`: the reader's communities, and those they may join.

use askama::Template;
use axum::response::Response;
use desk::Catalogue;
use desk::community::Via;

use super::admin::communities::via_words;
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Frame, Here, Notice, NoticeTone, Room};
use super::posted::Posted;
use super::view::{Choice, Icon};
use super::visit::Visit;

/// One community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub text: String,
    /// "You are in it by an entitlement"; empty: they are not.
    pub words: String,
    /// They may join.
    pub join: bool,
    /// They chose it, and may leave.
    pub leave: bool,
}

/// The reader's communities.
#[derive(Debug, Clone, Template)]
#[template(path = "communities.html")]
pub struct OwnCommunitiesPage {
    /// Around it.
    pub frame: Frame,
    /// The communities.
    pub rows: Vec<ChoiceRow>,
}

/// `GET /account/communities`.
pub async fn show(visit: Visit) -> Response {
    let result = page(&visit).await;
    visit.close(result).await
}

async fn page(visit: &Visit) -> Result<Response, Fault> {
    let actor = visit.actor()?;
    let rows = visit
        .desk
        .community_choices(actor)
        .await?
        .into_iter()
        .map(|choice| {
            let ways: Vec<&str> = choice.via.iter().map(|via| via_words(*via)).collect();
            let chosen = choice.via.contains(&Via::Choice);
            ChoiceRow {
                words: if ways.is_empty() {
                    String::new()
                } else {
                    format!("You are in it {}.", ways.join(" and "))
                        .replace("their own", "your own")
                },
                join: choice.community.open && choice.via.is_empty(),
                leave: chosen,
                key: choice.community.key,
                name: choice.community.name,
                text: choice.community.description,
            }
        })
        .collect();
    visit.page(&OwnCommunitiesPage {
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
        rows,
    })
}

/// `POST /account/communities`.
pub async fn choose(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        let visit = &posted.visit;
        let into = posted.text("do") == "join";
        visit
            .desk
            .choose_community(visit.actor()?, posted.text("community"), into)
            .await?;
        let words = if into {
            "You are in it now"
        } else {
            "You have left it"
        };
        visit.go(
            "/account/communities",
            Some(Notice::new(NoticeTone::Ok, words)),
        )
    }
    .await;
    posted.visit.close(result).await
}

/// Whose ticket it can be; empty for who is of no team.
pub(super) fn whose(visit: &Visit, catalogue: &Catalogue, chosen: &str) -> Vec<Choice> {
    let teams = visit.who.iter().flat_map(|w| catalogue.teams_of(&w.actor));
    let teams: Vec<(&str, String)> = teams
        .map(|team| (team.key.as_str(), format!("The team’s: {}", team.name)))
        .collect();
    if teams.is_empty() {
        return Vec::new();
    }
    let own = [("", "Mine")].into_iter();
    let all = own.chain(teams.iter().map(|(key, label)| (*key, label.as_str())));
    Choice::list(all, chosen)
}
