// Who was erased is in no log and no row that a tenant brings along, before and after.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { recordEvent } from '#platform/audit'
import { sql } from '#platform/database'
import { countLogOf, eraseAccountAtOnce, eraseLogOf } from '#platform/identity'
import { joinAs, newPerson, type Person, testWorld, type World } from '#test/world.ts'
import { exportTenant } from './exports.ts'
import { importTenant } from './imports.ts'

const here = await testWorld({ hasRouteLimits: false })
const there = await testWorld({ hasRouteLimits: false })
const folder = mkdtempSync(join(tmpdir(), 'commonhold-erased-'))
after(() => rmSync(folder, { recursive: true, force: true }))

type Subject = Person & { name: string; ip: string; agent: string }
let subjects = 0

/** Somebody of whom the log of Alice's workspace tells in every way. */
async function newSubject(): Promise<Subject> {
  const person = await newPerson(here)
  const number = ++subjects
  const subject = { ...person, name: `Ada Überraschung ${number}`, ip: `192.0.2.${number}`, agent: `Browser ${number}` }
  const { tenantId } = here.alice
  await here.admin.query('update identity.users set full_name = $2 where id = $1', [subject.userId, subject.name])
  await joinAs(here, subject.userId, tenantId, 'member')
  const own = {
    ...{ tenantId, userId: subject.userId, userName: subject.name, ipAddress: subject.ip, userAgent: subject.agent },
  }
  const ofAlice = { tenantId, userId: here.alice.userId, userName: 'Alice Marker' }
  await recordEvent(here.db.scoped(own), { action: 'view', resource: 'test.things', resourceId: '1' })
  const about = { email: subject.email, user_id: subject.userId, role: 'viewer' }
  await recordEvent(here.db.scoped(ofAlice), { action: 'add_member', resource: 'tenancy.user_tenants', details: about })
  const words = { text: `Ask "${subject.email.toUpperCase()}", not x${subject.email}` }
  await recordEvent(here.db.scoped(ofAlice), { action: 'note', resource: 'test.things', details: words })
  const list = await here.alice.fetch('/contractor-lists', { method: 'POST', body: { name: `List ${number}` } })
  const { id } = (await list.json()) as { id: string }
  await here.admin.query(`select set_config('app.tenant_id', $1, false)`, [tenantId])
  await here.admin.query(
    `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_email, shared_by) values ($1, $2, $3, $4)`,
    [tenantId, id, subject.email, here.alice.userId],
  )
  await here.admin.query(
    `insert into contractors.contractor_list_activity (tenant_id, list_id, user_id, action, metadata) values ($1, $2, $3, 'test.told', $4)`,
    [tenantId, id, here.alice.userId, { note: `With ${subject.email}.` }],
  )
  await here.admin.query(`select set_config('app.tenant_id', '', false)`)
  return subject
}

const wordsOf = ({ email, name, ip, agent }: Subject) => [email, name, ip, agent]

/** Tables with the text in a row of the tenant, or of no tenant; a longer address that ends like it is another one. */
async function tablesWith({ admin }: World, text: string, tenantId: string): Promise<string[]> {
  const { rows } = await admin.query(`
    select
      c.oid::regclass::text as name,
      exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped) as "hasTenant"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p') and not c.relispartition`)
  const found: string[] = []
  for (const { name, hasTenant } of rows) {
    const { rowCount } = await admin.query(
      `select from ${name} as row
      where strpos(replace(lower(row::text), 'x' || lower($1), ''), lower($1)) > 0
        and ${hasTenant ? 'tenant_id = $2' : '$2::uuid is not null'}
      limit 1`,
      [text, tenantId],
    )
    if (rowCount) found.push(name)
  }
  return found
}

async function send(): Promise<string> {
  const path = join(folder, `${randomUUID()}.tar.gz`)
  await exportTenant(here.app, 'meridian-capture', { path, actor: 'Ann' })
  return path
}

const take = (world: World, path: string, slug: string) =>
  importTenant(world.app, path, {
    slug,
    actor: 'Ann',
    isSignerTrusted: true,
    rejectsPath: `${path}.${randomUUID()}.rejects`,
  })

const importedOf = async ({ admin }: World, tenantId: string) =>
  (await admin.query('select entry from operations.imported_logs where tenant_id = $1', [tenantId])).rows.map(
    ({ entry }) => entry,
  )

