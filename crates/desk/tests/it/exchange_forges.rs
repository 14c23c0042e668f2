//! The same with systems where software is made, GitHub, GitLab and Jira, and with the
//! GGUS of before 2025, each of them one for tests. From the request to the solution, from there to here, and over a network
//! that loses a tenth.

use std::sync::Arc;

use async_trait::async_trait;
use connect::tracker::{GgusSoap, GitHub, GitLab, Jira, Login, Tracker};
use connect::{Guard, Reach};
use serde_json::json;
use switchboard_core::onboarding::Form;
use switchboard_core::{EntryVisibility, Status};
use testkit::{
    GgusSoapServer, GitHubServer, GitLabServer, JiraServer, Loss, Lossy, TestDesk, both_configured,
};

use crate::exchange::{PUBLIC, agreed, bodies, coupled, keeping, opens, passes, says, stored};
use crate::exchange_in::here;
use crate::onboarding::{Cast, accepted, actor, cast};

/// What people do there, whichever it is. Ada works there, Uma asks there.
#[async_trait]
trait There: Send + Sync {
    /// Its word in forms, and what is coupled of it.
    fn couples(&self) -> (&'static str, &'static str);
    fn url(&self) -> String;
    fn client(&self, guard: &Guard, url: &str) -> Arc<dyn Tracker>;
    async fn opens(&self, title: &str, body: &str) -> String;
    async fn writes(&self, id: &str, body: &str);
    /// What only the people there shall read, where there is such a thing.
    async fn notes(&self, id: &str, body: &str);
    async fn solves(&self, id: &str);
    /// They will not do it.
    async fn declines(&self, id: &str);
    async fn opens_again(&self, id: &str);
    async fn deletes(&self, id: &str);
    /// Their word for how it stands.
    async fn status(&self, id: &str) -> String;
    fn tickets(&self) -> usize;
    fn bodies(&self, id: &str) -> Vec<String>;
    /// What a text of ours is there.
    fn shows(&self, plain: &str) -> String;
    /// What a network may do to its calls: most can take back what was done twice.
    fn losses(&self) -> Vec<Loss> {
        vec![Loss::Unheard, Loss::Unanswered, Loss::Repeated]
    }
}

struct OnGitHub(GitHubServer);

impl OnGitHub {
    async fn edits(&self, id: &str, values: serde_json::Value) {
        let path = format!("/repos/lab/atlas/issues/{id}");
        self.0.acts("ada", "PATCH", &path, &values).await;
    }
}

#[async_trait]
impl There for OnGitHub {
    fn couples(&self) -> (&'static str, &'static str) {
        ("github", "lab/atlas")
    }

    fn url(&self) -> String {
        self.0.url.clone()
    }

    fn client(&self, guard: &Guard, url: &str) -> Arc<dyn Tracker> {
        let login = Login::Token("bridge".into());
        Arc::new(GitHub::new(guard, url, "lab/atlas", login).unwrap())
    }

    async fn opens(&self, title: &str, body: &str) -> String {
        let new = json!({"title": title, "body": body});
        let made = self
            .0
            .acts("uma", "POST", "/repos/lab/atlas/issues", &new)
            .await;
        made["number"].to_string()
    }

    async fn writes(&self, id: &str, body: &str) {
        let path = format!("/repos/lab/atlas/issues/{id}/comments");
        self.0
            .acts("ada", "POST", &path, &json!({"body": body}))
            .await;
    }

    // It has no such thing.
    async fn notes(&self, _id: &str, _body: &str) {}

    async fn solves(&self, id: &str) {
        self.edits(id, json!({"state": "closed"})).await;
    }

    async fn declines(&self, id: &str) {
        self.edits(
            id,
            json!({"state": "closed", "state_reason": "not_planned"}),
        )
        .await;
    }

    async fn opens_again(&self, id: &str) {
        self.edits(id, json!({"state": "open"})).await;
    }

    async fn deletes(&self, id: &str) {
        self.0.goes(id, 410);
    }

