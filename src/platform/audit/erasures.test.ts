import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { testDatabase } from '#test/database.ts'
import { signerOf } from '#test/signers.ts'
import { listAuditLogs, noTenant } from './audit-logs.ts'
import { makeCheckpoint } from './checkpoints.ts'
import { countSubject, eraseSubject } from './erasures.ts'
import { recordEvent } from './events.ts'
import { exportAuditLogs } from './exports.ts'
import { rowAsOf } from './past-rows.ts'
import { checkProof, type InclusionProof, proveEntry } from './proofs.ts'
import { sealEntries } from './sealing.ts'
import { type Verification, type VerificationOptions, verifyLog } from './verification.ts'

const { db, admin, adminConfig } = await testDatabase()
const signer = signerOf('ours')
const tenants = [randomUUID(), randomUUID()] as const
const [first, second] = tenants

type Person = { userId: string; email: string; later: string; name: string; ip: string; agent: string }
const personOf = (name: string, ip: string): Person => ({
  userId: randomUUID(),
  email: `${name.toLowerCase()}.o'neil+log@people.example`,
  later: `${name.toLowerCase()}@moved.example`,
  name: `${name} Überraschung`,
  ip,
  agent: `Browser of ${name}`,
})
const ada = personOf('Ada', '192.0.2.71')
const bea = personOf('Bea', '192.0.2.72')

const scopeOf = ({ userId, name, ip, agent }: Person, tenantId?: string) => ({
  ...(tenantId !== undefined && { tenantId }),
  userId,
  userName: name,
  ipAddress: ip,
  userAgent: agent,
  requestId: 'r-1',
  system: true,
})

async function closeDay(): Promise<void> {
  await sealEntries(db)
  await makeCheckpoint(db, { current: async () => signer, find: async () => undefined }, new Date(), undefined)
}

/** An account with a change of address, events of two tenants, and what others did about it. */
async function live(person: Person, other: Person): Promise<void> {
  await db.transaction(scopeOf(person), async tx => {
    await tx.run(
      sql`insert into identity.users (id, email, full_name) values (${person.userId}, ${person.email}, ${person.name})`,
    )
  })
  await db.transaction(scopeOf(other), async tx => {
    await tx.run(
      sql`update identity.users set email = ${person.later}, status_reason = 'Asked' where id = ${person.userId}`,
    )
  })
  for (const tenantId of tenants) {
    for (let index = 0; index < 3; index++) {
      await recordEvent(db.scoped(scopeOf(person, tenantId)), {
        action: 'view',
        resource: 'test.things',
        resourceId: String(index),
      })
    }
  }
  await recordEvent(db.scoped(scopeOf(other, first)), {
    action: 'add_member',
    resource: 'tenancy.user_tenants',
    resourceId: 'm',
    details: { email: person.email.toUpperCase(), role: 'viewer' },
  })
  // Where no declaration says that an address can stand, and one that only contains it.
  await recordEvent(db.scoped(scopeOf(other, first)), {
    action: 'note',
    resource: 'test.things',
    details: { text: `Ask "${person.email}", not x${person.email} or ${person.later}.uk`, index: 7 },
  })
  await recordEvent(db.scoped({ ...scopeOf(person), userId: undefined, userName: undefined }), {
    action: 'sign_in_refused',
    resource: 'identity.users',
    resourceId: person.userId,
  })
}
await live(ada, bea)
await live(bea, ada)
// From before there were formats: sealed as one text, without keys.
await admin.query(
  `insert into audit.audit_logs
     (tenant_id, user_id, user_name, action, resource, resource_id, changes, ip_address, user_agent, format, salt)
   values
     ($1, $2::uuid, $3, 'update', 'identity.users', $2::uuid::text, $4, $5, $6, null, null),
     ($1, $7, 'Bea', 'update', 'test.things', '1', $8, null, null, null, null)`,
  [
    noTenant,
    ada.userId,
    ada.name,
    { email: { old: ada.email, new: ada.later }, status: { old: 'active', new: 'active' } },
    ada.ip,
    ada.agent,
    bea.userId,
    { note: { new: `From ${ada.email}` } },
  ],
)
await closeDay()

