import { Readable } from 'node:stream'
import type { App } from '#platform/app.ts'
import { type AuditLog, listAuditLogs, noTenant, recordEvent } from '#platform/audit'
import { plainComment, type Queryable, quoted, type Scope, sql } from '#platform/database'
import { getProfile } from '#platform/identity'
import { listMailsOf } from '#platform/mail'
import { listTenantsOf } from './tenants-of-users.ts'

/**
 * What is left out of an export: it proves something to this installation and tells nobody anything about himself. A
 * name holds in every table, one with its table there only. A test looks for columns that should stand here.
 */
const secretColumns: ReadonlySet<string> = new Set([
  'access_token_hash',
  'client_secret_encrypted',
  'code_hash',
  'content_hash',
  'credential_id',
  'credential_public_key',
  'new_token_hash',
  'old_token_hash',
  'passphrase_encrypted',
  'password_hash',
  'previous_secret_encrypted',
  'secret_encrypted',
  'secret_hash',
  'token_hash',
  'user_handle',
  'identity.one_time_tokens.details',
  'tenancy.tenant_domains.token',
])

export type PersonalTable = {
  name: string
  comment: string | null
  hasTenant: boolean
  columns: { name: string; type: string; comment: string | null }[]
  /** Columns by which a row is somebody's. */
  owners: string[]
}

/**
 * MT-08: the tables that hold data about people, told by their foreign keys. Where a row goes with the account, it is his;
 * in a tenant also where it only names him, for there he sees it anyway. Elsewhere such a row is somebody else's.
 */
export async function listPersonalTables(tx: Queryable): Promise<PersonalTable[]> {
  return await tx.run(sql<PersonalTable>`
    with
      leads as (
        select
          k.conrelid,
          own.attname as column_name,
          k.confdeltype = 'c' as is_his,
          exists (select from pg_attribute where attrelid = k.conrelid and attname = 'tenant_id') as has_tenant
        from pg_constraint as k
        cross join lateral unnest(k.conkey, k.confkey) as pair (own_number, parent_number)
        join pg_attribute as own on own.attrelid = k.conrelid and own.attnum = pair.own_number
        join pg_attribute as parent on parent.attrelid = k.confrelid and parent.attnum = pair.parent_number
        where k.contype = 'f'
          and k.conparentid = 0
          and (
            (k.confrelid = 'identity.users'::regclass and parent.attname = 'id')
            or (k.confrelid = 'tenancy.user_tenants'::regclass and parent.attname = 'user_id')
          )
      ),
      personal as (
        select conrelid, has_tenant, array_agg(distinct column_name::text order by column_name::text) as owners
        from leads
        where is_his or has_tenant
        group by conrelid, has_tenant
        union all
        select oid, false, array['id']
        from pg_class
        where oid = 'identity.users'::regclass
      )
    select
      n.nspname || '.' || c.relname as name,
      obj_description(c.oid, 'pg_class') as comment,
      personal.has_tenant,
      personal.owners,
      (
        select jsonb_agg(
          jsonb_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'comment', col_description(c.oid, a.attnum)
          )
          order by a.attnum
        )
        from pg_attribute as a
        where a.attrelid = c.oid
          and a.attnum > 0
          and not a.attisdropped
      ) as columns
    from personal
    join pg_class as c on c.oid = personal.conrelid
    join pg_namespace as n on n.oid = c.relnamespace
    order by 1`)
}

type Me = { userId: string; scope: Scope }

/**
 * Everything about the person who asks, as one JSON document in pieces: his rows in every table that holds data about
 * people, in each of his tenants as he sees it there, his mails, and what the log has of him. The export is itself logged.
 */
export async function exportPersonalData(app: App, client: Scope, userId: string): Promise<Readable> {
  const scope = { ...client, tenantId: undefined }
  const system = app.db.scoped({ ...scope, system: true })
  const [tables, profile, tenants] = await Promise.all([
    listPersonalTables(system),
    getProfile(system, userId),
    listTenantsOf(system, userId),
  ])
  await recordEvent(system, { action: 'export', resource: 'identity.users', resourceId: userId })
  return Readable.from(pieces(app, { userId, scope }, { tables, email: profile.email, tenants }))
}

type Prepared = {
  tables: PersonalTable[]
  email: string
  tenants: { id: string; name: string; slug: string; roles: string[] }[]
}

