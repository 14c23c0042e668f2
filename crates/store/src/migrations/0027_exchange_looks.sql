-- First level looks at tickets that are at partners, one after the other.
ALTER TABLE exchange_link ADD COLUMN looked_at BIGINT NOT NULL DEFAULT 0; -- when somebody last did, else when it began
ALTER TABLE exchange_link ADD COLUMN looked_by UUID REFERENCES person (id); -- NULL: nobody yet
UPDATE exchange_link SET looked_at = began_at;
CREATE INDEX exchange_link_looked ON exchange_link (looked_at, id) WHERE stage = 'active';

-- When a first level unit was last reminded of those at which nobody looked.
CREATE TABLE exchange_reminder (
  unit UUID PRIMARY KEY REFERENCES unit (id),
  at BIGINT NOT NULL
);

-- From now on it counts the letters that are open.
UPDATE exchange_link SET dead =
  (SELECT COUNT(*) FROM exchange_dead d WHERE d.link = exchange_link.id AND d.ended_at IS NULL);