const verify = (options: Partial<VerificationOptions> = {}): Promise<Verification> =>
  verifyLog({ admin: adminConfig, ...options })
const kindsOf = ({ counts }: Verification) => Object.keys(counts).sort()
const erase = (person: Person) => eraseSubject({ db, signer, now: new Date(), userId: person.userId })
const allowErasure = ({ userId }: Person) =>
  admin.query('insert into audit.erased_subjects (user_id) values ($1) on conflict do nothing', [userId])

/** Tables of the database in which the text stands, in whatever column. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await admin.query(`
    select c.oid::regclass::text as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'm')`)
  const found: string[] = []
  for (const { name } of rows) {
    const { rowCount } = await admin.query(
      `select from ${name} as row
       where strpos(lower(row::text), lower($1)) > 0
         or strpos(row::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0
       limit 1`,
      [text],
    )
    if (rowCount) found.push(name)
  }
  return found
}

type Row = { id: string; tenant_id: string; action: string; resource: string; resource_id: string; created_at: Date }
const entriesOf = async (condition: string): Promise<Row[]> =>
  (await admin.query(`select * from audit.audit_logs where ${condition} order by id`)).rows

const [acted] = await entriesOf(`user_id = '${ada.userId}' and action = 'view' and tenant_id = '${first}'`)
const [changed] = await entriesOf(
  `resource_id = '${ada.userId}' and action = 'update' and format is not null and resource = 'identity.users'`,
)
const [ancient] = await entriesOf(`resource_id = '${ada.userId}' and format is null`)
const proveOne = (entry: Row | undefined, withoutPerson = false) =>
  proveEntry(db.scoped({ tenantId: entry?.tenant_id as string }), entry?.id as string, { withoutPerson })
const proofsThen = [await proveOne(acted), await proveOne(changed), await proveOne(ancient)]

test('PE-07 who still has an account is erased by nobody through the program, and nobody alters an entry', async () => {
  const asked = db.transaction({ system: true, tenantId: first }, tx =>
    tx.run(sql`select * from audit.erase_entries(${bea.userId}, '{}', ${first}, '{}', '{}', ${randomUUID()})`),
  )
  await assert.rejects(asked, /Nobody has asked to erase/)
  await assert.rejects(
    db.transaction({ system: true }, tx => tx.run(sql`select identity.begin_log_erasure(${bea.userId})`)),
    /still exists|account_exists/,
  )
  await assert.rejects(
    db.scoped({ system: true }).run(sql`insert into audit.erasing_transactions values (pg_current_xact_id())`),
    /permission denied/,
  )
  await assert.rejects(
    db.scoped({ system: true, tenantId: first }).run(sql`update audit.audit_logs set user_name = null`),
    /permission denied|append-only/,
  )
  await assert.rejects(admin.query('update audit.audit_logs set user_name = null'), /append-only/)
})

test('PE-07 an erased person is in no table any more, all proofs hold, and what happened is still told', async () => {
  const words = [ada.email, ada.later, ada.name, ada.agent, ada.ip]
  for (const word of words) assert.ok((await tablesWith(word)).length > 0, `control: ${word} is there`)
  await admin.query('delete from identity.users where id = $1', [ada.userId])
  await allowErasure(ada)
  const counted = await countSubject({ db, userId: ada.userId })
  const erased = await erase(ada)
  assert.deepEqual({ entries: erased.entries, tenantIds: erased.tenantIds }, counted)
  assert.deepEqual(erased.tenantIds, [...tenants, noTenant].sort())

  for (const word of words.slice(0, 2)) {
    const { rows } = await admin.query(
      `select id, changes, details from audit.audit_logs
       where replace(replace(concat(changes, details), $2, ''), $3, '') ilike '%' || $1 || '%'`,
      [word.replaceAll('_', '\\_'), `x${ada.email}`, `${ada.later}.uk`],
    )
    assert.deepEqual(rows, [], word)
  }
  for (const word of words.slice(2)) assert.deepEqual(await tablesWith(word), [], word)
  const { rows: guessable } = await admin.query(
    `select id from audit.audit_logs
     where erased ?| '{person,values}'
       and (salt is not null or (erased ? 'person' and erased -> 'keys' ? 'person') or (erased ? 'values' and erased -> 'keys' ? 'values'))`,
  )
  assert.deepEqual(guessable, [], 'nothing is left that a guess could be tried with')
  const { rows: left } = await admin.query(`select from audit.audit_logs where user_name = $1`, [bea.name])
  assert.ok(left.length > 5, 'control: the other one is told of as before')

  const full = await verify()
  assert.deepEqual(full.findings, [])
  await closeDay()
  assert.deepEqual((await verify()).findings, [])
  assert.deepEqual((await verify({ since: 1 })).findings, [])
  assert.deepEqual((await verify({ tenantId: first })).findings, [])

  for (const proof of proofsThen) assert.equal(checkProof(JSON.stringify(proof)).checkpoint, 1)
  const now = checkProof(JSON.stringify(await proveOne(acted)))
  assert.deepEqual(now.untold, ['person'])
  const { userId, action, resource, resourceId, userName } = now.entry as Record<string, string>
  assert.deepEqual(
    [userId, action, resource, resourceId, userName],
    [ada.userId, 'view', 'test.things', '0', undefined],
  )
  const change = checkProof(JSON.stringify(await proveOne(changed)))
  assert.deepEqual(change.untold, ['values'])
  assert.deepEqual([change.entry?.userId, change.entry?.userName, change.entry?.changes], [bea.userId, bea.name, {}])
  const old = await proveOne(ancient)
  assert.deepEqual(checkProof(JSON.stringify(old)).untold, ['content', 'person'])
  assert.doesNotMatch(JSON.stringify(old), new RegExp(ada.name))
  const forged = structuredClone(await proveOne(acted)) as InclusionProof
  forged.entry.content = forged.entry.content?.replace('view', 'edit') as string
  assert.throws(() => checkProof(JSON.stringify(forged)), /does not hold/)
})

test('PE-07 an erasure can be asked for again, and takes nothing more; it is an entry of each log, without the person', async () => {
  const again = await erase(ada)
  assert.deepEqual(again.parts, { person: 0, values: 0, content: 0 })
  const events = await entriesOf(`action = 'audit.entries_erased'`)
  assert.deepEqual([...new Set(events.map(event => event.tenant_id))].sort(), [...tenants, noTenant].sort())
  for (const event of events) assert.equal(event.resource_id, ada.userId)
})

test('PE-07 lists, exports and the row as of a moment say what is erased', async () => {
  const scope = { tenantId: first }
  const { items } = await listAuditLogs(db.reads(scope), { userId: ada.userId, action: 'view' }, { limit: 10 })
  assert.deepEqual(
    items.map(({ userName, ipAddress, erased }) => [userName, ipAddress, erased]),
    Array(3).fill([null, null, ['person']]),
  )
  const whole = await listAuditLogs(db.reads(scope), { userId: bea.userId, action: 'view' }, { limit: 10 })
  assert.deepEqual(whole.items[0]?.erased, [])
  const words = await listAuditLogs(db.reads({ tenantId: noTenant }), { q: ada.later }, { limit: 10 })
  assert.deepEqual(words.items, [])
  let text = ''
  for await (const { bytes } of exportAuditLogs(db.scoped(scope), db.reads(scope), {}, 'jsonl')) text += bytes
  const line = text
    .split('\n')
    .map(it => it && JSON.parse(it))
    .find(it => it.id === acted?.id)
  assert.deepEqual([line.userName, line.erased], [null, 'person'])
  const row = await rowAsOf(
    db.reads({ tenantId: noTenant }),
    'identity.users',
    ada.userId,
    String(changed?.created_at.toISOString().replace('Z', '999Z')),
  )
  assert.deepEqual([row.values?.email, row.values?.full_name, row.values?.status], ['[erased]', '[erased]', 'active'])
  assert.deepEqual(row.erased, ['email', 'full_name', 'status_reason'])
})

/** What a superuser can do. */
function attacked(name: string, statement: string, kinds: string[]): void {
  test(name, async () => {
    await admin.query('begin')
    await admin.query(`set local session_replication_role = 'replica'`)
    for (const { part } of (
      await admin.query(`select relid::regclass::text as part from pg_partition_tree('audit.audit_logs')`)
    ).rows) {
      await admin.query(`alter table ${part} disable trigger append_only`)
    }
    await admin.query(`create temporary table before on commit drop as table audit.audit_logs`)
    await admin.query(statement)
    await admin.query(`create table if not exists public.kept as table before`)
    await admin.query('commit')
    try {
      assert.deepEqual(kindsOf(await verify()), kinds)
    } finally {
      await admin.query(`truncate audit.audit_logs`)
      await admin.query(`insert into audit.audit_logs select * from public.kept`)
      await admin.query(`drop table public.kept`)
    }
    assert.deepEqual((await verify()).findings, [], 'control: undone')
  })
}

