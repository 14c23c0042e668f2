//! The made-up federation: units, services, people, notices. Any likeness of
//! people is chance; the addresses lead nowhere.

use store::unit::{Faq, FieldType, FormField, Hint};

pub(super) struct DemoUnit {
    pub key: &'static str,
    pub name: &'static str,
    pub level: i64,
    pub parent: Option<&'static str>,
    pub category: &'static str,
    pub description: &'static str,
    pub list: Option<&'static str>,
    pub qos: &'static str,
    pub time_zone: &'static str,
    pub words: &'static [&'static str],
}

const fn unit(
    key: &'static str,
    name: &'static str,
    level: i64,
    parent: Option<&'static str>,
    category: &'static str,
    description: &'static str,
) -> DemoUnit {
    DemoUnit {
        key,
        name,
        level,
        parent,
        category,
        description,
        list: None,
        qos: "medium",
        time_zone: "Europe/Prague",
        words: &[],
    }
}

/// With first level these are 25.
pub(super) const UNITS: &[DemoUnit] = &[
    DemoUnit {
        qos: "advanced",
        words: &[
            "leak",
            "leaked",
            "key",
            "strange login",
            "compromised",
            "phishing",
        ],
        ..unit(
            "security",
            "Security response",
            2,
            Some("first-level"),
            "Desk",
            "Handles everything that endangers accounts or data, together with the sites.",
        )
    },
    DemoUnit {
        list: Some("storage-ops@storage.example"),
        words: &["checksum", "multipart", "s3", "bucket", "gateway"],
        ..unit(
            "storage",
            "Storage operations",
            2,
            Some("data"),
            "Data",
            "Runs the object storage behind B2SHARE and the community buckets.",
        )
    },
    DemoUnit {
        list: Some("b2share-ops@eudat.example"),
        time_zone: "Europe/Helsinki",
        words: &["upload", "record", "doi", "draft", "metadata"],
        ..unit(
            "b2share",
            "B2SHARE operations",
            2,
            Some("data"),
            "Data",
            "Runs the B2SHARE repository: uploads, records, DOIs, communities.",
        )
    },
    unit(
        "data",
        "EUDAT operations",
        2,
        Some("first-level"),
        "Data",
        "Coordinates the data services and their sites.",
    ),
    DemoUnit {
        words: &["catalogue", "harvest", "facet"],
        ..unit(
            "b2find",
            "B2FIND support",
            2,
            Some("data"),
            "Data",
            "Runs the catalogue that searches across all communities' metadata.",
        )
    },
    DemoUnit {
        words: &["sync", "folder", "client"],
        ..unit(
            "b2drop",
            "B2DROP support",
            2,
            Some("data"),
            "Data",
            "Runs the sync and share service.",
        )
    },
    DemoUnit {
        words: &["handle", "pid", "prefix"],
        ..unit(
            "b2handle",
            "Persistent identifiers",
            2,
            Some("data"),
            "Data",
            "Registers handle prefixes and keeps the resolvers running.",
        )
    },
    DemoUnit {
        qos: "advanced",
        time_zone: "Europe/Athens",
        words: &["login", "sign-in", "institute", "token", "membership"],
        ..unit(
            "checkin",
            "Check-in",
            2,
            Some("first-level"),
            "Access",
            "Runs the sign-in service: institutes, ORCID, community accounts, tokens.",
        )
    },
    DemoUnit {
        words: &["vm", "quota", "image", "cores", "floating"],
        ..unit(
            "fedcloud",
            "FedCloud support",
            2,
            Some("first-level"),
            "Computing",
            "First stop for virtual machines at all cloud sites.",
        )
    },
    DemoUnit {
        words: &["kernel", "notebook", "jupyter"],
        ..unit(
            "notebooks",
            "Notebooks",
            2,
            Some("fedcloud"),
            "Computing",
            "Runs Jupyter in the browser close to the data.",
        )
    },
    DemoUnit {
        words: &["job", "batch", "queue", "ce"],
        ..unit(
            "htc",
            "High-throughput computing",
            2,
            Some("first-level"),
            "Computing",
            "Helps with batch jobs on the federated clusters.",
        )
    },
    DemoUnit {
        words: &["transfer", "fts", "endpoint"],
        ..unit(
            "transfer",
            "Data transfer",
            2,
            Some("first-level"),
            "Transfer",
            "Runs the service that moves large data sets between sites.",
        )
    },
    DemoUnit {
        words: &["accounting", "usage"],
        ..unit(
            "accounting",
            "Accounting",
            2,
            Some("first-level"),
            "Operations",
            "Collects and publishes usage records.",
        )
    },
    DemoUnit {
        words: &["alarm", "probe", "monitoring"],
        ..unit(
            "monitoring",
            "Monitoring",
            2,
            Some("first-level"),
            "Operations",
            "Probes all services and computes availability.",
        )
    },
    DemoUnit {
        words: &["certificate", "trust anchor", "crl"],
        ..unit(
            "trust",
            "Trust anchors",
            2,
            Some("security"),
            "Access",
            "Distributes the trust anchors and answers for certificates.",
        )
    },
    unit(
        "cesnet-cloud",
        "CESNET cloud site",
        3,
        Some("fedcloud"),
        "Sites",
        "Operates the cloud site at CESNET.",
    ),
    unit(
        "infn-cloud",
        "INFN cloud site",
        3,
        Some("fedcloud"),
        "Sites",
        "Operates the cloud site in Bologna.",
    ),
    unit(
        "ifca-cloud",
        "IFCA cloud site",
        3,
        Some("fedcloud"),
        "Sites",
        "Operates the cloud site in Santander.",
    ),
    DemoUnit {
        time_zone: "Europe/Amsterdam",
        ..unit(
            "surf-archive",
            "SURF archive",
            3,
            Some("storage"),
            "Sites",
            "Operates the tape archive at SURF.",
        )
    },
    DemoUnit {
        time_zone: "Europe/Berlin",
        ..unit(
            "juelich-storage",
            "Jülich storage",
            3,
            Some("storage"),
            "Sites",
            "Operates the replica storage in Jülich.",
        )
    },
    DemoUnit {
        time_zone: "Europe/Helsinki",
        ..unit(
            "csc-storage",
            "CSC storage",
            3,
            Some("storage"),
            "Sites",
            "Operates the B2SHARE storage at CSC.",
        )
    },
    unit(
        "checkin-dev",
        "Check-in developers",
        3,
        Some("checkin"),
        "Developers",
        "Mends what operations can not.",
    ),
    unit(
        "b2share-dev",
        "B2SHARE developers",
        3,
        Some("b2share"),
        "Developers",
        "Develops the repository software.",
    ),
    unit(
        "fts-dev",
        "Transfer developers",
        3,
        Some("transfer"),
        "Developers",
        "Develops the transfer service.",
    ),
];

