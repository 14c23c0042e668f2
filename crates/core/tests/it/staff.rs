//! Who belongs to a unit, and what people may do: whatever is tried, in
//! whatever order, nobody is left without somebody who can act.

use std::collections::BTreeMap;

use proptest::prelude::*;
use switchboard_core::staff::{
    Colleague, Crew, MemberChange, MemberDeed, Rights, StaffRefusal, Standing, decide_member,
    decide_rights, may_apply, may_ask_to_join, reason,
};
use switchboard_core::{Actor, Channel, Membership, Part, PersonId, UnitId};
use uuid::Uuid;

/// A small federation of people and units.
#[derive(Debug, Clone)]
struct Houses {
    people: Vec<Rights>,
    /// Per unit: active, and who is in it.
    units: Vec<(bool, BTreeMap<usize, Part>)>,
}

fn person(i: usize) -> PersonId {
    PersonId(Uuid::from_u128(1 + i as u128))
}

fn unit(i: usize) -> UnitId {
    UnitId(Uuid::from_u128(1_000 + i as u128))
}

impl Houses {
    /// Five people, of whom the first administers and the others are support
    /// staff; three units with a responsible each.
    fn new() -> Houses {
        let staff = Rights {
            support: true,
            active: true,
            ..Rights::default()
        };
        Houses {
            people: vec![
                Rights {
                    admin: true,
                    ..staff
                },
                staff,
                staff,
                staff,
                Rights {
                    support: false,
                    ..staff
                },
            ],
            units: (0..3)
                .map(|u| (true, BTreeMap::from([(u + 1, Part::Responsible)])))
                .collect(),
        }
    }

    fn standing(&self, i: usize) -> Standing {
        Standing {
            person: person(i),
            name: format!("person {i}"),
            rights: self.people[i],
        }
    }

    fn crew(&self, u: usize) -> Crew {
        let (active, people) = &self.units[u];
        Crew {
            unit: unit(u),
            name: format!("unit {u}"),
            active: *active,
            people: people
                .iter()
                .map(|(i, part)| Colleague {
                    person: person(*i),
                    part: *part,
                    counts: self.standing(*i).counts(),
                })
                .collect(),
        }
    }

    fn actor(&self, i: usize) -> Actor {
        let rights = self.people[i];
        Actor {
            person: Some(person(i)),
            name: format!("person {i}"),
            channel: Channel::Web,
            admin: rights.admin && rights.active,
            monitor: false,
            support: rights.support && rights.active,
            units: (0..self.units.len())
                .filter_map(|u| {
                    Some(Membership {
                        unit: unit(u),
                        part: *self.units[u].1.get(&i)?,
                        first_level: false,
                        portal: None,
                    })
                })
                .collect(),
            communities: Vec::new(),
            teams: Vec::new(),
        }
    }

    fn admins(&self, besides: usize) -> i64 {
        let mut n = 0;
        for (i, rights) in self.people.iter().enumerate() {
            n += i64::from(i != besides && rights.admin && rights.active);
        }
        n
    }

