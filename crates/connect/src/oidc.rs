//! OpenID Connect as the one who relies on it: discovery, the way to the
//! provider and back, and what its tokens say once they are checked.
//!
//! Authorization code flow only, always with PKCE, `state` and `nonce`. Tokens
//! count only when signed with a public key of the provider (OpenID Connect Core
//! 3.1.3.7), and answers only when they come from the issuer that was asked
//! (RFC 9207). Calls go through the [`Guard`].

mod logout;
mod trial;

pub use logout::Logout;
pub use trial::Finding;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenVerifier, CoreJsonWebKey,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, JsonWebKey as _, JsonWebKeySet, JsonWebKeySetUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, TokenResponse as _, http,
};
use serde_json::{Map, Value};
use switchboard_core::Millis;

use crate::guard::{self, Guard};

/// Largest answer of a provider that is read.
const LIMIT: usize = 256 * 1024;
/// How long what a provider says of itself is believed.
const FRESH_MS: Millis = 10 * 60_000;
/// Keys are asked for again at most this often, whatever tokens name.
const KEYS_AGAIN_MS: Millis = 30_000;
/// How far the clocks of desk and provider may differ.
const SKEW_MS: Millis = 60_000;
/// Longest text that is taken from a claim.
const LONGEST: usize = 500;
/// Signatures with public keys: nobody who only knows what is public can make
/// them. `none` and those with a shared secret are not among them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What this desk is at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// The provider's issuer, exactly as it writes it.
    pub issuer: String,
    /// How the provider calls this desk.
    pub client_id: String,
    /// The secret that proves it; `None`: a public client.
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Where the provider sends people back to.
    pub redirect: String,
}

impl std::fmt::Debug for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out of every log.
        f.debug_struct("Party")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("redirect", &self.redirect)
            .finish_non_exhaustive()
    }
}

/// What one sign-in is recognised by; made by the caller, never sent twice.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// Ties the way back to the way there.
    pub state: String,
    /// Ties the token to the way there.
    pub nonce: String,
    /// Proves who fetches the token (PKCE).
    pub verifier: String,
}

/// What the provider sent the browser back with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Back {
    /// What the token is fetched with.
    pub code: String,
    /// Who says so (RFC 9207).
    pub iss: Option<String>,
}

/// Who somebody is, proved by a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Who says so.
    pub issuer: String,
    /// Whom they mean; means something only together with the issuer.
    pub subject: String,
    /// A name, or empty.
    pub name: String,
    /// A mail address.
    pub email: Option<String>,
    /// The provider says that it checked the address.
    pub email_verified: bool,
    /// The provider's own name for the session.
    pub sid: Option<String>,
    /// Every claim of token and user info.
    pub claims: Map<String, Value>,
}

/// Claims by which a provider says that somebody gave more than one proof, and
/// the words it says so with (RFC 8176; REFEDS MFA profile).
const SECOND_FACTOR: [(&str, &str); 2] =
    [("amr", "mfa"), ("acr", "https://refeds.org/profile/mfa")];
/// What the signed token says about itself and about the sign-in.
const OF_THE_TOKEN: [&str; 9] = [
    "iss", "aud", "azp", "exp", "iat", "nonce", "sid", "acr", "amr",
];

impl Proof {
    /// The provider says in its signed token that they gave a second factor there.
    pub fn second_factor(&self) -> bool {
        SECOND_FACTOR.iter().any(|(claim, word)| {
            let said = self.texts(&[(*claim).to_owned()]);
            said.iter().any(|text| text == word)
        })
    }

