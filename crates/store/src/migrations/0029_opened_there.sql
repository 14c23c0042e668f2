-- Tickets that were opened in the other system and came here. Their requesters
-- are told by that system, not by this desk.
ALTER TABLE exchange_link ADD COLUMN opened_there BIGINT NOT NULL DEFAULT 0;

-- Who asks for them here when the agreement lets no names pass: one person without
-- an address for all of them.
ALTER TABLE coupling ADD COLUMN requester UUID REFERENCES person (id);
