import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Module } from '#platform/module.ts'
import { notify } from '#platform/notifications'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, hearing, openBrowser, patience, reasonToSkip } from './browser.ts'

const testModule = {
  name: 'test',
  notifications: {
    'test.shared': { description: 'Somebody shared a list with you', mail: 'digest' },
    'test.loud': { description: 'A list of yours was deleted', mail: 'at_once' },
  },
} satisfies Module

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory, modules: [testModule] })
const { app, db, alice, baseUrl } = world

const tell = (person: Person, title: string, more: { kind?: string; link?: `/${string}`; message?: string } = {}) =>
  db.transaction(alice.scope, tx => notify(app, tx, { userId: person.userId, kind: 'test.shared', title, ...more }))

/** Pictures for whoever wants to look: set the variable to a folder. */
const pictures = process.env.COMMONHOLD_PICTURES
const picture = (page: Page, name: string) =>
  pictures ? page.screenshot({ path: `${pictures}/${name}.png`, fullPage: false }) : undefined

async function signInAt(page: Page, person: Person, next: string): Promise<void> {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`)
  await page.getByLabel('E-mail').fill(person.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`**${next}`)
}

describe('notifications', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  async function open(viewport: { width: number; height: number }): Promise<[BrowserContext, Page, string[]]> {
    const context = await browser.newContext({ baseURL: baseUrl, viewport })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    return [context, page, hearComplaints(page)]
  }

  for (const [name, viewport] of Object.entries({
    desktop: { width: 1280, height: 800 },
    phone: { width: 390, height: 844 },
  })) {
    it(`MT-19 on a ${name} the bell tells of what is new as it happens, and the list keeps it`, async () => {
      const person = await newPerson(world)
      await joinAs(world, person.userId, alice.tenantId, 'member')
      const [context, page, complaints] = await open(viewport)
      await signInAt(page, person, '/contractors')
      // Of the two bells, for wide and for narrow windows, one is displayed.
      const bell = page.getByRole('button', { name: /^Notifications/ })
      await bell.and(page.getByRole('button', { name: 'Notifications, 1 unread' })).waitFor()
      const second = await context.newPage()
      await second.goto('/contractors')
      await second.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor()

      await tell(person, 'Alice shared the list Bids of spring with you', {
        link: '/lists',
        message: 'She asks for your remarks.',
      })
      for (const window of [page, second]) {
        await window.getByRole('button', { name: 'Notifications, 2 unread' }).waitFor({ timeout: hearing })
        await window.waitForFunction(() => document.title.startsWith('(2) '))
      }
      await page
        .getByRole('status')
        .filter({ hasText: 'A new notification. 2 unread.' })
        .first()
        .waitFor({ state: 'attached' })

      await bell.focus()
      await page.keyboard.press('Enter')
      const latest = page.getByRole('dialog', { name: /^Notifications/ })
      await latest.getByRole('link', { name: /Bids of spring/ }).waitFor()
      await picture(page, `bell-${name}`)
      await checkAccess(page, 'the latest')
      await picture(page, `bell-${name}-after`)
      await page.keyboard.press('Escape')
      await latest.waitFor({ state: 'hidden' })
      assert.ok(await bell.evaluate(element => element === document.activeElement), 'the focus returns')
      await bell.click()
      await latest.getByRole('link', { name: /Bids of spring/ }).click()
      await page.waitForURL('**/lists')
      await second.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor()

      await page.goto('/notifications')
      await page.getByRole('heading', { level: 1, name: 'Notifications' }).waitFor()
      const items = page.getByRole('main').getByRole('listitem')
      await items.first().waitFor()
      assert.equal(await items.count(), 2)
      await page.getByLabel('Which ones').selectOption('unread')
      await page.waitForFunction(() => document.querySelectorAll('main li').length === 1)
      await page.getByLabel('Which ones').selectOption('all')
      await checkAccess(page, 'notifications')
      await checkWidths(page, 'notifications')
      await picture(page, `notifications-${name}`)
      await page.getByRole('button', { name: /^Mark as unread: Alice/ }).click()
      await page.getByRole('button', { name: 'Notifications, 2 unread' }).waitFor()
      await page.getByRole('button', { name: 'Mark all as read' }).click()
      await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor()
      await page.getByRole('button', { name: /^Remove: Alice/ }).click()
      await page.waitForFunction(() => document.querySelectorAll('main li').length === 1)
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`MT-19 on a ${name} one chooses how one is told, and ends a mail by its link`, async () => {
      const person = await newPerson(world)
      await joinAs(world, person.userId, alice.tenantId, 'member')
      const [context, page, complaints] = await open(viewport)
      await signInAt(page, person, '/account/notifications')
      const saved = () => page.waitForResponse(answer => answer.request().method() === 'PUT' && answer.ok())
      const preferences = async () => (await person.fetch('/me/notification-preferences')).json()
      await page.getByLabel('Digest').waitFor()
      for (const [label, value] of [
        ['Digest', 'weekly'],
        ['Day', '5'],
        ['Hour', '17'],
        ['Mail: Somebody shared a list with you', 'at_once'],
      ] as const) {
        const done = saved()
        await page.getByLabel(label, { exact: true }).selectOption(value)
        await done
      }
      for (const label of ['Show in the console: A list of yours was deleted', 'Meridian Capture']) {
        const done = saved()
        await page.getByRole('switch', { name: label }).press('Space')
        await done
      }
      const chosen = await preferences()
      assert.deepEqual([chosen.digest, chosen.digestWeekday, chosen.digestHour], ['weekly', 5, 17])
      const of = (kind: string) => chosen.kinds.find((one: { kind: string }) => one.kind === kind)
      assert.deepEqual([of('test.shared').mail, of('test.loud').inConsole], ['at_once', false])
      assert.equal(chosen.tenants[0].isQuiet, true)
      await page.reload()
      await page.getByLabel('Hour').waitFor()
      assert.equal(await page.getByLabel('Hour').inputValue(), '17')
      await checkAccess(page, 'how one is told')
      await checkWidths(page, 'how one is told')
      await picture(page, `preferences-${name}`)

      const other = await newPerson(world)
      await joinAs(world, other.userId, alice.tenantId, 'member')
      await tell(other, 'The list Bids of spring was deleted', { kind: 'test.loud' })
      await runJobs(world)
      const [mail] = await mailsTo(world, other.email)
      const link = /Stop these mails:\n(\S+)/.exec(mail?.text ?? '')?.[1] as string
      const [elsewhere, stranger, words] = await open(viewport)
      await stranger.goto(link.slice(app.publicUrl.length))
      await stranger.getByRole('button', { name: 'Stop these mails' }).waitFor()
      await checkAccess(stranger, 'the end of mails')
      await picture(stranger, `unsubscribe-${name}`)
      await stranger.getByRole('button', { name: 'Stop these mails' }).click()
      await stranger.getByRole('heading', { name: 'You get no more of these mails' }).waitFor()
      assert.ok(!stranger.url().includes('token'))
      const ended = await (await other.fetch('/me/notification-preferences')).json()
      assert.equal(ended.kinds.find((one: { kind: string }) => one.kind === 'test.loud').mail, 'never')
      assert.deepEqual([...complaints, ...words], [])
      await Promise.all([context.close(), elsewhere.close()])
    })
  }

  it('MT-19 without live updates the bell asks each minute, and comes to life again with the server', async () => {
    const person = await newPerson(world)
    await joinAs(world, person.userId, alice.tenantId, 'member')
    const [context, page] = await open({ width: 1280, height: 800 })
    await page.clock.install()
    let isAway = true
    await page.route('**/api/v1/notifications/stream', route => (isAway ? route.abort() : route.continue()))
    await signInAt(page, person, '/contractors')
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor()
    await tell(person, 'While away')
    await page.clock.runFor(61_000)
    await page.getByRole('button', { name: 'Notifications, 2 unread' }).waitFor()
    isAway = false
    await page.clock.runFor(150_000)
    await page.waitForTimeout(500)
    await tell(person, 'Alive again')
    await page.getByRole('button', { name: 'Notifications, 3 unread' }).waitFor({ timeout: hearing })
    await context.close()
  })
})
