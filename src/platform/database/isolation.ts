import { sql } from 'kysely'
import type { Queryable } from './queryable.ts'

/**
 * AG-01: reads the catalog and names, a sentence each, everything by which a row of one tenant could be seen or guessed
 * by another: tables with tenant_id without forced row security, keys that do not lead with tenant_id, views and functions
 * that act for their owner, rights that row security does not bind. Empty when all is well; the server refuses to start otherwise.
 * `tx` is the program's own access: its login is examined too.
 */
export async function findIsolationFaults(tx: Queryable): Promise<string[]> {
  const faults: string[] = []
  for (const rule of rules) faults.push(...(await tx.run<{ fault: string }>(rule)).map(({ fault }) => fault))
  return faults
}

/** Tables, partitioned tables and partitions with a column tenant_id, and who the program may be. */
const tenantTables = sql`
  select c.*, c.oid::regclass::text as name, a.attnum as tenant_column
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relkind in ('r', 'p', 'f')`

const programRoles = sql`
  select oid, rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
  from pg_roles
  where rolname in ('commonhold_app', 'commonhold_readonly', 'commonhold_guest', session_user)`

const rules = [
  sql<{ fault: string }>`
    select name || case
      when not relrowsecurity then ' has tenant_id, but no row-level security: call platform.isolate'
      when not relforcerowsecurity then ' does not force row-level security on its owner: call platform.isolate'
      else ' has no policy that reads app.tenant_id: call platform.isolate'
    end as fault
    from (${tenantTables}) as t
    where not relrowsecurity
      or not relforcerowsecurity
      or not exists (
        select from pg_policy where polrelid = t.oid and pg_get_expr(polqual, polrelid) ~ 'app\\.tenant_id|current_tenant_id'
      )
    order by 1`,

  sql<{ fault: string }>`
    select format('%s: policy %s lets rows through without asking for tenant, user or system', t.name, p.polname) as fault
    from (${tenantTables}) as t
    join pg_policy p on p.polrelid = t.oid
    cross join lateral unnest(array[
      case when p.polcmd <> 'a' then coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') end,
      case when p.polcmd in ('a', 'w', '*')
        then coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid), 'true') end
    ]) as condition
    where p.polpermissive
      and condition !~ 'app\\.tenant_id|current_tenant_id|current_user_id|is_system'
      and exists (
        select from (${programRoles}) as r
        cross join unnest(p.polroles) as to_role
        where to_role = 0 or pg_has_role(r.oid, to_role, 'member')
      )
    order by 1`,

  sql<{ fault: string }>`
    select format('%s: %s %s does not lead with tenant_id, it tells whether another tenant has a value',
      t.name, case when i.indisprimary then 'primary key' when i.indisexclusion then 'exclusion' else 'unique index' end,
      index.relname) as fault
    from (${tenantTables}) as t
    join pg_index i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion)
    join pg_class index on index.oid = i.indexrelid
    where i.indkey[0] <> t.tenant_column
      and not t.relispartition
    order by 1`,

  sql<{ fault: string }>`
    select format('%s has no primary key', t.name) as fault
    from (${tenantTables}) as t
    where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)
    order by 1`,

  sql<{ fault: string }>`
    select format('%s: foreign key %s leads to %s without its tenant_id, which row security does not check',
      f.conrelid::regclass, f.conname, t.name) as fault
    from (${tenantTables}) as t
    join pg_constraint f on f.confrelid = t.oid and f.contype = 'f'
    left join pg_attribute own on own.attrelid = f.conrelid and own.attname = 'tenant_id'
    where f.conparentid = 0
      and (own.attnum is distinct from f.conkey[1] or f.confkey[1] <> t.tenant_column)
    order by 1`,

  sql<{ fault: string }>`
    select format('%s: %s has %s, which row-level security does not bind', c.oid::regclass,
      case when a.grantee = 0 then 'everybody' else a.grantee::regrole::text end, lower(a.privilege_type)) as fault
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    cross join lateral (
      select * from aclexplode(c.relacl)
      union all
      select column_acl.*
      from pg_attribute column_of
      cross join lateral aclexplode(column_of.attacl) as column_acl
      where column_of.attrelid = c.oid
    ) as a
    where c.relkind in ('r', 'p', 'f', 'v', 'm')
      and a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
      and a.grantee <> c.relowner
      and (a.grantee = 0 or exists (select from (${programRoles}) as r where pg_has_role(r.oid, a.grantee, 'member')))
    order by 1`,

  sql<{ fault: string }>`
    select distinct format('%s is a partition and granted to %s: it is to be reached through its parent', t.name,
      case when a.grantee = 0 then 'everybody' else a.grantee::regrole::text end) as fault
    from (${tenantTables}) as t
    cross join lateral aclexplode(t.relacl) as a
    where t.relispartition
      and a.grantee <> t.relowner
    order by 1`,

  sql<{ fault: string }>`
    with recursive shows (oid, relkind, reloptions) as (
      select v.oid, v.relkind, v.reloptions
      from pg_class t
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite w on w.oid = d.objid
      join pg_class v on v.oid = w.ev_class and v.oid <> t.oid
      where t.relrowsecurity
        or t.oid in (select oid from (${tenantTables}) as tenant_table)
      union
      select v.oid, v.relkind, v.reloptions
      from shows s
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = s.oid and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite w on w.oid = d.objid
      join pg_class v on v.oid = w.ev_class and v.oid <> s.oid
    )
    select format(
      case relkind
        when 'm' then '%s is a materialised view of rows under row-level security, and readable: put a guarded view in front'
        else '%s shows rows under row-level security as its owner sees them: make it with (security_invoker = true)'
      end, shows.oid::regclass) as fault
    from shows
    where (relkind = 'm' and exists (
        select from (${programRoles}) as r where has_any_column_privilege(r.oid, shows.oid, 'select')
      ))
      or (relkind = 'v' and not coalesce(reloptions @> '{security_invoker=true}' or reloptions @> '{security_invoker=on}', false))
    order by 1`,

  sql<{ fault: string }>`
    select p.oid::regprocedure::text || case
      when owner.rolsuper or owner.rolbypassrls then ' acts for ' || owner.rolname || ', whom row-level security does not bind'
      else ' acts for its owner with the caller''s search_path: set search_path = pg_catalog, pg_temp'
    end as fault
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace and n.nspname !~ '^pg_|^information_schema$'
    join pg_roles owner on owner.oid = p.proowner
    where p.prosecdef
      and (
        owner.rolsuper
        or owner.rolbypassrls
        or not exists (select from unnest(p.proconfig) as setting where setting like 'search\\_path=%')
      )
    order by 1`,

  sql<{ fault: string }>`
    select format('The role %s %s', r.rolname, trait) as fault
    from (${programRoles}) as r
    cross join lateral unnest(array[
      case when r.rolsuper then 'is a superuser, whom row-level security does not bind' end,
      case when r.rolbypassrls then 'has bypassrls' end,
      case when r.rolcreaterole then 'may create roles' end,
      case when r.rolreplication then 'may replicate' end,
      case when not r.rolsuper and pg_has_role(r.oid, 'commonhold_owner', 'member') then 'is a member of commonhold_owner' end,
      case when exists (
        select from pg_roles g
        where (g.rolsuper or g.rolbypassrls or g.rolname ~ '^pg_(read|write)_all_data$|^pg_execute_server_program$|_server_files$')
          and g.oid <> r.oid and not r.rolsuper and pg_has_role(r.oid, g.oid, 'member')
      ) then 'is a member of a role that sees everything' end,
      case when not r.rolsuper and has_database_privilege(r.oid, current_database(), 'create') then 'may create schemas' end,
      (select 'may create objects in schema ' || string_agg(nspname, ', ' order by nspname)
        from pg_namespace
        where not r.rolsuper and nspname !~ '^pg_' and has_schema_privilege(r.oid, oid, 'create') having count(*) > 0),
      (select 'owns ' || string_agg(relation.oid::regclass::text, ', ' order by relation.oid::regclass::text)
        from pg_class relation
        where relowner = r.oid and not r.rolsuper and relkind in ('r', 'p', 'v', 'm', 'f') having count(*) > 0),
      (select 'owns ' || string_agg(p.oid::regprocedure::text, ', ' order by p.oid::regprocedure::text)
        from pg_proc p
        where proowner = r.oid and not r.rolsuper having count(*) > 0)
    ]) as trait
    where trait is not null
    order by 1`,

  sql<{ fault: string }>`
    select format('%s is set for %s: every connection would start in that scope', split_part(setting, '=', 1),
      case when s.setrole = 0 then 'the database' else s.setrole::regrole::text end) as fault
    from pg_db_role_setting s
    cross join unnest(s.setconfig) as setting
    where setting like 'app.%'
      and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    order by 1`,
]
