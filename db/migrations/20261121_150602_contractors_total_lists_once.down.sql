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
    count(*)::integer as item_count,
    coalesce(sum(profile.total_contract_value), 0)::numeric(20, 2)::text as total_value,
    max(item.added_at) as last_item_added_at
  from contractors.contractor_list_items as item
  join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
  where item.tenant_id = list.tenant_id
    and item.list_id = list.id
) as totals;
comment on view contractors.contractor_list_summaries is 'Lists with what is derived from their items (GG-09)';
comment on column contractors.contractor_list_summaries.total_value is 'Sum of the total contract values of the contractors in the list, in US dollars';

grant select on contractors.contractor_list_summaries to commonhold_app, commonhold_readonly;
