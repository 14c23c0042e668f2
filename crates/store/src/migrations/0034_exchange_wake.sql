-- When the other system last said that something happened there, and nobody has looked
-- since; NULL: it was looked at. It is never believed: it only makes the next look come soon.
ALTER TABLE coupling ADD COLUMN woken_at BIGINT;
