-- Tickets that are worked on in another system too. What was agreed stands in
-- agreement; here is how far the exchange under it has come.
CREATE TABLE coupling (
  agreement UUID PRIMARY KEY REFERENCES agreement (id),
  state TEXT NOT NULL,               -- on | paused
  poll_ms BIGINT NOT NULL,           -- between two looks there
  reading TEXT,                      -- how far changes there were read, as JSON; NULL: not begun
  read_at BIGINT,                    -- when they were last read
  next_at BIGINT NOT NULL,           -- when to look after it again
  tries BIGINT NOT NULL,             -- failures in a row
  error TEXT,                        -- why it can not be talked to; NULL: it can
  error_at BIGINT,                   -- since when
  made_at BIGINT NOT NULL
);
CREATE INDEX coupling_due ON coupling (next_at);

-- What was agreed before there was an exchange begins with tickets from now on.
INSERT INTO coupling (agreement, state, poll_ms, next_at, tries, made_at)
  SELECT id, 'on', 30000, opened_at, 0, opened_at FROM agreement
  WHERE option = 'integration' AND closed_at IS NULL;

-- Nothing that happened before today travels.
INSERT INTO cursor_position (name, event) SELECT 'exchange', value FROM counter WHERE name = 'event';

-- A ticket of ours and its counterpart there.
CREATE TABLE exchange_link (
  id UUID PRIMARY KEY,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  agreement UUID NOT NULL REFERENCES agreement (id),
  there TEXT,                        -- its number there; NULL: not made yet
  stage TEXT NOT NULL,               -- active | ended
  shared TEXT NOT NULL,              -- the shared ticket's state, as JSON; without texts
  tie TEXT NOT NULL,                 -- how far it is with the other system, as JSON
  owner_there TEXT,                  -- who works on it there
  due_at BIGINT,                     -- when something is to be done about it; NULL: it rests
  tries BIGINT NOT NULL,             -- failures in a row
  error TEXT,
  error_at BIGINT,
  waiting BIGINT NOT NULL,           -- calls that are to be made
  waiting_since BIGINT,              -- the oldest of them
  dead BIGINT NOT NULL,              -- calls that will not be made unless somebody says so
  began_at BIGINT NOT NULL,
  sent_at BIGINT,                    -- when something last went there
  came_at BIGINT                     -- when something last came from there
);
CREATE UNIQUE INDEX exchange_link_once ON exchange_link (ticket, agreement);
CREATE INDEX exchange_link_due ON exchange_link (agreement, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX exchange_link_by_agreement ON exchange_link (agreement, began_at);

-- Every number that a ticket has there: more than one after a merge.
CREATE TABLE exchange_number (
  agreement UUID NOT NULL REFERENCES agreement (id),
  number TEXT NOT NULL,
  link UUID NOT NULL REFERENCES exchange_link (id),
  PRIMARY KEY (agreement, number, link)
);
CREATE INDEX exchange_number_by_link ON exchange_number (link);

-- Which entry of ours is which change of the shared ticket. Both are written in
-- one transaction: that is why nothing comes or goes twice.
CREATE TABLE exchange_entry (
  link UUID NOT NULL REFERENCES exchange_link (id),
  entry UUID NOT NULL REFERENCES entry (id),
  name TEXT NOT NULL,
  PRIMARY KEY (link, entry)
);
CREATE INDEX exchange_entry_by_entry ON exchange_entry (entry);

-- What went where and why. Says nothing of what was written.
CREATE TABLE exchange_log (
  id UUID PRIMARY KEY,
  link UUID NOT NULL REFERENCES exchange_link (id),
  at BIGINT NOT NULL,
  way TEXT NOT NULL,                 -- out | in | here
  what TEXT NOT NULL,
  there TEXT                         -- the number of it there
);
CREATE INDEX exchange_log_by_link ON exchange_log (link, at, id);

-- What will not travel unless somebody says so.
CREATE TABLE exchange_dead (
  id UUID PRIMARY KEY,
  link UUID NOT NULL REFERENCES exchange_link (id),
  way TEXT NOT NULL,                 -- out | in
  call BIGINT,                       -- out: the call's number
  there TEXT,                        -- in: the number of the change there
  what TEXT NOT NULL,
  why TEXT NOT NULL,
  at BIGINT NOT NULL,
  ended_at BIGINT                    -- when it was tried again, or became needless
);
CREATE INDEX exchange_dead_open ON exchange_dead (at) WHERE ended_at IS NULL;
CREATE INDEX exchange_dead_by_link ON exchange_dead (link, at);
