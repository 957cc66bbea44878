import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runJobs } from '#test/jobs.ts'
import { type Person, testWorld } from '#test/world.ts'
import { contractorsModule } from './module.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, app, baseUrl } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])

/** What each write leaves in the log by the number of its request, as "action table"; nothing twice. */
const logged = {
  'POST /contractor-lists': ['insert contractor_lists'],
  'PATCH /contractor-lists/{id}': ['update contractor_lists'],
  'DELETE /contractor-lists/{id}': ['delete contractor_list_items', 'delete contractor_lists'],
  'POST /contractor-lists/{id}/copy': ['insert contractor_list_items', 'insert contractor_lists'],
  'POST /contractor-lists/{id}/merge': ['insert contractor_list_items'],
  'POST /contractor-lists/{id}/items': ['insert contractor_list_items'],
  'PATCH /contractor-lists/{id}/items/{itemId}': ['update contractor_list_items'],
  'DELETE /contractor-lists/{id}/items/{itemId}': ['delete contractor_list_items'],
  'POST /contractor-lists/{id}/additions': ['insert contractor_list_items'],
  'POST /contractor-lists/{id}/sheets': ['insert contractor_list_items'],
  'POST /contractor-lists/{id}/changes': ['update contractor_list_items'],
  'POST /contractor-lists/{id}/removals': ['delete contractor_list_items'],
  'POST /contractor-lists/{id}/removals/{removalId}/restoration': ['insert contractor_list_items'],
  'POST /contractor-lists/{id}/transfers': ['delete contractor_list_items', 'insert contractor_list_items'],
  'POST /contractor-lists/{id}/shares': ['insert contractor_list_shares'],
  'PATCH /contractor-lists/{id}/shares/{shareId}': ['update contractor_list_shares'],
  'POST /contractor-lists/{id}/shares/{shareId}/link': ['update contractor_list_shares'],
  'DELETE /contractor-lists/{id}/shares/{shareId}': ['delete contractor_list_shares'],
  'POST /contractor-lists/{id}/comments': ['insert contractor_list_comments'],
  'PATCH /contractor-lists/{id}/comments/{commentId}': ['update contractor_list_comments'],
  'DELETE /contractor-lists/{id}/comments/{commentId}': ['delete contractor_list_comments'],
  'POST /shared-lists': ['update contractor_list_shares'],
  'POST /shared-lists/{id}/items': ['insert contractor_list_items'],
  'PATCH /shared-lists/{id}/items/{itemId}': ['update contractor_list_items'],
  'DELETE /shared-lists/{id}/items/{itemId}': ['delete contractor_list_items'],
  'POST /shared-lists/{id}/comments': ['insert contractor_list_comments'],
  'PATCH /shared-lists/{id}/comments/{commentId}': ['update contractor_list_comments'],
  'DELETE /shared-lists/{id}/comments/{commentId}': ['delete contractor_list_comments'],
  'POST /saved-searches': ['insert saved_searches'],
  'PATCH /saved-searches/{id}': ['update saved_searches'],
  'DELETE /saved-searches/{id}': ['delete saved_searches'],
  'POST /contractor-exports': ['export exports'],
  'DELETE /contractor-exports/{id}': ['delete exports'],
  'POST /contractors/matches/{id}/acceptance': ['insert match_decisions'],
  'POST /contractors/matches/{id}/rejection': ['insert match_decisions'],
  'POST /contractors/matches/acceptances': ['insert match_decisions'],
  'POST /contractors/match-decisions/{id}/undo': ['update match_decisions'],
  'POST /contractors/match-batches/{id}/undo': ['update match_decisions'],
  'POST /contractors/{id}/merges': ['insert match_decisions'],
  'POST /contractors/{id}/splits': ['insert match_decisions'],
  'POST /contractors/{id}/releases': ['update match_decisions'],
  'POST /contractor-summary/refresh': ['refresh contractor_profile_summary'],
}

