import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { runJobs } from '#test/jobs.ts'
import type { Json } from '#test/json.ts'
import { type Person, testWorld } from '#test/world.ts'
import { partSize, putPart as putFilePart } from './import-files.ts'
import { dropImportFiles, runImport } from './import-jobs.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice: operator, bob: owner, viewer } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])

const sample = readFileSync(
  fileURLToPath(new URL('../../../data/contractors/sam_public_v2_real_sample.dat', import.meta.url)),
)

async function call(
  person: Person,
  path: string,
  method = 'GET',
  body?: unknown,
): Promise<{ status: number; json: Json }> {
  const response = await person.fetch(path, { method, body })
  const text = await response.text()
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text }
}

const putPart = (person: Person, id: string, number: number, content: Buffer) =>
  fetch(`${world.baseUrl}/api/v1/contractors/import-files/${id}/parts/${number}`, {
    method: 'PUT',
    body: new Uint8Array(content),
    headers: { authorization: `Bearer ${person.accessToken}`, 'content-type': 'application/octet-stream' },
  })

async function send(content: Buffer, fileName: string): Promise<string> {
  const { status, json } = await call(operator, '/contractors/import-files', 'POST', {
    fileName,
    bytes: content.length,
  })
  assert.equal(status, 201)
  const answer = await putPart(operator, json.id, 0, content)
  assert.equal(answer.status, 200, await answer.text())
  return json.id
}

const count = async (table: string) =>
  (await admin.query(`select count(*)::integer as rows from contractors.${table}`)).rows[0].rows

test('GG-07 an operator sends a file, tries it, imports it, and fetches the rows that were refused', async () => {
  const lines = sample.toString().replace('20050714', '20059999')
  const fileId = await send(gzipSync(lines), 'monthly.dat.gz')
  const tried = await call(operator, '/contractors/imports', 'POST', { fileId, source: 'sam', dryRun: true })
  assert.equal(tried.status, 202)
  assert.deepEqual([tried.json.status, tried.json.isDryRun, tried.json.source], ['queued', true, 'sam_v2'])
  await runJobs(world)
  const after = (await call(operator, `/contractors/imports/${tried.json.id}`)).json
  assert.equal(after.status, 'done', after.failure)
  assert.deepEqual(after.rows, { read: 3, inserted: 2, updated: 0, unchanged: 0, rejected: 1 })
  assert.deepEqual(after.profiles, { inserted: 2, updated: 0 })
  assert.equal(await count('contractors'), 0, 'a dry run changes nothing')
  assert.equal(await count('contractor_profiles'), 0)

  const { json: run } = await call(operator, '/contractors/imports', 'POST', { fileId, source: 'sam_v2' })
  await runJobs(world)
  const done = (await call(operator, `/contractors/imports/${run.id}`)).json
  assert.deepEqual(
    [done.status, done.isFull, done.publishedOn, done.userId, done.keptRejects, done.fileId, done.phase],
    ['done', true, '2026-09-06', operator.userId, 1, null, null],
  )
  assert.match(done.warnings.join(), /announces 895932 records, the file has 3/)
  assert.equal(await count('contractors'), 2)
  assert.equal(await count('import_file_parts'), 0, 'the file is gone')
  const rejects = await operator.fetch(`/contractors/imports/${run.id}/rejects`)
  assert.match(rejects.headers.get('content-type')!, /text\/csv/)
  assert.match(
    await rejects.text(),
    /^line,column,reason,raw\r\n4,initial_registration_date,not a date: 20059999,C39LJA3KD378/,
  )

  const { json: list } = await call(operator, '/contractors/imports?limit=1')
  assert.equal(list.items[0].id, run.id)
  const { json: next } = await call(operator, `/contractors/imports?limit=1&cursor=${list.nextCursor}`)
  assert.deepEqual([next.items[0].id, next.nextCursor], [tried.json.id, null])
  const { rows: events } = await admin.query(
    `select user_id, user_name, details from audit.audit_logs where action = 'import' and resource_id = $1`,
    [run.id],
  )
  assert.equal(events.length, 1, 'one event of the import, none of the dry run')
  assert.equal(events[0].user_id, operator.userId)
  assert.deepEqual([events[0].details.file, events[0].details.inserted], ['monthly.dat.gz', 2])
})

