-- The full-text index: one row a ticket, found by its number. The words are
-- cut and folded by us (search.rs), so that both databases find the same.

-- sqlite-only
CREATE VIRTUAL TABLE ticket_search USING fts5 (
  subject, public, internal, scope,
  content = '', contentless_delete = 1,
  tokenize = 'ascii'
);
-- postgres-only
CREATE TABLE ticket_search (
  number BIGINT PRIMARY KEY,
  lexemes TSVECTOR NOT NULL
);
-- Only phrases need the words themselves; all else is found by the index and
-- needs small rows.
ALTER TABLE ticket_search SET (toast_tuple_target = 128);
-- A short list of pending words: each search reads through it.
CREATE INDEX ticket_search_by_lexeme ON ticket_search USING gin (lexemes)
  WITH (fastupdate = on, gin_pending_list_limit = 256);
-- both

-- Every word of letters that was ever indexed: what an unfinished word may become.
CREATE TABLE search_word (
  word TEXT PRIMARY KEY
);
