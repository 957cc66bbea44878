import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { believedNoLonger, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, baseUrl } = world
const ada = await newPerson(world, { fullName: 'Ada Lovelace', tenantName: 'Engines and Sons' })
const operator = await newPerson(world, { fullName: 'Olga Operator', tenantName: 'Operations' })
await admin.query('insert into identity.operators (user_id) values ($1)', [operator.userId])
await believedNoLonger()
/** Where to put pictures of the pages; none are taken unless told. */
const pictures = process.env.COMMONHOLD_TEST_PICTURES

describe('settings of a workspace in the console', { skip }, () => {
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

  it('GG-03 MT-10 an owner is led through the first steps, names and describes the workspace, and gives it another address', async () => {
    const { page, complaints, leave } = await visit()
    await signIn(page, ada)
    const steps = page.getByRole('region', { name: 'First steps' })
    await steps.getByText(/^0 of \d done$/).waitFor()
    await look(page, 'first-steps')
    await steps.getByRole('button', { name: /Done: Decide how people sign in/ }).click()
    await steps.getByText(/^1 of \d done$/).waitFor()
    await steps.getByRole('link', { name: 'Describe the workspace' }).click()

    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor()
    await page.getByLabel('Name', { exact: true }).fill('Engines & Daughters')
    await page.getByLabel('Description').fill('We build engines.')
    await page.getByLabel('Website').fill('engines.example')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Begin with https://').waitFor()
    await page.getByLabel('Website').fill('https://engines.example')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The settings are saved.').waitFor()
    await page.getByText('Engines & Daughters').first().waitFor()
    await look(page, 'settings')

    await page.getByRole('button', { name: 'Change the address' }).click()
    const dialog = page.getByRole('dialog', { name: 'Change the address' })
    await dialog.getByLabel('New address').fill('www')
    await dialog.getByRole('button', { name: 'Change it' }).click()
    await dialog.getByText(/is reserved/).waitFor()
    assert.equal(complaints.splice(0).length, 1, 'control: only this was refused')
    await look(page, 'settings-address')
    await dialog.getByLabel('New address').fill('engines')
    await dialog.getByRole('button', { name: 'Change it' }).click()
    await page.getByText(/engines-and-sons leads here until/).waitFor()
    await page.getByRole('link', { name: /\/\/engines\.localhost/ }).waitFor()

    await page.goto('/contractors')
    await page
      .getByRole('region', { name: 'First steps' })
      .getByText(/^2 of \d done$/)
      .waitFor()
    await page.getByRole('button', { name: 'Put away' }).click()
    await page.getByRole('region', { name: 'First steps' }).waitFor({ state: 'detached' })
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('MT-10 a workspace shows its logo and colour, also before the sign-in on its own host', async () => {
    const { page, complaints, leave } = await visit()
    await signIn(page, ada)
    await page.goto('/settings/appearance')
    const buffer = await sharp({ create: { width: 600, height: 160, channels: 3, background: '#8a2be2' } })
      .png()
      .toBuffer()
    const choosing = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose a logo' }).click()
    await (await choosing).setFiles({ name: 'logo.png', mimeType: 'image/png', buffer })
    await page.getByRole('img', { name: 'Logo of Engines & Daughters' }).waitFor()
    await page.getByLabel('Main colour').fill('#ffe100')
    await page.getByRole('heading', { name: 'Colour' }).click()
    await look(page, 'appearance')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The colour is saved.').waitFor()
    await look(page, 'appearance-saved')
    assert.deepEqual(complaints, [])
    await leave()

    const host = `http://engines.localhost:${new URL(baseUrl).port}`
    const own = await visit({ baseURL: host })
    await own.page.goto(`${host}/sign-in`)
    await own.page.getByText('Engines & Daughters', { exact: true }).waitFor()
    await own.page.getByRole('img', { name: 'Engines & Daughters' }).waitFor()
    await look(own.page, 'own-host-sign-in')
    await signIn(own.page, ada, host)
    await own.page.getByText('Engines & Daughters').first().waitFor()
    assert.ok(own.page.url().startsWith(`${host}/contractors`))
    assert.deepEqual(own.complaints, [])
    const old = await own.page.goto(`http://engines-and-sons.localhost:${new URL(baseUrl).port}/lists?x=1`)
    assert.equal(old?.request().redirectedFrom()?.url().includes('engines-and-sons'), true)
    assert.ok(own.page.url().startsWith(`${host}/lists`))
    const nobody = await own.page.goto(`http://nobody.localhost:${new URL(baseUrl).port}/`)
    assert.equal(nobody?.status(), 404)
    await own.leave()
  })

  it('GG-03 a domain is added, and the page says how it is proven', async () => {
    const { page, leave } = await visit()
    await signIn(page, ada)
    await page.goto('/settings/domains')
    await page.getByText('The workspace has no domain of its own').waitFor()
    await page.getByRole('textbox', { name: 'Domain' }).fill('localhost')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('This is no domain of the internet').waitFor()
    await page.getByRole('textbox', { name: 'Domain' }).fill('portal.engines.invalid-tld-of-nobody')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('_commonhold.portal.engines.invalid-tld-of-nobody').waitFor()
    await look(page, 'domains')
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('The workspace has no domain of its own').waitFor()
    await leave()
  })

  it('MT-10 PE-12 a feature is switched off and on, and the passwords’ rules stand in the same frame', async () => {
    const { page, complaints, leave } = await visit()
    await signIn(page, ada)
    await page.goto('/settings/features')
    const toggle = page.getByRole('switch', { name: 'Lists for everybody' })
    assert.equal(await toggle.isChecked(), true)
    await toggle.click()
    await page.getByText('Saved. It holds for everybody within seconds.').waitFor()
    assert.equal(await toggle.isChecked(), false)
    await look(page, 'features')
    await toggle.click()
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Passwords' }).click()
    await page.getByRole('heading', { level: 2, name: 'Password rules' }).waitFor()
    await look(page, 'password-rules')
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('MT-12 MT-10 an operator makes a workspace, finds it, suspends it with a reason and opens it again', async () => {
    const { page, complaints, leave } = await visit()
    await signIn(page, operator)
    await page.getByRole('link', { name: 'Workspaces' }).click()
    await page.getByRole('heading', { level: 1, name: 'Workspaces' }).waitFor()
    await look(page, 'tenants')
    await page.getByRole('button', { name: 'New workspace' }).click()
    const making = page.getByRole('dialog', { name: 'New workspace' })
    await making.getByLabel('Name').fill('Made by Olga')
    await making.getByLabel('Owner').fill('nobody@people.example')
    await making.getByRole('button', { name: 'Create the workspace' }).click()
    await making.getByText(/There is no account with the address/).waitFor()
    assert.equal(complaints.splice(0).length, 1, 'control: only this was refused')
    await making.getByLabel('Start with').selectOption({ label: 'Capture team' })
    await look(page, 'tenants-new')
    await making.getByLabel('Owner').fill(ada.email)
    await making.getByRole('button', { name: 'Create the workspace' }).click()
    await page.getByRole('heading', { level: 1, name: 'Made by Olga' }).waitFor()
    await page.getByText('Ada Lovelace').waitFor()

    await page.getByRole('button', { name: 'Suspend' }).click()
    const dialog = page.getByRole('dialog', { name: 'Suspend Made by Olga?' })
    assert.equal(await dialog.getByRole('button', { name: 'Suspend' }).isDisabled(), true, 'not without a reason')
    await dialog.getByLabel('Reason').fill('Unpaid bills')
    await look(page, 'tenant-dialog')
    await dialog.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText(/^Suspended since/).waitFor()
    await look(page, 'tenant-suspended')
    await page.getByRole('button', { name: 'Open again' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('Paid')
    await page.getByRole('dialog').getByRole('button', { name: 'Open again' }).click()
    await page.getByText('Opened again').waitFor()

    await page.goto('/tenants?q=made+ol')
    await page.getByText('1 workspace', { exact: true }).waitFor()
    await page.goto('/tenants?q=nothing-like-it')
    await page.getByText('No workspace found').waitFor()
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('MT-10 somebody makes a workspace from a template; who is no operator sees no others', async () => {
    const { page, leave } = await visit()
    const grace = await newPerson(world, { fullName: 'Grace Hopper' })
    await signIn(page, grace)
    await page.getByLabel('Workspace name').fill('Compilers')
    await page.getByLabel('Start with').selectOption({ label: 'Capture team' })
    await look(page, 'new-workspace')
    await page.getByRole('button', { name: 'Create the workspace' }).click()
    await page.getByRole('region', { name: 'First steps' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Workspaces' }).count(), 0)
    const { rows } = await admin.query(
      `select role.name from access.roles as role join tenancy.tenants as tenant on tenant.id = role.tenant_id
       where tenant.name = 'Compilers' and not role.is_built_in order by 1`,
    )
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['Capture lead', 'Researcher'],
    )
    await leave()
  })
})

async function signIn(page: Page, person: Person, base = ''): Promise<void> {
  await page.goto(`${base}/sign-in`)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Sign in' }).waitFor()
}

/** For everybody's eyes and means: axe in both schemes, widths, and pictures if they are wanted. */
async function look(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await checkAccess(page, name)
  await checkWidths(page, name)
  if (pictures === undefined) return
  const usual = page.viewportSize() ?? { width: 1280, height: 800 }
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 844 })
      await page.waitForTimeout(350)
      await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(usual)
}
