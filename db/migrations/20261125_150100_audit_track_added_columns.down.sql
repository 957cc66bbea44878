-- As they were made before those columns were added.
CREATE OR REPLACE FUNCTION audit.track_access_api_keys()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
begin
  if tg_op = 'UPDATE' then
    declare
      request jsonb;
      changes jsonb := '{}';
    begin
      if old.tenant_id is distinct from new.tenant_id or old.id is distinct from new.id then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
        select
          d.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', d.action, 'access.api_keys', d.resource_id, ('{' || d.changes || '}')::jsonb, details,
          split_part(request ->> 'ip', '%', 1)::inet, request ->> 'agent', request ->> 'id'
        from (
          values
            (old.tenant_id, 'delete', old.id::text, audit.row_values(to_jsonb(old), 'old', '{secret_hash}', '{tenant_id,id,last_used_at,last_used_address,end_told_at}'), jsonb_build_object('name', old.name, 'user_id', old.user_id)),
            (new.tenant_id, 'insert', new.id::text, audit.row_values(to_jsonb(new), 'new', '{secret_hash}', '{tenant_id,id,last_used_at,last_used_address,end_told_at}'), jsonb_build_object('name', new.name, 'user_id', new.user_id))
        ) as d (tenant_id, action, resource_id, changes, details);
        return null;
      end if;
      if old.user_id is distinct from new.user_id then
        changes := changes || jsonb_build_object('user_id', jsonb_build_object('old', old.user_id, 'new', new.user_id));
      end if;
      if old.name is distinct from new.name then
        changes := changes || jsonb_build_object('name', jsonb_build_object('old', old.name, 'new', new.name));
      end if;
      if old.prefix is distinct from new.prefix then
        changes := changes || jsonb_build_object('prefix', jsonb_build_object('old', old.prefix, 'new', new.prefix));
      end if;
      if old.secret_hash is distinct from new.secret_hash then
        changes := changes || jsonb_build_object('secret_hash', jsonb_build_object('old', case when old.secret_hash is not null then '[redacted]' end, 'new', case when new.secret_hash is not null then '[redacted]' end));
      end if;
      if old.scopes is distinct from new.scopes then
        changes := changes || jsonb_build_object('scopes', jsonb_build_object('old', old.scopes, 'new', new.scopes));
      end if;
      if old.created_by is distinct from new.created_by then
        changes := changes || jsonb_build_object('created_by', jsonb_build_object('old', old.created_by, 'new', new.created_by));
      end if;
      if old.created_at is distinct from new.created_at then
        changes := changes || jsonb_build_object('created_at', jsonb_build_object('old', old.created_at, 'new', new.created_at));
      end if;
      if old.expires_at is distinct from new.expires_at then
        changes := changes || jsonb_build_object('expires_at', jsonb_build_object('old', old.expires_at, 'new', new.expires_at));
      end if;
      if old.revoked_at is distinct from new.revoked_at then
        changes := changes || jsonb_build_object('revoked_at', jsonb_build_object('old', old.revoked_at, 'new', new.revoked_at));
      end if;
      if old.revoked_by is distinct from new.revoked_by then
        changes := changes || jsonb_build_object('revoked_by', jsonb_build_object('old', old.revoked_by, 'new', new.revoked_by));
      end if;
      if old.replaced_by is distinct from new.replaced_by then
        changes := changes || jsonb_build_object('replaced_by', jsonb_build_object('old', old.replaced_by, 'new', new.replaced_by));
      end if;
      if changes <> '{}' then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
        values (
          old.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', 'update', 'access.api_keys', old.id::text, changes, jsonb_build_object('name', new.name, 'user_id', new.user_id),
          split_part(request ->> 'ip', '%', 1)::inet, request ->> 'agent', request ->> 'id'
        );
      end if;
      return null;
    end;
  end if;
