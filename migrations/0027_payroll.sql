-- Which columns the payroll file of a run has, chosen once per company.
set local lock_timeout = '5s';

alter table organizations
    add column payroll_columns text[] not null default '{rep,name,period,total,currency}'; -- words of the program, in its order
comment on column organizations.payroll_columns is 'the columns of the payroll file';
