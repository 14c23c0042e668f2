-- Texts that staff keep for what they write again and again.
CREATE TABLE canned_text (
  id UUID PRIMARY KEY,
  unit UUID REFERENCES unit (id),      -- whose they are; neither: everybody's on staff
  person UUID REFERENCES person (id),
  title TEXT NOT NULL,
  shortcut TEXT NOT NULL,              -- what is typed to get it
  body TEXT NOT NULL,                  -- with fields
  changed_at BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX canned_text_everybodys ON canned_text (shortcut) WHERE unit IS NULL AND person IS NULL;
CREATE UNIQUE INDEX canned_text_units ON canned_text (unit, shortcut) WHERE unit IS NOT NULL;
CREATE UNIQUE INDEX canned_text_own ON canned_text (person, shortcut) WHERE person IS NOT NULL;
