-- Most transactions change one row, and the larger part of what its entry costs is to begin: each expression of the function, and of its
-- statement each function that is called, is made ready anew in every transaction. So there are fewer of both.
create or replace function audit.tracking_source(target regclass, redacted text[], ignored text[], context text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- "=" of these does not exist, or says something else than "the same value"
  compared_as_text constant regtype[] := '{json,xml,point,lseg,path,box,polygon,circle,line}';
  -- With fewer columns left it takes longer to ask whether the rows are the same by now than to compare them.
  fewest_left constant integer := 6;
  person constant text := 'nullif(current_setting(''app.user_id'', true), '''')::uuid, scope.request ->> ''name''';
  origin constant text := 'split_part(scope.request ->> ''ip'', ''%'', 1)::inet, scope.request ->> ''agent'', scope.request ->> ''id''';
  no_tenant constant text := 'coalesce(nullif(current_setting(''app.tenant_id'', true), '''')::uuid, ''00000000-0000-0000-0000-000000000000'')';
  resource text;
  identity_columns text[];
  is_partitioned boolean;
  tenant_of text := '%1$s.tenant_id';
  row_id_of text;
  single_key text;
  omitted text[];
  unknown text;
  into_log text;
  details_of text;
  inserted text := '';
  deleted text := '';
  changed text := '';
  compared text := '';
  same_by_now text;
  updated text;
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
  if cardinality(array_remove(identity_columns, 'tenant_id')) = 1 then
    single_key := (array_remove(identity_columns, 'tenant_id'))[1];
  end if;
  select coalesce(array_agg(attname::text order by attnum), '{}') into omitted
  from pg_attribute
  where attrelid = target
    and attnum > 0
    and not attisdropped
    and (attname = 'tenant_id' or attname = single_key or attname = any (ignored) or attgenerated <> '');

  -- To be formatted with the name of the row that is meant: new, old, or of sets n and o.
  select case when bool_and(attnotnull) then '%1$s.tenant_id' when count(*) > 0 then 'coalesce(%1$s.tenant_id, ' || no_tenant || ')' else no_tenant end
  into tenant_of
  from pg_attribute
  where attrelid = target and attname = 'tenant_id' and not attisdropped;
  select string_agg('%1$s.' || replace(quote_ident(name), '%', '%%') || '::text', ' || ''/'' || ' order by position) into row_id_of
  from unnest(array_remove(identity_columns, 'tenant_id')) with ordinality as part (name, position);
  select 'jsonb_build_object(' || string_agg(replace(quote_literal(name), '%', '%%') || ', %1$s.' || replace(quote_ident(name), '%', '%%'), ', ' order by position) || ')'
  into details_of
  from unnest(context) with ordinality as part (name, position);
  into_log := format(
    'insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, changes%s, ip_address, user_agent, request_id)',
    case when details_of is not null then ', details' end
  );
  select coalesce(string_agg(format(E'\n          new.%1$I := old.%1$I;', name), '' order by name), '') into same_by_now
  from unnest(ignored) as name
  where exists (select from pg_attribute where attrelid = target and attname = name and attnum > 0 and not attisdropped and attgenerated = '');

  for col in
    select
      a.attname as name,
      to_json(a.attname)::text as label,
      quote_ident(a.attname) as ident,
      case
        when coalesce(nullif(t.typbasetype, 0), t.oid) = any (compared_as_text) then '::text'
        when not k.collisdeterministic then ' collate "C"'
        else ''
      end as compared_as,
      case when coalesce(nullif(t.typbasetype, 0), t.oid) = any (compared_as_text) then '::text' else '' end as read_as,
      a.attname = any (redacted) as is_secret,
      -- Context is read from the new row after all have been compared.
      not context && (ignored || a.attname::text) and row_number() over (order by a.attnum desc) > fewest_left as may_be_the_last
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    left join pg_collation k on k.oid = a.attcollation
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.attname <> all (omitted)
    order by a.attnum
  loop
    declare
      value_of text := case when col.is_secret then 'case when %1$s.%2$s is not null then ''[redacted]''::text end' else '%1$s.%2$s%3$s' end;
      old_value text := format(value_of, 'o', col.ident, col.read_as);
      new_value text := format(value_of, 'n', col.ident, col.read_as);
      difference text := format(
        'jsonb_build_object(%L, jsonb_build_object(''old'', %s, ''new'', %s))',
        col.name, format(value_of, 'old', col.ident, col.read_as), format(value_of, 'new', col.ident, col.read_as)
      );
    begin
      -- Without the brace at its end: all are joined by that and a comma.
      inserted := inserted || format(E',\n      %L || to_json(%s)::text', col.label || ':{"new":', new_value);
      deleted := deleted || format(E',\n      %L || to_json(%s)::text', col.label || ':{"old":', old_value);
      changed := changed || format(
        E',\n          case when o.%1$s%2$s is distinct from n.%1$s%2$s then %3$L || coalesce(to_json(%4$s)::text, ''null'') || '',"new":'' || coalesce(to_json(%5$s)::text, ''null'') || ''}'' end',
        col.ident, col.compared_as, col.label || ':{"old":', old_value, new_value
      );
      compared := compared || format(
        E'\n        if old.%1$s%2$s is distinct from new.%1$s%2$s then\n          changes := %3$s;%4$s\n        end if;',
        col.ident, col.compared_as,
        case when compared = '' then difference else 'coalesce(changes, ''{}'') || ' || difference end,
        case
          when col.may_be_the_last then
            format(E'%1$s\n          new.%2$s := old.%2$s;\n          exit comparing when new *= old;', same_by_now, col.ident)
        end
      );
    end;
  end loop;

  if is_partitioned then
    -- Of a row that moves to another partition row triggers see a delete and an insert: in the sets it is one row. One full join,
    -- because a plan is kept over calls and a nested loop chosen for one row would be quadratic for a thousand; this cannot be one.
    updated := format($updated$    request := nullif(current_setting('app.request', true), '')::jsonb;
    %1$s
    select
      d.tenant_id, %2$s, d.action, %3$L, d.resource_id, ('{' || d.changes || '}')::jsonb%4$s,
      %5$s
    from (
      select
        case when o.%6$I is null then %7$s else %8$s end as tenant_id,
        case when o.%6$I is null then 'insert' when n.%6$I is null then 'delete' else 'update' end as action,
        case when o.%6$I is null then %9$s else %10$s end as resource_id,
        case
          when o.%6$I is null then audit.row_values(to_jsonb(n), 'new', %11$L, %12$L)
          when n.%6$I is null then audit.row_values(to_jsonb(o), 'old', %11$L, %12$L)
          else array_to_string(array[%13$s
          ]::text[], ',')
        end as changes%14$s
      from old_rows as o
      full join new_rows as n on %15$s
      offset 0
    ) as d
    where d.changes <> '' or d.action <> 'update';
$updated$,
      into_log,
      person,
      resource,
      case when details_of is not null then ', d.details' end,
      origin,
      identity_columns[1],
      format(tenant_of, 'n'),
      format(tenant_of, 'o'),
      format(row_id_of, 'n'),
      format(row_id_of, 'o'),
      redacted,
      omitted,
      substr(changed, 2),
      case
        when details_of is not null then format(
          E',\n        case when n.%I is null then %s else %s end as details', identity_columns[1], format(details_of, 'o'), format(details_of, 'n')
        )
      end,
      (select string_agg(format('o.%1$I = n.%1$I', name), ' and ' order by position)
       from unnest(identity_columns) with ordinality as part (name, position))
    );
  else
    -- By row: most updates change one, and to begin a statement over all columns takes longer than to compare them one by one.
    -- A thousand rows take a third longer than as a set.
    updated := format($updated$    if %1$s then
      request := nullif(current_setting('app.request', true), '')::jsonb;
      %2$s
      select
        d.tenant_id, %3$s, d.action, %4$L, d.resource_id, ('{' || d.changes || '}')::jsonb%5$s,
        %6$s
      from (
        values
          (%7$s, 'delete', %8$s, audit.row_values(to_jsonb(old), 'old', %9$L, %10$L)%11$s),
          (%12$s, 'insert', %13$s, audit.row_values(to_jsonb(new), 'new', %9$L, %10$L)%14$s)
      ) as d (tenant_id, action, resource_id, changes%15$s);
    else
      <<comparing>>
      begin%16$s
      end;
      if scope.changes is not null then
        request := nullif(current_setting('app.request', true), '')::jsonb;
        %2$s
        values (
          %7$s, %3$s, 'update', %4$L, %8$s, scope.changes%14$s,
          %6$s
        );
      end if;
    end if;
$updated$,
      (select string_agg(format('old.%1$I is distinct from new.%1$I', name), ' or ' order by position)
       from unnest(identity_columns) with ordinality as part (name, position)),
      into_log,
      person,
      resource,
      case when details_of is not null then ', d.details' end,
      origin,
      format(tenant_of, 'old'),
      format(row_id_of, 'old'),
      redacted,
      omitted,
      ', ' || format(details_of, 'old'),
      format(tenant_of, 'new'),
      format(row_id_of, 'new'),
      ', ' || format(details_of, 'new'),
      case when details_of is not null then ', details' end,
      compared
    );
  end if;

  return format($source$
<<scope>>
declare
  request jsonb;
  changes jsonb;
begin
  if tg_op = 'UPDATE' then
%1$s  elsif tg_op = 'INSERT' then
    request := nullif(current_setting('app.request', true), '')::jsonb;
    %2$s
    select
      %3$s, %4$s, 'insert', %5$L, %6$s,
      coalesce('{' || nullif(array_to_string(array[%7$s
      ]::text[], '},'), '') || '}}', '{}')::jsonb%8$s,
      %9$s
    from new_rows as n;
  else
    request := nullif(current_setting('app.request', true), '')::jsonb;
    %2$s
    select
      %10$s, %4$s, 'delete', %5$L, %11$s,
      coalesce('{' || nullif(array_to_string(array[%12$s
      ]::text[], '},'), '') || '}}', '{}')::jsonb%13$s,
      %9$s
    from old_rows as o
    where not exists (select from audit.unlogged_transactions as unlogged where unlogged.id = pg_current_xact_id());
  end if;
  return null;
end
$source$,
    updated,
    into_log,
    format(tenant_of, 'n'),
    person,
    resource,
    format(row_id_of, 'n'),
    substr(inserted, 2),
    ', ' || format(details_of, 'n'),
    origin,
    format(tenant_of, 'o'),
    format(row_id_of, 'o'),
    substr(deleted, 2),
    ', ' || format(details_of, 'o')
  );
end
$$;

-- The same number, without its way over text.
alter table audit.audit_logs alter column written_in set default txid_current();

-- The triggers stay as they are.
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
