import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { believedNoLonger, newPerson, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { makeTenantExport } from '../../src/platform/operations/tenant-archives/export-jobs.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const folder = mkdtempSync(join(tmpdir(), 'commonhold-exports-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const world = await testWorld({ consoleDirectory })
const { admin, adminConfig, app, baseUrl } = world
const owner = await newPerson(world, { fullName: 'Ada Lovelace', tenantName: 'Engines and Sons' })
const operator = await newPerson(world, { fullName: 'Olga Operator', tenantName: 'Operations' })
await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
await believedNoLonger()
const stays = { 'access.api_keys': 'Revoked stays so', 'mail.outbox': 'Not sent twice', 'jobs.job': 'Not done twice' }
const counts = { added: 41, changed: 3, removed: 2, leftOut: 1, erased: 0 }
const recovery = { until: '2026-11-20T11:59:00Z', backup: '20261120T020000Z-full-aaaaaa' }
for (const result of [
  { scope: 'tenant', slug: 'engines', mode: 'replace', tables: { lists: counts }, stays, recovery },
  { scope: 'table', table: 'contractors.contractor_lists', into: 'restored.lists', rows: 12, counts: null, recovery },
])
  await admin.query(
    `insert into operations.backup_runs (kind, state, requested_by, finished_at, result)
    values ('restore', 'done', 'Olga Operator', now(), $1)`,
    [JSON.stringify(result)],
  )

/** As a worker does. */
async function make(): Promise<void> {
  const { rows } = await admin.query(`select id, tenant_id from operations.tenant_exports where status = 'waiting'`)
  const own = { ...app, administration: { admin: adminConfig, isEmbedded: false, dataDirectory: folder } }
  for (const { id, tenant_id: tenantId } of rows) await makeTenantExport.run({ tenantId, exportId: id }, own)
}

describe('the export of a workspace in the console', { skip }, () => {
  const { open } = useBrowser(baseUrl)
  for (const size of Object.keys(sizes) as Size[])
    it(`MT-08 an owner takes the workspace along, and an operator sees it, on a ${size}`, async () => {
      const { context, page, complaints } = await open(size)
      await enter(page, owner, '/settings/export')
      await page.getByRole('button', { name: 'Export the workspace…' }).click()
      const dialog = page.getByRole('dialog', { name: 'Export the workspace?' })
      await dialog.getByRole('textbox', { name: 'Passphrase' }).fill('correct horse battery staple')
      await look(page, 'tenant-export-dialog')
      await dialog.getByRole('button', { name: 'Export', exact: true }).click()
      await page.getByText('Begins in a moment').waitFor()
      await look(page, 'tenant-export-waiting')
      await make()
      const fetched = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download' }).first().click()
      assert.match((await fetched).suggestedFilename(), /\.chb$/)
      await page
        .getByText(/fetched/)
        .first()
        .waitFor()
      await look(page, 'tenant-export-done')
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('None was made in the last 90 days.').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()

      const other = await open(size)
      await enter(other.page, operator, `/tenants/${owner.tenantId}`)
      await other.page.getByRole('button', { name: 'Export the workspace…' }).waitFor()
      await look(other.page, 'tenant-export-operator')
      await other.page.goto('/operations/backups')
      await other.page.getByText('Workspace engines, replace').first().waitFor()
      await other.page.locator('summary').first().click()
      await look(other.page, 'operations-restores')
      assert.deepEqual(other.complaints, [])
      await other.context.close()
    })
})