async function* pieces(app: App, me: Me, { tables, email, tenants }: Prepared): AsyncGenerator<string> {
  const system = app.db.scoped({ ...me.scope, system: true })
  yield `{\n"about": ${text({
    exportedAt: app.clock.now(),
    installation: app.publicUrl,
    account: { id: me.userId, email },
    explanation:
      'Your rows in every table of this installation that holds data about people, in the words of the database. Left out are only hashes, keys and tokens, and what belongs to others.',
  })},\n"account": [`
  const own = tables.filter(({ hasTenant }) => !hasTenant)
  const placedSchemas = new Set(
    app.modules.flatMap(({ placement, schema }) => (placement === 'tenant' ? [schema] : [])),
  )
  for (const [index, table] of own.entries()) yield* tablePieces(system, me.userId, table, index)
  yield '\n],\n"workspaces": ['
  for (const [index, { id, name, slug, roles }] of tenants.entries()) {
    yield `${index === 0 ? '' : ','}\n{"id": ${text(id)}, "name": ${text(name)}, "slug": ${text(slug)}, "roles": ${text(roles)}, "tables": [`
    const inTenant = app.db.scoped({ ...me.scope, tenantId: id })
    const shared = tables.filter(({ hasTenant }) => hasTenant)
    // MT-17: what applications have of him is where the tenant has its data.
    const elsewhere = app.placed?.scoped({ ...me.scope, tenantId: id }) ?? inTenant
    for (const [position, table] of shared.entries()) {
      const isPlaced = placedSchemas.has(table.name.split('.')[0] ?? '')
      yield* tablePieces(isPlaced ? elsewhere : inTenant, me.userId, table, position)
    }
    yield '\n]}'
  }
  const mails = await listMailsOf(system, { userId: me.userId, emails: [email] })
  yield `\n],\n"mails": ${list(mails)},\n"log": [`
  yield* logPieces(app, me, [noTenant, ...tenants.map(({ id }) => id)])
  yield '\n]\n}\n'
}

async function* tablePieces(
  tx: Queryable,
  userId: string,
  table: PersonalTable,
  index: number,
): AsyncGenerator<string> {
  const columns = table.columns.filter(({ name }) => !isSecret(table.name, name))
  const comments = columns
    .filter(({ comment }) => comment !== null)
    .map(({ name, comment }) => [name, plainComment(comment)])
  // As the catalog writes them: `sql.ref` would make `sha_256` of a `sha256`.
  const picked = columns.map(({ name, type }) => {
    const column = quoted(name)
    return sql.raw(type === 'bytea' ? `translate(encode(${column}, 'base64'), E'\n', '') as ${column}` : column)
  })
  const rows = await tx.run(sql<{ row: unknown }>`
    select to_jsonb(picked) as row
    from (
      select ${sql.join(picked)}
      from ${sql.table(table.name)}
      where ${sql.join(
        table.owners.map(owner => sql`${sql.ref(owner)} = ${userId}`),
        sql` or `,
      )}
    ) as picked`)
  yield `${index === 0 ? '' : ','}\n{"table": ${text(table.name)}, "description": ${text(plainComment(table.comment))}, "columns": ${text(Object.fromEntries(comments))}, "rows": ${list(rows.map(({ row }) => row))}}`
}

export const isSecret = (table: string, column: string) =>
  secretColumns.has(column) || secretColumns.has(`${table}.${column}`)

const entriesAtOnce = 1_000

/**
 * What he did, without what it changed: that are the tenant's data, and what he sees of them is told above. And what was
 * done to his account, without by whom.
 */
async function* logPieces(app: App, { userId, scope }: Me, tenantIds: readonly string[]): AsyncGenerator<string> {
  let isFirst = true
  for (const tenantId of tenantIds) {
    const here = { ...scope, tenantId }
    const isElsewhere = tenantId !== noTenant && (await app.placed?.placeOf(here)) !== undefined
    const places = [app.db.scoped(here), ...(isElsewhere && app.placed ? [app.placed.scoped(here)] : [])]
    const filters =
      tenantId === noTenant ? [{ userId }, { resource: 'identity.users', resourceId: userId }] : [{ userId }]
    for (const filter of filters) {
      let cursor: string | undefined
      do {
        const page = await listAuditLogs(places, filter, { limit: entriesAtOnce, ...(cursor && { cursor }) })
        const entries = page.items.filter(entry => 'userId' in filter || entry.userId !== userId)
        for (const entry of entries) {
          yield `${isFirst ? '' : ','}\n${text('userId' in filter ? ownEntry(entry, tenantId) : entryAboutHim(entry))}`
          isFirst = false
        }
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
    }
  }
}

const ownEntry = (entry: AuditLog, tenantId: string) => ({
  at: entry.createdAt,
  action: entry.action,
  resource: entry.resource,
  resourceId: entry.resourceId,
  ipAddress: entry.ipAddress,
  userAgent: entry.userAgent,
  ...(tenantId !== noTenant && { workspace: tenantId }),
})

const entryAboutHim = (entry: AuditLog) => ({
  at: entry.createdAt,
  action: entry.action,
  resource: entry.resource,
  resourceId: entry.resourceId,
  isByOthers: true,
})

const text = (value: unknown) => JSON.stringify(value)
const list = (values: readonly unknown[]) => `[${values.map(value => `\n${text(value)}`).join(',')}]`
