-- Who is on duty in a unit when, and what is handed over at the end of a shift.
CREATE TABLE rota (
  unit UUID PRIMARY KEY REFERENCES unit (id),
  alone BIGINT NOT NULL,             -- who is on duty hears alone of what nobody owns
  ask_hours BIGINT NOT NULL,         -- before its end a shift's person is asked for a note
  confirm_hours BIGINT NOT NULL,     -- within which a hand-over is confirmed
  held_by UUID REFERENCES person (id), -- who was on duty when it was looked at last
  changed_at BIGINT NOT NULL,        -- since when
  asked_for BIGINT NOT NULL,         -- up to the end of which shift somebody was asked
  note TEXT NOT NULL,                -- what they have written so far
  look_at BIGINT NOT NULL,           -- when it has to be looked at again
  version BIGINT NOT NULL
);
CREATE INDEX rota_due ON rota (look_at);

-- A turn that goes round, one row for each in it; holds until another begins.
CREATE TABLE rota_turn (
  unit UUID NOT NULL REFERENCES rota (unit) ON DELETE CASCADE,
  first TEXT NOT NULL,               -- the day on which it begins, 2026-03-30
  place BIGINT NOT NULL,
  minute BIGINT NOT NULL,            -- when turns begin, in minutes after midnight
  days BIGINT NOT NULL,              -- of a turn
  person UUID REFERENCES person (id), -- NULL: from then on nobody is on duty
  PRIMARY KEY (unit, first, place)
);

-- Who stands in for how long. Of two the later one holds.
CREATE TABLE rota_swap (
  id UUID PRIMARY KEY,               -- in the order in which they were made
  unit UUID NOT NULL REFERENCES rota (unit) ON DELETE CASCADE,
  from_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  person UUID NOT NULL REFERENCES person (id),
  made_by UUID REFERENCES person (id),
  made_at BIGINT NOT NULL
);
CREATE INDEX rota_swap_of_unit ON rota_swap (unit, until_at);

CREATE TABLE hand_over (
  id UUID PRIMARY KEY,
  unit UUID NOT NULL REFERENCES unit (id),
  outgoing UUID NOT NULL REFERENCES person (id),
  incoming UUID NOT NULL REFERENCES person (id),
  begun_at BIGINT NOT NULL,          -- when the shift began that ended
  at BIGINT NOT NULL,                -- when it ended
  note TEXT NOT NULL,                -- what the outgoing person wrote
  tickets TEXT NOT NULL,             -- what is open, and why it is named, as JSON
  confirm_by BIGINT,                 -- until when it is waited for; NULL: no longer
  missed_at BIGINT,                  -- when the responsibles were told that nobody confirmed
  confirmed_at BIGINT
);
CREATE UNIQUE INDEX hand_over_of_unit ON hand_over (unit, at);
CREATE INDEX hand_over_awaited ON hand_over (confirm_by) WHERE confirm_by IS NOT NULL;
