//! Notes that a mail was displayed (RFC 8098).

use super::{Finding, OwnAddresses, SuppressReason};
use crate::parse::Incoming;

/// A report of type `disposition-notification`, or its part.
pub(super) fn find(mail: &Incoming, _: &OwnAddresses) -> Option<Finding> {
    let content_type = mail
        .headers
        .get("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let report = content_type.starts_with("multipart/report")
        && (content_type.contains("disposition-notification")
            || mail.attachments.iter().any(|part| {
                matches!(
                    part.media_type.as_str(),
                    "message/disposition-notification" | "message/global-disposition-notification"
                )
            }));
    report.then_some(Finding::Suppress(SuppressReason::ReadReceipt, None))
}
