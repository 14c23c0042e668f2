//! Trying a provider out, for those who set it up.

use openidconnect::{AuthorizationCode, JsonWebKey as _, PkceCodeVerifier, RequestTokenError};
use serde_json::Value;
use switchboard_core::Millis;

use super::{ALGORITHMS, Http, Known, Oidc, Party, client, discover, token_fault};

/// One thing that testing a provider found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// It is as it should be.
    pub well: bool,
    /// What was looked at, and what was seen.
    pub text: String,
}

impl Oidc {
    /// Tries a provider out: what is well, and exactly what is not. Reads all of
    /// it anew.
    pub async fn test(&self, party: &Party, now: Millis) -> Vec<Finding> {
        let well = |text: String| Finding { well: true, text };
        let wrong = |text: String| Finding { well: false, text };
        let known = match discover(&self.guard, &party.issuer, now).await {
            Ok(known) => self.remember(&party.issuer, known),
            Err(fault) => return vec![wrong(fault.to_string())],
        };
        let mut found = vec![well(format!("discovery: speaks for {}", party.issuer))];
        let usable = known
            .keys
            .keys()
            .iter()
            .filter(|key| key.key_id().is_some())
            .count();
        found.push(match known.keys.keys().len() {
            0 => wrong("keys: there is none that this desk can use".into()),
            all => well(format!("keys: {all}, {usable} of them with a name")),
        });
        let algorithms = known.metadata.id_token_signing_alg_values_supported();
        found.push(if algorithms.iter().any(|a| ALGORITHMS.contains(a)) {
            well("signatures: with public keys".into())
        } else {
            wrong("signatures: it offers none with a public key (RS256, ES256, …)".into())
        });
        let list = |key: &str| -> Option<Vec<&str>> {
            let values = known.raw.get(key)?.as_array()?;
            Some(values.iter().filter_map(Value::as_str).collect())
        };
        if let Some(scopes) = list("scopes_supported") {
            let missing: Vec<&str> = party
                .scopes
                .iter()
                .map(String::as_str)
                .filter(|s| !scopes.contains(s))
                .collect();
            found.push(if missing.is_empty() {
                well(format!("scopes: {}", party.scopes.join(" ")))
            } else {
                wrong(format!(
                    "scopes: it does not offer {}; it offers {}",
                    missing.join(", "),
                    scopes.join(", ")
                ))
            });
        }
        match list("code_challenge_methods_supported") {
            Some(methods) if !methods.contains(&"S256") => {
                found.push(wrong(
                    "PKCE: it does not offer S256, which this desk uses".into(),
                ));
            }
            Some(_) => found.push(well("PKCE: S256".into())),
            None => found.push(well("PKCE: it says nothing about it; S256 is sent".into())),
        }
        found.push(match known.metadata.userinfo_endpoint() {
            Some(url) => well(format!("user info: {}", url.as_str())),
            None => well("user info: none; only what the ID token says counts".into()),
        });
        found.push(self.try_secret(party, &known).await);
        found
    }

    /// A code that can not be right shows whether the provider knows this desk:
    /// it finds fault with the code, or with the client.
    async fn try_secret(&self, party: &Party, known: &Known) -> Finding {
        let made = client(party, known);
        let http = Http(self.guard.clone());
        let answer = match &made {
            Ok(client) => {
                client
                    .exchange_code(AuthorizationCode::new("switchboard-connection-test".into()))
                    .set_pkce_verifier(PkceCodeVerifier::new("0".repeat(43)))
                    .request_async(&http)
                    .await
            }
            Err(fault) => {
                return Finding {
                    well: false,
                    text: fault.to_string(),
                };
            }
        };
        let text = match answer {
            Err(RequestTokenError::ServerResponse(said))
                if said.error().as_ref() == "invalid_grant" =>
            {
                return Finding {
                    well: true,
                    text: format!("client: it knows {:?} and its secret", party.client_id),
                };
            }
            Err(RequestTokenError::ServerResponse(said))
                if said.error().as_ref() == "invalid_client" =>
            {
                format!(
                    "client: it does not know {:?}, or the secret is wrong (invalid_client)",
                    party.client_id
                )
            }
            Err(error) => format!("client: {}", token_fault(error)),
            Ok(_) => "client: it gave a token for a code that it never issued".to_owned(),
        };
        Finding { well: false, text }
    }
}
