-- Other programs that are called when something happens to tickets.
CREATE TABLE webhook (
  id UUID PRIMARY KEY,
  title TEXT NOT NULL,               -- how people call it
  url TEXT NOT NULL,                 -- what is called
  doc TEXT NOT NULL,                 -- what is wanted, as JSON
  reader UUID NOT NULL REFERENCES person (id), -- only what they may see is sent
  maker UUID REFERENCES person (id), -- who made it, and is told when it is paused
  secret TEXT NOT NULL,              -- what calls are signed with; sealed
  secret_before TEXT,                -- and what they were signed with before
  before_until BIGINT,               -- it is used until then
  state TEXT NOT NULL,               -- active | paused
  why TEXT,                          -- why the desk paused it; NULL: somebody did
  place BIGINT NOT NULL,             -- every event up to here was looked at
  due_at BIGINT,                     -- when something that waits is due; NULL: nothing waits
  failures BIGINT NOT NULL,          -- failed calls, one after the other
  failing_since BIGINT,              -- since when none was taken
  error TEXT,                        -- the last failure, until a call is taken
  sent_at BIGINT,                    -- when a call was last taken
  made_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE INDEX webhook_due ON webhook (due_at) WHERE state = 'active';

-- An event that is, was or was not to be told.
CREATE TABLE webhook_delivery (
  id UUID PRIMARY KEY,
  webhook UUID NOT NULL REFERENCES webhook (id),
  event BIGINT NOT NULL,             -- its place in the change feed
  ticket BIGINT NOT NULL,
  kind TEXT NOT NULL,                -- what happened
  state TEXT NOT NULL,               -- waiting | sent | dead | left_out
  since BIGINT NOT NULL,             -- when it was first due
  next_at BIGINT NOT NULL,           -- not before
  tries BIGINT NOT NULL,
  tried_at BIGINT,
  status BIGINT,                     -- of the last answer
  error TEXT,                        -- why it was not taken, or was left out
  ended_at BIGINT
);
CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (webhook, event);
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook, ticket, event)
  WHERE state = 'waiting';
CREATE INDEX webhook_delivery_ended ON webhook_delivery (ended_at) WHERE ended_at IS NOT NULL;
