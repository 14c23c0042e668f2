//! `/admin/sign-in`: whom the desk believes about who somebody is.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use desk::Error;
use desk::provider::Draft;
use store::provider::{Kind, Provider, ProviderDoc};

use crate::ui::assets::Asset;
use crate::ui::fault::Fault;
use crate::ui::frame::{Errors, Frame, Here, Notice, NoticeTone, Room};
use crate::ui::posted::Posted;
use crate::ui::view::{Chip, Icon, Tone};
use crate::ui::visit::{Visit, sentence};

/// What is asked of a directory unless somebody says otherwise.
const FILTER: &str = "(&(objectClass=person)(uid={user}))";

/// One provider of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRow {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// How it is spoken to.
    pub kind: &'static str,
    /// Issuer or server.
    pub address: String,
    /// Whether it is offered.
    pub chip: Chip,
}

/// The list.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/providers.html")]
pub struct SignInProvidersPage {
    /// Around it.
    pub frame: Frame,
    /// They.
    pub rows: Vec<ProviderRow>,
}

/// What a provider's form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Key in addresses.
    pub key: String,
    /// Name.
    pub name: String,
    /// What the button says.
    pub button: String,
    /// OIDC: issuer.
    pub issuer: String,
    /// OIDC: client id.
    pub client_id: String,
    /// OIDC: scopes, separated by spaces.
    pub scopes: String,
    /// Claims or attributes with entitlements, separated by spaces.
    pub entitlements: String,
    /// OIDC: `claim=value` by line.
    pub required: String,
    /// A variable of the environment with the secret.
    pub secret_env: String,
    /// LDAP: server.
    pub url: String,
    /// LDAP: authority in PEM.
    pub authority: String,
    /// LDAP: service account.
    pub bind_dn: String,
    /// LDAP: template.
    pub template: String,
    /// LDAP: base.
    pub base: String,
    /// LDAP: filter.
    pub filter: String,
    /// LDAP: attribute of the subject.
    pub subject: String,
    /// LDAP: attribute of the name.
    pub name_attribute: String,
    /// LDAP: attribute of the address.
    pub mail_attribute: String,
    /// LDAP: StartTLS.
    pub start_tls: bool,
    /// Addresses count as checked.
    pub trusts_mail: bool,
    /// It brings new people.
    pub new_people: bool,
    /// It is offered.
    pub active: bool,
    /// Its place in the list.
    pub position: String,
}

