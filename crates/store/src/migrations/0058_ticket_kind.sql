-- Why a ticket exists, for lists; in its document it is there from the beginning, and
-- never changes.
ALTER TABLE ticket ADD COLUMN kind TEXT NOT NULL DEFAULT 'user';
UPDATE ticket SET kind = 'team' WHERE doc LIKE '%"type":"team"%';
UPDATE ticket SET kind = 'alarm' WHERE doc LIKE '%"type":"alarm"%';
UPDATE ticket SET kind = 'ops' WHERE doc LIKE '%"type":"ops"%';
CREATE INDEX ticket_by_kind ON ticket (kind, number) WHERE kind <> 'user';
