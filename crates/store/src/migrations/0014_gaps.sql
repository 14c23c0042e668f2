-- A second step that is missing after a sign-in through somebody else: by which
-- identity it began, so that logging out there ends it too.
ALTER TABLE second_step ADD COLUMN identity UUID;
-- The provider's own name for the session.
ALTER TABLE second_step ADD COLUMN sid TEXT;
