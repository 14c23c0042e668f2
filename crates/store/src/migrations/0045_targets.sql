-- People are told of targets that are nearly used up or missed. Tickets that are there
-- get their timers by the job that makes them; what was missed before is not told.
INSERT INTO setting (key, value, updated_at)
SELECT 'timers.targets', 'upgrade', 0 WHERE EXISTS (SELECT 1 FROM ticket);
DELETE FROM setting WHERE key = 'timers.all';
INSERT INTO setting (key, value, updated_at)
SELECT 'timers.all', 'false', 0 WHERE EXISTS (SELECT 1 FROM ticket);
