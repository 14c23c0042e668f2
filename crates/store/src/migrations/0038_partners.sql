-- Partner desks: other Switchboards with which tickets are shared.
CREATE TABLE partner (
  id UUID PRIMARY KEY,
  desk TEXT NOT NULL,                -- its name, as it stands in changes
  title TEXT NOT NULL,               -- how people call it
  base_url TEXT NOT NULL,            -- without a slash at the end
  public_key TEXT NOT NULL,          -- Ed25519, 32 bytes in base64
  state TEXT NOT NULL,               -- active | paused | ended
  names BIGINT NOT NULL,             -- 1: names of those who write may pass
  addresses BIGINT NOT NULL,         -- 1: their mail addresses may
  files BIGINT NOT NULL,             -- 1: files may
  gives BIGINT NOT NULL,             -- 1: tickets may go there
  takes BIGINT NOT NULL,             -- 1: tickets may come from there
  intake UUID NOT NULL REFERENCES unit (id), -- where what comes from there begins
  log_end BIGINT NOT NULL,           -- the last place of the log for it
  sent BIGINT NOT NULL,              -- of these its sender knows
  acked BIGINT NOT NULL,             -- it has recorded everything up to here
  waiting_since BIGINT,              -- something was sent that has no answer yet
  tries BIGINT NOT NULL,             -- how often in a row there was none
  went_back BIGINT NOT NULL,         -- 1: it has more than was ever sent: this desk was restored
  took BIGINT NOT NULL,              -- everything up to this place of its log is recorded here
  heard_at BIGINT,                   -- when it was last asked or heard
  error TEXT,                        -- why it can not be talked to; NULL: it can
  error_at BIGINT,
  sent_at BIGINT,                    -- when something last went there
  came_at BIGINT,                    -- when something last came from there
  requester UUID REFERENCES person (id), -- asks for people there whose addresses may not pass
  made_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE UNIQUE INDEX partner_desk ON partner (desk);

-- The units that stand for a partner here: a ticket that is given to one is given to it.
CREATE TABLE partner_unit (
  unit UUID PRIMARY KEY REFERENCES unit (id),
  partner UUID NOT NULL REFERENCES partner (id)
);

-- What was offered to a desk that is to become a partner.
CREATE TABLE partner_invitation (
  id UUID PRIMARY KEY,
  token_hash BLOB NOT NULL,          -- SHA-256 of what the invited desk shows
  doc TEXT NOT NULL,                 -- what was offered, as JSON
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  partner UUID REFERENCES partner (id) -- who took it; NULL: nobody yet
);
CREATE UNIQUE INDEX partner_invitation_token ON partner_invitation (token_hash);

-- Signed requests that came, for as long as they could be believed again.
CREATE TABLE partner_nonce (
  partner UUID NOT NULL REFERENCES partner (id),
  nonce TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (partner, nonce)
);
CREATE INDEX partner_nonce_over ON partner_nonce (expires_at);

-- A ticket that is shared with partners.
CREATE TABLE shared_ticket (
  id TEXT PRIMARY KEY,               -- the desk that opened it and its number there
  ticket BIGINT REFERENCES ticket (number), -- NULL: its opening has not come yet
  opened_here BIGINT NOT NULL,
  shared TEXT NOT NULL,              -- its state, as JSON; without texts
  began_at BIGINT NOT NULL,
  looked_at BIGINT NOT NULL,         -- when somebody last looked how it stands, else when it began
  looked_by UUID REFERENCES person (id)
);
CREATE INDEX shared_ticket_by_ticket ON shared_ticket (ticket);

-- With whom.
CREATE TABLE shared_road (
  shared TEXT NOT NULL REFERENCES shared_ticket (id),
  partner UUID NOT NULL REFERENCES partner (id),
  began_at BIGINT NOT NULL,
  PRIMARY KEY (shared, partner)
);
CREATE INDEX shared_road_by_partner ON shared_road (partner);

-- Everything that happened to it, wherever.
CREATE TABLE shared_change (
  id UUID PRIMARY KEY,
  shared TEXT NOT NULL REFERENCES shared_ticket (id),
  n BIGINT NOT NULL,                 -- the order in which it came to be known here
  name TEXT NOT NULL,                -- the desk where it happened, and its number there
  at BIGINT NOT NULL,                -- when it came to be known here
  source UUID REFERENCES partner (id), -- who sent it; NULL: it happened here
  address TEXT,                      -- of who wrote it, if it may be known here
  entry UUID REFERENCES entry (id),  -- the entry here that it is
  doc TEXT NOT NULL                  -- it, as JSON
);
CREATE UNIQUE INDEX shared_change_name ON shared_change (shared, name);
CREATE UNIQUE INDEX shared_change_order ON shared_change (shared, n);
CREATE INDEX shared_change_entry ON shared_change (entry) WHERE entry IS NOT NULL;

-- What each partner reads, place after place; as it may see it.
CREATE TABLE partner_log (
  id UUID PRIMARY KEY,
  partner UUID NOT NULL REFERENCES partner (id),
  place BIGINT NOT NULL,
  shared TEXT NOT NULL,
  name TEXT NOT NULL,
  at BIGINT NOT NULL,
  doc TEXT NOT NULL
);
CREATE UNIQUE INDEX partner_log_place ON partner_log (partner, place);
CREATE INDEX partner_log_name ON partner_log (shared, name);

-- What came and can not be taken, whole and with why.
CREATE TABLE partner_dead (
  id UUID PRIMARY KEY,
  partner UUID NOT NULL REFERENCES partner (id),
  place BIGINT NOT NULL,             -- in its log
  why TEXT NOT NULL,
  doc TEXT NOT NULL,
  at BIGINT NOT NULL,
  ended_at BIGINT                    -- when somebody looked after it
);
CREATE INDEX partner_dead_open ON partner_dead (at) WHERE ended_at IS NULL;