/** Why the other requests that are no reading leave nothing by their own number. */
const unlogged = {
  'PUT /contractor-lists/{id}/position': 'an order by hand says nothing of what is in it',
  'PUT /contractor-lists/{id}/items/{itemId}/position': 'an order by hand says nothing of what is in it',
  'POST /contractor-lists/{id}/items/{itemId}/views': 'counts how often an item was opened',
  'POST /contractor-lists/{id}/search-additions': 'its job adds the items, and they are logged: see below',
  'POST /contractors/import-files': 'the import is logged: see below',
  'PUT /contractors/import-files/{id}/parts/{number}': 'the import is logged: see below',
  'POST /contractors/imports': 'its job imports, and that is logged: see below',
  'POST /contractor-exports/preview': 'changes nothing',
  'POST /saved-searches/{id}/check': 'looks into the catalogue',
  'POST /saved-searches/{id}/seen': 'says what was looked at',
  'DELETE /shared-lists/{id}/session': 'closes a window',
}

const seen = new Map<string, string[]>()

/** Does what a route is for, and keeps what the log has of it. */
async function write<Answer = Made>(person: Person | Guest, name: Written, ids: Ids = {}, body?: unknown) {
  const [method = '', path = ''] = name.split(' ')
  const address = path.replace(/\{(\w+)\}/g, (_, key: string) => ids[key] ?? assert.fail(`no ${key}`))
  const response = await send(person, address + (ids.query ?? ''), method, body, ids.type)
  const text = await response.text()
  assert.ok(response.ok, `${name} answered ${response.status}: ${text}`)
  const { rows } = await admin.query<{ what: string; isByAsker: boolean }>(
    `select distinct
       action || ' ' || split_part(resource, '.', 2) as what,
       ip_address is not null and user_id is not distinct from $2 as "isByAsker"
     from audit.audit_logs
     where request_id = $1
     order by 1`,
    [response.headers.get('x-request-id'), 'userId' in person ? person.userId : null],
  )
  assert.ok(
    rows.every(({ isByAsker }) => isByAsker),
    `${name}: ${JSON.stringify(rows)}`,
  )
  seen.set(
    name,
    rows.map(({ what }) => what),
  )
  return { ...(text === '' ? {} : JSON.parse(text)), headers: response.headers } as Answer & { headers: Headers }
}

type Written = keyof typeof logged | keyof typeof unlogged
type Ids = Readonly<Record<string, string>>
type Made = { id: string; link: string; removalId: string; listId: string; batchId: string }
/** A browser of somebody without an account. */
type Guest = { cookie: string }

const sheet = Buffer.from('uei,notes\nC134QVM1QLB5,From a sheet\n')
const registrations = readFileSync(
  fileURLToPath(new URL('../../data/contractors/sam_public_v2_real_sample.dat', import.meta.url)),
)
const [first, second, third] = [
  await makeContractor('C12NSYAH27N4', 'Acme'),
  await makeContractor('LCHBJDK6HJH6', 'Acme Holdings'),
  await makeContractor('C134QVM1QLB5', 'Zenith'),
]

test('GG-19 GG-12 each request that writes about contractors says in the log who did what, or it is known why not', async () => {
  const declared = contractorsModule.routes.filter(({ method }) => method !== 'GET')
  assert.deepEqual(
    declared.map(({ method, path }) => `${method} ${path}`).sort(),
    Object.keys({ ...logged, ...unlogged }).sort(),
    'each route that is no reading is in one of the tables above',
  )
  await writeLists()
  await writeShares()
  await writeSearches()
  await writeMatches()
  await write(alice, 'POST /contractor-summary/refresh')
  await writeImports()
  for (const name of Object.keys(unlogged)) assert.ok(seen.has(name), `${name} was tried`)
  assert.deepEqual(
    Object.fromEntries([...seen].sort()),
    Object.fromEntries(
      [...Object.entries(logged), ...Object.keys(unlogged).map(name => [name, []] as const)].sort(([a], [b]) =>
        a < b ? -1 : 1,
      ),
    ),
  )
})

