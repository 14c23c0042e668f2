-- Links of a ticket there that are no ties here, a line each; NULL: there are none.
ALTER TABLE exchange_link ADD COLUMN links_there TEXT;
-- Ties between tickets that stand here and there: what was agreed last. A tie of one side
-- that is not among them was made there since; one of them that a side lacks was undone.
CREATE TABLE exchange_tied (
  system TEXT NOT NULL,              -- the address of the system, without a slash at its end
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  kind TEXT NOT NULL,                -- what the other is to it: child_of, slave_of, duplicate_of, see_also
  other BIGINT NOT NULL REFERENCES ticket (number),
  at BIGINT NOT NULL,                -- since when
  PRIMARY KEY (system, ticket, kind, other)
);
CREATE INDEX exchange_tied_by_other ON exchange_tied (system, other);
