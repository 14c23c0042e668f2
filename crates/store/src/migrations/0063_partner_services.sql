-- The services whose tickets are given to a partner; one that has none here is given
-- whatever is given to its units.
CREATE TABLE partner_service (
  partner UUID NOT NULL REFERENCES partner (id),
  service UUID NOT NULL REFERENCES service (id),
  PRIMARY KEY (partner, service)
);