    /// The texts of the claims named, each once, in order.
    pub fn texts(&self, claims: &[String]) -> Vec<String> {
        let mut found = BTreeSet::new();
        for claim in claims {
            match self.claims.get(claim) {
                Some(Value::String(one)) => {
                    found.insert(one.clone());
                }
                Some(Value::Array(many)) => {
                    found.extend(many.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                _ => {}
            }
        }
        found.into_iter().collect()
    }
}

/// Why a sign-in did not come about. The texts are for administrators and the
/// log, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The provider does not answer, or not with sense: later it may.
    #[error("{0}")]
    Down(String),
    /// What came back does not prove anything.
    #[error("{0}")]
    Refused(String),
}

impl From<guard::Fault> for Fault {
    fn from(fault: guard::Fault) -> Fault {
        Fault::Down(fault.to_string())
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Refused(why.into()))
}

/// What a provider says of itself.
struct Known {
    metadata: CoreProviderMetadata,
    /// All of it, also what the library does not know.
    raw: Map<String, Value>,
    keys: JsonWebKeySet<CoreJsonWebKey>,
    read_at: Millis,
    keys_at: Millis,
}

impl Known {
    fn text(&self, key: &str) -> Option<&str> {
        self.raw.get(key).and_then(Value::as_str)
    }

    fn says(&self, key: &str) -> bool {
        self.raw.get(key) == Some(&Value::Bool(true))
    }
}

/// The OpenID Connect providers of this desk. Cheap to clone.
#[derive(Clone)]
pub struct Oidc {
    guard: Guard,
    known: Arc<Mutex<HashMap<String, Arc<Known>>>>,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Oidc")
    }
}

/// Makes the library's calls, guarded.
struct Http(Guard);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = guard::Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, guard::Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.call(request, LIMIT))
    }
}

/// A document of a provider as JSON.
async fn document(guard: &Guard, what: &str, url: &str) -> Result<Map<String, Value>, Fault> {
    let request = http::Request::get(url)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|e| Fault::Down(format!("{what}: {url:?} can not be called: {e}")))?;
    let answer = guard.call(request, LIMIT).await?;
    if !answer.status().is_success() {
        return Err(Fault::Down(format!(
            "{what}: {url} answered with {}",
            answer.status()
        )));
    }
    match serde_json::from_slice(answer.body()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Fault::Down(format!("{what}: {url} is no JSON object"))),
        Err(e) => Err(Fault::Down(format!("{what}: {url} is no JSON: {e}"))),
    }
}

async fn keys(
    guard: &Guard,
    url: &JsonWebKeySetUrl,
) -> Result<JsonWebKeySet<CoreJsonWebKey>, Fault> {
    let found = document(guard, "keys", url.as_str()).await?;
    // Keys of kinds that are not known here are left out, as the standard wants.
    serde_json::from_value(Value::Object(found))
        .map_err(|e| Fault::Down(format!("keys: {} is no key set: {e}", url.as_str())))
}

async fn discover(guard: &Guard, issuer: &str, now: Millis) -> Result<Known, Fault> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let raw = document(guard, "discovery", &url).await?;
    let says = raw
        .get("issuer")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if says != issuer {
        return refused(format!(
            "discovery: {url} speaks for {says:?}, not for {issuer:?}; the issuer has to be \
             written exactly so"
        ));
    }
    let metadata: CoreProviderMetadata = serde_json::from_value(Value::Object(raw.clone()))
        .map_err(|e| Fault::Down(format!("discovery: {url}: {e}")))?;
    // Where people are sent to and where codes go has to be as safe as the issuer.
    let endpoints = [
        Some(metadata.authorization_endpoint().as_str()),
        metadata.token_endpoint().map(|url| url.as_str()),
        metadata.userinfo_endpoint().map(|url| url.as_str()),
        Some(metadata.jwks_uri().as_str()),
    ];
    for endpoint in endpoints.into_iter().flatten() {
        guard
            .check_url(endpoint)
            .map_err(|e| Fault::Refused(format!("discovery: {e}")))?;
    }
    let keys = keys(guard, metadata.jwks_uri()).await?;
    Ok(Known {
        metadata,
        raw,
        keys,
        read_at: now,
        keys_at: now,
    })
}

/// The claims of a signed token, before anything about it is believed.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn moment(ms: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn text_of(claims: &Map<String, Value>, key: &str) -> Option<String> {
    let text = claims.get(key)?.as_str()?.trim();
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    Some(text).filter(|text| !text.is_empty())
}