test('PE-07 an erased person is in no log that a workspace brought along, whatever id it has for him there', async () => {
  const ada = await newSubject()
  const known = randomUUID()
  await there.admin.query(
    `insert into identity.users (id, email, full_name, email_verified_at) values ($1, $2, 'Ada here', now())`,
    [known, ada.email],
  )
  const { tenant } = await take(there, await send(), 'came-over')
  for (const word of wordsOf(ada))
    assert.ok((await tablesWith(there, word, tenant.id)).includes('operations.imported_logs'), `control: ${word}`)
  const ofOthers = (entries: { user_name: string | null }[]) =>
    entries.filter(({ user_name: name }) => name === 'Alice Marker').length
  const before = await importedOf(there, tenant.id)
  await assert.rejects(
    there.db.scoped({ system: true }).run(sql`select operations.erase_imported_subject(${known}, '{}')`),
    /Nobody has asked to erase/,
  )

  await there.admin.query('delete from contractors.contractor_list_activity where tenant_id = $1', [tenant.id])
  await eraseAccountAtOnce(there.app, known)
  const counted = await countLogOf(there.app, known)
  const { parts: _, ...erased } = await eraseLogOf(there.app, known)
  assert.deepEqual(erased, counted)
  assert.ok(erased.entries >= 3 && erased.tenants >= 1)
  for (const word of wordsOf(ada)) assert.deepEqual(await tablesWith(there, word, tenant.id), [], word)
  const now = await importedOf(there, tenant.id)
  assert.equal(now.length, before.length)
  assert.equal(ofOthers(now), ofOthers(before), 'control: others are told of as before')
  const [acted] = now.filter(({ user_id: id, action }) => id === ada.userId && action === 'view')
  assert.deepEqual(
    [acted.user_name, acted.ip_address, acted.salt, acted.erased],
    [null, null, undefined, { person: {} }],
  )
  assert.equal((await countLogOf(there.app, known)).entries, 0, 'once more there is nothing to take')
})

test('PE-07 by the ids of an earlier home a person is found as well, wherever the workspace came through', async () => {
  const ada = await newSubject()
  const known = randomUUID()
  await there.admin.query(
    `insert into identity.users (id, email, full_name, email_verified_at) values ($1, $2, 'Ada here', now())`,
    [known, ada.email],
  )
  await take(there, await send(), 'half-way')
  const path = join(folder, `${randomUUID()}.tar.gz`)
  await exportTenant(there.app, 'half-way', { path, actor: 'Ann' })
  const { tenant } = await take(here, path, 'came-back')
  const { rows } = await here.admin.query(
    'select former_id from operations.imported_people where tenant_id = $1 and user_id = $2',
    [tenant.id, ada.userId],
  )
  assert.deepEqual(rows, [{ former_id: known }], 'his own id needs no note')
})

test('GG-16 an archive from before an erasure brings nobody back into the installation that has erased him', async () => {
  const ada = await newSubject()
  const path = await send()
  await eraseAccountAtOnce(here.app, ada.userId)
  await eraseLogOf(here.app, ada.userId)
  const { tenant, erased, rejected } = await take(here, path, 'from-before')
  assert.equal(rejected, 0)
  assert.equal(erased.accounts, 1)
  assert.equal(erased.rows, 1, 'what was shared with his address')
  assert.ok(erased.logEntries >= 3)
  for (const word of wordsOf(ada)) assert.deepEqual(await tablesWith(here, word, tenant.id), [], word)
  const { rows } = await here.admin.query(
    `select account.email, account.full_name, account.status
    from tenancy.user_tenants as member
    join identity.users as account on account.id = member.user_id
    where member.tenant_id = $1 and account.status = 'deleted'`,
    [tenant.id],
  )
  assert.deepEqual(
    rows.map(({ email, ...row }) => ({ ...row, hasAddress: !email.endsWith('@deleted.invalid') })),
    [{ full_name: 'Deleted account', status: 'deleted', hasAddress: false }],
  )
  const { rows: told } = await here.admin.query(
    `select metadata from contractors.contractor_list_activity where tenant_id = $1 and metadata::text like '%[erased]%'`,
    [tenant.id],
  )
  assert.ok(told.length > 0, 'where only a text has the address, the rest of the row stays')
})

test('PE-07 in a log that was brought along an address stays that somebody has now', async () => {
  const ada = await newSubject()
  const known = randomUUID()
  const confirmed = `insert into identity.users (id, email, full_name, email_verified_at) values ($1, $2, 'Ada here', now())`
  await there.admin.query(confirmed, [known, ada.email])
  const { tenant } = await take(there, await send(), 'with-an-heir')
  await eraseAccountAtOnce(there.app, known)
  await there.admin.query(confirmed, [randomUUID(), ada.email])
  await eraseLogOf(there.app, known)
  const entries = await importedOf(there, tenant.id)
  const told = entries.filter(
    ({ action, details }) => action === 'note' && details.text.includes(ada.email.toUpperCase()),
  )
  assert.equal(told.length, 1)
  for (const word of [ada.name, ada.ip, ada.agent])
    assert.ok(!JSON.stringify(entries).includes(`"${word}"`), `what he did himself is erased all the same: ${word}`)
})
