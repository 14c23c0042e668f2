-- The counters beside the views of the agents' workspace are shown with every
-- page: each is one look at an index, without the tickets' rows.
CREATE INDEX ticket_open_in_unit ON ticket (unit, status, needs_reply, owner) WHERE open = 1;
CREATE INDEX ticket_open_by_owner ON ticket (owner, priority DESC, number) WHERE open = 1;
CREATE INDEX ticket_closed_in_unit ON ticket (unit, updated_at, number) WHERE open = 0;
