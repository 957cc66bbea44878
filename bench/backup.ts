import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { Keyring } from '#platform/crypto'
import { startEmbedded } from '#platform/database'
import { takeBackup } from '../src/platform/operations/backups/base-backups.ts'
import { findFaults } from '../src/platform/operations/backups/contents.ts'
import { recoverAside } from '../src/platform/operations/backups/recoveries.ts'
import type { Bench, BenchResult } from './context.ts'

const rows = 1_500_000

/** A full backup against a copy of the same files that is as durable: `cp -r`, and all of it on the disk. */
const backup: Bench = async ({ log }) => {
  const root = mkdtempSync(join(tmpdir(), 'commonhold-bench-backup-'))
  const dataDirectory = join(root, 'data')
  const server = await startEmbedded({ dataDirectory })
  const shelf = { folder: join(root, 'backups'), keyring: Keyring.parse(Keyring.generate('k1')) }
  try {
    const admin = server.adminConfig()
    const client = new pg.Client(admin)
    await client.connect()
    await client.query(`
      create table rows as
      select g as id, md5(g::text) as text, g % 1000 as part, repeat('commonhold ', 8) as filler
      from generate_series(1, ${rows}) g`)
    await client.query('create unique index on rows (id)')
    await client.query('checkpoint')
    // Both from the same warm cache, in turns; the median of three.
    const [copies, backups, changes]: number[][] = [[], [], []]
    const timed = async (into: number[] | undefined, work: () => Promise<unknown>) => {
      const began = performance.now()
      await work()
      into?.push((performance.now() - began) / 1000)
    }
    let bytes = 0
    for (let round = 0; round < 3; round++) {
      const target = join(root, 'copy')
      await timed(copies, async () => {
        spawnSync('cp', ['-r', join(dataDirectory, 'postgres'), target])
        spawnSync('sync', ['-f', target])
      })
      rmSync(target, { recursive: true, force: true })
      await timed(backups, async () => {
        bytes = (await takeBackup({ shelf, admin })).plainBytes
      })
    }
    await client.query(`update rows set part = part + 1 where id <= ${rows / 100}`)
    await timed(changes, async () => takeBackup({ shelf, admin, incremental: true }))
    const last = await takeBackup({ shelf, admin, incremental: true })
    const began = performance.now()
    await findFaults({ ...shelf, systemIdentifier: last.systemIdentifier }, last)
    const read = (performance.now() - began) / 1000
    await client.end()
    const restoring = performance.now()
    const copy = await recoverAside({ shelf, target: { latest: true }, into: join(root, 'aside') })
    const restored = (performance.now() - restoring) / 1000
    await copy.stop()
    const ratio = medianOf(backups) / medianOf(copies)
    log(
      `${Math.round(bytes / 2 ** 20)} MB: cp -r ${medianOf(copies).toFixed(2)} s, backup ${medianOf(backups).toFixed(2)} s`,
    )
    const result = (name: string, value: number, unit: string): BenchResult => ({ name, value, unit })
    return [
      { name: 'full backup against cp -r of the same files', value: ratio, unit: '×', target: '≤ 2', ok: ratio <= 2 },
      result('full backup', bytes / 2 ** 20 / medianOf(backups), 'MB/s'),
      result('incremental backup after 1 % of the rows changed', medianOf(changes), 's'),
      result('reading an incremental backup again', read, 's'),
      result('recovering the copy aside', restored, 's'),
    ]
  } finally {
    await server.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

export default backup

const medianOf = (values: number[] | undefined): number =>
  (values ?? []).toSorted((a, b) => a - b)[Math.floor((values?.length ?? 0) / 2)] ?? 0