test('GG-07 a file comes in parts, in any order and again, and is imported only when it is whole', async () => {
  const text = `uei,cage_code,legal_business_name,street,city,state,zip,country,primary_naics,last_signed\n`
  const rest = randomBytes(partSize).toString('base64url').slice(0, partSize)
  const content = Buffer.from(
    `${text}C12NSYAH27N4,0DE86,${rest},,,,,USA,,2025-03-26\nUFPPJTUBUMK7,,SECOND,,,,,USA,,2025-03-26\n`,
  )
  const { json: file } = await call(operator, '/contractors/import-files', 'POST', {
    fileName: 'two.csv',
    bytes: content.length,
  })
  assert.equal(file.partSize, partSize)
  assert.equal((await putPart(operator, file.id, 1, content.subarray(partSize))).status, 200)
  const early = await call(operator, '/contractors/imports', 'POST', { fileId: file.id, source: 'entities' })
  assert.deepEqual([early.status, early.json.code], [409, 'contractors.import_file_unfinished'])
  assert.equal((await putPart(operator, file.id, 0, content.subarray(0, 100))).status, 400)
  assert.equal((await putPart(operator, file.id, 2, Buffer.from('x'))).status, 400)
  assert.equal((await putPart(operator, file.id, 0, content.subarray(0, partSize))).status, 200)
  assert.equal((await putPart(operator, file.id, 0, content.subarray(0, partSize))).status, 200)
  const { json: run } = await call(operator, '/contractors/imports', 'POST', { fileId: file.id, source: 'entities' })
  await runJobs(world)
  const done = (await call(operator, `/contractors/imports/${run.id}`)).json
  assert.deepEqual([done.status, done.rows.inserted, done.rows.rejected], ['done', 1, 1])
})

test('GG-07 what cannot be imported ends as a failed run that says why', async () => {
  const before = await count('contractors')
  const fileId = await send(Buffer.from('a,b\n1,2\n'), 'wrong.csv')
  const { json: run } = await call(operator, '/contractors/imports', 'POST', { fileId, source: 'fpds-awards' })
  await runJobs(world)
  const failed = (await call(operator, `/contractors/imports/${run.id}`)).json
  assert.equal(failed.status, 'failed')
  assert.match(
    failed.failure,
    /The file wrong\.csv is not fpds_awards \(FPDS awards and orders\): the columns agency_id, /,
  )
  assert.equal(await count('contractors'), before)
  const unknown = await call(operator, '/contractors/imports', 'POST', { fileId, source: 'nobody' })
  assert.deepEqual([unknown.status, unknown.json.code], [400, 'contractors.source_unknown'])
  const large = await call(operator, '/contractors/import-files', 'POST', { fileName: 'x', bytes: 3_000_000_000 })
  assert.equal(large.json.code, 'contractors.import_file_too_large')
})

