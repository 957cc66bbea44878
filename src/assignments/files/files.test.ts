import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { commandsOn, runCommand } from '#test/commands.ts'
import type { Json } from '#test/json.ts'
import { testWorld } from '#test/world.ts'
import { registerAssignmentCommands } from '../commands.ts'
import { createDomain } from '../domains/domains.ts'
import { createParticipant, listParticipants } from '../participants/participants.ts'
import { createTarget } from '../targets/targets.ts'
import { readCell, writeCell } from './cells.ts'

const { app, admin, alice, bob, viewer, baseUrl } = await testWorld()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-assignments-'))
after(() => rmSync(folder, { recursive: true }))

const { rows } = await admin.query('select id, slug from tenancy.tenants where id = any($1)', [
  [alice.tenantId, bob.tenantId],
])
const slugOf = (tenantId: string): string => rows.find(({ id }) => id === tenantId).slug
const inChores = ['--domain', 'chores', '--tenant', slugOf(alice.tenantId), '--user', alice.email]
const inBobs = ['--domain', 'chores', '--tenant', slugOf(bob.tenantId), '--user', bob.email]

const [chores] = await Promise.all(
  [alice, bob].map(({ scope }) =>
    app.db.transaction(scope, tx => createDomain(tx, { name: 'chores', displayName: 'Chores' })),
  ),
)
const domainId = chores!.id

await app.db.transaction(alice.scope, async tx => {
  await createParticipant(tx, domainId, {
    name: '=HYPERLINK("http://evil.example")',
    reference: 'R-1',
    phone: '+46 70 123',
    skills: ['first aid', 'a; b'],
    skillLevels: { cooking: 3 },
    availability: { monday: { '9:00': 'available', '17:00': 'unavailable' } },
    metadata: { room: { floor: 2, bed: 'b' } },
    maxAssignments: 2,
    joinedOn: '2026-01-31',
  })
  await createParticipant(tx, domainId, { name: "'=Anna, “the”\r\nsecond ", isActive: false, joinedOn: '2026-02-01' })
  await createTarget(tx, domainId, {
    name: 'Kitchen',
    reference: '-1',
    description: 'Clean; then cook',
    requiredCount: 2,
    maximumCount: 4,
    requiredSkills: ['cooking'],
    anySkills: ['first aid', 'sewing'],
    skillLevels: { cooking: 2, 'first aid': 1 },
    skillMix: [{ skill: 'sewing', minimum: 1, level: 2 }],
    weekday: 'saturday',
    startsAt: '22:00',
    endsAt: '02:00',
    constraints: { floor: [1, 2] },
  })
  await createTarget(tx, domainId, { name: 'Door', onDate: '2027-03-08', mayBeShort: true })
})