/// A claim that some send as text.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}

fn seconds(claims: &Map<String, Value>, key: &str) -> Option<Millis> {
    let at = claims.get(key)?;
    let at = at.as_i64().or_else(|| {
        // JSON numbers may have a fraction.
        at.as_f64().filter(|at| at.abs() < 1e12).map(|at| at as i64)
    })?;
    at.checked_mul(1000)
}

impl Oidc {
    /// Providers reached through this guard.
    pub fn new(guard: Guard) -> Oidc {
        Oidc {
            guard,
            known: Arc::default(),
        }
    }

    fn recall(&self, issuer: &str) -> Option<Arc<Known>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(issuer).cloned()
    }

    fn remember(&self, issuer: &str, found: Known) -> Arc<Known> {
        let found = Arc::new(found);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(issuer.to_owned(), found.clone());
        found
    }

    /// Forgets what a provider said of itself: it is read again when needed.
    pub fn forget(&self, issuer: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(issuer);
    }

    async fn known(&self, issuer: &str, now: Millis) -> Result<Arc<Known>, Fault> {
        if let Some(known) = self.recall(issuer)
            && (0..FRESH_MS).contains(&(now - known.read_at))
        {
            return Ok(known);
        }
        let found = discover(&self.guard, issuer, now).await?;
        Ok(self.remember(issuer, found))
    }

    /// The provider with fresh keys, when a token names one that is not known:
    /// providers change their keys. Not too often: anybody can name keys.
    async fn with_key(
        &self,
        known: Arc<Known>,
        issuer: &str,
        kid: Option<&str>,
        now: Millis,
    ) -> Result<Arc<Known>, Fault> {
        let has = |known: &Known| {
            known
                .keys
                .keys()
                .iter()
                .any(|key| key.key_id().map(|id| id.as_str()) == kid)
        };
        if kid.is_none() || has(&known) || (0..KEYS_AGAIN_MS).contains(&(now - known.keys_at)) {
            return Ok(known);
        }
        let keys = keys(&self.guard, known.metadata.jwks_uri()).await?;
        Ok(self.remember(
            issuer,
            Known {
                metadata: known.metadata.clone(),
                raw: known.raw.clone(),
                keys,
                read_at: known.read_at,
                keys_at: now,
            },
        ))
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// When the provider does not answer, or is not who it should be.
    pub async fn way_there(
        &self,
        party: &Party,
        words: &Words,
        now: Millis,
    ) -> Result<String, Fault> {
        let known = self.known(&party.issuer, now).await?;
        let client = client(party, &known)?;
        let verifier = PkceCodeVerifier::new(words.verifier.clone());
        let (state, nonce) = (words.state.clone(), words.nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in party.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, _, _) = request.url();
        Ok(url.into())
    }

    /// Where to send the browser to log out at the provider too, when it offers
    /// that (OpenID Connect RP-Initiated Logout).
    ///
    /// By what is known of it: signing out waits for nobody.
    pub fn way_out(&self, party: &Party, back_to: &str) -> Option<String> {
        let known = self.recall(&party.issuer)?;
        let endpoint = known.text("end_session_endpoint")?;
        let mut url = self.guard.check_url(endpoint).ok()?;
        url.query_pairs_mut()
            .append_pair("client_id", &party.client_id)
            .append_pair("post_logout_redirect_uri", back_to);
        Some(url.into())
    }

    /// Who came back, proved by tokens that are fetched with the code.
    ///
    /// # Errors
    /// [`Fault::Refused`] when anything is not as it has to be.
    pub async fn way_back(
        &self,
        party: &Party,
        words: &Words,
        back: &Back,
        now: Millis,
    ) -> Result<Proof, Fault> {
        let known = self.known(&party.issuer, now).await?;
        match &back.iss {
            Some(iss) if *iss != party.issuer => {
                return refused(format!("the answer comes from {iss:?} (mix-up)"));
            }
            None if known.says("authorization_response_iss_parameter_supported") => {
                return refused("the answer does not say who it comes from (iss)");
            }
            _ => {}
        }
        let http = Http(self.guard.clone());
        let answer = client(party, &known)?
            .exchange_code(AuthorizationCode::new(back.code.clone()))
            .set_pkce_verifier(PkceCodeVerifier::new(words.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(token_fault)?;
        let Some(id_token) = answer.id_token() else {
            return refused("the token endpoint gave no ID token");
        };
        let raw = id_token.to_string();
        let kid = header(&raw).and_then(|h| text_of(&h, "kid"));
        let known = self
            .with_key(known, &party.issuer, kid.as_deref(), now)
            .await?;
        let verifier = verifier(party, &known, now)?;
        let claims = id_token
            .claims(&verifier, &Nonce::new(words.nonce.clone()))
            .map_err(|e| Fault::Refused(format!("ID token: {}", reason(&e))))?;
        let subject = claims.subject().to_string();
        let Some(mut said) = payload(&raw) else {
            return refused("ID token: can not be read");
        };
        check_id_token(party, &said, &subject, now)?;
        if let Some(endpoint) = known.metadata.userinfo_endpoint() {
            let token = answer.access_token().secret();
            let more = self.user_info(endpoint.as_str(), token).await?;
            if text_of(&more, "sub").as_deref() != Some(&subject) {
                return refused("user info speaks of somebody else (sub)");
            }
            for (key, value) in more {
                // What the token says about itself is not for user info to say.
                if !OF_THE_TOKEN.contains(&key.as_str()) {
                    said.insert(key, value);
                }
            }
        }
        Ok(proof(party, subject, said))
    }

    async fn user_info(&self, endpoint: &str, token: &str) -> Result<Map<String, Value>, Fault> {
        let request = http::Request::get(endpoint)
            .header(http::header::AUTHORIZATION, format!("Bearer {token}"))
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| Fault::Refused("the access token can not be sent".to_owned()))?;
        let answer = self.guard.call(request, LIMIT).await?;
        if !answer.status().is_success() {
            return Err(Fault::Down(format!(
                "user info answered with {}",
                answer.status()
            )));
        }
        serde_json::from_slice(answer.body())
            .map_err(|e| Fault::Down(format!("user info is no JSON object: {e}")))
    }
}

type Ready = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
>;

fn client(party: &Party, known: &Known) -> Result<Ready, Fault> {
    let Some(token_endpoint) = known.metadata.token_endpoint() else {
        return Err(Fault::Down("discovery: it names no token endpoint".into()));
    };
    let redirect = RedirectUrl::new(party.redirect.clone())
        .map_err(|e| Fault::Down(format!("{:?} is no address: {e}", party.redirect)))?;
    let issuer = IssuerUrl::new(party.issuer.clone())
        .map_err(|e| Fault::Down(format!("{:?} is no issuer: {e}", party.issuer)))?;
    let mut client = CoreClient::new(
        ClientId::new(party.client_id.clone()),
        issuer,
        known.keys.clone(),
    );
    if let Some(secret) = &party.client_secret {
        client = client.set_client_secret(ClientSecret::new(secret.clone()));
    }
    // Without a word about it, the secret goes into the header (Discovery 3).
    let in_body = known
        .metadata
        .token_endpoint_auth_methods_supported()
        .is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
    if in_body {
        client = client.set_auth_type(AuthType::RequestBody);
    }
    Ok(client
        .set_auth_uri(known.metadata.authorization_endpoint().clone())
        .set_token_uri(token_endpoint.clone())
        .set_redirect_uri(redirect))
}

fn verifier(
    party: &Party,
    known: &Known,
    now: Millis,
) -> Result<CoreIdTokenVerifier<'static>, Fault> {
    let issuer = IssuerUrl::new(party.issuer.clone())
        .map_err(|e| Fault::Down(format!("{:?} is no issuer: {e}", party.issuer)))?;
    let latest = moment(now + SKEW_MS);
    Ok(CoreIdTokenVerifier::new_public_client(
        ClientId::new(party.client_id.clone()),
        issuer,
        known.keys.clone(),
    )
    .set_allowed_algs(ALGORITHMS)
    .set_time_fn(move || moment(now - SKEW_MS))
    .set_issue_time_verifier_fn(move |made| {
        if made > latest {
            Err(format!("it comes from the future: {made}"))
        } else {
            Ok(())
        }
    })
    // Some providers name themselves too; that the token is for this desk is
    // then told by `azp`, which is checked below.
    .set_other_audience_verifier_fn(|_| true))
}

