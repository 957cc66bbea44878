// A tenant is written into a file and taken in again; the tables are the catalog's, so that one of next year is covered.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { thumbprintOf } from '#platform/crypto'
import { connectSide } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { mailsTo } from '#test/mails.ts'
import { rowMaker } from '#test/rows.ts'
import { joinAs, newPerson, type Person, testWorld, type World } from '#test/world.ts'
import { createArchive, readArchive } from './containers.ts'
import { accountsTable, readContents, tenantsTable } from './contents.ts'
import { exportTenant } from './exports.ts'
import { type ImportOptions, importTenant } from './imports.ts'
import { type ArchivedFile, signatureType, type TenantManifest } from './manifests.ts'

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
  importTenant(world.app, path, {
    actor,
    rejectsPath: `${path}.${randomUUID()}.rejects`,
    isSignerTrusted: true,
    ...options,
  })

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
  const program = randomUUID()
  await world.admin.query(
    `insert into identity.users (id, kind, email, full_name) values ($1, 'service', $1::uuid || '@service.invalid', 'Robot')`,
    [program],
  )
  await joinAs(world, program, owner.tenantId, 'member')
  await world.admin.query(`insert into access.service_accounts (tenant_id, id, name) values ($1, $2, 'Robot')`, [
    owner.tenantId,
    program,
  ])
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
  // The hash of a picture, how long passwords have to be, and by what a client shows who it is.
  const harmless = [
    'tenancy.tenant_logos.content_hash',
    'tenancy.tenants.password_rules',
    'oauth.oauth_clients.token_endpoint_auth_method',
  ]
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

test('MT-17 beside itself in one installation all its ids are new, wherever they stand, and nobody else’s row changes', async () => {
  const { owner } = full
  const path = await send(here, owner.tenantId)
  const archive = await read(path)
  const before = await dumpOf(here)
  await assert.rejects(take(here, path), hasCode('tenant_archives.slug_taken'))
  const tried = await take(here, path, { slug: 'second-copy', isDryRun: true })
  assert.deepEqual(changedIn(before, await dumpOf(here)), [], 'a dry run leaves nothing')
  const imported = await take(here, path, { slug: 'second-copy', name: 'Second copy' })
  assert.deepEqual({ ...imported, tenant: 0 }, { ...tried, isDryRun: false, tenant: 0 })
  assert.notEqual(imported.tenant.id, owner.tenantId)
  assert.equal(imported.accounts.created, 1, 'a program of its own; people are who they are')
  const changed = changedIn(before, await dumpOf(here, imported.tenant.id))
  const foreseen = ['identity.users', 'tenancy.tenants', 'identity.signing_keys', 'jobs.job', 'identity.user_profiles']
  assert.deepEqual(
    changed.filter(name => !foreseen.includes(name)),
    [],
  )
  const again = await read(await send(here, imported.tenant.id))
  assert.equal(meaningOf(again), meaningOf(archive))

  const linesOf = (of: Read, begin: string) =>
    [...of.members].filter(([name]) => name.startsWith(begin)).flatMap(([, text]) => text.split('\n').slice(0, -1))
  const people = linesOf(archive, 'accounts').flatMap(line => {
    const { kind, id } = JSON.parse(line)
    return kind === 'person' ? [id] : []
  })
  const old = new Set(linesOf(archive, 'tables/').flatMap(line => JSON.parse(line).id ?? []))
  for (const id of people) old.delete(id)
  assert.ok(old.size > 30, `control: ${old.size} ids`)
  for (const line of linesOf(again, 'tables/')) {
    const left = [...line.matchAll(anyUuid)].filter(([id]) => old.has(id))
    assert.deepEqual(left, [], line)
  }
  const { rows } = await here.admin.query('select name, slug from tenancy.tenants where id = $1', [imported.tenant.id])
  assert.deepEqual(rows, [{ name: 'Second copy', slug: 'second-copy' }])
})