/// How many units lie above a unit.
pub(super) fn depth(unit: &DemoUnit) -> usize {
    unit.parent
        .and_then(|key| UNITS.iter().find(|u| u.key == key))
        .map_or(0, |above| 1 + depth(above))
}

pub(super) fn hints(unit: &DemoUnit) -> Vec<Hint> {
    if unit.words.is_empty() {
        return Vec::new();
    }
    vec![Hint {
        words: unit.words.iter().map(|w| (*w).to_owned()).collect(),
        weight: 3,
    }]
}

pub(super) fn faq(unit: &DemoUnit) -> Vec<Faq> {
    let question = |question: &str, answer: String| Faq {
        question: question.into(),
        answer,
    };
    let mut faq = vec![question("What belongs to us?", unit.description.into())];
    if let Some(parent) = unit.parent {
        let above = UNITS
            .iter()
            .find(|u| u.key == parent)
            .map_or("First level", |u| u.name);
        faq.push(question(
            "What does not?",
            format!("Questions that we can not answer go back to {above}."),
        ));
    }
    faq.push(question(
        "What should a ticket contain?",
        "What was done, what was expected, the exact message, and the time it happened.".into(),
    ));
    faq
}

pub(super) struct DemoService {
    pub key: &'static str,
    pub name: &'static str,
    pub provider: &'static str,
    pub area: &'static str,
    pub description: &'static str,
    pub unit: &'static str,
    pub option: &'static str,
    pub lamp: &'static str,
    pub lamp_text: &'static str,
    pub aliases: &'static [&'static str],
}

