import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { admitGuest, asGuest } from './guests.ts'
import { addSharedItem } from './shared-lists.ts'
import {
  addItem,
  admin,
  alice,
  app,
  baseUrl,
  bob,
  db,
  json,
  makeList,
  open,
  setAddresses,
  share,
  status,
  tokenOf,
} from './sharing.test.world.ts'

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

test('GG-09 GG-11 a guest sees a list’s own fields where remarks are shown, and fills them where he may edit', async () => {
  const list = await makeList(alice, 'With fields of its own')
  const fields = [
    { id: 'stage', name: 'Stage', kind: 'choice', options: ['New', 'Met'] },
    { id: 'margin', name: 'Margin', kind: 'number' },
  ]
  const settings = (fields: object[]) =>
    alice.fetch(`/contractor-lists/${list}`, {
      method: 'PATCH',
      body: { settings: { fields, columns: null, sort: null } },
    })
  const gone = { id: 'gone', name: 'Given up', kind: 'text' }
  assert.equal(await status(settings([...fields, gone])), 200)
  const item = await addItem(alice, list, { customData: { stage: 'New', margin: 12.5, gone: 'kept' } })
  assert.equal(await status(settings(fields)), 200)
  const opened = async (email: string, permission: string, more: object = {}) =>
    await open(tokenOf((await share(alice, list, { email, permission, ...more })).json))
  const path = `/shared-lists/${list}`

  const looker = await opened('looks@outside.example', 'view')
  assert.deepEqual((await looker.get(path)).json.fields, fields)
  const [seen] = (await looker.get(`${path}/items`)).json.items
  assert.deepEqual(seen.customData, { stage: 'New', margin: 12.5 }, 'of a field that is no more nothing is shown')
  const change = { customData: { stage: 'Met', margin: null } }
  for (const permission of ['view', 'comment']) {
    const guest = permission === 'view' ? looker : await opened('talks@outside.example', permission)
    const refused = await guest.send('PATCH', `${path}/items/${item}`, change, { 'if-match': seen.etag })
    assert.equal(refused.json.code, 'contractors.share_too_weak')
  }
  const plain = await opened('plain@outside.example', 'view', { includesRemarks: false })
  assert.deepEqual((await plain.get(path)).json.fields, [])
  assert.deepEqual((await plain.get(`${path}/items`)).json.items[0].customData, {})

  const editor = await opened('fills@outside.example', 'edit')
  const fill = (customData: object) =>
    editor.send('PATCH', `${path}/items/${item}`, { customData }, { 'if-match': seen.etag })
  assert.equal((await fill({ stage: 'Lost' })).json.code, 'contractors.field_value_unfit')
  assert.equal((await fill({ gone: 'over' })).json.code, 'contractors.field_unknown')
  const filled = await fill(change.customData)
  assert.deepEqual([filled.status, filled.json.customData], [200, { stage: 'Met' }])
  assert.equal((await fill(change.customData)).status, 412, 'an item that was changed meanwhile is not written over')
  const stored = async () =>
    (await admin.query('select custom_data from contractors.contractor_list_items where id = $1', [item])).rows[0]
      .custom_data
  assert.deepEqual(await stored(), { stage: 'Met', gone: 'kept' }, 'what nobody sees any more is not lost')

  // The database alone: a field that the list does not have is not written, and another list's fields are not told.
  const other = await makeList(alice, 'Another with fields')
  const otherItem = await addItem(alice, other, {})
  const cookies = Object.fromEntries([editor.cookie.split('=') as [string, string]])
  const guest = await admitGuest(app, { scope: {}, headers: { 'sec-fetch-site': 'same-origin' }, cookies }, list, true)
  const written = await asGuest(app, guest, tx =>
    tx.one(sql`
      select
        contractors.with_shared_fields(${item}, '{"gone": 1, "margin": 2}', '{stage}') as own,
        contractors.with_shared_fields(${otherItem}, '{"margin": 2}', '{}') as foreign,
        (select count(*)::integer from contractors.shared_remarks(${otherItem})) as remarks
    `),
  )
  assert.deepEqual(written, { own: { gone: 'kept', margin: 2 }, foreign: null, remarks: 0 })
  // As the other tenant the same session opens nothing.
  const elsewhere = await asGuest(app, { ...guest, tenantId: bob.tenantId, scope: { tenantId: bob.tenantId } }, tx =>
    tx.one(sql`
      select contractors.shared_fields() as fields, contractors.with_shared_fields(${item}, '{}', '{}') as own
    `),
  )
  assert.deepEqual(elsewhere, { fields: [], own: null })
})

