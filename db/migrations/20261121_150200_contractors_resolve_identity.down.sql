-- squawk-ignore-file ban-drop-table, ban-drop-column, adding-not-nullable-field, require-concurrent-index-deletion
drop function contractors.open_fold();
drop function contractors.refresh_families(text[]);
drop function contractors.family_heads(text[]);
drop function contractors.profile_mentions(uuid);
drop function contractors.profile_ueis(uuid);
select audit.untrack('contractors.match_decisions');
drop table contractors.match_decisions;
drop table contractors.listed_awards;

delete from contractors.awards where uei is null or mention_id is not null;
alter table contractors.awards
  drop column mention_id,
  alter column uei set not null;
drop index contractors.awards_piid_idx;
comment on column contractors.awards.uei is null;

update contractors.contractors set uei = null where mention_id is not null;
alter table contractors.contractors drop column mention_id;
comment on column contractors.contractors.uei is null;
delete from contractors.observations where uei is null;
alter table contractors.observations alter column uei set not null;
comment on column contractors.observations.uei is null;
drop table contractors.mentions;
drop table contractors.families;

alter table contractors.contractor_profiles
  drop column merged_into,
  drop column parent_uei,
  drop column family_uei;
delete from contractors.contractor_profiles where uei is null;
alter table contractors.contractor_profiles alter column uei set not null;
comment on table contractors.contractor_profiles is
  'One contractor, by its Unique Entity Identifier, as the raw records of all sources together describe it (GG-06, GG-08). Written by imports only';
comment on column contractors.contractor_profiles.id is 'Made once for a UEI and kept by every later import';
comment on column contractors.contractor_profiles.uei is 'Unique Entity Identifier: 12 characters without I and O';
comment on column contractors.contractor_profiles.total_contract_value is 'US dollars obligated over all known awards of this UEI; empty when none is known';
