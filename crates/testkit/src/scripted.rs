//! An OpenID Connect provider on this machine that does what a test tells it:
//! right by default, wrong in any one way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use ring::{digest, hmac};
use serde_json::{Value, json};

/// How the desk is known at the provider.
pub const CLIENT: &str = "desk";
/// The secret that proves it.
pub const CLIENT_SECRET: &str = "desk-secret";

/// How a token is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sign {
    /// With the key that is published.
    #[default]
    Right,
    /// Not at all: `alg: none` and nothing behind the last dot.
    Nothing,
    /// With a shared secret, which is the public key that everybody knows.
    PublicKeyAsSecret,
    /// With a shared secret, which is the client's.
    ClientSecret,
    /// With another key, under the name of the published one.
    OtherKey,
    /// With another key, under a name of its own.
    UnknownKey,
    /// Rightly, and then the claims are changed.
    ChangedAfterwards,
}

/// What is answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Where to; empty: nowhere.
    pub location: String,
    /// The content.
    pub body: String,
    /// How long it takes to come.
    pub wait: Duration,
}

impl Reply {
    fn json(body: &Value) -> Reply {
        Reply {
            status: 200,
            location: String::new(),
            body: body.to_string(),
            wait: Duration::ZERO,
        }
    }

    /// Sends on to another address.
    pub fn redirect(to: &str) -> Reply {
        Reply {
            status: 302,
            location: to.to_owned(),
            ..Reply::json(&Value::Null)
        }
    }
}

/// A change of JSON before it is sent.
pub type Twist = fn(&mut Value);

/// What the provider does otherwise than it should.
#[derive(Debug, Clone, Copy, Default)]
pub struct Script {
    /// With the document that describes it.
    pub discovery: Option<Twist>,
    /// With the head of its tokens.
    pub head: Option<Twist>,
    /// With the claims of its tokens.
    pub claims: Option<Twist>,
    /// With their signature.
    pub sign: Sign,
    /// With what the token endpoint gives beside the token.
    pub token: Option<Twist>,
    /// With what user info says.
    pub user_info: Option<Twist>,
    /// With its keys.
    pub keys: Option<Twist>,
    /// With any answer, by path.
    pub reply: Option<fn(&str, &mut Reply)>,
    /// It does not look at the PKCE verifier.
    pub careless: bool,
}

struct Key {
    pair: EcdsaKeyPair,
    kid: String,
}

impl Key {
    fn make(kid: &str) -> Key {
        let rng = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &rng)
            .unwrap();
        Key {
            pair,
            kid: kid.to_owned(),
        }
    }

    fn jwk(&self) -> Value {
        // An uncompressed point: 4, x, y.
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..65]),
        })
    }
}

/// What a code stands for.
struct Code {
    nonce: String,
    challenge: String,
    redirect: String,
}

struct Inner {
    issuer: String,
    script: Script,
    claims: Value,
    now: i64,
    key: Key,
    other: Key,
    codes: HashMap<String, Code>,
    made: u64,
}

/// The provider; it is gone with the value.
pub struct Scripted {
    inner: Arc<Mutex<Inner>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What it sends the browser back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    /// For the token endpoint.
    pub code: String,
    /// As it was sent.
    pub state: String,
    /// Its issuer.
    pub iss: String,
}

/// The parameters of an address, decoded.
pub fn parameters(url: &str) -> HashMap<String, String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    form(query)
}

