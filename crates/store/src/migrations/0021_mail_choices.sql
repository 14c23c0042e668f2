-- How people want to hear of what happens.
CREATE TABLE mail_choice (
  person UUID NOT NULL REFERENCES person (id),
  scope TEXT NOT NULL,               -- own | other | unit:ID
  told TEXT NOT NULL,                -- opened | assigned | entry | …
  how TEXT NOT NULL,                 -- mail | digest | nothing
  PRIMARY KEY (person, scope, told)
);

-- In which language, and when what is gathered comes.
CREATE TABLE mail_wish (
  person UUID PRIMARY KEY REFERENCES person (id),
  language TEXT,                     -- none: the desk's
  rhythm TEXT NOT NULL,              -- daily | weekly
  weekday BIGINT NOT NULL,           -- 0 is Monday
  hour BIGINT NOT NULL,
  time_zone TEXT NOT NULL
);

-- What is gathered for the next one.
CREATE TABLE digest_item (
  id UUID PRIMARY KEY,
  person UUID NOT NULL REFERENCES person (id),
  cause UUID NOT NULL,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  what TEXT NOT NULL,                -- the kinds of what happened, separated by commas
  UNIQUE (person, cause, ticket)
);
CREATE INDEX digest_item_by_due ON digest_item (person, due_at);

-- Texts of mails that an administrator wrote in place of the shipped ones; without
-- subject and body the shipped one holds again.
CREATE TABLE mail_text (
  key TEXT PRIMARY KEY,              -- NAME.LANGUAGE
  subject TEXT,
  body TEXT,
  version BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
