import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkProof, proveEntry, sealEntries, type Verification, verifyLog } from '#platform/audit'
import { openDocumentSigner } from '#platform/identity'
import { signerOf } from '#test/signers.ts'
import { testWorld } from '#test/world.ts'
import { CheckpointFolder } from '../../audit/checkpoint-folder.ts'
import { listCheckpointsAfter, makeCheckpoint } from '../../audit/checkpoints.ts'
import { listVerifications } from '../../audit/verification-runs.ts'
import { getArchive, listArchives, writeArchive } from '../retention/archives.ts'
import { restoreArchive } from '../retention/restores.ts'
import { runRetention } from '../retention/runs.ts'
import { archiveFilesOf } from './archive-files.ts'
import { verifyNightly } from './verification-jobs.ts'

const directory = mkdtempSync(join(tmpdir(), 'commonhold-archived-log-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const folder = join(directory, 'archive')
const checkpoints = join(directory, 'checkpoints')
const world = await testWorld({ placed: false, environment: { COMMONHOLD_ARCHIVE_DIR: folder } })
const { admin, adminConfig, app, db } = world
const tenants = [randomUUID(), randomUUID()] as const
const [first, second] = tenants
const signer = await openDocumentSigner(app)
const signers = { current: async () => signer, find: async () => undefined }
const logId = (await admin.query('select log_id from audit.sealing')).rows[0].log_id as string
const outside = new CheckpointFolder(checkpoints, logId)
const archives = archiveFilesOf(app)
const shelf = { folder, keyring: app.keyring }

async function closeDay(): Promise<void> {
  await sealEntries(db)
  await makeCheckpoint(db, signers, new Date(), await outside.head())
  await outside.append(await listCheckpointsAfter(db.unscoped, (await outside.head())?.number ?? 0, 1000), new Date())
}

const month = (ago: number) => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1))
}
const partitionOf = (ago: number) => `audit.audit_logs_${month(ago).toISOString().slice(0, 7).replace('-', '_')}`

/** Entries of then, of two tenants by turns, with values of all kinds. */
async function makeMonth(ago: number, rows: number): Promise<string> {
  await admin.query(`select platform.make_month_partitions('audit.audit_logs', $1::timestamptz, 0)`, [month(ago)])
  await admin.query(
    `insert into audit.audit_logs (tenant_id, created_at, id, user_id, user_name, action, resource, resource_id, changes, details, ip_address)
     select
       case when n % 3 = 0 then $3::uuid else $2::uuid end,
       $1::timestamptz + n * interval '1.000001 seconds',
       (lpad(to_hex((extract(epoch from $1::timestamptz + n * interval '1 second') * 1000)::bigint), 12, '0')
         || '7' || left(md5(n::text), 3) || '8' || left(md5(n::text || random()::text), 15))::uuid,
       gen_random_uuid(), 'Ada', 'update', 'identity.users', n::text,
       '{"n": {"old": 1.50, "new": 1e3}, "email": {"old": "a@example.org"}}', '{"text": "Łódź \\"x\\" \\n"}', '192.0.2.7'
     from generate_series(1, $4::integer) as n`,
    [month(ago), first, second, rows],
  )
  return partitionOf(ago)
}
const verify = (options: object = {}): Promise<Verification> =>
  verifyLog({ admin: adminConfig, folder: checkpoints, archives, ...options })
const kindsOf = ({ counts }: Verification) => Object.keys(counts).sort()
const exists = async (table: string) =>
  (await admin.query('select to_regclass($1) is not null as it', [table])).rows[0].it as boolean
const archiveLog = async () => (await runRetention(app, { name: 'audit.log' }))[0]

const [older, old] = [await makeMonth(15, 30), await makeMonth(14, 1_500)]
const kept = await makeMonth(12, 20)
await closeDay()

