import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, alice, baseUrl, viewer } = world

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }

async function look(page: Page, where: string): Promise<void> {
  await checkAccess(page, where)
  await checkWidths(page, where)
}

describe('passwords', { skip }, () => {
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
    it(`MT-04 on a ${name} one who has forgotten the password chooses a new one by the link of a mail`, async () => {
      const person = await newPerson(world, { fullName: 'Ada Lovelace' })
      const { context, page, complaints } = await open(viewport)
      await page.goto('/sign-in')
      await page.getByRole('link', { name: 'Forgot your password?' }).click()
      await page.getByRole('heading', { level: 1, name: 'Forgot your password?' }).waitFor()
      await page.getByRole('button', { name: 'Send the link' }).click()
      await page.getByText('Enter your e-mail address.').waitFor()
      await look(page, 'forgot password')
      await page.getByLabel('E-mail').fill(person.email)
      await page.getByRole('button', { name: 'Send the link' }).click()
      await page.getByText('Check your mail').waitFor()
      await look(page, 'forgot password, asked')

      await runJobs(world)
      const mail = (await mailsTo(world, person.email)).find(each => each.name === 'identity.reset_password')
      const { pathname, hash } = new URL(mail?.link ?? '')
      await page.goto(pathname + hash)
      const field = page.getByRole('textbox', { name: 'New password' })
      await field.waitFor()
      assert.equal(new URL(page.url()).hash, '', 'the secret is out of the address')
      await page.getByText(`For ${person.email}`).waitFor()
      await field.fill('short')
      await page.getByText('3 more characters.').waitFor()
      await look(page, 'reset password')
      await field.fill('AdaLovelace1')
      await page.getByRole('button', { name: 'Set the password' }).click()
      await page.getByText('This password is easily guessed').waitFor()
      await look(page, 'reset password, refused')
      await field.fill('another long passphrase')
      await page.getByRole('button', { name: 'Set the password' }).click()
      await page.getByText('Your password is changed').waitFor()
      await enter(page, { email: person.email, password: 'another long passphrase' }, '/account/security')

      await page.goto(pathname + hash)
      await page.getByText('This link does not work any more').waitFor()
      await look(page, 'reset password, a used link')
      await page.getByRole('link', { name: 'Ask for another link' }).click()
      await page.getByLabel('E-mail').waitFor()
      await page.goto('/reset-password')
      await page.getByText('The link is not whole').waitFor()
      assert.deepEqual(
        complaints.filter(each => !/\b40[013]\b/.test(each)),
        [],
      )
      await context.close()
    })

    it(`PE-04 on a ${name} one changes the password, told by which rules, and stays signed in`, async () => {
      const person = await newPerson(world, { fullName: 'Grace Hopper' })
      await joinAs(world, person.userId, alice.tenantId, 'member')
      await admin.query(
        `update tenancy.tenants
         set password_rules = password_rules || '{"minimumLength": 12, "expiresAfterDays": 30}' where id = $1`,
        [alice.tenantId],
      )
      await admin.query(`update identity.passwords set created_at = now() - interval '20 days' where user_id = $1`, [
        person.userId,
      ])
      const other = await signIn(baseUrl, person)
      const { context, page, complaints } = await open(viewport)
      await enter(page, person, '/account/security')
      const card = page.getByRole('region', { name: 'Password' })
      await card.getByText(/Your password expires in (9|10) days/).waitFor()
      await look(page, 'password card')
      await card.getByRole('button', { name: 'Change' }).click()
      await card.getByText('At least 12 characters').waitFor()
      await card.getByRole('textbox', { name: 'Current password' }).fill('a wrong guess')
      await card.getByRole('textbox', { name: 'New password' }).fill('another long passphrase')
      await card.getByText('Long enough.').waitFor()
      await card.getByRole('button', { name: 'Show the new password' }).click()
      await card.getByRole('button', { name: 'Change the password' }).click()
      await card.getByText('This is not your current password.').waitFor()
      await look(page, 'password card, refused')
      await card.getByRole('textbox', { name: 'Current password' }).fill(person.password)
      await card.getByRole('button', { name: 'Change the password' }).click()
      await page.getByText('Your password is changed').waitFor()
      await card.getByRole('button', { name: 'Change' }).waitFor()
      assert.equal((await other.fetch('/me')).status, 401, 'the other device is signed out')
      await page.reload()
      await card.getByRole('button', { name: 'Change' }).waitFor()
      assert.deepEqual(
        complaints.filter(each => !/\b400\b/.test(each)),
        [],
      )
      await admin.query(`update tenancy.tenants set password_rules = default where id = $1`, [alice.tenantId])
      await context.close()
    })

    it(`PE-01 on a ${name} an administrator sets the rules for passwords, and reads whom they meet`, async () => {
      await admin.query(`update identity.passwords set created_at = now() - interval '100 days' where user_id = $1`, [
        viewer.userId,
      ])
      const { context, page, complaints } = await open(viewport)
      await enter(page, alice, '/settings/password-rules')
      await page.getByLabel('Shortest password').fill('14')
      await page.getByText('At least 14 characters').waitFor()
      await page.getByRole('switch', { name: 'Ask for a new password after some time' }).check()
      await page.getByLabel('After how many days').fill('90')
      await page.getByText(/One of \d+ members has a password older than 90 days/).waitFor()
      await look(page, 'password rules')
      await page.getByLabel('Passwords that may not be taken again').fill('99')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Enter a number from 0 to 24.').waitFor()
      const save = page.waitForResponse(answer => answer.request().method() === 'PUT')
      await page.getByLabel('Passwords that may not be taken again').fill('5')
      await page.getByRole('button', { name: 'Save' }).click()
      assert.equal((await save).status(), 200)
      await page.getByText('The rules are saved').waitFor()

      await admin.query(
        `update tenancy.tenants set password_rules = password_rules || '{"minimumLength": 20}' where id = $1`,
        [alice.tenantId],
      )
      await page.getByLabel('Shortest password').fill('16')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Somebody else has changed this').waitFor()
      await look(page, 'password rules, changed meanwhile')
      await page.getByRole('button', { name: 'Show theirs' }).click()
      await page.getByText('At least 20 characters').waitFor()
      assert.deepEqual(
        complaints.filter(each => !/\b412\b/.test(each)),
        [],
      )
      await admin.query(`update tenancy.tenants set password_rules = default where id = $1`, [alice.tenantId])
      await context.close()
    })
  }

  it('AG-01 who may not see the rules for passwords is told so, and finds no way there', async () => {
    const { context, page } = await open(sizes.desktop)
    await enter(page, viewer, '/settings/password-rules')
    await page.getByText('This is not open to your role').waitFor()
    await page.goto('/settings')
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'General' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Passwords' }).count(), 0)
    await context.close()
  })
})
