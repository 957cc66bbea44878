import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { believedNoLonger, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, baseUrl } = world

const pages = [
  ['Profile', '/account', 'My profile'],
  ['Sign-in and security', '/account/security', 'Sign-in and security'],
  ['Devices and history', '/account/sessions', 'Devices and history'],
  ['My data', '/account/data', 'My data'],
] as const

describe('one’s own account', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  /** Signs in by keyboard, as the first thing on the page lets one. */
  const come = async (person: Person, password: string, viewport = { width: 1280, height: 800 }) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    const complaints = hearComplaints(page)
    await page.goto('/sign-in')
    await page.waitForFunction(() => document.activeElement?.getAttribute('type') === 'email')
    await page.keyboard.type(person.email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    return { page, complaints, leave: () => context.close() }
  }

  for (const [name, viewport] of Object.entries({
    desktop: { width: 1280, height: 800 },
    phone: { width: 390, height: 844 },
  })) {
    it(`MT-01 MT-08 on a ${name} one finds every page of one’s account, and sees where one is`, async () => {
      const person = await newPerson(world, { fullName: 'Olive Owner', tenantName: 'Owner & Sons' })
      const { page, complaints, leave } = await come(person, person.password, viewport)
      await page.getByRole('heading', { level: 1, name: 'Contractors' }).waitFor()
      if (name === 'phone') await page.getByRole('button', { name: 'Menu' }).click()
      await page.getByRole('button', { name: /^Account of Olive Owner/ }).click()
      await page.getByRole('menuitem', { name: 'My account' }).click()
      await page.getByRole('heading', { level: 1, name: 'My account' }).waitFor()
      const own = page.getByRole('navigation', { name: 'My account' })
      for (const [label, path, title] of pages) {
        await own.getByRole('link', { name: label, exact: true }).click()
        await page.waitForURL(`**${path}`)
        // The sign-in on a new device is told before the title, in brackets.
        await page.waitForFunction(title => document.title.endsWith(`${title} · Commonhold`), title)
        // The page before stays until the code of this one is there.
        await own.locator('[aria-current="page"]').getByText(label, { exact: true }).waitFor()
        await page.waitForLoadState('networkidle')
        assert.deepEqual(await page.locator('[aria-current="page"]:visible').allInnerTexts(), [label])
        await checkAccess(page, `${path} on a ${name}`)
        await checkWidths(page, path)
      }
      assert.deepEqual(complaints, [])
      await leave()
    })
  }

  it('MT-02 MT-04 a form that is left gives the focus back, and what is sensitive asks for the password at once', async () => {
    const person = await newPerson(world, { fullName: 'Kay Board' })
    const { page, leave } = await come(person, 'not the password')
    await page.getByRole('alert').getByText('wrong').waitFor()
    // The field has the focus, and what was typed is selected.
    await page.waitForFunction(() => document.activeElement?.getAttribute('autocomplete') === 'current-password')
    await page.keyboard.type(person.password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Account of Kay Board/ }).waitFor()

    await page.goto('/account/security')
    await page.getByRole('button', { name: 'Change' }).press('Enter')
    await page.waitForFunction(() => document.activeElement?.getAttribute('autocomplete') === 'current-password')
    await page.getByRole('button', { name: 'Cancel' }).press('Enter')
    await waitForFocus(page, 'Change')

    await admin.query(
      `update identity.user_sessions set authenticated_at = now() - interval '1 hour' where user_id = $1`,
      [person.userId],
    )
    await believedNoLonger()
    await page.getByRole('button', { name: 'Set up' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await dialog.getByRole('button', { name: 'Confirm' }).waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('autocomplete') === 'current-password')
    await checkAccess(page, 'step-up')
    await page.keyboard.type(person.password)
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: /QR code/ }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).press('Enter')
    await waitForFocus(page, 'Two-factor sign-in')
    await leave()
  })

  it('MT-08 an address is completed as one leaves its field', async () => {
    const person = await newPerson(world, { fullName: 'Wanda Web' })
    const { page, complaints, leave } = await come(person, person.password)
    await page.getByRole('button', { name: /^Account of Wanda Web/ }).waitFor()
    await page.goto('/account')
    await page.getByLabel('Website').fill('wanda.example/about')
    await page.getByLabel('GitHub').fill('github.com/wanda')
    assert.equal(await page.getByLabel('Website').inputValue(), 'https://wanda.example/about')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' })
    const { rows } = await admin.query(`select social_links from identity.user_profiles where user_id = $1`, [
      person.userId,
    ])
    assert.deepEqual(rows[0].social_links, {
      website: 'https://wanda.example/about',
      github: 'https://github.com/wanda',
    })
    await page.getByLabel('Website').fill('javascript:alert(1)')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('An address that begins with https://').waitFor()
    assert.deepEqual(complaints, [])
    await leave()
  })
})

async function waitForFocus(page: Page, text: string): Promise<void> {
  await page.waitForFunction(text => document.activeElement?.textContent?.trim() === text, text)
}
