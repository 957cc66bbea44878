import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { noTenant, RefusalLog, recordEvent } from '#platform/audit'
import { testWorld } from '#test/world.ts'

const world = await testWorld({ placed: false })
const { app, db, admin, alice, bob, viewer, baseUrl } = world

type Event = {
  id: string
  event: string
  severity: string
  occurrences: number
  userId: string | null
  tenantId: string | null
  tenantName?: string | null
  tenantSlug?: string | null
  sessionId: string | null
  details: Record<string, unknown> | null
  ipAddress: string | null
  description: string | null
}
type Listed = { items: Event[]; nextCursor: string | null }

const list = async (person: typeof alice, query = '', path = '/security-events') => {
  const response = await person.fetch(`${path}?${query}`)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as Listed
}

/** Waits until what was refused beside a request is written. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
  }
}
const written = (event: string, tenantId: string) =>
  eventually(async () => {
    const { rows } = await admin.query('select * from audit.security_audit_logs where event = $1 and tenant_id = $2', [
      event,
      tenantId,
    ])
    return rows[0]
  })

describe('what is recorded', () => {
  test('MT-22 an event that a module has declared is an entry of the audit log and has its severity beside it', async () => {
    const sessionId = crypto.randomUUID()
    await db.transaction(alice.scope, tx =>
      recordEvent(tx, {
        action: 'passkey_counter_went_back',
        resource: 'identity.authenticators',
        resourceId: 'one',
        sessionId,
        details: { counter: 3 },
      }),
    )
    const [event] = (await list(alice, 'severity=critical')).items
    assert.deepEqual(
      [event?.event, event?.severity, event?.userId, event?.tenantId, event?.sessionId, event?.details],
      ['passkey_counter_went_back', 'critical', alice.userId, alice.tenantId, sessionId, { counter: 3 }],
    )
    assert.match(event?.description ?? '', /copy/)
    const { rows } = await admin.query('select action from audit.audit_logs where id = $1', [event?.id])
    assert.deepEqual(rows, [{ action: 'passkey_counter_went_back' }], 'the sealed log has it')
  })

  test('MT-22 an event and what it tells of are one transaction', async () => {
    const count = async () => (await list(alice, 'event=step_up')).items.length
    const before = await count()
    await assert.rejects(
      db.transaction(alice.scope, async tx => {
        await recordEvent(tx, { action: 'step_up' })
        throw new Error('taken back')
      }),
    )
    assert.equal(await count(), before)
    await db.transaction(alice.scope, tx => recordEvent(tx, { action: 'step_up' }))
    assert.equal(await count(), before + 1, 'control')
  })

  test('MT-22 a name that several tables share is a security event of the declared one alone', async () => {
    const tx = db.scoped(alice.scope)
    await recordEvent(tx, { action: 'delete', resource: 'contractors.exports' })
    assert.equal((await list(alice, 'event=delete')).items.length, 0)
    await recordEvent(tx, { action: 'delete', resource: 'identity.users' })
    assert.equal((await list(alice, 'event=delete')).items.length, 1, 'control')
  })

  test('MT-22 a wrong password is an event of no tenant, and a sign-in one of its own', async () => {
    const address = '198.51.100.77'
    const signIn = (password: string) =>
      fetch(`${baseUrl}/api/v1/auth/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ email: bob.email, password }),
      })
    assert.equal((await signIn('not the password')).status, 401)
    assert.equal((await signIn(bob.password)).status, 200)
    const { rows } = await admin.query(
      `select event.event, event.severity, event.tenant_id, event.session_id is not null as "hasSession"
       from audit.security_audit_logs as event
       join audit.audit_logs as entry using (tenant_id, created_at, id)
       where entry.ip_address = $1
       order by event.created_at`,
      [address],
    )
    assert.deepEqual(rows, [
      { event: 'sign_in_failed', severity: 'medium', tenant_id: noTenant, hasSession: false },
      { event: 'sign_in', severity: 'low', tenant_id: bob.tenantId, hasSession: true },
    ])
  })
})

describe('refused requests', () => {
  test('MT-22 a missing permission is recorded though the request fails, with who, what and from where', async () => {
    assert.equal((await viewer.fetch('/audit-logs')).status, 403)
    const row = await written('http.permission_missing', alice.tenantId)
    assert.deepEqual([row.severity, row.user_id, row.occurrences], ['medium', viewer.userId, 1])
    assert.notEqual(row.session_id, null)
    const [event] = (await list(alice, 'event=http.permission_missing')).items
    assert.deepEqual(event?.details, {
      method: 'GET',
      route: '/api/v1/audit-logs',
      permission: 'audit.logs.read',
    })
    assert.equal(event?.ipAddress, '127.0.0.1')
  })

  test('MT-22 who asks for a tenant that is not his is recorded, where that tenant cannot see it', async () => {
    const response = await bob.fetch('/contractor-lists', { headers: { 'x-tenant-id': alice.tenantId } })
    assert.equal(response.status, 403)
    const row = await written('accounts.not_a_member', noTenant)
    assert.deepEqual([row.severity, row.user_id], ['high', bob.userId])
    assert.equal((await list(alice, 'event=accounts.not_a_member')).items.length, 0)
    const { rows } = await admin.query('select details from audit.audit_logs where id = $1', [row.id])
    assert.equal(rows[0].details.askedTenant, alice.tenantId)
  })

  const refusal = (caller: string, code = 'http.permission_missing') => ({
    code,
    scope: { tenantId: bob.tenantId, userId: bob.userId, ipAddress: '192.0.2.9' },
    caller,
    details: { route: '/api/v1/none' },
  })
  const ofBob = async () =>
    (
      await admin.query(
        `select event.tenant_id, event.occurrences, entry.details
         from audit.security_audit_logs as event
         join audit.audit_logs as entry using (tenant_id, created_at, id)
         where event.event = 'http.permission_missing' and entry.details ->> 'route' is distinct from '/api/v1/audit-logs'
         order by event.occurrences, event.id`,
      )
    ).rows

  test('MT-22 what is refused again and again is written twice: at once, and with how often when its minute is over', async () => {
    const log = new RefusalLog(app)
    for (let i = 0; i < 500; i++) log.note(refusal('192.0.2.9'))
    await log.flush()
    assert.deepEqual(
      (await ofBob()).map(({ occurrences, details }) => [occurrences, details.repeated ?? null]),
      [
        [1, null],
        [499, 499],
      ],
    )
  })

  test('MT-22 a flood from many addresses makes some entries and one for all the others', async () => {
    const before = (await ofBob()).length
    const log = new RefusalLog(app)
    for (let i = 0; i < 3000; i++) log.note(refusal(`2001:db8:${i.toString(16)}::/64`))
    await log.flush()
    const rows = await ofBob()
    assert.equal(rows.length - before, 21)
    const last = rows.at(-1)
    assert.deepEqual(
      [last.tenant_id, last.occurrences, last.details],
      [bob.tenantId, 2980, { callers: 2980, repeated: 2980 }],
    )
  })

  test('MT-22 what no module has declared is not recorded, nor is an event that is no refusal', async () => {
    const log = new RefusalLog(app)
    const count = async () => (await admin.query('select count(*)::int as n from audit.audit_logs')).rows[0].n
    const before = await count()
    log.note(refusal('192.0.2.9', 'http.request_invalid'))
    log.note(refusal('192.0.2.9', 'make_operator'))
    await log.flush()
    assert.equal(await count(), before)
  })
})

describe('who sees them', () => {
  test('AG-01 a tenant sees its own alone, by API and in the database, and nobody changes any', async () => {
    await recordEvent(db.scoped(alice.scope), { action: 'change_security_policy' })
    const [own] = (await list(alice, 'event=change_security_policy')).items
    assert.ok(own)
    assert.ok(!(await list(bob)).items.some(({ id }) => id === own.id))
    assert.equal((await viewer.fetch('/security-events')).status, 403)
    const asBob = await db.connect()
    try {
      await asBob.query(`select set_config('app.tenant_id', $1, false), set_config('app.user_id', $2, false)`, [
        bob.tenantId,
        bob.userId,
      ])
      const { rows } = await asBob.query('select from audit.security_audit_logs where tenant_id = $1', [alice.tenantId])
      assert.equal(rows.length, 0)
      const find = (tenant: string | null) =>
        asBob.query(
          'select from audit.find_security_events($1, null, null, null, null, null, null, null, null, null, 10)',
          [tenant],
        )
      for (const tenant of [alice.tenantId, null, noTenant])
        await assert.rejects(find(tenant), /for the system alone/, String(tenant))
      assert.ok((await find(bob.tenantId)).rows.length > 0, 'control')
      for (const statement of [
        `update audit.security_audit_logs set severity = 'low'`,
        'delete from audit.security_audit_logs',
        'truncate audit.security_audit_logs',
        `insert into audit.security_audit_logs (tenant_id, id, severity, category, event)
         values ('${bob.tenantId}', gen_random_uuid(), 'low', 'access', 'forged')`,
      ])
        await assert.rejects(asBob.query(statement), { code: '42501' }, statement)
    } finally {
      await asBob.end()
    }
    await assert.rejects(admin.query('delete from audit.security_audit_logs'), /append-only/, 'a superuser by mistake')
  })

  test('MT-22 operators see those of all tenants and of none, and of one where they ask for it', async () => {
    const path = '/operations/security-events'
    assert.equal((await alice.fetch(path)).status, 403, 'an owner is no operator')
    await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
    const { principals } = (await import('#platform/accounts')).accountsOf(app)
    principals.forgetAll()
    const all = (await list(bob, 'limit=100', path)).items
    assert.ok(all.some(({ tenantId }) => tenantId === alice.tenantId))
    assert.ok(all.some(({ tenantId }) => tenantId === null))
    const ofAlice = (await list(bob, `limit=100&tenantId=${alice.tenantId}`, path)).items
    assert.ok(ofAlice.length > 0)
    assert.ok(ofAlice.every(({ tenantId }) => tenantId === alice.tenantId))
    assert.deepEqual(
      ofAlice.map(({ id }) => id),
      all.filter(({ tenantId }) => tenantId === alice.tenantId).map(({ id }) => id),
    )
    assert.ok((await list(bob, `tenantId=${noTenant}`, path)).items.every(({ tenantId }) => tenantId === null))
  })

  test('MT-22 operators are told by name in which workspace it happened, in files too; a deleted one has its id alone', async () => {
    const path = '/operations/security-events'
    const gone = crypto.randomUUID()
    await recordEvent(db.scoped({ tenantId: gone, system: true }), { action: 'make_operator' })
    const { rows } = await admin.query<{ id: string; name: string; slug: string }>(
      'select id, name, slug from tenancy.tenants',
    )
    const nameOf = (id: string | null) => {
      const tenant = rows.find(row => row.id === id)
      return [id, tenant?.name ?? null, tenant?.slug ?? null]
    }
    const all = (await list(bob, 'limit=100', path)).items
    for (const known of [alice.tenantId, bob.tenantId, gone, null])
      assert.ok(
        all.some(({ tenantId }) => tenantId === known),
        String(known),
      )
    const told = all.map(({ tenantId, tenantName, tenantSlug }) => [tenantId, tenantName, tenantSlug])
    assert.deepEqual(
      told,
      all.map(({ tenantId }) => nameOf(tenantId)),
    )
    const csv = await bob.fetch(`${path}/export`)
    const [head = '', ...lines] = (await csv.text()).trimEnd().split('\r\n')
    assert.match(head, /^id,createdAt,tenantId,tenantName,tenantSlug,severity,/)
    const [, name, slug] = nameOf(alice.tenantId)
    assert.ok(lines.some(line => line.includes(`,${alice.tenantId},${name},${slug},`)))
    assert.ok(lines.some(line => line.includes(`,${gone},,,`)))
    const own = await (await alice.fetch('/security-events/export')).text()
    assert.doesNotMatch(own, /tenantName/, 'control: the workspace itself needs no name')
  })
})

describe('search', () => {
  test('PE-08 every filter leaves what fits, and pages join without a gap', async () => {
    const all: Event[] = []
    let cursor = ''
    do {
      const page = await list(alice, `limit=2${cursor && `&cursor=${cursor}`}`)
      all.push(...page.items)
      cursor = page.nextCursor ?? ''
    } while (cursor)
    const { rows } = await admin.query(
      'select id from audit.security_audit_logs where tenant_id = $1 order by created_at desc, id desc',
      [alice.tenantId],
    )
    assert.deepEqual(
      all.map(({ id }) => id),
      rows.map(({ id }) => id),
    )
    const fits = async (query: string, keep: (event: Event) => boolean) => {
      const expected = all.filter(keep).map(({ id }) => id)
      assert.ok(expected.length > 0 && expected.length < all.length, `${query} tells some apart`)
      assert.deepEqual(
        (await list(alice, `limit=100&${query}`)).items.map(({ id }) => id),
        expected,
        query,
      )
    }
    await fits('severity=high', ({ severity }) => severity === 'high' || severity === 'critical')
    await fits('category=authentication', ({ event }) => /^(sign_in|step_up|passkey)/.test(event))
    await fits('event=step_up', ({ event }) => event === 'step_up')
    await fits(`userId=${viewer.userId}`, ({ userId }) => userId === viewer.userId)
    await fits('q=AUDIT.logs.read', ({ details }) => JSON.stringify(details)?.includes('audit.logs.read') ?? false)
    assert.equal((await list(alice, `to=${new Date(0).toISOString()}`)).items.length, 0)
    assert.equal((await alice.fetch('/security-events?severity=awful')).status, 400)
  })

  test('MT-22 events go out as CSV and JSON lines, and that they did is an event', async () => {
    for (const format of ['csv', 'jsonl']) {
      const before = (await list(alice, 'limit=100')).items
      const response = await alice.fetch(`/security-events/export?format=${format}`)
      assert.equal(response.status, 200)
      const lines = (await response.text()).trimEnd().split(/\r?\n/)
      assert.equal(lines.length, before.length + (format === 'csv' ? 1 : 0))
      if (format === 'jsonl') assert.deepEqual(JSON.parse(lines[0] ?? ''), before[0])
      const [newest] = (await list(alice)).items
      assert.deepEqual([newest?.event, newest?.details?.format], ['audit.logs.exported', format])
    }
    assert.equal((await viewer.fetch('/security-events/export')).status, 403)
  })

  test('PE-08 each way of asking reads its rows by an index', async () => {
    const month = new Date().toISOString().slice(0, 7)
    await admin.query(`
      insert into audit.security_audit_logs (tenant_id, id, created_at, severity, category, event, user_id)
      select md5((n % 50)::text)::uuid, gen_random_uuid(), '${month}-01Z'::timestamptz + n * interval '1 second',
        case when n % 1000 = 0 then 'critical' else 'low' end, 'access', 'event ' || n % 30, md5((n % 500)::text)::uuid
      from generate_series(1, 20000) as n`)
    await admin.query('analyze audit.security_audit_logs')
    // The months ahead are empty, and read whole.
    const part = `audit.security_audit_logs_${month.replace('-', '_')}`
    const planOf = async (where: string) =>
      (
        await admin.query(`explain select * from ${part} where ${where} order by created_at desc, id desc limit 25`)
      ).rows
        .map(row => row['QUERY PLAN'])
        .join('\n')
    const ours = `tenant_id = md5('7')::uuid`
    // The dozen that the planner expects of one event are as cheap sorted as read in order.
    await admin.query('set enable_bitmapscan = off')
    for (const where of [
      ours,
      `${ours} and user_id = md5('7')::uuid`,
      `${ours} and event = 'event 7'`,
      'true',
      `severity in ('high', 'critical')`,
    ])
      assert.doesNotMatch(await planOf(where), /Seq Scan|Sort/, where)
    await admin.query('reset enable_bitmapscan')
  })
})

test('MT-22 a flood in one workspace keeps no event from another one, and one of all workspaces stays small', async () => {
  const count = async (tenantId: string | null) =>
    (
      await admin.query(
        `select from audit.security_audit_logs where event = 'http.permission_missing' and tenant_id = coalesce($1, tenant_id)`,
        [tenantId],
      )
    ).rows.length
  const refusal = (tenantId: string, caller: string) => ({
    ...{ code: 'http.permission_missing', scope: { tenantId }, caller, details: {} },
  })
  const before = await count(alice.tenantId)
  const log = new RefusalLog(app)
  for (let i = 0; i < 100; i++) log.note(refusal(bob.tenantId, `192.0.2.${i}`))
  log.note(refusal(alice.tenantId, '198.51.100.7'))
  await log.flush()
  assert.equal((await count(alice.tenantId)) - before, 1)

  const all = await count(null)
  const ofNone = await count(noTenant)
  const wide = new RefusalLog(app)
  for (let i = 0; i < 1000; i++) wide.note(refusal(crypto.randomUUID(), '192.0.2.1'))
  await wide.flush()
  assert.equal((await count(null)) - all, 201)
  assert.equal((await count(noTenant)) - ofNone, 1)
})
