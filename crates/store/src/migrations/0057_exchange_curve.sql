-- How far each exchange lags and what waits, over time: the worst of five minutes, of an
-- hour, of a day. Rows of each length are kept for a time only.
CREATE TABLE exchange_curve (
  link UUID NOT NULL,                -- a coupling's agreement or a partner
  span BIGINT NOT NULL,              -- milliseconds that the row stands for
  at BIGINT NOT NULL,                -- when they begin
  lag_in BIGINT NOT NULL,            -- the longest that something from there took, in milliseconds
  lag_out BIGINT NOT NULL,           -- the longest that something waited to go there
  backlog BIGINT NOT NULL,           -- the most that waited
  came BIGINT NOT NULL,              -- changes that came
  sent BIGINT NOT NULL,              -- changes that went
  PRIMARY KEY (link, span, at)
);
CREATE INDEX exchange_curve_by_time ON exchange_curve (span, at);
