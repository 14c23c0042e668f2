-- Work that follows from a change: enqueued in the change's transaction,
-- done later, possibly more than once.
CREATE TABLE job (
  id UUID PRIMARY KEY,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,             -- JSON
  run_at BIGINT NOT NULL,            -- not before
  attempts BIGINT NOT NULL,          -- times it was claimed
  state TEXT NOT NULL,               -- ready | running | done | dead
  lease_until BIGINT,                -- while running: then anybody may take it over
  lease_holder TEXT,
  last_error TEXT,
  unique_key TEXT,                   -- at most one ready or running job has it
  ended_at BIGINT                    -- when it became done or dead
);
CREATE UNIQUE INDEX job_once ON job (unique_key) WHERE state IN ('ready', 'running');
CREATE INDEX job_ready ON job (run_at, id) WHERE state = 'ready';
CREATE INDEX job_running ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_ended ON job (ended_at) WHERE state IN ('done', 'dead');

-- Who does what only one may do.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- postgres-only
-- The last transaction each writer committed: when its connection is lost
-- during a commit, the writer finds here whether it happened.
CREATE TABLE write_group (
  node UUID PRIMARY KEY,
  id BIGINT NOT NULL,
  at TIMESTAMPTZ NOT NULL DEFAULT now()
);
-- both
