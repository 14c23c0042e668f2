-- Reports that somebody asks for again and again, and has mailed.
CREATE TABLE saved_report (
  id UUID PRIMARY KEY,
  person UUID NOT NULL REFERENCES person (id),
  title TEXT NOT NULL,
  asked TEXT NOT NULL,       -- what is asked, as JSON
  rhythm TEXT NOT NULL,      -- never | weekly | monthly: how often it is mailed
  format TEXT NOT NULL,      -- csv | xlsx: as what
  next_at BIGINT,            -- when it is mailed next; NULL: it is not
  sent_at BIGINT,            -- when it was mailed last
  trouble TEXT,              -- why it could not be counted then
  made_at BIGINT NOT NULL
);
CREATE INDEX saved_report_of_person ON saved_report (person, made_at);
CREATE INDEX saved_report_due ON saved_report (next_at) WHERE next_at IS NOT NULL;
