//! The OpenAPI document: a snapshot, and what must hold for all of it.

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) fn document() -> Value {
    serde_json::to_value(web::api::document()).unwrap()
}

/// Method and path of every operation.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete"] {
            if let Some(operation) = item.get(method) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

#[test]
fn the_document_is_as_it_was_read_last() {
    insta::assert_json_snapshot!("openapi", document());
}

#[test]
fn every_reference_leads_somewhere() {
    fn look(value: &Value, document: &Value, missing: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(to)) = map.get("$ref") {
                    let pointer = to.trim_start_matches('#');
                    if document.pointer(pointer).is_none() {
                        missing.insert(to.clone());
                    }
                }
                map.values().for_each(|v| look(v, document, missing));
            }
            Value::Array(items) => items.iter().for_each(|v| look(v, document, missing)),
            _ => {}
        }
    }
    let document = document();
    let mut missing = BTreeSet::new();
    look(&document, &document, &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_operation_says_what_it_can_answer() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "{method} {path}: its name is taken");
        let responses = operation["responses"].as_object().unwrap();
        let has = |status: &str| responses.contains_key(status);
        assert!(
            responses.keys().any(|s| s.starts_with('2')),
            "{method} {path}"
        );
        for status in ["400", "401", "403", "422", "503"] {
            assert!(has(status), "{method} {path} lacks {status}");
        }
        if path.contains('{') {
            assert!(has("404"), "{method} {path} lacks 404");
        }
        if operation.get("requestBody").is_some() {
            assert!(has("413") && has("415"), "{method} {path} lacks 413 or 415");
        }
        assert!(
            operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
            "{method} {path} has no summary"
        );
    }
}

#[test]
fn every_body_that_is_sent_is_closed() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let Some(reference) = operation
            .pointer("/requestBody/content/application~1json/schema/$ref")
            .and_then(Value::as_str)
        else {
            continue;
        };
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        assert_eq!(
            schema["additionalProperties"], false,
            "{method} {path} takes fields that it does not know"
        );
    }
}
