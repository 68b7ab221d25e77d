-- The stage of a customer's life on a day, as domain::customer::stage::standing knows it from the whole history: from the
-- stored events and at most a look at the deals, however many there are. PostgreSQL plans it as a part of what asks for it.
create function customer_stage(org bigint, customer bigint, since date, today date) returns table (stage text)
    language sql stable rows 1
as $$
    select case
               when exists (
                   select from endings n
                   where n.org_id = org and n.customer_id = customer and n.on_date <= today and n.kind <> 'declared_lost'
                     and not exists (
                         select from deals d
                         where d.org_id = org and d.customer_id = customer and d.net > 0 and d.booked_on > n.on_date
                           and d.booked_on <= today
                     )
               ) then 'ended'
               when latest.kind is null and since is not null then 'existing'
               when latest.kind is null or latest.kind = 'first_sale_undone' or first.undone then 'prospect'
               when latest.kind = 'first_sale' and today < latest.new_until then 'new'
               when latest.kind = 'first_sale' then 'existing'
               when latest.kind = 'won_back' and exists (
                   select from deals d
                   where d.org_id = org and d.customer_id = customer and d.net > 0 and d.booked_on >= latest.on_date
                     and d.booked_on <= today and d.id <> latest.deal_id
                     and (d.fully_returned_on is null or d.fully_returned_on > today)
               ) then 'existing'
               when latest.kind = 'won_back' then 'won_back'
               else 'lost'
           end
    from (select) one
    left join lateral (
        select e.kind, e.on_date, e.deal_id, e.new_until
        from customer_events e
        where e.org_id = org and e.customer_id = customer and e.on_date <= today
        order by e.position desc
        limit 1
    ) latest on true
    left join lateral (
        select latest.kind = 'won_back_undone' and f.kind = 'first_sale_undone' as undone
        from customer_events f
        where f.org_id = org and f.customer_id = customer and f.on_date <= today
          and f.kind in ('first_sale', 'first_sale_undone')
        order by f.position desc
        limit 1
    ) first on true
$$;