test('GG-07 a refusal names the file as it was sent, and what a file of another kind would be', async () => {
  const failureOf = async (content: Buffer, fileName: string, source: string) => {
    const fileId = await send(content, fileName)
    const { json: run } = await call(operator, '/contractors/imports', 'POST', { fileId, source, dryRun: true })
    await runJobs(world)
    const { status, failure, keptRejects } = (await call(operator, `/contractors/imports/${run.id}`)).json
    assert.deepEqual([status, keptRejects], ['failed', 0], fileName)
    return failure
  }
  const text = 'piid,vendor,agency,value\nW91,ACME,NAVY,1\n'
  assert.match(
    await failureOf(Buffer.from(text), 'awards.csv', 'entities'),
    /^The file awards\.csv is not entities \(.*are missing\. Its columns are those of award_list \(Award lists/,
  )
  const cutOff = gzipSync(text + randomBytes(5000).toString('hex')).subarray(0, 2500)
  assert.match(await failureOf(cutOff, 'cut.csv.gz', 'award_list'), /^The compressed file cut\.csv\.gz is damaged/)
  const archive = Buffer.from('PK\u0003\u0004 and so on')
  assert.match(await failureOf(archive, 'SAM.ZIP', 'sam_v2'), /^The file SAM\.ZIP is a ZIP archive or a workbook\./)
  assert.match(await failureOf(randomBytes(300), 'picture.png', 'sam_v2'), /^The file picture\.png does not begin with/)
})

test('GG-07 a file is imported by one run at a time, and a run that finds it gone says so', async () => {
  const fileId = await send(Buffer.from('piid,vendor,agency,value\nW92,ACME,NAVY,1\n'), 'once.csv')
  const body = { fileId, source: 'award_list' }
  const { json: first } = await call(operator, '/contractors/imports', 'POST', body)
  const second = await call(operator, '/contractors/imports', 'POST', body)
  assert.deepEqual([second.status, second.json.code], [409, 'contractors.import_file_taken'])
  await admin.query('delete from contractors.import_files where id = $1', [fileId])
  await runJobs(world)
  const failed = (await call(operator, `/contractors/imports/${first.id}`)).json
  assert.equal(failed.status, 'failed')
  assert.match(failed.failure, /^The file once\.csv is no longer here/)
})

test('GG-07 two files that are sent, asked for and imported at once both come in whole, and share the contractor that both name', async () => {
  const header = 'uei,cage_code,legal_business_name,street,city,state,zip,country,primary_naics,last_signed\n'
  const files = {
    'older.csv': 'MAA3SAMPLE11,,OLDER NAME,,,,,USA,,2024-01-10\nJCBMSAMPLE11,,ALONE IN THE OLDER,,,,,USA,,2024-01-10\n',
    'newer.csv': 'MAA3SAMPLE11,,NEWER NAME,,,,,USA,,2025-03-26\nNYM8SAMPLE11,,ALONE IN THE NEWER,,,,,USA,,2025-03-26\n',
  }
  const runs = await Promise.all(
    Object.entries(files).map(async ([name, rows]) => {
      const fileId = await send(Buffer.from(header + rows), name)
      const { status, json } = await call(operator, '/contractors/imports', 'POST', { fileId, source: 'entities' })
      assert.equal(status, 202)
      return json.id as string
    }),
  )
  // Two workers, held up until both want to write: else one would be done before the other begins.
  await admin.query('begin')
  await admin.query('lock table contractors.contractors in share mode')
  const working = Promise.all(runs.map(importId => runImport.run({ importId }, world.app)))
  for (let waiting = 0; waiting < 2; await sleep(20)) {
    const { rows } = await admin.query(
      `select count(distinct pid)::integer as waiting
       from pg_locks
       where not granted
         and pid in (select pid from pg_locks where relation = 'contractors.contractors'::regclass)`,
    )
    waiting = rows[0].waiting
  }
  await admin.query('commit')
  await working
  const done = await Promise.all(runs.map(async id => (await call(operator, `/contractors/imports/${id}`)).json))
  assert.deepEqual(
    done.map(({ status, failure }) => [status, failure]),
    [
      ['done', null],
      ['done', null],
    ],
  )
  const sum = (of: (run: Json) => number) => done.reduce((total, run) => total + of(run), 0)
  assert.deepEqual(
    [
      sum(run => run.rows.read),
      sum(run => run.rows.inserted),
      sum(run => run.rows.updated),
      sum(run => run.rows.rejected),
    ],
    [4, 3, 1, 0],
  )
  const { rows } = await admin.query(
    `select p.uei, count(c.id)::integer as records
     from contractors.contractor_profiles as p
     join contractors.contractors as c on c.uei = p.uei
     where p.uei like '____SAMPLE11'
     group by p.uei
     order by p.uei`,
  )
  assert.deepEqual(rows, [
    { uei: 'JCBMSAMPLE11', records: 1 },
    { uei: 'MAA3SAMPLE11', records: 1 },
    { uei: 'NYM8SAMPLE11', records: 1 },
  ])
  assert.equal(
    (await admin.query(`select from audit.audit_logs where action = 'import' and resource_id = any ($1)`, [runs]))
      .rowCount,
    2,
  )
  const left = await admin.query('select from contractors.import_files where file_name = any ($1)', [
    Object.keys(files),
  ])
  assert.equal(left.rowCount, 0, 'both files are gone')
})

test('GG-07 an import whose program has ended is told from one that is at work, and ends as failed', async () => {
  const { rows } = await admin.query(
    `insert into contractors.imports (source, file_name, status, phase, started_at)
     values ('sam_v2', 'killed.dat', 'running', 'merging', now() - interval '2 hours')
     returning id`,
  )
  const { id } = rows[0]
  const look = async () => (await call(operator, `/contractors/imports/${id}`)).json
  const lock = (how: string) =>
    admin.query(`select pg_advisory_${how}(hashtext('contractors.imports'), hashtext($1))`, [id])
  await lock('lock')
  assert.equal((await look()).isInterrupted, false, 'a program is at work on it')
  await dropImportFiles.run({}, world.app)
  assert.equal((await look()).status, 'running')
  await lock('unlock')
  assert.equal((await look()).isInterrupted, true)
  await dropImportFiles.run({}, world.app)
  const failed = await look()
  assert.deepEqual([failed.status, failed.isInterrupted, failed.phase], ['failed', false, null])
  assert.match(failed.failure, /nothing of the file has been taken/)
})

test('AG-01 only operators import, see imports and sources, whatever they are in their tenant', async () => {
  const { json: file } = await call(operator, '/contractors/import-files', 'POST', { fileName: 'x.csv', bytes: 5 })
  const id = (await call(operator, '/contractors/imports')).json.items[0].id
  for (const person of [owner, viewer]) {
    for (const path of [
      '/contractors/imports',
      `/contractors/imports/${id}`,
      `/contractors/imports/${id}/rejects`,
      '/contractors/sources',
    ])
      assert.equal((await call(person, path)).status, 403, path)
    assert.equal((await call(person, '/contractors/imports', 'POST', { fileId: file.id, source: 'sam' })).status, 403)
    assert.equal((await call(person, '/contractors/import-files', 'POST', { fileName: 'x', bytes: 1 })).status, 403)
    assert.equal((await putPart(person, file.id, 0, Buffer.from('12345'))).status, 403)
  }
  const { json: sources } = await call(operator, '/contractors/sources')
  assert.deepEqual(
    sources.items.map((source: { name: string }) => source.name),
    ['sam_v2', 'fpds_awards', 'fpds_idv', 'fpds_vendors', 'entities', 'sam_v1', 'award_list'],
  )
  const another = world.app.db.scoped({ userId: owner.userId })
  await assert.rejects(putFilePart(another, file.id, 0, Buffer.from('12345')), {
    code: 'contractors.import_file_not_found',
  })
  const own = world.app.db.scoped({ userId: operator.userId })
  assert.equal((await putFilePart(own, file.id, 0, Buffer.from('12345'))).bytesReceived, 5, 'control')
})

test('GG-06 NAICS codes are found by digits and by words, with their parents, each code in its newest edition', async () => {
  const naics = async (query: string) => (await call(viewer, `/contractors/codes/naics?${query}`)).json.items
  const sectors = await naics('')
  assert.equal(sectors.length, 20)
  const [code] = await naics('q=541611')
  assert.deepEqual(code, {
    code: '541611',
    edition: 2022,
    level: 6,
    title: 'Administrative Management and General Management Consulting Services',
    parents: [
      { code: '54', title: 'Professional, Scientific, and Technical Services' },
      { code: '541', title: 'Professional, Scientific, and Technical Services' },
      { code: '5416', title: 'Management, Scientific, and Technical Consulting Services' },
      { code: '54161', title: 'Management Consulting Services' },
    ],
    hasChildren: false,
  })
  const [old] = await naics('q=511110')
  assert.deepEqual([old.edition, old.title], [2017, 'Newspaper Publishers'])
  assert.deepEqual(await naics('q=511110&edition=2022'), [])
  assert.deepEqual(
    (await naics('q=32')).slice(0, 2).map((item: { code: string }) => item.code),
    ['31-33', '321'],
  )
  const words = await naics('q=soyb%20farm')
  assert.ok(words.some((item: { code: string }) => item.code === '111110'))
  assert.deepEqual((await naics('parent=31-33&edition=2022')).length, 21)
  assert.deepEqual(await naics('q=zzzz'), [])
})

test('GG-06 business types say what they mean, and which are certifications that end', async () => {
  const types = async (query = '') => (await call(viewer, `/contractors/codes/business-types${query}`)).json.items
  assert.equal((await types()).length, 83)
  const certified = await types('?category=sba_certified')
  assert.deepEqual(certified.map((type: { code: string }) => type.code).sort(), ['A4', 'A6', 'JT', 'XX'])
  for (const type of certified) {
    assert.equal(type.isCertification, true)
    assert.match(type.meaning, /ends on the day that is stated/)
  }
  assert.deepEqual(
    (await types('?q=a6')).map((type: { code: string }) => type.code),
    ['A6'],
  )
  assert.ok((await types('?q=veteran%20disab')).some((type: { code: string }) => type.code === 'QF'))
  assert.equal(
    (await types('?q=veteran')).every((type: { isCertification: boolean }) => !type.isCertification),
    true,
  )
})
