-- What a locked period is counted with: the company's working days, and the days on which each person was away, as they
-- stood when it was locked. Leave, employment, holidays and workdays may be corrected later; what was paid does not move.
set local lock_timeout = '5s';

create table locked_calendars (
    org_id       bigint not null,
    run_id       bigint not null,
    working_days date[] not null,      -- those of the locked period
    constraint locked_calendars_pkey primary key (org_id, run_id),
    constraint locked_calendars_lock_fkey foreign key (org_id, run_id) references period_locks (org_id, run_id)
);
grant select, insert on locked_calendars to attain_app; -- what is locked is never rewritten
alter table locked_calendars enable row level security;
create policy organization on locked_calendars using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

create table locked_presences (
    org_id bigint not null,
    run_id bigint not null,
    rep_id bigint not null,
    away   date[] not null,            -- working days of the locked period on which the person was not there
    constraint locked_presences_pkey primary key (org_id, run_id, rep_id),
    constraint locked_presences_lock_fkey foreign key (org_id, run_id) references locked_calendars (org_id, run_id),
    -- An import that is taken back takes its people along, while nothing else depends on them.
    constraint locked_presences_rep_fkey foreign key (org_id, rep_id) references users (org_id, id) on delete cascade
);
grant select, insert on locked_presences to attain_app; -- what is locked is never rewritten
alter table locked_presences enable row level security;
create policy organization on locked_presences using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Of what is locked already: as it stands now.
insert into locked_calendars (org_id, run_id, working_days)
select l.org_id, l.run_id,
       array(select d.on_date
             from (select day::date as on_date
                   from generate_series(l.period_start, l.period_end - 1, interval '1 day') as day) d
             where extract(isodow from d.on_date) = any (o.workdays)
               and not exists (select from holidays h where h.org_id = l.org_id and h.on_date = d.on_date)
             order by d.on_date)
from period_locks l
join organizations o on o.id = l.org_id;

insert into locked_presences (org_id, run_id, rep_id, away)
select c.org_id, c.run_id, u.id,
       array(select w.on_date
             from unnest(c.working_days) as w (on_date)
             where w.on_date < u.hired_on or w.on_date >= u.left_on
                or exists (select from leaves v where v.org_id = u.org_id and v.user_id = u.id and v.during @> w.on_date)
             order by w.on_date)
from locked_calendars c
join users u on u.org_id = c.org_id;
