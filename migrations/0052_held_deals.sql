-- Who holds a deal is found from the deal: the late facts of a period do not read all holds that ever were.
set local lock_timeout = '5s';
create index pay_holds_deal on pay_holds (org_id, deal_id) where deal_id is not null;
