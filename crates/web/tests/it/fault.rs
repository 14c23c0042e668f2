//! What comes when something goes wrong under a route, or an address is used
//! the wrong way; and where requests are believed to come from.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use axum::routing::get;
use http_body_util::BodyExt as _;
use testkit::on_sqlite;
use tower::ServiceExt as _;
use web::peer::Network;
use web::{AppState, Options};

use crate::browser::{Browser, form};

async fn boom() -> String {
    let none = "not a number".parse::<u8>().ok();
    none.expect("the secret of the inside").to_string()
}

#[test]
fn a_panic_is_an_answer_that_tells_nothing() {
    on_sqlite(|desk| async move {
        let app = AppState::new(desk.desk.clone(), Options::default());
        let routes = Router::new()
            .route("/units/boom", get(boom))
            .route("/api/v1/boom", get(boom));
        let site = web::site(app, routes);
        for (path, kind) in [
            ("/units/boom", "text/html; charset=utf-8"),
            ("/api/v1/boom", "application/problem+json"),
        ] {
            let request = Request::builder()
                .uri(path)
                .header(header::HOST, "desk.example")
                .body(Body::empty())
                .unwrap();
            let response = site.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 500, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8_lossy(&body);
            assert!(!text.contains("secret"), "{text}");
            if path.starts_with("/api") {
                assert!(text.contains("a fault of ours"), "{text}");
            } else {
                assert!(
                    text.contains("<h1>Something went wrong on our side</h1>"),
                    "{text}"
                );
                assert!(text.contains("name=\"csrf\""), "its own forms work");
            }
        }
    });
}

#[test]
fn a_wrong_method_on_a_page_is_told_with_the_right_ones() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        for (method, path, allow) in [
            (Method::DELETE, "/tickets", "GET,HEAD"),
            (Method::GET, "/sign-out", "POST"),
            (Method::PUT, "/sign-in", "GET,HEAD,POST"),
        ] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
                .unwrap();
            let answer = rita.ask(request).await.expect(405);
            assert_eq!(answer.header("allow"), allow, "{path}");
            assert!(
                answer
                    .text()
                    .contains("<h1>This address is used another way</h1>")
            );
            assert!(answer.text().contains("Rita"), "with their own frame");
        }
    });
}

#[test]
fn a_form_is_masked_in_every_page_anew() {
    on_sqlite(|desk| async move {
        let f = desk.federation().await;
        let mut rita = Browser::of(&desk, &f.rita).await;
        let (one, other) = (rita.csrf().await, rita.csrf().await);
        assert_ne!(one, other);
        for token in [one, other] {
            let body = form(&[("csrf", &token), ("theme", "dark"), ("back", "/")]);
            rita.send_raw("/theme", &body).await.expect(303);
            // One letter more or less is another token.
            let body = form(&[("csrf", &token[1..]), ("theme", "dark")]);
            rita.send_raw("/theme", &body).await.expect(403);
        }
    });
}

/// Tries to sign in with a wrong password from somewhere.
async fn guess(site: &Router, peer: &str, hops: &str, mail: &str) -> u16 {
    let ask = async |request: Request<Body>| {
        let mut request = request;
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        site.clone().oneshot(request).await.unwrap()
    };
    let page = ask(Request::builder()
        .uri("/sign-in")
        .header(header::HOST, "desk.example")
        .body(Body::empty())
        .unwrap())
    .await;
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let html = page.into_body().collect().await.unwrap().to_bytes();
    let html = String::from_utf8_lossy(&html).into_owned();
    let (_, rest) = html.split_once("name=\"csrf\" value=\"").unwrap();
    let csrf = rest.split('"').next().unwrap();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/sign-in")
        .header(header::HOST, "desk.example")
        .header(header::COOKIE, cookie)
        .header("x-forwarded-for", hops)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form(&[
            ("csrf", csrf),
            ("mail", mail),
            ("password", "not the right one"),
        ])))
        .unwrap();
    ask(request).await.status().as_u16()
}

#[test]
fn failures_are_counted_by_the_visitor_and_not_by_the_proxy() {
    on_sqlite(|desk| async move {
        let options = Options {
            trusted_proxies: vec![Network::parse("10.0.0.0/8").unwrap()],
            ..Options::default()
        };
        let site = web::router(desk.desk.clone(), options);
        let proxy = "10.0.0.1:4711";
        // One visitor guesses at many accounts, each time behind another
        // address they made up, until their network is refused.
        let mut tries = 0;
        loop {
            tries += 1;
            assert!(tries < 200, "they are never refused");
            let hops = format!("192.0.2.{}, 198.51.100.9", tries % 250);
            let mail = format!("nobody{tries}@people.example");
            match guess(&site, proxy, &hops, &mail).await {
                422 => {}
                429 => break,
                other => panic!("{other}"),
            }
        }
        assert!(tries > 8);
        // Others behind the same proxy are not.
        let other = guess(&site, proxy, "203.0.113.7", "x@people.example").await;
        assert_eq!(other, 422);
        // Who is no trusted proxy can not pass for another visitor.
        let direct = "198.51.100.9:4712";
        let pretended = guess(&site, direct, "203.0.113.7", "y@people.example").await;
        assert_eq!(pretended, 429);
    });
}