    async fn status(&self, id: &str) -> String {
        let path = format!("/repos/lab/atlas/issues/{id}");
        let issue = self.0.acts("ada", "GET", &path, &json!({})).await;
        issue["state"].as_str().unwrap().to_owned()
    }

    fn tickets(&self) -> usize {
        self.0.tickets()
    }

    fn bodies(&self, id: &str) -> Vec<String> {
        self.0.bodies(id)
    }

    fn shows(&self, plain: &str) -> String {
        plain.replace('#', "\\#\u{200b}")
    }
}

async fn on_github() -> OnGitHub {
    OnGitHub(GitHubServer::start().await)
}

struct OnGitLab(GitLabServer);

impl OnGitLab {
    async fn does(
        &self,
        user: &str,
        method: &str,
        path: &str,
        body: serde_json::Value,
    ) -> serde_json::Value {
        let path = format!("/projects/lab%2Fatlas/issues{path}");
        self.0.acts(user, method, &path, &body).await
    }
}

#[async_trait]
impl There for OnGitLab {
    fn couples(&self) -> (&'static str, &'static str) {
        ("gitlab", "lab/atlas")
    }

    fn url(&self) -> String {
        self.0.url.clone()
    }

    fn client(&self, guard: &Guard, url: &str) -> Arc<dyn Tracker> {
        let login = Login::Token("bridge".into());
        Arc::new(GitLab::new(guard, url, "lab/atlas", login).unwrap())
    }

    async fn opens(&self, title: &str, body: &str) -> String {
        let new = json!({"title": title, "description": body});
        self.does("uma", "POST", "", new).await["iid"].to_string()
    }

    async fn writes(&self, id: &str, body: &str) {
        self.does(
            "ada",
            "POST",
            &format!("/{id}/notes"),
            json!({"body": body}),
        )
        .await;
    }

    async fn notes(&self, id: &str, body: &str) {
        let note = json!({"body": body, "internal": true});
        self.does("ada", "POST", &format!("/{id}/notes"), note)
            .await;
    }

    async fn solves(&self, id: &str) {
        self.does(
            "ada",
            "PUT",
            &format!("/{id}"),
            json!({"state_event": "close"}),
        )
        .await;
    }

    async fn declines(&self, id: &str) {
        let values = json!({"state_event": "close", "add_labels": "status: unsolved"});
        self.does("ada", "PUT", &format!("/{id}"), values).await;
    }

    async fn opens_again(&self, id: &str) {
        self.does(
            "ada",
            "PUT",
            &format!("/{id}"),
            json!({"state_event": "reopen"}),
        )
        .await;
    }

    async fn deletes(&self, id: &str) {
        self.0.deletes(id);
    }

    async fn status(&self, id: &str) -> String {
        let issue = self.does("ada", "GET", &format!("/{id}"), json!({})).await;
        issue["state"].as_str().unwrap().to_owned()
    }

    fn tickets(&self) -> usize {
        self.0.tickets()
    }

    fn bodies(&self, id: &str) -> Vec<String> {
        self.0.bodies(id)
    }

    fn shows(&self, plain: &str) -> String {
        plain.replace('#', "\\#\u{200b}")
    }
}

async fn on_gitlab() -> OnGitLab {
    OnGitLab(GitLabServer::start().await)
}

struct OnJira(JiraServer);

impl OnJira {
    async fn goes(&self, id: &str, to: &str, resolution: Option<&str>) {
        let path = format!("/issue/{id}/transitions");
        let all = self.0.acts("ada", "GET", &path, &json!({})).await;
        let all = all["transitions"].as_array().unwrap();
        let one = all.iter().find(|one| one["to"]["name"] == to).unwrap();
        let mut body = json!({"transition": {"id": one["id"]}});
        if let Some(name) = resolution {
            body["fields"] = json!({"resolution": {"name": name}});
        }
        self.0.acts("ada", "POST", &path, &body).await;
    }

