import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tenantOfToken } from '#platform/crypto'
import { sql } from '#platform/database'
import { mailsTo } from '#test/mails.ts'
import {
  addItem,
  admin,
  alice,
  app,
  bob,
  carol,
  db,
  json,
  type Made,
  makeList,
  open,
  setRole,
  share,
  tokenOf,
  world,
} from './sharing.test.world.ts'

test('GG-11 somebody outside opens one list by a link that came by mail, and the database keeps only its hash', async () => {
  const list = await makeList(alice, 'Seen from outside')
  const item = await addItem(alice, list, { notes: 'Cheap', rating: 4 })
  const other = await makeList(alice, 'Not seen from outside')
  await addItem(alice, other)
  const made = await share(alice, list, { email: 'Guest@outside.example', permission: 'view' })
  assert.deepEqual([made.status, made.json.isMailed], [201, true])
  const [mail] = await mailsTo(world, 'guest@outside.example')
  const token = tokenOf(made.json)
  assert.equal(mail?.token, token)
  assert.ok(mail?.link?.startsWith(`${app.publicUrl}/shared/list#token=`))
  assert.equal(tenantOfToken(token), alice.tenantId)
  const { rows } = await admin.query('select * from contractors.contractor_list_shares where id = $1', [made.json.id])
  assert.ok(!JSON.stringify(rows).includes(token))
  const { rows: logged } = await admin.query(
    `select * from audit.audit_logs where resource like 'contractors.contractor_list_share%'`,
  )
  assert.ok(logged.length > 0)
  assert.ok(!/access_token_hash": *"?\\\\x|\\\\x[0-9a-f]{64}/.test(JSON.stringify(logged)), 'no hash in the log')

  const guest = await open(token)
  assert.equal(guest.status, 200)
  const seen = await guest.get(`/shared-lists/${list}`)
  assert.deepEqual(
    [seen.json.name, seen.json.itemCount, seen.json.email, seen.json.sharedByName, seen.json.tenantName],
    ['Seen from outside', 1, 'guest@outside.example', 'Alice Archer', 'Meridian Capture'],
  )
  assert.equal(seen.headers.get('cache-control'), 'no-store')
  assert.equal(seen.headers.get('referrer-policy'), 'no-referrer')
  const items = await guest.get(`/shared-lists/${list}/items`)
  assert.deepEqual([items.json.items[0].id, items.json.items[0].notes, items.json.items[0].rating], [item, 'Cheap', 4])
  assert.match(
    guest.setCookie,
    /^__Host-commonhold-list-[0-9a-f-]{36}=\S{64}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
  )

  await alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}`, {
    method: 'PATCH',
    body: { includesRemarks: false },
  })
  const bare = await guest.get(`/shared-lists/${list}/items`)
  assert.deepEqual([bare.json.items[0].notes, bare.json.items[0].rating, bare.json.items[0].tags], [null, null, []])
  for (const path of [`/shared-lists/${other}`, `/contractor-lists/${list}`, '/members', '/audit-logs', '/me']) {
    assert.equal((await guest.get(path)).status, 401, path)
  }
  for (const [method, path, body] of [
    ['PATCH', `/shared-lists/${list}/items/${item}`, { notes: 'Mine' }],
    ['DELETE', `/shared-lists/${list}/items/${item}`, undefined],
    ['POST', `/shared-lists/${list}/items`, { uei: 'VERJZNN00001' }],
    ['POST', `/shared-lists/${list}/comments`, { body: 'Hello' }],
  ] as const) {
    assert.equal((await guest.send(method, path, body)).json.code, 'contractors.share_too_weak', `${method} ${path}`)
  }
})

test('GG-11 it is told when a link was last used, and how often it was opened', async () => {
  const list = await makeList(alice, 'Looked at')
  const made = await share(alice, list, { email: 'looker@outside.example', permission: 'view' })
  const state = async () => {
    const { items } = await json<{ items: Made[] }>(alice.fetch(`/contractor-lists/${list}/shares`))
    return [items[0]?.lastAccessedAt, items[0]?.accessCount] as const
  }
  assert.deepEqual(await state(), [null, 0])
  await open('A'.repeat(64))
  assert.deepEqual(await state(), [null, 0])
  const guest = await open(tokenOf(made.json))
  const [opened, count] = await state()
  assert.ok(opened && Date.now() - Date.parse(opened) < 60_000)
  assert.equal(count, 1)
  // An hour later the guest comes back by the cookie that he has.
  await admin.query(
    `update contractors.contractor_list_share_sessions set last_seen_at = now() - interval '1 hour' where share_id = $1`,
    [made.json.id],
  )
  await admin.query(
    `update contractors.contractor_list_shares set last_accessed_at = now() - interval '1 hour' where id = $1`,
    [made.json.id],
  )
  const [past] = await state()
  assert.equal((await guest.get(`/shared-lists/${list}`)).status, 200)
  const [now, still] = await state()
  assert.ok(now && past && Date.parse(now) - Date.parse(past) > 3_500_000)
  assert.equal(still, 1)
  await open(tokenOf(made.json))
  assert.equal((await state())[1], 2)
})

test('GG-11 a link for one time opens the list once, of twenty who come at once one; another link ends the one before', async () => {
  const list = await makeList(alice, 'Once')
  const made = await share(alice, list, { email: 'once@outside.example', permission: 'view', isSingleUse: true })
  const token = tokenOf(made.json)
  const all = await Promise.all(Array.from({ length: 20 }, () => open(token)))
  const winners = all.filter(({ status }) => status === 200)
  assert.equal(winners.length, 1)
  assert.ok(all.every(({ status, code }) => status === 200 || (status === 404 && code === 'contractors.link_unusable')))
  assert.equal((await open(token)).status, 404)
  const [winner] = winners
  assert.equal((await winner?.get(`/shared-lists/${list}`))?.status, 200, 'what it has opened stays open')
  const { items } = await json<{ items: Made[] }>(alice.fetch(`/contractor-lists/${list}/shares`))
  assert.equal(items[0]?.status, 'used')

  const renewed = await json<Made>(
    alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}/link`, { method: 'POST', body: {} }),
  )
  assert.equal((await winner?.get(`/shared-lists/${list}`))?.status, 401, 'another link closes it')
  assert.equal((await open(token)).status, 404)
  assert.equal((await open(tokenOf(renewed))).status, 200)
})

