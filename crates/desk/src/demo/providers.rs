//! Providers of the demo: who looks after what, and their forms.

use switchboard_core::onboarding::{
    Answered, Form, ProviderPart, Question, ServicePart, UnitPart, Way,
};
use switchboard_core::{Actor, Channel};

use super::DAY;
use crate::onboarding::Decision;
use crate::service_provider::ProviderChange;
use crate::site::SiteEdit;
use crate::{Desk, Error, FakeClock};

/// Countries and addresses of those who provide the demo's services.
const PROVIDERS: [(&str, &str, &str, &str); 3] = [
    (
        "cesnet",
        "Czechia",
        "https://www.cesnet.example",
        "office@cesnet.example",
    ),
    (
        "egi",
        "Netherlands",
        "https://www.egi.example",
        "office@egi.example",
    ),
    (
        "eudat",
        "Finland",
        "https://www.eudat.example",
        "office@eudat.example",
    ),
];

/// Where services run: key, name, another name, country, who is told. One contact is
/// somebody of the demo, the others are lists.
const SITES: [(&str, &str, &str, &str, &str); 4] = [
    (
        "CESNET-MCC",
        "CESNET MetaCentrum Cloud",
        "metacentrum",
        "Czechia",
        "storage@demo",
    ),
    (
        "IFCA-LCG2",
        "IFCA Santander",
        "ifca",
        "Spain",
        "grid@ifca.example",
    ),
    (
        "INFN-CLOUD-CNAF",
        "INFN-CNAF Bologna",
        "cnaf",
        "Italy",
        "noc@cnaf.example",
    ),
    (
        "FZJ",
        "Jülich Supercomputing Centre",
        "juelich",
        "Germany",
        "support@fzj.example",
    ),
];

/// Sites for which a unit of the desk answers; the others have a contact only.
const UNITS_OF_SITES: [(&str, &str); 2] = [("CESNET-MCC", "storage"), ("IFCA-LCG2", "fedcloud")];

/// Makes the sites that tickets can name.
pub(super) async fn sites(desk: &Desk) -> Result<(), Error> {
    let system = Actor::system(Channel::Cli);
    for (key, name, alias, country, contact) in SITES {
        let edit = SiteEdit {
            name: Some(name.to_owned()),
            aliases: Some(vec![alias.to_owned()]),
            contact: Some(Some(contact.to_owned())),
            unit: UNITS_OF_SITES
                .iter()
                .find(|(site, _)| *site == key)
                .map(|(_, unit)| Some((*unit).to_owned())),
            country: Some(country.to_owned()),
            active: None,
        };
        desk.put_site(&system, key, true, None, edit).await?;
    }
    Ok(())
}

/// Makes the providers' pages say something, and leaves three forms: one
/// accepted, one that waits, one draft.
pub(super) async fn fill(desk: &Desk) -> Result<(), Error> {
    let now = desk.now();
    let acts = async |email: &str| {
        let person = desk.person_by_email(email).await?;
        desk.actor_for(person.id, Channel::Web).await
    };
    let (admin, ilona, marta) = (
        acts("admin@demo").await?,
        acts("storage@demo").await?,
        acts("user@demo").await?,
    );
    for (key, country, home_page, contact) in PROVIDERS {
        let change = ProviderChange {
            country: Some(country.to_owned()),
            home_page: Some(home_page.to_owned()),
            contact: Some(contact.to_owned()),
            ..ProviderChange::default()
        };
        match desk.change_provider(&admin, key, change).await {
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(e) => return Err(e),
        }
    }
    desk.add_provider_contact(&admin, "eudat", "storage@demo")
        .await?;

    let at = |days| desk.with_clock(std::sync::Arc::new(FakeClock::at(now - days * DAY)));
    let past = at(6);
    let id = past.begin_onboarding(&ilona).await?;
    past.save_onboarding(&ilona, id, None, atlas()).await?;
    past.submit_onboarding(&ilona, id, None, "The observatory opens in spring.")
        .await?;
    at(5)
        .decide_onboarding(&admin, id, None, Decision::Accept)
        .await?;

    let past = at(1);
    let id = past.begin_onboarding(&marta).await?;
    past.save_onboarding(&marta, id, None, herbarium()).await?;
    past.submit_onboarding(&marta, id, None, "Our curators would work here themselves.")
        .await?;

    let id = past.begin_onboarding(&marta).await?;
    past.save_onboarding(&marta, id, None, tides()).await?;
    // The mails about all of it lie in the outbox when the demo begins.
    desk.run_jobs().await?;
    desk.forget_catalogue();
    desk.forget_actors();
    Ok(())
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn atlas() -> Form {
    let mut form = Form::fresh("storage@demo");
    form.provider = ProviderPart {
        known: String::new(),
        name: s("Ondřejov Observatory"),
        country: s("Czechia"),
        home_page: s("https://www.observatory.example"),
        contact: s("office@observatory.example"),
    };
    form.services = vec![ServicePart {
        name: s("Sky Atlas"),
        area: s("Data"),
        description: s("Calibrated plates of the northern sky."),
        contact: s("atlas@observatory.example"),
        questions: vec![Question {
            label: s("Plate or field"),
            required: false,
        }],
    }];
    form.option = Some(Way::Direct);
    form.unit = UnitPart {
        name: s("Sky Atlas support"),
        parent: s("data"),
        level: s("2"),
        description: s("Runs the Sky Atlas and its archive of plates."),
        list: s("atlas-ops@observatory.example"),
        responsibles: vec![s("storage@demo")],
    };
    form.quality.time_zone = s("Europe/Prague");
    form.quality.escalation = s("head@observatory.example");
    form.issues.types = vec![s("Missing plate"), s("Wrong calibration")];
    form.issues.faq = vec![Answered {
        question: s("What should a ticket name?"),
        answer: s("The plate’s number, or the field’s coordinates."),
    }];
    form
}

fn herbarium() -> Form {
    let mut form = Form::fresh("user@demo");
    form.provider = ProviderPart {
        known: String::new(),
        name: s("Baltic Herbarium"),
        country: s("Poland"),
        home_page: s("https://herbarium.example"),
        contact: s("office@herbarium.example"),
    };
    form.services = vec![ServicePart {
        name: s("Herbarium Viewer"),
        area: s("Data"),
        description: s("Two million sheets, to look at and to cite."),
        ..ServicePart::default()
    }];
    form.option = Some(Way::Direct);
    form.unit = UnitPart {
        name: s("Herbarium support"),
        parent: s("first-level"),
        level: s("2"),
        description: s("Curators and developers of the viewer."),
        list: String::new(),
        responsibles: vec![s("user@demo"), s("curator@herbarium.example")],
    };
    form.quality.qos = s("base");
    form.quality.time_zone = s("Europe/Warsaw");
    form.quality.escalation = s("office@herbarium.example");
    form.issues.types = vec![s("A sheet is mislabelled")];
    form
}

fn tides() -> Form {
    let mut form = Form::fresh("user@demo");
    form.provider.name = s("Tide Gauge Network");
    form.services[0].name = s("Tides");
    form.option = Some(Way::Integration);
    form.exchange.system = s("rt");
    form.exchange.endpoint = s("https://rt.tides.example/REST/2.0");
    form.exchange.queue = s("tides");
    form.fill_maps();
    form
}
