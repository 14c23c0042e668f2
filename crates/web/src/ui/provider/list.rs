//! `/provider/list/{word}`: somebody who reads a mailing list confirms that it
//! gets our mail. Looking at the page changes nothing: programs look at links too.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::ui::assets::Asset;
use crate::ui::frame::{Frame, Here, Room};
use crate::ui::posted::Posted;
use crate::ui::view::Icon;
use crate::ui::visit::Visit;

/// The page behind the link.
#[derive(Debug, Clone, Template)]
#[template(path = "provider/list.html")]
pub struct ListPage {
    /// Around it.
    pub frame: Frame,
    /// Where the form goes.
    pub action: String,
    /// The list.
    pub list: String,
    /// It is confirmed.
    pub done: bool,
}

/// `GET /provider/list/{word}`.
pub async fn show(visit: Visit, Path(word): Path<String>) -> Response {
    let result = async {
        let list = visit.desk.list_to_confirm(&word).await?;
        visit.page(&ListPage {
            frame: visit.frame(Room::Public, Here::Elsewhere).await?,
            action: format!("/provider/list/{word}"),
            list,
            done: false,
        })
    }
    .await;
    visit.close(result).await
}

/// `POST /provider/list/{word}`.
pub async fn confirm(Path(word): Path<String>, posted: Posted) -> Response {
    let posted = match posted.ours().await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let visit = &posted.visit;
    let result = async {
        let list = visit.desk.confirm_list(&word).await?;
        visit.page(&ListPage {
            frame: visit.frame(Room::Public, Here::Elsewhere).await?,
            action: String::new(),
            list,
            done: true,
        })
    }
    .await;
    posted.visit.close(result).await
}