test('GG-11 a link stops with its end, its share, its list, its sharer, the workspace and the feature, and answers alike', async () => {
  const ends: [string, (list: string, share: string) => Promise<unknown>, (() => Promise<unknown>)?][] = [
    ['taken back', (list, id) => alice.fetch(`/contractor-lists/${list}/shares/${id}`, { method: 'DELETE' })],
    [
      'expired',
      (_, id) =>
        admin.query(
          `update contractors.contractor_list_shares set expires_at = now() - interval '1 second' where id = $1`,
          [id],
        ),
    ],
    ['list deleted', list => alice.fetch(`/contractor-lists/${list}`, { method: 'DELETE' })],
    [
      'list archived',
      list =>
        db.scoped(alice.scope).run(sql`update contractors.contractor_lists set archived_at = now() where id = ${list}`),
    ],
    [
      'handed over',
      (_, id) =>
        admin.query('update contractors.contractor_list_shares set shared_by = $1 where id = $2', [carol.userId, id]),
    ],
    [
      'feature off',
      () =>
        alice.fetch('/tenant/features', {
          method: 'PATCH',
          body: { features: { 'contractors.outside_shares': false } },
        }),
      () =>
        alice.fetch('/tenant/features', {
          method: 'PATCH',
          body: { features: { 'contractors.outside_shares': null } },
        }),
    ],
    [
      'sharer suspended',
      () => admin.query(`update identity.users set status = 'suspended' where id = $1`, [alice.userId]),
      () => admin.query(`update identity.users set status = 'active' where id = $1`, [alice.userId]),
    ],
    [
      'tenant suspended',
      () => admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [alice.tenantId]),
      () => admin.query(`update tenancy.tenants set status = 'active' where id = $1`, [alice.tenantId]),
    ],
    ['sharer may no longer share', () => setRole(alice, 'viewer'), () => setRole(alice, 'owner')],
  ]
  for (const [why, end, restore] of ends) {
    const list = await makeList(alice, `Stops when ${why}`)
    const made = await share(alice, list, { email: 'stop@outside.example', permission: 'view' })
    const token = tokenOf(made.json)
    const guest = await open(token)
    assert.equal((await guest.get(`/shared-lists/${list}`)).status, 200, `control: ${why}`)
    await end(list, made.json.id)
    const closed = await guest.get(`/shared-lists/${list}`)
    assert.deepEqual([closed.status, closed.json.code], [401, 'contractors.shared_list_closed'], why)
    const again = await open(token)
    assert.deepEqual([again.status, again.code], [404, 'contractors.link_unusable'], why)
    assert.deepEqual(again.answer, (await open('A'.repeat(64))).answer, `${why}: as for a link that never was`)
    await restore?.()
  }
})

