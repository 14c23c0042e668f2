-- The community that somebody says they are of is one of those that there are. What
-- they typed before is taken for one by its key or name, in any case; all else is kept
-- beside it, to be read, until they choose one.
ALTER TABLE person ADD COLUMN community_said TEXT;
UPDATE person SET community_said = community WHERE community IS NOT NULL;
UPDATE person SET community = (
  SELECT MIN(c.key) FROM community c
  WHERE LOWER(c.key) = LOWER(TRIM(person.community_said))
    OR LOWER(c.name) = LOWER(TRIM(person.community_said))
) WHERE community_said IS NOT NULL;
UPDATE person SET community_said = NULL WHERE community IS NOT NULL;