test('GG-16 PE-07 a month of the log goes into an archive after a year, and the log stays sound', async () => {
  const before = await verify()
  assert.deepEqual([before.findings, before.archived], [[], 0])
  const run = await archiveLog()
  assert.deepEqual([run?.status, run?.archived], ['done', 1_530], run?.reason ?? '')
  assert.deepEqual([await exists(older), await exists(old), await exists(kept)], [false, false, true])
  await closeDay()
  const sound = await verify()
  assert.deepEqual(sound.findings, [])
  assert.deepEqual([sound.archived, sound.archivesRead.length, sound.archivesAway], [1_530, 2, []])
  const others = (await admin.query('select count(*)::int as n from audit.audit_logs')).rows[0].n
  assert.equal(sound.entries, others)
  assert.deepEqual((await verify({ since: 1 })).findings, [])
  const alone = await verify({ tenantId: second })
  assert.deepEqual([alone.findings, alone.archived], [[], 510])
  const { rows } = await admin.query(
    `select count(*)::int as n from audit.audit_logs where action = 'audit.month_archived'`,
  )
  assert.equal(rows[0].n, 2, 'it is told in the log itself')
})

test('PE-07 by the clock archived months are read again on Sundays, and what came of it stays to be seen', async () => {
  const nightly = async (day: string) => {
    const clock = { now: () => new Date(`${day}T04:40:00Z`) }
    const administration = { admin: adminConfig, isEmbedded: false, dataDirectory: directory }
    await verifyNightly.run({}, { ...app, clock, administration })
    return (await listVerifications(db.unscoped, 1))[0]
  }
  const monday = await nightly('2026-11-23')
  assert.deepEqual([monday?.state, monday?.archivesRead, monday?.archivesAway], ['sound', [], []])
  const all = listArchives(shelf).items.map(({ manifest }) => manifest.id)
  assert.equal(all.length, 2, 'control')
  const sunday = await nightly('2026-11-22')
  assert.deepEqual([sunday?.kind, sunday?.state, sunday?.archived], ['full', 'sound', 1_530])
  assert.deepEqual([sunday?.archivesRead.toSorted(), sunday?.archivesAway], [all.toSorted(), []])

  const [lost = ''] = all
  const path = join(folder, `${lost}.json`)
  renameSync(path, `${path}.elsewhere`)
  const without = await nightly('2026-11-29')
  renameSync(`${path}.elsewhere`, path)
  assert.deepEqual([without?.state, without?.archivesAway], ['sound', [lost]])
})

/** What somebody does who is superuser; undone afterwards. */
function attacked(name: string, body: () => Promise<void>): void {
  test(name, async () => {
    const { rows } = await admin.query('select * from audit.archived_months')
    const files = new Map(readdirSync(folder).map(file => [file, readFileSync(join(folder, file))]))
    try {
      await body()
    } finally {
      for (const [file, bytes] of files) writeFileSync(join(folder, file), bytes)
      await admin.query('truncate audit.archived_months')
      await admin.query(
        'insert into audit.archived_months select (json_populate_record(null::audit.archived_months, line)).* from json_array_elements($1) as line',
        [JSON.stringify(rows)],
      )
    }
  })
}
const archivedFile = () => listArchives(shelf).items.find(({ manifest }) => manifest.partition === old)?.manifest
const boundsOf = async (table: string): Promise<string> =>
  (await admin.query('select pg_get_expr(relpartbound, oid) as it from pg_class where oid = $1::regclass', [table]))
    .rows[0].it

attacked('PE-07 a month that goes without a record is named as missing, with every entry', async () => {
  const bounds = await boundsOf(kept)
  await admin.query(`alter table audit.audit_logs detach partition ${kept}`)
  const detached = await verify()
  assert.deepEqual(detached.counts, { missing: 20 })
  assert.match(detached.findings[0]?.text ?? '', /there is no partition/)
  await admin.query(`alter table audit.audit_logs attach partition ${kept} ${bounds}`)
  assert.deepEqual((await verify()).findings, [], 'control')
  await admin.query('delete from audit.archived_months where archive = $1', [archivedFile()?.id])
  assert.deepEqual((await verify()).counts, { missing: 1_500 }, 'nor does an archive that nothing signed stand for it')
})

