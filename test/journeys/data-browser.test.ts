import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const { admin, alice, bob, baseUrl } = await testWorld({ consoleDirectory })
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()
await bob.fetch('/contractor-lists', { method: 'POST', body: { name: 'Bridges', isPublic: true } })

describe('the data in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-14 an operator walks through the tables and looks at the rows of a workspace (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations/data')
      await page.getByLabel('Module', { exact: true }).selectOption('contractors')
      await page.getByRole('heading', { level: 2, name: /^contractors: \d+ tables$/ }).waitFor()
      const whole = page.getByRole('region', { name: 'Diagram of contractors' })
      assert.ok((await whole.locator('svg path').count()) > 20, 'lines are drawn')
      await look(page, 'operations-data-diagram')
      await whole.getByRole('link', { name: /^contractor_list_items\b/ }).click()
      const around = page.getByRole('region', { name: 'Diagram of contractors.contractor_list_items' })
      await around.getByRole('link', { name: /^contractor_profiles\b/ }).waitFor()
      assert.equal(
        await around.locator('[aria-current]').textContent(),
        'contractor_list_items contractors',
        'it stands in the middle of what it refers to',
      )
      await around.getByRole('link', { name: /^contractor_lists\b/ }).click()
      await page
        .getByRole('region', { name: 'Diagram of contractors.contractor_lists' })
        .getByRole('link', { name: /^contractor_list_shares\b/ })
        .waitFor()
      const middle = await page.locator('[aria-current]', { hasText: 'contractor_lists' }).boundingBox()
      const { width } = sizes[size]
      assert.ok(middle && middle.x >= 0 && middle.x + middle.width <= width, 'what one looks at is in sight')
      await page.getByText('Choose a workspace').waitFor()
      await page.getByRole('combobox', { name: 'Workspace' }).fill('North')
      await page.getByRole('option', { name: /^Northgate Partners/ }).click()
      await page.getByRole('cell', { name: 'Bridges' }).waitFor()
      await look(page, 'operations-data-rows')
      await page.getByLabel('Filter by').selectOption('name')
      await page.getByLabel('Value').fill('Nothing of the kind')
      await page.getByRole('button', { name: 'Show', exact: true }).click()
      await page.getByText('No row of this workspace fits the filter.').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }
})
