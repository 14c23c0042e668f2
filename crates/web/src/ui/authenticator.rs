//! `/account/authenticator`: adding an authenticator app.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Error, SignedIn};
use qrcode::{Color, EcLevel, QrCode};

use super::account_post::{factor_changed, fresh};
use super::assets::Asset;
use super::fault::Fault;
use super::frame::{Errors, Frame, Here, Room};
use super::posted::Posted;
use super::view::Icon;
use super::visit::{Visit, sentence};

/// A QR code as one path of an SVG picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrPicture {
    /// Width and height in modules, with the quiet zone.
    pub size: usize,
    /// The dark modules.
    pub path: String,
}

impl QrPicture {
    /// Modules that stay light around the code.
    const QUIET: usize = 4;

    /// The code of a text; `None`: it is too long for one.
    pub fn of(text: &str) -> Option<QrPicture> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colors = code.to_colors();
        let mut path = String::new();
        for (y, row) in colors.chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let run = row[x..].iter().take_while(|c| **c == Color::Dark).count();
                if run > 0 {
                    let (left, top) = (x + Self::QUIET, y + Self::QUIET);
                    path.push_str(&format!("M{left} {top}h{run}v1h-{run}z"));
                }
                x += run.max(1);
            }
        }
        Some(QrPicture {
            size: width + 2 * Self::QUIET,
            path,
        })
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "authenticator.html")]
pub struct AuthenticatorPage {
    /// Around it.
    pub frame: Frame,
    /// The secret to type; empty: not begun.
    pub secret: String,
    /// The same to scan.
    pub qr: Option<QrPicture>,
    /// What was wrong.
    pub errors: Errors,
}

async fn page(visit: &Visit, who: &SignedIn, errors: Errors) -> Result<AuthenticatorPage, Fault> {
    let offer = visit.desk.totp_offer(who).await?;
    Ok(AuthenticatorPage {
        frame: visit.frame(visit.room(), Here::Elsewhere).await?,
        qr: offer.as_ref().and_then(|o| QrPicture::of(&o.url)),
        secret: offer.map(|o| o.secret).unwrap_or_default(),
        errors,
    })
}

/// `GET /account/authenticator`.
pub async fn show(visit: Visit) -> Response {
    let result = async {
        let who = fresh(&visit)?;
        visit.page(&page(&visit, who, Errors::default()).await?)
    }
    .await;
    visit.close(result).await
}

/// `POST /account/authenticator`: begins, or ends with the first code.
pub async fn act(posted: Posted) -> Response {
    let mut posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = take(&mut posted).await;
    posted.visit.close(result).await
}

async fn take(posted: &mut Posted) -> Result<Response, Fault> {
    let who = fresh(&posted.visit)?.clone();
    if posted.text("do") == "begin" {
        posted.visit.desk.begin_totp(&who).await?;
        return posted.visit.go("/account/authenticator", None);
    }
    let code = posted.text("code").to_owned();
    match posted.visit.desk.confirm_totp(&who, &code).await {
        Ok(codes) => {
            factor_changed(&mut posted.visit, codes, "The authenticator app is added").await
        }
        Err(Error::Invalid { problem, .. }) => {
            let errors = Errors::one("code", sentence(&format!("this {problem}")));
            let page = page(&posted.visit, &who, errors).await?;
            posted
                .visit
                .page_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_three_eyes() {
        let picture = QrPicture::of("otpauth://totp/a:b?secret=ABCDEFGH").unwrap();
        assert!(picture.size > 29);
        // The top edges of the two upper eyes, seven modules each.
        assert!(picture.path.starts_with("M4 4h7v1h-7z"));
        let right = picture.size - 4 - 7;
        assert!(picture.path.contains(&format!("M{right} 4h7v1h-7z")));
        assert!(QrPicture::of(&"x".repeat(5_000)).is_none());
    }
}