test('VS-06 VS-07 what is exported and imported into another workspace is exported there the same, and twice changes nothing', async () => {
  for (const [what, count] of [
    ['participants', 2],
    ['targets', 2],
  ] as const) {
    const ours = join(folder, `${what}.csv`)
    const theirs = join(folder, `${what}-theirs.csv`)
    const made = await asJson(`export-${what}`, '-o', ours, ...inChores)
    assert.equal(made.rows, count)
    assert.equal((await asJson(`export-${what}`, '-o', theirs, ...inBobs)).rows, 0, 'the other workspace has nothing')
    const tried = await asJson(`import-${what}`, ours, '--dry-run', ...inBobs)
    assert.deepEqual([tried.rows.inserted, await countOf(what, bob.tenantId)], [count, 0])
    const taken = await command(`import-${what}`, ours, ...inBobs, '--json')
    assert.deepEqual(JSON.parse(taken.written).rows, {
      read: count,
      inserted: count,
      updated: 0,
      unchanged: 0,
      rejected: 0,
    })
    assert.equal(taken.exitCode, undefined)
    await asJson(`export-${what}`, '-o', theirs, ...inBobs)
    assert.equal(readFileSync(theirs, 'utf8'), readFileSync(ours, 'utf8'))
    for (const where of [inBobs, inChores]) {
      const again = await asJson(`import-${what}`, ours, ...where)
      assert.deepEqual([again.rows.unchanged, again.rows.inserted + again.rows.updated], [count, 0])
    }
    assert.equal(await countOf(what, alice.tenantId), count)
  }
  const { items } = await listParticipants(app.db.scoped(bob.scope), { limit: 10 })
  assert.deepEqual(items.map(({ name }) => name).sort(), [
    "'=Anna, “the”\r\nsecond",
    '=HYPERLINK("http://evil.example")',
  ])
  const evil = items.find(({ reference }) => reference === 'R-1')
  assert.deepEqual(
    [evil?.skills, evil?.skillLevels, evil?.metadata, evil?.availability, evil?.maxAssignments, evil?.joinedOn],
    [
      ['first aid', 'a; b', 'cooking'],
      { cooking: 3 },
      { room: { floor: 2, bed: 'b' } },
      { monday: { '9:00': 'available', '17:00': 'unavailable' } },
      2,
      '2026-01-31',
    ],
  )
  assert.match(readFileSync(join(folder, 'participants.csv'), 'utf8'), /"'=HYPERLINK\(""http/)
})

test('VS-06 rows that cannot be taken go to the reject file with line, column and reason, and of each nothing is taken', async () => {
  const before = await countOf('participants', alice.tenantId)
  const file = join(folder, 'bad.csv')
  const rejects = join(folder, 'bad.rejects.csv')
  writeFileSync(
    file,
    [
      'Reference,name,email,skill_levels,availability,min assignments,max_assignments,joined_on,is_active',
      'N-1,Good,good@test.example,cooking: 2,,,,,yes',
      'N-2,No mail,nowhere,,,,,,',
      ',Nobody,,,,,,,',
      'N-3,,,,,,,,',
      'N-1,Twice,,,,,,,',
      'N-4,Level,,cooking,,,,,',
      'N-5,Level,,cooking: 11,,,,,',
      'N-6,Json,,,{"monday":,,,,',
      'N-7,Day,,,"{""mondey"":{}}",,,,',
      'N-8,Limits,,,,3,2,,',
      'N-9,Number,,,,many,,,',
      'N-10,Date,,,,,,2026-02-30,',
      'N-11,Date,,,,,,0000-01-01,',
      'N-12,Flag,,,,,,,maybe',
      'N-13,Short',
      `N-14,${'e\u0301'.repeat(150)},,,,,,,`,
      'N-15,Last,,,,,,,',
      '',
    ].join('\n'),
  )
  const partly = await command('import-participants', file, '--rejects', rejects, ...inChores, '--json')
  assert.equal(partly.exitCode, 6)
  assert.deepEqual(JSON.parse(partly.written).rows, { read: 17, inserted: 2, updated: 0, unchanged: 0, rejected: 15 })
  const [head, ...lines] = readFileSync(rejects, 'utf8').trim().split('\n')
  assert.equal(head, 'line,column,reason,raw')
  assert.deepEqual(
    lines.map(line => line.split(',').slice(0, 2).join(' ')),
    [
      '3 email',
      '4 reference',
      '5 name',
      '6 reference',
      '7 skill_levels',
      '8 skill_levels',
      '9 availability',
      '10 ',
      '11 ',
      '12 min_assignments',
      '13 joined_on',
      '14 joined_on',
      '15 is_active',
      '16 ',
      '17 name',
    ],
  )
  for (const [line, reason] of [
    [0, 'an address is written as anna@example.com'],
    [3, 'line 2 has the same'],
    [5, 'it is 10 at most'],
    [10, 'a day is written as 2027-03-08'],
    [14, 'it has 200 characters at most'],
  ] as const)
    assert.ok(lines[line]?.includes(`,${reason},`), `${reason}: ${lines[line]}`)
  assert.match(lines[7] as string, /mondey/)
  assert.equal(await countOf('participants', alice.tenantId), before + 2)
  const { items } = await listParticipants(app.db.scoped(alice.scope), { limit: 10, q: 'N-1' })
  assert.deepEqual(
    items.map(({ reference, skills }) => [reference, skills]),
    [
      ['N-1', ['cooking']],
      ['N-15', []],
    ],
  )
})

test('VS-06 columns that a file has not stay as they are, and an empty cell takes away', async () => {
  const of = async () => (await listParticipants(app.db.scoped(alice.scope), { limit: 10, q: 'R-1' })).items[0]
  const file = join(folder, 'part.csv')
  writeFileSync(file, 'reference,name,phone\nR-1,Eva,\n')
  const { rows } = await asJson('import-participants', file, ...inChores)
  assert.equal(rows.updated, 1)
  const eva = await of()
  assert.deepEqual([eva?.name, eva?.phone, eva?.maxAssignments, eva?.joinedOn], ['Eva', null, 2, '2026-01-31'])
  const { items } = await listParticipants(app.db.scoped(bob.scope), { limit: 10, q: 'R-1' })
  assert.equal(items[0]?.phone, '+46 70 123', 'the other workspace’s of the same reference is as it was')
})

test('VS-07 a target’s times, counts and skills are held against its rules, and a file that is none is refused as a whole', async () => {
  const file = join(folder, 'targets-bad.csv')
  const rejects = join(folder, 'targets-bad.rejects.csv')
  writeFileSync(
    file,
    'reference,name,required_count,maximum_count,weekday,on_date,starts_at,ends_at\nT-1,A,3,2,,,,\nT-2,B,,,monday,2027-03-08,,\nT-3,C,,,,,08:00,\nT-4,D,,,Mo,,,\nT-5,E,,,,,,\nT-6,F,,,,,9:00,10:00\n',
  )
  const { rows } = await asJson('import-targets', file, '--rejects', rejects, ...inChores)
  assert.deepEqual([rows.inserted, rows.rejected], [1, 5])
  assert.match(
    readFileSync(rejects, 'utf8'),
    /2,,maximumCount is smaller[\s\S]*3,,[\s\S]*4,,[\s\S]*5,weekday,"a weekday is one of monday, tuesday,[\s\S]*7,starts_at,a time is written as 09:00,/,
  )
  const before = await countOf('targets', alice.tenantId)
  for (const text of ['name\nX\n', 'reference,name,nmae\n1,X,Y\n', 'reference,name,name\n1,X,Y\n', '\n']) {
    writeFileSync(file, text)
    await assert.rejects(run('import-targets', file, ...inChores), { code: 'assignments.file_misfit' })
  }
  await assert.rejects(run('import-targets', join(folder, 'none.csv'), ...inChores), { kind: 'not_found' })
  assert.equal(await countOf('targets', alice.tenantId), before)
})

test('VS-06 VS-07 AG-01 who may not, is not there, or is of another workspace takes and fetches nothing', async () => {
  const asViewer = [...inChores.slice(0, 5), viewer.email]
  const asBobHere = [...inChores.slice(0, 5), bob.email]
  const file = join(folder, 'one.csv')
  const out = join(folder, 'out.csv')
  writeFileSync(file, 'reference,name\nX-1,X\n')
  await assert.rejects(run('import-participants', file, ...asViewer), { code: 'access.person_not_permitted' })
  await assert.rejects(run('import-targets', file, ...asBobHere), { kind: 'forbidden' })
  await assert.rejects(run('export-participants', '-o', out, ...asBobHere), { kind: 'forbidden' })
  const nowhere = ['--domain', 'none', ...inChores.slice(2)]
  await assert.rejects(run('export-targets', '-o', out, ...nowhere), { kind: 'not_found' })
  assert.ok(!existsSync(out), 'what is refused leaves no file')
  assert.match(await run('export-participants', '-o', out, ...asViewer), /: \d+ participants\n$/)

  for (const what of ['participants', 'targets']) {
    const path = `/assignment-domains/${domainId}/${what}`
    const before = await countOf(what, alice.tenantId)
    assert.equal((await send(bob.accessToken, path)).status, 404)
    assert.equal((await bob.fetch(`${path}/export`)).status, 404)
    assert.equal((await send(viewer.accessToken, path)).status, 403)
    assert.equal(await countOf(what, alice.tenantId), before)
    const tried = await send(alice.accessToken, path, '?dryRun=true')
    assert.deepEqual([tried.status, tried.json.rows?.inserted, await countOf(what, alice.tenantId)], [200, 1, before])
    const taken = await send(alice.accessToken, path)
    assert.deepEqual(
      [taken.status, taken.json.rows?.inserted, taken.json.rejects?.map(({ line }: Json) => line)],
      [200, 1, [3]],
    )
    const exported = await viewer.fetch(`${path}/export`)
    assert.match(exported.headers.get('content-type') ?? '', /^text\/csv/)
    assert.match(await exported.text(), /^reference,name[\s\S]*\r\nHTTP-1,Over HTTP,/)
  }
  const { rows: told } = await admin.query(
    `select tenant_id, user_id, resource, details from audit.audit_logs where action = 'export' order by created_at, id`,
  )
  assert.deepEqual(
    told.slice(-2).map(each => [each.tenant_id, each.user_id, each.resource, each.details.domainId]),
    ['participants', 'assignment_targets'].map(table => [
      alice.tenantId,
      viewer.userId,
      `assignments.${table}`,
      domainId,
    ]),
    'what left is in the log, with who took it; what was refused is not',
  )
  assert.ok(told.every(each => each.tenant_id === alice.tenantId || each.details.domainId !== domainId))
})

test('VS-06 any text and any names of skills come back from a cell as they were, and none is a formula', () => {
  const text = fc.string({
    unit: fc.constantFrom("'", '=', '+', ';', ':', ' ', '"', ',', '[', '{', 'a', '1', '@', '\n'),
  })
  const read = (cell: string) =>
    cell.startsWith('"') && cell.endsWith('"') && cell.length > 1 ? cell.slice(1, -1).replaceAll('""', '"') : cell
  fc.assert(
    fc.property(text, given => {
      const cell = read(writeCell('text', given))
      assert.equal(readCell('text', cell), given)
      assert.ok(!/^\s*[=@]/.test(cell), cell)
    }),
  )
  const names = fc.uniqueArray(
    text.map(each => each.trim()).filter(each => each !== ''),
    { maxLength: 4 },
  )
  fc.assert(fc.property(names, given => assert.deepEqual(readCell('list', read(writeCell('list', given))), given)))
})

async function send(accessToken: string, path: string, query = ''): Promise<{ status: number; json: Json }> {
  const response = await fetch(`${baseUrl}/api/v1${path}/import${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'text/csv' },
    body: 'reference,name\nHTTP-1,Over HTTP\n,No reference\n',
  })
  return { status: response.status, json: await response.json() }
}

async function countOf(what: string, tenantId: string): Promise<number> {
  const table = what === 'targets' ? 'assignment_targets' : what
  const { rows } = await admin.query(
    `select count(*)::integer as count from assignments.${table} where tenant_id = $1`,
    [tenantId],
  )
  return rows[0].count
}

const asJson = async (...words: string[]): Promise<Json> => JSON.parse(await run(...words, '--json'))

const command = (...words: string[]) => runCommand(commandsOn(app, registerAssignmentCommands), words)
const run = async (...words: string[]) => (await command(...words)).written
