-- The settings of a company can be changed: a form that was opened before somebody else saved is recognised.
set local lock_timeout = '5s';

alter table organizations add column version integer not null default 1;
