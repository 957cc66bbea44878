import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { verifyCertificate } from '#platform/tenancy'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { removeTenant } from '../../src/platform/accounts/tenant-removals.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { app, admin, baseUrl, bob } = world
/** Where to put pictures of the pages; none are taken unless told. */
const pictures = process.env.COMMONHOLD_TEST_PICTURES

describe('the end of a workspace in the console', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const visit = async (options: Parameters<Browser['newContext']>[0] = {}) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    return { page, complaints: hearComplaints(page), leave: () => context.close() }
  }

  it('MT-11 an owner sees what goes, types the name, is told when, and another owner cancels it on a phone', async () => {
    const ada = await newPerson(world, { fullName: 'Ada Lovelace', tenantName: 'Engines & Sons' })
    const ben = await newPerson(world, { fullName: 'Ben Babbage' })
    const cleo = await newPerson(world, { fullName: 'Cleo Carr' })
    await joinAs(world, ben.userId, ada.tenantId, 'owner')
    await joinAs(world, cleo.userId, ada.tenantId, 'member')
    await ada.fetch('/me/profile', { method: 'PATCH', body: { timezone: 'Asia/Tokyo' } })

    const { page, complaints, leave } = await visit()
    await signIn(page, ada)
    await page.goto('/settings')
    await page.getByRole('link', { name: 'Deletion' }).click()
    await page.getByRole('heading', { name: 'Delete this workspace' }).waitFor()
    await page.getByRole('row', { name: /^member 3/ }).waitFor()
    await page.getByText(`Ben Babbage (${ben.email})`).waitFor()
    await look(page, 'deletion')
    await page.getByRole('button', { name: 'Delete this workspace…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete Engines & Sons?' })
    const go = dialog.getByRole('button', { name: 'Delete the workspace' })
    await dialog.getByLabel('Type the name').fill('Engines')
    assert.equal(await go.isDisabled(), true, 'not with another name')
    await dialog.getByLabel('Type the name').fill('Engines & Sons')
    await dialog.getByLabel('Why?').fill('We have merged')
    await look(page, 'deletion-dialog')
    await go.click()
    await page.getByRole('heading', { name: 'This workspace waits for its deletion' }).waitFor()
    await page.getByText(/GMT\+9/).waitFor()
    await page.getByText('We have merged').waitFor()
    await look(page, 'deletion-waiting')
    await page.goto('/contractors')
    await page.getByRole('heading', { name: 'Engines & Sons waits for its deletion' }).waitFor()
    await look(page, 'deletion-closed')
    await page.getByRole('link', { name: 'See the deletion' }).click()
    await page.getByRole('button', { name: 'Cancel the deletion' }).waitFor()
    // A page that was open when the workspace closed may have asked once more.
    const unexpected = complaints.splice(0).filter(complaint => !complaint.includes('403 (Forbidden)'))
    assert.deepEqual(unexpected, [])
    await leave()

    const member = await visit()
    await signIn(member.page, cleo)
    await member.page.goto(`/settings/deletion?tenant=${ada.tenantId}`)
    await member.page.getByRole('heading', { name: 'This is not open to your role' }).waitFor()
    await member.leave()

    const phone = await visit({ viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    await signIn(phone.page, ben)
    await phone.page.goto(`/settings/deletion?tenant=${ada.tenantId}`)
    await phone.page.getByRole('heading', { name: 'This workspace waits for its deletion' }).waitFor()
    await look(phone.page, 'deletion-phone')
    await phone.page.getByRole('button', { name: 'Cancel the deletion' }).click()
    await phone.page.getByText('Engines & Sons is kept').waitFor()
    await phone.page.getByRole('button', { name: 'Delete this workspace…' }).waitFor()
    await phone.leave()
    const { rows } = await admin.query('select status from tenancy.tenants where id = $1', [ada.tenantId])
    assert.deepEqual(rows, [{ status: 'active' }])
  })

  it('MT-11 an operator finds the certificate of a workspace that is gone, and it is genuine', async () => {
    const eve = await newPerson(world, { tenantName: 'Gone Ltd' })
    await admin.query('insert into identity.operators (user_id) values ($1)', [bob.userId])
    await admin.query(`select set_config('app.tenant_id', $1, false), set_config('app.system', 'on', false)`, [
      eve.tenantId,
    ])
    await admin.query(`select tenancy.request_deletion(0, true, 'Over')`)
    await admin.query(`select set_config('app.tenant_id', '', false), set_config('app.system', '', false)`)
    assert.ok(await removeTenant(app, eve.tenantId))
    const { page, complaints, leave } = await visit()
    await signIn(page, bob)
    await page.goto('/tenants')
    await page.getByRole('link', { name: 'Deleted workspaces' }).click()
    await page.getByText(eve.tenantId).waitFor()
    await look(page, 'deleted-tenants')
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download certificate no. 1' }).click()
    const file = await (await downloading).path()
    const { document } = verifyCertificate(readFileSync(file, 'utf8'))
    assert.equal(document.tenantId, eve.tenantId)
    assert.deepEqual(complaints.splice(0), [])
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
