-- A person's data: given out, erased, kept no longer than needed; and who read
-- what of restricted tickets.

-- How far a restricted ticket may be passed on; NULL on the others.
ALTER TABLE ticket ADD COLUMN tlp TEXT;
UPDATE ticket SET tlp = 'amber' WHERE restricted = 1;

-- Who opened a restricted ticket: one row a person, ticket, door and quarter of
-- an hour.
CREATE TABLE ticket_read (
  ticket BIGINT NOT NULL,
  person UUID NOT NULL,              -- nil: a unit's mailing list
  door TEXT NOT NULL,                -- page | api | file | mail | export
  slot BIGINT NOT NULL,              -- quarters of an hour since 1970
  at BIGINT NOT NULL,                -- the first time within it
  PRIMARY KEY (ticket, person, door, slot)
);
CREATE INDEX ticket_read_by_person ON ticket_read (person, at);
CREATE INDEX ticket_read_by_time ON ticket_read (at);

-- Erasures: asked for, waiting, at work, done.
CREATE TABLE erasure (
  id UUID PRIMARY KEY,
  person UUID NOT NULL,
  asked_at BIGINT NOT NULL,
  asked_by UUID,                     -- NULL: found again in a restored backup
  reason TEXT NOT NULL,
  confirm_hash BLOB,                 -- SHA-256 of the word in the mailed link
  confirm_until BIGINT,
  state TEXT NOT NULL,               -- asked | waiting | running | done | cancelled | refused
  due_at BIGINT,
  traces TEXT,                       -- names and addresses looked for; NULL when done
  step TEXT NOT NULL,                -- where it stands
  position BIGINT NOT NULL,          -- tickets up to this one are done
  tickets BIGINT NOT NULL,           -- in how many tickets something was changed
  refusal TEXT,                      -- what stopped it
  ended_at BIGINT
);
CREATE INDEX erasure_by_person ON erasure (person, asked_at);
CREATE INDEX erasure_by_state ON erasure (state, due_at);

-- Who was erased: salted hashes of ids and addresses, nothing else. The same
-- lies in a file beside the database, so that a restored backup is put right.
CREATE TABLE erased (
  hash BLOB PRIMARY KEY,
  kind TEXT NOT NULL,                -- person | address
  at BIGINT NOT NULL
);

-- What is to be kept as it is, whatever the rules or the person say.
CREATE TABLE legal_hold (
  id UUID PRIMARY KEY,
  person UUID,
  ticket BIGINT,
  reason TEXT NOT NULL,
  set_by UUID,
  set_at BIGINT NOT NULL,
  lifted_by UUID,
  lifted_at BIGINT
);
CREATE INDEX legal_hold_by_person ON legal_hold (person);
CREATE INDEX legal_hold_by_ticket ON legal_hold (ticket);

-- A person's data put together to be fetched.
CREATE TABLE data_export (
  id UUID PRIMARY KEY,
  person UUID NOT NULL,
  asked_by UUID NOT NULL,
  asked_at BIGINT NOT NULL,
  state TEXT NOT NULL,               -- asked | ready | over | failed
  file TEXT,                         -- SHA-256 of the archive in the folder of files
  size BIGINT,
  ready_at BIGINT,
  expires_at BIGINT
);
CREATE INDEX data_export_by_person ON data_export (person, asked_at);

-- Files that no row named any more a moment ago: they are deleted when that is
-- still so after a while.
CREATE TABLE doomed_file (
  name TEXT PRIMARY KEY,
  run_at BIGINT NOT NULL
);
CREATE INDEX attachment_by_file ON attachment (sha256);
CREATE INDEX mail_in_by_file ON mail_in (raw);
CREATE INDEX mail_in_by_ticket ON mail_in (ticket);
