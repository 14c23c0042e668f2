-- Joining a support unit: applications for the support permission, and
-- requests to be taken into a unit.

CREATE TABLE support_application (
  id UUID PRIMARY KEY,
  person UUID NOT NULL REFERENCES person (id),
  reason TEXT NOT NULL,
  state TEXT NOT NULL,               -- waiting | granted | refused | withdrawn
  created_at BIGINT NOT NULL,
  decided_at BIGINT,
  decided_by UUID REFERENCES person (id),
  answer TEXT NOT NULL,              -- the reason of the decision, or empty
  reminders BIGINT NOT NULL          -- how many reminders went out
);
CREATE INDEX support_application_by_person ON support_application (person, id);
CREATE INDEX support_application_by_state ON support_application (state, id);
-- One at a time.
CREATE UNIQUE INDEX support_application_waiting ON support_application (person)
  WHERE state = 'waiting';

-- The units that an application names.
CREATE TABLE support_application_unit (
  application UUID NOT NULL REFERENCES support_application (id) ON DELETE CASCADE,
  unit UUID NOT NULL REFERENCES unit (id),
  PRIMARY KEY (application, unit)
);

CREATE TABLE join_request (
  id UUID PRIMARY KEY,
  unit UUID NOT NULL REFERENCES unit (id),
  person UUID NOT NULL REFERENCES person (id),
  reason TEXT NOT NULL,
  state TEXT NOT NULL,               -- waiting | granted | refused | withdrawn
  created_at BIGINT NOT NULL,
  decided_at BIGINT,
  decided_by UUID REFERENCES person (id),
  answer TEXT NOT NULL,
  reminders BIGINT NOT NULL
);
CREATE INDEX join_request_by_unit ON join_request (unit, state, id);
CREATE INDEX join_request_by_person ON join_request (person, id);
CREATE INDEX join_request_by_state ON join_request (state, id);
CREATE UNIQUE INDEX join_request_waiting ON join_request (unit, person)
  WHERE state = 'waiting';

-- People are listed by name, page by page, also where many share one.
CREATE INDEX person_by_name_and_id ON person (name, id);
-- The members of a unit, responsibles first.
CREATE INDEX membership_by_part ON membership (unit, part);
