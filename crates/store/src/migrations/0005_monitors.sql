-- Every change asks who the monitors are: a handful among all people.
CREATE INDEX person_monitor ON person (id) WHERE monitor = 1;