    async fn comments(&self, id: &str, body: serde_json::Value) {
        let path = format!("/issue/{id}/comment");
        self.0.acts("ada", "POST", &path, &body).await;
    }
}

#[async_trait]
impl There for OnJira {
    fn couples(&self) -> (&'static str, &'static str) {
        ("jira", "ATLAS")
    }

    fn url(&self) -> String {
        self.0.url.clone()
    }

    fn client(&self, guard: &Guard, url: &str) -> Arc<dyn Tracker> {
        let login = Login::Token("bridge".into());
        Arc::new(Jira::new(guard, url, "ATLAS", login).unwrap())
    }

    async fn opens(&self, title: &str, body: &str) -> String {
        let fields = json!({"project": {"key": "ATLAS"}, "issuetype": {"name": "Task"},
                            "summary": title, "description": body});
        let made = self
            .0
            .acts("uma", "POST", "/issue", &json!({"fields": fields}))
            .await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn writes(&self, id: &str, body: &str) {
        self.comments(id, json!({"body": body})).await;
    }

    async fn notes(&self, id: &str, body: &str) {
        let some = json!({"type": "role", "value": "Developers"});
        self.comments(id, json!({"body": body, "visibility": some}))
            .await;
    }

    async fn solves(&self, id: &str) {
        self.goes(id, "Done", None).await;
    }

    async fn declines(&self, id: &str) {
        self.goes(id, "Done", Some("Won't Do")).await;
    }

    async fn opens_again(&self, id: &str) {
        self.goes(id, "To Do", None).await;
    }

    async fn deletes(&self, id: &str) {
        let path = format!("/issue/{id}");
        self.0.acts("ada", "DELETE", &path, &json!({})).await;
    }

    async fn status(&self, id: &str) -> String {
        let issue = self
            .0
            .acts("ada", "GET", &format!("/issue/{id}"), &json!({}))
            .await;
        issue["fields"]["status"]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn tickets(&self) -> usize {
        self.0.tickets()
    }

    fn bodies(&self, id: &str) -> Vec<String> {
        self.0.bodies(id)
    }

    fn shows(&self, plain: &str) -> String {
        plain.replace('#', "\\#")
    }
}

async fn on_jira(cloud: bool) -> OnJira {
    OnJira(JiraServer::start(cloud).await)
}

struct OnGgus(GgusSoapServer);

#[async_trait]
impl There for OnGgus {
    fn couples(&self) -> (&'static str, &'static str) {
        ("ggus_soap", "NGI_SKY")
    }

    fn url(&self) -> String {
        self.0.url.clone()
    }

    fn client(&self, guard: &Guard, url: &str) -> Arc<dyn Tracker> {
        let login = Login::Password {
            user: "bridge".into(),
            password: "bridge".into(),
        };
        let at = GgusSoapServer::services(url);
        Arc::new(GgusSoap::new(guard, &at, "NGI_SKY", login).unwrap())
    }

    async fn opens(&self, title: &str, body: &str) -> String {
        self.0.opens("uma", title, body)
    }

    async fn writes(&self, id: &str, body: &str) {
        self.0.changes(id, "ada", &[("GHD_Public_Diary", body)]);
    }

    async fn notes(&self, id: &str, body: &str) {
        self.0.changes(id, "ada", &[("GHD_Internal_Diary", body)]);
    }

    // A solution is asked for, and people say once more what they wrote.
    async fn solves(&self, id: &str) {
        let said = self.0.value(id, "GHD_Public_Diary");
        let values = [
            ("GHD_Status", "solved"),
            ("GHD_Detailed_Solution", said.as_str()),
        ];
        self.0.changes(id, "ada", &values);
    }

    async fn declines(&self, id: &str) {
        let said = self.0.value(id, "GHD_Public_Diary");
        let values = [
            ("GHD_Status", "unsolved"),
            ("GHD_Detailed_Solution", said.as_str()),
        ];
        self.0.changes(id, "ada", &values);
    }

    async fn opens_again(&self, id: &str) {
        self.0.changes(id, "uma", &[("GHD_Status", "reopened")]);
    }

    async fn deletes(&self, id: &str) {
        self.0.deletes(id);
    }

    async fn status(&self, id: &str) -> String {
        self.0.value(id, "GHD_Status")
    }

    fn tickets(&self) -> usize {
        self.0.tickets()
    }

    fn bodies(&self, id: &str) -> Vec<String> {
        self.0.bodies(id)
    }

    fn shows(&self, plain: &str) -> String {
        plain.to_owned()
    }

    // A diary is only added to: what a network says twice stands there twice.
    fn losses(&self) -> Vec<Loss> {
        vec![Loss::Unheard, Loss::Unanswered]
    }
}

async fn on_ggus() -> OnGgus {
    OnGgus(GgusSoapServer::start().await)
}

fn form(there: &dyn There) -> Form {
    let (system, queue) = there.couples();
    let mut form = coupled(queue);
    form.exchange.system = system.into();
    form.exchange.endpoint = "https://rt.sky.example".into();
    form.exchange.statuses.clear();
    form.exchange.priorities.clear();
    form.fill_maps();
    form
}

/// The small federation with a service whose tickets travel there, by way of an address.
async fn coupled_to(desk: &TestDesk, there: &dyn There, url: &str) -> Cast {
    let cast = cast(desk).await;
    accepted(desk, &cast, form(there)).await;
    let guard = Guard::new(Reach::parse("127.0.0.1").unwrap());
    let agreement = agreed(desk, "sky-atlas").await;
    desk.desk.use_tracker(agreement, there.client(&guard, url));
    desk.run_jobs().await;
    cast
}

async fn goes_there_and_comes_back(desk: &TestDesk, there: &dyn There) {
    let cast = coupled_to(desk, there, &there.url()).await;
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let counterpart = async || {
        let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
        seen.unwrap().remove(0)
    };
    let id = counterpart().await.there.unwrap();
    let said = there.bodies(&id);
    assert!(said[0].contains("It was there yesterday."), "{said:?}");
    assert!(!said[0].contains("rita"), "no address passes: {said:?}");

    there.writes(&id, "Which plate do you mean?").await;
    there.notes(&id, "between us").await;
    passes(desk, 60).await;
    let (_, entries) = stored(desk, number).await;
    let theirs: Vec<_> = entries
        .iter()
        .filter(|e| e.author_side == "external")
        .collect();
    assert_eq!(theirs.len(), 1, "{entries:?}");
    assert_eq!(
        (theirs[0].body.as_str(), theirs[0].visibility),
        ("Which plate do you mean?", PUBLIC)
    );
    assert_eq!(theirs[0].author_name, "ada (via rt.sky.example)");
    let mails = desk.sent_mail();
    let told = |m: &&testkit::Mail| m.to == "rita@people.example" && m.text.contains("Which plate");
    assert_eq!(mails.iter().filter(told).count(), 1);

    says(
        desk,
        &cast.ada_acts,
        number,
        EntryVisibility::Internal,
        "canary",
        None,
    )
    .await;
    says(desk, &rita, number, PUBLIC, "Plate #17.", Some(b"17")).await;
    passes(desk, 60).await;
    let said = there.bodies(&id);
    let ours = there.shows("Plate #17.");
    assert_eq!(
        said.iter().filter(|b| b.contains(&ours)).count(),
        1,
        "{said:?}"
    );
    assert_eq!(
        said.iter().filter(|b| b.contains("plate.txt")).count(),
        1,
        "{said:?}"
    );
    assert!(!said.iter().any(|b| b.contains("canary")), "{said:?}");

    there.writes(&id, "Found behind the shelf.").await;
    there.solves(&id).await;
    passes(desk, 80).await;
    let (solved, entries) = stored(desk, number).await;
    assert_eq!(solved.status, Status::Solved);
    assert_eq!(solved.solution.unwrap().text, "Found behind the shelf.");
    assert_eq!(
        entries
            .iter()
            .filter(|e| e.author_side == "external")
            .count(),
        2
    );
    // Then it is quiet.
    let (said, status) = (there.bodies(&id).len(), there.status(&id).await);
    passes(desk, 300).await;
    assert_eq!(
        (there.bodies(&id).len(), there.status(&id).await),
        (said, status)
    );
    let seen = counterpart().await;
    assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");

    // What they will not do is unsolved.
    let other = opens(desk, &rita, "sky-atlas").await;
    let seen = desk.desk.counterparts(&cast.ada_acts, other).await.unwrap();
    let id = seen[0].there.clone().unwrap();
    there.writes(&id, "That plate is lost.").await;
    there.declines(&id).await;
    passes(desk, 80).await;
    assert_eq!(stored(desk, other).await.0.status, Status::Unsolved);
}

async fn comes_here_once_and_goes_on(desk: &TestDesk, there: &dyn There) {
    let cast = coupled_to(desk, there, &there.url()).await;
    let id = there.opens("Runs are gone", "Run **7** is gone.").await;
    passes(desk, 60).await;
    let numbers = here(desk).await;
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    let (ticket, entries) = stored(desk, numbers[0]).await;
    assert_eq!(ticket.subject, "Runs are gone");
    assert_eq!(bodies(&entries), ["Run **7** is gone."]);
    says(
        desk,
        &cast.ada_acts,
        numbers[0],
        PUBLIC,
        "Which disk?",
        None,
    )
    .await;
    passes(desk, 60).await;
    let said = there.bodies(&id);
    assert!(said.last().unwrap().contains("Which disk"), "{said:?}");
    there.writes(&id, "The third.").await;
    there.solves(&id).await;
    passes(desk, 60).await;
    there.opens_again(&id).await;
    passes(desk, 300).await;
    let (ticket, entries) = stored(desk, numbers[0]).await;
    assert_eq!(
        bodies(&entries)
            .iter()
            .filter(|b| **b == "The third.")
            .count(),
        1
    );
    assert!(ticket.status.is_open(), "{:?}", ticket.status);
    assert_eq!(
        (here(desk).await, there.tickets()),
        (numbers, 1),
        "nothing comes twice"
    );
}

/// What is deleted there is told once, and what was said here stays here.
async fn is_told_when_it_is_deleted(desk: &TestDesk, there: &dyn There) {
    let cast = coupled_to(desk, there, &there.url()).await;
    let rita = actor(desk, &cast.f.rita).await;
    let number = opens(desk, &rita, "sky-atlas").await;
    let counterpart = async |number| {
        let seen = desk.desk.counterparts(&cast.ada_acts, number).await;
        seen.unwrap().remove(0)
    };
    there
        .deletes(&counterpart(number).await.there.unwrap())
        .await;
    for said in ["Is anybody there?", "Hello?"] {
        says(desk, &rita, number, PUBLIC, said, None).await;
    }
    passes(desk, 300).await;
    let seen = counterpart(number).await;
    assert!(seen.gone && seen.ended, "{seen:?}");
    assert_eq!(
        (seen.waiting, seen.dead, seen.theirs),
        (0, 0, false),
        "{seen:?}"
    );
    says(desk, &rita, number, PUBLIC, "Well.", None).await;
    passes(desk, 300).await;
    let (ticket, entries) = stored(desk, number).await;
    assert!(ticket.status.is_open());
    let said = bodies(&entries);
    for ours in ["Is anybody there?", "Hello?", "Well."] {
        assert_eq!(said.iter().filter(|b| **b == ours).count(), 1, "{said:?}");
    }
    let told: Vec<_> = entries
        .iter()
        .filter(|e| e.body.contains("was deleted there"))
        .collect();
    assert_eq!(told.len(), 1, "{entries:?}");
    assert_eq!(told[0].visibility, EntryVisibility::Internal);
    // It is that ticket's and not the system's.
    let other = opens(desk, &rita, "sky-atlas").await;
    says(desk, &rita, other, PUBLIC, "And this one.", None).await;
    passes(desk, 60).await;
    let seen = counterpart(other).await;
    assert!(!seen.gone && seen.error.is_none(), "{seen:?}");
    let said = there.bodies(&seen.there.unwrap());
    assert!(said.iter().any(|b| b.contains("And this one.")), "{said:?}");
}

async fn loses_and_doubles_nothing(desk: &TestDesk, there: &dyn There) {
    let url = there.url();
    let proxy = Lossy::before(url.trim_start_matches("http://")).await;
    let cast = coupled_to(desk, there, &format!("http://127.0.0.1:{}", proxy.port)).await;
    let rita = actor(desk, &cast.f.rita).await;
    proxy.at_random(7, 10, &there.losses());
    let mut numbers = Vec::new();
    for _ in 0..4 {
        numbers.push(opens(desk, &rita, "sky-atlas").await);
    }
    passes(desk, 200).await;
    let seen = async |number| {
        desk.desk
            .counterparts(&cast.ada_acts, number)
            .await
            .unwrap()
            .remove(0)
    };
    for (n, number) in numbers.iter().enumerate() {
        says(
            desk,
            &rita,
            *number,
            PUBLIC,
            &format!("From here {n}."),
            None,
        )
        .await;
        if let Some(id) = seen(*number).await.there {
            there.writes(&id, &format!("From there {n}.")).await;
        }
        passes(desk, 20).await;
    }
    passes(desk, 400).await;
    assert!(proxy.struck() > 5, "{}", proxy.struck());
    proxy.calm();
    passes(desk, 200).await;
    for (n, number) in numbers.iter().enumerate() {
        let seen = seen(*number).await;
        assert_eq!((seen.waiting, seen.dead), (0, 0), "{seen:?}");
        let said = there.bodies(seen.there.as_ref().unwrap());
        let ours = format!("From here {n}.");
        assert_eq!(
            said.iter().filter(|b| b.contains(&ours)).count(),
            1,
            "{said:?}"
        );
        let (_, entries) = stored(desk, *number).await;
        let theirs = entries
            .iter()
            .filter(|e| e.author_side == "external")
            .count();
        let written = said.iter().filter(|b| b.starts_with("From there")).count();
        assert_eq!(theirs, written, "each once, and no echo: {entries:?}");
    }
    // Those that the network made twice are closed, and no tickets here.
    assert_eq!(here(desk).await.len(), 4);
}

#[test]
fn a_request_goes_to_a_github_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_github().await)).await;
    });
}

