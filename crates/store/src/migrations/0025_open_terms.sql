-- The search index tells which tickets are open. That it does so of all of them is noted
-- in a setting: at once where there is no ticket yet, else when a job has put the
-- open ones into the index again.
INSERT INTO setting (key, value, updated_at)
SELECT 'search.open', 'true', 0 WHERE NOT EXISTS (SELECT 1 FROM ticket);
