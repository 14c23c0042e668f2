//! Systems where software is made, and the GGUS of before 2025, each of them one for tests:
//! what people do there, whichever it is.

use std::sync::Arc;

use async_trait::async_trait;
use connect::Guard;
use connect::tracker::{GgusSoap, GitHub, GitLab, Jira, Login, Relation, Tracker};
use serde_json::json;
use testkit::{GgusSoapServer, GitHubServer, GitLabServer, JiraServer, Loss};

/// What people do there, whichever it is. Ada works there, Uma asks there.
#[async_trait]
pub(crate) trait There: Send + Sync {
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
    /// Our account has lost a right: `false`, to see anything; `true`, to change anything.
    /// `None`: it has all again.
    fn takes_away(&self, _sees: Option<bool>) {}
    /// What a line of the form calls its labels or the like, and how they are on a ticket.
    fn labels(&self, _id: &str) -> (&'static str, Vec<String>) {
        ("", Vec::new())
    }
    /// People put one on and take one off.
    async fn labels_anew(&self, _id: &str, _on: &str, _off: &str) {}
    /// What somebody there is named by when a ticket is given to them.
    fn login(&self, name: &str) -> String {
        name.to_owned()
    }
    /// Whether a ticket may have several owners.
    fn several(&self) -> bool {
        true
    }
    /// Somebody whom it assigns to no ticket.
    fn outsider(&self) -> &'static str {
        "uma"
    }
    /// Zoe gives a ticket to these, and to nobody else.
    async fn gives(&self, _id: &str, _names: &[&str]) {}
    /// What those are named by who own a ticket there.
    fn owners(&self, _id: &str) -> Vec<String> {
        Vec::new()
    }
    /// Zoe links a ticket with another, or takes the link away.
    async fn ties(&self, _id: &str, _link: Relation, _other: &str, _make: bool) {}
    /// A ticket's links there, in our words.
    fn links(&self, _id: &str) -> Vec<String> {
        Vec::new()
    }
    /// What a network may do to its calls: most can take back what was done twice.
    fn losses(&self) -> Vec<Loss> {
        vec![Loss::Unheard, Loss::Unanswered, Loss::Repeated]
    }
}

pub(crate) struct OnGitHub(pub(crate) GitHubServer);

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

    fn takes_away(&self, sees: Option<bool>) {
        self.0
            .grants(sees.map(|sees| if sees { "pull" } else { "" }));
    }

    fn labels(&self, id: &str) -> (&'static str, Vec<String>) {
        ("labels", self.0.labels(id))
    }

    async fn gives(&self, id: &str, names: &[&str]) {
        let path = format!("/repos/lab/atlas/issues/{id}");
        let values = json!({"assignees": names});
        self.0.acts("zoe", "PATCH", &path, &values).await;
    }

    fn owners(&self, id: &str) -> Vec<String> {
        self.0.assigned(id)
    }

    async fn ties(&self, id: &str, link: Relation, other: &str, make: bool) {
        let (of, list, who) = match link {
            Relation::HasMember => (id, "sub_issues", other),
            Relation::MemberOf => (other, "sub_issues", id),
            Relation::DependsOn => (id, "dependencies/blocked_by", other),
            _ => (other, "dependencies/blocked_by", id),
        };
        let at = |rest: &str| format!("/repos/lab/atlas/issues/{rest}");
        let issue = self.0.acts("zoe", "GET", &at(who), &json!({})).await;
        let own = &issue["id"];
        let (method, path, body) = match (list, make) {
            ("sub_issues", true) => ("POST", list.to_owned(), json!({"sub_issue_id": own})),
            ("sub_issues", _) => (
                "DELETE",
                "sub_issue".to_owned(),
                json!({"sub_issue_id": own}),
            ),
            (_, true) => ("POST", list.to_owned(), json!({"issue_id": own})),
            _ => ("DELETE", format!("{list}/{own}"), json!({})),
        };
        let path = at(&format!("{of}/{path}"));
        self.0.acts("zoe", method, &path, &body).await;
    }

    fn links(&self, id: &str) -> Vec<String> {
        self.0.links(id)
    }

    async fn labels_anew(&self, id: &str, on: &str, off: &str) {
        let path = format!("/repos/lab/atlas/issues/{id}/labels");
        let body = json!({"labels": [on]});
        self.0.acts("ada", "POST", &path, &body).await;
        if self.0.labels(id).contains(&off.to_owned()) {
            let path = format!("{path}/{off}");
            self.0.acts("ada", "DELETE", &path, &json!({})).await;
        }
    }
}

pub(crate) async fn on_github() -> OnGitHub {
    OnGitHub(GitHubServer::start().await)
}

