-- Tickets that were passed on to a provider's mailing list, and how they stand.
CREATE TABLE redirection (
  id UUID PRIMARY KEY,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  seq BIGINT NOT NULL,               -- within the ticket; part of the list's reply address
  service UUID NOT NULL REFERENCES service (id),
  list TEXT NOT NULL,
  personal_data BIGINT NOT NULL,     -- the requester may be named
  stage TEXT NOT NULL,               -- active | held | ended
  why TEXT NOT NULL,                 -- why it is held or ended; empty: it is active
  turn TEXT NOT NULL,                -- whose word is missing: list | requester
  turn_since BIGINT NOT NULL,
  began_at BIGINT NOT NULL,
  sent_at BIGINT,                    -- the last mail to the list
  life_at BIGINT,                    -- the last sign of life of the list
  warned_at BIGINT,                  -- reminded of this silence
  woken_at BIGINT,                   -- first level was woken because of how it stands
  next_at BIGINT,                    -- when to look again if nobody says anything
  trouble TEXT,                      -- why mail to the list does not arrive
  root TEXT,                         -- Message-ID of the first mail
  ended_at BIGINT
);
CREATE UNIQUE INDEX redirection_by_ticket ON redirection (ticket, seq);
CREATE UNIQUE INDEX redirection_once ON redirection (ticket, list);
CREATE INDEX redirection_by_list ON redirection (list, stage);
CREATE INDEX redirection_by_service ON redirection (service, turn_since);
CREATE INDEX redirection_by_stage ON redirection (stage, turn_since, id);
CREATE INDEX redirection_due ON redirection (next_at) WHERE next_at IS NOT NULL;

-- What went between a desk and a list: mails to it, and words from it.
CREATE TABLE redirection_word (
  id UUID PRIMARY KEY,               -- out: of the mail in mail_out; in: of the entry
  redirection UUID NOT NULL REFERENCES redirection (id),
  way TEXT NOT NULL,                 -- out | in
  kind TEXT NOT NULL,                -- request | forward | over | warn; answer | solved | given_back | working
  message_id TEXT,                   -- of mails out
  at BIGINT NOT NULL,
  lost BIGINT NOT NULL               -- it is known that it did not arrive
);
CREATE INDEX redirection_word_by_redirection ON redirection_word (redirection, way, at);
CREATE UNIQUE INDEX redirection_word_by_message ON redirection_word (message_id) WHERE message_id IS NOT NULL;

-- By which desks and lists a mail came, where it came by any: what it opens
-- does not go back there.
CREATE TABLE mail_road (
  mail UUID PRIMARY KEY REFERENCES mail_in (id),
  hops TEXT NOT NULL,                -- names of desks, separated by spaces
  lists TEXT NOT NULL                -- addresses, separated by spaces
);