const fn service(
    key: &'static str,
    name: &'static str,
    provider: &'static str,
    area: &'static str,
    description: &'static str,
    unit: &'static str,
    aliases: &'static [&'static str],
) -> DemoService {
    DemoService {
        key,
        name,
        provider,
        area,
        description,
        unit,
        option: "direct",
        lamp: "running",
        lamp_text: "Running",
        aliases,
    }
}

pub(super) const SERVICES: &[DemoService] = &[
    service(
        "b2share",
        "B2SHARE",
        "EUDAT",
        "Data",
        "Publish and share research data with a DOI.",
        "b2share",
        &["repository"],
    ),
    DemoService {
        lamp: "degraded",
        lamp_text: "Degraded since 09:10",
        ..service(
            "checkin",
            "Check-in",
            "EGI",
            "Sign-in",
            "Sign in with your institute, ORCID or a community account.",
            "checkin",
            &["aai", "login"],
        )
    },
    service(
        "fedcloud",
        "FedCloud Compute",
        "EGI",
        "Computing",
        "Virtual machines at 23 sites, on demand.",
        "fedcloud",
        &["cloud", "vm"],
    ),
    DemoService {
        lamp: "planned",
        lamp_text: "Downtime Saturday",
        ..service(
            "object-storage",
            "CESNET object storage",
            "CESNET",
            "Data",
            "S3 and Swift storage for communities.",
            "storage",
            &["s3", "storage"],
        )
    },
    service(
        "notebooks",
        "Notebooks",
        "EGI",
        "Computing",
        "Jupyter in the browser, close to the data.",
        "notebooks",
        &["jupyter"],
    ),
    service(
        "b2find",
        "B2FIND",
        "EUDAT",
        "Data",
        "Search across the catalogues of all communities.",
        "b2find",
        &["catalogue"],
    ),
    service(
        "transfer",
        "Data transfer",
        "EGI",
        "Transfer",
        "Move large data sets between sites, with retries.",
        "transfer",
        &["fts"],
    ),
    service(
        "b2drop",
        "B2DROP",
        "EUDAT",
        "Data",
        "Sync and share files with your group.",
        "b2drop",
        &["sync"],
    ),
    service(
        "b2handle",
        "B2HANDLE",
        "EUDAT",
        "Data",
        "Persistent identifiers for your objects.",
        "b2handle",
        &["pid", "handle"],
    ),
    service(
        "htc",
        "High-throughput Compute",
        "EGI",
        "Computing",
        "Batch jobs on federated clusters.",
        "htc",
        &["grid", "batch"],
    ),
    service(
        "accounting",
        "Accounting portal",
        "EGI",
        "Operations",
        "Who used how much of what.",
        "accounting",
        &["usage"],
    ),
    service(
        "monitoring",
        "Service monitoring",
        "EGI",
        "Operations",
        "Availability and reliability of all services.",
        "monitoring",
        &["argo"],
    ),
];

pub(super) fn form(service: &str) -> Vec<FormField> {
    let text = |key: &str, label: &str| FormField {
        key: key.into(),
        label: label.into(),
        kind: FieldType::Text,
        ..FormField::default()
    };
    match service {
        "b2share" => vec![text("record", "Record or draft id")],
        "fedcloud" => vec![
            text("site", "Cloud site"),
            FormField {
                key: "cores".into(),
                label: "Cores wanted".into(),
                kind: FieldType::Number,
                ..FormField::default()
            },
        ],
        "checkin" => vec![text("institute", "Your institute")],
        "transfer" => vec![text("job", "Transfer job id")],
        _ => Vec::new(),
    }
}

pub(super) struct DemoNews {
    pub hours_ago: i64,
    pub kind: &'static str,
    pub title: &'static str,
    pub body: &'static str,
    pub service: &'static str,
}

