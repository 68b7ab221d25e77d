-- Files that an administrator has sent and looks at before they are imported: gone once they were imported, discarded,
-- replaced by others of the same person, or a day old. And how columns were read whose names no import knows.
set local lock_timeout = '5s';

create table import_uploads (
    org_id  bigint not null,
    id      bigint generated always as identity,
    user_id bigint not null,        -- who sent them: nobody else sees them
    at      timestamptz not null,
    preview jsonb not null,         -- what an import of them would do, or every problem
    constraint import_uploads_pkey primary key (org_id, id),
    constraint import_uploads_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);

create table import_upload_files (
    org_id    bigint not null,
    upload_id bigint not null,
    file      text not null,        -- one of the names that imports read, never one of the browser's
    content   bytea not null,
    constraint import_upload_files_pkey primary key (org_id, upload_id, file),
    constraint import_upload_files_upload_fkey foreign key (org_id, upload_id) references import_uploads (org_id, id)
        on delete cascade
);

create table import_columns (
    org_id      bigint not null,
    file        text not null,
    header      text not null,      -- as it stands in the file
    column_name text not null,      -- as what it is read; empty: it is left out
    constraint import_columns_pkey primary key (org_id, file, header),
    constraint import_columns_org_fkey foreign key (org_id) references organizations (id)
);

grant select, insert, delete on import_uploads, import_upload_files to attain_app;
grant update (preview) on import_uploads to attain_app;
grant select, insert, update, delete on import_columns to attain_app;

alter table import_uploads enable row level security;
alter table import_upload_files enable row level security;
alter table import_columns enable row level security;
create policy organization on import_uploads using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on import_upload_files using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on import_columns using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
