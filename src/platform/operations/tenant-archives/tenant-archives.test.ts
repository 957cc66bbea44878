// A tenant is written into a file and taken in again; the tables are the catalog's, so that one of next year is covered.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectSide } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { placeTenant } from '#platform/tenancy'
import { mailsTo } from '#test/mails.ts'
import { rowMaker } from '#test/rows.ts'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { joinAs, newPerson, type Person, signIn, testWorld, type World } from '#test/world.ts'
import { readArchive } from './containers.ts'
import { accountsTable, readContents, tenantsTable } from './contents.ts'
import { exportTenant } from './exports.ts'
import { type ImportOptions, importTenant } from './imports.ts'
import type { TenantManifest } from './manifests.ts'

const here = await testWorld({ hasRouteLimits: false })
const there = await testWorld({ hasRouteLimits: false })
const folder = mkdtempSync(join(tmpdir(), 'commonhold-archives-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newPath = (ending = 'tar.gz') => join(folder, `${++files}.${ending}`)
const actor = 'Ann at the command line'

async function slugOf({ admin }: World, tenantId: string): Promise<string> {
  return (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug
}

async function send(world: World, tenantId: string, passphrase?: string): Promise<string> {
  const path = newPath()
  await exportTenant(world.app, await slugOf(world, tenantId), { path, passphrase, actor })
  return path
}

const take = (world: World, path: string, options: Partial<ImportOptions> = {}) =>
  importTenant(world.app, path, { actor, rejectsPath: `${path}.${randomUUID()}.rejects`, ...options })

const hasCode =
  (code: string, words = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof DomainError, (error as Error).stack)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, words)
    return true
  }

/** Everything in a database that an import may not change: the rows of all tables that are not the new tenant's. */
async function dumpOf({ admin }: World, except: string = randomUUID()): Promise<Map<string, string>> {
  const { rows: tables } = await admin.query(`
    select
      c.oid::regclass::text as name,
      exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped) as "hasTenant"
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p') and not c.relispartition`)
  const dump = new Map<string, string>()
  for (const { name, hasTenant } of tables) {
    const { rows } = await admin.query(
      `select md5(coalesce(string_agg(t::text, e'\\n' order by t::text collate "C"), '')) as hash from ${name} as t where ${hasTenant ? 't.tenant_id <> $1' : '$1::uuid is not null'}`,
      [except],
    )
    dump.set(name, rows[0].hash)
  }
  return dump
}

const changedIn = (before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] =>
  [...before].flatMap(([name, hash]) => (now.get(name) === hash ? [] : [name])).toSorted()

const contents = await (async () => {
  const side = await connectSide(here.adminConfig)
  const read = await readContents(side, here.app)
  await side.end()
  return read
})()

/** A tenant with rows in every table that has tenants' rows, several users' in each. */
async function fullTenant(world: World): Promise<{ owner: Person; member: Person }> {
  const owner = await newPerson(world, { tenantName: `Tenant ${randomUUID().slice(0, 8)}` })
  const member = await newPerson(world)
  await joinAs(world, member.userId, owner.tenantId, 'member')
  const { rows: tables } = await world.admin.query(`
    select distinct root as name from tenancy.list_tenant_tables() where root !~ '^audit\\.'`)
  for (const { userId } of [owner, member]) {
    const row = rowMaker(world.admin, { tenantId: owner.tenantId, userId })
    for (const { name } of tables) await row(name)
  }
  await world.admin.query('delete from tenancy.moves where tenant_id = $1', [owner.tenantId])
  await world.admin.query('delete from tenancy.placements where tenant_id = $1', [owner.tenantId])
  await world.admin.query('delete from platform.moving_tenants where tenant_id = $1', [owner.tenantId])
  await link(world, owner)
  return { owner, member }
}

/** What the filled rows do not have: ids in JSON, in lists of ids and in links, and rows that lead to their own table. */
async function link({ admin }: World, { tenantId, userId }: Person): Promise<void> {
  const { rows } = await admin.query(
    'select id, list_id from contractors.contractor_list_items where tenant_id = $1 order by id limit 1',
    [tenantId],
  )
  const [{ id: itemId, list_id: listId }] = rows
  const scope = `select set_config('app.tenant_id', $1, false), set_config('app.user_id', $2, false)`
  await admin.query(scope, [tenantId, userId])
  await admin.query(
    `insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, item_id, metadata)
    values ($1, $2, $3, 'item.tested', $4, jsonb_build_object('item', $4::uuid, 'deep', jsonb_build_array($2::uuid)))`,
    [tenantId, listId, userId, itemId],
  )
  const { rows: comments } = await admin.query(
    `insert into contractors.contractor_list_comments (tenant_id, list_id, user_id, body, mentioned_ids)
    values ($1, $2, $3, 'See /lists/' || $2::uuid, array[$3::uuid]) returning id`,
    [tenantId, listId, userId],
  )
  await admin.query(
    `insert into contractors.contractor_list_comments (tenant_id, list_id, user_id, body, parent_id)
    values ($1, $2, $3, 'Yes', $4)`,
    [tenantId, listId, userId, comments[0].id],
  )
  await admin.query(
    `insert into notifications.notifications (tenant_id, user_id, kind, title, message, link, data)
    values ($1, $2, 'contractors.mentioned', 'You', 'Were mentioned', '/lists/' || $3::uuid, jsonb_build_object('list', $3::uuid))`,
    [tenantId, userId, listId],
  )
  await admin.query(scope, ['', ''])
}

/** Shared rows that one installation has and the other has not, with ids of their own. */
async function shareCatalogue(): Promise<void> {
  for (const [table, keys] of Object.entries(contents.naturalKeys)) {
    const { rows } = await here.admin.query(`select to_jsonb(t) as row from ${table} as t`)
    for (const { row } of rows) {
      const [first] = keys
      const isFound = first?.every(column => row[column] !== null)
      const { rows: columns } = await here.admin.query(
        `select string_agg(quote_ident(attname), ', ') as list from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
        [table],
      )
      const moved = { ...row, id: isFound ? randomUUID() : row.id, is_default: false, merged_into: null }
      await there.admin.query(
        `insert into ${table} (${columns[0].list}) select ${columns[0].list} from jsonb_populate_record(null::${table}, $1) on conflict do nothing`,
        [JSON.stringify(moved)],
      )
    }
  }
}

type Read = { manifest: TenantManifest; members: Map<string, string> }

async function read(path: string, passphrase?: string): Promise<Read> {
  const members = new Map<string, string>()
  await readArchive(path, passphrase, async (name, content) => void members.set(name, content.toString()))
  return { manifest: JSON.parse(members.get('manifest.json') ?? ''), members }
}

const anyUuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/**
 * The rows of an archive with each id replaced by what it stands for: an address, a natural key, or what its row says and leads
 * to. Two archives of the same tenant are the same text, whatever ids the rows have.
 */
function meaningOf({ manifest, members }: Read): string {
  const rows: { table: string; row: Record<string, unknown>; text: string }[] = []
  const linesOf = (files: { path: string }[]) =>
    files.flatMap(({ path }) => (members.get(path) ?? '').split('\n').slice(0, -1))
  const labels = new Map<string, string>([[manifest.tenant.id, 'tenant']])
  for (const line of linesOf(manifest.accounts.files)) {
    const account = JSON.parse(line)
    labels.set(account.id, `${account.kind} ${account.email ?? account.fullName}`)
  }
  for (const { files } of manifest.shared)
    for (const line of linesOf(files)) {
      const { id, key } = JSON.parse(line)
      labels.set(id, JSON.stringify(key.id ? { ...key, id: key.uei ? null : key.id } : key))
    }
  for (const { table, files } of manifest.tables)
    for (const text of linesOf(files)) {
      const row = JSON.parse(text)
      if (table === tenantsTable) for (const own of ['name', 'slug']) delete row[own]
      rows.push({ table, row, text: JSON.stringify(row) })
    }
  const named = (text: string) => text.replaceAll(anyUuid, id => labels.get(id) ?? '?')
  const fixed = new Set(labels.keys())
  for (let round = 0; round < 4; round++) {
    const next = rows.flatMap(({ table, row, text }) =>
      typeof row.id === 'string' && !fixed.has(row.id)
        ? [
            [
              row.id,
              createHash('sha256')
                .update(`${table} ${named(text)}`)
                .digest('hex'),
            ] as const,
          ]
        : [],
    )
    for (const [id, label] of next) labels.set(id, label)
  }
  const accounts = linesOf(manifest.accounts.files).map(line => named(line))
  return [...accounts, ...rows.map(({ table, text }) => `${table} ${named(text)}`)].toSorted().join('\n')
}

const full = await fullTenant(here)
await shareCatalogue()

test('every table of tenants goes along or says why not, and leads to nothing that an archive cannot bring', async () => {
  const { rows } = await here.admin.query(`
    select n.nspname || '.' || c.relname as name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition
    order by 1`)
  const named = [...contents.tables.map(({ name }) => name), ...contents.stays.map(({ table }) => table)]
  assert.deepEqual(
    named.filter(name => name !== tenantsTable).toSorted(),
    rows.map(({ name }) => name),
  )
  const carried = new Set(contents.tables.map(({ name }) => name))
  const astray = contents.tables.flatMap(({ name, references, carried: columns }) =>
    references
      .filter(reference => reference.columns.some(column => columns.includes(column)))
      .filter(({ table }) => !carried.has(table) && table !== accountsTable && !contents.naturalKeys[table])
      .map(({ table }) => `${name} → ${table}`),
  )
  assert.deepEqual(astray, [])
})

test('what is declared of tables and columns exists, and no column that looks like a secret goes along', async () => {
  const declared = here.app.modules.flatMap(({ portability }) => [
    ...Object.keys(portability?.withheld ?? {}),
    ...Object.keys(portability?.stays ?? {}).filter(name => !name.endsWith('.*')),
    ...Object.keys(portability?.naturalKeys ?? {}),
  ])
  const known = new Set([
    ...contents.stays.map(({ table }) => table),
    ...Object.keys(contents.naturalKeys),
    ...contents.tables.flatMap(({ name, withheld }) => Object.keys(withheld).map(column => `${name}.${column}`)),
  ])
  assert.deepEqual(
    declared.filter(name => !known.has(name)),
    [],
  )
  // The hash of a picture, and how long passwords have to be.
  const harmless = ['tenancy.tenant_logos.content_hash', 'tenancy.tenants.password_rules']
  const secrets = contents.tables.flatMap(({ name, carried }) =>
    carried
      .filter(column => /hash|secret|token|password|encrypted|credential/.test(column))
      .map(column => `${name}.${column}`),
  )
  assert.deepEqual(
    secrets.filter(
      name =>
        !harmless.includes(name) &&
        name !== 'contractors.contractor_list_shares.wrong_passwords' &&
        name !== 'tenancy.tenants.second_factor_required_since',
    ),
    [],
  )
})

test('MT-17 a tenant with rows in every table comes to another installation as it was, and goes on from there as it was', async () => {
  const { owner, member } = full
  const first = await send(here, owner.tenantId)
  const archive = await read(first)
  for (const { table, rows } of archive.manifest.tables) assert.ok(rows > 0, `control: ${table} has rows`)
  const before = await dumpOf(there)
  const imported = await take(there, first)
  assert.equal(imported.rejected, 0)
  assert.equal(imported.tenant.id, owner.tenantId, 'no id is in the way there')
  assert.equal(imported.renewedIds, 0)
  const second = await read(await send(there, imported.tenant.id))
  assert.equal(meaningOf(second), meaningOf(archive))
  const total = ({ manifest }: Read) => manifest.tables.map(({ table, rows }) => [table, rows])
  assert.deepEqual(total(second), total(archive))

  const logOf = ({ manifest, members }: Read) =>
    manifest.log.files.flatMap(({ path }) => (members.get(path) ?? '').split('\n').slice(0, -1))
  const added = new Set(logOf(second))
  for (const entry of logOf(archive)) assert.ok(added.delete(entry), `word for word: ${entry}`)
  assert.deepEqual(
    [...added].map(entry => JSON.parse(entry).action).filter(action => action.startsWith('tenants.')),
    ['tenants.imported'],
  )

  const changed = changedIn(before, await dumpOf(there, imported.tenant.id))
  const foreseen = [
    'identity.user_profiles',
    'identity.users',
    'mail.messages',
    'mail.quotas',
    'tenancy.tenants',
    'identity.signing_keys',
    'jobs.job',
    'audit.audit_logs',
    'audit.sealing',
    'tenancy.proven_domains',
  ]
  assert.deepEqual(
    changed.filter(name => !foreseen.includes(name)),
    [],
  )

  assert.ok((await mailsTo(there, owner.email)).some(({ name }) => name === 'operations.tenant_arrived'))
  const { rows } = await there.admin.query(
    'select count(*)::int as count from identity.passwords where user_id = any ($1)',
    [[owner.userId, member.userId]],
  )
  assert.equal(rows[0].count, 0, 'nobody’s password came along')
})
