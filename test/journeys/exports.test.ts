import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { refreshSummary } from '../../src/contractors/summary/refreshes.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { seedCatalogue } from './catalogue.ts'
import { enter, look, type Size, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, alice, app, bob, baseUrl, owner, viewer } = world

describe('exports and the overview in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)

  it('GG-22 before anything is imported the overview says what comes next', async () => {
    const { context, page, complaints } = await browser.open('phone')
    await enter(page, alice, '/overview')
    await page.getByRole('heading', { name: 'Nothing has been counted yet' }).waitFor()
    await page.getByText('An operator of this installation imports contractors').waitFor()
    await look(page, 'overview-empty')
    assert.deepEqual(complaints, [])
    await context.close()
  })

  for (const size of ['desktop', 'phone'] as const satisfies Size[]) {
    it(`GG-22 the overview shows the catalogue in numbers that lead into the search, and an operator has it counted anew, ${size}`, async () => {
      if (size === 'desktop') {
        await seedCatalogue(owner)
        await seedVariety()
        await refreshSummary(app)
        await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
        await believedNoLonger()
      }
      const { context, page, complaints } = await browser.open(size)
      await enter(page, bob, '/overview')
      await page.getByText(/All contractors in numbers, counted/).waitFor()
      await page.getByRole('img', { name: /^Map of the United States: dollars obligated by state/ }).waitFor()
      await page.getByRole('img', { name: /^Dollars obligated by fiscal year of signing/ }).waitFor()
      const drawn = await page
        .getByRole('img', { name: /^Dollars obligated by fiscal year of signing.* 2015: / })
        .count()
      assert.equal(drawn, 1)
      assert.equal(await page.getByRole('img', { name: / 1962: / }).count(), 0, 'a trifle of long ago is in the table')
      await look(page, 'overview')

      await page.getByText('Contractors', { exact: true }).last().click()
      await page.waitForURL('**/overview?by=contractors')
      const states = page.getByRole('region', { name: 'By state', exact: true })
      await states.getByRole('button', { name: 'Show as a table' }).click()
      await states.getByRole('row', { name: /Virginia 144/ }).waitFor()
      await look(page, 'overview-table')
      await states.getByRole('link', { name: 'Virginia' }).click()
      await page.waitForURL('**/contractors?state=VA')
      await page.getByText('144 contractors').first().waitFor()

      await page.goBack()
      await page.getByRole('button', { name: 'Refresh now' }).click()
      await page.getByText('The catalogue is counted anew; the numbers follow.').waitFor()
      await runJobs(world)
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-22 who is no operator sees when it was counted, and no button', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, viewer, '/overview')
    await page.getByText(/All contractors in numbers, counted/).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Refresh now' }).count(), 0)
    await page.goto('/exports')
    await page.getByText('This is not open to your role').waitFor()
    await context.close()
  })

  it('GG-06 GG-09 an empty page of exports says how one comes by a file', async () => {
    const { context, page, complaints } = await browser.open('phone')
    await enter(page, bob, '/exports')
    await page.getByRole('heading', { name: 'No exports' }).waitFor()
    await look(page, 'exports-empty')
    assert.deepEqual(complaints, [])
    await context.close()
  })

  for (const size of ['desktop', 'phone'] as const satisfies Size[]) {
    it(`GG-09 a list is exported at once, and a large search with its progress shown, ${size}`, async () => {
      const { context, page, complaints } = await browser.open(size)
      const list = await makeList()
      await enter(page, alice, `/lists/${list}`)
      await page.getByRole('button', { name: 'Export', exact: true }).first().click()
      const dialog = page.getByRole('dialog', { name: 'Export contractors' })
      await dialog.getByText('2 contractors', { exact: true }).waitFor()
      await look(page, 'export-dialog')
      await dialog.getByLabel('PDF').check()
      await dialog.getByRole('button', { name: 'All' }).click()
      await dialog.getByText('A page has room for at most 12 columns.').waitFor()
      assert.ok(await dialog.getByRole('button', { name: 'Export' }).isDisabled())
      await dialog.getByLabel('CSV').check()
      await dialog.getByRole('button', { name: 'The name only' }).click()
      await dialog.getByLabel('Notes', { exact: true }).check()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('button', { name: 'Export' }).click(),
      ])
      assert.match(download.suggestedFilename(), /^Teaming \d{4}-\d\d-\d\d\.csv$/)
      const text = await readFile(await download.path(), 'utf8')
      assert.match(text, /^Name,Notes\r\n/)
      assert.match(text, /VERIZON FEDERAL INC\.,'=1\+1\r\n/)
      await page.getByText('2 contractors were exported.').waitFor()

      const large = await alice.fetch('/contractor-exports', {
        method: 'POST',
        body: { format: 'xlsx', selection: { search: {} } },
      })
      const { id } = await large.json()
      await admin.query(
        `update contractors.exports set status = 'running', attempt = 9, rows_total = 250000, rows_done = 87500, byte_count = 0, finished_at = null, expires_at = null where id = $1`,
        [id],
      )
      await page.goto('/exports')
      await page.getByText('87,500 of 250,000 contractors').waitFor()
      await page
        .getByText(/expires in (24|23) hours/)
        .first()
        .waitFor()
      await look(page, 'exports')
      await page.getByRole('button', { name: 'Cancel Contractors found as Excel (XLSX)' }).click()
      await page.getByText('87,500 of 250,000 contractors').waitFor({ state: 'detached' })
      const again = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Download Teaming as CSV' }).first().click()
      await (await again).path()
      for (const button of await page.getByRole('button', { name: 'Delete Teaming as CSV' }).all()) await button.click()
      await page.getByRole('heading', { name: 'No exports' }).waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-06 ticked contractors of a search are exported', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, alice, '/contractors?q=deloitte')
    await page.getByRole('checkbox', { name: /DELOITTE CONSULTING LLP/ }).check()
    await page.getByRole('region', { name: 'Selection' }).getByRole('button', { name: 'Export' }).click()
    const dialog = page.getByRole('dialog', { name: 'Export contractors' })
    await dialog.getByText('1 selected contractor').waitFor()
    await dialog.getByLabel('JSON').check()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Export' }).click(),
    ])
    const [contractor] = JSON.parse(await readFile(await download.path(), 'utf8'))
    assert.equal(contractor.name, 'DELOITTE CONSULTING LLP')
    assert.equal(contractor.totalContractValue, '1133394199.53')
    assert.deepEqual(complaints, [])
    await context.close()
  })
})

