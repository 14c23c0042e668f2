-- What was done with people, units, services, rules and rights. Rows are only
-- ever added. Each row's hash covers the row and the hash before it, so that
-- a row that was changed, left out or put in between shows.
--
-- What a deed was about in detail stands in `detail`; the chain covers only
-- its digest. So a person's data can be taken out of it (NULL) later, and the
-- chain still holds; `salt` keeps the digest from being guessed afterwards.
CREATE TABLE audit (
  id BIGINT PRIMARY KEY,             -- position in the chain, gapless
  at BIGINT NOT NULL,
  actor UUID,                        -- NULL: the desk itself
  channel TEXT NOT NULL,
  action TEXT NOT NULL,              -- unit.changed, person.support_granted …
  subject_kind TEXT NOT NULL,        -- person | unit | service …
  subject TEXT NOT NULL,             -- its id or key
  detail TEXT,                       -- JSON; NULL: taken out
  salt BLOB,                         -- NULL: taken out
  digest BLOB NOT NULL,              -- SHA-256 of salt and detail
  hash BLOB NOT NULL                 -- SHA-256 of the hash before and this row
);
CREATE INDEX audit_by_subject ON audit (subject_kind, subject, id);
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_by_action ON audit (action, id);
INSERT INTO counter (name, value) VALUES ('audit', 0);