#[test]
fn an_issue_of_a_github_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_github().await)).await;
    });
}

#[test]
fn between_here_and_a_github_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_github().await)).await;
    });
}

#[test]
fn a_request_goes_to_a_gitlab_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn an_issue_of_a_gitlab_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn between_here_and_a_gitlab_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn a_request_goes_to_a_jira_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_jira(false).await)).await;
    });
}

#[test]
fn an_issue_of_a_jira_comes_here_once_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_jira(true).await)).await;
    });
}

#[test]
fn between_here_and_a_jira_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_jira(false).await)).await;
    });
}

#[test]
fn a_request_goes_to_a_ggus_by_soap_and_its_solution_comes_back() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(goes_there_and_comes_back(&desk, &on_ggus().await)).await;
    });
}

#[test]
fn a_ticket_of_a_ggus_comes_here_once_by_soap_and_goes_on() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(comes_here_once_and_goes_on(&desk, &on_ggus().await)).await;
    });
}

#[test]
fn between_here_and_a_ggus_by_soap_nothing_is_lost_or_doubled() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(loses_and_doubles_nothing(&desk, &on_ggus().await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_github_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_github().await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_gitlab_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_gitlab().await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_jira_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_jira(true).await)).await;
    });
}

#[test]
fn a_ticket_that_is_deleted_in_a_ggus_by_soap_is_told_once() {
    both_configured(&keeping(), |desk| async move {
        Box::pin(is_told_when_it_is_deleted(&desk, &on_ggus().await)).await;
    });
}
