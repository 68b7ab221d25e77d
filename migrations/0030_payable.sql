-- Payroll pays what is payable: of a total below zero nothing, for it is carried on and recovered later.
set local lock_timeout = '5s';

alter table organizations
    alter column payroll_columns set default '{rep,name,period,payable,currency}';
update organizations
set payroll_columns = array_replace(payroll_columns, 'total', 'payable');