test('MT-17 what counts rows counts those that came in', async () => {
  const { tenantId } = full.owner
  const gauges = async ({ admin }: World, id: string) =>
    (
      await admin.query(
        `select metric_name, usage.value_of($1, metric_name)::int as value from usage.gauges where tenant_id = $1 and metric_name ~ '^(contractors|tenancy)[.]' order by 1`,
        [id],
      )
    ).rows
  const counted = await gauges(there, tenantId)
  assert.ok(counted.length >= 3, 'control')
  const { rows } = await there.admin.query(
    'select count(*)::int as count from contractors.contractor_list_items where tenant_id = $1',
    [tenantId],
  )
  assert.equal(counted.find(({ metric_name }) => metric_name === 'contractors.list_items')?.value, rows[0].count)
})

test('GG-17 no secret is in an archive, and what had one comes in without use for anybody', async () => {
  const { tenantId } = full.owner
  const path = await send(here, tenantId)
  const text = [...(await read(path)).members.values()].join('\n')
  const { rows } = await here.admin.query(
    `select encode(access_token_hash, 'hex') as secret from contractors.contractor_list_shares where tenant_id = $1
    union all select password_hash from contractors.contractor_list_shares where tenant_id = $1
    union all select encode(token_hash, 'hex') from members.invitations where tenant_id = $1
    union all select encode(secret_hash, 'hex') from access.api_keys where tenant_id = $1
    union all select secret_encrypted from webhooks.endpoints where tenant_id = $1
    union all select password_hash from identity.passwords
    union all select encode(token_hash, 'hex') from contractors.contractor_list_share_sessions where tenant_id = $1`,
    [tenantId],
  )
  const secrets = rows.flatMap(({ secret }) => secret ?? [])
  assert.ok(secrets.length > 6, `control: ${secrets.length}`)
  for (const secret of secrets) assert.ok(!text.includes(secret), secret)
  const { rows: endpoints } = await there.admin.query(
    'select id, is_enabled, secret_encrypted from webhooks.endpoints where tenant_id = $1',
    [tenantId],
  )
  assert.ok(endpoints.length > 0)
  for (const endpoint of endpoints) {
    assert.equal(endpoint.is_enabled, false)
    const secret = there.app.keyring.decrypt(endpoint.secret_encrypted, `webhooks.endpoints.secret:${endpoint.id}`)
    assert.match(secret, /^whsec_/)
  }
  const { rows: domains } = await there.admin.query(
    'select proven_at from tenancy.tenant_domains where tenant_id = $1',
    [tenantId],
  )
  assert.ok(domains.length > 0 && domains.every(({ proven_at }) => proven_at === null))
})

test('GG-17 sealed with a passphrase an archive opens with that one alone, and tells when it was altered', async () => {
  const { tenantId } = full.owner
  const passphrase = 'correct horse battery'
  const path = await send(here, tenantId, passphrase)
  const bytes = readFileSync(path)
  assert.ok(!bytes.includes('tenancy.tenants'))
  assert.equal((await read(path, passphrase)).manifest.tenant.id, tenantId)
  await assert.rejects(take(there, path, { slug: 'sealed' }), hasCode('tenant_archives.passphrase_missing'))
  const wrong = take(there, path, { slug: 'sealed', passphrase: 'incorrect horse battery' })
  await assert.rejects(wrong, hasCode('tenant_archives.passphrase_wrong'))
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1
  writeFileSync(path, bytes)
  await assert.rejects(
    take(there, path, { slug: 'sealed', passphrase }),
    hasCode('tenant_archives.passphrase_wrong', /altered/),
  )
})

type Rows = Record<string, Record<string, unknown>[]>

