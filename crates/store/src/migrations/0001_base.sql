-- People, units, services, tickets and their history.
-- Times are epoch milliseconds UTC. Ids are UUIDs except ticket numbers and
-- event ids, which come from the counters below. Booleans are 0 or 1.

-- Counters are taken inside the write transaction, and the writer's row is
-- locked by every write transaction: so events are numbered without gaps, in
-- the order in which they become visible.
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('writer', 0), ('ticket', 0), ('event', 0);

-- Settings that an administrator edits, as JSON: triage rules, names, texts.
CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE person (
  id UUID PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT,                        -- the address mail goes to; canonical
  institute TEXT NOT NULL,
  community TEXT,
  password_hash TEXT,                -- argon2 PHC string; NULL: no local login
  support BIGINT NOT NULL,           -- support permission granted
  monitor BIGINT NOT NULL,
  admin BIGINT NOT NULL,
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX person_by_name ON person (name);

-- Every verified address of a person; mail from any of them is theirs.
CREATE TABLE person_email (
  address TEXT PRIMARY KEY,          -- canonical
  person UUID NOT NULL REFERENCES person (id),
  verified BIGINT NOT NULL
);
CREATE INDEX person_email_by_person ON person_email (person);

CREATE TABLE session (
  id_hash BLOB PRIMARY KEY,          -- SHA-256 of the cookie's secret
  person UUID NOT NULL REFERENCES person (id),
  csrf TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX session_by_person ON session (person);

CREATE TABLE token (
  id UUID PRIMARY KEY,
  secret_hash BLOB NOT NULL UNIQUE,  -- SHA-256 of the bearer secret
  person UUID NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,              -- space separated
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX token_by_person ON token (person);

-- Failed sign-ins by account and by network, for slowing down guesses.
CREATE TABLE login_failure (
  subject TEXT NOT NULL,             -- "account:<address>" or "network:<ip>"
  at BIGINT NOT NULL
);
CREATE INDEX login_failure_by_subject ON login_failure (subject, at);

CREATE TABLE unit (
  id UUID PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  level BIGINT NOT NULL,             -- 1, 2 or 3
  parent UUID REFERENCES unit (id),
  category TEXT NOT NULL,
  description TEXT NOT NULL,
  email TEXT,                        -- mailing list
  first_level BIGINT NOT NULL,
  security BIGINT NOT NULL,          -- takes tickets with an imminent risk
  active BIGINT NOT NULL,
  successor UUID REFERENCES unit (id),
  doc TEXT NOT NULL,                 -- FAQ, hours, QoS, hints as JSON
  updated_at BIGINT NOT NULL
);

CREATE TABLE membership (
  unit UUID NOT NULL REFERENCES unit (id),
  person UUID NOT NULL REFERENCES person (id),
  part TEXT NOT NULL,                -- member | responsible
  since BIGINT NOT NULL,
  PRIMARY KEY (unit, person)
);
CREATE INDEX membership_by_person ON membership (person);

CREATE TABLE service (
  id UUID PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL,
  area TEXT NOT NULL,                -- the tab in the catalogue
  description TEXT NOT NULL,
  unit UUID NOT NULL REFERENCES unit (id),
  option TEXT NOT NULL,              -- direct | redirection | integration
  lamp TEXT NOT NULL,                -- running | degraded | down | planned
  lamp_text TEXT NOT NULL,
  active BIGINT NOT NULL,
  position BIGINT NOT NULL,
  doc TEXT NOT NULL,                 -- form, links, aliases as JSON
  updated_at BIGINT NOT NULL
);

-- Lists of values that an administrator edits.
CREATE TABLE category (
  key TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  position BIGINT NOT NULL,
  in_reports BIGINT NOT NULL,
  active BIGINT NOT NULL
);
CREATE TABLE issue_type (
  key TEXT PRIMARY KEY,
  category TEXT NOT NULL REFERENCES category (key),
  name TEXT NOT NULL,
  position BIGINT NOT NULL,
  active BIGINT NOT NULL
);

-- The current state. `doc` is the whole ticket as the rules see it; the other
-- columns are projections of it for lists and filters, written with it.
CREATE TABLE ticket (
  number BIGINT PRIMARY KEY,
  version BIGINT NOT NULL,
  status TEXT NOT NULL,
  open BIGINT NOT NULL,
  priority BIGINT NOT NULL,          -- 0 low to 3 top
  unit UUID NOT NULL REFERENCES unit (id),
  owner UUID REFERENCES person (id),
  requester UUID NOT NULL REFERENCES person (id),
  service UUID REFERENCES service (id),
  category TEXT NOT NULL,
  restricted BIGINT NOT NULL,
  needs_reply BIGINT NOT NULL,
  subject TEXT NOT NULL,
  status_since BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  closed_at BIGINT,
  issue_type TEXT,
  site TEXT,
  community TEXT,
  doc TEXT NOT NULL
);
CREATE INDEX ticket_by_update ON ticket (updated_at, number);
CREATE INDEX ticket_by_status ON ticket (status, number);
CREATE INDEX ticket_by_unit ON ticket (unit, number);
CREATE INDEX ticket_by_requester ON ticket (requester, number);
CREATE INDEX ticket_by_service ON ticket (service, number);
CREATE INDEX ticket_by_owner ON ticket (owner, number);
CREATE INDEX ticket_by_priority ON ticket (priority DESC, number);
CREATE INDEX ticket_open_by_unit ON ticket (unit, priority DESC, number) WHERE open = 1;
CREATE INDEX ticket_open ON ticket (priority DESC, number) WHERE open = 1;

CREATE TABLE party (
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  person UUID NOT NULL REFERENCES person (id),
  role TEXT NOT NULL,
  PRIMARY KEY (ticket, person, role)
);
CREATE INDEX party_by_person ON party (person, ticket);

CREATE TABLE ticket_tag (
  tag TEXT NOT NULL,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  PRIMARY KEY (tag, ticket)
);
CREATE INDEX ticket_tag_by_ticket ON ticket_tag (ticket);

CREATE TABLE relation (
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  kind TEXT NOT NULL,
  other BIGINT NOT NULL REFERENCES ticket (number),
  PRIMARY KEY (ticket, kind, other)
);
CREATE INDEX relation_by_other ON relation (other);

CREATE TABLE entry (
  id UUID PRIMARY KEY,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  seq BIGINT NOT NULL,               -- order within the ticket
  at BIGINT NOT NULL,
  author UUID REFERENCES person (id),
  author_name TEXT NOT NULL,
  author_side TEXT NOT NULL,         -- requester | support | external | system
  channel TEXT NOT NULL,
  visibility TEXT NOT NULL,
  solution BIGINT NOT NULL,          -- this entry is the solution given
  body TEXT NOT NULL,                -- plain text
  quoted TEXT,                       -- what was trimmed off a mail
  html TEXT,                         -- sanitised
  mail UUID                          -- the mail it came by
);
CREATE UNIQUE INDEX entry_by_ticket ON entry (ticket, seq);

CREATE TABLE attachment (
  id UUID PRIMARY KEY,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  entry UUID NOT NULL REFERENCES entry (id),
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,              -- bytes
  sha256 TEXT NOT NULL,              -- where the blob lies
  content_id TEXT,
  created_at BIGINT NOT NULL
);
CREATE INDEX attachment_by_entry ON attachment (entry);
CREATE INDEX attachment_by_ticket ON attachment (ticket);

-- The append-only history and the change feed in one.
CREATE TABLE event (
  id BIGINT PRIMARY KEY,             -- position in the feed, gapless
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  seq BIGINT NOT NULL,               -- 1, 2, 3 within the ticket
  at BIGINT NOT NULL,
  actor UUID REFERENCES person (id),
  actor_name TEXT NOT NULL,
  channel TEXT NOT NULL,
  cause UUID NOT NULL,               -- one for all events of one request
  kind TEXT NOT NULL,
  data TEXT NOT NULL                 -- the change as JSON
);
CREATE UNIQUE INDEX event_by_ticket ON event (ticket, seq);

-- How far each reader of the feed has come.
CREATE TABLE cursor_position (
  name TEXT PRIMARY KEY,
  event BIGINT NOT NULL
);

-- Answers of creates, so that a repeated one gives the same.
CREATE TABLE idempotency (
  person UUID NOT NULL REFERENCES person (id),
  key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  ticket BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (person, key)
);

-- Every mail that was taken in, and what became of it.
CREATE TABLE mail_in (
  id UUID PRIMARY KEY,
  received_at BIGINT NOT NULL,
  channel TEXT NOT NULL,             -- file | imap | lmtp …
  unit UUID REFERENCES unit (id),
  digest BLOB NOT NULL,              -- SHA-256 without trace headers
  message_id TEXT,
  raw TEXT NOT NULL,                 -- SHA-256 of the bytes in the blob store
  size BIGINT NOT NULL,
  sender TEXT,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,               -- taken | entry | suppressed | quarantined
  reason TEXT,
  ticket BIGINT REFERENCES ticket (number),
  entry UUID,
  flagged TEXT
);
CREATE UNIQUE INDEX mail_in_by_digest ON mail_in (digest);
CREATE INDEX mail_in_by_message_id ON mail_in (message_id);
CREATE INDEX mail_in_by_state ON mail_in (state, received_at);

-- Every mail that goes out: one for each human and cause.
CREATE TABLE mail_out (
  id UUID PRIMARY KEY,
  created_at BIGINT NOT NULL,
  cause UUID NOT NULL,
  ticket BIGINT REFERENCES ticket (number),
  person UUID REFERENCES person (id),
  address TEXT NOT NULL,
  message_id TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  bytes BLOB NOT NULL,
  state TEXT NOT NULL,               -- queued | sending | sent | deferred | failed
  attempts BIGINT NOT NULL,
  error TEXT,
  sent_at BIGINT
);
CREATE UNIQUE INDEX mail_out_once ON mail_out (cause, address);
CREATE INDEX mail_out_by_ticket ON mail_out (ticket);
CREATE INDEX mail_out_by_address ON mail_out (address, created_at);

-- A person's saved searches.
CREATE TABLE saved_view (
  id UUID PRIMARY KEY,
  person UUID NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  UNIQUE (person, name)
);

-- News on the public page.
CREATE TABLE news (
  id UUID PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,                -- news | incident | downtime
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  service UUID REFERENCES service (id),
  active BIGINT NOT NULL
);
