import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { recordEvent } from '#platform/audit'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, joinAs, newPerson, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory, placed: false })
const { admin, db, alice, viewer, baseUrl } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()
const from = { ...alice.scope, ipAddress: '192.0.2.44', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0' }
await recordEvent(db.scoped(from), {
  action: 'passkey_counter_went_back',
  resource: 'identity.authenticators',
  details: { friendly_name: 'Old phone', counter: 3 },
})
const gone = crypto.randomUUID()
await recordEvent(db.scoped({ tenantId: gone, system: true }), {
  action: 'two_factor_limit_reached',
  resource: 'identity.two_factors',
})
await recordEvent(db.scoped(from), { action: 'two_factor_limit_reached', resource: 'identity.two_factors' })
await recordEvent(db.scoped(from), { action: 'http.permission_missing', occurrences: 312, details: { route: '/x' } })
const created = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'As it was born' } })
const list = (await created.json()) as { id: string }
await alice.fetch(`/contractor-lists/${list.id}`, { method: 'PATCH', body: { name: 'As it is called now' } })

const outsider = await newPerson(world)
const { email, userId, fullName, password } = await newPerson(world, { fullName: 'Ada Lovelace' })
await joinAs(world, userId, alice.tenantId, 'viewer')
const reader = await signIn(baseUrl, { email, fullName, password }, alice.tenantId)
await reader.fetch('/me/profile', { method: 'PATCH', body: { timezone: 'Pacific/Kiritimati' } })
await recordEvent(db.scoped(reader.scope), { action: 'insert', resource: 'notifications.quiet_tenants' })
const { rows: quiet } = await admin.query<{ at: Date }>(
  `select created_at as at from audit.audit_logs where user_id = $1 and resource = 'notifications.quiet_tenants'`,
  [userId],
)
const inKiritimati = new Intl.DateTimeFormat('en-GB', {
  ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'Pacific/Kiritimati' },
}).format(quiet[0]?.at)

/** Somebody whose account is deleted, on the page of the audit log. */
async function erase(page: Page): Promise<void> {
  const person = await newPerson(world, { fullName: 'Grace Hopper' })
  const body = { status: 'deleted', reason: 'Asked for it' }
  assert.ok((await alice.fetch(`/users/${person.userId}/status`, { method: 'POST', body })).ok)
  await page.getByRole('button', { name: 'Erase a person…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('E-mail address or id').fill(person.email)
  await dialog.getByRole('button', { name: 'Look up' }).click()
  await dialog.getByText(/go out of \d+ entries of \d+ workspaces?/).waitFor()
  const certain = dialog.getByRole('button', { name: 'Erase for good' })
  assert.ok(await certain.isDisabled())
  await look(page, 'operations-erase')
  await dialog.getByLabel('Type the address to confirm').fill(person.email)
  await certain.click()
  await page.getByText('The erasure begins in a moment.').waitFor()
  await closeNotices(page)
  assert.ok((await runJobs(world)).includes('operations.erase-subject'))
  const row = page.getByRole('row', { name: new RegExp(person.userId) })
  await row.waitFor()
  assert.doesNotMatch(await row.innerText(), /under way/)
  await row.scrollIntoViewIfNeeded()
  await look(page, 'operations-erased')
}

describe('security in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`MT-22 an administrator finds the grave events of the workspace (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/audit')
      await page.getByRole('link', { name: 'Security', exact: true }).click()
      await page
        .getByRole('row', { name: /A passkey counted backwards/ })
        .first()
        .waitFor()
      await page.getByText(', 312 times within a minute').waitFor()
      await look(page, 'security-events')
      await page.getByLabel('Severity').selectOption('critical')
      await page.getByText(', 312 times within a minute').waitFor({ state: 'hidden' })
      const row = page.getByRole('row', { name: /A passkey counted backwards/ })
      await row.getByText('192.0.2.44').waitFor()
      await page.getByLabel('Text').fill('nothing like it')
      await page.getByLabel('Text').press('Enter')
      await page.getByText('Nothing happened that fits').waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).click()
      await page.getByText(', 312 times within a minute').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`PE-07 an operator verifies the log with a button and sees events of all workspaces (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations/audit')
      await page.getByRole('heading', { level: 2, name: 'Sealing' }).waitFor()
      await page.getByRole('button', { name: 'Verify everything' }).click()
      await page.getByText('The verification begins in a moment.').waitFor()
      await closeNotices(page)
      assert.ok((await runJobs(world)).includes('operations.verify-audit-log-now'))
      await page.getByText('The log is as it was written').waitFor()
      await page.getByRole('cell', { name: alice.fullName }).first().waitFor()
      for (const title of ['Sealing', 'Verifications']) {
        const table = page.getByRole('region', { name: `Table: ${title}` })
        const [wanted, given] = await table.evaluate(it => [it.scrollWidth, it.clientWidth])
        assert.ok((wanted ?? 0) <= (given ?? 0), `${title} is cut off: ${wanted} of ${given}`)
      }
      await look(page, 'operations-audit')
      await erase(page)
      await page.goto(`${baseUrl}/security-events`)
      await page
        .getByRole('row', { name: /A passkey counted backwards/ })
        .first()
        .waitFor()
      await page
        .getByRole('button', { name: /^Meridian Capture / })
        .first()
        .waitFor()
      await page.getByRole('button', { name: `Deleted workspace ${gone}` }).waitFor()
      await look(page, 'security-events-of-all')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`MT-22 who may not read the log finds what she did herself, at the time of her own zone (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, reader, '/account')
      await page.getByRole('link', { name: 'Activity', exact: true }).click()
      const activity = page.getByRole('region', { name: 'What you did in Meridian Capture' })
      const mine = activity.getByRole('row', { name: /Ada Lovelace made this workspace quiet/ })
      await mine.getByText(inKiritimati).filter({ visible: true }).waitFor()
      assert.equal(await activity.getByText('As it was born').count(), 0)
      await mine.getByRole('button', { name: /^Details:/ }).click()
      await activity.getByText('notifications.quiet_tenants').waitFor()
      assert.equal(await activity.getByRole('button', { name: 'Save the proof' }).count(), 0)
      await look(page, 'own-activity')
      assert.deepEqual(complaints, [])
      await context.close()
      const other = await browser.open(size)
      await enter(other.page, outsider, '/account/activity')
      await other.page.getByText('You have not done anything here yet').waitFor()
      await look(other.page, 'own-activity-empty')
      assert.deepEqual(other.complaints, [])
      await other.context.close()
    })

    it(`GG-19 a list is shown as it was before it got another name (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/audit')
      await page.goto(`${baseUrl}/audit?action=insert&resource=contractors.contractor_lists&resourceId=${list.id}`)
      await page
        .getByRole('button', { name: /^Details:/ })
        .first()
        .click()
      await page.getByRole('button', { name: 'As it was at…' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('It was there then.').waitFor()
      await dialog.getByRole('row', { name: /^Name/ }).waitFor()
      await look(page, 'audit-as-of')
      await dialog.getByLabel('At').fill('2020-01-01T00:00:00')
      await dialog.getByText('It was not there then.').waitFor()
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'hidden' })
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('MT-22 who may not read the log does not find its security', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, viewer, '/contractors')
    assert.equal(await page.getByRole('link', { name: 'Security events' }).count(), 0)
    await context.close()
  })
})
