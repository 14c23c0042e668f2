-- Fills up a Request Tracker 5: makes as many tickets as there are texts by copying the rows of those that RT's own API has made, each
-- with a subject and a text of its own. bench/beside-rt.sh runs it by psql with the file of texts as its input.
begin;
create temp table texts (n serial primary key, asks text, subject text, body text);
\copy texts (asks, subject, body) from pstdin
create temp table step as select
  (select max(id) from tickets) as tickets, (select max(id) from principals) as principals, (select max(id) from groupmembers) as groupmembers,
  (select max(id) from cachedgroupmembers) as cachedgroupmembers, (select max(id) from transactions) as transactions,
  (select max(id) from attachments) as attachments;
create temp table copies as select t.id, c.k from tickets t, step, generate_series(1, 1 + (select max(n) from texts) / step.tickets) as c(k)
  where t.id + c.k * step.tickets <= (select max(n) from texts);
create temp table roles as select g.*, c.k from groups g join copies c on c.id = g.instance where g.domain = 'RT::Ticket-Role';
create index on roles (id, k);
insert into tickets select t.id + k * step.tickets, t.effectiveid + k * step.tickets, ismerged, queue, type, owner, x.subject, initialpriority, finalpriority,
  priority, timeestimated, timeworked, status, sla, timeleft, told, starts, started, due, resolved, lastupdatedby, lastupdated, creator, created
  from tickets t join copies c on c.id = t.id cross join step join texts x on x.n = t.id + k * step.tickets;
insert into principals select r.id + k * step.principals, 'Group', 0 from roles r, step;
insert into groups select r.id + k * step.principals, name, description, domain, instance + k * step.tickets, creator, created, lastupdatedby, lastupdated
  from roles r, step;
insert into groupmembers select m.id + k * step.groupmembers, groupid + k * step.principals, memberid, m.creator, m.created, m.lastupdatedby, m.lastupdated
  from groupmembers m join roles r on r.id = m.groupid cross join step;
insert into cachedgroupmembers select m.id + k * step.cachedgroupmembers, groupid + k * step.principals,
  case when memberid = groupid then memberid + k * step.principals else memberid end, via + k * step.cachedgroupmembers,
  immediateparentid + k * step.principals, disabled
  from cachedgroupmembers m join roles r on r.id = m.groupid cross join step;
create temp table made as select t.id, c.k, x.body from transactions t join copies c on c.id = t.objectid cross join step
  join texts x on x.n = c.id + c.k * step.tickets where t.objecttype = 'RT::Ticket' and t.type = 'Create';
insert into transactions select t.id + k * step.transactions, objecttype, objectid + k * step.tickets, timetaken, type, field, oldvalue, newvalue, referencetype,
  oldreference, newreference, data, creator, created from transactions t join made on made.id = t.id cross join step;
insert into attachments select a.id + k * step.attachments, transactionid + k * step.transactions, 0, messageid, subject, filename, contenttype, contentencoding,
  body, headers, creator, created from attachments a join made on made.id = a.transactionid cross join step where a.parent = 0;
commit;
select setval('tickets_id_seq', (select max(id) from tickets));
select setval('principals_id_seq', (select max(id) from principals));
select setval('groupmembers_id_seq', (select max(id) from groupmembers));
select setval('cachedgroupmembers_id_seq', (select max(id) from cachedgroupmembers));
select setval('transactions_id_seq', (select max(id) from transactions));
select setval('attachments_id_seq', (select max(id) from attachments));
analyze tickets, principals, groups, groupmembers, cachedgroupmembers, transactions, attachments;
select count(*) || ' tickets' from tickets;
