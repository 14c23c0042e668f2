-- How content requesters were with solutions, and what they added. One for each solution.
CREATE TABLE satisfaction (
  id UUID PRIMARY KEY,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  solution BIGINT NOT NULL,          -- the event that gave it: its place in the ticket
  unit UUID NOT NULL,                -- that gave it
  person UUID NOT NULL,              -- who asked
  rating BIGINT NOT NULL,            -- 1 to 5
  comment TEXT NOT NULL,             -- empty: none
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX satisfaction_once ON satisfaction (ticket, solution);
CREATE INDEX satisfaction_by_time ON satisfaction (at);
