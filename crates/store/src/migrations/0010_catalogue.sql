-- Units, services and values as data that people edit: versions against
-- changes that cross, sites, and notices with their times and services.
ALTER TABLE unit ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE service ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE category ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE issue_type ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- Requesters can choose it too.
ALTER TABLE issue_type ADD COLUMN visible BIGINT NOT NULL DEFAULT 1;

CREATE TABLE site (
  key TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  aliases TEXT NOT NULL,             -- JSON
  contact TEXT,                      -- the address that is told
  country TEXT NOT NULL,
  active BIGINT NOT NULL,
  version BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

ALTER TABLE news ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE news ADD COLUMN starts_at BIGINT;
ALTER TABLE news ADD COLUMN ends_at BIGINT;
ALTER TABLE news ADD COLUMN author UUID;
-- Until now incidents and downtimes were shown for seven days.
UPDATE news SET starts_at = at, ends_at = at + 604800000 WHERE kind <> 'news';
CREATE INDEX news_by_time ON news (at);

CREATE TABLE news_service (
  news UUID NOT NULL REFERENCES news (id),
  service UUID NOT NULL REFERENCES service (id),
  position BIGINT NOT NULL,
  PRIMARY KEY (news, service)
);
INSERT INTO news_service (news, service, position)
  SELECT id, service, 0 FROM news WHERE service IS NOT NULL;
