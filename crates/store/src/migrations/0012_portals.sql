-- Communities (VOs) as data, people in them, and portals: a community's own
-- front door.

CREATE TABLE community (
  key TEXT PRIMARY KEY,              -- stands in tickets; never changed
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  open BIGINT NOT NULL,              -- people may join by themselves
  active BIGINT NOT NULL,
  doc TEXT NOT NULL,                 -- aliases as JSON
  updated_at BIGINT NOT NULL
);

-- What stood in tickets and in rules of entitlements as free text so far.
INSERT INTO community (key, name, description, open, active, doc, updated_at)
SELECT found.community, found.community, '', 0, 1, '{}', 0
FROM (SELECT community FROM ticket WHERE community IS NOT NULL
      UNION SELECT community FROM entitlement_rule WHERE community IS NOT NULL) AS found;

CREATE TABLE person_community (
  person UUID NOT NULL REFERENCES person (id),
  community TEXT NOT NULL REFERENCES community (key),
  via TEXT NOT NULL,                 -- hand | choice | entitlement
  since BIGINT NOT NULL,
  PRIMARY KEY (person, community, via)
);
CREATE INDEX person_community_by_community ON person_community (community, person);

-- Being in a community is a right from now on. What people typed of themselves
-- is none; what a provider said of them is.
-- sqlite-only
INSERT INTO person_community (person, community, via, since)
SELECT e.person, c.key, 'entitlement', e.updated_at FROM entitled e
JOIN community c ON c.key = json_extract(e.held, '$.community');
-- postgres-only
INSERT INTO person_community (person, community, via, since)
SELECT e.person, c.key, 'entitlement', e.updated_at FROM entitled e
JOIN community c ON c.key = CAST(e.held AS JSON) ->> 'community';
-- both

CREATE TABLE portal (
  id UUID PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,          -- in addresses: /p/KEY
  name TEXT NOT NULL,
  hostname TEXT UNIQUE,              -- its own address, if it has one; lower case
  community TEXT REFERENCES community (key),
  unit UUID REFERENCES unit (id),    -- its own first level, if it has one
  active BIGINT NOT NULL,
  position BIGINT NOT NULL,
  logo TEXT,                         -- SHA-256 of its picture in the blob store
  doc TEXT NOT NULL,                 -- greeting, colours, logo, what is shown, as JSON
  updated_at BIGINT NOT NULL
);
-- A unit is first level of one portal at most, so that a membership names it.
CREATE UNIQUE INDEX portal_by_unit ON portal (unit);

ALTER TABLE ticket ADD COLUMN portal UUID;
-- The community that it is open to; NULL: it is not open to one.
ALTER TABLE ticket ADD COLUMN shared TEXT;
-- sqlite-only
UPDATE ticket SET shared = community
WHERE community IS NOT NULL AND json_extract(doc, '$.visibility') = 'community';
-- postgres-only
UPDATE ticket SET shared = community
WHERE community IS NOT NULL AND CAST(doc AS JSON) ->> 'visibility' = 'community';
-- both
CREATE INDEX ticket_by_shared ON ticket (shared, number) WHERE shared IS NOT NULL;
CREATE INDEX ticket_by_portal ON ticket (portal, number) WHERE portal IS NOT NULL;
CREATE INDEX ticket_open_by_portal ON ticket (portal, priority DESC, number)
WHERE portal IS NOT NULL AND open = 1;

-- What a portal tells its visitors. News of the whole desk stand in `news`.
CREATE TABLE portal_news (
  id UUID PRIMARY KEY,
  portal UUID NOT NULL REFERENCES portal (id),
  at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  kind TEXT NOT NULL,                -- news | incident | downtime
  title TEXT NOT NULL,
  body TEXT NOT NULL,                -- plain text
  author_name TEXT NOT NULL,
  active BIGINT NOT NULL
);
CREATE INDEX portal_news_by_portal ON portal_news (portal, at);
