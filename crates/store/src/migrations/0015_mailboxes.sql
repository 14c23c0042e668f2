-- Where mail comes in: mailboxes that the desk reads, addresses that the local
-- mail server hands over, and what was found out about who sent a mail.

-- The secret stands apart from what pages show, so that no list reads it.
CREATE TABLE mailbox (
  id UUID PRIMARY KEY,
  address TEXT NOT NULL UNIQUE,      -- what people write to, canonical
  way TEXT NOT NULL,                 -- imap | local
  doc TEXT NOT NULL,                 -- everything else as JSON, no secrets
  secret TEXT,                       -- password, client secret or token
  unit UUID REFERENCES unit (id),
  service UUID REFERENCES service (id),
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);

-- How far the reading of a mailbox came. Written by the node that reads it.
CREATE TABLE mailbox_state (
  mailbox UUID PRIMARY KEY REFERENCES mailbox (id),
  uid_validity BIGINT,               -- of the folder, when it was last read
  first_uid BIGINT NOT NULL,         -- older ones were there before and are left alone
  last_uid BIGINT NOT NULL,          -- up to here everything is stored
  since BIGINT NOT NULL,             -- when reading began
  connected_at BIGINT,               -- NULL: not connected
  seen_at BIGINT,                    -- when the server last answered
  mail_at BIGINT,                    -- when a mail last came
  taken BIGINT NOT NULL,             -- mails that came by it
  error TEXT,                        -- what is wrong now
  error_at BIGINT
);

ALTER TABLE mail_in ADD COLUMN mailbox UUID;   -- by which it came; no reference: mails outlive mailboxes
ALTER TABLE mail_in ADD COLUMN envelope TEXT;  -- JSON: sender and recipients of the envelope, where known
ALTER TABLE mail_in ADD COLUMN verdict TEXT;   -- JSON: what was found out about the sender
ALTER TABLE mail_in ADD COLUMN related BIGINT; -- a ticket it named without a proof
CREATE INDEX mail_in_by_entry ON mail_in (entry);

-- What is counted against storms: so many in one stretch of time.
CREATE TABLE mail_tally (
  key TEXT NOT NULL,                 -- ack:ADDRESS, thread:NUMBER:ADDRESS …
  stretch BIGINT NOT NULL,           -- when it begins
  counted BIGINT NOT NULL,
  PRIMARY KEY (key, stretch)
);
CREATE INDEX mail_tally_by_stretch ON mail_tally (stretch);