<<scope>>
declare
  request constant jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  request_id constant text := request ->> 'id';
  user_agent constant text := request ->> 'agent';
  user_name constant text := request ->> 'name';
  ip_address constant inet := split_part(request ->> 'ip', '%', 1)::inet;
  user_id constant uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  tenant_id constant uuid := coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000');
begin
  if tg_op = 'INSERT' then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
    select coalesce(n.tenant_id, scope.tenant_id), scope.user_id, scope.user_name, 'insert', 'access.api_keys', n.id::text, ('{' || array_to_string(array[
      '"user_id":{"' || 'new":' || to_json(n.user_id)::text || '}',
      '"name":{"' || 'new":' || to_json(n.name)::text || '}',
      '"prefix":{"' || 'new":' || to_json(n.prefix)::text || '}',
      '"secret_hash":{"' || 'new":' || case when n.secret_hash is not null then '"[redacted]"' end || '}',
      '"scopes":{"' || 'new":' || to_json(n.scopes)::text || '}',
      '"created_by":{"' || 'new":' || to_json(n.created_by)::text || '}',
      '"created_at":{"' || 'new":' || to_json(n.created_at)::text || '}',
      '"expires_at":{"' || 'new":' || to_json(n.expires_at)::text || '}',
      '"revoked_at":{"' || 'new":' || to_json(n.revoked_at)::text || '}',
      '"revoked_by":{"' || 'new":' || to_json(n.revoked_by)::text || '}',
      '"replaced_by":{"' || 'new":' || to_json(n.replaced_by)::text || '}'
      ]::text[], ',') || '}')::jsonb, jsonb_build_object('name', n.name, 'user_id', n.user_id),
      scope.ip_address, scope.user_agent, scope.request_id
    from new_rows as n;
  elsif not exists (select from audit.unlogged_transactions as unlogged where unlogged.id = pg_current_xact_id()) then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
    select coalesce(o.tenant_id, scope.tenant_id), scope.user_id, scope.user_name, 'delete', 'access.api_keys', o.id::text, ('{' || array_to_string(array[
      '"user_id":{"' || 'old":' || to_json(o.user_id)::text || '}',
      '"name":{"' || 'old":' || to_json(o.name)::text || '}',
      '"prefix":{"' || 'old":' || to_json(o.prefix)::text || '}',
      '"secret_hash":{"' || 'old":' || case when o.secret_hash is not null then '"[redacted]"' end || '}',
      '"scopes":{"' || 'old":' || to_json(o.scopes)::text || '}',
      '"created_by":{"' || 'old":' || to_json(o.created_by)::text || '}',
      '"created_at":{"' || 'old":' || to_json(o.created_at)::text || '}',
      '"expires_at":{"' || 'old":' || to_json(o.expires_at)::text || '}',
      '"revoked_at":{"' || 'old":' || to_json(o.revoked_at)::text || '}',
      '"revoked_by":{"' || 'old":' || to_json(o.revoked_by)::text || '}',
      '"replaced_by":{"' || 'old":' || to_json(o.replaced_by)::text || '}'
      ]::text[], ',') || '}')::jsonb, jsonb_build_object('name', o.name, 'user_id', o.user_id),
      scope.ip_address, scope.user_agent, scope.request_id
    from old_rows as o;
  end if;
  return null;