test('GG-11 a guest who adds while the list is deleted, or his share taken back or narrowed, is told so', async () => {
  const opened = async (name: string) => {
    const list = await makeList(alice, name)
    const made = await share(alice, list, { email: 'racer@outside.example', permission: 'edit' })
    return { list, shareId: made.json.id, guest: await open(tokenOf(made.json)) }
  }
  const add = ({ list, guest }: Awaited<ReturnType<typeof opened>>) =>
    guest.send('POST', `/shared-lists/${list}/items`, { uei: 'VERJZNN00001' })

  const first = await opened('Deleted under the hand')
  await admin.query('begin')
  await admin.query('delete from contractors.contractor_lists where id = $1', [first.list])
  // The guest is let in: the deletion is not done yet. His statement waits for it.
  const adding = add(first)
  for (;;) {
    const { rowCount } = await admin.query('select from pg_locks where not granted')
    if (rowCount) break
  }
  await admin.query('commit')
  const refused = await adding
  assert.deepEqual([refused.status, refused.json.code], [401, 'contractors.shared_list_closed'])

  const second = await opened('Narrowed')
  const cookies = Object.fromEntries([second.guest.cookie.split('=') as [string, string]])
  const asking = { scope: {}, headers: { 'sec-fetch-site': 'same-origin' }, cookies }
  const guest = await admitGuest(app, asking, second.list, true)
  const addLate = () => asGuest(app, guest, tx => addSharedItem(tx, guest, 'VERJZNN00001'))
  const path = `/contractor-lists/${second.list}/shares/${second.shareId}`
  assert.equal((await alice.fetch(path, { method: 'PATCH', body: { permission: 'view' } })).status, 200)
  await assert.rejects(addLate(), { code: 'contractors.share_too_weak' })
  assert.equal((await alice.fetch(path, { method: 'PATCH', body: { permission: 'edit' } })).status, 200)
  await addLate()
  assert.equal((await alice.fetch(path, { method: 'DELETE' })).status, 204)
  await assert.rejects(addLate(), { code: 'contractors.shared_list_closed' })
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

test('MT-16 GG-11 guests come from where members may come, asked at each request and before a link is used up', async () => {
  const list = await makeList(alice, 'From the office')
  const item = await addItem(alice, list)
  const made = await share(alice, list, {
    email: 'network@outside.example',
    permission: 'edit',
    isSingleUse: true,
    password: 'plover quartz 71',
  })
  const token = tokenOf(made.json)
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const refused = 'contractors.guest_address_refused'
  await setAddresses(['192.0.2.0/24'], ['192.0.2.66'])
  for (const address of ['198.51.100.7', '192.0.2.66', '2001:db8::7']) {
    const elsewhere = await open(token, undefined, from(address))
    assert.deepEqual([elsewhere.status, elsewhere.code, elsewhere.setCookie], [403, refused, ''], address)
  }
  const guessed = await open('A'.repeat(64), undefined, from('198.51.100.7'))
  assert.equal(guessed.code, 'contractors.link_unusable', 'who has no link learns nothing of the rules')
  const guest = await open(token, 'plover quartz 71', from('192.0.2.7'))
  assert.equal(guest.status, 200, 'no wrong password was counted, and the one time is left')

  const path = `/shared-lists/${list}`
  const asked = [
    () => guest.get(path),
    () => guest.get(`${path}/items`),
    () => guest.get(`${path}/comments`),
    () => guest.send('POST', `${path}/comments`, { body: 'Hello' }),
    () => guest.send('PATCH', `${path}/items/${item}`, { rating: 2 }),
    () => guest.send('POST', `${path}/items`, { uei: 'VERJZNN00001' }),
  ]
  for (const ask of asked.slice(0, -1)) assert.ok((await ask()).status < 300, 'control')
  assert.equal((await guest.get(path, from('198.51.100.7'))).json.code, refused, 'he goes elsewhere')
  await setAddresses(['203.0.113.0/24'])
  for (const ask of asked) {
    const { status, json } = await ask()
    assert.deepEqual([status, json.code], [403, refused], 'the rule changes')
  }
  const unknown = await guest.get(path, { cookie: guest.cookie.slice(0, -1) })
  assert.equal(unknown.json.code, 'contractors.shared_list_closed')
  await setAddresses([])
  assert.equal((await guest.get(path)).status, 200, 'and back')
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