async function writeLists() {
  const { id } = await write(alice, 'POST /contractor-lists', {}, { name: 'Primes' })
  const other = await write(alice, 'POST /contractor-lists', {}, { name: 'Others' })
  await write(alice, 'PATCH /contractor-lists/{id}', { id }, { color: '#0b7285' })
  await write(alice, 'PUT /contractor-lists/{id}/position', { id }, { after: other.id })
  const item = await write(alice, 'POST /contractor-lists/{id}/items', { id }, { contractorId: first })
  await write(alice, 'PATCH /contractor-lists/{id}/items/{itemId}', { id, itemId: item.id }, { notes: 'Call them' })
  await write(alice, 'PUT /contractor-lists/{id}/items/{itemId}/position', { id, itemId: item.id }, { after: null })
  await write(alice, 'POST /contractor-lists/{id}/items/{itemId}/views', { id, itemId: item.id })
  await write(alice, 'POST /contractor-lists/{id}/additions', { id }, { contractorIds: [second] })
  const { itemId } = (await items(id)).find(({ contractorId }) => contractorId === second) ?? assert.fail()
  await write(alice, 'DELETE /contractor-lists/{id}/items/{itemId}', { id, itemId })
  await write(alice, 'POST /contractor-lists/{id}/changes', { id }, { itemIds: [item.id], rating: 4 })
  const { id: removalId } = await write(alice, 'POST /contractor-lists/{id}/removals', { id }, { itemIds: [item.id] })
  await write(alice, 'POST /contractor-lists/{id}/removals/{removalId}/restoration', { id, removalId })
  const transfer = { itemIds: [item.id], toListId: other.id, move: true }
  await write(alice, 'POST /contractor-lists/{id}/transfers', { id }, transfer)
  await write(alice, 'POST /contractor-lists/{id}/merge', { id }, { fromListId: other.id, afterwards: 'keep' })
  await write(alice, 'POST /contractor-lists/{id}/sheets', { id, type: 'text/csv', query: '?mode=valid' }, sheet)
  const copy = await write(alice, 'POST /contractor-lists/{id}/copy', { id }, { name: 'Primes again' })
  await write(alice, 'DELETE /contractor-lists/{id}', { id: copy.id })
  await write(alice, 'POST /contractor-lists/{id}/search-additions', { id: other.id }, { search: { q: 'zenith' } })
  await runJobs(world)
  const added = await admin.query(
    `select user_id
     from audit.audit_logs
     where action = 'insert'
       and resource = 'contractors.contractor_list_items'
       and details ->> 'list_id' = $1
       and details ->> 'contractor_profile_id' = $2`,
    [other.id, third],
  )
  assert.deepEqual(added.rows, [{ user_id: alice.userId }], 'what a job adds is logged as its asker’s')
  const file = await write(alice, 'POST /contractor-exports', {}, { format: 'csv', selection: { listId: id } })
  await write(alice, 'POST /contractor-exports/preview', {}, { selection: { listId: id } })
  await write(alice, 'DELETE /contractor-exports/{id}', { id: file.id })
}

async function writeShares() {
  const { id } = await write(alice, 'POST /contractor-lists', {}, { name: 'Shared' })
  await write(alice, 'POST /contractor-lists/{id}/items', { id }, { contractorId: first })
  const wish = { email: 'guest@outside.example', permission: 'edit' }
  const made = await write(alice, 'POST /contractor-lists/{id}/shares', { id }, wish)
  const ids = { id, shareId: made.id }
  await write(alice, 'PATCH /contractor-lists/{id}/shares/{shareId}', ids, { expiresAt: '2100-01-01T00:00:00.000Z' })
  const renewed = await write(alice, 'POST /contractor-lists/{id}/shares/{shareId}/link', ids, { sendMail: false })
  const guest: Guest = { cookie: '' }
  const token = new URLSearchParams(new URL(renewed.link).hash.slice(1)).get('token')
  const opened = await write(guest, 'POST /shared-lists', {}, { token })
  guest.cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  const item = await write(guest, 'POST /shared-lists/{id}/items', { id }, { uei: 'LCHBJDK6HJH6' })
  await write(guest, 'PATCH /shared-lists/{id}/items/{itemId}', { id, itemId: item.id }, { notes: 'Known to us' })
  await write(guest, 'DELETE /shared-lists/{id}/items/{itemId}', { id, itemId: item.id })
  const theirs = await write(guest, 'POST /shared-lists/{id}/comments', { id }, { body: 'Good' })
  await write(guest, 'PATCH /shared-lists/{id}/comments/{commentId}', { id, commentId: theirs.id }, { body: 'Better' })
  await write(guest, 'DELETE /shared-lists/{id}/comments/{commentId}', { id, commentId: theirs.id })
  await write(guest, 'DELETE /shared-lists/{id}/session', { id })
  const mine = await write(alice, 'POST /contractor-lists/{id}/comments', { id }, { body: 'Ours' })
  await write(alice, 'PATCH /contractor-lists/{id}/comments/{commentId}', { id, commentId: mine.id }, { body: 'All' })
  await write(alice, 'DELETE /contractor-lists/{id}/comments/{commentId}', { id, commentId: mine.id })
  await write(alice, 'DELETE /contractor-lists/{id}/shares/{shareId}', ids)
}