end;
end
$function$;
CREATE OR REPLACE FUNCTION audit.track_federation_scim_users()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
begin
  if tg_op = 'UPDATE' then
    declare
      request jsonb;
      changes jsonb := '{}';
    begin
      if old.tenant_id is distinct from new.tenant_id or old.id is distinct from new.id then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
        select
          d.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', d.action, 'federation.scim_users', d.resource_id, ('{' || d.changes || '}')::jsonb, details,
          split_part(request ->> 'ip', '%', 1)::inet, request ->> 'agent', request ->> 'id'
        from (
          values
            (old.tenant_id, 'delete', old.id::text, audit.row_values(to_jsonb(old), 'old', '{user_name,external_id,attributes,addresses}', '{tenant_id,id,version,updated_at}'), jsonb_build_object('user_id', old.user_id, 'provider_id', old.provider_id)),
            (new.tenant_id, 'insert', new.id::text, audit.row_values(to_jsonb(new), 'new', '{user_name,external_id,attributes,addresses}', '{tenant_id,id,version,updated_at}'), jsonb_build_object('user_id', new.user_id, 'provider_id', new.provider_id))
        ) as d (tenant_id, action, resource_id, changes, details);
        return null;
      end if;
      if old.provider_id is distinct from new.provider_id then
        changes := changes || jsonb_build_object('provider_id', jsonb_build_object('old', old.provider_id, 'new', new.provider_id));
      end if;
      if old.user_id is distinct from new.user_id then
        changes := changes || jsonb_build_object('user_id', jsonb_build_object('old', old.user_id, 'new', new.user_id));
      end if;
      if old.mapping_id is distinct from new.mapping_id then
        changes := changes || jsonb_build_object('mapping_id', jsonb_build_object('old', old.mapping_id, 'new', new.mapping_id));
      end if;
      if old.invitation_id is distinct from new.invitation_id then
        changes := changes || jsonb_build_object('invitation_id', jsonb_build_object('old', old.invitation_id, 'new', new.invitation_id));
      end if;
      if old.user_name is distinct from new.user_name then
        changes := changes || jsonb_build_object('user_name', jsonb_build_object('old', case when old.user_name is not null then '[redacted]' end, 'new', case when new.user_name is not null then '[redacted]' end));
      end if;
      if old.external_id is distinct from new.external_id then
        changes := changes || jsonb_build_object('external_id', jsonb_build_object('old', case when old.external_id is not null then '[redacted]' end, 'new', case when new.external_id is not null then '[redacted]' end));
      end if;
      if old.is_active is distinct from new.is_active then
        changes := changes || jsonb_build_object('is_active', jsonb_build_object('old', old.is_active, 'new', new.is_active));
      end if;
      if old.attributes is distinct from new.attributes then
        changes := changes || jsonb_build_object('attributes', jsonb_build_object('old', case when old.attributes is not null then '[redacted]' end, 'new', case when new.attributes is not null then '[redacted]' end));
      end if;
      if old.addresses is distinct from new.addresses then
        changes := changes || jsonb_build_object('addresses', jsonb_build_object('old', case when old.addresses is not null then '[redacted]' end, 'new', case when new.addresses is not null then '[redacted]' end));
      end if;
      if old.made_account is distinct from new.made_account then
        changes := changes || jsonb_build_object('made_account', jsonb_build_object('old', old.made_account, 'new', new.made_account));
      end if;
      if old.ended_membership is distinct from new.ended_membership then
        changes := changes || jsonb_build_object('ended_membership', jsonb_build_object('old', old.ended_membership, 'new', new.ended_membership));
      end if;
      if old.membership_end is distinct from new.membership_end then
        changes := changes || jsonb_build_object('membership_end', jsonb_build_object('old', old.membership_end, 'new', new.membership_end));
      end if;
      if old.created_at is distinct from new.created_at then
        changes := changes || jsonb_build_object('created_at', jsonb_build_object('old', old.created_at, 'new', new.created_at));
      end if;
      if old.deleted_at is distinct from new.deleted_at then
        changes := changes || jsonb_build_object('deleted_at', jsonb_build_object('old', old.deleted_at, 'new', new.deleted_at));
      end if;
      if changes <> '{}' then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
        values (
          old.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', 'update', 'federation.scim_users', old.id::text, changes, jsonb_build_object('user_id', new.user_id, 'provider_id', new.provider_id),
          split_part(request ->> 'ip', '%', 1)::inet, request ->> 'agent', request ->> 'id'
        );
      end if;
      return null;
    end;
  end if;
<<scope>>
declare
  request constant jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  request_id constant text := request ->> 'id';
  user_agent constant text := request ->> 'agent';
  user_name constant text := request ->> 'name';
  ip_address constant inet := split_part(request ->> 'ip', '%', 1)::inet;
  user_id constant uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  tenant_id constant uuid := coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000');
