-- Rules that administrators write: what is done with tickets when something happens to
-- them or their time has come.
CREATE TABLE rule (
  number BIGINT PRIMARY KEY,         -- what it is called in histories
  place BIGINT NOT NULL,             -- where it stands in the order
  doc TEXT NOT NULL,                 -- when, only, then, as JSON
  state TEXT NOT NULL,               -- active | paused
  why TEXT,                          -- why the desk paused it; NULL: somebody did
  after_event BIGINT NOT NULL,       -- what happened up to here does not set it off
  began_at BIGINT NOT NULL,          -- since when it runs
  maker UUID REFERENCES person (id), -- who made it, and is told when it is paused
  made_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);

-- Its time came once for what began then.
CREATE TABLE rule_mark (
  rule BIGINT NOT NULL REFERENCES rule (number),
  ticket BIGINT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (rule, ticket, since)
);

-- What rules did, or did not, and why.
CREATE TABLE rule_run (
  number BIGINT PRIMARY KEY,
  rule BIGINT NOT NULL REFERENCES rule (number),
  version BIGINT NOT NULL,           -- the rule's at that time
  ticket BIGINT NOT NULL,
  at BIGINT NOT NULL,
  event BIGINT,                      -- what set it off; NULL: its time came
  set_off UUID,                      -- the cause of that event
  cause UUID,                        -- the cause of what it did; NULL: nothing
  chain TEXT NOT NULL,               -- the rules that followed from one another, as JSON
  verdict TEXT NOT NULL,             -- acted | refused | stopped
  why TEXT NOT NULL,                 -- what set it off; why it did nothing
  did TEXT NOT NULL                  -- what it did, one a line
);
CREATE UNIQUE INDEX rule_run_once ON rule_run (rule, ticket, set_off) WHERE set_off IS NOT NULL;
CREATE INDEX rule_run_of_rule ON rule_run (rule, number);
CREATE INDEX rule_run_of_ticket ON rule_run (ticket, number);
CREATE INDEX rule_run_today ON rule_run (rule, ticket, at);
CREATE INDEX rule_run_cause ON rule_run (cause) WHERE cause IS NOT NULL;
CREATE INDEX rule_run_at ON rule_run (at);
INSERT INTO counter (name, value) VALUES ('rule', 0);
INSERT INTO counter (name, value) VALUES ('rule_run', 0);
