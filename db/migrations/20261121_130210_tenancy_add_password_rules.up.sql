alter table tenancy.tenants
  add column password_rules jsonb not null default
    '{"minimumLength": 8, "refuseCommon": true, "refusedReuses": 3, "expiresAfterDays": null}',
  -- Tenants are few, and all have the default.
  -- squawk-ignore constraint-missing-not-valid
  add constraint tenants_password_rules_shape check (
    jsonb_typeof(password_rules) = 'object'
    and password_rules - '{minimumLength,refuseCommon,refusedReuses,expiresAfterDays}'::text[] = '{}'
    and password_rules @? 'strict $ ? (
      @.minimumLength >= 8 && @.minimumLength <= 128 && @.minimumLength.floor() == @.minimumLength
      && (@.refuseCommon == true || @.refuseCommon == false)
      && @.refusedReuses >= 0 && @.refusedReuses <= 24 && @.refusedReuses.floor() == @.refusedReuses
      && (
        @.expiresAfterDays == null
        || (
          @.expiresAfterDays >= 1 && @.expiresAfterDays <= 3650
          && @.expiresAfterDays.floor() == @.expiresAfterDays
        )
      )
    )'
  );
comment on column tenancy.tenants.password_rules is
  'What the passwords of members must be: length, frequent ones refused, latest ones refused, days until a new one is asked for; who is in several tenants meets the strictest of each';
grant update (password_rules) on tenancy.tenants to commonhold_app;
grant select (password_rules) on tenancy.tenants to commonhold_readonly;
select audit.track('tenancy.tenants', redact => '{database_url_encrypted}');
