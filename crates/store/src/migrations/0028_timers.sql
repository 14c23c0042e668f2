-- What time does to tickets by itself: when which of their timers is due. The rows
-- follow from the tickets; what is done is written into these.
CREATE TABLE timer (
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  kind TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (ticket, kind)
);
CREATE INDEX timer_due ON timer (due_at, ticket, kind);

-- Where there were tickets before, a job makes theirs.
INSERT INTO setting (key, value, updated_at)
SELECT 'timers.all', 'false', 0 WHERE EXISTS (SELECT 1 FROM ticket);

-- Timers close tickets now.
DELETE FROM job WHERE kind = 'close';
