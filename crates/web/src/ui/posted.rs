//! What a form sent: read within limits, and checked to be ours.

use axum::RequestExt as _;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Multipart, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use desk::NewFile;
use http_body_util::Limited;

use super::fault::Fault;
use super::mask::unmasked;
use super::pane::Typed;
use super::visit::{Visit, own_path, same, sentence};
use crate::AppState;

/// Forms without files are never larger.
const FORM_LIMIT: usize = 2 * 1024 * 1024;
/// What a form with files may have beside the files' own limit.
const BESIDE_FILES: usize = 1024 * 1024;

/// What a form sent, checked to be ours.
#[derive(Debug)]
pub struct Posted {
    /// The request.
    pub visit: Visit,
    /// What was wrong with the body as a whole; the fields are empty then.
    fault: Option<Fault>,
    fields: Vec<(String, String)>,
    /// Its files, without empty fields.
    pub files: Vec<NewFile>,
}

impl FromRequest<AppState> for Posted {
    type Rejection = Response;

    async fn from_request(mut request: Request, app: &AppState) -> Result<Posted, Response> {
        let visit: Visit = request.extract_parts_with_state(app).await?;
        let files = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|t| t.as_bytes().starts_with(b"multipart/form-data"));
        let limit = if files {
            visit.desk.config().max_attachment + BESIDE_FILES
        } else {
            FORM_LIMIT
        };
        let request = request.map(|body| Body::new(Limited::new(body, limit)));
        let mut posted = Posted {
            visit,
            fault: None,
            fields: Vec::new(),
            files: Vec::new(),
        };
        let read = if files {
            posted.read_parts(request).await
        } else {
            posted.read_form(request).await
        };
        if let Err(fault) = read {
            posted.fields.clear();
            posted.files.clear();
            posted.fault = Some(fault);
        } else if !unmasked(posted.text("csrf"))
            .is_some_and(|token| same(&token, &posted.visit.csrf))
        {
            posted.fault = Some(Fault::Forged);
        }
        Ok(posted)
    }
}

fn unreadable(status: StatusCode, text: &str) -> Fault {
    if status == StatusCode::PAYLOAD_TOO_LARGE || text.contains("length limit") {
        Fault::Unreadable(
            StatusCode::PAYLOAD_TOO_LARGE,
            "It is larger than this desk takes.".to_owned(),
        )
    } else {
        Fault::Unreadable(StatusCode::BAD_REQUEST, sentence(text))
    }
}

impl Posted {
    async fn read_form(&mut self, request: Request) -> Result<(), Fault> {
        let is_form = request.method() == Method::POST
            && request
                .headers()
                .get(header::CONTENT_TYPE)
                .is_some_and(|t| {
                    t.as_bytes()
                        .starts_with(b"application/x-www-form-urlencoded")
                });
        if !is_form {
            return Err(Fault::Unreadable(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "A form of this desk was expected.".to_owned(),
            ));
        }
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &())
            .await
            .map_err(|e| unreadable(e.status(), &e.body_text()))?;
        self.fields = fields;
        Ok(())
    }

    async fn read_parts(&mut self, request: Request) -> Result<(), Fault> {
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|e| unreadable(e.status(), &e.body_text()))?;
        let wrong =
            |e: axum::extract::multipart::MultipartError| unreadable(e.status(), &e.body_text());
        while let Some(part) = parts.next_field().await.map_err(wrong)? {
            let name = part.name().unwrap_or_default().to_owned();
            let Some(file) = part.file_name().map(str::to_owned) else {
                let text = part.text().await.map_err(wrong)?;
                self.fields.push((name, text));
                continue;
            };
            let media_type = part.content_type().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(wrong)?;
            // A file field that was left alone comes as a file without name.
            if !file.is_empty() {
                self.files.push(NewFile {
                    name: file,
                    media_type,
                    bytes: bytes.to_vec(),
                    content_id: None,
                });
            }
        }
        Ok(())
    }

    /// From here on the page is the one at `path`, with the list that it was in when the
    /// form was sent: the query in the field `list`.
    pub fn back_to(&mut self, path: &str) {
        let back = own_path(&format!("{path}?{}", self.text("list")), path);
        self.visit.at(back.trim_end_matches('?').to_owned());
    }

    /// The first value of a field, without space around it; empty when absent.
    pub fn text(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// The value of a field that names one thing, such as an address. Several
    /// of them, or a list of them, are refused: what is checked and what is
    /// used could differ (bar row 24).
    ///
    /// # Errors
    /// As for what can not be read.
    pub fn single(&self, name: &str) -> Result<&str, Fault> {
        let listed = self.fields.iter().any(|(key, _)| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['[', '.']))
        });
        if listed || self.all(name).count() > 1 {
            return Err(Fault::Unreadable(
                StatusCode::BAD_REQUEST,
                format!("The field {name} is there more than once; send one value."),
            ));
        }
        Ok(self.text(name))
    }

    /// What was typed into those of the fields that were sent.
    pub fn typed(&self, fields: &[&str]) -> Typed {
        let sent = fields.iter().filter(|name| self.has(name));
        Typed(
            sent.map(|name| ((*name).to_owned(), self.text(name).to_owned()))
                .collect(),
        )
    }

    /// The first value of a field exactly as it was sent.
    pub fn raw(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// The first value of a field with its line breaks as `\n`.
    pub fn body(&self, name: &str) -> String {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.replace("\r\n", "\n").trim_end().to_owned())
            .unwrap_or_default()
    }

    /// Whether the form had the field at all.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, _)| key == name)
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }

    /// Every field whose name begins so, without the beginning.
    pub fn beginning<'a>(&'a self, with: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        self.fields
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(with)?, value.trim())))
    }

    /// As [`Posted::ours`], and takes what a mail program sends by itself (RFC 8058): it
    /// has no form of ours, and all that it may is in the signed address.
    ///
    /// # Errors
    /// The page that says what is wrong.
    pub async fn ours_or_one_click(mut self) -> Result<Posted, Response> {
        let clicked = self.text("List-Unsubscribe") == "One-Click";
        self.fault
            .take_if(|fault| clicked && matches!(fault, Fault::Forged));
        self.ours().await
    }

    /// Parts the request from what is to be done with it; a form that is not
    /// ours becomes its page at once.
    ///
    /// # Errors
    /// The page that says so.
    pub async fn ours(mut self) -> Result<Posted, Response> {
        match self.fault.take() {
            None => Ok(self),
            Some(fault) => {
                let kept = self.body("body") + &self.body("description");
                let page = self.visit.fault_page(fault, kept).await;
                Err(self.visit.close(Ok(page)).await)
            }
        }
    }
}
