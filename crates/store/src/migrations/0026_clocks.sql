-- The clocks of a ticket as its history left them, as JSON, and of them what lists
-- show: whose turn it is, and of the clock that is due first when half, three
-- quarters and all of its target are used up. They are moments, so they change with
-- an event or a calendar and not with time.
-- `due` orders lists: what is open and due for nothing comes after all that is due,
-- and what is closed after that.
ALTER TABLE ticket ADD COLUMN turn TEXT;     -- owner | requester | partner | nobody
ALTER TABLE ticket ADD COLUMN due BIGINT NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE ticket ADD COLUMN due_clock TEXT;
ALTER TABLE ticket ADD COLUMN due_half BIGINT;
ALTER TABLE ticket ADD COLUMN due_warn BIGINT;
ALTER TABLE ticket ADD COLUMN clocks TEXT;   -- NULL: from before, until a job has replayed it
UPDATE ticket SET due = 9223372036854775806 WHERE open = 1;
CREATE INDEX ticket_without_clocks ON ticket (number) WHERE clocks IS NULL;
CREATE INDEX ticket_by_due ON ticket (due, number);
CREATE INDEX ticket_due_in_unit ON ticket (unit, due, number);