async function makeList(): Promise<string> {
  const { id } = await (await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Teaming' } })).json()
  for (const [uei, notes] of [
    ['C12NSYAH27N4', '=1+1'],
    ['CKV2L9GZKJK3', 'Ask Anna'],
  ]) {
    await alice.fetch(`/contractor-lists/${id}/items`, { method: 'POST', body: { uei, notes } })
  }
  return id
}

/** Contractors and awards in many states, industries and years: a picture of real data. */
async function seedVariety(): Promise<void> {
  await owner.query(`
    insert into contractors.agencies (code, name)
    values ('9700', 'Department of Defense'), ('1700', 'Department of the Navy'), ('7000', 'Department of Homeland Security')
    on conflict do nothing`)
  await owner.query(`
    insert into contractors.contractor_profiles
      (uei, name, state, naics_code, business_types, total_contract_value, active_contracts_count, registration_status, award_agencies)
    select
      'VAR' || lpad(n::text, 9, '0'), 'VARIED WORKS ' || n,
      (array['CA', 'TX', 'MD', 'FL', 'NY', 'OH', 'CO', 'WA', 'AK', 'HI', 'PR'])[1 + n % 11],
      (array['541512', '336411', '236220', '561210', '423430', '611430', '484110'])[1 + n % 7],
      '["2X", "A2"]', round(power(10, 3 + n % 7)::numeric * (1 + n % 9), 2), n % 3,
      (array['Active', 'Expired'])[1 + n % 2], array['1700', '7000']
    from generate_series(1, 200) as n`)
  await owner.query(`
    insert into contractors.awards
      (id, uei, kind, agency_id, agency_name, piid, signed_date, completion_date, total_obligated, record_id)
    select
      gen_random_uuid(), 'VAR' || lpad((1 + n % 200)::text, 9, '0'), 'award', (array['1700', '7000', '9700'])[1 + n % 3], null,
      'N' || n, date '2014-01-15' + (n * 9) % 4300, date '2026-01-01' + (n % 900), 40000 + (n * 7919) % 9000000, gen_random_uuid()
    from generate_series(1, 900) as n
    union all
    select
      gen_random_uuid(), 'VAR000000001', 'award', '9700', null, 'OLD', date '1962-01-15', date '1963-01-15', 5, gen_random_uuid()`)
  await owner.query(`
    insert into contractors.naics_codes (code, edition, level, title)
    values
      ('54', 2022, 2, 'Professional, Scientific, and Technical Services'), ('31-33', 2022, 2, 'Manufacturing'),
      ('23', 2022, 2, 'Construction'), ('56', 2022, 2, 'Administrative and Support and Waste Management and Remediation Services'),
      ('42', 2022, 2, 'Wholesale Trade'), ('61', 2022, 2, 'Educational Services'), ('48-49', 2022, 2, 'Transportation and Warehousing'),
      ('51', 2022, 2, 'Information')
    on conflict do nothing`)
}
