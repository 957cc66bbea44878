import type pg from 'pg'

/**
 * One object of a database, as the catalog has it. `id` names it for people and is its key: `column a.lists.name`.
 * `create` is canonical SQL (names qualified, no dependence on settings) that would make it, `drop` what would remove it.
 */
export type CatalogObject = {
  kind: string
  id: string
  schema: string
  /** The table, view or sequence that it belongs to, qualified; empty for what stands alone. */
  relation: string
  /** The id of what it cannot be without: of a column its table, of a comment what it is on. Empty for what stands alone. */
  holder: string
  position: number
  create: string
  drop: string
  /** Of a column: its parts, so that a difference can be repaired without dropping it. */
  column: { name: string; type: string; isRequired: boolean; default: string | null } | null
}

/**
 * Reads everything that migrations make, in a stable order: the ground of both `db dump` and `db drift`.
 * Left out are members of extensions and what runs make by themselves: month partitions (`table_YYYY_MM`).
 */
export async function readCatalog(client: pg.ClientBase): Promise<CatalogObject[]> {
  // The functions that print definitions leave out schemas that are on the search path.
  const { rows: before } = await client.query<{ path: string; jit: string }>(
    // Compiling these queries takes longer than running them.
    `select current_setting('search_path') as path, current_setting('jit') as jit, set_config('search_path', '', false), set_config('jit', 'off', false)`,
  )
  try {
    const objects: CatalogObject[] = []
    for (const [kind, statement] of Object.entries(readers)) {
      const { rows } = await client.query<Partial<CatalogObject>>(`${userObjects} ${statement}`)
      for (const row of rows) objects.push({ ...blank, kind, ...row } as CatalogObject)
    }
    const relations = new Map(objects.filter(isRelation).map(({ relation, id }) => [relation, id]))
    for (const object of objects) {
      if (isRelation(object)) continue
      object.holder =
        relations.get(object.relation) ??
        /^(?:owner of|grant on|comment on) (.*?)(?: to [^)]*)?$/.exec(object.id)?.[1] ??
        ''
    }
    return objects.sort(
      (a, b) =>
        // Event triggers need functions of any schema.
        Number(a.kind === 'event trigger') - Number(b.kind === 'event trigger') ||
        compare(a.schema, b.schema) ||
        compare(a.relation, b.relation) ||
        a.position - b.position ||
        kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
        compare(a.id, b.id),
    )
  } finally {
    await client.query(`select set_config('search_path', $1, false), set_config('jit', $2, false)`, [
      before[0]?.path,
      before[0]?.jit,
    ])
  }
}

const blank = { schema: '', relation: '', holder: '', position: 0, column: null }

