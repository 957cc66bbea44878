create function platform.make_month_partitions(target regclass, first_month timestamptz, months_after integer)
returns setof text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '5s'
as $$
declare
  parent record;
  this_month constant timestamptz := date_trunc('month', first_month);
  month_start timestamptz;
  part_name text;
  part text;
  policy record;
  statement_trigger record;
begin
  if months_after not between 0 and 1200 then
    raise exception 'months_after must be 0 to 1200, not %', months_after using errcode = '22023';
  end if;

  select c.oid, n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity, obj_description(c.oid, 'pg_class') as comment
  into parent
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_partitioned_table p on p.partrelid = c.oid
  join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
  where c.oid = target
    and p.partstrat = 'r'
    and p.partnatts = 1
    and a.atttypid = 'timestamptz'::regtype;
  if not found then
    raise exception '% is not partitioned by range of one timestamptz column', target using errcode = '42809';
  end if;

  -- Nothing to do, nothing to lock: this is asked at every start.
  if not exists (
    select from generate_series(0, months_after) as step
    where to_regclass(
      format('%I.%I', parent.nspname, parent.relname || to_char(this_month + step * interval '1 month', '_YYYY_MM'))
    ) is null
  ) then
    return;
  end if;

  -- Two callers take turns; writers of the table are not held up (nor by attach, unlike "create table … partition of").
  execute format('lock table only %s in share update exclusive mode', target);

  for step in 0 .. months_after loop
    month_start := this_month + step * interval '1 month';
    part_name := parent.relname || to_char(month_start, '_YYYY_MM');
    part := format('%I.%I', parent.nspname, part_name);
    continue when to_regclass(part) is not null;

    execute format(
      'create table %s (like %s including defaults including constraints including generated including storage)',
      part, target
    );
    execute format('comment on table %s is %L', part, coalesce(parent.comment || ', ', '') || to_char(month_start, 'YYYY-MM'));
    if parent.relrowsecurity then
      execute format('alter table %s enable row level security', part);
    end if;
    if parent.relforcerowsecurity then
      execute format('alter table %s force row level security', part);
    end if;

    for policy in
      select
        polname,
        case when polpermissive then 'permissive' else 'restrictive' end as kind,
        case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
        (
          select string_agg(case role_id when 0 then 'public' else quote_ident(pg_get_userbyid(role_id)) end, ', ')
          from unnest(polroles) as role_id
        ) as roles,
        ' using (' || pg_get_expr(polqual, polrelid) || ')' as reading,
        ' with check (' || pg_get_expr(polwithcheck, polrelid) || ')' as writing
      from pg_policy
      where polrelid = target
    loop
      execute format('create policy %I on %s as %s for %s to %s', policy.polname, part, policy.kind, policy.command, policy.roles)
        || coalesce(policy.reading, '') || coalesce(policy.writing, '');
    end loop;

    -- Row triggers are cloned by attach; statement triggers are not, and they are what guards a partition called by its name.
    for statement_trigger in
      select tgname, tgenabled, pg_get_triggerdef(oid) as definition
      from pg_trigger
      where tgrelid = target
        and not tgisinternal
        and tgtype & 1 = 0
    loop
      execute regexp_replace(statement_trigger.definition, ' ON \S+ ', ' ON ' || part || ' ');
      if statement_trigger.tgenabled = 'A' then
        execute format('alter table %s enable always trigger %I', part, statement_trigger.tgname);
      end if;
    end loop;

    execute format(
      'alter table %s attach partition %s for values from (%L) to (%L)',
      target, part, month_start, month_start + interval '1 month'
    );
    return next part;
  end loop;
end
$$;
comment on function platform.make_month_partitions(regclass, timestamptz, integer) is
  'MT-17: as ensure_month_partitions, but from any month on: rows of a tenant that moves may be older than the database it comes to';
revoke execute on function platform.make_month_partitions(regclass, timestamptz, integer) from public;