pub(super) const NEWS: &[DemoNews] = &[
    DemoNews {
        hours_ago: 2,
        kind: "incident",
        title: "Check-in: sign-in loops back to the list of institutes",
        body: "Logins through some university providers fail; 61 people told us. The next update comes within two hours.",
        service: "checkin",
    },
    DemoNews {
        hours_ago: 20,
        kind: "downtime",
        title: "CESNET object storage: planned downtime on Saturday, 06:00 to 10:00 UTC",
        body: "B2SHARE and the community buckets will be read-only. Nothing will be lost.",
        service: "object-storage",
    },
    DemoNews {
        hours_ago: 30,
        kind: "news",
        title: "New transfer endpoint at SURF",
        body: "Data transfer now reaches the SURF archive directly; no staging needed.",
        service: "transfer",
    },
    DemoNews {
        hours_ago: 78,
        kind: "news",
        title: "Resolved: slow record pages in B2SHARE",
        body: "The search index was rebuilt on Monday. What happened, and what changes.",
        service: "b2share",
    },
    DemoNews {
        hours_ago: 170,
        kind: "news",
        title: "Certificates: the new trust anchors are out",
        body: "Sites have until the middle of January; users need do nothing.",
        service: "htc",
    },
];

pub(super) const STAFF: &[&str] = &[
    "Sofia Bianchi",
    "Matti Laine",
    "Tomás Ribeiro",
    "Jan Dvořák",
    "Lukas Meier",
    "Chiara Donati",
    "Agnieszka Wójcik",
    "Pieter de Vries",
    "Eleni Papadaki",
    "Jürgen Krause",
    "Aino Virtanen",
    "Miguel Ortega",
    "Bojana Petrović",
    "Liam Byrne",
    "Katarína Horváthová",
    "Emil Sørensen",
    "Nadia Haddad",
    "Rasmus Lind",
    "Ivana Kovač",
    "Giulia Ferri",
    "Yannis Kostas",
    "Petra Svoboda",
    "Hugo Lefèvre",
    "Marek Zając",
    "Astrid Holm",
    "Teodor Ionescu",
];

pub(super) const REQUESTERS: &[&str] = &[
    "Paweł Zieliński",
    "Anna Lindqvist",
    "Gérard Moreau",
    "Birgit Hoffmann",
    "Luca Romano",
    "Nora Eriksen",
    "Stefan Popescu",
    "Clara Fuentes",
    "Oskar Nilsson",
    "Ewa Nowak",
    "Filip Horák",
    "Dimitra Nikolaou",
    "Jonas Weber",
    "Amélie Dubois",
    "Rui Carvalho",
    "Zuzana Králová",
    "Thomas Janssen",
    "Ingrid Berg",
    "Marco Galli",
    "Helena Costa",
    "Viktor Szabó",
    "Lea Schneider",
    "Daniel Novotný",
    "Sara Conti",
    "Mikko Heikkinen",
    "Julia Kamińska",
    "Pablo Serrano",
    "Freya Madsen",
    "Andrei Marin",
    "Maja Horvat",
    "Simon Keller",
    "Beatriz Lopes",
    "Erik Dahl",
    "Olga Sokolova",
    "Kristof Baranyai",
    "Alice Martin",
    "Hanna Jokinen",
    "Bruno Silva",
    "Tereza Malá",
    "Peter Vogel",
];

pub(super) fn institute(name: &str) -> &'static str {
    const INSTITUTES: [&str; 10] = [
        "University of Gdańsk",
        "Charles University",
        "CNRS",
        "University of Helsinki",
        "INFN Bologna",
        "KIT Karlsruhe",
        "Utrecht University",
        "University of Lisbon",
        "ETH Zürich",
        "NTNU Trondheim",
    ];
    INSTITUTES[name.bytes().map(usize::from).sum::<usize>() % INSTITUTES.len()]
}

/// `Paweł Zieliński` → `pawel.zielinski@institute.example`.
pub(super) fn address(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'á' | 'à' | 'ą' | 'ä' | 'å' | 'ă' => 'a',
            'č' | 'ć' | 'ç' => 'c',
            'ď' => 'd',
            'é' | 'è' | 'ę' | 'ě' | 'ë' => 'e',
            'í' | 'ì' => 'i',
            'ł' | 'ľ' => 'l',
            'ň' | 'ń' | 'ñ' => 'n',
            'ó' | 'ø' | 'ö' | 'ő' => 'o',
            'ř' => 'r',
            'š' | 'ś' => 's',
            'ť' => 't',
            'ú' | 'ů' | 'ü' => 'u',
            'ý' => 'y',
            'ž' | 'ź' | 'ż' => 'z',
            ' ' => '.',
            c => c,
        })
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    format!("{plain}@institute.example")
}