function isRelation({ relation, position }: CatalogObject): boolean {
  return relation !== '' && position === 0
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const userObjects = `
with schemas as (
  select n.oid, n.nspname, n.nspowner, n.nspacl
  from pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
),
relations as (
  select c.*, s.nspname, format('%I.%I', s.nspname, c.relname) as name,
    case c.relkind
      when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
      when 'c' then 'type' else 'table'
    end as kind
  from pg_class c
  join schemas s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    and not exists (
      select
      from pg_inherits i
      join pg_class parent on parent.oid = i.inhparent
      where i.inhrelid = c.oid and c.relispartition
        and left(c.relname, length(parent.relname)) = parent.relname
        and substr(c.relname, length(parent.relname) + 1) ~ '^_\\d{4}_\\d{2}$'
    )
),
routines as (
  select p.*, s.nspname, format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
    case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind
  from pg_proc p
  join schemas s on s.oid = p.pronamespace
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
),
types as (
  select t.*, s.nspname, format('%I.%I', s.nspname, t.typname) as name,
    case t.typtype when 'd' then 'domain' else 'type' end as kind
  from pg_type t
  join schemas s on s.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  where (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
    and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
),
columns as (
  select a.*, r.oid as relation_oid, r.nspname, r.name as relation, r.kind as relation_kind, r.relkind, r.relispartition,
    format('%s.%I', r.name, a.attname) as name
  from pg_attribute a
  join relations r on r.oid = a.attrelid
  where a.attnum > 0 and not a.attisdropped and r.relkind <> 'S'
)`

// That the numbers of transactions follow those of a dump (audit.continue_copy) makes no other default.
const defaultOf = `regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^\\(txid_current\\(\\) \\+ .*\\)$', 'txid_current()')`

/** One query for each kind of object; it gives the columns of CatalogObject. Positions order a dump within a relation. */
const readers: Record<string, string> = {
  extension: `
    select 'extension ' || e.extname as id, 0 as position,
      format('create extension %I schema %I;', e.extname, n.nspname) as create, format('drop extension %I;', e.extname) as drop
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    -- the program makes that one at its start, where the server has it loaded
    where e.extname not in ('plpgsql', 'pg_stat_statements')`,

  schema: `
    select 'schema ' || nspname as id, nspname as schema, 0 as position,
      format('create schema %I;', nspname) as create, format('drop schema %I;', nspname) as drop
    from schemas
    where nspname <> 'public'`,

  type: `
    select t.kind || ' ' || t.name as id, t.nspname as schema, 1 as position,
      case
        when t.typtype = 'e' then format('create type %s as enum (%s);', t.name, (
          select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
          from pg_enum e
          where e.enumtypid = t.oid
        ))
        when t.typtype = 'd' then format('create domain %s as %s%s%s%s;', t.name, format_type(t.typbasetype, t.typtypmod),
          ' default ' || t.typdefault, case when t.typnotnull then ' not null' end, (
            select string_agg(format(' constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), '' order by k.conname)
            from pg_constraint k
            where k.contypid = t.oid and k.contype = 'c'
          ))
        when t.typtype = 'r' then format('create type %s as range (subtype = %s);', t.name, (
          select format_type(g.rngsubtype, null)
          from pg_range g
          where g.rngtypid = t.oid
        ))
        else format('create type %s as (%s);', t.name, (
          select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
          from pg_attribute a
          where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        ))
      end as create,
      format('drop %s %s;', t.kind, t.name) as drop
    from types t`,

  routine: `
    select r.kind || ' ' || r.name as id, r.nspname as schema, 2 as position,
      case
        when r.prokind = 'a' then (
          select format('create aggregate %s (sfunc = %s, stype = %s%s%s);', r.name, a.aggtransfn::regproc,
            format_type(a.aggtranstype, null),
            case when a.aggfinalfn <> 0 then ', finalfunc = ' || a.aggfinalfn::regproc end,
            ', initcond = ' || quote_literal(a.agginitval))
          from pg_aggregate a
          where a.aggfnoid = r.oid
        )
        else rtrim(pg_get_functiondef(r.oid), E'\\n') || ';'
      end as create,
      format('drop %s %s;', r.kind, r.name) as drop
    from routines r`,

  sequence: `
    select 'sequence ' || r.name as id, r.nspname as schema, r.name as relation, 0 as position,
      format('create sequence %s as %s increment by %s minvalue %s maxvalue %s start with %s cache %s%s;%s', r.name,
        format_type(q.seqtypid, null), q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
        case when q.seqcycle then ' cycle' end,
        (
          select format(E'\\nalter sequence %s owned by %s;', r.name, c.name)
          from pg_depend d
          join columns c on c.relation_oid = d.refobjid and c.attnum = d.refobjsubid
          where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'a'
        )
      ) as create,
      format('drop sequence %s;', r.name) as drop
    from relations r
    join pg_sequence q on q.seqrelid = r.oid
    where not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'i')`,

  table: `
    select r.kind || ' ' || r.name as id, r.nspname as schema, r.name as relation, 0 as position,
      concat(
        'create ', case r.relpersistence when 'u' then 'unlogged ' end, r.kind, ' ', r.name,
        (
          select format(' partition of %s %s', i.inhparent::regclass, pg_get_expr(r.relpartbound, r.oid))
          from pg_inherits i
          where i.inhrelid = r.oid and r.relispartition
        ),
        case when r.relkind = 'p' then ' partition by ' || pg_get_partkeydef(r.oid) end,
        case when r.reloptions is not null then format(' with (%s)', array_to_string(r.reloptions, ', ')) end,
        ';',
        (
          select string_agg(format(E'\\nalter table %s inherit %s;', r.name, i.inhparent::regclass), '' order by i.inhseqno)
          from pg_inherits i
          where i.inhrelid = r.oid and not r.relispartition
        ),
        case r.relreplident
          when 'f' then format(E'\\nalter table %s replica identity full;', r.name)
          when 'n' then format(E'\\nalter table %s replica identity nothing;', r.name)
        end
      ) as create,
      format('drop %s %s;', r.kind, r.name) as drop
    from relations r
    where r.relkind in ('r', 'p', 'f')`,

  column: `
    select 'column ' || c.name as id, c.nspname as schema, c.relation, 1000 + c.attnum as position,
      concat(
        format('%I %s', c.attname, format_type(c.atttypid, c.atttypmod)),
        case when c.attcollation <> t.typcollation then ' collate ' || quote_ident(l.collname) end,
        case
          when c.attgenerated = 's' then format(' generated always as (%s) stored', pg_get_expr(d.adbin, d.adrelid))
          when c.attgenerated = 'v' then format(' generated always as (%s) virtual', pg_get_expr(d.adbin, d.adrelid))
          when c.attidentity = 'a' then ' generated always as identity'
          when c.attidentity = 'd' then ' generated by default as identity'
          when d.oid is not null then ' default ' || ${defaultOf}
        end,
        case when c.attnotnull then ' not null' end
      ) as create,
      format('alter table %s drop column %I;', c.relation, c.attname) as drop,
      case when c.attgenerated = '' and c.attidentity = '' then json_build_object(
        'name', quote_ident(c.attname), 'type', format_type(c.atttypid, c.atttypmod), 'isRequired', c.attnotnull,
        'default', ${defaultOf}
      ) end as column
    from columns c
    join pg_type t on t.oid = c.atttypid
    left join pg_collation l on l.oid = c.attcollation
    left join pg_attrdef d on d.adrelid = c.relation_oid and d.adnum = c.attnum
    where c.relkind in ('r', 'p', 'f') and (not c.relispartition or c.attislocal)`,

  constraint: `
    select 'constraint ' || format('%s.%I', r.name, k.conname) as id, r.nspname as schema, r.name as relation,
      case k.contype when 'p' then 3000 when 'u' then 3001 when 'x' then 3002 when 'c' then 3003 else 3004 end as position,
      format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)) as create,
      format('alter table %s drop constraint %I;', r.name, k.conname) as drop
    from pg_constraint k
    join relations r on r.oid = k.conrelid
    -- NOT NULL is a constraint (n) from PostgreSQL 18 on; the column tells it on every version.
    where k.contype in ('p', 'u', 'x', 'c', 'f') and k.conparentid = 0 and (k.conislocal or not r.relispartition)`,

  index: `
    select 'index ' || format('%I.%I', r.nspname, i.relname) as id, r.nspname as schema, r.name as relation, 4000 as position,
      pg_get_indexdef(i.oid) || case when x.indisvalid then ';' else '; -- invalid' end || case when x.indisreplident then format(E'\\nalter table %s replica identity using index %I;', r.name, i.relname) else '' end
        || case when x.indisclustered then format(E'\\nalter table %s cluster on %I;', r.name, i.relname) else '' end as create,
      format('drop index %I.%I;', r.nspname, i.relname) as drop
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    join relations r on r.oid = x.indrelid
    where not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x') and k.conrelid = r.oid)
      and not i.relispartition`,

  statistics: `
    select 'statistics ' || format('%I.%I', n.nspname, e.stxname) as id, n.nspname as schema, r.name as relation, 4500 as position,
      pg_get_statisticsobjdef(e.oid) || ';' as create, format('drop statistics %I.%I;', n.nspname, e.stxname) as drop
    from pg_statistic_ext e
    join pg_namespace n on n.oid = e.stxnamespace
    join relations r on r.oid = e.stxrelid`,

  view: `
    select r.kind || ' ' || r.name as id, r.nspname as schema, r.name as relation, 0 as position,
      format(E'create %s %s%s as\\n%s', r.kind, r.name,
        ' with (' || array_to_string(r.reloptions, ', ') || ')', btrim(pg_get_viewdef(r.oid), E' \\n')) as create,
      format('drop %s %s;', r.kind, r.name) as drop
    from relations r
    where r.relkind in ('v', 'm')`,

  trigger: `
    select 'trigger ' || format('%s.%I', r.name, t.tgname) as id, r.nspname as schema, r.name as relation, 5000 as position,
      pg_get_triggerdef(t.oid) || ';' || case t.tgenabled
        when 'D' then format(E'\\nalter table %s disable trigger %I;', r.name, t.tgname)
        when 'R' then format(E'\\nalter table %s enable replica trigger %I;', r.name, t.tgname)
        when 'A' then format(E'\\nalter table %s enable always trigger %I;', r.name, t.tgname)
        else ''
      end as create,
      format('drop trigger %I on %s;', t.tgname, r.name) as drop
    from pg_trigger t
    join relations r on r.oid = t.tgrelid
    where not t.tgisinternal and t.tgparentid = 0`,

  rule: `
    select 'rule ' || format('%s.%I', r.name, w.rulename) as id, r.nspname as schema, r.name as relation, 5500 as position,
      pg_get_ruledef(w.oid) as create, format('drop rule %I on %s;', w.rulename, r.name) as drop
    from pg_rewrite w
    join relations r on r.oid = w.ev_class
    where w.rulename <> '_RETURN'`,

  'row security': `
    select 'row security of ' || r.name as id, r.nspname as schema, r.name as relation, 6000 as position,
      concat_ws(E'\\n',
        case when r.relrowsecurity then format('alter table %s enable row level security;', r.name) end,
        case when r.relforcerowsecurity then format('alter table %s force row level security;', r.name) end
      ) as create,
      format(E'alter table %s no force row level security;\\nalter table %s disable row level security;', r.name, r.name) as drop
    from relations r
    where r.relrowsecurity or r.relforcerowsecurity`,

  policy: `
    select 'policy ' || format('%s.%I', r.name, p.polname) as id, r.nspname as schema, r.name as relation, 6001 as position,
      concat(
        format('create policy %I on %s', p.polname, r.name),
        case when not p.polpermissive then ' as restrictive' end,
        case p.polcmd when 'r' then ' for select' when 'a' then ' for insert' when 'w' then ' for update' when 'd' then ' for delete' end,
        (
          select ' to ' || string_agg(quote_ident(o.rolname), ', ' order by o.rolname)
          from pg_roles o
          where o.oid = any(p.polroles)
        ),
        E'\\n  using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
        E'\\n  with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')',
        ';'
      ) as create,
      format('drop policy %I on %s;', p.polname, r.name) as drop
    from pg_policy p
    join relations r on r.oid = p.polrelid`,

  'event trigger': `
    select 'event trigger ' || e.evtname as id, 9 as position,
      format('create event trigger %I on %s%s execute function %s();%s', e.evtname, e.evtevent,
        ' when tag in (' || (select string_agg(quote_literal(tag), ', ') from unnest(e.evttags) tag) || ')',
        e.evtfoid::regproc,
        case e.evtenabled
          when 'D' then format(E'\\nalter event trigger %I disable;', e.evtname)
          when 'R' then format(E'\\nalter event trigger %I enable replica;', e.evtname)
          when 'A' then format(E'\\nalter event trigger %I enable always;', e.evtname)
        end) as create,
      format('drop event trigger %I;', e.evtname) as drop
    from pg_event_trigger e
    where not exists (
      select from pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e'
    )`,

  owner: `,
    owned as (
      select 'schema' as kind, nspname as name, nspname, '' as relation, nspowner as owner, 0 as position from schemas where nspname <> 'public'
      union all
      select kind, name, nspname, name, relowner, 7000
      from relations
      where relkind <> 'c'
        -- the sequence of a serial or identity column has its table's owner, always
        and not (relkind = 'S' and exists (
          select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = relations.oid and d.deptype in ('a', 'i')
        ))
      union all
      select kind, name, nspname, '', proowner, 2 from routines
      union all
      select kind, name, nspname, '', typowner, 1 from types
    )
    select format('owner of %s %s', o.kind, o.name) as id, o.nspname as schema, o.relation, o.position,
      format('alter %s %s owner to %I;', o.kind, o.name, pg_get_userbyid(o.owner)) as create,
      format('alter %s %s owner to commonhold_owner;', o.kind, o.name) as drop
    from owned o
    where pg_get_userbyid(o.owner) <> 'commonhold_owner'`,

  grant: `,
    guarded as (
      select 'schema' as kind, quote_ident(nspname) as name, nspname, '' as relation, nspowner as owner, nspacl as acl, 'n'::"char" as code,
        0 as position
      from schemas
      union all
      select case relkind when 'S' then 'sequence' else 'table' end, name, nspname, name, relowner, relacl,
        case relkind when 'S' then 's'::"char" else 'r' end, 7001
      from relations
      where relkind <> 'c'
      union all
      select case kind when 'aggregate' then 'function' else kind end, name, nspname, '', proowner, proacl, 'f', 2 from routines
      union all
      select 'type', name, nspname, '', typowner, typacl, 'T', 1 from types
    ),
    actual as (
      select g.kind, g.name, e.grantee, e.is_grantable, string_agg(lower(e.privilege_type), ', ' order by e.privilege_type) as list
      from guarded g, lateral aclexplode(coalesce(g.acl, acldefault(g.code, g.owner))) e
      group by g.kind, g.name, e.grantee, e.is_grantable
    ),
    usual as (
      select g.kind, g.name, e.grantee, e.is_grantable, string_agg(lower(e.privilege_type), ', ' order by e.privilege_type) as list
      from guarded g, lateral aclexplode(acldefault(g.code, g.owner)) e
      group by g.kind, g.name, e.grantee, e.is_grantable
    )
    select format('grant on %s %s to %s%s', g.kind, g.name, who.name, case when is_grantable then ' with grant option' end) as id,
      g.nspname as schema, g.relation, g.position,
      concat_ws(E'\\n',
        case when u.list is not null then format('revoke %s on %s %s from %s;', u.list, g.kind, g.name, who.name) end,
        case when a.list is not null then format('grant %s on %s %s to %s%s;', a.list, g.kind, g.name, who.name,
          case when is_grantable then ' with grant option' end) end
      ) as create,
      concat_ws(E'\\n',
        case when a.list is not null then format('revoke %s on %s %s from %s;', a.list, g.kind, g.name, who.name) end,
        case when u.list is not null then format('grant %s on %s %s to %s;', u.list, g.kind, g.name, who.name) end
      ) as drop
    from actual a
    full join usual u using (kind, name, grantee, is_grantable)
    join guarded g using (kind, name)
    cross join lateral (
      select case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end as name
    ) who
    where a.list is distinct from u.list`,

  'column grant': `,
    granted as (
      select c.nspname, c.relation, e.grantee, lower(e.privilege_type) as privilege, e.is_grantable,
        string_agg(quote_ident(c.attname), ', ' order by c.attname) as list
      from columns c, lateral aclexplode(c.attacl) e
      group by c.nspname, c.relation, e.grantee, e.privilege_type, e.is_grantable
    )
    select format('grant of columns of table %s to %s', g.relation, who.name) as id, g.nspname as schema, g.relation, 7002 as position,
      string_agg(format('grant %s (%s) on table %s to %s%s;', g.privilege, g.list, g.relation, who.name,
        case when is_grantable then ' with grant option' end), E'\\n' order by g.privilege, is_grantable) as create,
      string_agg(format('revoke %s (%s) on table %s from %s;', g.privilege, g.list, g.relation, who.name),
        E'\\n' order by g.privilege) as drop
    from granted g
    cross join lateral (
      select case when g.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end as name
    ) who
    group by g.nspname, g.relation, who.name`,

  'default privileges': `
    select format('default privileges of %s%s for %s to %s', pg_get_userbyid(d.defaclrole), ' in schema ' || n.nspname, o.name, who.name) as id,
      coalesce(n.nspname, '') as schema, 8 as position,
      format('alter default privileges for role %I%s grant %s on %s to %s;', pg_get_userbyid(d.defaclrole),
        ' in schema ' || quote_ident(n.nspname), string_agg(lower(e.privilege_type), ', ' order by e.privilege_type), o.name, who.name) as create,
      format('alter default privileges for role %I%s revoke %s on %s from %s;', pg_get_userbyid(d.defaclrole),
        ' in schema ' || quote_ident(n.nspname), string_agg(lower(e.privilege_type), ', ' order by e.privilege_type), o.name, who.name) as drop
    from pg_default_acl d
    left join pg_namespace n on n.oid = d.defaclnamespace
    cross join lateral aclexplode(d.defaclacl) e
    cross join lateral (
      select case when e.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end as name
    ) who
    cross join lateral (
      select case d.defaclobjtype
        when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas'
      end as name
    ) o
    group by d.defaclrole, n.nspname, o.name, who.name`,

  comment: `,
    described as (
      select 'schema' as kind, quote_ident(nspname) as name, nspname, '' as relation, 0 as position,
        'pg_namespace'::regclass::oid as classoid, oid as objoid, 0 as objsubid
      from schemas
      where nspname <> 'public'
      union all
      select kind, name, nspname, name, 8000, 'pg_class'::regclass, oid, 0 from relations where relkind <> 'c'
      union all
      select 'column', name, nspname, relation, 8001 + attnum, 'pg_class'::regclass, relation_oid, attnum from columns
      union all
      select kind, name, nspname, '', 2, 'pg_proc'::regclass, oid, 0 from routines
      union all
      select kind, name, nspname, '', 1, 'pg_type'::regclass, oid, 0 from types
      union all
      select 'index', format('%I.%I', r.nspname, i.relname), r.nspname, r.name, 9700, 'pg_class'::regclass, i.oid, 0
      from pg_index x
      join pg_class i on i.oid = x.indexrelid
      join relations r on r.oid = x.indrelid
      union all
      select 'constraint', format('%I on %s', k.conname, r.name), r.nspname, r.name, 9701, 'pg_constraint'::regclass, k.oid, 0
      from pg_constraint k
      join relations r on r.oid = k.conrelid
      union all
      select 'trigger', format('%I on %s', t.tgname, r.name), r.nspname, r.name, 9702, 'pg_trigger'::regclass, t.oid, 0
      from pg_trigger t
      join relations r on r.oid = t.tgrelid
      union all
      select 'policy', format('%I on %s', p.polname, r.name), r.nspname, r.name, 9703, 'pg_policy'::regclass, p.oid, 0
      from pg_policy p
      join relations r on r.oid = p.polrelid
    )
    select format('comment on %s %s', kind, name) as id, nspname as schema, relation, position,
      format('comment on %s %s is %L;', kind, name, description) as create,
      format('comment on %s %s is null;', kind, name) as drop
    from described
    -- Joined: with obj_description() for each object it takes three times as long.
    join pg_description using (classoid, objoid, objsubid)`,
}

const kinds = Object.keys(readers)
