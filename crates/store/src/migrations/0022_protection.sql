-- What a mail claimed of signatures and encryption, as JSON; nothing of it was
-- checked. Without it: it claimed nothing, or is no mail.
ALTER TABLE entry ADD COLUMN protection TEXT;
