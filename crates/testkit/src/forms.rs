//! Forms of the onboarding, filled in.

use switchboard_core::onboarding::{Answered, Form, ProviderPart, ServicePart, Way};

/// A whole form for direct usage.
pub fn whole_form(responsibles: &[&str]) -> Form {
    let mut form = Form::fresh("");
    form.provider = ProviderPart {
        known: String::new(),
        name: "Sky Institute".into(),
        country: "Czechia".into(),
        home_page: "https://sky.example".into(),
        contact: "office@sky.example".into(),
    };
    form.services = vec![ServicePart {
        name: "Sky Atlas".into(),
        area: "Data".into(),
        description: "Pictures of the whole sky.".into(),
        ..ServicePart::default()
    }];
    form.option = Some(Way::Direct);
    form.unit.name = "Sky Atlas support".into();
    form.unit.parent = "storage".into();
    form.unit.description = "Runs the atlas.".into();
    form.unit.responsibles = responsibles.iter().map(|r| (*r).to_owned()).collect();
    form.quality.time_zone = "Europe/Prague".into();
    form.quality.escalation = "head@sky.example".into();
    form.issues.types = vec!["Missing plates".into()];
    form.issues.faq = vec![Answered {
        question: "Where do plates come from?".into(),
        answer: "From the archive.".into(),
    }];
    form
}

/// A form for full exchange with an RT.
pub fn coupled_form(queue: &str) -> Form {
    let mut form = whole_form(&["pia@people.example"]);
    form.option = Some(Way::Integration);
    form.exchange.system = "rt".into();
    form.exchange.endpoint = "https://rt.sky.example/REST/2.0".into();
    form.exchange.secret = "sky-rt".into();
    form.exchange.queue = queue.into();
    form.exchange.direction = "both".into();
    form.exchange.attachments = true;
    form.fill_maps();
    form
}
