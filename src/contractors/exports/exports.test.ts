import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readSheet } from 'read-excel-file/node'
import { runJobs } from '#test/jobs.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import type { Export } from './exports.ts'
import { keptHours, runExport } from './making.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, app, bob, login, viewer } = world

const known = await makeContractors(3)
const [first = '', second = '', third = ''] = known
const hidden = await makeContractor('H1DDEN000001', 'Hidden Ltd', { is_hidden: true })

type Answer = { status: number; headers: Headers; json: Export & { code: string; items: Export[] } }
async function call(person: Person, path: string, method = 'GET', body?: unknown): Promise<Answer> {
  const response = await person.fetch(path, { method, body })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text.startsWith('{') ? JSON.parse(text) : {} }
}
const ask = (person: Person, body: unknown) => call(person, '/contractor-exports', 'POST', body)
const fetchFile = (person: Person, id: string, headers: Record<string, string> = {}) =>
  person.fetch(`/contractor-exports/${id}/file`, { headers })
const linesOf = (text: string) => text.trimEnd().split('\r\n').slice(1)
const chunksOf = async (id: string) =>
  (
    await admin.query('select attempt, position from contractors.export_chunks where export_id = $1 order by 1, 2', [
      id,
    ])
  ).rows
const eventsOf = async (id: string) =>
  (
    await admin.query(
      `select action, user_id as "userId", details from audit.audit_logs
       where resource = 'contractors.exports' and resource_id = $1 order by id`,
      [id],
    )
  ).rows

