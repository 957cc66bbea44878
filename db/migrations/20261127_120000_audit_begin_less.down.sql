alter table audit.audit_logs alter column written_in set default pg_current_xact_id()::text::bigint;

create or replace function audit.tracking_source(target regclass, redacted text[], ignored text[], context text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- "=" of these does not exist, or says something else than "the same value"
  compared_as_text constant regtype[] := '{json,xml,point,lseg,path,box,polygon,circle,line}';
  resource text;
  identity_columns text[];
  is_partitioned boolean;
  has_tenant boolean;
  old_tenant text := 'coalesce(nullif(current_setting(''app.tenant_id'', true), '''')::uuid, ''00000000-0000-0000-0000-000000000000'')';
  new_tenant text := old_tenant;
  single_key text;
  omitted text[];
  unknown text;
  inserted text := '';
  changed text := '';
  compared text := '';
  deleted text := '';
  details_column text := '';
  old_details text := '';
  new_details text := '';
  source text;
  col record;
begin
  select format('%I.%I', n.nspname, c.relname) into resource
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = target;

  select array_agg(a.attname::text order by key.position) into identity_columns
  from pg_index i
  cross join unnest(i.indkey::smallint[]) with ordinality as key (attnum, position)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum
  where i.indrelid = target and i.indisprimary;
  if identity_columns is null then
    raise exception '% has no primary key: its rows cannot be told apart in the audit log', resource using errcode = '42809';
  end if;

  select name into unknown
  from unnest(redacted || ignored || context) as name
  where name <> 'updated_at'
    and not exists (select from pg_attribute where attrelid = target and attname = name and attnum > 0 and not attisdropped);
  if found then
    raise exception '% has no column %', resource, unknown using errcode = '42703';
  end if;
  if context && redacted then
    raise exception '% has secrets that would be logged as its context', resource using errcode = '22023';
  end if;

  select relkind = 'p' or relispartition into is_partitioned from pg_class where oid = target;
  select bool_or(attnotnull) into has_tenant
  from pg_attribute
  where attrelid = target and attname = 'tenant_id' and not attisdropped;
  if has_tenant then
    old_tenant := 'old.tenant_id';
    new_tenant := 'new.tenant_id';
  elsif has_tenant is not null then
    old_tenant := format('coalesce(old.tenant_id, %s)', old_tenant);
    new_tenant := format('coalesce(new.tenant_id, %s)', new_tenant);
  end if;
  has_tenant := has_tenant is not null;
  if cardinality(array_remove(identity_columns, 'tenant_id')) = 1 then
    single_key := (array_remove(identity_columns, 'tenant_id'))[1];
  end if;
  select coalesce(array_agg(attname::text order by attnum), '{}') into omitted
  from pg_attribute
  where attrelid = target
    and attnum > 0
    and not attisdropped
    and (attname = 'tenant_id' or attname = single_key or attname = any (ignored) or attgenerated <> '');

  if cardinality(context) > 0 then
    details_column := ', details';
    select
      format(', jsonb_build_object(%s)', string_agg(format('%L, o.%I', name, name), ', ' order by position)),
      format(', jsonb_build_object(%s)', string_agg(format('%L, n.%I', name, name), ', ' order by position))
    into old_details, new_details
    from unnest(context) with ordinality as part (name, position);
  end if;

  for col in
    select
      a.attname as name,
      to_json(a.attname)::text as label,
      quote_ident(a.attname) as ident,
      coalesce(nullif(t.typbasetype, 0), t.oid) = any (compared_as_text) as is_odd,
      coalesce(not k.collisdeterministic, false) as is_folded,
      a.attname = any (redacted) as is_secret
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_collation k on k.oid = a.attcollation
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.attname <> all (omitted)
    order by a.attnum
  loop
    declare
      key text := quote_literal(col.label || ':{"');
      cast_to text := case when col.is_odd then '::text' when col.is_folded then ' collate "C"' else '' end;
      old_value text := 'to_json(o.' || col.ident || case when col.is_odd then '::text' else '' end || ')::text';
      new_value text := 'to_json(n.' || col.ident || case when col.is_odd then '::text' else '' end || ')::text';
    begin
      if col.is_secret then
        old_value := format('case when o.%s is not null then ''"[redacted]"'' end', col.ident);
        new_value := format('case when n.%s is not null then ''"[redacted]"'' end', col.ident);
      end if;
      inserted := inserted || format(E',\n      %s || ''new":'' || %s || ''}''', key, new_value);
      deleted := deleted || format(E',\n      %s || ''old":'' || %s || ''}''', key, old_value);
      changed := changed || format(
        E',\n        case when o.%1$s%2$s is distinct from n.%1$s%2$s then %3$s || ''old":'' || coalesce(%4$s, ''null'') || '',"new":'' || coalesce(%5$s, ''null'') || ''}'' end',
        col.ident, cast_to, key, old_value, new_value
      );
      compared := compared || format(
        $compared$
      if old.%1$s%2$s is distinct from new.%1$s%2$s then
        changes := changes || jsonb_build_object(%3$L, jsonb_build_object('old', %4$s, 'new', %5$s));
      end if;$compared$,
        col.ident, cast_to, col.name,
        format(case when col.is_secret then 'case when old.%s is not null then ''[redacted]'' end' when col.is_odd then 'old.%s::text' else 'old.%s' end, col.ident),
        format(case when col.is_secret then 'case when new.%s is not null then ''[redacted]'' end' when col.is_odd then 'new.%s::text' else 'new.%s' end, col.ident)
      );
    end;
  end loop;

  -- Unrolled column by column: a difference by jsonb_each costs twice as much. One full join, because a plan is kept
  -- over calls and a nested loop chosen for one row would be quadratic for a thousand; a full join cannot be one.
  source := format($source$
<<scope>>
declare
  request constant jsonb := nullif(current_setting('app.request', true), '')::jsonb;
  request_id constant text := request ->> 'id';
  user_agent constant text := request ->> 'agent';
  user_name constant text := request ->> 'name';
  ip_address constant inet := split_part(request ->> 'ip', '%%', 1)::inet;
  user_id constant uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  tenant_id constant uuid := coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000');
begin
  if tg_op = 'UPDATE' then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes%13$s, ip_address, user_agent, request_id)
    select
      d.tenant_id, scope.user_id, scope.user_name, d.action, %1$L, d.resource_id, ('{' || d.changes || '}')::jsonb%13$s,
      scope.ip_address, scope.user_agent, scope.request_id
    from (
      select
        case when o.%2$s is null then %3$s else %4$s end as tenant_id,
        case when o.%2$s is null then 'insert' when n.%2$s is null then 'delete' else 'update' end as action,
        case when o.%2$s is null then %5$s else %6$s end as resource_id,
        case
          when o.%2$s is null then audit.row_values(to_jsonb(n), 'new', %7$L, %8$L)
          when n.%2$s is null then audit.row_values(to_jsonb(o), 'old', %7$L, %8$L)
          else array_to_string(array[%9$s
          ]::text[], ',')
        end as changes%16$s
      from old_rows as o
      full join new_rows as n on %10$s
      offset 0
    ) as d
    where d.changes <> '' or d.action <> 'update';
  elsif tg_op = 'INSERT' then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes%13$s, ip_address, user_agent, request_id)
    select %3$s, scope.user_id, scope.user_name, 'insert', %1$L, %5$s, ('{' || array_to_string(array[%11$s
      ]::text[], ',') || '}')::jsonb%14$s,
      scope.ip_address, scope.user_agent, scope.request_id
    from new_rows as n;
  elsif not exists (select from audit.unlogged_transactions as unlogged where unlogged.id = pg_current_xact_id()) then
    insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes%13$s, ip_address, user_agent, request_id)
    select %4$s, scope.user_id, scope.user_name, 'delete', %1$L, %6$s, ('{' || array_to_string(array[%12$s
      ]::text[], ',') || '}')::jsonb%15$s,
      scope.ip_address, scope.user_agent, scope.request_id
    from old_rows as o;
  end if;
  return null;
