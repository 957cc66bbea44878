import type { Check } from '#platform/checks.ts'
import { sql } from '#platform/database'
import { userNamespaces } from '../health/namespaces.ts'
import { finding } from './findings.ts'

/** Logins that are members of our groups: the program's, and those of reports. */
const ourLogins = sql`
  select r.*
  from pg_roles r
  where r.rolcanlogin
    and not r.rolsuper
    and (
      pg_has_role(r.oid, to_regrole('commonhold_app')::oid, 'member')
      or pg_has_role(r.oid, to_regrole('commonhold_readonly')::oid, 'member')
    )
    and not pg_has_role(r.oid, to_regrole('commonhold_owner')::oid, 'member')`

export const roleChecks: readonly Check[] = [
  {
    code: 'roles.power',
    title: 'PE-11: logins of the program with more rights than it needs',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<{ name: string; traits: string[] }>`
        select r.rolname as name, array_remove(array[
          case when r.rolsuper then 'is a superuser' end,
          case when r.rolbypassrls then 'has bypassrls' end,
          case when r.rolcreaterole then 'may create roles' end,
          case when r.rolcreatedb then 'may create databases' end,
          case when r.rolreplication then 'may copy the whole server' end,
          case when exists (
            select from pg_class c where c.relowner = r.oid and c.relkind in ('r', 'p', 'v', 'm') and c.relnamespace in (${userNamespaces})
          ) then 'owns tables' end,
          case when exists (
            select
            from pg_roles g
            where g.rolname ~ '^pg_(read|write)_all_data$|^pg_execute_server_program$|_server_files$'
              and pg_has_role(r.oid, g.oid, 'member')
          ) then 'is a member of a role that sees everything' end
        ], null) as traits
        from (
          select * from (${ourLogins}) as ours
          union
          select * from pg_roles
          where rolsuper
            and rolcanlogin
            and exists (
              select from pg_auth_members m
              where m.member = pg_roles.oid and m.roleid in (to_regrole('commonhold_app')::oid, to_regrole('commonhold_readonly')::oid)
            )
        ) as r
        order by 1`)
      return rows
        .filter(({ traits }) => traits.length > 0)
        .map(({ name, traits }) =>
          finding(
            'critical',
            name,
            `The login ${name} ${traits.join(', ')}: row-level security or grants do not hold it.`,
            `alter role ${name} nosuperuser nobypassrls nocreaterole nocreatedb noreplication; and give what it owns to commonhold_owner`,
          ),
        )
    },
  },
  {
    code: 'grants.beyond_rows',
    title: 'PE-11: grants that row-level security does not bind',
    isEverywhere: true,
    async run({ tx }) {
      const rows = await tx.run(sql<{ name: string; grantee: string; rights: string }>`
        select
          c.oid::regclass::text as name,
          case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee,
          string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as rights
        from pg_class c
        cross join lateral aclexplode(c.relacl) as a
        where c.relkind in ('r', 'p')
          and c.relnamespace in (${userNamespaces})
          and a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
          and a.grantee <> c.relowner
          and a.grantee <> coalesce(to_regrole('commonhold_owner')::oid, 0)
          and (a.grantee = 0 or not (select rolsuper from pg_roles where oid = a.grantee))
        group by 1, 2
        order by 1, 2`)
      return rows.map(({ name, grantee, rights }) =>
        finding(
          'warning',
          `${name} to ${grantee}`,
          `${grantee} has ${rights} on ${name}, which row-level security does not bind.`,
          `revoke ${rights} on ${name} from ${grantee};`,
        ),
      )
    },
  },
  {
    code: 'roles.no_expiry',
    title: 'PE-11: logins of people whose password never ends',
    async run({ tx, app }) {
      // The embedded server has the administrator and the program only, both with passwords that no person knows.
      if (app.administration?.isEmbedded) return []
      const rows = await tx.run(sql<{ name: string }>`
        select rolname as name
        from pg_roles
        where rolcanlogin
          and rolvaliduntil is null
          and rolname not like 'commonhold_app%'
          and rolname !~ '^(pg_|rds|cloudsql|azure|postgres$)'
          and rolname <> current_user
        order by 1`)
      return rows.map(({ name }) =>
        finding(
          'info',
          name,
          `The password of the login ${name} has no end.`,
          `alter role ${name} valid until '…'; for a person; a program's is to be changed with its configuration`,
        ),
      )
    },
  },
  {
    code: 'roles.weak_password',
    title: 'PE-11: passwords that the server keeps as MD5, or not at all',
    async run({ tx, isAdministrator }) {
      const { maySee } = await tx.one(sql<{ maySee: boolean }>`
        select has_table_privilege('pg_catalog.pg_authid', 'select') as may_see`)
      if (!isAdministrator || !maySee) return []
      const rows = await tx.run(sql<{ name: string; kind: 'md5' | 'none' }>`
        select rolname as name, case when rolpassword like 'md5%' then 'md5' else 'none' end as kind
        from pg_authid
        where rolcanlogin
          and rolpassword like 'md5%'
        order by 1`)
      return rows.map(({ name }) =>
        finding(
          'warning',
          name,
          `The password of ${name} is kept as MD5, which is as good as the password itself to who reads it.`,
          `set password_encryption = 'scram-sha-256'; alter role ${name} password '…';`,
        ),
      )
    },
  },
  {
    code: 'roles.connection_limit',
    title: 'PE-11: logins of the program that may take all connections',
    async run({ tx }) {
      const rows = await tx.run(sql<{ name: string; most: number }>`
        select rolname as name, current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer as most
        from (${ourLogins}) as r
        where (rolconnlimit < 0 or rolconnlimit >= current_setting('max_connections')::integer)
          and has_database_privilege(r.oid, current_database(), 'connect')
        order by 1`)
      return rows.map(({ name, most }) =>
        finding(
          'info',
          name,
          `The login ${name} may take all ${most} connections, so that none is left for an administrator who is no superuser.`,
          `alter role ${name} connection limit ${Math.max(10, Math.floor(most * 0.9))};`,
        ),
      )
    },
  },
]
