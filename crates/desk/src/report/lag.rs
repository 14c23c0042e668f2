//! How far the exchange with each partner's system or desk lags: the worst within a range
//! from its curve, and how it stands now.

use store::curve::Point;
use switchboard_core::Millis;
use switchboard_core::report::table::Measured;
use uuid::Uuid;

use super::ask::Ready;
use super::sheet::{Head, Line, Sheet};
use crate::exchange::partner::Standing;
use crate::exchange::view::Coupled;

/// What is told of a link: its name, and how it stands now.
struct Link {
    id: Uuid,
    name: String,
    now: [Option<i64>; 5],
}

impl Link {
    fn of_coupling(one: &Coupled, now: Millis) -> Link {
        Link {
            id: one.agreement.id,
            name: format!("{}, {}", one.service, one.system()),
            now: [
                Some(one.lag(now)),
                Some(one.sums.waiting),
                Some(one.sums.dead),
                Some(one.sums.links),
                one.coupling.read_at.map(|at| now - at),
            ],
        }
    }

    fn of_partner(one: &Standing) -> Link {
        Link {
            id: one.partner.id,
            name: one.partner.title.clone(),
            now: [
                Some(one.lag),
                i64::try_from(one.partner.backlog()).ok(),
                Some(one.dead),
                Some(one.tickets),
                // Such desks are heard of when something happens there.
                None,
            ],
        }
    }

    fn line(&self, stretch: Option<(Millis, Millis)>, points: &[&Point]) -> Line {
        let worst = |of: fn(&Point) -> i64| points.iter().map(|p| of(p)).max();
        let sum = |of: fn(&Point) -> i64| Some(points.iter().map(|p| of(p)).sum());
        let mut values = vec![
            worst(|p| p.lag_in),
            worst(|p| p.lag_out),
            worst(|p| p.backlog),
            sum(|p| p.came),
            sum(|p| p.sent),
        ];
        match stretch {
            Some(_) => values.extend([None; 5]),
            None => values.extend(self.now),
        }
        Line {
            key: self.id.to_string(),
            name: self.name.clone(),
            stretch,
            values,
            ..Line::default()
        }
    }
}

/// The report: a row for each link, and where stretches are asked for one for each
/// stretch in which something was noted.
pub(super) fn sheet(
    ready: &Ready,
    couplings: &[Coupled],
    partners: &[Standing],
    points: &[Point],
    now: Millis,
) -> Sheet {
    let question = &ready.question;
    let links = couplings
        .iter()
        .map(|one| Link::of_coupling(one, now))
        .chain(partners.iter().map(Link::of_partner));
    let mut rows = Vec::new();
    for link in links {
        let own: Vec<&Point> = points.iter().filter(|p| p.link == link.id).collect();
        rows.push(link.line(None, &own));
        if !ready.stepped {
            continue;
        }
        let bounds = question.step.bounds(question.from, question.to);
        for stretch in bounds.windows(2).map(|b| (b[0], b[1])) {
            let within = |p: &&&Point| (stretch.0..stretch.1).contains(&p.at);
            let noted: Vec<&Point> = own.iter().filter(within).copied().collect();
            if !noted.is_empty() {
                rows.push(link.line(Some(stretch), &noted));
            }
        }
    }
    Sheet {
        report: ready.report.key,
        title: ready.report.title,
        about: ready.report.about,
        from: question.from,
        to: question.to,
        looked_at: now,
        group: None,
        step: question.step,
        columns: vec![
            Head::new("worst_in", "Longest from there", Measured::Calendar),
            Head::new("worst_out", "Longest to there", Measured::Calendar),
            Head::new("most_waiting", "Most to go there", Measured::Count),
            Head::new("came", "Changes from there", Measured::Count),
            Head::new("went", "Changes to there", Measured::Count),
            Head::new("lag", "Longest wait now", Measured::Calendar),
            Head::new("waiting", "To go there now", Measured::Count),
            Head::new("refused", "Set aside now", Measured::Count),
            Head::new("tickets", "Tickets so far", Measured::Count),
            Head::new("last_look", "Since the last look there", Measured::Calendar),
        ],
        rows,
        total: None,
        answer: None,
        names: Vec::new(),
    }
}
