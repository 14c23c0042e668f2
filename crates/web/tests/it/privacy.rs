//! A person's data through the API: given out and erased, to themselves and by
//! administrators, and to nobody else.

use serde_json::json;
use testkit::{Somebody, TestDesk, both};

async fn archive(desk: &TestDesk, who: &Somebody, list: &str) -> String {
    let made = desk.post(who, list, json!({})).await.expect(202);
    desk.post(who, list, json!({})).await.expect(409);
    let id = made.json["id"].as_str().unwrap().to_owned();
    let waiting = desk.get(who, list).await.expect(200).json;
    assert_eq!(waiting["items"][0]["state"], "asked");
    desk.get(who, &format!("{list}/{id}")).await.expect(404);
    desk.run_jobs().await;
    let ready = desk.get(who, list).await.expect(200).json;
    assert_eq!(ready["items"][0]["state"], "ready", "{ready}");
    format!("{list}/{id}")
}

#[test]
fn an_archive_is_made_and_fetched_by_whom_it_is_for() {
    both(|desk| async move {
        let f = desk.federation().await;
        let mine = archive(&desk, &f.rita, "/people/me/exports").await;
        let answer = desk.get(&f.rita, &mine).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/zip");
        assert!(answer.bytes.starts_with(b"PK"));
        // Under their own address nobody gets another's, administrators neither.
        for other in [&f.otto, &f.ada] {
            desk.get(other, &mine).await.expect(404);
        }
        let theirs = format!("/people/{}/exports", f.otto.id);
        let ordered = archive(&desk, &f.ada, &theirs).await;
        desk.get(&f.ada, &ordered).await.expect(200);
        desk.get(&f.otto, &ordered).await.expect(403);
        // The archive of one is not found under the name of another.
        let mixed = ordered.replace(&f.otto.id.to_string(), &f.rita.id.to_string());
        desk.get(&f.ada, &mixed).await.expect(404);
        desk.clock.advance(8 * 86_400_000);
        desk.get(&f.rita, &mine).await.expect(404);
    });
}

#[test]
fn an_erasure_by_token_needs_the_mailed_link_or_an_administrators_care() {
    both(|desk| async move {
        let f = desk.federation().await;
        let path = "/people/me/erasure";
        desk.get(&f.rita, path).await.expect(404);
        let asked = desk.post(&f.rita, path, json!({})).await.expect(202).json;
        assert_eq!(asked["state"], "asked", "{asked}");
        desk.run_jobs().await;
        let mail = desk.sent_mail().pop().unwrap();
        assert_eq!(
            (mail.to, mail.subject.as_str()),
            (f.rita.email.clone(), "Erase my data?")
        );
        // A token alone erases nobody.
        desk.clock.advance(30 * 86_400_000);
        desk.run_jobs().await;
        let rita = desk.desk.person_by_email(&f.rita.email).await.unwrap();
        assert_eq!(rita.id, f.rita.id);
        desk.delete(&f.rita, path).await.expect(204);
        desk.get(&f.rita, path).await.expect(404);
        desk.delete(&f.rita, path).await.expect(404);

        let path = format!("/people/{}/erasure", f.rita.id);
        let order = |again: &str| json!({"reason": "By letter.", "again": again});
        let wrong = desk.post(&f.ada, &path, order(&f.otto.email)).await;
        assert_eq!(wrong.expect(422).json["field"], "again");
        desk.post(&f.sam, &path, order(&f.rita.email))
            .await
            .expect(403);
        desk.post(&f.ada, &path, order(&f.rita.email))
            .await
            .expect(202);
        desk.run_jobs().await;
        assert!(desk.desk.person_by_email(&f.rita.email).await.is_err());
        desk.get(&f.ada, &path).await.expect(404);
    });
}