end
$source$,
    resource,
    quote_ident(identity_columns[1]),
    case when has_tenant then 'coalesce(n.tenant_id, scope.tenant_id)' else 'scope.tenant_id' end,
    case when has_tenant then 'coalesce(o.tenant_id, scope.tenant_id)' else 'scope.tenant_id' end,
    (select string_agg(format('n.%I::text', name), ' || ''/'' || ' order by position)
     from unnest(array_remove(identity_columns, 'tenant_id')) with ordinality as part (name, position)),
    (select string_agg(format('o.%I::text', name), ' || ''/'' || ' order by position)
     from unnest(array_remove(identity_columns, 'tenant_id')) with ordinality as part (name, position)),
    redacted,
    omitted,
    substr(changed, 2),
    (select string_agg(format('o.%1$I = n.%1$I', name), ' and ' order by position)
     from unnest(identity_columns) with ordinality as part (name, position)),
    substr(inserted, 2),
    substr(deleted, 2),
    details_column,
    new_details,
    old_details,
    case
      when details_column <> '' then format(
        E',\n        case when n.%I is null then %s else %s end as details',
        identity_columns[1], substr(old_details, 3), substr(new_details, 3)
      )
      else ''
    end
  );
  if is_partitioned then
    return source;
  end if;

  -- Of the set only what is inserted or deleted is left.
  source := regexp_replace(source, 'if tg_op = ''UPDATE'' then.*?els(if tg_op = ''INSERT'')', '\1');
  -- Most updates change one row. To begin a statement over all columns takes longer than to run it, so that these are
  -- compared one by one before it; a thousand rows take a third longer than as a set.
  return format($source$
begin
  if tg_op = 'UPDATE' then
    declare
      request jsonb;
      changes jsonb := '{}';
    begin
      if %1$s then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes%2$s, ip_address, user_agent, request_id)
        select
          d.tenant_id, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', d.action, %3$L, d.resource_id, ('{' || d.changes || '}')::jsonb%2$s,
          split_part(request ->> 'ip', '%%', 1)::inet, request ->> 'agent', request ->> 'id'
        from (
          values
            (%4$s, 'delete', %5$s, audit.row_values(to_jsonb(old), 'old', %6$L, %7$L)%8$s),
            (%9$s, 'insert', %10$s, audit.row_values(to_jsonb(new), 'new', %6$L, %7$L)%11$s)
        ) as d (tenant_id, action, resource_id, changes%2$s);
        return null;
      end if;%12$s
      if changes <> '{}' then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes%2$s, ip_address, user_agent, request_id)
        values (
          %4$s, nullif(current_setting('app.user_id', true), '')::uuid, request ->> 'name', 'update', %3$L, %5$s, changes%11$s,
          split_part(request ->> 'ip', '%%', 1)::inet, request ->> 'agent', request ->> 'id'
        );
      end if;
      return null;
    end;
  end if;