begin
  if tg_op = 'INSERT' then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
    select coalesce(n.tenant_id, scope.tenant_id), scope.user_id, scope.user_name, 'insert', 'federation.scim_users', n.id::text, ('{' || array_to_string(array[
      '"provider_id":{"' || 'new":' || to_json(n.provider_id)::text || '}',
      '"user_id":{"' || 'new":' || to_json(n.user_id)::text || '}',
      '"mapping_id":{"' || 'new":' || to_json(n.mapping_id)::text || '}',
      '"invitation_id":{"' || 'new":' || to_json(n.invitation_id)::text || '}',
      '"user_name":{"' || 'new":' || case when n.user_name is not null then '"[redacted]"' end || '}',
      '"external_id":{"' || 'new":' || case when n.external_id is not null then '"[redacted]"' end || '}',
      '"is_active":{"' || 'new":' || to_json(n.is_active)::text || '}',
      '"attributes":{"' || 'new":' || case when n.attributes is not null then '"[redacted]"' end || '}',
      '"addresses":{"' || 'new":' || case when n.addresses is not null then '"[redacted]"' end || '}',
      '"made_account":{"' || 'new":' || to_json(n.made_account)::text || '}',
      '"ended_membership":{"' || 'new":' || to_json(n.ended_membership)::text || '}',
      '"membership_end":{"' || 'new":' || to_json(n.membership_end)::text || '}',
      '"created_at":{"' || 'new":' || to_json(n.created_at)::text || '}',
      '"deleted_at":{"' || 'new":' || to_json(n.deleted_at)::text || '}'
      ]::text[], ',') || '}')::jsonb, jsonb_build_object('user_id', n.user_id, 'provider_id', n.provider_id),
      scope.ip_address, scope.user_agent, scope.request_id
    from new_rows as n;
  elsif not exists (select from audit.unlogged_transactions as unlogged where unlogged.id = pg_current_xact_id()) then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
    select coalesce(o.tenant_id, scope.tenant_id), scope.user_id, scope.user_name, 'delete', 'federation.scim_users', o.id::text, ('{' || array_to_string(array[
      '"provider_id":{"' || 'old":' || to_json(o.provider_id)::text || '}',
      '"user_id":{"' || 'old":' || to_json(o.user_id)::text || '}',
      '"mapping_id":{"' || 'old":' || to_json(o.mapping_id)::text || '}',
      '"invitation_id":{"' || 'old":' || to_json(o.invitation_id)::text || '}',
      '"user_name":{"' || 'old":' || case when o.user_name is not null then '"[redacted]"' end || '}',
      '"external_id":{"' || 'old":' || case when o.external_id is not null then '"[redacted]"' end || '}',
      '"is_active":{"' || 'old":' || to_json(o.is_active)::text || '}',
      '"attributes":{"' || 'old":' || case when o.attributes is not null then '"[redacted]"' end || '}',
      '"addresses":{"' || 'old":' || case when o.addresses is not null then '"[redacted]"' end || '}',
      '"made_account":{"' || 'old":' || to_json(o.made_account)::text || '}',
      '"ended_membership":{"' || 'old":' || to_json(o.ended_membership)::text || '}',
      '"membership_end":{"' || 'old":' || to_json(o.membership_end)::text || '}',
      '"created_at":{"' || 'old":' || to_json(o.created_at)::text || '}',
      '"deleted_at":{"' || 'old":' || to_json(o.deleted_at)::text || '}'
      ]::text[], ',') || '}')::jsonb, jsonb_build_object('user_id', o.user_id, 'provider_id', o.provider_id),
      scope.ip_address, scope.user_agent, scope.request_id
    from old_rows as o;
  end if;
  return null;
