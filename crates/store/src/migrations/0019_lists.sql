-- A unit's tickets by number, with what lists are narrowed by beside it: a list
-- of few among many (those of high priority over all the years) walks through
-- the index alone and reads only the rows that it shows.
CREATE INDEX ticket_in_unit ON ticket
  (unit, number, priority, status, needs_reply, restricted, owner, service, category, issue_type);
DROP INDEX ticket_by_unit;
-- A unit's open ones, newest first. That the index above has no `open` makes
-- SQLite choose this one for them.
CREATE INDEX ticket_open_newest ON ticket (unit, number) WHERE open = 1;
