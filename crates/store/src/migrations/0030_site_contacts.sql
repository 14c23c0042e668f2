-- The contact of a site is a party of the tickets that name it: whose address it is.
-- Where there were sites before, an hourly job finds out and puts them on the open ones.
ALTER TABLE site ADD COLUMN contact_person UUID;
