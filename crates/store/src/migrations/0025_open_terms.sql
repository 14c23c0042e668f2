-- The search index tells which tickets are open. Where there were tickets before it
-- did, a setting says that it does not tell so of all of them, until a job has put the
-- open ones into the index again.
INSERT INTO setting (key, value, updated_at)
SELECT 'search.open', 'false', 0 WHERE EXISTS (SELECT 1 FROM ticket);
