-- Mail to a portal's own address comes by that portal.
ALTER TABLE mailbox ADD COLUMN portal UUID;  -- no reference: as in tickets
