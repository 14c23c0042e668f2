//! Who else is believed about who somebody is, and the rules that follow.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use switchboard_core::{Millis, Part, UnitId};
use uuid::Uuid;

use crate::conn::Conn;
use crate::error::Error;
use crate::params;
use crate::person::{part_key, part_of};
use crate::value::{Row, Sql};

/// How a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// OpenID Connect.
    Oidc,
    /// LDAP.
    Ldap,
}

impl Kind {
    /// The word stored.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Oidc => "oidc",
            Kind::Ldap => "ldap",
        }
    }
}

/// The part of a provider that is only shown or read whole. Fields of the kind
/// that it is not of are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderDoc {
    /// What its button says.
    pub button: String,
    /// OIDC: how it calls this desk.
    pub client_id: String,
    /// OIDC: what is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// OIDC: claims with entitlements; LDAP: attributes.
    pub entitlements: Vec<String>,
    /// Addresses that it gives count as checked even when it does not say so.
    pub trusts_mail: bool,
    /// Who comes for the first time gets an account.
    pub new_people: bool,
    /// OIDC: claims somebody has to have, with their value.
    pub required: BTreeMap<String, String>,
    /// A variable of the environment with the secret, instead of one stored.
    pub secret_env: String,
    /// LDAP: the server.
    pub url: String,
    /// LDAP: TLS by StartTLS.
    pub start_tls: bool,
    /// LDAP: who vouches for the server, in PEM.
    pub authority: String,
    /// LDAP: the service account, or empty.
    pub bind_dn: String,
    /// LDAP: a template for people's names, instead of a search.
    pub template: String,
    /// LDAP: where people are.
    pub base: String,
    /// LDAP: how somebody is found.
    pub filter: String,
    /// LDAP: the attribute that names somebody for good.
    pub subject: String,
    /// LDAP: the attribute with the name.
    pub name_attribute: String,
    /// LDAP: the attribute with the mail address.
    pub mail_attribute: String,
}

impl Default for ProviderDoc {
    fn default() -> Self {
        ProviderDoc {
            button: String::new(),
            client_id: String::new(),
            scopes: Vec::new(),
            entitlements: Vec::new(),
            trusts_mail: false,
            new_people: true,
            required: BTreeMap::new(),
            secret_env: String::new(),
            url: String::new(),
            start_tls: false,
            authority: String::new(),
            bind_dn: String::new(),
            template: String::new(),
            base: String::new(),
            filter: String::new(),
            subject: String::new(),
            name_attribute: String::new(),
            mail_attribute: String::new(),
        }
    }
}

/// A provider, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: Uuid,
    /// Its key in addresses.
    pub key: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The issuer that its identities belong to.
    pub issuer: String,
    /// Everything else.
    pub doc: ProviderDoc,
    /// A secret is stored.
    pub has_secret: bool,
    /// It is offered.
    pub active: bool,
    /// Its place in the list.
    pub position: i64,
}

const COLUMNS: &str = "SELECT id, key, kind, name, issuer, doc,
  CAST(CASE WHEN secret IS NULL THEN 0 ELSE 1 END AS BIGINT), active, position FROM provider";

fn read(row: &Row<'_>) -> Result<Provider, Error> {
    let (kind, doc): (String, String) = (row.get(2)?, row.get(5)?);
    Ok(Provider {
        id: row.get(0)?,
        key: row.get(1)?,
        kind: if kind == "ldap" {
            Kind::Ldap
        } else {
            Kind::Oidc
        },
        name: row.get(3)?,
        issuer: row.get(4)?,
        doc: serde_json::from_str(&doc)
            .map_err(|e| Error::Corrupt(format!("provider document: {e}")))?,
        has_secret: row.get(6)?,
        active: row.get(7)?,
        position: row.get(8)?,
    })
}

/// Stores a provider, new or changed; its secret stays as it is.
pub fn save(conn: &mut Conn<'_>, p: &Provider, now: Millis) -> Result<(), Error> {
    let doc = serde_json::to_string(&p.doc)
        .map_err(|e| Error::Corrupt(format!("document to JSON: {e}")))?;
    conn.execute(
        "INSERT INTO provider (id, key, kind, name, issuer, doc, active, position, created_at,
           updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,
           issuer = excluded.issuer, doc = excluded.doc, active = excluded.active,
           position = excluded.position, updated_at = excluded.updated_at",
        params![
            p.id,
            p.key.as_str(),
            p.kind.key(),
            p.name.as_str(),
            p.issuer.as_str(),
            doc,
            p.active,
            p.position,
            now,
        ],
    )?;
    Ok(())
}

