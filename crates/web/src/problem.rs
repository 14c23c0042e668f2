//! What went wrong, as `application/problem+json` (RFC 9457), and the one table
//! of which error of the desk is which HTTP status.

use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::Error;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of every error of the API.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error as it is sent (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is, for scripts: `urn:switchboard:problem:`
    /// and a word that stays.
    #[serde(rename = "type")]
    #[schema(example = "urn:switchboard:problem:invalid")]
    pub kind: &'static str,
    /// The kind in words.
    #[schema(example = "a field is wrong")]
    pub title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, example = 422)]
    pub status: StatusCode,
    /// What is wrong with this request and what would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The first field that is to blame, as a path: `requester.email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// Every field that is to blame.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldProblem>,
    /// Seconds to wait before it makes sense to try again.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field as a path: `requester.email`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

fn status_number<S: serde::Serializer>(status: &StatusCode, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_u16(status.as_u16())
}

/// A status as a problem's `type`.
fn kind(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "urn:switchboard:problem:bad-request",
        StatusCode::UNAUTHORIZED => "urn:switchboard:problem:unauthenticated",
        StatusCode::FORBIDDEN => "urn:switchboard:problem:forbidden",
        StatusCode::NOT_FOUND => "urn:switchboard:problem:not-found",
        StatusCode::METHOD_NOT_ALLOWED => "urn:switchboard:problem:method-not-allowed",
        StatusCode::CONFLICT => "urn:switchboard:problem:conflict",
        StatusCode::PRECONDITION_FAILED => "urn:switchboard:problem:stale",
        StatusCode::PAYLOAD_TOO_LARGE => "urn:switchboard:problem:too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "urn:switchboard:problem:media-type",
        StatusCode::MISDIRECTED_REQUEST => "urn:switchboard:problem:host",
        StatusCode::UNPROCESSABLE_ENTITY => "urn:switchboard:problem:invalid",
        StatusCode::TOO_MANY_REQUESTS => "urn:switchboard:problem:too-many",
        StatusCode::SERVICE_UNAVAILABLE => "urn:switchboard:problem:unavailable",
        _ => "urn:switchboard:problem:internal",
    }
}

impl Problem {
    /// A problem of a status, with its kind in words.
    pub fn new(status: StatusCode, title: &'static str) -> Problem {
        Problem {
            kind: kind(status),
            title,
            status,
            detail: None,
            field: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Says what is wrong with this request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.detail = Some(detail.into());
        self
    }

    /// Blames a field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, problem: impl Into<String>) -> Problem {
        let (field, problem) = (field.into(), problem.into());
        self.detail
            .get_or_insert_with(|| format!("{field}: {problem}"));
        self.field.get_or_insert_with(|| field.clone());
        self.errors.push(FieldProblem { field, problem });
        self
    }

    /// What could not be read at all: 400.
    pub fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "the request can not be read").detail(detail)
    }

    /// A field that has the wrong shape: 400.
    pub fn wrong_shape(field: impl Into<String>, problem: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "the request can not be read").field(field, problem)
    }

    /// A path that leads nowhere.
    pub fn no_such_path() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "there is nothing here")
            .detail("the paths there are stand in /openapi.json")
    }
}

/// The status of each kind of error; the only place that knows it.
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// How long to wait when the desk can not do it now.
const UNAVAILABLE_SECONDS: u32 = 5;

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let status = status_of(&error);
        let title = match &error {
            Error::Invalid { .. } => "a field is wrong",
            Error::Unauthenticated(_) => "not signed in",
            Error::Forbidden(_) => "not allowed",
            Error::NotFound { .. } => "not found",
            Error::Conflict(_) => "that does not fit the state it is in",
            Error::Stale { .. } => "somebody was quicker",
            Error::TooMany { .. } => "too many tries",
            Error::Unavailable(_) => "not possible now",
            Error::Internal(_) => "a fault of ours",
        };
        let problem = Problem::new(status, title);
        match error {
            Error::Internal(text) => {
                tracing::error!(error = %text, "internal error");
                problem.detail("it has been logged; nothing was changed")
            }
            Error::Invalid {
                field,
                problem: why,
            } => problem.field(field, why),
            Error::TooMany { seconds } => Problem {
                retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
                ..problem.detail(error_text(&Error::TooMany { seconds }))
            },
            Error::Unavailable(text) => Problem {
                retry_after: Some(UNAVAILABLE_SECONDS),
                ..problem.detail(text)
            },
            other => problem.detail(error_text(&other)),
        }
    }
}

fn error_text(error: &Error) -> String {
    error.to_string()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"switchboard\""),
            );
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        // For pages and logs further out, which do not read the body.
        headers.insert(
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        );
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_status() {
        let table = [
            (Error::invalid("a", "b"), 422),
            (Error::Unauthenticated(String::new()), 401),
            (Error::Forbidden(String::new()), 403),
            (Error::not_found("x"), 404),
            (Error::Conflict(String::new()), 409),
            (Error::Stale { current: 1 }, 412),
            (Error::TooMany { seconds: 9 }, 429),
            (Error::Unavailable(String::new()), 503),
            (Error::Internal(String::new()), 500),
        ];
        for (error, status) in table {
            assert_eq!(Problem::from(error).status.as_u16(), status);
        }
    }

    #[test]
    fn a_fault_of_ours_tells_nothing_of_the_inside() {
        let problem = Problem::from(Error::Internal("SELECT secret".into()));
        assert!(!format!("{problem:?}").contains("secret"));
    }

    #[test]
    fn who_has_to_wait_is_told_how_long() {
        let response = Problem::from(Error::TooMany { seconds: 60 }).into_response();
        assert_eq!(response.headers()["retry-after"], "60");
    }
}
