//! What a provider says when somebody logs out there (OpenID Connect
//! Back-Channel Logout).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey as _;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde_json::{Map, Value};
use switchboard_core::Millis;

use super::{
    ALGORITHMS, Fault, Known, LIMIT, Oidc, Party, SKEW_MS, header, payload, seconds, text_of,
};

/// The event that makes a token one of logging out.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// That somebody logged out at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logout {
    /// Who; `None`: only the session is named.
    pub subject: Option<String>,
    /// Which session; `None`: all of the subject's.
    pub sid: Option<String>,
    /// The token's own id: it counts once.
    pub jti: String,
}

impl Oidc {
    /// Checks a logout token (OpenID Connect Back-Channel Logout 2.6).
    ///
    /// # Errors
    /// [`Fault::Refused`] when anything is not as it has to be.
    pub async fn logout(&self, party: &Party, token: &str, now: Millis) -> Result<Logout, Fault> {
        let bad = |why: &str| Fault::Refused(format!("logout token: {why}"));
        if token.len() > LIMIT {
            return Err(bad("is too long"));
        }
        let known = self.known(&party.issuer, now).await?;
        let head = header(token).ok_or_else(|| bad("is no signed token"))?;
        if let Some(kind) = text_of(&head, "typ")
            && !["jwt", "logout+jwt"].contains(&kind.to_lowercase().as_str())
        {
            return Err(bad("is another kind of token (typ)"));
        }
        if head.contains_key("crit") {
            return Err(bad("asks for what is not known here (crit)"));
        }
        let kid = text_of(&head, "kid");
        let known = self
            .with_key(known, &party.issuer, kid.as_deref(), now)
            .await?;
        let claims = signed(&known, &head, kid.as_deref(), token).map_err(|why| bad(&why))?;
        if claims.get("iss").and_then(Value::as_str) != Some(&party.issuer) {
            return Err(bad("comes from another issuer (iss)"));
        }
        let for_us = match claims.get("aud") {
            Some(Value::String(one)) => *one == party.client_id,
            Some(Value::Array(many)) => many.iter().any(|a| a.as_str() == Some(&party.client_id)),
            _ => false,
        };
        if !for_us {
            return Err(bad("is for somebody else (aud)"));
        }
        let made =
            seconds(&claims, "iat").ok_or_else(|| bad("does not say when it was made (iat)"))?;
        if made > now + SKEW_MS {
            return Err(bad("comes from the future (iat)"));
        }
        let ends = seconds(&claims, "exp").ok_or_else(|| bad("does not say when it ends (exp)"))?;
        if ends + SKEW_MS <= now {
            return Err(bad("has expired (exp)"));
        }
        if claims.contains_key("nonce") {
            return Err(bad("is an ID token (nonce)"));
        }
        let event = claims
            .get("events")
            .and_then(|events| events.get(LOGOUT_EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err(bad("is not about logging out (events)"));
        }
        let (subject, sid) = (text_of(&claims, "sub"), text_of(&claims, "sid"));
        if subject.is_none() && sid.is_none() {
            return Err(bad("names nobody (sub, sid)"));
        }
        let jti = text_of(&claims, "jti").ok_or_else(|| bad("has no id (jti)"))?;
        Ok(Logout { subject, sid, jti })
    }
}

/// The claims of a token whose signature is one of the provider's keys'.
fn signed(
    known: &Known,
    head: &Map<String, Value>,
    kid: Option<&str>,
    token: &str,
) -> Result<Map<String, Value>, String> {
    let algorithm: CoreJwsSigningAlgorithm = head
        .get("alg")
        .cloned()
        .and_then(|alg| serde_json::from_value(alg).ok())
        .filter(|alg| ALGORITHMS.contains(alg))
        .ok_or("is not signed with a public key (alg)")?;
    let (message, signature) = token.rsplit_once('.').ok_or("has no signature")?;
    if message.matches('.').count() != 1 {
        return Err("has the wrong number of parts".into());
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| "has a signature that can not be read")?;
    let right = known
        .keys
        .keys()
        .iter()
        .filter(|key| kid.is_none() || key.key_id().map(|id| id.as_str()) == kid)
        .any(|key| {
            key.verify_signature(&algorithm, message.as_bytes(), &signature)
                .is_ok()
        });
    if !right {
        return Err("is not signed by the provider".into());
    }
    payload(token).ok_or_else(|| "can not be read".into())
}
