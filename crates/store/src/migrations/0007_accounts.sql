-- Accounts: links that were mailed, sign-ins on their way, second factors.

-- When the person last proved who they are in this session.
ALTER TABLE session ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;

-- Links that were mailed and wait to be followed, once.
CREATE TABLE mailed_link (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the word in the link
  purpose TEXT NOT NULL,             -- register | reset | address
  address TEXT NOT NULL,             -- canonical; where it was mailed
  person UUID REFERENCES person (id),-- NULL: nobody yet
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX mailed_link_by_address ON mailed_link (address, purpose);
CREATE INDEX mailed_link_by_person ON mailed_link (person);
CREATE INDEX mailed_link_by_end ON mailed_link (expires_at);

-- Sign-ins whose password was right and whose second step is missing.
CREATE TABLE second_step (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the cookie's secret
  person UUID NOT NULL REFERENCES person (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX second_step_by_person ON second_step (person);
CREATE INDEX second_step_by_end ON second_step (expires_at);

-- One authenticator app of a person. The secret has to be known to check codes.
CREATE TABLE totp (
  person UUID PRIMARY KEY REFERENCES person (id),
  secret BLOB,                       -- NULL: none confirmed yet
  since BIGINT,
  last_step BIGINT NOT NULL,         -- the last 30 s step whose code was taken
  fresh BLOB,                        -- shown, and waiting for its first code
  fresh_at BIGINT
);

-- Codes for when the other factors are lost, each for once.
CREATE TABLE recovery_code (
  person UUID NOT NULL REFERENCES person (id),
  hash BLOB NOT NULL,                -- SHA-256 of the code
  PRIMARY KEY (person, hash)
);

CREATE TABLE passkey (
  id BLOB PRIMARY KEY,               -- the credential's id
  person UUID NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,
  doc TEXT NOT NULL,                 -- public key and counters as JSON
  created_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX passkey_by_person ON passkey (person);

-- What a passkey was asked to sign, until it answers.
CREATE TABLE passkey_challenge (
  hash BLOB PRIMARY KEY,             -- SHA-256 of the word in the form
  purpose TEXT NOT NULL,             -- add | sign_in | second_step | prove
  person UUID REFERENCES person (id),-- NULL: whoever answers
  state TEXT NOT NULL,               -- JSON
  expires_at BIGINT NOT NULL
);
CREATE INDEX passkey_challenge_by_end ON passkey_challenge (expires_at);
CREATE INDEX passkey_challenge_by_person ON passkey_challenge (person);
