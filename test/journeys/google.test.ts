import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { environmentOf, startProvider } from '#test/openid-provider.ts'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'
import { forgetSession } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(300_000), () => {})
const provider = await startProvider()
provider.accounts.set('greta', { sub: 'greta', email: 'greta@gmail.example', email_verified: true, name: 'Greta' })
provider.accounts.set('other', { sub: 'other', email: 'other@gmail.example', email_verified: true, name: 'Other' })
const world = await testWorld({ consoleDirectory, environment: environmentOf(provider) })
const baseUrl = world.baseUrl.replace('127.0.0.1', 'localhost')
world.app.publicUrl = baseUrl
const pictures = process.env.COMMONHOLD_TEST_PICTURES

describe('Google in a browser', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const visit = async (person?: Person) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    if (person) await signIn(page, person)
    return { page, complaints: hearComplaints(page), leave: () => context.close() }
  }

  it('MT-07 a Google account is linked, used to come in, and unlinked', async () => {
    const person = await newPerson(world, { fullName: 'Greta Green', tenantName: 'Green' })
    const { page, complaints, leave } = await visit(person)
    const card = page.getByRole('region', { name: 'Linked sign-ins' })
    await page.goto('/account/security')
    await card.getByText('None is linked yet.').waitFor()
    await checkAccess(page, 'nothing linked')

    await chooseAtGoogle(page, undefined)
    await card.getByRole('button', { name: 'Link a Google account' }).click()
    await card.getByText('You came back from Google without choosing an account.').waitFor()
    await page.waitForURL('/account/security')
    await checkAccess(page, 'a link that failed')
    await take(page, 'linked-failed')

    await chooseAtGoogle(page, 'greta')
    await card.getByRole('button', { name: 'Link a Google account' }).click()
    await page.getByText('Your Google account is linked.').waitFor()
    await page.waitForURL('/account/security')
    await card.getByText('greta@gmail.example').waitFor()
    await card.getByText('not used yet').waitFor()
    await checkAccess(page, 'a linked account')
    await checkWidths(page, 'a linked account')
    await take(page, 'linked')

    await forgetSession(page)
    await page.goto('/sign-in')
    await page.getByRole('button', { name: 'Sign in with Google' }).click()
    await page.getByRole('button', { name: /^Account of Greta Green/ }).waitFor()
    await page.goto('/account/security')
    await card.getByText(/used/).first().waitFor()

    await card.getByRole('button', { name: 'Unlink greta@gmail.example' }).click()
    await checkAccess(page, 'unlinking')
    await take(page, 'linked-unlink')
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink', exact: true }).click()
    await card.getByText('None is linked yet.').waitFor()
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('Link a Google account'))
    assert.ok(
      complaints.every(each => each.includes('401') && each.includes('/api/v1/me')),
      complaints.join(),
    )
    await leave()
  })

  it('MT-07 the last way in stays, and the page says why', async () => {
    const { page, leave } = await visit()
    await chooseAtGoogle(page, 'other')
    await page.goto('/sign-in')
    await page.getByRole('button', { name: 'Sign in with Google' }).click()
    await page.waitForURL(url => url.pathname !== '/sign-in' && url.origin === baseUrl)
    await page.goto('/account/security')
    await page.getByRole('button', { name: 'Unlink other@gmail.example' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Unlink', exact: true }).click()
    await dialog.getByText('This is the only way into your account.').waitFor()
    await checkAccess(page, 'the last way in')
    await leave()
  })
})

/** What the provider's login page is told: a header instead of a form. */
async function chooseAtGoogle(page: Page, account: string | undefined): Promise<void> {
  await page.setExtraHTTPHeaders(account === undefined ? {} : { 'x-account': account })
}

async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.goto('/sign-in')
  const status = await page.evaluate(
    async body => {
      const headers = { 'content-type': 'application/json' }
      const options = { method: 'POST', headers, body: JSON.stringify(body) }
      return (await fetch('/api/v1/auth/sign-in', options)).status
    },
    { email, password },
  )
  assert.equal(status, 200)
}

/** Pictures of the page as it is now, where a folder for them is named. */
async function take(page: Page, name: string): Promise<void> {
  if (!pictures) return
  const usual = page.viewportSize() ?? { width: 1280, height: 800 }
  for (const width of [390, 1280]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.waitForTimeout(400)
      await page.screenshot({
        path: `${pictures}/${name}-${width}-${colorScheme}.png`,
        fullPage: !name.endsWith('unlink'),
      })
    }
  }
  await page.setViewportSize(usual)
}
