import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '#platform/database'
import { openWindow } from '#test/event-streams.ts'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { believedNoLonger, joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { tenantOfToken } from './share-tokens.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, bob, viewer, baseUrl, app, db } = world

const carol = await member('carol@meridian.example', 'Carol Cole')
const leidos = await makeContractor('LEJDDS000001', 'Leidos')
await makeContractor('VERJZNN00001', 'Verizon')

type Made = { id: string; link: string | null; isMailed: boolean; user: { id: string } | null; status: string }

test('GG-11 a list is shared with a colleague to view, comment or edit, until it is taken back or left', async () => {
  const list = await makeList(alice, 'Shared inside')
  const item = await addItem(alice, list)
  const see = (person: Person) => status(person.fetch(`/contractor-lists/${list}`))
  const note = (person: Person) =>
    status(person.fetch(`/contractor-lists/${list}/items/${item}`, { method: 'PATCH', body: { notes: 'Seen' } }))
  const say = (person: Person) =>
    status(person.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Hello' } }))
  assert.equal(await see(carol), 404)

  const made = await share(alice, list, { userId: carol.userId, permission: 'view' })
  assert.deepEqual([made.status, made.json.link, made.json.user?.id], [201, null, carol.userId])
  assert.deepEqual([await see(carol), await note(carol), await say(carol)], [200, 403, 403])
  const told = await json<{ items: { kind: string; title: string }[] }>(carol.fetch('/notifications'))
  assert.equal(told.items[0]?.kind, 'contractors.list_shared')
  assert.match(told.items[0]?.title ?? '', /Alice Archer shared the list “Shared inside” with you/)

  const path = `/contractor-lists/${list}/shares/${made.json.id}`
  await alice.fetch(path, { method: 'PATCH', body: { permission: 'comment' } })
  assert.deepEqual([await note(carol), await say(carol)], [403, 201])
  await alice.fetch(path, { method: 'PATCH', body: { permission: 'edit' } })
  assert.deepEqual([await note(carol), await say(carol)], [200, 201])

  const shares = (person: Person) => json<{ items: Made[] }>(person.fetch(`/contractor-lists/${list}/shares`))
  assert.deepEqual([(await shares(alice)).items.length, (await shares(carol)).items.length], [1, 1])
  assert.equal(await status(viewer.fetch(`/contractor-lists/${list}/shares`)), 404)
  assert.equal(await status(bob.fetch(`/contractor-lists/${list}/shares`)), 404)
  assert.equal(
    (await share(carol, list, { userId: viewer.userId, permission: 'view' })).json.code,
    'contractors.only_owner_shares',
  )
  assert.equal(
    (await share(alice, list, { userId: carol.userId, permission: 'view' })).json.code,
    'contractors.share_twice',
  )
  assert.equal(
    (await share(alice, list, { userId: bob.userId, permission: 'view' })).json.code,
    'contractors.sharee_unknown',
  )
  assert.equal(
    (await share(alice, list, { userId: alice.userId, permission: 'view' })).json.code,
    'contractors.share_with_self',
  )
  assert.equal((await share(viewer, list, { userId: carol.userId, permission: 'view' })).status, 403)
  assert.equal(await status(carol.fetch(path, { method: 'PATCH', body: { permission: 'edit' } })), 403)
  assert.equal(await status(bob.fetch(path, { method: 'DELETE' })), 404)

  assert.equal(await status(carol.fetch(path, { method: 'DELETE' })), 204, 'she leaves')
  assert.equal(await see(carol), 404)
  const again = await share(alice, list, { email: ' Carol@MERIDIAN.example', permission: 'view' })
  assert.deepEqual(
    [again.json.user?.id, again.json.link],
    [carol.userId, null],
    'the address of a member is the member',
  )
  await alice.fetch(`/contractor-lists/${list}/shares/${again.json.id}`, { method: 'DELETE' })
  assert.equal(await see(carol), 404)
})

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

test('GG-11 a guest who may edit changes, adds, removes and comments, and conflicts are told', async () => {
  const list = await makeList(alice, 'Edited from outside')
  const item = await addItem(alice, list, { notes: 'First' })
  const other = await makeList(alice, 'Another')
  const otherItem = await addItem(alice, other)
  const made = await share(alice, list, { email: 'editor@outside.example', permission: 'edit' })
  const guest = await open(tokenOf(made.json))
  const [listed] = (await guest.get(`/shared-lists/${list}/items`)).json.items
  const path = `/shared-lists/${list}/items/${item}`
  const changed = await guest.send('PATCH', path, { notes: 'Second', rating: 5 }, { 'if-match': listed.etag })
  assert.deepEqual([changed.status, changed.json.notes, changed.json.rating], [200, 'Second', 5])
  const late = await guest.send('PATCH', path, { notes: 'Third' }, { 'if-match': listed.etag })
  assert.equal(late.status, 412)
  assert.equal((await guest.send('PATCH', `/shared-lists/${list}/items/${otherItem}`, { notes: 'x' })).status, 404)
  assert.equal((await guest.send('DELETE', `/shared-lists/${list}/items/${otherItem}`)).status, 404)
  assert.equal((await guest.send('PATCH', `/shared-lists/${other}/items/${otherItem}`, { notes: 'x' })).status, 401)

  const added = await guest.send('POST', `/shared-lists/${list}/items`, { uei: 'VERJZNN00001' })
  assert.equal(added.status, 201)
  assert.equal(
    (await guest.send('POST', `/shared-lists/${list}/items`, { uei: 'VERJZNN00001' })).json.code,
    'contractors.already_in_list',
  )
  assert.equal((await guest.send('DELETE', `/shared-lists/${list}/items/${added.json.id}`)).status, 204)

  const said = await guest.send('POST', `/shared-lists/${list}/comments`, { body: 'Good one', itemId: item })
  assert.deepEqual([said.status, said.json.author.name, said.json.isMine], [201, 'editor@outside.example', true])
  const alices = await json<{ id: string }>(
    alice.fetch(`/contractor-lists/${list}/comments`, {
      method: 'POST',
      body: { body: 'Yes', parentId: said.json.id },
    }),
  )
  const comments = (await guest.get(`/shared-lists/${list}/comments`)).json.items
  assert.deepEqual(
    comments.map((each: { author: { name: string }; itemId: string }) => [each.author.name, each.itemId]),
    [
      ['Alice Archer', item],
      ['editor@outside.example', item],
    ],
  )
  const alicesPath = `/shared-lists/${list}/comments/${alices.id}`
  assert.equal((await guest.send('PATCH', alicesPath, { body: 'No' })).json.code, 'contractors.comment_not_yours')
  assert.equal((await guest.send('DELETE', alicesPath)).json.code, 'contractors.comment_not_yours')
  const own = `/shared-lists/${list}/comments/${said.json.id}`
  assert.equal((await guest.send('PATCH', own, { body: 'Better' })).json.body, 'Better')
  assert.equal((await guest.send('DELETE', own)).status, 204)
  assert.equal(
    (await guest.get(`/shared-lists/${list}/comments`)).json.items[1].body,
    null,
    'its place stays for the answer',
  )

  const { items } = await json<{ items: { action: string; actor: { name: string; isGuest: boolean } }[] }>(
    alice.fetch(`/contractor-lists/${list}/activity`),
  )
  const byGuest = items.filter(({ actor }) => actor.name === 'editor@outside.example' && actor.isGuest)
  assert.deepEqual(
    byGuest.map(({ action }) => action),
    [
      'comment.removed',
      'comment.edited',
      'comment.added',
      'item.removed',
      'item.added',
      'item.updated',
      'share.opened',
    ],
  )
  const { rows } = await admin.query(
    `select user_id, user_name, action from audit.audit_logs where resource = 'contractors.contractor_list_items' and resource_id = $1 order by id`,
    [item],
  )
  assert.deepEqual([rows.at(-1).user_id, rows.at(-1).user_name], [null, 'editor@outside.example (by a link)'])
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

test('GG-11 a foreign page cannot write with the cookie of a link, and a host header leads no link astray', async () => {
  const list = await makeList(alice, 'Forged requests')
  const item = await addItem(alice, list)
  const made = await share(
    alice,
    list,
    { email: 'csrf@outside.example', permission: 'edit' },
    { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
  )
  assert.ok(made.json.link?.startsWith(`${app.publicUrl}/`), 'GHSA-3529-5m8x-rpv3')
  const guest = await open(tokenOf(made.json))
  const path = `/shared-lists/${list}/items/${item}`
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    {},
  ]
  for (const headers of foreign) {
    const answer = await fetch(`${baseUrl}/api/v1${path}`, {
      method: 'PATCH',
      headers: { cookie: guest.cookie, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ notes: 'Forged' }),
    })
    assert.equal(answer.status, 403, JSON.stringify(headers))
  }
  assert.equal((await guest.send('PATCH', path, { notes: 'Own' })).status, 200, 'control')
})

test('GG-18 AG-01 the database itself holds a guest to his one list: no other list, tenant, member, log or secret', async () => {
  const list = await makeList(alice, 'The one')
  const item = await addItem(alice, list)
  const other = await makeList(alice, 'The other')
  const otherItem = await addItem(alice, other)
  const made = await share(alice, list, { email: 'db@outside.example', permission: 'edit' })
  await open(tokenOf(made.json))
  const { rows } = await admin.query('select id from contractors.contractor_list_share_sessions where share_id = $1', [
    made.json.id,
  ])
  const session = rows[0].id as string
  const as = <T>(tenantId: string, statement: string, sessionId = session) =>
    db.transaction({ tenantId }, async tx => {
      await tx.run(
        sql`select set_config('role', 'commonhold_guest', true), set_config('app.share_session', ${sessionId}, true)`,
      )
      return await tx.run<T>(sql.raw(statement))
    })
  const lists = 'select id from contractors.contractor_lists'
  assert.deepEqual(await as(alice.tenantId, lists), [{ id: list }])
  assert.deepEqual(await as(alice.tenantId, 'select id from contractors.contractor_list_items'), [{ id: item }])
  assert.deepEqual(await as(bob.tenantId, lists), [])
  assert.deepEqual(await as(alice.tenantId, lists, made.json.id), [], 'a session that is none')
  const change = (id: string) =>
    `update contractors.contractor_list_items set notes = 'x' where id = '${id}' returning id`
  assert.equal((await as(alice.tenantId, change(item))).length, 1, 'control')
  assert.equal((await as(alice.tenantId, change(otherItem))).length, 0)
  const put = (id: string) =>
    `insert into contractors.contractor_list_items (list_id, contractor_profile_id) select '${id}', id from contractors.contractor_profiles where uei = 'VERJZNN00001' returning id`
  await assert.rejects(as(alice.tenantId, put(other)), { code: '42501' })
  assert.equal((await as(alice.tenantId, put(list))).length, 1, 'control')
  assert.deepEqual(await as(alice.tenantId, `select notes from contractors.shared_remarks('${otherItem}')`), [])

  // Everything else is closed, table by table, whatever is added later.
  const { rows: tables } = await admin.query<{ name: string }>(`
    select c.oid::regclass::text as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname !~ '^pg_|^information_schema$'
    where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition`)
  const open4 = new Set([
    'contractors.contractor_lists',
    'contractors.contractor_list_items',
    'contractors.contractor_list_comments',
    'contractors.contractor_profiles',
  ])
  const closed = tables.filter(({ name }) => !open4.has(name))
  assert.ok(closed.length > 60)
  for (const { name } of closed)
    await assert.rejects(as(alice.tenantId, `select 1 from ${name}`), { code: '42501' }, name)
  for (const statement of [
    'select settings from contractors.contractor_lists',
    'select user_id from contractors.contractor_lists',
    'select notes from contractors.contractor_list_items',
    'select added_by from contractors.contractor_list_items',
    'delete from contractors.contractor_list_items',
    `update contractors.contractor_lists set name = 'x'`,
    'delete from contractors.contractor_lists',
    `select * from contractors.find_share('\\x00')`,
    `select audit.record_event('forged', null, null, null)`,
  ]) {
    await assert.rejects(as(alice.tenantId, statement), { code: '42501' }, statement)
  }

  await alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}`, {
    method: 'PATCH',
    body: { permission: 'view' },
  })
  assert.equal((await as(alice.tenantId, change(item))).length, 0, 'what he may is asked at each statement')
  await alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}`, { method: 'DELETE' })
  assert.deepEqual(await as(alice.tenantId, lists), [], 'and so is whether he may at all')
})

test('GG-11 members in a comment are told of it, if they see the list; others cannot be mentioned', async () => {
  const list = await makeList(alice, 'Talked about')
  const path = `/contractor-lists/${list}/comments`
  const mention = (userId: string) =>
    alice.fetch(path, { method: 'POST', body: { body: 'Look, @Carol', mentions: [userId] } })
  assert.equal(await status(mention(carol.userId)), 400)
  await share(alice, list, { userId: carol.userId, permission: 'comment' })
  const said = await json<{ id: string; mentions: { name: string }[] }>(mention(carol.userId))
  assert.deepEqual(said.mentions, [{ id: carol.userId, name: 'Carol Cole' }])
  const told = await json<{ items: { kind: string }[] }>(carol.fetch('/notifications'))
  assert.equal(told.items[0]?.kind, 'contractors.mentioned')
  assert.equal(await status(mention(bob.userId)), 400)
  assert.equal(await status(carol.fetch(`${path}/${said.id}`, { method: 'PATCH', body: { body: 'x' } })), 403)
  assert.equal(await status(carol.fetch(`${path}/${said.id}`, { method: 'DELETE' })), 403)
  assert.equal(await status(bob.fetch(path)), 404)
  assert.equal(await status(bob.fetch(`${path}/${said.id}`, { method: 'DELETE' })), 404)
  assert.equal(await status(viewer.fetch(path)), 404)
  const hers = await json<{ id: string }>(carol.fetch(path, { method: 'POST', body: { body: 'Seen' } }))
  assert.equal(await status(alice.fetch(`${path}/${hers.id}`, { method: 'PATCH', body: { body: 'x' } })), 403)
  assert.equal(await status(alice.fetch(`${path}/${hers.id}`, { method: 'DELETE' })), 204, 'the owner keeps order')
})

test('GG-12 the activity tells of a bulk once, with its count, and is filtered by person and by what it is about', async () => {
  const list = await makeList(alice, 'Bulk')
  await db.transaction(alice.scope, async tx => {
    await tx.run(sql`
      insert into contractors.contractor_list_items (list_id, contractor_profile_id, added_by)
      select ${list}, id, ${alice.userId}
      from contractors.contractor_profiles
      where uei in ('LEJDDS000001', 'VERJZNN00001')
    `)
    await tx.run(sql`update contractors.contractor_list_items set rating = 3 where list_id = ${list}`)
    await tx.run(sql`update contractors.contractor_list_items set position = position + 1 where list_id = ${list}`)
    await tx.run(sql`update contractors.contractor_list_items set view_count = view_count + 1 where list_id = ${list}`)
  })
  type Entry = { id: string; action: string; count: number | null; changed: string[]; sharedWith: string | null }
  const activity = (query = '') =>
    json<{ items: Entry[]; nextCursor: string | null }>(alice.fetch(`/contractor-lists/${list}/activity${query}`))
  const { items } = await activity()
  assert.deepEqual(items.map(({ action, count, changed }) => [action, count, changed]).toSorted(), [
    ['items.added', 2, []],
    ['items.reordered', 2, ['position']],
    ['items.updated', 2, ['rating']],
    ['list.created', null, []],
  ])
  await share(alice, list, { userId: carol.userId, permission: 'edit' })
  await carol.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Mine' } })
  assert.deepEqual(
    (await activity(`?userId=${carol.userId}`)).items.map(({ action }) => action),
    ['comment.added'],
  )
  assert.deepEqual(
    (await activity('?about=share')).items.map(({ action, sharedWith }) => [action, sharedWith]),
    [['share.added', 'Carol Cole']],
  )
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await activity(`?limit=1${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map(({ id }) => id))
    if (!page.nextCursor) break
    cursor = page.nextCursor
  }
  assert.equal(new Set(seen).size, 6)
  assert.equal(seen.length, 6)
  assert.equal(await status(bob.fetch(`/contractor-lists/${list}/activity`)), 404)
  assert.equal(await status(viewer.fetch(`/contractor-lists/${list}/activity`)), 404)
})

test('GG-11 two who have a list open hear what the other changes and that he is there; who loses it is shut out at once', async () => {
  const list = await makeList(alice, 'Live')
  const shared = await share(alice, list, { userId: carol.userId, permission: 'edit' })
  const path = `/contractor-lists/${list}/stream`
  const [one, two] = [
    await openWindow(baseUrl, path, alice.accessToken),
    await openWindow(baseUrl, path, carol.accessToken),
  ]
  // What was sent before the server listens is told as `all`.
  await sleep(1_000)
  const names = (data: unknown) => (data as { people: { name: string }[] }).people.map(({ name }) => name)
  await one.until(({ event, data }) => event === 'present' && names(data).includes('Carol Cole'))
  await two.until(({ event, data }) => event === 'present' && names(data).includes('Alice Archer'))
  assert.ok(await addItem(carol, list))
  await one.until(({ event, data }) => event === 'changed' && (data as { about: string }).about === 'item')

  const outside = await share(alice, list, { email: 'live@outside.example', permission: 'edit' })
  const guest = await open(tokenOf(outside.json))
  const three = await openWindow(baseUrl, `/shared-lists/${list}/stream`, '', {
    cookie: guest.cookie,
    authorization: '',
  })
  assert.equal(three.status, 200)
  await one.until(({ event, data }) => event === 'present' && names(data).includes('live@outside.example'))
  await guest.send('POST', `/shared-lists/${list}/comments`, { body: 'Here' })
  await two.until(({ event, data }) => event === 'changed' && (data as { about: string }).about === 'comment')

  assert.equal((await openWindow(baseUrl, path, bob.accessToken)).status, 404)
  assert.equal((await openWindow(baseUrl, path, viewer.accessToken)).status, 404)
  let began = performance.now()
  await alice.fetch(`/contractor-lists/${list}/shares/${shared.json.id}`, { method: 'DELETE' })
  await two.ended()
  assert.ok((two.endedAt ?? 0) - began < 5_000)
  began = performance.now()
  await admin.query(`update contractors.contractor_list_shares set expires_at = now() where id = $1`, [outside.json.id])
  await three.ended()
  assert.ok((three.endedAt ?? 0) - began < 5_000, 'also without a signal')
  assert.equal(one.endedAt, undefined, 'control: hers stays open')
  await one.until(({ event, data }) => event === 'present' && names(data).length === 0)
  one.close()
})

test('GG-11 guests learn no address of a member who has no name', async () => {
  const nameless = await member('nameless@meridian.example', 'Nora Nameless')
  const list = await makeList(nameless, 'Unsigned')
  await admin.query('update identity.users set full_name = null where id = $1', [nameless.userId])
  await believedNoLonger()
  const made = await share(nameless, list, { email: 'curious@outside.example', permission: 'comment' })
  const guest = await open(tokenOf(made.json))
  await nameless.fetch(`/contractor-lists/${list}/comments`, { method: 'POST', body: { body: 'Hello' } })
  const seen = await Promise.all(
    ['', '/items', '/comments'].map(async part =>
      JSON.stringify((await guest.get(`/shared-lists/${list}${part}`)).json),
    ),
  )
  const hers = await openWindow(baseUrl, `/contractor-lists/${list}/stream`, nameless.accessToken)
  const theirs = await openWindow(baseUrl, `/shared-lists/${list}/stream`, '', {
    cookie: guest.cookie,
    authorization: '',
  })
  type People = { people: { name: string }[] }
  const names = (data: unknown) => (data as People).people.map(({ name }) => name)
  const told = await theirs.until(({ event, data }) => event === 'present' && names(data).length === 1)
  assert.deepEqual(names(told.data), ['A member'])
  await hers.until(({ event, data }) => event === 'present' && names(data).includes('curious@outside.example'))
  assert.ok(!seen.join().includes('nameless@'))
  hers.close()
  theirs.close()
})

test('GG-11 of a list 200 shares are the most, also of many at once; those that are there can still be changed', async () => {
  const list = await makeList(alice, 'Shared widely')
  const one = (await share(alice, list, { email: 'one@wide.example', permission: 'view', sendMail: false })).json
  await admin.query(
    `insert into contractors.contractor_list_shares (tenant_id, list_id, shared_with_email, permission, shared_by)
     select $1, $2, 'guest' || i || '@wide.example', 'view', $3 from generate_series(1, 197) as i`,
    [alice.tenantId, list, alice.userId],
  )
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      share(alice, list, { email: `more${i}@wide.example`, permission: 'view', sendMail: false }),
    ),
  )
  const { rows } = await admin.query(
    'select count(*)::integer as count from contractors.contractor_list_shares where list_id = $1',
    [list],
  )
  assert.equal(rows[0].count, 200)
  assert.deepEqual(
    new Set(answers.filter(({ status }) => status !== 201).map(({ json }) => json.code)),
    new Set(['contractors.shares_too_many']),
  )
  const path = `/contractor-lists/${list}/shares/${one.id}`
  assert.equal(await status(alice.fetch(path, { method: 'PATCH', body: { permission: 'comment' } })), 200)
  assert.equal(await status(alice.fetch(`${path}/link`, { method: 'POST', body: { sendMail: false } })), 200)
})

test('GG-11 who removes what he has said never removes the answer that comes at that moment', async () => {
  const list = await makeList(alice, 'Answered')
  await share(alice, list, { userId: carol.userId, permission: 'comment' })
  const path = `/contractor-lists/${list}/comments`
  const said = await json<{ id: string }>(carol.fetch(path, { method: 'POST', body: { body: 'Question' } }))
  // Alice answers in a transaction that is not committed yet when Carol removes her question.
  const answering = db.transaction(alice.scope, async tx => {
    await tx.run(sql`
      insert into contractors.contractor_list_comments (list_id, parent_id, user_id, body)
      values (${list}, ${said.id}, ${alice.userId}, 'Answer')
    `)
    const removing = status(carol.fetch(`${path}/${said.id}`, { method: 'DELETE' }))
    await sleep(300)
    return { removing }
  })
  assert.equal(await (await answering).removing, 204)
  const { items } = await json<{ items: { body: string | null }[] }>(alice.fetch(path))
  assert.deepEqual(items.map(({ body }) => body).toSorted(), ['Answer', null])
})

test('GG-10 GG-11 what was said about a contractor is not lost when a guest takes it out, and is there when it comes back', async () => {
  const list = await makeList(alice, 'Talked over')
  const item = await addItem(alice, list)
  const path = `/contractor-lists/${list}`
  const said = await json<{ id: string }>(
    alice.fetch(`${path}/comments`, { method: 'POST', body: { body: 'Strong in radar', itemId: item } }),
  )
  const other = await json<{ id: string }>(
    alice.fetch(`${path}/comments`, { method: 'POST', body: { body: 'Or not', itemId: item } }),
  )
  const guest = await open(
    tokenOf((await share(alice, list, { email: 'sweeper@outside.example', permission: 'edit' })).json),
  )
  assert.equal((await guest.send('DELETE', `/shared-lists/${list}/items/${item}`)).status, 204)
  type Said = { items: { id: string; body: string; itemId: string }[] }
  const ofItem = async () => (await json<Said>(alice.fetch(`${path}/comments?itemId=${item}`))).items
  assert.equal((await ofItem()).length, 2)
  assert.equal(
    await status(alice.fetch(`${path}/comments`, { method: 'POST', body: { body: 'More', itemId: item } })),
    400,
    'it is not there to be spoken about',
  )
  assert.equal(await status(alice.fetch(`${path}/comments/${other.id}`, { method: 'DELETE' })), 204)
  type Told = { items: { action: string }[] }
  const activity = await json<Told>(alice.fetch(`${path}/activity?about=comment`))
  assert.equal(activity.items[0]?.action, 'comment.removed')

  const { items: removals } = await json<{ items: { id: string }[] }>(alice.fetch(`${path}/removals`))
  const restoration = `${path}/removals/${removals[0]?.id}/restoration`
  assert.equal(await status(alice.fetch(restoration, { method: 'POST' })), 200)
  assert.deepEqual(
    (await ofItem()).map(({ id, body, itemId }) => [id, body, itemId]),
    [[said.id, 'Strong in radar', item]],
  )
  assert.equal(await status(alice.fetch(path, { method: 'DELETE' })), 204)
  const { rows } = await admin.query('select from contractors.contractor_list_comments where list_id = $1', [list])
  assert.equal(rows.length, 0, 'with the list they go')
})

test('GG-18 a connection that a guest has used is the program’s again, also after his statement has failed', async () => {
  const list = await makeList(alice, 'Borrowed connections')
  await addItem(alice, list)
  const made = await share(alice, list, { email: 'pool@outside.example', permission: 'edit' })
  const guest = await open(tokenOf(made.json))
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      i % 2
        ? guest.get(`/shared-lists/${list}/items`)
        : guest.send('POST', `/shared-lists/${list}/items`, { uei: 'LEJDDS000001' }),
    ),
  )
  assert.deepEqual(new Set(results.map(({ status }) => status)), new Set([200, 409]))
  const states = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? db.scoped({}) : db.reads({})).one<{ role: string; left: string }>(sql`
        select current_setting('role') as role, concat(
          current_setting('app.share_session', true), current_setting('app.tenant_id', true),
          current_setting('app.system', true), current_setting('app.user_id', true)
        ) as left, pg_sleep(0.02)::text as slept
      `),
    ),
  )
  assert.deepEqual(new Set(states.map(({ role, left }) => `${role} ${left}`)), new Set(['none ']))
})

test('GG-04 whose list a leaver’s becomes answers for no links that he has not sent', async () => {
  const leaver = await member('leaver@meridian.example', 'Leo Leaver')
  const list = await makeList(leaver, 'Left')
  const made = await share(leaver, list, { email: 'left@outside.example', permission: 'view' })
  const guest = await open(tokenOf(made.json))
  assert.equal(guest.status, 200)
  assert.equal(
    await status(alice.fetch(`/members/${leaver.userId}`, { method: 'DELETE', body: { reason: 'Moved on' } })),
    204,
  )
  assert.equal((await guest.get(`/shared-lists/${list}`)).status, 401)
  assert.equal((await open(tokenOf(made.json))).status, 404)
  const { items } = await json<{ items: Made[] }>(alice.fetch(`/contractor-lists/${list}/shares`))
  assert.equal(items[0]?.status, 'stopped')
  const renewed = await json<Made>(
    alice.fetch(`/contractor-lists/${list}/shares/${made.json.id}/link`, { method: 'POST', body: { sendMail: false } }),
  )
  assert.equal(renewed.isMailed, false)
  assert.equal((await open(tokenOf(renewed))).status, 200)
  await runJobs(world)
  await believedNoLonger()
})

async function member(email: string, fullName: string): Promise<Person> {
  const person = await newPerson(world, { email, fullName })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  return await signIn(baseUrl, person, alice.tenantId)
}

async function setRole(person: Person, role: string): Promise<void> {
  await admin.query('alter table access.user_tenant_roles disable trigger user')
  await admin.query(
    `update access.user_tenant_roles as held
     set role_id = role.id
     from access.roles as role, tenancy.user_tenants as membership
     where role.tenant_id = held.tenant_id and role.name = $3 and membership.tenant_id = held.tenant_id
       and membership.id = held.user_tenant_id and membership.user_id = $1 and membership.tenant_id = $2`,
    [person.userId, person.tenantId, role],
  )
  await admin.query('alter table access.user_tenant_roles enable trigger user')
  await believedNoLonger()
}

async function makeContractor(uei: string, name: string): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, total_contract_value) values ($1, $2, 1000) returning id',
    [uei, name],
  )
  return rows[0].id
}

async function makeList(person: Person, name: string): Promise<string> {
  return (await json<{ id: string }>(person.fetch('/contractor-lists', { method: 'POST', body: { name } }))).id
}

async function addItem(person: Person, list: string, fields: object = {}): Promise<string> {
  const body = { contractorId: leidos, ...fields }
  return (await json<{ id: string }>(person.fetch(`/contractor-lists/${list}/items`, { method: 'POST', body }))).id
}

async function share(person: Person, list: string, body: object, headers: Record<string, string> = {}) {
  const answer = await person.fetch(`/contractor-lists/${list}/shares`, { method: 'POST', body, headers })
  return { status: answer.status, json: (await answer.json()) as Made & { code: string } }
}

const tokenOf = ({ link }: Pick<Made, 'link'>) =>
  new URLSearchParams(new URL(link ?? '').hash.slice(1)).get('token') ?? ''

/** As a browser of somebody without an account. */
async function open(token: string, password?: string) {
  const own = { 'sec-fetch-site': 'same-origin', origin: app.publicUrl }
  const answer = await fetch(`${baseUrl}/api/v1/shared-lists`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...own },
    body: JSON.stringify({ token, ...(password !== undefined && { password }) }),
  })
  const body = (await answer.json()) as { code: string; requestId?: string }
  const setCookie = answer.headers.get('set-cookie') ?? ''
  const cookie = setCookie.split(';')[0] ?? ''
  // biome-ignore lint/suspicious/noExplicitAny: answers of many routes
  const ask = async (path: string, init: RequestInit): Promise<{ status: number; headers: Headers; json: any }> => {
    const answer = await fetch(`${baseUrl}/api/v1${path}`, init)
    return { status: answer.status, headers: answer.headers, json: await answer.json().catch(() => undefined) }
  }
  return {
    status: answer.status,
    code: body.code,
    answer: { ...body, requestId: undefined },
    setCookie,
    cookie,
    get: (path: string, headers: Record<string, string> = {}) => ask(path, { headers: { cookie, ...headers } }),
    send: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      ask(path, {
        method,
        headers: { cookie, ...own, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}

async function json<T>(asked: Promise<Response>): Promise<T> {
  return (await (await asked).json()) as T
}

async function status(asked: Promise<Response>): Promise<number> {
  return (await asked).status
}