/// One provider, new or known.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/provider.html")]
pub struct ProviderPage {
    /// Around it.
    pub frame: Frame,
    /// Its name; empty: a new one.
    pub title: String,
    /// It is a directory.
    pub ldap: bool,
    /// Where its form goes.
    pub action: String,
    /// What the form holds.
    pub fields: Fields,
    /// A secret is stored.
    pub has_secret: bool,
    /// What has to be entered at the provider: sent back to, logout.
    pub addresses: Vec<(&'static str, String)>,
    /// What testing it found: well or not, and what.
    pub findings: Vec<(bool, String)>,
    /// What was wrong.
    pub errors: Errors,
}

fn fields_of(p: &Provider) -> Fields {
    let doc = &p.doc;
    let required: Vec<String> = doc
        .required
        .iter()
        .map(|(c, v)| format!("{c}={v}"))
        .collect();
    Fields {
        key: p.key.clone(),
        name: p.name.clone(),
        button: doc.button.clone(),
        issuer: p.issuer.clone(),
        client_id: doc.client_id.clone(),
        scopes: doc.scopes.join(" "),
        entitlements: doc.entitlements.join(" "),
        required: required.join("\n"),
        secret_env: doc.secret_env.clone(),
        url: doc.url.clone(),
        authority: doc.authority.clone(),
        bind_dn: doc.bind_dn.clone(),
        template: doc.template.clone(),
        base: doc.base.clone(),
        filter: doc.filter.clone(),
        subject: doc.subject.clone(),
        name_attribute: doc.name_attribute.clone(),
        mail_attribute: doc.mail_attribute.clone(),
        start_tls: doc.start_tls,
        trusts_mail: doc.trusts_mail,
        new_people: doc.new_people,
        active: p.active,
        position: p.position.to_string(),
    }
}

fn fresh_fields(ldap: bool) -> Fields {
    let text = |oidc: &str, directory: &str| if ldap { directory } else { oidc }.to_owned();
    Fields {
        scopes: text("profile email", ""),
        entitlements: text("eduperson_entitlement entitlements", "memberOf"),
        filter: text("", FILTER),
        subject: text("", "entryUUID"),
        name_attribute: text("", "cn"),
        mail_attribute: text("", "mail"),
        trusts_mail: ldap,
        new_people: true,
        active: true,
        position: "1".to_owned(),
        ..Fields::default()
    }
}

fn typed(posted: &Posted) -> Fields {
    let text = |name: &str| posted.text(name).to_owned();
    let ticked = |name: &str| !posted.text(name).is_empty();
    Fields {
        key: text("key"),
        name: text("name"),
        button: text("button"),
        issuer: text("issuer"),
        client_id: text("client_id"),
        scopes: text("scopes"),
        entitlements: text("entitlements"),
        required: posted.body("required"),
        secret_env: text("secret_env"),
        url: text("url"),
        authority: posted.body("authority"),
        bind_dn: text("bind_dn"),
        template: text("template"),
        base: text("base"),
        filter: text("filter"),
        subject: text("subject"),
        name_attribute: text("name_attribute"),
        mail_attribute: text("mail_attribute"),
        start_tls: ticked("start_tls"),
        trusts_mail: ticked("trusts_mail"),
        new_people: ticked("new_people"),
        active: ticked("active"),
        position: text("position"),
    }
}

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| c.is_whitespace() || c == ',');
    split.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn draft(
    known: Option<&Provider>,
    kind: Kind,
    fields: &Fields,
    secret: &str,
) -> Result<Draft, Error> {
    let mut required = BTreeMap::new();
    for line in fields
        .required
        .lines()
        .filter(|line| !line.trim().is_empty())
    {
        let Some((claim, value)) = line.split_once('=') else {
            return Err(Error::invalid(
                "required",
                "write one claim=value on each line",
            ));
        };
        required.insert(claim.trim().to_owned(), value.trim().to_owned());
    }
    let position = fields
        .position
        .parse()
        .ok()
        .filter(|p| (0..=1000).contains(p))
        .ok_or_else(|| Error::invalid("position", "has to be a number from 0 to 1000"))?;
    Ok(Draft {
        id: known.map(|p| p.id),
        key: known.map_or(&fields.key, |p| &p.key).clone(),
        kind,
        name: fields.name.clone(),
        issuer: fields.issuer.clone(),
        doc: ProviderDoc {
            button: fields.button.clone(),
            client_id: fields.client_id.clone(),
            scopes: words(&fields.scopes),
            entitlements: words(&fields.entitlements),
            trusts_mail: fields.trusts_mail,
            new_people: fields.new_people,
            required,
            secret_env: fields.secret_env.clone(),
            url: fields.url.clone(),
            start_tls: fields.start_tls,
            authority: fields.authority.clone(),
            bind_dn: fields.bind_dn.clone(),
            template: fields.template.clone(),
            base: fields.base.clone(),
            filter: fields.filter.clone(),
            subject: fields.subject.clone(),
            name_attribute: fields.name_attribute.clone(),
            mail_attribute: fields.mail_attribute.clone(),
        },
        secret: Some(secret.to_owned()).filter(|s| !s.is_empty()),
        active: fields.active,
        position,
    })
}

async fn list_page(visit: &Visit) -> Result<Response, Fault> {
    let providers = visit.desk.sign_in_providers(visit.admin()?).await?;
    let rows = providers
        .into_iter()
        .map(|p| ProviderRow {
            href: format!("/admin/sign-in/{}", p.key),
            kind: match p.kind {
                Kind::Oidc => "OpenID Connect",
                Kind::Ldap => "LDAP",
            },
            address: match p.kind {
                Kind::Oidc => p.issuer,
                Kind::Ldap => p.doc.url,
            },
            chip: if p.active {
                Chip::new(Tone::Ok, "Offered")
            } else {
                Chip::new(Tone::Plain, "Off")
            },
            name: p.name,
        })
        .collect();
    visit.page(&SignInProvidersPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        rows,
    })
}

