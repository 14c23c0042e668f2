//! `admin add-provider`: the first way to sign in through others, from the
//! command line.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::Context as _;
use desk::Desk;
use desk::provider::Draft;
use store::provider::{Kind, ProviderDoc};
use switchboard_core::{Actor, Channel};

/// How the provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KindName {
    /// OpenID Connect.
    Oidc,
    /// A directory.
    Ldap,
}

/// What the command line says of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Provider {
    /// How it is spoken to.
    #[arg(long, value_enum, default_value = "oidc")]
    kind: KindName,
    /// Its key in addresses: small letters, digits, hyphens.
    #[arg(long)]
    key: String,
    /// Its name.
    #[arg(long)]
    name: String,
    /// What its button says; default: "Sign in with" and the name.
    #[arg(long, default_value = "")]
    button: String,
    /// OpenID Connect: its issuer, exactly as it writes it.
    #[arg(long, default_value = "")]
    issuer: String,
    /// OpenID Connect: how it calls this desk.
    #[arg(long, default_value = "")]
    client_id: String,
    /// OpenID Connect: scopes besides openid. Repeat or separate by commas.
    #[arg(long, value_delimiter = ',', default_value = "profile,email")]
    scope: Vec<String>,
    /// Claims (or attributes of a directory) with entitlements or groups.
    #[arg(long, value_delimiter = ',')]
    claim: Vec<String>,
    /// OpenID Connect: a claim that somebody has to have, as claim=value.
    #[arg(long)]
    require: Vec<String>,
    /// Read the client secret, or the service account's password, from
    /// standard input.
    #[arg(long)]
    secret_stdin: bool,
    /// The variable of the environment with the secret: SWITCHBOARD_SECRET_…
    #[arg(long, default_value = "")]
    secret_env: String,
    /// Addresses that it gives count as checked.
    #[arg(long)]
    trust_mail: bool,
    /// Only people whose accounts are linked come in; nobody new.
    #[arg(long)]
    no_new_people: bool,
    /// LDAP: the server: ldaps://ldap.example.org.
    #[arg(long, default_value = "")]
    url: String,
    /// LDAP: TLS by StartTLS.
    #[arg(long)]
    start_tls: bool,
    /// LDAP: a file with the authority of the server's certificate, in PEM.
    #[arg(long)]
    authority: Option<std::path::PathBuf>,
    /// LDAP: where people are: ou=people,dc=example,dc=org.
    #[arg(long, default_value = "")]
    base: String,
    /// LDAP: how somebody is found; {user} stands for the name typed.
    #[arg(long, default_value = "(&(objectClass=person)(uid={user}))")]
    filter: String,
    /// LDAP: the service account's whole name.
    #[arg(long, default_value = "")]
    bind_dn: String,
    /// LDAP: a template for people's names, instead of a search.
    #[arg(long, default_value = "")]
    template: String,
    /// LDAP: the attribute that names somebody for good.
    #[arg(long, default_value = "entryUUID")]
    subject: String,
}

/// The words of a list, or those usual for the kind.
fn or_usual(given: Vec<String>, usual: &[&str]) -> Vec<String> {
    if given.is_empty() {
        usual.iter().map(|w| (*w).to_owned()).collect()
    } else {
        given
    }
}

impl Provider {
    fn draft(self) -> anyhow::Result<Draft> {
        let secret = if self.secret_stdin {
            let mut secret = String::new();
            std::io::stdin()
                .read_to_string(&mut secret)
                .context("secret from standard input")?;
            Some(secret.trim_end_matches(['\r', '\n']).to_owned())
        } else {
            None
        };
        let mut required = BTreeMap::new();
        for pair in &self.require {
            let (claim, value) = pair
                .split_once('=')
                .with_context(|| format!("--require {pair:?} is not claim=value"))?;
            required.insert(claim.to_owned(), value.to_owned());
        }
        let authority = match &self.authority {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("authority {}", file.display()))?,
            None => String::new(),
        };
        let ldap = self.kind == KindName::Ldap;
        let usual: &[&str] = if ldap {
            &["memberOf"]
        } else {
            &["eduperson_entitlement", "entitlements"]
        };
        Ok(Draft {
            id: None,
            key: self.key,
            kind: if ldap { Kind::Ldap } else { Kind::Oidc },
            name: self.name,
            issuer: self.issuer,
            doc: ProviderDoc {
                button: self.button,
                client_id: self.client_id,
                scopes: self.scope,
                entitlements: or_usual(self.claim, usual),
                trusts_mail: self.trust_mail,
                new_people: !self.no_new_people,
                required,
                secret_env: self.secret_env,
                url: self.url,
                start_tls: self.start_tls,
                authority,
                bind_dn: self.bind_dn,
                template: self.template,
                base: self.base,
                filter: self.filter,
                subject: self.subject,
                name_attribute: "cn".into(),
                mail_attribute: "mail".into(),
            },
            secret,
            active: true,
            position: 1,
        })
    }

    /// Stores it, tests the connection, and says what was found.
    pub(crate) async fn add(self, desk: &Desk) -> anyhow::Result<Vec<String>> {
        let operator = Actor::system(Channel::Cli);
        let provider = desk.save_provider(&operator, self.draft()?).await?;
        let mut lines = vec![format!("{} is stored", provider.name)];
        if provider.kind == Kind::Oidc {
            let back = desk.way_back_address(&provider.key);
            lines.push(format!("enter there as redirect address: {back}"));
            let logout = desk.logout_address(&provider.key);
            lines.push(format!("and for back-channel logout:     {logout}"));
        }
        for finding in desk.test_provider(&operator, provider.id).await? {
            let state = if finding.well { "in order" } else { "WRONG" };
            lines.push(format!("{state:<9}{}", finding.text));
        }
        Ok(lines)
    }
}