const ofBea = `user_id = '${bea.userId}' and action = 'view' and tenant_id = '${second}'`
const takenAway = `user_name = null, ip_address = null, user_agent = null, salt = null`
const mark = (inErasure: string) => `jsonb_build_object(
  'person', jsonb_build_object(
    'in', ${inErasure},
    'hash', encode(sha256(audit.key_of(entry, 'person') || convert_to(audit.entry_person(entry), 'UTF8')), 'hex')
  ))`
attacked(
  'PE-07 whose name is taken out without the erasure is found as altered',
  `update audit.audit_logs set ${takenAway} where ${ofBea}`,
  ['altered'],
)
attacked(
  'PE-07 a person that is marked as erased with the right hash, but without a record, is found',
  `update audit.audit_logs as entry set ${takenAway}, erased = ${mark(`'${randomUUID()}'::text`)} where ${ofBea}`,
  ['erased_unrecorded'],
)
attacked(
  'PE-07 a forged mark with the record of another erasure is found',
  `update audit.audit_logs as entry
   set ${takenAway}, erased = ${mark(`(select erased #>> '{person,in}' from audit.audit_logs where tenant_id = '${second}' and erased ? 'person' limit 1)`)}
     || jsonb_build_object('keys', '{}'::jsonb)
   where ${ofBea}`,
  ['erased_unrecorded'],
)
attacked(
  'PE-07 what an erased entry still says cannot be changed',
  `update audit.audit_logs set action = 'read' where id = '${acted?.id}'`,
  ['altered'],
)
attacked(
  'PE-07 what is left of an entry that was sealed as one text cannot be changed either',
  `update audit.audit_logs set action = 'insert' where id = '${ancient?.id}'`,
  ['erased_unrecorded'],
)
attacked(
  'PE-07 another name cannot be put where one was erased',
  `update audit.audit_logs set user_name = 'Mallory' where id = '${acted?.id}'`,
  ['altered'],
)
attacked(
  'PE-07 other values cannot be put where values were erased',
  `update audit.audit_logs set changes = changes || '{"email": {"new": "mallory@people.example"}}' where id = '${changed?.id}'`,
  ['altered'],
)
attacked(
  'PE-07 a hidden column or format is no way around',
  `update audit.audit_logs set format = null where ${ofBea}`,
  ['altered'],
)