fn form(text: &str) -> HashMap<String, String> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                u8::from_str_radix(&String::from_utf8_lossy(&hex), 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Scripted {
    /// A provider that says of its one user that they are Wanda.
    pub async fn start(now: i64) -> Scripted {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner {
            issuer,
            script: Script::default(),
            claims: json!({
                "sub": "wanda-1", "name": "Wanda Wagner", "email": "wanda@idp.example",
                "email_verified": true,
            }),
            now,
            key: Key::make("key-1"),
            other: Key::make("key-of-nobody"),
            codes: HashMap::new(),
            made: 0,
        }));
        let site = Router::new().fallback(answer).with_state(inner.clone());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, site).await;
        });
        Scripted { inner, serving }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        self.inner().issuer.clone()
    }

    /// What it does from now on, by a clock that stands there.
    pub fn play(&self, script: Script, now: i64) {
        let mut inner = self.inner();
        inner.script = script;
        inner.now = now;
    }

    /// What it says of its user from now on.
    pub fn says(&self, claims: Value) {
        self.inner().claims = claims;
    }

    /// It signs with a new key and publishes only that.
    pub fn rotate(&self) {
        let mut inner = self.inner();
        inner.made += 1;
        inner.key = Key::make(&format!("key-{}", inner.made + 1));
    }

    /// Its user signs in: what the browser is sent back with from this address.
    ///
    /// # Panics
    /// When the address lacks what it has to have.
    pub fn authorize(&self, url: &str) -> SentBack {
        let given = parameters(url);
        let mut inner = self.inner();
        assert!(
            url.starts_with(&format!("{}/authorize?", inner.issuer)),
            "{url}"
        );
        assert_eq!(given["response_type"], "code");
        assert_eq!(given["client_id"], CLIENT);
        assert_eq!(given["code_challenge_method"], "S256");
        assert!(given["scope"].split(' ').any(|s| s == "openid"));
        assert!(given["state"].len() >= 43 && given["nonce"].len() >= 43);
        inner.made += 1;
        let code = format!("code-{}", inner.made);
        inner.codes.insert(
            code.clone(),
            Code {
                nonce: given["nonce"].clone(),
                challenge: given["code_challenge"].clone(),
                redirect: given["redirect_uri"].clone(),
            },
        );
        SentBack {
            code,
            state: given["state"].clone(),
            iss: inner.issuer.clone(),
        }
    }

    /// A logout token for its user, twisted as the script says.
    pub fn logout_token(&self, id: &str) -> String {
        let inner = self.inner();
        let claims = json!({
            "iss": inner.issuer, "aud": CLIENT, "sub": inner.claims["sub"], "jti": id,
            "iat": inner.now / 1000, "exp": inner.now / 1000 + 120,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        inner.signed(claims, "logout+jwt")
    }
}

impl Inner {
    fn signed(&self, mut claims: Value, kind: &str) -> String {
        let (key, alg, kid) = match self.script.sign {
            Sign::OtherKey => (&self.other, "ES256", &self.key.kid),
            Sign::UnknownKey => (&self.other, "ES256", &self.other.kid),
            Sign::Nothing => (&self.key, "none", &self.key.kid),
            Sign::PublicKeyAsSecret | Sign::ClientSecret => (&self.key, "HS256", &self.key.kid),
            Sign::Right | Sign::ChangedAfterwards => (&self.key, "ES256", &self.key.kid),
        };
        let mut head = json!({ "alg": alg, "kid": kid, "typ": kind });
        if let Some(twist) = self.script.head {
            twist(&mut head);
        }
        if let Some(twist) = self.script.claims {
            twist(&mut claims);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&head), part(&claims));
        let shared = |secret: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        };
        let signature = match self.script.sign {
            Sign::Nothing => Vec::new(),
            Sign::PublicKeyAsSecret => shared(self.key.pair.public_key().as_ref()),
            Sign::ClientSecret => shared(CLIENT_SECRET.as_bytes()),
            _ => {
                let rng = SystemRandom::new();
                let made = key.pair.sign(&rng, message.as_bytes()).unwrap();
                made.as_ref().to_vec()
            }
        };
        let message = if self.script.sign == Sign::ChangedAfterwards {
            claims["sub"] = json!("somebody-else");
            format!("{}.{}", part(&head), part(&claims))
        } else {
            message
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
            "end_session_endpoint": at("/end"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn token(&mut self, authorization: &str, body: &str) -> Reply {
        let wrong = |error: &str| Reply {
            status: 400,
            ..Reply::json(&json!({ "error": error }))
        };
        let right = format!(
            "Basic {}",
            STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}"))
        );
        if authorization != right {
            return Reply {
                status: 401,
                ..wrong("invalid_client")
            };
        }
        let given = form(body);
        let field = |name: &str| given.get(name).map_or("", String::as_str);
        // A code is used up by the first who brings it.
        let Some(code) = self.codes.remove(field("code")) else {
            return wrong("invalid_grant");
        };
        let verifier = digest::digest(&digest::SHA256, field("code_verifier").as_bytes());
        let fits = URL_SAFE_NO_PAD.encode(verifier.as_ref()) == code.challenge;
        if field("grant_type") != "authorization_code"
            || field("redirect_uri") != code.redirect
            || !(fits || self.script.careless)
        {
            return wrong("invalid_grant");
        }
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "nonce": code.nonce, "sid": "session-1",
            "iat": self.now / 1000, "exp": self.now / 1000 + 300,
        });
        for key in ["sub", "name", "email", "email_verified"] {
            if let Some(value) = self.claims.get(key) {
                claims[key] = value.clone();
            }
        }
        let mut answer = json!({
            "access_token": "access-1", "token_type": "Bearer", "expires_in": 300,
            "id_token": self.signed(claims, "JWT"),
        });
        if let Some(twist) = self.script.token {
            twist(&mut answer);
        }
        Reply::json(&answer)
    }

    fn reply(&mut self, path: &str, authorization: &str, body: &str) -> Reply {
        let twisted = |mut value: Value, twist: Option<Twist>| {
            if let Some(twist) = twist {
                twist(&mut value);
            }
            Reply::json(&value)
        };
        let mut reply = match path {
            "/.well-known/openid-configuration" => twisted(self.discovery(), self.script.discovery),
            "/jwks" => twisted(json!({ "keys": [self.key.jwk()] }), self.script.keys),
            "/token" => self.token(authorization, body),
            "/userinfo" if authorization == "Bearer access-1" => {
                twisted(self.claims.clone(), self.script.user_info)
            }
            "/userinfo" => Reply {
                status: 401,
                ..Reply::json(&Value::Null)
            },
            _ => Reply {
                status: 404,
                ..Reply::json(&Value::Null)
            },
        };
        if let Some(twist) = self.script.reply {
            twist(path, &mut reply);
        }
        reply
    }
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let authorization = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let reply = {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.reply(parts.uri.path(), authorization, &body)
    };
    tokio::time::sleep(reply.wait).await;
    let mut response = Response::builder()
        .status(reply.status)
        .header(header::CONTENT_TYPE, "application/json");
    if !reply.location.is_empty() {
        response = response.header(header::LOCATION, reply.location);
    }
    response.body(Body::from(reply.body)).unwrap()
}
