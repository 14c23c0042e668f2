//! The clients that the field's scripts use, from PyPI and unchanged, against the
//! systems of the tests: what they do with a real one, they do here.

use crate::ggus_soap_server::GgusSoapServer;
use crate::github_server::GitHubServer;
use crate::gitlab_server::GitLabServer;
use crate::jira_server::JiraServer;
use crate::zammad_server::ZammadServer;

/// Runs a script below `tests` with the address of a system; it says at its end that
/// it did everything.
async fn does_everything(client: &'static str, url: String) {
    let Some(python) = crate::peer::peer("SWITCHBOARD_TEST_PYTHON") else {
        return;
    };
    let script = format!("{}/tests/{client}_client.py", env!("CARGO_MANIFEST_DIR"));
    let run = tokio::task::spawn_blocking(move || {
        std::process::Command::new(python)
            .args([script, url])
            .output()
    });
    let run = run.await.unwrap().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(run.status.success(), "{said}");
    let told = format!("{client} did everything");
    assert!(said.contains(&told), "{said}");
}

#[tokio::test]
async fn zammad_py_takes_it_for_a_zammad() {
    does_everything("zammad", ZammadServer::start().await.url).await;
}

#[tokio::test]
async fn pygithub_takes_it_for_a_github() {
    does_everything("github", GitHubServer::start().await.url).await;
}

#[tokio::test]
async fn python_gitlab_takes_it_for_a_gitlab() {
    does_everything("gitlab", GitLabServer::start().await.url).await;
}

#[tokio::test]
async fn pypis_jira_takes_it_for_a_jira() {
    does_everything("jira", JiraServer::start(false).await.url).await;
}

#[tokio::test]
async fn suds_takes_it_for_a_ggus_of_before_2025() {
    does_everything("ggus_soap", GgusSoapServer::start().await.url).await;
}
