-- Tenants are few.
-- squawk-ignore-file constraint-missing-not-valid
alter table tenancy.tenants
  add column second_factor_required_since timestamptz,
  drop constraint tenants_security_policy_object,
  add constraint tenants_security_policy_shape check (
    jsonb_typeof(security_policy) = 'object'
    and security_policy - '{session,twoFactor,ipRestrictions}'::text[] = '{}'
    and security_policy @? 'strict $ ? (
      @.session.type() == "object" && @.twoFactor.type() == "object" && @.ipRestrictions.type() == "object"
    )'
    and (security_policy -> 'session') - '{maxConcurrentSessions,sessionTimeout,extendOnActivity,requireMFA}'::text[] = '{}'
    and security_policy @? 'strict $.session ? (
      @.maxConcurrentSessions >= 1 && @.maxConcurrentSessions <= 1000
      && @.maxConcurrentSessions.floor() == @.maxConcurrentSessions
      && @.sessionTimeout >= 60 && @.sessionTimeout <= 2592000 && @.sessionTimeout.floor() == @.sessionTimeout
      && (@.extendOnActivity == true || @.extendOnActivity == false)
      && (@.requireMFA == true || @.requireMFA == false)
    )'
    and (security_policy -> 'twoFactor') - '{
      required,graceLogins,gracePeriodDays,allowBackupCodes,allowRememberDevice,exemptRoles,enforcementDate
    }'::text[] = '{}'
    and security_policy @? 'strict $.twoFactor ? (
      (@.required == true || @.required == false)
      && @.graceLogins >= 0 && @.graceLogins <= 100 && @.graceLogins.floor() == @.graceLogins
      && @.gracePeriodDays >= 0 && @.gracePeriodDays <= 365 && @.gracePeriodDays.floor() == @.gracePeriodDays
      && (@.allowBackupCodes == true || @.allowBackupCodes == false)
      && (@.allowRememberDevice == true || @.allowRememberDevice == false)
      && @.exemptRoles.type() == "array" && @.exemptRoles.size() <= 100
      && !(exists (@.exemptRoles[*] ? (@.type() != "string")))
      && (
        @.enforcementDate == null
        || @.enforcementDate like_regex "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
      )
    )'
    and (security_policy -> 'ipRestrictions') - '{enabled,allowedIPs,allowedRanges,blockList}'::text[] = '{}'
    and security_policy @? 'strict $.ipRestrictions ? (
      (@.enabled == true || @.enabled == false)
      && @.allowedIPs.type() == "array" && @.allowedIPs.size() <= 200
      && @.allowedRanges.type() == "array" && @.allowedRanges.size() <= 200
      && @.blockList.type() == "array" && @.blockList.size() <= 200
      && !(exists (@.allowedIPs[*] ? (@.type() != "string")))
      && !(exists (@.allowedRanges[*] ? (@.type() != "string")))
      && !(exists (@.blockList[*] ? (@.type() != "string")))
      && (@.enabled == false || @.allowedIPs.size() > 0 || @.allowedRanges.size() > 0)
    )'
  );
comment on column tenancy.tenants.second_factor_required_since is
  'When the security policy came to say twoFactor.required, kept by a trigger: the days of grace count from there (MT-15)';
grant select (second_factor_required_since) on tenancy.tenants to commonhold_readonly;

create function tenancy.note_second_factor_requirement()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.security_policy @@ '$.twoFactor.required == true' then
    new.second_factor_required_since := coalesce(new.second_factor_required_since, now());
  else
    new.second_factor_required_since := null;
  end if;
  return new;
end
$$;
comment on function tenancy.note_second_factor_requirement() is 'Keeps since when a tenant requires a second factor';
revoke execute on function tenancy.note_second_factor_requirement() from public;
create trigger note_second_factor_requirement before insert or update of security_policy on tenancy.tenants
  for each row execute function tenancy.note_second_factor_requirement();
update tenancy.tenants
set security_policy = security_policy
where security_policy @@ '$.twoFactor.required == true';
select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');

create table tenancy.second_factor_graces (
  tenant_id uuid not null,
  user_id uuid not null,
  began_at timestamptz not null,
  session_ids uuid[] not null,
  constraint second_factor_graces_pkey primary key (tenant_id, user_id),
  constraint second_factor_graces_bounded check (cardinality(session_ids) between 1 and 100),
  constraint second_factor_graces_user_id_fkey foreign key (tenant_id, user_id)
    references tenancy.user_tenants (tenant_id, user_id) on delete cascade
);
comment on table tenancy.second_factor_graces is
  'The sign-ins that members without a second factor have had since one is required of them (MT-15)';
comment on column tenancy.second_factor_graces.began_at is 'From when the grace counts; a requirement that begins anew counts anew';
comment on column tenancy.second_factor_graces.session_ids is 'Each session counts once, however often it is seen; no foreign key, for a session that has ended stays counted';
select platform.isolate('tenancy.second_factor_graces');
create policy second_factor_graces_system on tenancy.second_factor_graces
  for select
  using ((select platform.is_system()));
grant select, insert on tenancy.second_factor_graces to commonhold_app;
grant update (began_at, session_ids) on tenancy.second_factor_graces to commonhold_app;
grant select on tenancy.second_factor_graces to commonhold_readonly;
