-- Whether a visit counts follows from when it was entered: with it in the indexes no visit itself is read for a sum.
set local lock_timeout = '5s';
drop index visits_rep_day;
create index visits_rep_day on visits (org_id, rep_id, visited_on) include (customer_id, kind, state, recorded_at);
drop index visits_day;
create index visits_day on visits (org_id, visited_on) include (rep_id, customer_id, kind, state, recorded_at);
-- Likewise deals: which they are, for those that were credited.
drop index deals_booked;
create index deals_booked on deals (org_id, booked_on) include (id, customer_id, net, returns_id);
-- The segments in use are found without reading every customer.
create index customers_segment on customers (org_id, segment) where segment is not null;
