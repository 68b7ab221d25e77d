-- The editor makes any plan: none is of a template any more.
set local lock_timeout = '5s';

alter table plan_versions drop column template;
