//! A browser without a script: keeps cookies, follows redirects, fills forms.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use desk::account::NewAccount;
use testkit::{Answer, Somebody, TestDesk};

/// The password of everybody who signs in.
pub(crate) const PASSWORD: &str = "three brown kettles";

/// A browser.
pub(crate) struct Browser {
    desk: Arc<TestDesk>,
    pub(crate) cookies: BTreeMap<String, String>,
    host: &'static str,
}

/// Percent-encodes a form.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect::<String>()
    };
    fields
        .iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Browser {
    /// Of somebody who is not signed in.
    pub(crate) fn new(desk: &Arc<TestDesk>) -> Browser {
        Browser {
            desk: desk.clone(),
            cookies: BTreeMap::new(),
            host: "desk.example",
        }
    }

    /// From now on it asks this host.
    pub(crate) fn at(mut self, host: &'static str) -> Browser {
        self.host = host;
        self
    }

    /// Of somebody who has signed in by the form.
    pub(crate) async fn of(desk: &Arc<TestDesk>, who: &Somebody) -> Browser {
        let name = who.email.split('@').next().unwrap();
        // Sets the password where there is none yet.
        let _ = desk
            .desk
            .create_account(NewAccount {
                email: who.email.clone(),
                name: format!("{}{}", name[..1].to_uppercase(), &name[1..]),
                password: Some(PASSWORD.into()),
                ..NewAccount::default()
            })
            .await;
        let mut browser = Browser::new(desk);
        let answer = browser
            .send("/sign-in", &[("mail", &who.email), ("password", PASSWORD)])
            .await
            .expect(303);
        assert!(!answer.header("set-cookie").is_empty());
        browser
    }

    /// A request with this browser's cookies.
    pub(crate) fn request(&self, path: &str) -> Request<Body> {
        let mut request = Request::builder().uri(path).body(Body::empty()).unwrap();
        self.dress(&mut request);
        request
    }

    fn dress(&self, request: &mut Request<Body>) {
        request
            .headers_mut()
            .insert(header::HOST, self.host.parse().unwrap());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        if !cookies.is_empty() {
            request
                .headers_mut()
                .append(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
    }

    /// Sends a request with this browser's cookies and keeps those it gets.
    pub(crate) async fn ask(&mut self, mut request: Request<Body>) -> Answer {
        self.dress(&mut request);
        let answer = self.desk.ask(request).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Loses a cookie.
    pub(crate) fn forget(&mut self, cookie: &str) {
        self.cookies.remove(cookie);
    }

    /// One page, without following where it leads.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        self.ask(request).await
    }

    /// A page that has to be there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        self.get(path).await.expect(200).text()
    }

    /// The token that this visitor's forms carry.
    pub(crate) async fn csrf(&mut self) -> String {
        let page = self.page("/services").await;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Sends a form with its token.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf().await;
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.send_raw(path, &form(&all)).await
    }

    /// Sends a form as it is.
    pub(crate) async fn send_raw(&mut self, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.ask(request).await
    }

    /// Sends a form with a file.
    pub(crate) async fn send_file(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        bytes: &[u8],
    ) -> Answer {
        let csrf = self.csrf().await;
        let mut body = Vec::new();
        for (key, value) in [("csrf", csrf.as_str())].iter().chain(fields) {
            body.extend_from_slice(
                format!(
                    "--sep\r\ncontent-disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        body.extend_from_slice(
            format!("--sep\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\ncontent-type: text/html\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--sep--\r\n");
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=sep")
            .body(Body::from(body))
            .unwrap();
        self.ask(request).await
    }

    /// Opens a ticket by the form and gives its number.
    pub(crate) async fn open(&mut self, fields: &[(&str, &str)]) -> i64 {
        let mut all = vec![
            ("subject", "Upload stops at 99 %"),
            ("description", "It says checksum mismatch."),
            ("affected", "12"),
        ];
        all.retain(|(key, _)| !fields.iter().any(|(k, _)| k == key));
        all.extend(fields);
        let answer = self.send("/tickets/new", &all).await.expect(303);
        let to = answer.header("location");
        to.rsplit('/').next().unwrap().parse().unwrap()
    }
}
