-- Signing in through others: OpenID Connect providers, directories, and what
-- follows from what they say of somebody.

-- The secret stands apart from what pages show, so that no list reads it.
CREATE TABLE provider (
  id UUID PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,          -- in addresses: /sign-in/egi
  kind TEXT NOT NULL,                -- oidc | ldap
  name TEXT NOT NULL,
  issuer TEXT NOT NULL UNIQUE,       -- OIDC: as it writes it; LDAP: ldap: and the id
  doc TEXT NOT NULL,                 -- everything else as JSON, no secrets
  secret TEXT,                       -- client secret or service password
  active BIGINT NOT NULL,
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Whom an issuer means by a subject. Nothing else ties a sign-in to a person.
CREATE TABLE identity (
  id UUID PRIMARY KEY,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  provider UUID REFERENCES provider (id),
  person UUID NOT NULL REFERENCES person (id),
  name TEXT NOT NULL,                -- as the provider last said
  email TEXT,                        -- as the provider last said; nobody's proof
  entitlements TEXT NOT NULL,        -- JSON: as the provider last said
  linked_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  UNIQUE (issuer, subject)
);
CREATE INDEX identity_by_person ON identity (person);
CREATE INDEX identity_by_provider ON identity (provider);

-- Sign-ins on their way to a provider and back: single use, ten minutes.
CREATE TABLE pending_sign_in (
  state_hash BLOB PRIMARY KEY,       -- SHA-256
  browser_hash BLOB NOT NULL,        -- SHA-256 of that browser's cookie
  provider UUID NOT NULL REFERENCES provider (id),
  network TEXT NOT NULL,
  next TEXT NOT NULL,                -- where to go then; a path of this site
  linker UUID REFERENCES person (id),-- who links it to their account
  proof TEXT,                        -- JSON: what came back, until they confirm
  expires_at BIGINT NOT NULL
);
CREATE INDEX pending_sign_in_by_end ON pending_sign_in (expires_at);

-- Which session began with which identity, for logging out from there. Rows
-- that outlive either of them say nothing, and are swept.
CREATE TABLE federated_session (
  session BLOB PRIMARY KEY,
  identity UUID NOT NULL,
  sid TEXT
);
CREATE INDEX federated_session_by_identity ON federated_session (identity);

-- Logout tokens that were heeded: each counts once.
CREATE TABLE logout_token (
  jti_hash BLOB PRIMARY KEY,         -- SHA-256 of issuer and jti
  expires_at BIGINT NOT NULL
);

-- Which rights follow from which entitlements.
CREATE TABLE entitlement_rule (
  id UUID PRIMARY KEY,
  provider UUID REFERENCES provider (id),  -- NULL: whichever says it
  pattern TEXT NOT NULL,
  support BIGINT NOT NULL,
  unit UUID REFERENCES unit (id),
  part TEXT,                         -- member | responsible
  community TEXT,
  position BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- What somebody has by entitlements, and would lose with them.
CREATE TABLE entitled (
  person UUID PRIMARY KEY REFERENCES person (id),
  held TEXT NOT NULL,                -- JSON
  updated_at BIGINT NOT NULL
);