end;
end
$function$;
CREATE OR REPLACE FUNCTION audit.track_federation_scim_groups()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
begin
  if tg_op = 'UPDATE' then
    declare
      request jsonb;
      changes jsonb := '{}';
    begin
      if old.tenant_id is distinct from new.tenant_id or old.id is distinct from new.id then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
        select
          d.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', d.action, 'federation.scim_groups', d.resource_id, ('{' || d.changes || '}')::jsonb, details,
          split_part(request ->> 'ip', '%', 1)::inet, request ->> 'agent', request ->> 'id'
        from (
          values
            (old.tenant_id, 'delete', old.id::text, audit.row_values(to_jsonb(old), 'old', '{}', '{tenant_id,id,version,updated_at}'), jsonb_build_object('provider_id', old.provider_id)),
            (new.tenant_id, 'insert', new.id::text, audit.row_values(to_jsonb(new), 'new', '{}', '{tenant_id,id,version,updated_at}'), jsonb_build_object('provider_id', new.provider_id))
        ) as d (tenant_id, action, resource_id, changes, details);
        return null;
      end if;
      if old.provider_id is distinct from new.provider_id then
        changes := changes || jsonb_build_object('provider_id', jsonb_build_object('old', old.provider_id, 'new', new.provider_id));
      end if;
      if old.display_name is distinct from new.display_name then
        changes := changes || jsonb_build_object('display_name', jsonb_build_object('old', old.display_name, 'new', new.display_name));
      end if;
      if old.external_id is distinct from new.external_id then
        changes := changes || jsonb_build_object('external_id', jsonb_build_object('old', old.external_id, 'new', new.external_id));
      end if;
      if old.created_at is distinct from new.created_at then
        changes := changes || jsonb_build_object('created_at', jsonb_build_object('old', old.created_at, 'new', new.created_at));
      end if;
      if changes <> '{}' then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
        values (
          old.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', 'update', 'federation.scim_groups', old.id::text, changes, jsonb_build_object('provider_id', new.provider_id),
          split_part(request ->> 'ip', '%', 1)::inet, request ->> 'agent', request ->> 'id'
        );
      end if;
      return null;
    end;
  end if;
<<scope>>
declare
  request constant jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  request_id constant text := request ->> 'id';
  user_agent constant text := request ->> 'agent';
  user_name constant text := request ->> 'name';
  ip_address constant inet := split_part(request ->> 'ip', '%', 1)::inet;
  user_id constant uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  tenant_id constant uuid := coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000');
begin
  if tg_op = 'INSERT' then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
    select coalesce(n.tenant_id, scope.tenant_id), scope.user_id, scope.user_name, 'insert', 'federation.scim_groups', n.id::text, ('{' || array_to_string(array[
      '"provider_id":{"' || 'new":' || to_json(n.provider_id)::text || '}',
      '"display_name":{"' || 'new":' || to_json(n.display_name)::text || '}',
      '"external_id":{"' || 'new":' || to_json(n.external_id)::text || '}',
      '"created_at":{"' || 'new":' || to_json(n.created_at)::text || '}'
      ]::text[], ',') || '}')::jsonb, jsonb_build_object('provider_id', n.provider_id),
      scope.ip_address, scope.user_agent, scope.request_id
    from new_rows as n;
  elsif not exists (select from audit.unlogged_transactions as unlogged where unlogged.id = pg_current_xact_id()) then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes, details, ip_address, user_agent, request_id)
    select coalesce(o.tenant_id, scope.tenant_id), scope.user_id, scope.user_name, 'delete', 'federation.scim_groups', o.id::text, ('{' || array_to_string(array[
      '"provider_id":{"' || 'old":' || to_json(o.provider_id)::text || '}',
      '"display_name":{"' || 'old":' || to_json(o.display_name)::text || '}',
      '"external_id":{"' || 'old":' || to_json(o.external_id)::text || '}',
      '"created_at":{"' || 'old":' || to_json(o.created_at)::text || '}'
      ]::text[], ',') || '}')::jsonb, jsonb_build_object('provider_id', o.provider_id),
      scope.ip_address, scope.user_agent, scope.request_id
    from old_rows as o;
  end if;
  return null;
end;
end
$function$;