pub(crate) struct OnGitLab(pub(crate) GitLabServer);

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

    fn takes_away(&self, sees: Option<bool>) {
        self.0.grants(sees.map(|sees| if sees { 10 } else { 0 }));
    }

    fn labels(&self, id: &str) -> (&'static str, Vec<String>) {
        ("labels", self.0.labels(id))
    }

    fn outsider(&self) -> &'static str {
        "stranger"
    }

    async fn gives(&self, id: &str, names: &[&str]) {
        let mut ids = Vec::new();
        for name in names {
            let path = format!("/users?username={name}");
            let found = self.0.acts("zoe", "GET", &path, &json!({})).await;
            ids.push(found[0]["id"].clone());
        }
        let values = json!({"assignee_ids": ids});
        self.does("zoe", "PUT", &format!("/{id}"), values).await;
    }

    fn owners(&self, id: &str) -> Vec<String> {
        self.0.assigned(id)
    }

    async fn ties(&self, id: &str, link: Relation, other: &str, make: bool) {
        let path = format!("/{id}/links");
        let number: u64 = other.parse().unwrap();
        if make {
            let kind = match link {
                Relation::DependsOn => "is_blocked_by",
                Relation::DependedOnBy => "blocks",
                _ => "relates_to",
            };
            let body =
                json!({"target_project_id": 1, "target_issue_iid": number, "link_type": kind});
            self.does("zoe", "POST", &path, body).await;
            return;
        }
        let all = self.does("zoe", "GET", &path, json!({})).await;
        let is = |one: &&serde_json::Value| one["iid"] == number;
        let one = all.as_array().unwrap().iter().find(is).unwrap();
        let path = format!("{path}/{}", one["issue_link_id"]);
        self.does("zoe", "DELETE", &path, json!({})).await;
    }

    fn links(&self, id: &str) -> Vec<String> {
        self.0.links(id)
    }

    async fn labels_anew(&self, id: &str, on: &str, off: &str) {
        let values = json!({"add_labels": on, "remove_labels": off});
        self.does("ada", "PUT", &format!("/{id}"), values).await;
    }
}

pub(crate) async fn on_gitlab() -> OnGitLab {
    OnGitLab(GitLabServer::start().await)
}

/// With what a category is, its labels or components, and what its people are named by.
pub(crate) struct OnJira(JiraServer, &'static str, &'static str);

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

    fn takes_away(&self, sees: Option<bool>) {
        self.0.grants(match sees {
            None => Some(true),
            Some(true) => Some(false),
            Some(false) => None,
        });
    }

    fn labels(&self, id: &str) -> (&'static str, Vec<String>) {
        (self.1, self.0.named(id, self.1))
    }

    fn login(&self, name: &str) -> String {
        match self.2 {
            "name" => name.to_owned(),
            _ => format!("5b10-{name}"),
        }
    }

    fn several(&self) -> bool {
        false
    }

    async fn gives(&self, id: &str, names: &[&str]) {
        let who = names.first().map(|name| self.login(name));
        let values = json!({"fields": {"assignee": {self.2: who}}});
        let path = format!("/issue/{id}");
        self.0.acts("zoe", "PUT", &path, &values).await;
    }

    fn owners(&self, id: &str) -> Vec<String> {
        self.0.assigned(id)
    }

    async fn ties(&self, id: &str, link: Relation, other: &str, make: bool) {
        if make {
            let (kind, inward, outward) = match link {
                Relation::DependedOnBy => ("Blocks", id, other),
                Relation::DependsOn => ("Blocks", other, id),
                Relation::Duplicates => ("Duplicate", id, other),
                _ => ("Relates", id, other),
            };
            let body = json!({"type": {"name": kind}, "inwardIssue": {"id": inward},
                              "outwardIssue": {"id": outward}});
            self.0.acts("zoe", "POST", "/issueLink", &body).await;
            return;
        }
        let issue = self
            .0
            .acts("zoe", "GET", &format!("/issue/{id}"), &json!({}))
            .await;
        let own = issue["fields"]["issuelinks"][0]["id"].as_str().unwrap();
        let path = format!("/issueLink/{own}");
        self.0.acts("zoe", "DELETE", &path, &json!({})).await;
    }

    fn links(&self, id: &str) -> Vec<String> {
        self.0.links(id)
    }

    async fn labels_anew(&self, id: &str, on: &str, off: &str) {
        let named = |name: &str| match self.1 {
            "components" => json!({"name": name}),
            _ => json!(name),
        };
        let all = json!([{"add": named(on)}, {"remove": named(off)}]);
        let body = json!({"update": {self.1: all}});
        let path = format!("/issue/{id}");
        self.0.acts("ada", "PUT", &path, &body).await;
    }
}

pub(crate) async fn on_jira(cloud: bool) -> OnJira {
    let kinds = if cloud { "labels" } else { "components" };
    let login = if cloud { "accountId" } else { "name" };
    OnJira(JiraServer::start(cloud).await, kinds, login)
}

pub(crate) struct OnGgus(GgusSoapServer);

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

pub(crate) async fn on_ggus() -> OnGgus {
    OnGgus(GgusSoapServer::start().await)
}
