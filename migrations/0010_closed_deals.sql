-- The day on which a deal was lost or cancelled: imports know it, and pages write it.
set local lock_timeout = '5s';

alter table deals
    add column closed_on date,  -- when it was lost or cancelled
    add constraint deals_closed_check check (closed_on is null or stage in ('lost', 'cancelled'));
