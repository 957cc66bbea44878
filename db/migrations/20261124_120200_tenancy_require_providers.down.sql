alter table tenancy.user_tenants drop column is_break_glass;
select audit.track(
  'tenancy.user_tenants', ignore => '{updated_at,expiry_announced,expiry_reported}', context => '{user_id}'
);
update tenancy.tenants
set security_policy = security_policy - 'signIn'
where security_policy ? 'signIn';
alter table tenancy.tenants
  drop constraint tenants_security_policy_shape,
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