async function writeSearches() {
  const { id } = await write(alice, 'POST /saved-searches', {}, { name: 'Zenith', search: { q: 'zenith' } })
  await write(alice, 'PATCH /saved-searches/{id}', { id }, { alert: 'daily' })
  await write(alice, 'POST /saved-searches/{id}/check', { id })
  await write(alice, 'POST /saved-searches/{id}/seen', { id })
  await write(alice, 'DELETE /saved-searches/{id}', { id })
}

async function writeMatches() {
  const [one, two] = [await makeMention('Acme Incorporated'), await makeMention('Akme')]
  const reason = 'They answer the same telephone'
  await write(alice, 'POST /contractors/matches/{id}/acceptance', { id: one }, { contractorId: first })
  const ofFirst = { id: first }
  await write(alice, 'POST /contractors/{id}/splits', ofFirst, { mentionIds: [one], reason })
  const rejected = await write(alice, 'POST /contractors/matches/{id}/rejection', { id: two }, { reason })
  await write(alice, 'POST /contractors/match-decisions/{id}/undo', { id: rejected.id }, { reason })
  const { batchId } = await write(alice, 'POST /contractors/matches/acceptances', {}, { minScore: 0.8 })
  await write(alice, 'POST /contractors/match-batches/{id}/undo', { id: batchId }, { reason })
  await write(alice, 'POST /contractors/{id}/merges', ofFirst, { absorbedId: second, reason })
  await write(alice, 'POST /contractors/{id}/releases', ofFirst, { absorbedId: second, reason })
}

async function writeImports() {
  const file = { fileName: 'monthly.dat', bytes: registrations.length }
  const { id } = await write(alice, 'POST /contractors/import-files', {}, file)
  const part = { id, number: '0', type: 'application/octet-stream' }
  await write(alice, 'PUT /contractors/import-files/{id}/parts/{number}', part, registrations)
  const asked = await write(alice, 'POST /contractors/imports', {}, { fileId: id, source: 'sam' })
  await runJobs(world)
  const { rows } = await admin.query(
    `select action, resource, user_id as "userId" from audit.audit_logs where action = 'import' and resource_id = $1`,
    [asked.id],
  )
  assert.deepEqual(rows, [{ action: 'import', resource: 'contractors.imports', userId: alice.userId }])
}

/** As a person, or as a browser in which a link was opened. */
async function send(by: Person | Guest, path: string, method: string, body: unknown, type = 'application/json') {
  const from = 'userId' in by ? { authorization: `Bearer ${by.accessToken}` } : ownPage(by)
  return await fetch(`${baseUrl}/api/v1${path}`, {
    method,
    headers: { ...from, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body !== undefined && { body: body instanceof Buffer ? new Uint8Array(body) : JSON.stringify(body) }),
  })
}

const ownPage = ({ cookie }: Guest) => ({ cookie, 'sec-fetch-site': 'same-origin', origin: app.publicUrl })

async function items(listId: string) {
  const answer = await alice.fetch(`/contractor-lists/${listId}/item-ids`)
  const { items } = (await answer.json()) as { items: { id: string; contractorId: string }[] }
  return items.map(({ id, contractorId }) => ({ itemId: id, contractorId }))
}

async function makeContractor(uei: string, name: string): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, total_contract_value) values ($1, $2, 1000) returning id',
    [uei, name],
  )
  return rows[0].id
}

async function makeMention(name: string): Promise<string> {
  const candidates = [{ profileId: first, score: 0.9, reasons: [] }]
  const { rows } = await admin.query(
    `insert into contractors.mentions
       (id, source, name, city, state, record_count, listed_value, status, score, reason, candidates, resolved_at)
     values (gen_random_uuid(), 'award_list', $1, 'Reston', 'VA', 1, 1000, 'review', 0.9, 'Likely, not sure.', $2, now())
     returning id`,
    [name, JSON.stringify(candidates)],
  )
  return rows[0].id
}
