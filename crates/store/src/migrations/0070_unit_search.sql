-- SQLite's index of words once more, each unit's tickets together and the newest first:
-- what a member of a unit looks for lies in one short stretch of each word's list,
-- however many tickets the desk has (search/by_unit.rs). Without positions: phrases
-- are looked for in the other.

-- sqlite-only
CREATE VIRTUAL TABLE unit_search USING fts5 (
  words,
  content = '', contentless_delete = 1, detail = none,
  tokenize = "ascii tokenchars '='"
);
-- Small pages: of a list a little is read in many places.
INSERT INTO unit_search (unit_search, rank) VALUES ('pgsz', 1000);

-- A short number for each unit.
CREATE TABLE unit_search_unit (
  id INTEGER PRIMARY KEY,
  unit UUID NOT NULL UNIQUE
);

-- Where in unit_search a ticket is.
CREATE TABLE unit_search_ticket (
  number INTEGER PRIMARY KEY,
  place BIGINT NOT NULL
);

-- Where there were tickets before, a job puts them in; until then the other index is
-- asked.
INSERT INTO setting (key, value, updated_at)
SELECT 'search.units', 'false', 0 WHERE EXISTS (SELECT 1 FROM ticket);
-- both