attacked('PE-07 a record that is forged, of another key, log, archive or month is no record', async () => {
  const { signed, archive } = (
    await admin.query('select signed, archive from audit.archived_months where archive = $1', [archivedFile()?.id])
  ).rows[0]
  const put = (text: string) =>
    admin.query('update audit.archived_months set signed = $1 where archive = $2', [text, archive])
  const [header, payload, signature] = signed.split('.')
  const document = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forge = (change: object) =>
    [header, Buffer.from(JSON.stringify({ ...document, ...change })).toString('base64url'), signature].join('.')
  for (const forged of [
    forge({ fileSha256: '00' }),
    forge({ tenants: [...document.tenants, { tenantId: first, runs: [[1020, 20]], entries: '' }] }),
    signerOf('theirs').sign(document, 'commonhold-audit-archive'),
    signer.sign({ ...document, log: randomUUID() }, 'commonhold-audit-archive'),
    signer.sign({ ...document, archive: 'another' }, 'commonhold-audit-archive'),
    signer.sign(document, 'commonhold-checkpoint'),
    'x',
  ]) {
    await put(forged)
    const found = await verify({ archives: undefined })
    assert.deepEqual(found.counts, { archive_forged: 1, missing: 1_500 })
  }
  await put(signed)
  await admin.query(`update audit.archived_months set archive = 'another' where archive = $1`, [archive])
  assert.deepEqual(kindsOf(await verify()), ['archive_forged', 'missing'])
})

attacked('PE-07 an archive that is altered is named; one that is away is told of', async () => {
  const { id, file } = archivedFile() as { id: string; file: string }
  const path = join(folder, file)
  const bytes = readFileSync(path)
  for (const at of [bytes.length >> 1, bytes.length - 1]) {
    const altered = Buffer.from(bytes)
    altered[at] = (altered[at] as number) ^ 1
    writeFileSync(path, altered)
    const found = await verify()
    assert.ok(kindsOf(found).includes('archive_differs'))
    assert.equal((await verify({ archives: undefined })).isSound, true, 'control: only where archives are read')
  }
  renameSync(join(folder, `${id}.json`), join(directory, 'aside.json'))
  const away = await verify()
  assert.deepEqual([away.findings, away.archivesAway], [[], [id]])
  renameSync(join(directory, 'aside.json'), join(folder, `${id}.json`))
})

attacked('PE-07 another archive of the month, written with the keys, is not the one that was recorded', async () => {
  const { id, file } = archivedFile() as { id: string; file: string }
  const lines: string[] = []
  for await (const portion of archives.read(id) ?? []) lines.push(...portion)
  const { table, partition, database, from, to, columns, schemaVersion } = getArchive(shelf, id)
  rmSync(join(folder, file))
  rmSync(join(folder, `${id}.json`))
  const altered = lines.map((line, index) => (index === 7 ? line.replace('"Ada"', '"Eve"') : line)).slice(0, -1)
  const made = await writeArchive(
    shelf,
    { table, partition, database, from, to, columns, schemaVersion },
    (async function* () {
      yield altered.map(line => ({ line, at: '' }))
    })(),
    { now: new Date() },
  )
  // The name is bound to the content by the encryption: so he signs a record of the archive that he wrote.
  assert.notEqual(made.id, id)
  const { signed } = (await admin.query('select signed from audit.archived_months where archive = $1', [id])).rows[0]
  const document = JSON.parse(Buffer.from(signed.split('.')[1], 'base64url').toString())
  const { sha256, fileSha256 } = made
  const record = signer.sign({ ...document, archive: made.id, sha256, fileSha256 }, 'commonhold-audit-archive')
  await admin.query('update audit.archived_months set archive = $1, signed = $2 where archive = $3', [
    made.id,
    record,
    id,
  ])
  const found = await verify()
  assert.deepEqual(found.counts, { archive_differs: 2 })
  assert.match(found.findings.map(({ text }) => text).join(), /otherwise than it was sealed.*lacks entry/)
  for (const name of [made.file, `${made.id}.json`]) rmSync(join(folder, name))
})