/// Sets or (`None`) forgets a provider's secret.
pub fn set_secret(conn: &mut Conn<'_>, id: Uuid, secret: Option<&str>) -> Result<(), Error> {
    conn.execute(
        "UPDATE provider SET secret = $2 WHERE id = $1",
        params![id, secret.map(str::to_owned)],
    )?;
    Ok(())
}

/// A provider's secret, for speaking to it.
pub fn secret(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<String>, Error> {
    Ok(conn
        .query_opt(
            "SELECT secret FROM provider WHERE id = $1",
            params![id],
            |row| row.get::<Option<String>>(0),
        )?
        .flatten())
}

/// Every secret that is stored, as it is stored, with its provider's id and key.
pub fn secrets(conn: &mut Conn<'_>) -> Result<Vec<(Uuid, String, String)>, Error> {
    conn.query(
        "SELECT id, key, secret FROM provider WHERE secret IS NOT NULL ORDER BY key",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Every provider, in the order in which they are offered.
pub fn all(conn: &mut Conn<'_>) -> Result<Vec<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" ORDER BY position, name");
    conn.run(&sql, read)
}

/// One provider by its key.
pub fn by_key(conn: &mut Conn<'_>, key: &str) -> Result<Option<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE key = ").bind(key);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// One provider.
pub fn load(conn: &mut Conn<'_>, id: Uuid) -> Result<Option<Provider>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push(" WHERE id = ").bind(id);
    Ok(conn.run(&sql, read)?.into_iter().next())
}

/// Takes a provider away, with its rules and what is under way. Identities
/// stay: their issuer may come back under another key.
pub fn delete(conn: &mut Conn<'_>, id: Uuid) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM pending_sign_in WHERE provider = $1",
        params![id],
    )?;
    conn.execute(
        "DELETE FROM entitlement_rule WHERE provider = $1",
        params![id],
    )?;
    conn.execute(
        "UPDATE identity SET provider = NULL WHERE provider = $1",
        params![id],
    )?;
    conn.execute("DELETE FROM provider WHERE id = $1", params![id])?;
    Ok(())
}

/// A rule from an entitlement to rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementRule {
    /// Its id.
    pub id: Uuid,
    /// Only what this provider says; `None`: whichever says it.
    pub provider: Option<Uuid>,
    /// What the entitlement looks like.
    pub pattern: String,
    /// It brings the support permission.
    pub support: bool,
    /// It brings a part in a unit.
    pub unit: Option<(UnitId, Part)>,
    /// It brings a community.
    pub community: Option<String>,
    /// Its place in the list.
    pub position: i64,
}

/// The rules in their order.
pub fn rules(conn: &mut Conn<'_>) -> Result<Vec<EntitlementRule>, Error> {
    conn.query(
        "SELECT id, provider, pattern, support, unit, part, community, position
         FROM entitlement_rule ORDER BY position, id",
        params![],
        |row| {
            let unit: Option<UnitId> = row.get(4)?;
            let part: Option<String> = row.get(5)?;
            Ok(EntitlementRule {
                id: row.get(0)?,
                provider: row.get(1)?,
                pattern: row.get(2)?,
                support: row.get(3)?,
                unit: unit.map(|unit| (unit, part_of(part.as_deref().unwrap_or_default()))),
                community: row.get(6)?,
                position: row.get(7)?,
            })
        },
    )
}

/// Adds a rule.
pub fn insert_rule(conn: &mut Conn<'_>, r: &EntitlementRule, now: Millis) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO entitlement_rule (id, provider, pattern, support, unit, part, community,
           position, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            r.id,
            r.provider,
            r.pattern.as_str(),
            r.support,
            r.unit.map(|(unit, _)| unit),
            r.unit.map(|(_, part)| part_key(part)),
            r.community.clone(),
            r.position,
            now,
        ],
    )?;
    Ok(())
}

/// Takes a rule away.
pub fn delete_rule(conn: &mut Conn<'_>, id: Uuid) -> Result<bool, Error> {
    Ok(conn.execute("DELETE FROM entitlement_rule WHERE id = $1", params![id])? > 0)
}
