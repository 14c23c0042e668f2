//! `/passkeys/ask`: what the script hands to `navigator.credentials`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use desk::passkey::PasskeyAsk;
use serde::Serialize;

use super::account_post::fresh;
use super::fault::Fault;
use super::posted::Posted;

/// The answer, in JSON.
#[derive(Debug, Serialize)]
struct Ask {
    word: String,
    options: serde_json::Value,
}

impl From<PasskeyAsk> for Ask {
    fn from(ask: PasskeyAsk) -> Ask {
        Ask {
            word: ask.word,
            options: ask.options,
        }
    }
}

/// `POST /passkeys/ask`: for `sign_in`, `second_step`, `prove` or `add`.
pub async fn ask(posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let result = options(&posted)
        .await
        .map(|ask| Json(Ask::from(ask)).into_response());
    posted.visit.close(result).await
}

async fn options(posted: &Posted) -> Result<PasskeyAsk, Fault> {
    let visit = &posted.visit;
    let asked = match posted.text("for") {
        "sign_in" => visit.desk.ask_sign_in_passkey().await,
        "second_step" => visit.desk.ask_step_passkey(&visit.step).await,
        "prove" => {
            let who = visit.who.as_ref().ok_or(Fault::SignInFirst)?;
            visit.desk.ask_proof_passkey(who).await
        }
        "add" => visit.desk.ask_new_passkey(fresh(visit)?).await,
        _ => return Err(Fault::no_page()),
    };
    Ok(asked?)
}