attacked('PE-07 seals of archived entries that are altered are named', async () => {
  await admin.query('create table public.seals as table audit.seals')
  try {
    const of = `tenant_id = '${second}' and first_position = 0`
    await admin.query(`update audit.seals set keys = overlay(keys placing '\\x00'::bytea from 30 for 1) where ${of}`)
    assert.deepEqual(kindsOf(await verify({ archives: undefined })), ['archive_differs'])
    await admin.query(
      `update audit.seals set leaves = overlay(leaves placing '\\x0000'::bytea from 40 for 2) where ${of}`,
    )
    const found = await verify({ archives: undefined })
    assert.ok(kindsOf(found).includes('resealed') && kindsOf(found).includes('archive_differs'))
  } finally {
    await admin.query(
      'truncate audit.seals; insert into audit.seals select * from public.seals; drop table public.seals',
    )
  }
})

attacked('PE-07 entries that are put where an archived month was are named, as they were or altered', async () => {
  await restoreArchive(app, archivedFile()?.id as string, { into: 'audit.aside' })
  await admin.query(`select platform.make_month_partitions('audit.audit_logs', $1::timestamptz, 0)`, [month(14)])
  try {
    await admin.query(
      `insert into ${old} select (json_populate_record(null::${old}, row_to_json(t))).* from audit.aside as t limit 3`,
    )
    assert.deepEqual((await verify()).counts, { inserted: 3 })
  } finally {
    await admin.query(`drop table ${old}, audit.aside`)
  }
})

attacked('PE-07 what was restored beside is compared, and a difference named', async () => {
  const { table } = await restoreArchive(app, archivedFile()?.id as string)
  assert.deepEqual((await verify()).findings, [])
  await admin.query(`update ${table} set resource_id = 'x' where ctid = '(0,5)'`)
  const altered = await verify()
  assert.deepEqual(altered.counts, { archive_differs: 1 })
  assert.match(altered.findings[0]?.text ?? '', /The table audit\.audit_logs_\d+_\d+_restored/)
  await admin.query(`delete from ${table} where ctid = '(0,5)'; delete from ${table} where ctid = '(0,6)'`)
  assert.deepEqual((await verify()).counts, { archive_differs: 2 })
  await admin.query(`drop table ${table}`)
})

test('PE-07 GG-16 a month that is brought back is verified entry by entry, and archived again only as it was sealed', async () => {
  const id = archivedFile()?.id as string
  await restoreArchive(app, id, { isBack: true })
  await closeDay()
  const back = await verify()
  assert.deepEqual([back.findings, back.archived], [[], 30])
  await assert.rejects(admin.query(`update ${old} set action = 'x'`), { code: '42501' }, 'as firm as it was')
  await admin.query(`alter table ${old} disable trigger append_only`)
  const { rows } = await admin.query(`select id, action from ${old} limit 1`)
  await admin.query(`update ${old} set action = 'x' where id = $1`, [rows[0].id])
  assert.deepEqual((await verify()).counts, { altered: 1 })
  const refused = await archiveLog()
  assert.equal(refused?.status, 'failed')
  assert.match(refused?.reason ?? '', new RegExp(`is not what was sealed, as the entry ${rows[0].id}`))
  assert.equal(await exists(old), true)
  await admin.query(`update ${old} set action = $2 where id = $1`, [rows[0].id, rows[0].action])
  await admin.query(`create table public.gone as select * from ${old} where id = $1`, [rows[0].id])
  await admin.query(`delete from ${old} where id = $1`, [rows[0].id])
  assert.deepEqual((await verify()).counts, { missing: 1 })
  assert.equal((await archiveLog())?.status, 'failed', 'nor with one less')
  await admin.query(`insert into ${old} select * from public.gone; drop table public.gone`)
  assert.equal((await archiveLog())?.status, 'done')
  await closeDay()
  const again = await verify()
  assert.deepEqual([again.findings, again.archived], [[], 1_530])
})