/// What the library leaves to whoever uses it.
fn check_id_token(
    party: &Party,
    said: &Map<String, Value>,
    subject: &str,
    now: Millis,
) -> Result<(), Fault> {
    if subject.trim().is_empty() || subject.len() > 255 || subject.chars().any(char::is_control) {
        return refused("ID token: names nobody (sub)");
    }
    if seconds(said, "nbf").is_some_and(|from| from > now + SKEW_MS) {
        return refused("ID token: is not valid yet (nbf)");
    }
    let several = said
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    match said.get("azp") {
        Some(Value::String(whose)) if *whose == party.client_id => Ok(()),
        Some(_) => refused("ID token: was made for another party (azp)"),
        None if several => refused("ID token: is for several and does not say for whom (azp)"),
        None => Ok(()),
    }
}

fn proof(party: &Party, subject: String, said: Map<String, Value>) -> Proof {
    let name = text_of(&said, "name")
        .or_else(|| {
            let given = text_of(&said, "given_name")?;
            let family = text_of(&said, "family_name")?;
            Some(format!("{given} {family}"))
        })
        .or_else(|| text_of(&said, "preferred_username"))
        .unwrap_or_default();
    let email = text_of(&said, "email");
    // EGI Check-in lists addresses that it checked in a claim of its own.
    let listed = said
        .get("voperson_verified_email")
        .and_then(Value::as_array)
        .is_some_and(|all| {
            all.iter()
                .filter_map(Value::as_str)
                .any(|one| Some(one) == email.as_deref())
        });
    Proof {
        issuer: party.issuer.clone(),
        subject,
        name,
        email_verified: email.is_some() && (is_true(said.get("email_verified")) || listed),
        email,
        sid: text_of(&said, "sid"),
        claims: said,
    }
}

