//! Several statements in one journey to the server.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio_postgres::{Client, Statement};

use super::values::references;
use crate::value::Value;

/// Something that waits to be sent with the next statement that has an answer.
pub(super) enum Waiting {
    /// Transaction control.
    Plain(&'static str),
    /// A change nobody needs the count of.
    Bound(Statement, Vec<Value>),
    /// A query whose rows will be wanted.
    Expected(Statement, Vec<Value>),
}

/// The statement whose answer is wanted.
pub(super) enum Last<'a> {
    Nothing,
    Execute(&'a Statement, &'a [Value]),
    Query(&'a Statement, &'a [Value]),
    Plain(&'a str),
}

#[derive(Default)]
pub(super) struct Answer {
    pub(super) changed: u64,
    pub(super) rows: Vec<tokio_postgres::Row>,
    /// The rows of each query that was expected, in order.
    pub(super) expected: Vec<Vec<tokio_postgres::Row>>,
}

/// Sends everything, one behind the other, before the first answer is waited
/// for. The first failure is the one that counts: those after it only say
/// that the transaction has failed.
pub(super) async fn journey(
    client: &Client,
    waiting: &[Waiting],
    last: &Last<'_>,
) -> Result<Answer, tokio_postgres::Error> {
    type Step<'a> = Pin<Box<dyn Future<Output = Result<Answer, tokio_postgres::Error>> + 'a>>;

    async fn plain(client: &Client, sql: &str) -> Result<Answer, tokio_postgres::Error> {
        client.batch_execute(sql).await.map(|()| Answer::default())
    }
    async fn execute(
        client: &Client,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Answer, tokio_postgres::Error> {
        let changed = client.execute(statement, &references(values)).await?;
        Ok(Answer {
            changed,
            ..Answer::default()
        })
    }
    async fn query(
        client: &Client,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Answer, tokio_postgres::Error> {
        let rows = client.query(statement, &references(values)).await?;
        Ok(Answer {
            rows,
            ..Answer::default()
        })
    }

    let mut steps: Vec<Option<Step<'_>>> = Vec::with_capacity(waiting.len() + 1);
    for step in waiting {
        steps.push(Some(match step {
            Waiting::Plain(sql) => Box::pin(plain(client, sql)),
            Waiting::Bound(statement, values) => Box::pin(execute(client, statement, values)),
            Waiting::Expected(statement, values) => Box::pin(query(client, statement, values)),
        }));
    }
    match last {
        Last::Nothing => {}
        Last::Plain(sql) => steps.push(Some(Box::pin(plain(client, sql)))),
        Last::Execute(statement, values) => {
            steps.push(Some(Box::pin(execute(client, statement, values))));
        }
        Last::Query(statement, values) => {
            steps.push(Some(Box::pin(query(client, statement, values))));
        }
    }
    let mut failures: Vec<Option<tokio_postgres::Error>> = steps.iter().map(|_| None).collect();
    let mut answer = Answer::default();
    let mut expected: Vec<Option<Vec<tokio_postgres::Row>>> =
        waiting.iter().map(|_| None).collect();
    // A request is sent when it is polled for the first time, so they go out in order.
    poll_fn(|context| {
        let mut open = false;
        for (place, step) in steps.iter_mut().enumerate() {
            let Some(running) = step else { continue };
            match running.as_mut().poll(context) {
                Poll::Pending => {
                    open = true;
                    continue;
                }
                Poll::Ready(Ok(done)) => match waiting.get(place) {
                    None => answer = done,
                    Some(Waiting::Expected(..)) => expected[place] = Some(done.rows),
                    Some(_) => {}
                },
                Poll::Ready(Err(error)) => failures[place] = Some(error),
            }
            *step = None;
        }
        if open { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    match failures.into_iter().flatten().next() {
        Some(error) => Err(error),
        None => {
            answer.expected = expected.into_iter().flatten().collect();
            Ok(answer)
        }
    }
}
