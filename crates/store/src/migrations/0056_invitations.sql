-- An invitation is for somebody, and may end before a week is over.
ALTER TABLE partner_invitation ADD COLUMN for_whom TEXT NOT NULL DEFAULT ''; -- as who wrote it noted
ALTER TABLE partner_invitation ADD COLUMN ended_at BIGINT;    -- when it was declined there or withdrawn here
ALTER TABLE partner_invitation ADD COLUMN declined_by TEXT;   -- the name of the desk that did; NULL: withdrawn here
ALTER TABLE partner_invitation ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- why, as they said