    fn play(&mut self, step: &Step) -> Result<(), StaffRefusal> {
        let n = self.people.len();
        let (who, u) = (step.who % n, step.unit % self.units.len());
        // Some deeds are the desk's own: rules that follow another system.
        let actor = if step.actor % (n + 1) == n {
            Actor::system(Channel::Job)
        } else {
            self.actor(step.actor % (n + 1))
        };
        let part = |word: bool| {
            if word {
                Part::Responsible
            } else {
                Part::Member
            }
        };
        let deed = match step.deed % 8 {
            0 => MemberDeed::Add(part(step.flag)),
            1 => MemberDeed::SetPart(part(step.flag)),
            2 | 3 => MemberDeed::Remove,
            _ => {
                let mut wish = self.people[who];
                match step.deed % 8 {
                    4 => wish.support = step.flag,
                    5 => wish.active = step.flag,
                    6 => wish.admin = step.flag,
                    _ => wish.monitor = step.flag,
                }
                let crews: Vec<Crew> = (0..self.units.len())
                    .filter(|u| self.units[*u].1.contains_key(&who))
                    .map(|u| self.crew(u))
                    .collect();
                let standing = self.standing(who);
                decide_rights(&actor, &standing, wish, &crews, self.admins(who))?;
                self.people[who] = wish;
                if standing.rights.support && !wish.support {
                    // Memberships go with the permission.
                    for (_, people) in &mut self.units {
                        people.remove(&who);
                    }
                }
                return Ok(());
            }
        };
        let done = decide_member(&actor, &self.crew(u), &self.standing(who), deed)?;
        let people = &mut self.units[u].1;
        match done {
            Some(MemberChange::Added(part)) => {
                people.insert(who, part);
            }
            Some(MemberChange::PartSet { new, .. }) => {
                people.insert(who, new);
            }
            Some(MemberChange::Removed { .. }) => {
                people.remove(&who);
            }
            None => {}
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct Step {
    actor: usize,
    who: usize,
    unit: usize,
    deed: usize,
    flag: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..6_usize,
        0..5_usize,
        0..3_usize,
        0..8_usize,
        any::<bool>(),
    )
        .prop_map(|(actor, who, unit, deed, flag)| Step {
            actor,
            who,
            unit,
            deed,
            flag,
        });
    prop::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Bar A-02 and domain section 1: a unit that had a responsible has one.
    #[test]
    fn an_active_unit_never_loses_its_last_responsible(steps in steps()) {
        let mut houses = Houses::new();
        let mut done = 0;
        for step in &steps {
            let before = houses.clone();
            if houses.play(step).is_ok() {
                done += 1;
            }
            for u in 0..houses.units.len() {
                prop_assert!(
                    !before.crew(u).has_responsible() || houses.crew(u).has_responsible(),
                    "{step:?} left unit {u} without a responsible"
                );
            }
            prop_assert!(houses.admins(usize::MAX) > 0, "{step:?} left no administrator");
            for (i, (old, new)) in before.people.iter().zip(&houses.people).enumerate() {
                let actor = step.actor % 6;
                let raised = (new.support && !old.support) || (new.monitor && !old.monitor)
                    || (new.admin && !old.admin) || (new.active && !old.active);
                prop_assert!(
                    !raised || actor == 5 || before.people[actor].admin,
                    "{step:?} raised person {i}"
                );
            }
        }
        // The rules are not simply "no": most sequences get somewhere.
        prop_assert!(steps.len() < 60 || done > 0);
    }
}

fn refused(result: Result<impl std::fmt::Debug, StaffRefusal>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_last_responsible_stays_whoever_asks() {
    let houses = Houses::new();
    let crew = houses.crew(0);
    let last = houses.standing(1);
    for (actor, words) in [
        (houses.actor(1), "leave"),
        (houses.actor(0), "be removed"),
        (Actor::system(Channel::Job), "be removed"),
    ] {
        let text = refused(decide_member(&actor, &crew, &last, MemberDeed::Remove));
        assert!(text.contains(words) && text.contains("first"), "{text}");
    }
    let down = MemberDeed::SetPart(Part::Member);
    refused(decide_member(&houses.actor(1), &crew, &last, down));
    let disabled = Rights {
        active: false,
        ..last.rights
    };
    let crews = [crew];
    let text = refused(decide_rights(&houses.actor(0), &last, disabled, &crews, 0));
    assert!(text.contains("unit 0"), "{text}");
}

#[test]
fn a_second_responsible_sets_the_first_free() {
    let mut houses = Houses::new();
    houses.units[0].1.insert(2, Part::Responsible);
    let leave = |who: usize| {
        decide_member(
            &houses.actor(who),
            &houses.crew(0),
            &houses.standing(who),
            MemberDeed::Remove,
        )
    };
    let old = Part::Responsible;
    assert_eq!(leave(1), Ok(Some(MemberChange::Removed { old })));
    // One who can not act does not count as the second.
    houses.people[2].active = false;
    assert!(
        decide_member(
            &houses.actor(1),
            &houses.crew(0),
            &houses.standing(1),
            MemberDeed::Remove
        )
        .is_err()
    );
}

#[test]
fn members_leave_and_others_do_not_send_them_away() {
    let mut houses = Houses::new();
    houses.units[0].1.insert(2, Part::Member);
    let crew = houses.crew(0);
    let remove = |actor: usize, who: usize| {
        decide_member(
            &houses.actor(actor),
            &crew,
            &houses.standing(who),
            MemberDeed::Remove,
        )
    };
    assert!(remove(2, 2).is_ok());
    assert!(remove(1, 2).is_ok());
    // Responsible of another unit; and a member of this one.
    assert!(matches!(remove(3, 2), Err(StaffRefusal::Forbidden(_))));
    assert!(matches!(remove(2, 1), Err(StaffRefusal::Forbidden(_))));
}

#[test]
fn only_holders_of_the_permission_are_taken_in() {
    let houses = Houses::new();
    let add = |who: usize| {
        decide_member(
            &houses.actor(1),
            &houses.crew(0),
            &houses.standing(who),
            MemberDeed::Add(Part::Member),
        )
    };
    assert_eq!(add(2), Ok(Some(MemberChange::Added(Part::Member))));
    assert!(refused(add(4)).contains("support permission"));
    // Being responsible is no demotion by being added again.
    assert!(refused(add(1)).contains("already"));
    assert!(may_ask_to_join(&houses.standing(4), &houses.crew(0), false).is_err());
    assert!(may_ask_to_join(&houses.standing(2), &houses.crew(0), false).is_ok());
    assert!(may_ask_to_join(&houses.standing(2), &houses.crew(0), true).is_err());
}

#[test]
fn an_application_names_units_that_work_and_a_reason() {
    let mut houses = Houses::new();
    houses.units[2].0 = false;
    let who = houses.standing(4);
    assert!(may_apply(&who, &[houses.crew(0)], false).is_ok());
    for (units, waits) in [
        (vec![], false),
        (vec![houses.crew(2)], false),
        (vec![houses.crew(0)], true),
    ] {
        assert!(may_apply(&who, &units, waits).is_err());
    }
    assert!(may_apply(&houses.standing(2), &[houses.crew(0)], false).is_err());
    assert!(refused(reason(" \n", Some("say why"))).contains("say why"));
    assert_eq!(reason(" a\u{7}b ", Some("say why")), Ok("ab".to_owned()));
}

#[test]
fn a_permission_is_given_back_by_oneself_and_nothing_else() {
    let houses = Houses::new();
    let mut wish = houses.people[3];
    wish.support = false;
    let crews = [];
    assert!(decide_rights(&houses.actor(3), &houses.standing(3), wish, &crews, 1).is_ok());
    wish.monitor = true;
    assert!(decide_rights(&houses.actor(3), &houses.standing(3), wish, &crews, 1).is_err());
}
