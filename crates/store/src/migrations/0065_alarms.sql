-- Alarms: a site is called at its emergency address, and has to confirm.
CREATE TABLE alarm_site (
  site TEXT PRIMARY KEY REFERENCES site (key),
  address TEXT,                      -- the emergency address; NULL: it was somebody's who is gone
  answer_min BIGINT NOT NULL,        -- minutes within which an alarm is confirmed
  test_answer_min BIGINT NOT NULL,   -- the same for a test
  test_days BIGINT NOT NULL,         -- days between two tests; 0: only by hand
  next_test_at BIGINT,               -- when the next test begins; NULL: by hand
  keeper UUID NOT NULL REFERENCES person (id), -- who set it up: tests are in their name
  version BIGINT NOT NULL
);

-- Who may raise an alarm.
CREATE TABLE alarmer (
  person UUID NOT NULL REFERENCES person (id),
  community TEXT NOT NULL,           -- for which community; empty: for all
  nominated_by UUID REFERENCES person (id),
  nominated_at BIGINT NOT NULL,
  PRIMARY KEY (person, community)
);

-- What was raised, and how far it is.
CREATE TABLE alarm (
  ticket BIGINT PRIMARY KEY,
  site TEXT NOT NULL,
  address TEXT,                      -- where the site was called
  test BIGINT NOT NULL,
  stage TEXT NOT NULL,               -- called | again | escalated | confirmed | failed | closed
  wait_ms BIGINT NOT NULL,
  raised_at BIGINT NOT NULL,
  called_at BIGINT NOT NULL,
  calls BIGINT NOT NULL,             -- mails to the site
  next_at BIGINT,                    -- when silence brings the next step
  mail UUID,                         -- the last mail to the site
  root TEXT,                         -- the Message-ID of the first
  confirmed_at BIGINT,
  confirmed_by TEXT,                 -- who, as their mail says
  trouble TEXT                       -- why a mail did not arrive
);
CREATE INDEX alarm_due ON alarm (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX alarm_of_site ON alarm (site, ticket);
CREATE INDEX alarm_awaited ON alarm (ticket) WHERE stage IN ('called', 'again', 'escalated');
