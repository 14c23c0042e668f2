//! `/admin/communities`: communities (VOs), and who is of each.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::community::{Community, CommunityDoc, PEOPLE, Via};
use desk::{Catalogue, Error};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Choice, Icon, TimeMark};
use crate::ui::visit::{Visit, encode, sentence};

/// What was typed of a community.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommunityForm {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other names, one a line.
    pub aliases: String,
    /// What it is.
    pub description: String,
    /// People may join by themselves.
    pub open: bool,
    /// It is in use.
    pub active: bool,
}

impl CommunityForm {
    fn of(community: &Community) -> CommunityForm {
        CommunityForm {
            key: community.key.clone(),
            name: community.name.clone(),
            aliases: community.doc.aliases.join("\n"),
            description: community.description.clone(),
            open: community.open,
            active: community.active,
        }
    }

    fn read(posted: &Posted) -> CommunityForm {
        CommunityForm {
            key: posted.text("key").to_owned(),
            name: posted.text("name").to_owned(),
            aliases: posted.body("aliases"),
            description: posted.text("description").to_owned(),
            open: posted.has("open"),
            active: posted.has("active"),
        }
    }

    fn community(&self, key: &str) -> Community {
        Community {
            key: key.to_owned(),
            name: self.name.clone(),
            description: self.description.clone(),
            open: self.open,
            active: self.active,
            doc: CommunityDoc {
                aliases: self.aliases.lines().map(str::to_owned).collect(),
            },
        }
    }
}

/// A community in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunityRow {
    /// Its page.
    pub href: String,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// "open, 12 people".
    pub words: String,
}

/// All communities, and the form for a new one.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/communities.html")]
pub struct CommunitiesPage {
    /// Around it.
    pub frame: Frame,
    /// The communities.
    pub rows: Vec<CommunityRow>,
    /// What was typed of a new one.
    pub form: CommunityForm,
    /// What was wrong.
    pub errors: Errors,
}

/// One of a community's people, in one of the ways they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FellowRow {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// "by an administrator".
    pub via: &'static str,
    /// Since when.
    pub since: TimeMark,
    /// An administrator can take them out.
    pub removable: bool,
}

/// One community.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/community.html")]
pub struct CommunityPage {
    /// Around it.
    pub frame: Frame,
    /// Where its forms go.
    pub at: String,
    /// What is stored, or was typed.
    pub form: CommunityForm,
    /// Its people.
    pub people: Vec<FellowRow>,
    /// There are more than are listed.
    pub more: bool,
    /// An address that was typed.
    pub email: String,
    /// What was wrong.
    pub errors: Errors,
}

/// How somebody came, in words.
pub fn via_words(via: Via) -> &'static str {
    match via {
        Via::Hand => "by an administrator",
        Via::Choice => "by their own choice",
        Via::Entitlement => "by an entitlement",
    }
}

/// Communities in use to choose from, after the choice of none.
pub fn choices(catalogue: &Catalogue, none: &str, chosen: &str) -> Vec<Choice> {
    let mut all = vec![("", none)];
    all.extend(
        catalogue
            .communities
            .iter()
            .filter(|c| c.active || c.key == chosen)
            .map(|c| (c.key.as_str(), c.name.as_str())),
    );
    Choice::list(all, chosen)
}

/// `GET /admin/communities`.
pub async fn list(visit: Visit) -> Response {
    let form = CommunityForm {
        active: true,
        ..CommunityForm::default()
    };
    let result = listed(&visit, form, Errors::default(), StatusCode::OK).await;
    visit.close(result).await
}

async fn listed(
    visit: &Visit,
    form: CommunityForm,
    errors: Errors,
    status: StatusCode,
) -> Result<Response, Fault> {
    let actor = visit.admin()?;
    let rows = visit
        .desk
        .communities(actor)
        .await?
        .into_iter()
        .map(|line| {
            let how = match (line.community.active, line.community.open) {
                (false, _) => "retired",
                (true, true) => "open to everybody",
                (true, false) => "by an administrator or an entitlement",
            };
            CommunityRow {
                href: format!("/admin/communities/{}", encode(&line.community.key)),
                key: line.community.key,
                name: line.community.name,
                words: format!("{} people, {how}", line.people),
            }
        })
        .collect();
    let page = CommunitiesPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        rows,
        form,
        errors,
    };
    visit.page_as(status, &page)
}

/// `POST /admin/communities`: makes one.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = make(&posted).await;
    posted.visit.close(result).await
}

async fn make(posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let form = CommunityForm {
        active: true,
        ..CommunityForm::read(posted)
    };
    match visit
        .desk
        .save_community(actor, form.community(&form.key), true)
        .await
    {
        Ok(()) => visit.go(
            &format!("/admin/communities/{}", encode(&form.key)),
            Some(Notice::new(NoticeTone::Ok, "The community is there")),
        ),
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(field, sentence(&problem));
            listed(visit, form, errors, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `GET /admin/communities/{key}`.
pub async fn show(visit: Visit, Path(key): Path<String>) -> Response {
    let result = async {
        let page = one(&visit, &key, None, String::new(), Errors::default()).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

async fn one(
    visit: &Visit,
    key: &str,
    typed: Option<CommunityForm>,
    email: String,
    errors: Errors,
) -> Result<CommunityPage, Fault> {
    let actor = visit.admin()?;
    let (community, people) = visit.desk.community_page(actor, key).await?;
    Ok(CommunityPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        at: format!("/admin/communities/{}", encode(key)),
        form: typed.unwrap_or_else(|| CommunityForm::of(&community)),
        more: people.len() as i64 == PEOPLE,
        people: people
            .into_iter()
            .map(|p| FellowRow {
                name: p.name,
                removable: p.via != Via::Entitlement && p.email.is_some(),
                email: p.email.unwrap_or_default(),
                via: via_words(p.via),
                since: visit.dial.moment(p.since),
            })
            .collect(),
        email,
        errors,
    })
}

/// `POST /admin/communities/{key}`: changes it, or who is of it.
pub async fn change(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = act(&posted, &key).await;
    posted.visit.close(result).await
}

async fn act(posted: &Posted, key: &str) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let actor = visit.admin()?;
    let email = posted.text("email").to_owned();
    let (result, typed, words) = match posted.text("do") {
        "add" => (
            visit
                .desk
                .put_into_community(actor, key, &email, true)
                .await,
            None,
            "They are in the community now",
        ),
        "remove" => (
            visit
                .desk
                .put_into_community(actor, key, &email, false)
                .await,
            None,
            "They are out of the community",
        ),
        _ => {
            let form = CommunityForm {
                key: key.to_owned(),
                ..CommunityForm::read(posted)
            };
            let stored = form.community(key);
            (
                visit.desk.save_community(actor, stored, false).await,
                Some(form),
                "Changed",
            )
        }
    };
    match result {
        Ok(()) => visit.go(
            &format!("/admin/communities/{}", encode(key)),
            Some(Notice::new(NoticeTone::Ok, words)),
        ),
        Err(Error::Invalid { field, problem }) => {
            let errors = Errors::one(field, sentence(&problem));
            let page = one(visit, key, typed, email, errors).await?;
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}
