-- What reports count. `past` is what the history of a ticket amounted to so far, packed:
-- its stays, when it was open, and what its clocks showed when they ended. It is written
-- with each change, as the clocks are.
ALTER TABLE ticket ADD COLUMN past BLOB;     -- NULL: from before, until a job has replayed it
DROP INDEX ticket_without_clocks;
CREATE INDEX ticket_without_clocks ON ticket (number) WHERE past IS NULL;

-- Tickets packed for reports, 512 in a row, so that a year is read in a moment. A block
-- may lag behind its tickets: those that changed after the event up to which all blocks
-- were brought (cursor_position 'reports') are read from `ticket` instead.
CREATE TABLE report_block (
  block BIGINT PRIMARY KEY,          -- the numbers from block * 512 on
  first BIGINT NOT NULL,             -- the first of them was opened then
  last BIGINT NOT NULL,              -- nothing is to be counted of them after that
  packed BLOB NOT NULL
);
-- postgres-only
ALTER TABLE report_block ALTER COLUMN packed SET STORAGE EXTERNAL;
-- both
