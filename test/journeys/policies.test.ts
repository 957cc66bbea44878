import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { accountsOf } from '#platform/accounts'
import { turnOnTwoFactor } from '#test/two-factors.ts'
import { joinAs, newPerson, type Person, setPolicy, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, app, baseUrl } = world

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }

async function look(page: Page, where: string): Promise<void> {
  await checkAccess(page, where)
  await checkWidths(page, where)
}

describe('the security policy', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  async function open(viewport: BrowserContextOptions['viewport']) {
    const context = await browser.newContext({ baseURL: baseUrl, viewport })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    return { context, page, complaints: hearComplaints(page) }
  }

  async function enter(page: Page, person: Pick<Person, 'email' | 'password'>, next: string): Promise<void> {
    await page.goto(`/sign-in?next=${next}`)
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(`**${next}`)
  }

  for (const [name, viewport] of Object.entries(sizes)) {
    it(`MT-14 MT-15 MT-16 on a ${name} an owner sees whom a policy meets, and cannot shut himself out unknowingly`, async () => {
      const owner = await newPerson(world, { fullName: 'Olga Owner', tenantName: `Harbour ${name}` })
      const member = await newPerson(world, { fullName: 'Max Member' })
      await joinAs(world, member.userId, owner.tenantId, 'member')
      await signIn(baseUrl, member, owner.tenantId)
      const { context, page, complaints } = await open(viewport)
      await enter(page, owner, '/settings/security')
      await page.getByText('None is asked for.').waitFor()
      await look(page, 'security policy')

      await page.getByLabel('Members must have a second factor').click()
      await page.getByText('2 of 2 members have none. Nobody is shut out at once.').waitFor()
      await page.getByLabel('Only allowed addresses').click()
      await page.getByText('Complete the form to see whom it meets.').waitFor()
      await page.getByLabel('Allowed addresses and ranges').fill('192.0.2.0/24')
      await page.getByText('You would shut yourself out').waitFor()
      const save = page.getByRole('button', { name: 'Save', exact: true })
      assert.equal(await save.isDisabled(), true)
      await page.getByLabel('Save it although it shuts me out').waitFor()
      await look(page, 'security policy, shutting oneself out')
      await page.getByLabel('Allowed addresses and ranges').fill('10.1.2.3/8')
      await page.getByText('10.1.2.3/8 has bits after its prefix: write 10.0.0.0/8').waitFor()
      await page.getByLabel('Allowed addresses and ranges').fill('192.0.2.0/24')
      await page.getByRole('button', { name: 'Add my address' }).click()
      await page.getByText('You would shut yourself out').waitFor({ state: 'detached' })
      await save.click()
      await page.getByText('The security policy is saved').waitFor()
      await page.getByText(/You have 2 more sign-ins or 7 days left/).waitFor()
      const { rows } = await admin.query('select security_policy as policy from tenancy.tenants where id = $1', [
        owner.tenantId,
      ])
      const { twoFactor, ipRestrictions } = rows[0].policy
      assert.equal(twoFactor.required, true)
      assert.deepEqual(ipRestrictions.allowedRanges, ['192.0.2.0/24'])
      assert.equal(ipRestrictions.allowedIPs.length, 1)
      await look(page, 'security policy, saved')
      // What the browser says of a refused preview.
      assert.deepEqual(
        complaints.filter(text => !/status of 400/.test(text)),
        [],
      )
      await context.close()
    })

    it(`MT-14 on a ${name} a workspace that wants a second factor leads to setting one up, and asks for the one that is there`, async () => {
      const owner = await newPerson(world, { fullName: 'Nora North', tenantName: `North ${name}` })
      const { context, page } = await open(viewport)
      await enter(page, owner, '/lists')
      await page.getByRole('heading', { level: 1, name: /lists/i }).waitFor()
      await setPolicy(app, owner.tenantId, { session: { requireMFA: true } })
      await page.goto('/lists')
      await page.getByRole('heading', { level: 1, name: `North ${name} asks for a second factor` }).waitFor()
      await look(page, 'closed, second factor missing')
      await page.getByRole('link', { name: 'Set up a second factor' }).click()
      await page.getByRole('heading', { name: 'Two-factor sign-in' }).waitFor()
      await page.getByRole('link', { name: 'See what to do' }).waitFor()
      await look(page, 'own page, closed workspace')

      const again = await signIn(baseUrl, owner)
      const authenticator = await turnOnTwoFactor(again)
      // Setting it up ended the browser's session: it comes in by a device that is remembered, which is not enough here.
      await admin.query(
        `update identity.user_sessions set revoked_at = null, revoked_reason = null,
           authentication_methods = '{password,trusted_device}' where user_id = $1`,
        [owner.userId],
      )
      accountsOf(app).principals.forgetAll()
      await page.goto('/lists')
      await page.getByRole('heading', { level: 1, name: `North ${name} asks for your second factor` }).waitFor()
      await look(page, 'closed, second factor to be shown')
      await page.getByRole('button', { name: 'Confirm', exact: true }).click()
      const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
      await dialog.getByRole('textbox', { name: 'Password' }).fill(owner.password)
      await dialog.getByRole('textbox', { name: /code/i }).fill(authenticator.code(1))
      await dialog.getByRole('button', { name: 'Confirm' }).click()
      await page.getByRole('heading', { level: 1, name: /lists/i }).waitFor()
      await context.close()
    })

    it(`MT-12 MT-14 MT-16 on a ${name} one reads why a workspace is closed, and why a session has ended`, async () => {
      const owner = await newPerson(world, { fullName: 'Sam South', tenantName: `South ${name}` })
      const { tenantId: otherId } = await newPerson(world, { tenantName: `Second ${name}` })
      await joinAs(world, owner.userId, otherId, 'member')
      const { context, page } = await open(viewport)
      await enter(page, owner, '/lists')
      await page.getByRole('heading', { level: 1, name: /lists/i }).waitFor()
      await setPolicy(app, owner.tenantId, { ipRestrictions: { blockList: ['0.0.0.0/0'] } })
      await page.reload()
      await page.getByRole('heading', { level: 1, name: `South ${name} is not open from here` }).waitFor()
      await look(page, 'closed, address')
      await setPolicy(app, owner.tenantId, { ipRestrictions: { blockList: [] } })
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('heading', { level: 1, name: /lists/i }).waitFor()
      await admin.query(`update tenancy.tenants set status = 'suspended' where id = $1`, [owner.tenantId])
      accountsOf(app).principals.forgetAll()
      await page.reload()
      await page.getByRole('heading', { level: 1, name: `South ${name} is suspended` }).waitFor()
      await look(page, 'closed, suspended')
      await page
        .getByRole('main')
        .getByRole('button', { name: `Second ${name}` })
        .click()
      await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'suspended' }).waitFor()

      // The console asks on by itself, and would go to the sign-in before the journey does.
      await page.goto('about:blank')
      await admin.query(
        `update identity.user_sessions set last_seen_at = now() - interval '2 hours' where user_id = $1`,
        [owner.userId],
      )
      accountsOf(app).principals.forgetAll()
      await page.goto('/lists')
      await page.getByText(/You did nothing for longer than your workspace allows/).waitFor()
      await look(page, 'sign-in after a timeout')
      await context.close()
    })
  }
})
