import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { readServer } from '../../src/platform/operations/backups/base-backups.ts'
import { type Backup, backupPath, writeVerification } from '../../src/platform/operations/backups/catalogue.ts'
import { formatLsn } from '../../src/platform/operations/backups/positions.ts'
import { writeSigned } from '../../src/platform/operations/backups/sealed-files.ts'
import { shelfOfApp } from '../../src/platform/operations/backups/settings.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const folder = mkdtempSync(join(tmpdir(), 'commonhold-shelf-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const environment = { COMMONHOLD_BACKUP_DIR: folder }
const { admin, adminConfig, app, alice, baseUrl } = await testWorld({ consoleDirectory, environment })
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()
const { systemIdentifier } = await readServer(adminConfig)
const archive = { ...shelfOfApp(app), systemIdentifier }
const made = new Set<string>()

/** Entries of the catalogue alone: the page shows what stands there. */
async function keepBackups(): Promise<void> {
  const day = 86_400_000
  for (let index = 0, parent: string | null = null; index < 7; index++) {
    const at = new Date(Date.now() - (7 - index) * 0.25 * day).toISOString()
    const kind = index % 4 === 0 ? 'full' : 'incremental'
    const id = `${at.replace(/[-:]/g, '').replace(/\.\d+/, '')}-${kind}-journe`
    const lsn = (position: number) => formatLsn(BigInt(position) * 2n ** 24n)
    const backup: Backup = {
      ...{ id, kind, parent: kind === 'full' ? null : parent, systemIdentifier, serverVersion: 180_004, timeline: 1 },
      ...{ startLsn: lsn(index + 1), stopLsn: lsn(index + 1), startedAt: at, finishedAt: at },
      ...{ walSegmentBytes: 2 ** 24, superuser: 'postgres', keyId: 'k1', files: [] },
      ...{
        plainBytes: kind === 'full' ? 345_000_000 : 29_000_000,
        storedBytes: kind === 'full' ? 61_000_000 : 4_100_000,
      },
    }
    mkdirSync(backupPath(archive, id), { recursive: true })
    made.add(id)
    await writeSigned(join(backupPath(archive, id), 'backup.json'), archive.keyring, backup)
    await writeVerification(archive, id, {
      at,
      faults: index === 5 ? ['The file base.sealed was altered: frame 7 is not what was written.'] : [],
    })
    parent = id
  }
  await admin.query(`
    insert into operations.backup_runs (kind, state, requested_by, started_at, finished_at, result)
    values
      ('drill', 'done', null, now() - interval '2 days', now() - interval '2 days' + interval '41 s', '{"indexes": 1055, "tables": 152, "compared": 152}'),
      ('full', 'done', 'Alice', now() - interval '6 hours', now() - interval '6 hours' + interval '9 s', '{"plainBytes": 345000000, "storedBytes": 61000000}'),
      ('verify', 'done', 'Alice', now() - interval '5 hours', now() - interval '5 hours' + interval '2 s', '{"bytes": 345000000}')`)
}

describe('backups in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)

  it('GG-20 an operator is told that there is no backup, and begins one', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, alice, '/operations/backups')
    await page.getByText('The database is not protected').waitFor()
    await page.getByRole('heading', { name: 'There is no backup yet' }).waitFor()
    await look(page, 'backups-none')
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByText('The backup begins in a moment.').waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-20 an operator sees chains, what is broken, and to when the database can be brought back (${size})`, async () => {
      if (made.size === 0) await keepBackups()
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations/backups')
      await page.getByRole('heading', { level: 2, name: 'To when the database can be brought back' }).waitFor()
      await page.getByText('Broken', { exact: true }).waitFor()
      await page.getByText(/Every moment from/).waitFor()
      await look(page, 'backups')
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }
})