test('GG-06 ticked contractors come in their order, at once, with what was asked for and nobody hidden', async () => {
  const { status, json } = await ask(alice, {
    format: 'csv',
    selection: { ids: [third, hidden, first] },
    columns: ['name', 'uei', 'totalContractValue'],
  })
  assert.equal(status, 201)
  assert.deepEqual([json.status, json.rowsDone, json.rowsTotal, json.selection], ['done', 2, 2, 'ids'])
  const file = await fetchFile(alice, json.id)
  assert.equal(file.status, 200)
  assert.equal(file.headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
  assert.match(
    file.headers.get('content-disposition') ?? '',
    /^attachment; filename="selected-contractors-\d{4}-\d\d-\d\d\.csv"/,
  )
  assert.equal(file.headers.get('cache-control'), 'private, no-store')
  const text = await file.text()
  assert.equal(text, 'Name,UEI,Total contract value (USD)\r\nFirm 2,UE1000000002,2.00\r\nFirm 0,UE1000000000,0.00\r\n')
  assert.equal(json.byteCount, Buffer.byteLength(text))
  const events = await eventsOf(json.id)
  assert.deepEqual(
    events.map(({ action, userId }) => [action, userId]),
    [
      ['export', alice.userId],
      ['download', alice.userId],
    ],
  )
  assert.deepEqual([events[0].details.rows, events[0].details.selected], [2, 3])
  assert.ok(new Date(json.expiresAt as never).getTime() - Date.now() > (keptHours - 1) * 3_600_000)
})

test('GG-06 GG-18 AG-01 nobody else sees, fetches or deletes an export, in the tenant or beside it', async () => {
  const colleague = await makeColleague()
  const { json } = await ask(alice, { format: 'json', selection: { ids: [first] } })
  for (const other of [bob, colleague]) {
    assert.equal((await call(other, `/contractor-exports/${json.id}`)).status, 404)
    assert.equal((await fetchFile(other, json.id)).status, 404)
    assert.equal((await call(other, `/contractor-exports/${json.id}`, 'DELETE')).status, 404)
    assert.deepEqual((await call(other, '/contractor-exports')).json.items, [])
  }
  assert.equal((await ask(viewer, { format: 'csv', selection: { ids: [first] } })).status, 403)
  assert.equal((await call(viewer, '/contractor-exports')).status, 403)
  const own = await ask(colleague, { format: 'csv', selection: { ids: [first] } })
  assert.equal((await fetchFile(colleague, own.json.id)).status, 200, 'control: his own')
  const mine = (await call(alice, '/contractor-exports')).json.items.map(({ id }) => id)
  assert.ok(mine.includes(json.id) && !mine.includes(own.json.id))
  assert.equal((await call(alice, `/contractor-exports/${json.id}`, 'DELETE')).status, 204)
  assert.equal((await fetchFile(alice, json.id)).status, 404)
  assert.deepEqual(await chunksOf(json.id), [])
})

test('GG-09 a list comes in its order with what is noted in it, as CSV, XLSX, JSON and PDF', async () => {
  const list = (await call(alice, '/contractor-lists', 'POST', { name: '=Teaming' })).json.id
  for (const [index, contractorId] of [first, second, third].entries()) {
    const noted = { notes: index === 1 ? '=1+1' : 'fine', tags: ['a', 'b'], rating: index + 1, priority: 'high' }
    const added = await call(alice, `/contractor-lists/${list}/items`, 'POST', { contractorId, ...noted })
    assert.equal(added.status, 201)
  }
  const columns = ['name', 'notes', 'tags', 'rating', 'priority']
  const files = new Map<string, Buffer>()
  for (const format of ['csv', 'xlsx', 'json', 'pdf']) {
    const { json, status } = await ask(alice, { format, selection: { listId: list }, columns })
    assert.deepEqual([status, json.status, json.rowsDone, json.title], [201, 'done', 3, '=Teaming'])
    files.set(format, Buffer.from(await (await fetchFile(alice, json.id)).arrayBuffer()))
  }
  assert.deepEqual(linesOf(String(files.get('csv'))), [
    'Firm 2,fine,"a; b",3,high',
    `Firm 1,'=1+1,"a; b",2,high`,
    'Firm 0,fine,"a; b",1,high',
  ])
  const sheet = await readSheet(files.get('xlsx') ?? Buffer.alloc(0), 'Contractors')
  assert.deepEqual(sheet[2], ['Firm 1', '=1+1', 'a; b', 2, 'high'])
  assert.deepEqual(JSON.parse(String(files.get('json')))[1], {
    name: 'Firm 1',
    notes: '=1+1',
    tags: ['a', 'b'],
    rating: 2,
    priority: 'high',
  })
  assert.equal(files.get('pdf')?.subarray(0, 5).toString(), '%PDF-')
  const fields = ['Stage', 'Fee', 'Due', 'Owner'].map(name => ({ id: name.toLowerCase(), name, kind: 'text' }))
  await call(alice, `/contractor-lists/${list}`, 'PATCH', { settings: { fields, columns: null, sort: null } })
  const preview = await call(alice, '/contractor-exports/preview', 'POST', { selection: { listId: list } })
  type Preview = { columns: { label: string; isInDocuments: boolean }[] }
  const inDocuments = (preview.json as unknown as Preview).columns.filter(each => each.isInDocuments)
  const labels = inDocuments.map(({ label }) => label)
  assert.equal(labels.length, 12)
  assert.deepEqual(labels.slice(-4), ['Stage', 'Fee', 'Due', 'Owner'], 'a document has the list’s own fields')
  assert.equal((await call(bob, '/contractor-exports/preview', 'POST', { selection: { listId: list } })).status, 404)
  const ticked = await ask(alice, { format: 'csv', selection: { listId: list, ids: [first] }, columns })
  assert.deepEqual(linesOf(await (await fetchFile(alice, ticked.json.id)).text()), ['Firm 0,fine,"a; b",1,high'])
  assert.equal((await ask(bob, { format: 'csv', selection: { listId: list } })).status, 404)
})

test('GG-09 GG-18 whoever may no more see a list cannot fetch what he has exported of it', async () => {
  const colleague = await makeColleague()
  const list = (await call(alice, '/contractor-lists', 'POST', { name: 'Open for now', isPublic: true })).json.id
  await call(alice, `/contractor-lists/${list}/items`, 'POST', { contractorId: first })
  const { json } = await ask(colleague, { format: 'csv', selection: { listId: list } })
  assert.equal((await fetchFile(colleague, json.id)).status, 200, 'control')
  await call(alice, `/contractor-lists/${list}`, 'PATCH', { isPublic: false })
  const refused = await fetchFile(colleague, json.id)
  assert.deepEqual([refused.status, (await refused.json()).code], [404, 'contractors.list_not_found'])
})

test('GG-06 a search comes as its pages do, and says in words what it was', async () => {
  const { json } = await ask(alice, {
    format: 'csv',
    selection: { search: { state: ['VA'], sort: 'name' } },
    columns: ['name'],
  })
  assert.deepEqual([json.status, json.selection], ['done', 'search'])
  const shown = await (await alice.fetch('/contractors?state=VA&sort=name&limit=100')).json()
  assert.deepEqual(
    linesOf(await (await fetchFile(alice, json.id)).text()),
    shown.items.map((each: { name: string }) => each.name),
  )
  const preview = await (
    await alice.fetch('/contractor-exports/preview', {
      method: 'POST',
      body: { selection: { search: { state: ['VA'], q: 'firm' } } },
    })
  ).json()
  assert.deepEqual([preview.rows, preview.filters], [3, ['State: VA', 'Words: firm']])
  assert.equal(preview.limits.pdf, 2000)
})

test('GG-06 GG-08 of a rolled-up search the families’ sums are exported, and codes are said with their names', async () => {
  const head = await makeContractor('HEAD00000001', 'Rolled head', {
    family_uei: 'HEAD00000001',
    total_contract_value: 10,
  })
  await makeContractor('CH1LD0000001', 'Rolled child', { family_uei: 'HEAD00000001', total_contract_value: 500 })
  await makeContractor('S1NGLE000001', 'Rolled single', { family_uei: 'S1NGLE000001', total_contract_value: 400 })
  await admin.query(
    `insert into contractors.families
      (uei, name, profile_count, total_contract_value, active_contracts_count, completed_contracts_count, head_id, is_named_only)
    values ('HEAD00000001', 'Rolled head', 2, 510, 3, 4, $1, false)`,
    [head],
  )
  const rolled = { search: { q: 'rolled', rollUp: true } }
  const { json } = await ask(alice, { format: 'csv', selection: rolled })
  const [labels, ...rows] = (await (await fetchFile(alice, json.id)).text()).trimEnd().split('\r\n')
  assert.ok(
    labels?.endsWith(
      'Family,UEI of the family’s top,Contractors in the family,Contract value of the family (USD),Active contracts of the family,Completed contracts of the family',
    ),
  )
  assert.deepEqual(
    rows.map(row => [row.split(',')[0], ...row.split(',').slice(-6)]),
    [
      ['Rolled head', 'Rolled head', 'HEAD00000001', '2', '510.00', '3', '4'],
      ['Rolled single', 'Rolled single', 'S1NGLE000001', '1', '400.00', '0', '0'],
    ],
  )
  const previewOf = async (search: object) => {
    const asked = alice.fetch('/contractor-exports/preview', { method: 'POST', body: { selection: { search } } })
    return (await (await asked).json()).filters
  }
  assert.deepEqual(await previewOf(rolled.search), ['Words: rolled', 'Rolled up to parents: yes'])
  await admin.query(`insert into contractors.agencies values ('9700', 'DEPT OF DEFENSE') on conflict do nothing`)
  await admin.query(`insert into contractors.naics_codes (code, edition, level, title)
    values ('541512', 2022, 6, 'Computer Systems Design Services') on conflict do nothing`)
  assert.deepEqual(
    await previewOf({ agency: ['9700', '1605'], naics: ['541512', '11'], businessType: ['ZZ'], sort: 'awarded' }),
    [
      'Agency: DEPT OF DEFENSE (9700), Department of Labor (1605)',
      'NAICS code begins with: Computer Systems Design Services (541512), 11',
      'Business type: ZZ',
      'Sorted by: latest award',
    ],
  )
  await admin.query(`delete from contractors.contractor_profiles where name like 'Rolled %'`)
  await admin.query(`delete from contractors.families where uei = 'HEAD00000001'`)
})

test('what cannot be exported is refused, and says why', async () => {
  const refusals: [body: unknown, code: string][] = [
    [{ format: 'csv', selection: {} }, 'contractors.export_selection_unclear'],
    [{ format: 'csv', selection: { ids: [first], search: {} } }, 'contractors.export_selection_unclear'],
    [{ format: 'csv', selection: { ids: [first] }, columns: ['nothing'] }, 'contractors.export_column_unknown'],
    [{ format: 'csv', selection: { ids: [first] }, columns: ['notes'] }, 'contractors.export_column_unknown'],
    [{ format: 'doc', selection: { ids: [first] } }, 'http.request_invalid'],
    [
      {
        format: 'pdf',
        selection: {
          ids: Array.from({ length: 2_001 }, (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
        },
      },
      'contractors.export_too_large',
    ],
  ]
  for (const [body, code] of refusals) {
    const { status, json } = await ask(alice, body)
    assert.deepEqual([status, json.code], [400, code])
  }
})

test('GG-06 of many exports that one asks for at once three are made, and 50 are kept', async () => {
  const greedy = await newPerson(world, { tenantName: 'Greedy' })
  const body = { format: 'json', selection: { ids: [first] } }
  await admin.query(
    `insert into contractors.exports (tenant_id, user_id, format, title)
     select $1, $2, 'csv', 'Waits' from generate_series(1, 2)`,
    [greedy.tenantId, greedy.userId],
  )
  const run = (count: number) => Promise.all(Array.from({ length: count }, () => ask(greedy, body)))
  // Under way at each moment: the two that wait, and one.
  const watching = { most: 0, isOver: false }
  const watch = (async () => {
    while (!watching.isOver) {
      const { rows } = await admin.query(
        `select count(*)::integer as count from contractors.exports
         where tenant_id = $1 and status in ('waiting', 'running')`,
        [greedy.tenantId],
      )
      watching.most = Math.max(watching.most, rows[0].count)
    }
  })()
  const answers = await run(12)
  watching.isOver = true
  await watch
  assert.equal(watching.most, 3)
  const refused = answers.filter(({ status }) => status === 409)
  assert.ok(refused.length > 0)
  assert.ok(refused.every(({ json }) => json.code === 'contractors.exports_under_way'))
  assert.ok(answers.some(({ status }) => status === 201))

  await admin.query(`delete from contractors.exports where tenant_id = $1`, [greedy.tenantId])
  await admin.query(
    `insert into contractors.exports (tenant_id, user_id, format, title, status, expires_at)
     select $1, $2, 'csv', 'Kept', 'done', now() + interval '1 hour' from generate_series(1, 49)`,
    [greedy.tenantId, greedy.userId],
  )
  assert.equal((await run(2)).filter(({ status }) => status === 201).length, 1)
  assert.equal((await ask(greedy, body)).json.code, 'contractors.exports_too_many')
})

test('GG-10 a list’s own fields are exported by their kind, and a text from before a change of kind is never a formula', async () => {
  const list = await call(alice, '/contractor-lists', 'POST', { name: 'Own fields' })
  const path = `/contractor-lists/${list.json.id}`
  const setKind = (kind: string) =>
    call(alice, path, 'PATCH', {
      settings: {
        fields: [
          { id: 'was', name: 'Was text', kind },
          { id: 'sum', name: '=Sum', kind: 'number' },
          { id: 'day', name: 'Day', kind: 'date' },
          { id: 'yes', name: 'Yes', kind: 'yes_no' },
        ],
        columns: null,
        sort: null,
      },
    })
  assert.equal((await setKind('text')).status, 200)
  const added = await call(alice, `${path}/items`, 'POST', {
    contractorId: first,
    customData: { was: '=1+1', sum: -2.5, day: '2026-01-02', yes: false },
  })
  assert.equal(added.status, 201)
  const columns = ['custom.was', 'custom.sum', 'custom.day', 'custom.yes']
  const made = async (format: string) => {
    const { json } = await ask(alice, { format, selection: { listId: list.json.id }, columns })
    return await fetchFile(alice, json.id)
  }
  for (const kind of ['text', 'number', 'date', 'yes_no']) {
    await setKind(kind)
    assert.equal(
      await (await made('csv')).text(),
      "Was text,'=Sum,Day,Yes\r\n'=1+1,-2.5,2026-01-02,false\r\n",
      `CSV of ${kind}`,
    )
    const cells = await readSheet(Buffer.from(await (await made('xlsx')).arrayBuffer()), 'Contractors')
    assert.deepEqual(cells[1], ['=1+1', -2.5, new Date('2026-01-02T00:00:00Z'), false], `XLSX of ${kind}`)
  }
  await admin.query(`delete from contractors.exports where user_id = $1`, [alice.userId])
})

test('a part of a file can be fetched, and what is beyond its end is refused', async () => {
  const { json } = await ask(alice, { format: 'json', selection: { ids: known } })
  const whole = await (await fetchFile(alice, json.id)).text()
  const part = async (range: string, more = {}) => {
    const response = await fetchFile(alice, json.id, { range, ...more })
    return [response.status, response.headers.get('content-range'), await response.text()]
  }
  const size = whole.length
  assert.deepEqual(await part('bytes=2-5'), [206, `bytes 2-5/${size}`, whole.slice(2, 6)])
  assert.deepEqual(await part(`bytes=${size - 3}-`), [206, `bytes ${size - 3}-${size - 1}/${size}`, whole.slice(-3)])
  assert.deepEqual(await part('bytes=-4'), [206, `bytes ${size - 4}-${size - 1}/${size}`, whole.slice(-4)])
  assert.deepEqual(await part(`bytes=${size}-`), [416, `bytes */${size}`, ''])
  assert.deepEqual(await part('bytes=9-2'), [200, null, whole])
  assert.deepEqual(await part('bytes=0-1', { 'if-range': '"another"' }), [200, null, whole])
  const downloads = (await eventsOf(json.id)).filter(({ action }) => action === 'download')
  assert.equal(downloads.length, 3, 'from the beginning only')
})

test('GG-06 GG-12 who fetches all but the first byte is in the log like everybody, and what goes on with a fetch is not told twice', async () => {
  const { json } = await ask(alice, { format: 'json', selection: { ids: known } })
  const downloads = async () => (await eventsOf(json.id)).filter(({ action }) => action === 'download').length
  assert.equal((await fetchFile(alice, json.id, { range: 'bytes=1-' })).status, 206)
  assert.equal(await downloads(), 1)
  assert.equal((await fetchFile(alice, json.id, { range: 'bytes=5-' })).status, 206)
  assert.equal(await downloads(), 1)
  await admin.query(`update contractors.exports set downloaded_at = now() - interval '61 minutes' where id = $1`, [
    json.id,
  ])
  assert.equal((await fetchFile(alice, json.id, { range: 'bytes=1-' })).status, 206)
  assert.equal(await downloads(), 2)
})

test('GG-06 no title leads a file name astray: no folder, no header, no direction', async () => {
  const name = '..\\..\u202efdp.exe/\u2066x"; filename="evil.exe'
  const list = (await call(alice, '/contractor-lists', 'POST', { name })).json as { id: string }
  const { json } = await ask(alice, { format: 'csv', selection: { listId: list.id } })
  const disposition = (await fetchFile(alice, json.id)).headers.get('content-disposition') ?? ''
  assert.match(
    disposition,
    /^attachment; filename="[a-z0-9_-]+\.csv"; filename\*=UTF-8''[A-Za-z0-9._~%!#$&+^`|-]+\.csv$/,
  )
  const shown = decodeURIComponent(disposition.split("''")[1] ?? '')
  assert.doesNotMatch(shown, /[\\/"\p{Bidi_Control}\p{Cc}]/u)
})

test('GG-06 many contractors are exported by a job, with progress, a notice and every one once', async () => {
  await makeContractors(2_500, 'MANY', 'MD')
  const { json } = await ask(alice, {
    format: 'csv',
    selection: { search: { state: ['MD'] } },
    columns: ['uei', 'name'],
  })
  assert.deepEqual([json.status, json.rowsTotal], ['waiting', 2_500])
  const early = await fetchFile(alice, json.id)
  assert.deepEqual([early.status, (await early.json()).code], [409, 'contractors.export_unfinished'])
  assert.ok((await runJobs(world)).includes('contractors.make-export'))
  const done = (await call(alice, `/contractor-exports/${json.id}`)).json
  assert.deepEqual([done.status, done.rowsDone], ['done', 2_500])
  const lines = linesOf(await (await fetchFile(alice, json.id)).text())
  assert.deepEqual([lines.length, new Set(lines).size], [2_500, 2_500])
  const { items } = await (await alice.fetch('/notifications')).json()
  const notice = items.find((each: { data: { exportId: string } }) => each.data.exportId === json.id)
  assert.equal(notice.title, 'Your export “Contractors found” is ready: 2,500 contractors as CSV')
  const own = await admin.query(
    `select count(*)::int as n from notifications.notifications where data ->> 'exportId' = any($1)`,
    [(await call(alice, '/contractor-exports')).json.items.map(({ id }) => id)],
  )
  assert.equal(own.rows[0].n, 1, 'none for those that came at once')
})

test('GG-06 of more than 10,000 contractors nobody waits for the count, and the job tells it', async () => {
  await makeContractors(10_050, 'GREAT', 'CA')
  const search = { state: ['CA'] }
  const { json } = await ask(alice, { format: 'json', selection: { search }, columns: ['uei'] })
  assert.deepEqual([json.status, json.rowsTotal], ['waiting', null])
  const refused = await ask(alice, { format: 'pdf', selection: { search } })
  assert.equal(refused.json.code, 'contractors.export_too_large')
  const scope = { tenantId: alice.tenantId, userId: alice.userId }
  const making = runExport(app, scope, json.id)
  const seen = new Set<number | null>()
  for (let isDone = false; !isDone; await sleep(5)) {
    const { status, rowsTotal } = (await call(alice, `/contractor-exports/${json.id}`)).json
    seen.add(rowsTotal)
    isDone = status === 'done'
  }
  await making
  assert.deepEqual([...seen], [null, 10_050])
  const file = await (await fetchFile(alice, json.id)).json()
  assert.equal(new Set(file.map(({ uei }: { uei: string }) => uei)).size, 10_050)
  await runJobs(world)
})

test('a worker that is killed leaves nothing to fetch, and the next one makes the file whole', async () => {
  const body = { format: 'csv', selection: { search: { state: ['MD'] } } }
  await admin.query(`update contractors.contractor_profiles set address_line_1 = repeat('a', 250) where state = 'MD'`)
  const { json } = await ask(alice, body)
  const scope = { tenantId: alice.tenantId, userId: alice.userId }
  const doomed = fork(new URL('./exports.test.doomed.ts', import.meta.url), [
    JSON.stringify(login),
    JSON.stringify(scope),
    json.id,
  ])
  const exited = once(doomed, 'exit')
  while ((await chunksOf(json.id)).length === 0 && doomed.exitCode === null) await sleep(1)
  doomed.kill('SIGKILL')
  await exited
  const left = (await call(alice, `/contractor-exports/${json.id}`)).json
  assert.equal(left.status, 'running')
  assert.ok((await chunksOf(json.id)).length > 0)
  assert.equal((await fetchFile(alice, json.id)).status, 409)

  await runJobs(world)
  assert.equal((await call(alice, `/contractor-exports/${json.id}`)).json.status, 'done')
  assert.deepEqual(new Set((await chunksOf(json.id)).map(({ attempt }) => attempt)), new Set([2]))
  const lines = linesOf(await (await fetchFile(alice, json.id)).text())
  assert.deepEqual([lines.length, new Set(lines).size], [2_500, 2_500])
  assert.deepEqual(
    (await eventsOf(json.id)).map(({ action }) => action),
    ['export', 'download'],
  )
})

test('one of two workers makes the file, and one that was cancelled is not made', async () => {
  const scope = { tenantId: alice.tenantId, userId: alice.userId }
  const search = { format: 'xlsx', selection: { search: { state: ['MD'] } } }
  const { json } = await ask(alice, search)
  await Promise.all([runExport(app, scope, json.id), runExport(app, scope, json.id)])
  const done = (await call(alice, `/contractor-exports/${json.id}`)).json
  assert.equal(done.status, 'done')
  assert.equal(new Set((await chunksOf(json.id)).map(({ attempt }) => attempt)).size, 1)
  const rows = await readSheet(Buffer.from(await (await fetchFile(alice, json.id)).arrayBuffer()), 'Contractors')
  assert.equal(rows.length, 2_501)
  assert.equal((await eventsOf(json.id)).filter(({ action }) => action === 'export').length, 1)

  const cancelled = (await ask(alice, search)).json.id
  const making = runExport(app, scope, cancelled)
  await sleep(15)
  assert.equal((await call(alice, `/contractor-exports/${cancelled}`, 'DELETE')).status, 204)
  await making
  assert.equal((await call(alice, `/contractor-exports/${cancelled}`)).status, 404)
  assert.deepEqual(await chunksOf(cancelled), [])
  await runJobs(world)
})

test('an expired file cannot be fetched, and its bytes are removed', async () => {
  const { json } = await ask(alice, { format: 'csv', selection: { ids: [first] } })
  await admin.query(`update contractors.exports set expires_at = now() - interval '1 second' where id = $1`, [json.id])
  assert.equal((await fetchFile(alice, json.id)).status, 404)
  assert.equal((await call(alice, `/contractor-exports/${json.id}`)).status, 404)
  assert.equal((await chunksOf(json.id)).length, 1, 'control: still there')
  await admin.query(
    `update jobs.job set start_after = now() where name = 'contractors.remove-export' and state = 'created'`,
  )
  await runJobs(world)
  assert.deepEqual(await chunksOf(json.id), [])
  const kept = await admin.query('select count(*)::int as n from contractors.exports where expires_at > now()')
  assert.ok(kept.rows[0].n > 0, 'control: the others stay')
})

test('AG-02 what a plan allows in a month is the end of it', async () => {
  const { rows } = await admin.query(
    `select usage.used_in($1, 'contractors.exports', 'month', date_trunc('month', now())) as used`,
    [bob.tenantId],
  )
  assert.equal(Number(rows[0].used), 0)
  assert.equal((await ask(bob, { format: 'csv', selection: { ids: [first] } })).status, 201)
  await admin.query(
    `insert into usage.tenant_limits (tenant_id, metric_name, quota, is_hard) values ($1, 'contractors.exports', 1, true)`,
    [bob.tenantId],
  )
  const refused = await ask(bob, { format: 'csv', selection: { ids: [first] } })
  assert.deepEqual([refused.status, refused.json.code], [429, 'usage.monthly_quota_exceeded'])
})

async function makeColleague(): Promise<Person> {
  const person = await newPerson(world)
  await joinAs(world, person.userId, alice.tenantId, 'member')
  return await signIn(world.baseUrl, person, alice.tenantId)
}

async function makeContractor(uei: string, name: string, more: Record<string, unknown> = {}): Promise<string> {
  const columns = { uei, name, ...more }
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (${Object.keys(columns)})
     values (${Object.keys(columns).map((_, index) => `$${index + 1}`)}) returning id`,
    Object.values(columns),
  )
  return rows[0].id
}

async function makeContractors(count: number, prefix = 'UE1', state = 'VA'): Promise<string[]> {
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (uei, name, state, total_contract_value)
     select $1 || lpad(n::text, 12 - length($1), '0'), 'Firm ' || n, $2, n
     from generate_series(0, $3 - 1) as n
     returning id`,
    [prefix, state, count],
  )
  return rows.map(({ id }) => id)
}
