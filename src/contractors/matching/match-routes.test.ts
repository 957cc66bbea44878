import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { foldProfiles, runOn } from '../imports/profiles.ts'
import { registerMatchCommands } from './match-commands.ts'

const { app, admin, alice, bob } = await testWorld()

const reason = 'They answer the same telephone'
const [acme, acmeOld] = ['C12NSYAH27N4', 'LCHBJDK6HJH6']

await admin.query(`insert into identity.operators (user_id) values ($1)`, [alice.userId])

/** Two contractors and a text about one of them, as imports leave them. */
async function plant() {
  await admin.query(`
    delete from contractors.match_decisions; delete from contractors.awards; delete from contractors.listed_awards;
    delete from contractors.mentions; delete from contractors.contractors; delete from contractors.observations;
    delete from contractors.contractor_profiles;
    insert into contractors.observations (id, uei, source, fields)
    select gen_random_uuid(), uei, 'entities', jsonb_build_object('legalBusinessName', name, 'state', 'VA', 'city', 'RESTON')
    from (values ('${acme}', 'ACME INC'), ('${acmeOld}', 'ACME HOLDINGS')) as given (uei, name);
    insert into contractors.contractors (id, source, source_id, data, uei, observation_id, content_hash)
    select gen_random_uuid(), 'entities', uei, '{}', uei, id, gen_random_uuid()
    from contractors.observations`)
  await admin.query('begin')
  await foldProfiles(runOn(admin), new Date(), {
    ueis: sql`select unnest(${[acme, acmeOld]}::text[]) as uei`,
    ids: sql`select null::uuid as id limit 0`,
  })
  await admin.query('commit')
  const { rows } = await admin.query('select id, uei from contractors.contractor_profiles')
  const one = rows.find(row => row.uei === acme).id as string
  const old = rows.find(row => row.uei === acmeOld).id as string
  const mentions = []
  for (const [name, score] of [
    ['Acme Incorporated', 0.9],
    ['Akme', 0.5],
  ] as const) {
    const candidates = [
      { profileId: one, score, reasons: [{ kind: 'name_similar', weight: 2.5, text: 'The names are similar.' }] },
    ]
    const inserted = await admin.query(
      `insert into contractors.mentions (id, source, name, city, state, record_count, listed_value, status, score, reason, candidates, resolved_at)
       values (gen_random_uuid(), 'award_list', $1, 'Reston', 'MD', 1, 1000, 'review', $2, 'Likely, not sure.', $3, now())
       returning id`,
      [name, score, JSON.stringify(candidates)],
    )
    mentions.push(inserted.rows[0].id as string)
  }
  return { one, old, first: mentions[0]!, second: mentions[1]! }
}

const call = async (person: typeof alice, method: string, path: string, body?: unknown) => {
  const response = await person.fetch(path, { method, body })
  return { status: response.status, body: response.status === 204 ? null : await response.json() }
}

