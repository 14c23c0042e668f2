-- Where a ticket lies there when that is not where it was agreed; NULL: it is there.
ALTER TABLE exchange_link ADD COLUMN queue_there TEXT;
