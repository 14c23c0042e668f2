-- Answers that wait a few seconds, in which their authors can take them back.
CREATE TABLE held_answer (
  id UUID PRIMARY KEY,
  ticket BIGINT NOT NULL REFERENCES ticket (number),
  author UUID NOT NULL REFERENCES person (id),
  written_at BIGINT NOT NULL,
  send_at BIGINT NOT NULL,
  status TEXT NOT NULL,              -- the status that goes with it, or empty
  body TEXT NOT NULL,
  refused TEXT                       -- why it could not be sent
);
CREATE INDEX held_answer_by_ticket ON held_answer (ticket);

CREATE TABLE held_file (
  id UUID PRIMARY KEY,
  answer UUID NOT NULL REFERENCES held_answer (id),
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT NOT NULL
);
CREATE INDEX held_file_by_answer ON held_file (answer);
CREATE INDEX held_file_by_sha256 ON held_file (sha256);