test('GG-08 an operator works through the queue: filters, candidates side by side, decision, history, undo', async () => {
  const { one, first, second } = await plant()
  const all = await call(alice, 'GET', '/contractors/matches?status=review')
  assert.equal(all.status, 200)
  assert.equal(all.body.items.length, 2)
  const queue = await call(alice, 'GET', '/contractors/matches?status=review&minScore=0.8&source=award_list&q=acme')
  assert.deepEqual(
    queue.body.items.map((item: { id: string; best: { name: string } }) => [item.id, item.best.name]),
    [[first, 'ACME INC']],
  )
  const page = await call(alice, 'GET', '/contractors/matches?limit=1')
  const next = await call(alice, 'GET', `/contractors/matches?limit=1&cursor=${page.body.nextCursor}`)
  assert.deepEqual([page.body.items[0].id, next.body.items[0].id].sort(), [first, second].sort())
  assert.equal(next.body.nextCursor, null)

  const detail = await call(alice, 'GET', `/contractors/matches/${first}`)
  assert.equal(detail.status, 200)
  const [candidate] = detail.body.candidates
  assert.equal(candidate.contractor.id, one)
  assert.deepEqual(candidate.reasons[0], { kind: 'name_similar', weight: 2.5, text: 'The names are similar.' })
  const verdicts = Object.fromEntries(
    candidate.fields.map((row: { field: string; verdict: string }) => [row.field, row.verdict]),
  )
  assert.deepEqual(
    [verdicts.name, verdicts.city, verdicts.state, verdicts.uei],
    ['same', 'same', 'different', 'missing'],
  )

  const accepted = await call(alice, 'POST', `/contractors/matches/${first}/acceptance`, { contractorId: one })
  assert.equal(accepted.status, 200)
  const again = await call(alice, 'POST', `/contractors/matches/${first}/rejection`, { reason })
  assert.equal(again.status, 409)
  assert.equal(again.body.code, 'contractors.decided_already')
  assert.match(again.body.detail, /Alice Archer accepted it as ACME INC/)
  const counts = await call(alice, 'GET', '/contractors/matches/counts')
  assert.deepEqual([counts.body.review, counts.body.accepted, counts.body.decidedByHand], [1, 1, 1])
  const history = await call(alice, 'GET', '/contractors/match-decisions')
  assert.equal(history.body.items[0].reason, 'The names are similar.')
  assert.equal(history.body.items[0].isLast, true)
  const undone = await call(alice, 'POST', `/contractors/match-decisions/${accepted.body.id}/undo`, { reason })
  assert.equal(undone.status, 200)
  const after = await call(alice, 'GET', `/contractors/matches/${first}`)
  assert.equal(after.body.status, 'review')
  assert.equal(after.body.decisions[0].undone.by, 'Alice Archer')
  const { rows } = await admin.query(
    `select action, user_id, changes -> 'undo_reason' ->> 'new' as reason from audit.audit_logs
     where resource = 'contractors.match_decisions' and resource_id = $1 order by id`,
    [accepted.body.id],
  )
  assert.deepEqual(rows, [
    { action: 'insert', user_id: alice.userId, reason: null },
    { action: 'update', user_id: alice.userId, reason },
  ])
})

test('GG-08 contractors are compared, merged, taken apart and shown with what they are made of', async () => {
  const { one, old } = await plant()
  const compared = await call(alice, 'GET', `/contractors/${one}/comparison?with=${old}`)
  assert.equal(compared.body.absorbed.uei, acmeOld)
  const merged = await call(alice, 'POST', `/contractors/${one}/merges`, { absorbedId: old, reason })
  assert.equal(merged.status, 200)
  const parts = await call(alice, 'GET', `/contractors/${one}/parts`)
  assert.deepEqual(
    parts.body.absorbed.map((part: { id: string; reason: string; decidedBy: string }) => [
      part.id,
      part.reason,
      part.decidedBy,
    ]),
    [[old, reason, 'Alice Archer']],
  )
  const twice = await call(alice, 'POST', `/contractors/${one}/merges`, { absorbedId: old, reason })
  assert.equal(twice.body.code, 'contractors.absorbed_already')
  const released = await call(alice, 'POST', `/contractors/${one}/releases`, { absorbedId: old, reason })
  assert.equal(released.status, 200)
  assert.deepEqual((await call(alice, 'GET', `/contractors/${one}/parts`)).body.absorbed, [])
})

test('GG-08 many are accepted at once, after a dry run, and undone at once', async () => {
  await plant()
  const dry = await call(alice, 'POST', '/contractors/matches/acceptances', { minScore: 0.8, dryRun: true })
  assert.deepEqual(dry.body, { batchId: null, accepted: 1, left: 0 })
  const bulk = await call(alice, 'POST', '/contractors/matches/acceptances', { minScore: 0.4 })
  assert.equal(bulk.body.accepted, 2)
  const undone = await call(alice, 'POST', `/contractors/match-batches/${bulk.body.batchId}/undo`, { reason })
  assert.deepEqual(undone.body, { undone: 2, kept: 0 })
})

