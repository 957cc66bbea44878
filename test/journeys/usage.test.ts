import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { believedNoLonger, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, alice, bob, viewer, baseUrl } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
await believedNoLonger()
/** Where to put pictures of the pages; none are taken unless told. */
const pictures = process.env.COMMONHOLD_TEST_PICTURES

// Two months of use, as it would have been counted.
await admin.query(
  `insert into usage.tenant_usage (tenant_id, metric_name, period, period_start, metric_value, rolled_up_value)
  select $1, metric, 'hour', date_trunc('hour', now() at time zone 'UTC') at time zone 'UTC' - hours * interval '1 hour',
    (scale * (1.2 + sin(hours / 24.0 * 6.283) + random()))::bigint, 0
  from generate_series(0, 1400) as hours
  cross join (values ('http.requests', 90), ('http.bytes_sent', 400000)) as flow (metric, scale)`,
  [alice.tenantId],
)
await admin.query(
  `insert into usage.tenant_usage (tenant_id, metric_name, period, period_start, metric_value, highest_value)
  select $1, 'contractors.list_items', period,
    date_trunc(period, (now() at time zone 'UTC') - steps * ('1 ' || period)::interval) at time zone 'UTC',
    400 - steps * 7, 410 - steps * 6
  from unnest(array['hour', 'day', 'month']) as period, generate_series(1, 40, 3) as steps`,
  [alice.tenantId],
)

describe('usage and plans in the console', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const visit = async (options: Parameters<Browser['newContext']>[0] = {}) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 800 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    return { page, complaints: hearComplaints(page), leave: () => context.close() }
  }

  it('AG-07 an operator makes a plan and gives it to a workspace', async () => {
    const { page, complaints, leave } = await visit()
    await signIn(page, bob)
    await page.getByRole('link', { name: 'Plans' }).click()
    await page.getByRole('heading', { level: 2, name: 'Standard' }).waitFor()
    await page.getByText('No limits.').waitFor()
    await look(page, 'plans')

    await page.getByRole('button', { name: 'New plan' }).click()
    const dialog = page.getByRole('dialog', { name: 'New plan' })
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('Give the plan a name.').waitFor()
    await dialog.getByLabel('Name', { exact: true }).fill('Team')
    await dialog.getByLabel('Short name').fill('team')
    await dialog.getByLabel('Description').fill('For teams of one office')
    await dialog.getByLabel('Contractor lists').first().fill('2')
    await dialog.getByLabel('Contractors in lists').first().fill('1000')
    await dialog.getByLabel('Requests by programs a month').fill('100000')
    await look(page, 'plan-dialog')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText(/Contractor lists: 2/).waitFor()

    await page.getByRole('button', { name: '2 workspaces' }).click()
    await page.getByLabel('Plan of Meridian Capture').selectOption({ label: 'Team' })
    await page.getByText('Meridian Capture has another plan').waitFor()
    await page.getByRole('button', { name: '1 workspace', exact: true }).first().waitFor()
    await look(page, 'plans-two')
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('AG-02 an owner sees what is used, by hour, day and month, as drawings and as tables', async () => {
    for (const name of ['Partners', 'Primes'])
      await alice.fetch('/contractor-lists', { method: 'POST', body: { name } })
    const { page, complaints, leave } = await visit({ timezoneId: 'America/New_York' })
    await signIn(page, alice)
    await page.getByRole('link', { name: 'Usage' }).click()
    await page.getByRole('heading', { level: 2, name: 'Plan Team' }).waitFor()
    await page.getByText('2 of 2').waitFor()
    await page.getByText('At the limit nothing can be added; what is there stays.').first().waitFor()
    await page.getByRole('img', { name: /^Requests by programs by day, from / }).waitFor()
    await look(page, 'usage')

    await page.getByText('48 hours').click()
    await page.getByRole('img', { name: /^Requests by programs by hour, from / }).waitFor()
    assert.match(page.url(), /by=hour/)
    const requests = page.getByRole('region', { name: 'Requests by programs' })
    await requests.getByRole('button', { name: 'Show as a table' }).click()
    await requests.getByRole('columnheader', { name: 'Used' }).waitFor()
    assert.equal(await requests.getByRole('row').count(), 49)
    await look(page, 'usage-hours')
    await page.getByText('12 months').click()
    await page.getByRole('img', { name: /^Contractors in lists by month, from / }).waitFor()
    await look(page, 'usage-months')
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('AG-02 what exceeds the limit is refused in words, on a phone too', async () => {
    const { page, leave } = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
    await signIn(page, alice)
    await page.goto('/lists')
    await page.getByRole('button', { name: 'New list' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('One too many')
    await dialog
      .getByRole('button', { name: /list|save|make/i })
      .last()
      .click()
    await dialog.getByText(/The plan of this workspace allows 2 lists, and there are 2/).waitFor()
    await page.goto('/usage')
    await page.getByRole('heading', { level: 2, name: 'Plan Team' }).waitFor()
    await page.getByRole('img', { name: /^Requests by programs by day, from / }).waitFor()
    await look(page, 'usage-phone')
    await leave()
  })

  it('AG-02 AG-07 who may not see usage or plans is shown neither', async () => {
    const { page, leave } = await visit()
    await signIn(page, viewer)
    assert.equal(await page.getByRole('link', { name: 'Usage' }).count(), 0)
    assert.equal(await page.getByRole('link', { name: 'Plans' }).count(), 0)
    await page.goto('/usage')
    await page
      .getByRole('heading', { name: /not|cannot|may/i })
      .first()
      .waitFor()
    await page.goto('/plans')
    await page.getByRole('heading', { name: 'This is for operators' }).waitFor()
    await leave()
  })
})

async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(url => url.pathname !== '/sign-in')
  await page.getByRole('main').waitFor()
}

/** No page without this: accessible in both schemes, and no wider than the window. */
async function look(page: Page, name: string): Promise<void> {
  await checkAccess(page, name)
  await checkWidths(page, name)
  if (!pictures) return
  for (const [size, viewport] of Object.entries({
    desktop: { width: 1280, height: 900 },
    phone: { width: 390, height: 844 },
  })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const usual = page.viewportSize() ?? viewport
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(400)
      await page.screenshot({ path: `${pictures}/${name}-${size}-${colorScheme}.png`, fullPage: true })
      await page.setViewportSize(usual)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
}
