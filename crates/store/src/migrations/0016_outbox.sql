-- How each mail that goes out stands: when it was tried, what the next server said,
-- when it is tried again.
ALTER TABLE mail_out ADD COLUMN tried_at BIGINT;
ALTER TABLE mail_out ADD COLUMN next_try BIGINT;
ALTER TABLE mail_out ADD COLUMN retried_at BIGINT;       -- an administrator began anew
ALTER TABLE mail_out ADD COLUMN answer TEXT;             -- the last answer of the next server
ALTER TABLE mail_out ADD COLUMN uncertain BIGINT NOT NULL DEFAULT 0; -- tries after an end nobody heard
CREATE INDEX mail_out_waiting ON mail_out (state, id) WHERE state <> 'sent';

-- Addresses at which nothing arrives any more.
CREATE TABLE dead_address (
  address TEXT PRIMARY KEY,
  since BIGINT NOT NULL,
  why TEXT NOT NULL,
  told_at BIGINT                     -- the support side was told
);