test('GG-11 a password is asked for after the link, tried ten times, and then rests whoever asks', async () => {
  const list = await makeList(alice, 'With a password')
  const secret = 'plover quartz 71'
  const made = await share(alice, list, { email: 'secret@outside.example', permission: 'view', password: secret })
  const token = tokenOf(made.json)
  const { rows } = await admin.query('select password_hash from contractors.contractor_list_shares where id = $1', [
    made.json.id,
  ])
  assert.match(rows[0].password_hash, /^\$argon2id\$/)
  assert.equal((await open(token)).code, 'contractors.link_password_needed')
  assert.equal((await open(token, 'wrong')).code, 'contractors.link_password_wrong')
  assert.equal((await open(token, secret)).status, 200)
  const guesses = await Promise.all(Array.from({ length: 25 }, (_, index) => open(token, `guess ${index}`)))
  assert.equal(
    guesses.filter(({ code }) => code === 'contractors.link_password_wrong').length,
    10,
    'ten, however many at once',
  )
  const resting = await open(token, secret)
  assert.deepEqual([resting.status, resting.code], [429, 'contractors.link_rests'], 'the right one too')
  await admin.query(`update contractors.contractor_list_shares set closed_until = now() where id = $1`, [made.json.id])
  const guest = await open(token, secret)
  assert.equal(guest.status, 200)
  await alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}`, {
    method: 'PATCH',
    body: { password: 'another quartz 72' },
  })
  assert.equal((await guest.get(`/shared-lists/${list}`)).status, 401, 'another password closes what was open')
  assert.equal((await open(token, secret)).code, 'contractors.link_password_wrong')
})

test('CVE-2026-27840 GG-11 no truncated, prolonged or altered link opens anything; none of another tenant’s', async () => {
  const list = await makeList(alice, 'Guessed at')
  const token = tokenOf((await share(alice, list, { email: 'guess@outside.example', permission: 'view' })).json)
  const bytes = Buffer.from(token, 'base64url')
  const bobsTenant = Buffer.from(bob.tenantId.replaceAll('-', ''), 'hex')
  const forged = [
    token.slice(0, -1),
    token.slice(1),
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    token.toLowerCase(),
    Buffer.concat([bobsTenant, bytes.subarray(16)]).toString('base64url'),
    ...Array.from({ length: 48 }, (_, index) => {
      const altered = Buffer.from(bytes)
      altered[index] = (altered[index] as number) ^ (1 << (index % 8))
      return altered.toString('base64url')
    }),
  ]
  for (const each of forged) assert.equal((await open(each)).status, 404, each)
  const guest = await open(token)
  assert.equal(guest.status, 200, 'control')
  const cookie = guest.cookie
  for (const broken of [cookie.slice(0, -1), `${cookie.split('=')[0]}=${token}`]) {
    assert.equal((await guest.get(`/shared-lists/${list}`, { cookie: broken })).status, 401)
  }
  // The cookie of one list under the name of another's.
  const other = await makeList(alice, 'Another')
  const renamed = cookie.replace(list, other)
  assert.equal((await guest.get(`/shared-lists/${other}`, { cookie: renamed })).status, 401)
})