/// The head of a signed token, before anything about it is believed.
fn header(token: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

type TokenError = RequestTokenError<
    guard::Fault,
    openidconnect::StandardErrorResponse<openidconnect::core::CoreErrorResponseType>,
>;

fn token_fault(error: TokenError) -> Fault {
    match error {
        RequestTokenError::ServerResponse(said) => Fault::Refused(format!(
            "the token endpoint says {}{}",
            said.error().as_ref(),
            said.error_description()
                .map_or_else(String::new, |d| format!(": {}", clipped(d)))
        )),
        RequestTokenError::Request(fault) => Fault::from(fault),
        // The rest of the answer may hold a token.
        RequestTokenError::Parse(e, _) => Fault::Refused(format!(
            "the token endpoint's answer can not be read: {}",
            clipped(&e.to_string())
        )),
        RequestTokenError::Other(text) => Fault::Refused(format!(
            "the token endpoint's answer is of no use: {}",
            clipped(&text)
        )),
    }
}

fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Error and cause in one line.
fn reason(error: &openidconnect::ClaimsVerificationError) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Claims that a provider demands or that somebody has to have: each has to be
/// the text, or have it among its texts.
///
/// # Errors
/// Names the claim that is missing.
pub fn demand(proof: &Proof, required: &BTreeMap<String, String>) -> Result<(), Fault> {
    for (claim, value) in required {
        if !proof.texts(std::slice::from_ref(claim)).contains(value) {
            return refused(format!("the claim {claim} is not {value:?}"));
        }
    }
    Ok(())
}