test('AG-01 only operators see and decide matches, whatever they are in their tenant', async () => {
  const { one, old, first } = await plant()
  const tries: [string, string, unknown?][] = [
    ['GET', '/contractors/matches'],
    ['GET', '/contractors/matches/counts'],
    ['GET', `/contractors/matches/${first}`],
    ['POST', `/contractors/matches/${first}/acceptance`, { contractorId: one }],
    ['POST', `/contractors/matches/${first}/rejection`, { reason }],
    ['POST', '/contractors/matches/acceptances', { minScore: 0.1 }],
    ['GET', '/contractors/match-decisions'],
    ['POST', `/contractors/match-decisions/${first}/undo`, { reason }],
    ['GET', `/contractors/${one}/comparison?with=${old}`],
    ['POST', `/contractors/${one}/merges`, { absorbedId: old, reason }],
    ['GET', `/contractors/${one}/parts`],
    ['POST', `/contractors/${one}/splits`, { mentionIds: [first], reason }],
    ['POST', `/contractors/${one}/releases`, { absorbedId: old, reason }],
  ]
  for (const [method, path, body] of tries) {
    const refused = await call(bob, method, path, body)
    assert.equal(refused.status, 403, `${method} ${path}`)
  }
  assert.equal((await admin.query('select from contractors.match_decisions')).rowCount, 0)
  // The control.
  assert.equal((await call(alice, 'GET', '/contractors/matches')).status, 200)
})

test('GG-08 a reason of blanks is none', async () => {
  const { first } = await plant()
  assert.equal((await call(alice, 'POST', `/contractors/matches/${first}/rejection`, { reason: '     ' })).status, 400)
})

/** What a command writes to stdout. */
const command = async (...words: string[]) => (await runCommand(commandsOn(app, registerMatchCommands), words)).written

test('GG-08 at the command line matches are listed, accepted, rejected and undone, and contractors merged and split', async () => {
  const { one, old, first, second } = await plant()
  assert.match(
    await command('matches', 'list', '--min-score', '0.8'),
    new RegExp(`^${first} .* Acme Incorporated .*ACME INC`),
  )
  assert.match(await command('matches', 'show', first), /\+2\.5 {2}The names are similar\./)
  const dry = JSON.parse(await command('matches', 'accept', '--above', '0.4', '--dry-run', '--json'))
  assert.equal(dry.accepted, 2)
  const accepted = JSON.parse(await command('matches', 'accept', first, '--json'))
  assert.equal(accepted.profileId, one)
  const rejected = JSON.parse(await command('matches', 'reject', second, '--reason', reason, '--json'))
  assert.notEqual(rejected.profileId, one)
  await assert.rejects(command('matches', 'reject', first, '--reason', reason), { code: 'contractors.decided_already' })
  const merged = JSON.parse(await command('merge', acme, acmeOld, '--reason', reason, '--json'))
  assert.equal(merged.profileId, one)
  assert.equal(JSON.parse(await command('matches', 'history', '--json')).length, 3)
  await command('split', acme, '--absorbed', old, '--reason', reason)
  await command('split', one, '--mention', first, '--reason', reason)
  await assert.rejects(command('matches', 'undo', accepted.id, '--reason', reason), {
    code: 'contractors.decided_since',
  })
  await command('matches', 'undo', rejected.id, '--reason', reason)
  const { rows } = await admin.query(
    'select count(*)::integer as n from contractors.match_decisions where undone_at is null',
  )
  assert.equal(rows[0].n, 2)
  await assert.rejects(command('matches', 'accept', first, '--above', '0.5'), { exitCode: 2 })
  await assert.rejects(command('matches', 'list', '--min-score', 'high'))
})
