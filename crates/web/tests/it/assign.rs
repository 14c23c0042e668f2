//! Mass assignment (bar A-02): no body takes a field that is not its own.
//! Generated from the document of the API: every object in every request body,
//! with every name that any answer or any other request has.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::{TestDesk, both};
use web::policy::{self, Needs};

use crate::document::{document, operations};

/// Names of columns and of rights that no schema of the document has to name,
/// and what hostile bodies bring.
const MORE_NAMES: [&str; 22] = [
    "requester_id",
    "owner_id",
    "unit_id",
    "person_id",
    "admin",
    "support",
    "monitor",
    "first_level",
    "active",
    "disabled_at",
    "role",
    "roles",
    "actor",
    "channel",
    "password_hash",
    "secret",
    "csrf",
    "access",
    "doc",
    "mass_assigned",
    "__proto__",
    "constructor",
];

fn resolved<'d>(schema: &'d Value, document: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(to) => resolved(
            document.pointer(to.trim_start_matches('#')).unwrap(),
            document,
        ),
        None => schema,
    }
}

/// The choices of a schema, without `null`.
fn choices<'d>(schema: &'d Value, document: &'d Value) -> Vec<&'d Value> {
    let schema = resolved(schema, document);
    match schema["oneOf"].as_array() {
        Some(all) => all
            .iter()
            .map(|one| resolved(one, document))
            .filter(|one| one["type"] != "null")
            .collect(),
        None => vec![schema],
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    schema["type"] == name
        || schema["type"]
            .as_array()
            .is_some_and(|all| all.iter().any(|t| t == name))
}

/// The least that is right for a schema.
fn sample(schema: &Value, document: &Value) -> Value {
    let schema = choices(schema, document)[0];
    if let Some(word) = schema["enum"].as_array() {
        return word[0].clone();
    }
    if has_type(schema, "object") {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        return required
            .iter()
            .map(|name| {
                let name = name.as_str().unwrap();
                (
                    name.to_owned(),
                    sample(&schema["properties"][name], document),
                )
            })
            .collect();
    }
    if has_type(schema, "array") {
        return json!([sample(&schema["items"], document)]);
    }
    match (schema["format"].as_str(), has_type(schema, "integer")) {
        (Some("date-time"), _) => json!("2027-01-01T00:00:00Z"),
        (Some("uuid"), _) => json!("0190f3a0-0000-7000-8000-000000000000"),
        (_, true) => json!(1),
        _ if has_type(schema, "boolean") => json!(false),
        _ => json!("word"),
    }
}

/// One object in a request body that a foreign field can be put into.
struct Target {
    /// A body that is right, with this object in it.
    body: Value,
    /// Where in the body the object is, as a JSON pointer.
    at: String,
    /// The fields it has.
    own: BTreeSet<String>,
    /// The schema says that it takes no others.
    closed: bool,
    /// It is one of several shapes: which one was meant can not be told, so
    /// the refusal need not name the field.
    one_of_many: bool,
}

/// Every object of this schema and of what lies in it.
fn targets(
    schema: &Value,
    document: &Value,
    at: &str,
    body: &dyn Fn(Value) -> Value,
    found: &mut Vec<Target>,
) {
    let choices = choices(schema, document);
    for choice in &choices {
        if has_type(choice, "array") {
            let wrap = |inner: Value| body(json!([inner]));
            targets(&choice["items"], document, &format!("{at}/0"), &wrap, found);
        }
        let Some(properties) = choice["properties"].as_object() else {
            continue;
        };
        let least = sample(choice, document);
        found.push(Target {
            body: body(least.clone()),
            at: at.to_owned(),
            own: properties.keys().cloned().collect(),
            closed: choice["additionalProperties"] == false,
            one_of_many: choices.len() > 1,
        });
        for (name, property) in properties {
            let wrap = |inner: Value| {
                let mut whole = least.clone();
                whole[name] = inner;
                body(whole)
            };
            targets(property, document, &format!("{at}/{name}"), &wrap, found);
        }
    }
}

/// Every operation that takes JSON, with the objects of its body.
fn bodies(document: &Value) -> Vec<(String, String, Vec<Target>)> {
    let mut all = Vec::new();
    for (method, path, operation) in operations(document) {
        let content = &operation["requestBody"]["content"];
        let Some(schema) = content["application/json"].get("schema") else {
            continue;
        };
        let mut found = Vec::new();
        targets(schema, document, "", &|whole| whole, &mut found);
        assert!(!found.is_empty(), "{method} {path}: no object in its body");
        all.push((method, path, found));
    }
    all
}

/// Every name of a field in the whole document, and some more.
fn names(document: &Value) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = MORE_NAMES.map(str::to_owned).into();
    for schema in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .values()
    {
        if let Some(properties) = schema["properties"].as_object() {
            names.extend(properties.keys().cloned());
        }
    }
    names
}

#[test]
fn every_object_in_every_request_is_closed() {
    let document = document();
    let mut open = Vec::new();
    for (method, path, targets) in bodies(&document) {
        for target in targets.iter().filter(|t| !t.closed) {
            open.push(format!("{method} {path} at {:?}", target.at));
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn no_request_takes_a_field_that_is_not_its_own() {
    both(|desk| async move {
        let f = desk.federation().await;
        let open = json!({"subject": "S", "description": "D", "unit": "storage"});
        let number = desk
            .post(&f.rita, "/tickets", open)
            .await
            .expect(201)
            .number();
        let document = document();
        let names = names(&document);
        let before = desk.get(&f.ada, "/events?limit=1000").await.expect(200);
        let tokens = desk.get(&f.ada, "/people/me/tokens").await.expect(200);
        let writes = desk.desk.db().written().writes;
        let mut tried = 0_usize;
        for (method, path, targets) in bodies(&document) {
            let row = policy::api()
                .find(|r| r.method == method && r.path == path)
                .unwrap();
            let who = if row.needs == Needs::Admin {
                &f.ada
            } else {
                &f.rita
            };
            let path = path
                .replace("{number}", &number.to_string())
                .replace("{name}", "storage")
                .replace("{key}", "test")
                .replace("{who}", "me")
                .replace("{id}", "0190f3a0-0000-7000-8000-000000000000");
            for target in &targets {
                for name in names.difference(&target.own) {
                    let mut body = target.body.clone();
                    body.pointer_mut(&target.at).unwrap()[name] = json!(true);
                    let request =
                        TestDesk::request(who, method.parse().unwrap(), &path, Some(&body));
                    let answer = desk.ask(request).await;
                    let what = format!("{method} {path} {body}: {}", answer.text());
                    if row.needs == Needs::Signed {
                        // Who is not believed is not read, but for who brings the key.
                        assert!(matches!(answer.status, 400 | 401), "{what}");
                        continue;
                    }
                    if target.one_of_many {
                        assert!(matches!(answer.status, 400 | 422), "{what}");
                    } else {
                        assert_eq!(answer.status, 400, "{what}");
                        let named = answer.json["field"].as_str().unwrap_or_default();
                        let last = named.rsplit('.').next().unwrap_or_default();
                        assert_eq!(last, name, "{what}");
                    }
                    tried += 1;
                }
            }
        }
        assert!(tried > 1_000, "only {tried} bodies were tried");
        assert_eq!(desk.desk.db().written().writes, writes, "something wrote");
        let after = desk.get(&f.ada, "/events?limit=1000").await;
        assert_eq!(after.json, before.json);
        let after = desk.get(&f.ada, "/people/me/tokens").await;
        assert_eq!(after.json, tokens.json);
    });
}
