import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { alice, baseUrl, viewer } = world

async function linkTo(email: string): Promise<string> {
  await runJobs(world)
  const { pathname, hash } = new URL((await mailsTo(world, email)).at(-1)?.link ?? '')
  return pathname + hash
}

describe('invitations', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`MT-18 on a ${size} people are invited by address, and who is new joins by the link of the mail`, async () => {
      const email = `ada-${size}@people.example`
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/members/invitations')
      await page.getByRole('button', { name: 'Invite people' }).first().click()
      const form = page.getByRole('dialog', { name: 'Invite people' })
      await form.getByRole('checkbox', { name: 'member', exact: true }).waitFor()
      await form.getByRole('button', { name: 'Send' }).click()
      await form.getByText('Enter at least one address.').waitFor()
      await form.getByLabel('E-mail addresses').fill(`${email}, nobody, ${viewer.email}`)
      await form.getByRole('checkbox', { name: 'viewer' }).check()
      await look(page, 'invite people')
      await form.getByRole('button', { name: 'Send' }).click()
      await form.getByText('nobody: This is not an e-mail address.').waitFor()
      await form.getByText(`${viewer.email} is the address of a member already.`).waitFor()
      await look(page, 'invite people, refused')
      await form.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('listitem').filter({ hasText: email }).getByText('Waiting').waitFor()
      await look(page, 'invitations')

      const visitor = await open(size)
      await visitor.page.goto(await linkTo(email))
      await visitor.page.getByRole('heading', { level: 1, name: 'Join Meridian Capture' }).waitFor()
      assert.equal(new URL(visitor.page.url()).hash, '', 'the secret is out of the address')
      await visitor.page.getByRole('button', { name: 'Create the account and join' }).click()
      await visitor.page.getByText('Enter your name.').waitFor()
      await look(visitor.page, 'invitation')
      await visitor.page.getByLabel('Your name').fill('Ada Lovelace')
      await visitor.page.getByRole('textbox', { name: 'Password' }).fill('a long new passphrase')
      await visitor.page.getByRole('button', { name: 'Create the account and join' }).click()
      await visitor.page.waitForURL(url => !url.pathname.startsWith('/invitation'))
      await visitor.page.getByText('Meridian Capture').first().waitFor({ state: 'attached' })
      assert.deepEqual(visitor.complaints, [])
      await visitor.context.close()

      await page.reload()
      await page.getByRole('listitem').filter({ hasText: email }).getByText('Accepted').waitFor()
      assert.deepEqual(
        complaints.filter(each => !/\b4(00|09)\b/.test(each)),
        [],
      )
      await context.close()
    })

    it(`MT-18 on a ${size} who has an account signs in and comes back to accept, and another account cannot`, async () => {
      const person = await newPerson(world)
      const other = await newPerson(world)
      const roles = (await (await alice.fetch('/roles?limit=100')).json()) as { items: { id: string; name: string }[] }
      const roleIds = roles.items.filter(({ name }) => name === 'viewer').map(({ id }) => id)
      await alice.fetch('/invitations', { method: 'POST', body: { email: person.email, roleIds } })
      const link = await linkTo(person.email)
      const { context, page, complaints } = await open(size)
      await enter(page, other, '/account')
      await page.goto(link)
      await page.getByText('This invitation is for another address').waitFor()
      await look(page, 'invitation for another')
      await page.getByRole('button', { name: 'Sign out and go on' }).click()
      await page.getByText('has an account. Sign in with it').waitFor()
      await look(page, 'invitation with an account')
      await page.getByRole('link', { name: 'Sign in', exact: true }).click()
      await page.getByLabel('E-mail').fill(person.email)
      await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('button', { name: 'Accept the invitation' }).waitFor()
      await look(page, 'invitation to accept')
      await page.getByRole('button', { name: 'Accept the invitation' }).click()
      await page.waitForURL('**/contractors')
      assert.deepEqual(complaints, [])

      await page.goto(link)
      await page.getByText('has been accepted already').waitFor()
      await look(page, 'invitation used')
      await context.close()
    })
  }

  it('MT-18 a file is tried first, then everybody in it is invited, and an invitation is withdrawn', async () => {
    const { context, page, complaints } = await open('desktop')
    await enter(page, alice, '/members/invitations')
    await page.getByRole('button', { name: 'From a file' }).click()
    const form = page.getByRole('dialog', { name: 'Invite from a file' })
    const choose = (text: string) =>
      form
        .locator('input[type=file]')
        .setInputFiles({ name: 'team.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await form.getByRole('checkbox', { name: 'member', exact: true }).waitFor()
    await choose('email,roles\ngrace@people.example,member\nnobody,\n')
    await form.getByRole('button', { name: 'Check the file' }).click()
    await form.getByText('1 of 2 rows cannot be read').waitFor()
    await look(page, 'invite from a file, refused')
    await choose(`email\ngrace@people.example\nmary@people.example\n${viewer.email}\n`)
    await form.getByRole('button', { name: 'Check the file' }).click()
    await form.getByText('2 of 3 people get a mail.').waitFor()
    await look(page, 'invite from a file')
    await form.getByRole('button', { name: 'Invite 2 people' }).click()
    const row = page.getByRole('listitem').filter({ hasText: 'grace@people.example' })
    await row.waitFor()
    await row.getByRole('button', { name: /^Change the invitation/ }).click()
    await page.getByRole('menuitem', { name: 'Withdraw' }).click()
    await row.getByText('Withdrawn').waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })
})
