-- The list of a rep's deals finds those that the rep owns in the index alone: in a table of many years each lies on another page.
set local lock_timeout = '5s';
drop index deals_owner_booked;
create index deals_owner_booked on deals (org_id, owner_id, booked_on) include (id);
