//! Systems of others, met for real. Each file holds what one of them does.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose peer can not be talked to stops there"
)]

// `testkit` builds on this crate: as a dependency it would have the whole desk
// built after every change here, before a test of it runs.
#[path = "../../../testkit/src/answering.rs"]
pub mod answering;
#[path = "../../../testkit/src/ggus_soap.rs"]
pub mod ggus_soap_server;
#[path = "../../../testkit/src/github.rs"]
pub mod github_server;
#[path = "../../../testkit/src/gitlab.rs"]
pub mod gitlab_server;
#[path = "../../../testkit/src/jira.rs"]
pub mod jira_server;
#[path = "../../../testkit/src/lossy.rs"]
pub mod lossy;
#[path = "../../../testkit/src/peer.rs"]
pub mod peer;
#[path = "../../../testkit/src/rt.rs"]
pub mod server;
#[path = "../../../testkit/src/tls_door.rs"]
pub mod tls_door;
#[path = "../../../testkit/src/zammad.rs"]
pub mod zammad_server;

mod clients;
mod ggus_soap;
mod github;
mod gitlab;
mod issue_links;
mod jira;
mod rt;
mod rt_lossy;
mod rt_tickets;
mod zammad;
