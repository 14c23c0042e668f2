-- Of each kind the longest due: jobs of a kind of which thousands wait hold up no others.
DROP INDEX job_ready;
CREATE INDEX job_due ON job (kind, run_at, id) WHERE state = 'ready';
