import type { Check } from '#platform/checks.ts'
import { findIsolationFaults, sql } from '#platform/database'
import { userNamespaces } from '../health/namespaces.ts'
import { finding } from './findings.ts'

type Row = { name: string }

export const policyChecks: readonly Check[] = [
  {
    code: 'isolation.fault',
    title: 'AG-01: nothing by which a row of one tenant could be seen by another',
    isEverywhere: true,
    run: async ({ own }) =>
      (await findIsolationFaults(own)).map(fault =>
        finding(
          'critical',
          fault.split(/:? /)[0] ?? '',
          `${fault}.`,
          'Tenants are not kept apart by this, and the program refuses to start: put it right in a migration.',
        ),
      ),
  },
  {
    code: 'policies.missing',
    title: 'Row-level security without a policy',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<Row>`
        select c.oid::regclass::text as name
        from pg_class c
        where c.relkind in ('r', 'p')
          and c.relrowsecurity
          and c.relnamespace in (${userNamespaces})
          and not exists (select from pg_policy where polrelid = c.oid)
        order by 1`)
      return rows.map(({ name }) =>
        finding(
          'warning',
          name,
          `${name} has row-level security and no policy: the program sees none of its rows.`,
          `select platform.isolate('${name}'); or a policy of its own, in a migration`,
        ),
      )
    },
  },
  {
    code: 'policies.not_forced',
    title: 'Policies that do not bind the owner',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<Row & { isEnabled: boolean }>`
        select c.oid::regclass::text as name, c.relrowsecurity as is_enabled
        from pg_class c
        where c.relkind in ('r', 'p')
          and c.relnamespace in (${userNamespaces})
          and exists (select from pg_policy where polrelid = c.oid)
          and not (c.relrowsecurity and c.relforcerowsecurity)
        order by 1`)
      return rows.map(({ name, isEnabled }) =>
        finding(
          isEnabled ? 'warning' : 'critical',
          name,
          isEnabled
            ? `The policies of ${name} do not bind its owner, as whom functions and migrations act.`
            : `${name} has policies, and row-level security is off: they do nothing.`,
          `alter table ${name} ${isEnabled ? 'force' : 'enable'} row level security;`,
        ),
      )
    },
  },
  {
    code: 'policies.per_row',
    title: 'Policies that read a setting for each row',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<Row & { policy: string; expression: string }>`
        select p.polrelid::regclass::text as name, p.polname as policy, expression
        from pg_policy p
        join pg_class c on c.oid = p.polrelid and c.relnamespace in (${userNamespaces})
        cross join lateral unnest(array[
          pg_get_expr(p.polqual, p.polrelid),
          pg_get_expr(p.polwithcheck, p.polrelid)
        ]) as expression
        where expression is not null
        order by 1, 2`)
      const found = new Map<string, (typeof rows)[number]>()
      for (const row of rows) if (readsPerRow(row.expression)) found.set(`${row.name} ${row.policy}`, row)
      return [...found.values()].map(({ name, policy }) =>
        finding(
          'warning',
          `${name}.${policy}`,
          `The policy ${policy} of ${name} calls current_setting for each row: a scan is about six times slower.`,
          'Write it as (select current_setting(…)), which is read once for a statement.',
        ),
      )
    },
  },
  {
    code: 'policies.partition',
    title: 'Partitions that do without the policy of their table',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<Row & { parent: string; isReadable: boolean }>`
        select
          c.oid::regclass::text as name,
          i.inhparent::regclass::text as parent,
          has_table_privilege('commonhold_app', c.oid, 'select') as is_readable
        from pg_class c
        join pg_inherits i on i.inhrelid = c.oid
        join pg_class parent on parent.oid = i.inhparent and parent.relrowsecurity
        where c.relispartition
          and c.relkind in ('r', 'p')
          and (not c.relrowsecurity or not exists (select from pg_policy where polrelid = c.oid))
          and c.relnamespace in (${userNamespaces})
        order by 1`)
      return rows.map(({ name, parent, isReadable }) =>
        finding(
          isReadable ? 'critical' : 'warning',
          name,
          `The partition ${name} has no policy of its own: asked for by name it shows what ${parent} hides.`,
          `select platform.isolate('${name}'); and grant on ${parent} only`,
        ),
      )
    },
  },
  {
    code: 'functions.public',
    title: 'Functions that act for their owner, open to everybody',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<Row>`
        select p.oid::regprocedure::text as name
        from pg_proc p
        where p.prosecdef
          and p.pronamespace in (${userNamespaces})
          and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
          and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
          and exists (
            select
            from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
            where a.grantee = 0
              and a.privilege_type = 'EXECUTE'
          )
        order by 1`)
      return rows.map(({ name }) =>
        finding(
          'warning',
          name,
          `${name} acts for its owner, and every login of the server may call it.`,
          `revoke execute on function ${name} from public; and grant it to who needs it`,
        ),
      )
    },
  },
  {
    code: 'schemas.public',
    title: 'Schemas in which everybody may make objects',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<Row>`
        select n.nspname as name
        from pg_namespace n
        cross join lateral aclexplode(n.nspacl) as a
        where a.grantee = 0
          and a.privilege_type = 'CREATE'
          and n.nspname !~ '^pg_'
        order by 1`)
      return rows.map(({ name }) =>
        finding(
          'warning',
          name,
          `Every login may make objects in the schema ${name}, and so stand in the way of ours.`,
          `revoke create on schema ${name} from public;`,
        ),
      )
    },
  },
]

/** Whether an expression, as the server prints it, reads a setting outside a subquery, which is asked once. */
export function readsPerRow(expression: string): boolean {
  let outside = ''
  const inQuery: boolean[] = []
  for (let at = 0; at < expression.length; at++) {
    const here = expression[at] as string
    if (here === '(') inQuery.push(inQuery.at(-1) === true || /^\( *SELECT\b/i.test(expression.slice(at, at + 12)))
    else if (here === ')') inQuery.pop()
    else if (inQuery.at(-1) !== true) outside += here
  }
  return /current_setting|current_tenant_id|current_user_id|is_system/.test(outside)
}