/** An archive that somebody has changed and signed with a key of his own. */
async function forge(
  { manifest, members }: Read,
  change: (rows: Rows, manifest: TenantManifest, raw: Map<string, string>) => void,
): Promise<string> {
  const changed = structuredClone(manifest)
  const sections: Record<string, { rows: number; files: ArchivedFile[] }> = {
    accounts: changed.accounts,
    log: changed.log,
    ...Object.fromEntries(changed.shared.map(each => [`shared/${each.table}`, each])),
    ...Object.fromEntries(changed.tables.map(each => [`tables/${each.table}`, each])),
  }
  const rows: Rows = {}
  for (const [name, { files: parts }] of Object.entries(sections))
    rows[name] = parts.flatMap(({ path }) =>
      (members.get(path) ?? '')
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line)),
    )
  const raw = new Map<string, string>()
  change(rows, changed, raw)
  for (const { table } of changed.tables) {
    const known = changed.tables.find(each => each.table === table)
    if (known) sections[`tables/${table}`] = known
  }
  for (const each of changed.shared) sections[`shared/${each.table}`] = each
  const path = newPath()
  const archive = await createArchive(path, undefined)
  for (const [name, section] of Object.entries(sections)) {
    const lines = (rows[name] ?? []).map(row => JSON.stringify(row))
    const text = raw.get(name) ?? lines.map(line => `${line}\n`).join('')
    section.rows = text.split('\n').length - 1
    const file = {
      path: `${name}.0001.jsonl`,
      rows: section.rows,
      bytes: Buffer.byteLength(text),
      sha256: sha256(text),
    }
    section.files = text === '' ? [] : [file]
    if (text !== '') await archive.add(file.path, Buffer.from(text))
  }
  const text = JSON.stringify(changed)
  await archive.add('manifest.json', Buffer.from(text))
  await archive.add('manifest.jws', Buffer.from(signedBySomebody({ manifest: sha256(text) })))
  await archive.finish()
  return path
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function signedBySomebody(document: object): string {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = publicKey.export({ format: 'jwk' })
  const base64url = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${base64url({ alg: 'EdDSA', typ: signatureType, kid: 'k', jwk })}.${base64url(document)}`
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
}

test('AG-01 an archive that was forged and signed anew takes nothing of another tenant, and leaves nothing', async () => {
  const archive = await read(await send(here, full.owner.tenantId))
  const list = await there.bob.fetch('/contractor-lists', { method: 'POST', body: { name: 'Bob’s own' } })
  const { id: listOfBob } = (await list.json()) as { id: string }
  const { rows: roles } = await there.admin.query('select id from access.roles where tenant_id = $1 limit 1', [
    there.bob.tenantId,
  ])
  const first = (rows: Rows, table: string) => {
    const row = rows[table]?.[0]
    assert.ok(row, `control: ${table} has a row`)
    return row
  }
  const refused = 'tenant_archives.rows_refused'
  const unfit = 'tenant_archives.row_unfit'
  const unknown = 'tenant_archives.tables_unknown'
  const columnsOf = (manifest: TenantManifest, table: string) =>
    manifest.tables.find(each => each.table === table)?.columns ?? []
  const lists = 'tables/contractors.contractor_lists'
  const items = 'tables/contractors.contractor_list_items'
  const attacks: [string, string, RegExp, Parameters<typeof forge>[1]][] = [
    [
      'a tenant id in a row',
      unfit,
      /a column tenant_id/,
      rows => Object.assign(first(rows, lists), { tenant_id: there.bob.tenantId }),
    ],
    [
      'a list of another tenant',
      refused,
      /not in the archive/,
      rows => Object.assign(first(rows, items), { list_id: listOfBob }),
    ],
    [
      'a role of another tenant',
      refused,
      /not in the archive/,
      rows => Object.assign(first(rows, 'tables/access.user_tenant_roles'), { role_id: roles[0].id }),
    ],
    [
      'an account that did not come along',
      refused,
      /not in the archive/,
      rows => Object.assign(first(rows, lists), { user_id: there.bob.userId }),
    ],
    [
      'a shared row that did not come along',
      refused,
      /not in the archive/,
      rows => Object.assign(first(rows, items), { contractor_profile_id: randomUUID() }),
    ],
    [
      'a parent elsewhere',
      refused,
      /that are not there/,
      rows => Object.assign(first(rows, 'tables/tenancy.organizations'), { parent_id: randomUUID() }),
    ],
    [
      'a circle',
      refused,
      /in a circle/,
      rows => {
        const [one, other] = [
          first(rows, 'tables/tenancy.organizations'),
          { ...first(rows, 'tables/tenancy.organizations') },
        ]
        Object.assign(other, { id: randomUUID(), slug: 'other', parent_id: one.id })
        Object.assign(one, { parent_id: other.id })
        rows['tables/tenancy.organizations']?.push(other)
      },
    ],
    [
      'a permission of operators',
      refused,
      /access\.permissions that are not there/,
      rows => {
        const { permission_id: id } = first(rows, 'tables/access.role_permissions')
        for (const each of rows['shared/access.permissions'] ?? [])
          if (each.id === id) each.key = { name: 'tenancy.tenants.manage' }
      },
    ],
    [
      'an id in capitals',
      unfit,
      /is no id/,
      rows => Object.assign(first(rows, lists), { id: randomUUID().toUpperCase() }),
    ],
    ['a value out of bounds', refused, /rating/, rows => Object.assign(first(rows, items), { rating: 9 })],
    [
      'a number of a hundred thousand digits',
      unfit,
      /too big/,
      (rows, _manifest, raw) => {
        const text = JSON.stringify({ ...first(rows, items), custom_data: { n: 0 } }).replace(
          '{"n":0}',
          '{"n":1e99999}',
        )
        raw.set(items, `${text}\n`)
      },
    ],
    [
      'a month that cannot be',
      refused,
      /months/,
      rows =>
        Object.assign(first(rows, 'tables/contractors.contractor_list_activity'), {
          created_at: '9999-01-01T00:00:00Z',
        }),
    ],
    ['a row that is none', unfit, /no object/, (_rows, _manifest, raw) => raw.set(lists, '[]\n')],
    ['a column that is missing', unfit, /missing/, rows => void delete first(rows, lists).name],
    [
      'a secret that stays behind',
      unknown,
      /access_token_hash/,
      (rows, manifest) => {
        columnsOf(manifest, 'contractors.contractor_list_shares').push({ name: 'access_token_hash', type: 'bytea' })
        for (const row of rows['tables/contractors.contractor_list_shares'] ?? []) row.access_token_hash = '\\x00'
      },
    ],
    [
      'a key',
      unknown,
      /access\.api_keys/,
      (rows, manifest) => {
        manifest.tables.push({ table: 'access.api_keys', columns: [{ name: 'id', type: 'uuid' }], rows: 1, files: [] })
        rows['tables/access.api_keys'] = [{ id: randomUUID() }]
      },
    ],
    [
      'the operators',
      unknown,
      /identity\.operators/,
      (rows, manifest) => {
        manifest.shared.push({ table: 'identity.operators', columns: [], rows: 1, files: [] })
        rows['shared/identity.operators'] = [{ id: randomUUID(), key: {} }]
      },
    ],
    ['an account twice', refused, /twice/, rows => void rows.accounts?.push({ ...first(rows, 'accounts') })],
    [
      'a newer schema',
      'tenant_archives.newer',
      /2999/,
      (_rows, manifest) => Object.assign(manifest, { schemaVersion: '29990101_000000_x' }),
    ],
    [
      'a slug that is taken',
      'tenant_archives.slug_taken',
      /taken/,
      (_rows, manifest) => Object.assign(manifest.tenant, { slug: 'northgate-partners' }),
    ],
  ]
  const control = await take(there, await forge(archive, () => {}), { slug: 'forged', isDryRun: true })
  assert.equal(control.rejected, 0, 'control: what was not changed is taken')
  const before = await dumpOf(there)
  for (const [name, code, words, change] of attacks) {
    const path = await forge(archive, change)
    const slug = name === 'a slug that is taken' ? undefined : 'forged'
    await assert.rejects(take(there, path, { slug }), hasCode(code, words), name)
  }
  assert.deepEqual(changedIn(before, await dumpOf(there)), [])
  const path = await forge(archive, () => {})
  const signedElsewhere = take(there, path, { slug: 'forged', thumbprint: 'that of the other installation' })
  await assert.rejects(signedElsewhere, hasCode('tenant_archives.signed_by_other'))
})

test('a file that was cut, damaged, mixed up or made by somebody else is refused before the database is asked', async () => {
  const path = await send(here, full.owner.tenantId)
  const whole = readFileSync(path)
  const { members } = await read(path)
  const written = async (add: (archive: Awaited<ReturnType<typeof createArchive>>) => Promise<void>) => {
    const made = newPath()
    const archive = await createArchive(made, undefined)
    await add(archive)
    await archive.finish()
    return made
  }
  const put = (bytes: Buffer) => {
    const made = newPath()
    writeFileSync(made, bytes)
    return made
  }
  const all = (skip = '') =>
    written(async archive => {
      for (const [name, text] of members) if (name !== skip) await archive.add(name, Buffer.from(text))
    })
  const withMember = (name: string, text = 'x') =>
    written(async archive => {
      for (const [each, content] of members) await archive.add(each, Buffer.from(content))
      await archive.add(name, Buffer.from(text))
    })
  const flipped = Buffer.from(whole)
  flipped[Math.floor(whole.length / 2)] = (whole[Math.floor(whole.length / 2)] ?? 0) ^ 16
  const damaged = 'tenant_archives.damaged'
  const [firstPart = ''] = [...members.keys()].filter(name => name.startsWith('tables/'))
  const cases: [string, string, string][] = [
    ['cut off', put(whole.subarray(0, whole.length - 200)), damaged],
    ['a flipped bit', put(flipped), damaged],
    ['no gzip', put(Buffer.from('PK\u0003\u0004')), 'tenant_archives.not_an_archive'],
    ['nothing', put(Buffer.alloc(0)), 'tenant_archives.not_an_archive'],
    ['a path out of the folder', await withMember('../../etc/cron.d/x'), damaged],
    ['an absolute path', await withMember('/etc/passwd'), damaged],
    ['a file more', await withMember('tables/access.api_keys.0001.jsonl', '{}\n'), damaged],
    ['a file twice', await withMember(firstPart, members.get(firstPart)), damaged],
    ['a file less', await all(firstPart), damaged],
    ['no manifest', await all('manifest.json'), damaged],
    ['no signature', await all('manifest.jws'), damaged],
  ]
  for (const [name, made, code] of cases) {
    await assert.rejects(take(there, made, { slug: 'damaged' }), hasCode(code), name)
  }
  const other = await written(async archive => {
    for (const [name, text] of members)
      await archive.add(
        name,
        Buffer.from(name === firstPart ? text.replace(/\d/, digit => `${9 - Number(digit)}`) : text),
      )
  })
  const changed = take(there, other, { slug: 'damaged' })
  await assert.rejects(changed, hasCode(damaged, /0001\.jsonl is not what was written/))
  const altered = await written(async archive => {
    for (const [name, text] of members)
      await archive.add(name, Buffer.from(name === 'manifest.json' ? text.replace('"rows": 1', '"rows": 2') : text))
  })
  await assert.rejects(take(there, altered, { slug: 'damaged' }), hasCode(damaged, /signed/))
  assert.equal((await there.admin.query("select from tenancy.tenants where slug = 'damaged'")).rowCount, 0)
})

test('AG-01 an archive comes in only if it is known who has signed it', async () => {
  const path = await send(here, here.alice.tenantId)
  const { rows } = await here.admin.query(`select public_key from identity.signing_keys where algorithm = 'Ed25519'`)
  const own = new Set(rows.map(row => thumbprintOf(row.public_key)))
  const { from } = await take(there, path, { slug: 'looked-at', isSignerTrusted: false, isDryRun: true })
  assert.ok(own.has(from.thumbprint))
  await assert.rejects(
    take(there, path, { slug: 'from-whom', isSignerTrusted: false }),
    hasCode('tenant_archives.signer_unknown', new RegExp(from.thumbprint)),
  )
  const lines: string[] = []
  await take(there, path, { slug: 'trusted', progress: line => void lines.push(line) })
  assert.equal(lines.filter(line => /^WARNING: .* key /.test(line)).length, 1)
  const { thumbprint } = from
  const named = await take(there, path, { slug: 'named', isSignerTrusted: false, thumbprint })
  assert.equal(named.from.thumbprint, thumbprint)
  const home = await take(here, path, { slug: 'home-again', isSignerTrusted: false })
  assert.equal(home.from.thumbprint, thumbprint, 'an installation knows its own key')
})

test('AG-01 neither names nor numbers of files in an archive do anything to who opens it', async () => {
  const archived = async (names: Iterable<string>) => {
    const path = newPath()
    const archive = await createArchive(path, undefined)
    for (const name of names) await archive.add(name, Buffer.from('x'))
    await archive.finish()
    return path
  }
  const isPlain = (error: unknown) => {
    assert.doesNotMatch((error as Error).message, /\p{Cc}/u)
    return hasCode('tenant_archives.damaged', /name that no part has/)(error)
  }
  await assert.rejects(take(there, await archived(['\u001b[2Jnothing'])), isPlain)
  const many = Array.from({ length: 20_001 }, (_, index) => `tables/a.${index}.jsonl`)
  await assert.rejects(take(there, await archived(many)), hasCode('tenant_archives.damaged', /more files/))
})

test('GG-10 rows of contractors that are not known there are kept in a file, and all others come in', async () => {
  const { owner } = full
  const archive = await read(await send(here, owner.tenantId))
  const [profile] = archive.manifest.shared.filter(({ table }) => table === 'contractors.contractor_profiles')
  assert.ok(profile)
  const path = await forge(archive, rows => {
    for (const row of rows['shared/contractors.contractor_profiles'] ?? [])
      row.key = { uei: 'ZZZZZZZZZZZ9', id: null, name: null }
  })
  const rejectsPath = newPath('rejects.jsonl')
  const inTheWay = 'tenant_archives.rejects_in_the_way'
  const imported = await take(there, path, { slug: 'without-contractors', rejectsPath })
  const { 'contractors.contractor_list_items': items, 'contractors.contractor_lists': lists } = imported.tables
  assert.ok(items && lists && items.rejected > 0)
  assert.equal(items.rows, 0)
  assert.equal(lists.rejected, 0)
  const kept = readFileSync(rejectsPath, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
  assert.equal(kept.length, imported.rejected)
  assert.match(kept[0].reason, /contractor_profiles has no uei ZZZZZZZZZZZ9 here/)
  assert.ok(kept[0].row.list_id)
  assert.equal(items.reason, kept[0].reason)
  await assert.rejects(take(there, path, { slug: 'once-more', rejectsPath }), hasCode(inTheWay, /--rejects/))
})

test('MT-04 an address that nobody has confirmed there makes nobody a member', async () => {
  const archive = await read(await send(here, full.owner.tenantId))
  const stranger = `${randomUUID()}@people.example`
  await there.admin.query(`insert into identity.users (email, full_name) values ($1, 'Somebody')`, [stranger])
  const path = await forge(archive, rows => {
    const person = rows.accounts?.find(({ kind, email }) => kind === 'person' && email !== null)
    Object.assign(person ?? {}, { email: stranger })
  })
  await assert.rejects(take(there, path, { slug: 'unconfirmed' }), hasCode('identity.traveller_unconfirmed'))
  await there.admin.query('update identity.users set email_verified_at = now() where email = $1', [stranger])
  const imported = await take(there, path, { slug: 'confirmed', isDryRun: true })
  assert.ok(imported.accounts.known > 0, 'control')
})

test('a killed import leaves nothing, wherever it was', async () => {
  const path = await send(here, full.owner.tenantId)
  const before = await dumpOf(there)
  for (const step of ['wrote contractors.contractor_lists', 'written']) {
    const doomed = fork(new URL('./tenant-archives.test.doomed.ts', import.meta.url), [
      JSON.stringify({ login: there.login, admin: there.adminConfig, keys: there.keys, path, step }),
    ])
    const [reached] = await once(doomed, 'message')
    assert.equal(reached, step)
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
    const isThere = async () =>
      (
        await there.admin.query(
          `select from pg_stat_activity where application_name = 'commonhold tenant archive' and datname = current_database()`,
        )
      ).rowCount
    while (await isThere()) await there.admin.query('select pg_sleep(0.05)')
    assert.deepEqual(changedIn(before, await dumpOf(there)), [], step)
  }
  assert.equal((await take(there, path, { slug: 'killed' })).rejected, 0, 'and once more it comes in')
})

test('what is asked for wrongly is refused before anything is written', async () => {
  const path = newPath()
  writeFileSync(path, '')
  const slug = await slugOf(here, here.alice.tenantId)
  await assert.rejects(exportTenant(here.app, slug, { path, actor }), hasCode('tenant_archives.out_in_the_way'))
  const fresh = newPath()
  await assert.rejects(
    exportTenant(here.app, 'nobody', { path: fresh, actor }),
    hasCode('tenant_archives.tenant_unknown'),
  )
  assert.ok(!existsSync(fresh) && !existsSync(`${fresh}.part`))
  await here.admin.query(`insert into tenancy.moves (tenant_id, state) values ($1, 'copying')`, [here.bob.tenantId])
  const moving = exportTenant(here.app, await slugOf(here, here.bob.tenantId), { path: fresh, actor })
  await assert.rejects(moving, hasCode('tenant_archives.tenant_moving'))
})
