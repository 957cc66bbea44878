import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { believedNoLonger, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, alice, baseUrl } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()
/** Where to put pictures of the pages; none are taken unless told. */
const pictures = process.env.COMMONHOLD_TEST_PICTURES

describe('accounts in the console', { skip }, () => {
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

  it('MT-01 an operator finds an account, suspends it with a reason, sees what happened, and opens it again', async () => {
    const ada = await newPerson(world, { fullName: 'Ada Lovelace', tenantName: 'Engines & Sons' })
    const { page, complaints, leave } = await visit()
    await signIn(page, alice)
    await page.getByRole('link', { name: 'Accounts' }).click()
    await page.getByRole('cell', { name: 'Operator' }).waitFor()
    await look(page, 'users')
    await page.getByRole('searchbox', { name: 'Name or address' }).fill('lovelace')
    await page.getByText('1 account', { exact: true }).waitFor()
    assert.match(page.url(), /q=lovelace/)
    await page.getByRole('link', { name: 'Ada Lovelace' }).click()
    await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor()
    await page.getByText('engines-sons').waitFor()
    await look(page, 'user')

    await page.getByRole('button', { name: 'Suspend' }).click()
    const dialog = page.getByRole('dialog', { name: 'Suspend Ada Lovelace?' })
    assert.equal(await dialog.getByRole('button', { name: 'Suspend' }).isDisabled(), true, 'not without a reason')
    await dialog.getByLabel('Reason').fill('Sends spam')
    await look(page, 'user-dialog')
    await dialog.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText(/^Suspended on .* by Alice Archer$/).waitFor()
    await page.getByText('Alice Archer suspended the account').waitFor()
    assert.equal((await ada.fetch('/me')).status, 401)
    await page.getByRole('button', { name: 'Deactivate' }).waitFor()
    await look(page, 'user-suspended')

    await page.getByRole('button', { name: 'Reactivate' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('Cleared up')
    await page.getByRole('dialog').getByRole('button', { name: 'Reactivate' }).click()
    await page.getByText('Alice Archer reactivated the account').waitFor()
    await page.getByRole('button', { name: 'Suspend' }).waitFor()

    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('Asked for it')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the account' }).click()
    await page.getByText('It can be restored until').waitFor()
    await look(page, 'user-deleted')
    await page.getByRole('link', { name: 'Operations, Audit log' }).click()
    await page.getByRole('button', { name: 'Erase a person…' }).waitFor()

    await page.goto(`/users/${alice.userId}`)
    await page.getByText('This is your own account').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Suspend' }).count(), 0)
    await page.getByRole('button', { name: 'Remove as operator' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove as operator' }).click()
    await page.getByRole('dialog').getByText('This is the last active operator').waitFor()
    assert.deepEqual(complaints.splice(0).length, 1, 'control: only this was refused')
    await leave()
  })

  it('MT-01 who is no operator is shown no accounts', async () => {
    const { page, leave } = await visit()
    await signIn(page, world.bob)
    assert.equal(await page.getByRole('link', { name: 'Accounts' }).count(), 0)
    await page.goto('/users')
    await page.getByRole('heading', { name: 'This is for operators' }).waitFor()
    await leave()
  })

  it('MT-08 MT-02 somebody takes his data along and deletes his account', async () => {
    const ada = await newPerson(world, { fullName: 'Grace Hopper', tenantName: 'Compilers' })
    const member = await newPerson(world)
    await joinAs(world, member.userId, ada.tenantId, 'member')
    const { page, complaints, leave } = await visit()
    await signIn(page, ada)
    await page.goto('/account/data')
    await page.getByRole('heading', { name: 'Download your data' }).waitFor()
    await look(page, 'data')
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download my data' }).click()
    const download = await saved
    assert.match(download.suggestedFilename(), /^commonhold-my-data-[\d-]+\.json$/)
    const data = JSON.parse(readFileSync(await download.path(), 'utf8'))
    assert.equal(data.about.account.email, ada.email)

    await page.getByRole('button', { name: 'Delete my account…' }).click()
    const dialog = page.getByRole('dialog')
    const confirm = dialog.getByRole('button', { name: 'Delete my account' })
    assert.equal(await confirm.isDisabled(), true)
    await dialog.getByLabel('Type your address to confirm').fill(ada.email.toUpperCase())
    await look(page, 'data-dialog')
    await confirm.click()
    await dialog.getByText('Others work in Compilers').waitFor()
    assert.equal(complaints.splice(0).length, 1, 'control: only this was refused')
    await admin.query('delete from tenancy.user_tenants where user_id = $1', [member.userId])
    await confirm.click()
    await page.getByRole('dialog', { name: 'Your account is deleted' }).waitFor()
    assert.equal((await ada.fetch('/me')).status, 401)
    await page.getByRole('button', { name: 'Leave' }).click()
    await page.waitForURL('**/sign-in*')
    await leave()
  })
})

async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-in')
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