/// `GET /admin/sign-in`: the list, or with `new=oidc` or `new=ldap` an empty form.
pub async fn list(visit: Visit) -> Response {
    let result = async {
        visit.admin()?;
        match visit.query("new") {
            "" => list_page(&visit).await,
            kind => {
                let ldap = kind == "ldap";
                let page = page(&visit, None, ldap, fresh_fields(ldap)).await?;
                visit.page(&page)
            }
        }
    }
    .await;
    visit.close(result).await
}

async fn page(
    visit: &Visit,
    known: Option<&Provider>,
    ldap: bool,
    fields: Fields,
) -> Result<ProviderPage, Fault> {
    let key = known.map_or("KEY", |p| p.key.as_str());
    let addresses = if ldap {
        Vec::new()
    } else {
        vec![
            ("Redirect address", visit.desk.way_back_address(key)),
            ("Back-channel logout", visit.desk.logout_address(key)),
        ]
    };
    Ok(ProviderPage {
        frame: visit.frame(Room::Staff, Here::Admin).await?,
        title: known.map_or_else(String::new, |p| p.name.clone()),
        ldap,
        action: known.map_or_else(
            || "/admin/sign-in".to_owned(),
            |p| format!("/admin/sign-in/{}", p.key),
        ),
        fields,
        has_secret: known.is_some_and(|p| p.has_secret),
        addresses,
        findings: Vec::new(),
        errors: Errors::default(),
    })
}

async fn find(visit: &Visit, key: &str) -> Result<Provider, Fault> {
    let all = visit.desk.sign_in_providers(visit.admin()?).await?;
    all.into_iter()
        .find(|p| p.key == key)
        .ok_or_else(Fault::no_page)
}

/// `GET /admin/sign-in/{provider}`.
pub async fn show(Path(key): Path<String>, visit: Visit) -> Response {
    let result = async {
        let known = find(&visit, &key).await?;
        let ldap = known.kind == Kind::Ldap;
        let page = page(&visit, Some(&known), ldap, fields_of(&known)).await?;
        visit.page(&page)
    }
    .await;
    visit.close(result).await
}

/// `POST /admin/sign-in`: a new one.
pub async fn create(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = async {
        posted.visit.admin()?;
        let ldap = posted.text("kind") == "ldap";
        save(&posted, None, ldap).await
    }
    .await;
    posted.visit.close(result).await
}

async fn save(posted: &Posted, known: Option<&Provider>, ldap: bool) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let fields = typed(posted);
    let kind = if ldap { Kind::Ldap } else { Kind::Oidc };
    let saved = match draft(known, kind, &fields, posted.raw("secret")) {
        Ok(draft) => visit.desk.save_provider(visit.admin()?, draft).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(provider) => {
            let notice = Notice {
                tone: NoticeTone::Ok,
                title: format!("{} is saved", provider.name),
                text: "Test the connection before people rely on it.".to_owned(),
            };
            visit.go(&format!("/admin/sign-in/{}", provider.key), Some(notice))
        }
        Err(Error::Invalid { field, problem }) => {
            let mut page = page(visit, known, ldap, fields).await?;
            page.errors = Errors::one(field, sentence(&problem));
            visit.page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /admin/sign-in/{provider}`: `do` is `save`, `test` or `delete`.
pub async fn act(Path(key): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = done(&key, &posted).await;
    posted.visit.close(result).await
}

async fn done(key: &str, posted: &Posted) -> Result<Response, Fault> {
    let visit = &posted.visit;
    let known = find(visit, key).await?;
    let ldap = known.kind == Kind::Ldap;
    match posted.text("do") {
        "save" => save(posted, Some(&known), ldap).await,
        "test" => {
            let found = visit.desk.test_provider(visit.admin()?, known.id).await?;
            let mut page = page(visit, Some(&known), ldap, fields_of(&known)).await?;
            page.findings = found.into_iter().map(|f| (f.well, f.text)).collect();
            visit.page(&page)
        }
        "delete" => {
            visit.desk.delete_provider(visit.admin()?, known.id).await?;
            let title = format!("{} is gone; who came by it keeps the account", known.name);
            visit.go("/admin/sign-in", Some(Notice::new(NoticeTone::Ok, title)))
        }
        _ => Err(Fault::no_page()),
    }
}