%13$s;
end
$source$,
    (select string_agg(format('old.%1$I is distinct from new.%1$I', name), ' or ' order by position)
     from unnest(identity_columns) with ordinality as part (name, position)),
    details_column,
    resource,
    old_tenant,
    (select string_agg(format('old.%I::text', name), ' || ''/'' || ' order by position)
     from unnest(array_remove(identity_columns, 'tenant_id')) with ordinality as part (name, position)),
    redacted,
    omitted,
    (select format(', jsonb_build_object(%s)', string_agg(format('%L, old.%I', name, name), ', ' order by position))
     from unnest(context) with ordinality as part (name, position) having count(*) > 0),
    new_tenant,
    (select string_agg(format('new.%I::text', name), ' || ''/'' || ' order by position)
     from unnest(array_remove(identity_columns, 'tenant_id')) with ordinality as part (name, position)),
    (select format(', jsonb_build_object(%s)', string_agg(format('%L, new.%I', name, name), ', ' order by position))
     from unnest(context) with ordinality as part (name, position) having count(*) > 0),
    compared,
    btrim(source, E'\n')
  );
end
$$;

do $$
declare
  tracked record;
begin
  for tracked in select * from audit.tracked_tables order by table_name loop
    execute format(
      'create or replace function audit.%I() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = ''UTC'' as %L',
      audit.tracking_name(tracked.table_name::regclass),
      audit.tracking_source(tracked.table_name::regclass, tracked.redacted, tracked.ignored, tracked.context)
    );
  end loop;
end
$$;
