-- What changes with every write of a company: what was drawn from its facts holds for as long as this is the same.
set local lock_timeout = '5s';

create table writes (
    org_id bigint not null,
    mark   uuid not null, -- made at random by each commit: never the same for other facts, also not after a restore
    constraint writes_pkey primary key (org_id),
    constraint writes_org_fkey foreign key (org_id) references organizations (id)
);
-- Nobody's first commit has to look at the company, which another one may hold.
insert into writes (org_id, mark) select id, gen_random_uuid() from organizations;

grant select, insert, update on writes to attain_app;

alter table writes enable row level security;
create policy organization on writes using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
