-- One request to many sites: the parent ticket, and what each site is asked.
CREATE TABLE campaign (
  ticket BIGINT PRIMARY KEY REFERENCES ticket (number),
  subject TEXT NOT NULL,             -- of a site's ticket, with variables
  body TEXT NOT NULL,                -- its text, with variables
  remind TEXT NOT NULL,              -- working days of silence, as JSON
  due_at BIGINT,                     -- when answers are wanted
  made_by UUID,                      -- who asked
  made_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);

-- A site that is, or was, asked.
CREATE TABLE campaign_site (
  campaign BIGINT NOT NULL REFERENCES campaign (ticket),
  site TEXT NOT NULL,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  asked_at BIGINT NOT NULL,
  left_at BIGINT,                    -- since when it is asked no longer
  PRIMARY KEY (campaign, site)
);
CREATE UNIQUE INDEX campaign_site_ticket ON campaign_site (ticket);

-- The support unit that answers for a site.
ALTER TABLE site ADD COLUMN unit UUID;
