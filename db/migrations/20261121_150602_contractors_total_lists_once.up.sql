-- The total of a list is that of who its contractors are: one that was absorbed counts as the one that absorbed it, and both
-- together count once.
drop view contractors.contractor_list_summaries;
create view contractors.contractor_list_summaries
with (security_invoker = true)
as
select
  list.*,
  totals.item_count,
  totals.total_value,
  totals.last_item_added_at
from contractors.contractor_lists as list
cross join lateral (
  select
    coalesce(sum(contractor.items), 0)::integer as item_count,
    coalesce(sum(contractor.value), 0)::numeric(20, 2)::text as total_value,
    max(contractor.added_at) as last_item_added_at
  from (
    select
      count(*) as items,
      max(coalesce(survivor.total_contract_value, profile.total_contract_value)) as value,
      max(item.added_at) as added_at
    from contractors.contractor_list_items as item
    join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
    left join contractors.contractor_profiles as survivor on survivor.id = profile.merged_into
    where item.tenant_id = list.tenant_id
      and item.list_id = list.id
    group by coalesce(profile.merged_into, profile.id)
  ) as contractor
) as totals;
comment on view contractors.contractor_list_summaries is 'Lists with what is derived from their items (GG-09)';
comment on column contractors.contractor_list_summaries.total_value is
  'Sum of the total contract values of the contractors in the list, in US dollars; each contractor once, also if it is there as one that it has absorbed';
grant select on contractors.contractor_list_summaries to commonhold_app, commonhold_readonly;
