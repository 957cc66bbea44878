import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { recordLogin } from '#platform/identity'
import { newPerson, type Person, randomAddress, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { app, db, admin, baseUrl } = world

const phone =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36'

/** Signs in as a program does and returns a question whether that session still lives. */
async function signInElsewhere(person: Person, userAgent: string): Promise<() => Promise<number>> {
  const response = await fetch(`${baseUrl}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': userAgent, 'x-forwarded-for': randomAddress() },
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  const { accessToken } = (await response.json()) as { accessToken: string }
  return async () =>
    (await fetch(`${baseUrl}/api/v1/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status
}

describe('devices and history', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  for (const [name, viewport] of Object.entries({
    desktop: { width: 1280, height: 800 },
    phone: { width: 390, height: 844 },
  })) {
    it(`PE-04 MT-09 on a ${name} one sees where one is signed in, ends what one does not know, and reads the history`, async () => {
      const person = await newPerson(world, { tenantName: 'Meridian Capture' })
      const lost = await signInElsewhere(person, phone)
      const robot = await signInElsewhere(person, 'curl/8.4.0')
      await admin.query(
        `insert into identity.user_devices (user_id, token_hash, user_agent, trusted_until)
         values ($1, sha256('trusted'), $2, now() + interval '20 days')`,
        [person.userId, phone],
      )
      await admin.query('delete from identity.login_histories where user_id = $1', [person.userId])
      for (let attempt = 0; attempt < 25; attempt++) {
        await recordLogin(app, db.scoped({ system: true, ipAddress: '2001:db8::7', userAgent: phone }), {
          userId: person.userId,
          ...(attempt === 3
            ? { status: 'failed', failureReason: 'wrong password' }
            : { status: 'success', methods: ['password', 'totp'] }),
        })
      }

      const context = await browser.newContext({ baseURL: baseUrl, viewport })
      const page = await context.newPage()
      page.setDefaultTimeout(patience)
      const complaints = hearComplaints(page)
      await page.goto('/sign-in?next=/account/sessions')
      await page.getByLabel('E-mail').fill(person.email)
      await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.waitForURL('**/account/sessions')

      const sessions = page.getByRole('region', { name: 'Where you are signed in' })
      await sessions.getByText('This device').waitFor()
      assert.match((await sessions.getByRole('listitem').first().textContent()) ?? '', /This device.*Active now/)
      assert.equal(await sessions.getByRole('listitem').count(), 4)
      await sessions.getByRole('button', { name: 'Sign out everywhere else' }).focus()
      await page.keyboard.press('Tab')
      await page.getByRole('tooltip').waitFor()
      await checkAccess(page, 'devices and history')
      await checkWidths(page, 'devices and history')

      await sessions.getByRole('button', { name: 'Sign out Chrome 130 on Android' }).click()
      await page.getByText('Chrome 130 on Android is signed out.').waitFor()
      assert.deepEqual([await lost(), await robot()], [401, 200])
      await sessions.getByRole('button', { name: 'Sign out everywhere else' }).click()
      await checkAccess(page, 'the question before all others are signed out')
      await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere else' }).click()
      await page.getByText('2 devices are signed out.').waitFor()
      assert.equal(await robot(), 401)
      await sessions.getByRole('button', { name: 'Sign out everywhere else' }).waitFor({ state: 'hidden' })
      assert.equal(await sessions.getByRole('listitem').count(), 1)

      const trusted = page.getByRole('region', { name: 'Trusted devices' })
      await trusted.getByRole('button', { name: 'Forget Chrome 130 on Android' }).click()
      await trusted.waitFor({ state: 'detached' })

      await readHistory(page)
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }
})

async function readHistory(page: Page): Promise<void> {
  const history = page.getByRole('region', { name: 'Sign-in history' })
  await history.getByRole('img', { name: /2[4-6] signed in, 1 failed/ }).waitFor()
  const entries = history.getByRole('list', { name: 'Sign-ins' }).getByRole('listitem')
  assert.equal(await entries.count(), 20)
  await history.getByRole('button', { name: 'Show more' }).click()
  await history.getByText('Failed: wrong password').waitFor()
  await history.getByRole('radiogroup', { name: 'Which sign-ins' }).getByText('Failed').click()
  await entries.nth(1).waitFor({ state: 'hidden' })
  await history.getByText('Failed: wrong password').waitFor()
  assert.equal(await entries.count(), 1)
  await history.getByRole('button', { name: 'Show as a table' }).click()
  await history.getByRole('table', { name: 'Sign-ins by month' }).waitFor()
  await checkAccess(page, 'the history as a table')
}
