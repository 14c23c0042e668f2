-- Providers as things of their own, what was agreed with them, and the forms by
-- which they come in.
CREATE TABLE service_provider (
  id UUID PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  country TEXT NOT NULL,
  home_page TEXT NOT NULL,
  contact TEXT NOT NULL,             -- an address where somebody answers
  active BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Who looks after the integration of a provider's services. It gives no access
-- to tickets.
CREATE TABLE provider_contact (
  provider UUID NOT NULL REFERENCES service_provider (id),
  person UUID NOT NULL REFERENCES person (id),
  since BIGINT NOT NULL,
  PRIMARY KEY (provider, person)
);
CREATE INDEX provider_contact_by_person ON provider_contact (person);

-- The text stays for reading; the reference follows it with every write. For
-- services that are here already the desk fills it in when it starts.
ALTER TABLE service ADD COLUMN provider_id UUID REFERENCES service_provider (id);
CREATE INDEX service_by_provider ON service (provider_id);

CREATE TABLE onboarding (
  id UUID PRIMARY KEY,
  kind TEXT NOT NULL,                -- entry: new services | move: another way for one
  state TEXT NOT NULL,               -- draft | submitted | returned | accepted | refused | undone
  author UUID NOT NULL REFERENCES person (id),
  provider UUID REFERENCES service_provider (id),
  service UUID REFERENCES service (id), -- of a move
  form TEXT NOT NULL,                -- JSON, as typed
  reviewed TEXT,                     -- the form as an administrator last saw it
  list_confirmed TEXT,               -- the list that somebody who reads it confirmed
  checked TEXT,                      -- JSON: what the last test of the connection found
  made TEXT,                         -- JSON: what accepting it created
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  submitted_at BIGINT
);
CREATE INDEX onboarding_by_author ON onboarding (author, updated_at);
CREATE INDEX onboarding_by_state ON onboarding (state, submitted_at);
CREATE INDEX onboarding_by_provider ON onboarding (provider);

-- What was done with a form and said about it.
CREATE TABLE onboarding_note (
  id UUID PRIMARY KEY,
  onboarding UUID NOT NULL REFERENCES onboarding (id),
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  person UUID NOT NULL REFERENCES person (id),
  deed TEXT NOT NULL,                -- submitted | returned | refused | accepted | undone
  body TEXT NOT NULL
);
CREATE UNIQUE INDEX onboarding_note_by_onboarding ON onboarding_note (onboarding, seq);

-- Links by which a list's readers confirm that it gets our mail.
CREATE TABLE list_check (
  secret_hash BLOB PRIMARY KEY,      -- SHA-256 of the link's secret
  onboarding UUID NOT NULL REFERENCES onboarding (id),
  address TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX list_check_by_onboarding ON list_check (onboarding);

-- How tickets about a service reach those who work on them, from when to when.
CREATE TABLE agreement (
  id UUID PRIMARY KEY,
  service UUID NOT NULL REFERENCES service (id),
  onboarding UUID NOT NULL REFERENCES onboarding (id),
  option TEXT NOT NULL,              -- direct | redirection | integration
  system TEXT,                       -- of an integration, as are the next four
  endpoint TEXT,
  secret TEXT,                       -- the name under which the operator keeps it
  queue TEXT,
  direction TEXT,                    -- both | in | out
  list TEXT,                         -- of a redirection
  personal_data BIGINT NOT NULL,     -- the requester's name and address may travel
  doc TEXT NOT NULL,                 -- JSON: maps, attachments, escalation
  opened_at BIGINT NOT NULL,
  closed_at BIGINT
);
CREATE INDEX agreement_by_service ON agreement (service, opened_at);
CREATE UNIQUE INDEX agreement_open ON agreement (service) WHERE closed_at IS NULL;
