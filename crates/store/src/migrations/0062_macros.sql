-- What staff do with tickets again and again, as one.
CREATE TABLE macro (
  id UUID PRIMARY KEY,
  unit UUID REFERENCES unit (id),      -- whose it is; neither: everybody's on staff
  person UUID REFERENCES person (id),
  title TEXT NOT NULL,
  doc TEXT NOT NULL,                   -- what it does, as JSON
  changed_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX macro_unit ON macro (unit);
CREATE INDEX macro_person ON macro (person);

-- What was done by one: the history names it, also when it is gone.
CREATE TABLE macro_run (
  cause UUID PRIMARY KEY,              -- of its events
  ticket BIGINT NOT NULL,
  macro UUID NOT NULL,
  title TEXT NOT NULL
);
CREATE INDEX macro_run_ticket ON macro_run (ticket);