test('GG-16 an archive does not come back over the erasure of a person since', async () => {
  await admin.query('insert into audit.erased_subjects (user_id, finished_at) values ($1, now())', [randomUUID()])
  const id = archivedFile()?.id as string
  await assert.rejects(restoreArchive(app, id, { isBack: true }), { code: 'audit.erased_since_archived' })
  assert.equal(await exists(old), false)
  assert.deepEqual((await verify()).findings, [])

  // Her account had gone before the month was archived, her part of the log goes afterwards.
  const { writtenAt } = getArchive(shelf, id)
  const lines: string[] = []
  for await (const portion of archives.read(id) ?? []) lines.push(...portion)
  const { user_id: ada } = JSON.parse(lines[0] as string)
  await admin.query(
    `insert into identity.erased_users (id, erased_at) values ($1, $2::timestamptz - interval '1 day')`,
    [ada, writtenAt],
  )
  const finish = (finishedAt: string | null) =>
    admin.query(
      `insert into audit.erased_subjects (user_id, asked_at, finished_at) values ($1, $2::timestamptz - interval '1 day', $3)
       on conflict (user_id) do update set finished_at = excluded.finished_at`,
      [ada, writtenAt, finishedAt],
    )
  const refusal = { code: 'operations.archive_tells_of_erased', message: /\(1 of them\)/ }
  for (const finishedAt of [null, writtenAt]) {
    await finish(finishedAt)
    await assert.rejects(restoreArchive(app, id), refusal)
  }
  await admin.query(`drop table ${(await restoreArchive(app, id, { withErased: true })).table}`)
  await finish('2001-01-01')
  const { table } = await restoreArchive(app, id)
  await admin.query(`drop table ${table}; delete from identity.erased_users`)
  await admin.query('delete from audit.erased_subjects where user_id = $1', [ada])
})

test('PE-07 an archived entry is proven from its archive, and refused where that is not at hand', async () => {
  const { id: archive } = getArchive(shelf, archivedFile()?.id as string)
  const lines: { id: string; tenant_id: string; created_at: string }[] = []
  for await (const portion of archives.read(archive) ?? []) lines.push(...portion.map(line => JSON.parse(line)))
  const { id } = lines.filter(line => line.tenant_id === second)[77] as { id: string }
  const own = db.scoped({ tenantId: second })
  const checked = checkProof(JSON.stringify(await proveEntry(own, id, { archives })))
  assert.deepEqual([checked.entry?.id, checked.entry?.userName, checked.tenantId], [id, 'Ada', second])
  const hidden = checkProof(JSON.stringify(await proveEntry(own, id, { archives, withoutPerson: true })))
  assert.deepEqual(hidden.untold, ['person', 'values'])
  await assert.rejects(proveEntry(own, id), { code: 'audit.entry_archived' })
  await assert.rejects(proveEntry(own, id, { archives: { read: () => undefined } }), /bring the archive back/)
  const altered = {
    async *read() {
      for await (const portion of archives.read(archive) ?? [])
        yield portion.map(line => line.replace('"Ada"', '"Eve"'))
    },
  }
  await assert.rejects(proveEntry(own, id, { archives: altered }), { code: 'audit.archive_differs' })
  await assert.rejects(proveEntry(db.scoped({ tenantId: first }), id, { archives }), { code: 'audit.entry_not_found' })
})
