import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { hearing, reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(240_000), () => {})
const world = await testWorld({ consoleDirectory, hasRouteLimits: false })
const { admin, alice, app, baseUrl } = world
const carol = await member('carol@meridian.example', 'Carol Cole')
const [leidos, verizon] = [
  await makeContractor('LEJDDS000001', 'Leidos'),
  await makeContractor('VERJZNN00001', 'Verizon'),
]

describe('sharing of lists', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-11 on a ${size} a list is shared with a colleague and by a link, talked about, and taken back`, async () => {
      const list = await makeList(alice, `Teaming partners, ${size}`)
      const fields = [
        { id: 'stage', name: 'Stage', kind: 'choice', options: ['Lead', 'Won'] },
        { id: 'fee', name: 'Fee', kind: 'number' },
      ]
      const settings = { fields, columns: null, sort: null }
      await alice.fetch(`/contractor-lists/${list}`, { method: 'PATCH', body: { settings } })
      const remarks = { notes: 'Ask about Huntsville', rating: 4, tags: ['prime'], customData: { stage: 'Lead' } }
      await addItem(list, leidos, remarks)
      const { context, page, complaints } = await open(size)
      await enter(page, alice, `/lists/${list}?part=sharing`)
      await page.getByText('Shared with nobody').waitFor()
      await look(page, 'shares, at first')
      await page.getByRole('button', { name: 'Share' }).click()
      const form = page.getByRole('dialog', { name: 'Share the list' })
      await form.getByRole('button', { name: 'Share' }).click()
      await form.getByText('Choose a colleague, or enter an address.').waitFor()
      await form.getByLabel('Colleague or e-mail address').fill('car')
      await page.getByRole('option', { name: /Carol Cole/ }).click()
      await form.getByLabel('Permission').selectOption('comment')
      await form.getByRole('button', { name: 'Share' }).click()
      await form.waitFor({ state: 'hidden' })
      await page.getByRole('listitem').filter({ hasText: 'Carol Cole' }).waitFor()

      await page.getByRole('button', { name: 'Share', exact: true }).click()
      await form.getByLabel('Colleague or e-mail address').fill(`${size}@outside.example`)
      await form.getByLabel('Show notes, tags, ratings, priorities and own fields').waitFor()
      await look(page, 'share form')
      await form.getByLabel('Permission').selectOption('edit')
      await form.getByRole('button', { name: 'Share' }).click()
      const secret = page.getByRole('status', { name: 'Link' })
      const link = (await secret.textContent()) ?? ''
      assert.ok(link.startsWith(`${app.publicUrl}/shared/list#token=`))
      await look(page, 'share link')
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await page
        .getByRole('listitem')
        .filter({ hasText: `${size}@outside.example` })
        .waitFor()
      await look(page, 'shares')

      const guest = await open(size)
      await guest.page.goto(link.slice(app.publicUrl.length))
      await guest.page.getByRole('heading', { level: 1, name: 'A list is shared with you' }).waitFor()
      assert.ok(!guest.page.url().includes('token'))
      await look(guest.page, 'shared list, before it is opened')
      await guest.page.getByRole('button', { name: 'Open the list' }).click()
      await guest.page.getByRole('heading', { level: 1, name: `Teaming partners, ${size}` }).waitFor()
      await guest.page.getByText('Alice Archer of Meridian Capture shares it with').waitFor()
      await guest.page.getByRole('textbox', { name: 'Your comment' }).fill('Who knows them?')
      await guest.page.getByRole('button', { name: 'Comment' }).click()
      await guest.page.getByText('Who knows them?').waitFor()
      await look(guest.page, 'shared list')
      assert.equal(await guest.page.locator('meta[name=robots]').getAttribute('content'), 'noindex, nofollow')
      assert.equal(await guest.page.getByLabel('Stage of Leidos').inputValue(), 'Lead')
      await guest.page.getByLabel('Stage of Leidos').selectOption('Won')
      await guest.page.getByLabel('Fee of Leidos').fill('12,5')
      await guest.page.getByRole('button', { name: 'Save' }).click()
      await guest.page.getByText('Not saved yet').waitFor({ state: 'hidden' })
      await guest.page.reload()
      await guest.page.getByText('Who knows them?').waitFor()
      assert.equal(await guest.page.getByLabel('Stage of Leidos').inputValue(), 'Won')
      assert.equal(await guest.page.getByLabel('Fee of Leidos').inputValue(), '12.5')

      await page.getByText(`${size}@outside.example is here now`).waitFor()
      await page.getByRole('tab', { name: 'Comments' }).click()
      await page.getByText('Who knows them?').waitFor()
      await page.getByRole('button', { name: 'Answer' }).click()
      await page.getByRole('textbox', { name: 'Your answer' }).fill('@Car')
      await page.getByRole('option', { name: 'Carol Cole' }).click()
      await page.getByRole('textbox', { name: 'Your answer' }).press('End')
      await page.getByRole('textbox', { name: 'Your answer' }).pressSequentially('does')
      await page.getByRole('button', { name: 'Answer' }).last().click()
      await page.getByText('@Carol Cole does').waitFor()
      await guest.page.getByText('@Carol Cole does').waitFor()
      await look(page, 'comments')
      await page.getByRole('tab', { name: 'Activity' }).click()
      await page.getByText('opened the list by a link').waitFor()
      await look(page, 'activity')
      await page.getByLabel('Who did it').selectOption(`${size}@outside.example`)
      await page.getByText('added Leidos').waitFor({ state: 'hidden' })

      const count = page.getByRole('tab', { name: /^Sharing/ }).locator('.mantine-Badge-label')
      assert.ok(
        await count.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth),
        'the count is not cut',
      )
      await page.getByRole('tab', { name: 'Sharing' }).click()
      await page.getByRole('button', { name: `Share no longer with ${size}@outside.example` }).click()
      await guest.page
        .getByRole('heading', { level: 1, name: 'This list is not open here any more' })
        .waitFor({ timeout: hearing })
      await look(guest.page, 'shared list, closed')
      await guest.page.goto('about:blank')
      await guest.page.goto(link.slice(app.publicUrl.length))
      await guest.page.getByRole('button', { name: 'Open the list' }).click()
      await guest.page.getByRole('heading', { level: 1, name: 'This link opens nothing' }).waitFor()
      assert.deepEqual(complaints.filter(isNoRefusal), [])
      assert.deepEqual(guest.complaints.filter(isNoRefusal), [])
      await Promise.all([context.close(), guest.context.close()])
    })
  }

  it('GG-11 two who have a list open see each other’s changes, and what both have typed is not lost', async () => {
    const list = await makeList(alice, 'Worked on by two')
    const item = await addItem(list, leidos, { notes: 'Begun' })
    const shared = await share(list, { userId: carol.userId, permission: 'view' })
    assert.equal(shared.link, null)
    const { link } = await share(list, { email: 'two@outside.example', permission: 'edit' })
    const colleague = await open('desktop')
    await enter(colleague.page, carol, `/lists/${list}`)
    await colleague.page.getByText('Begun').waitFor()
    const guest = await open('desktop')
    await guest.page.goto((link ?? '').slice(app.publicUrl.length))
    await guest.page.getByRole('button', { name: 'Open the list' }).click()
    const notes = guest.page.getByRole('textbox', { name: 'Notes on Leidos' })
    await colleague.page.getByText('two@outside.example is here now').waitFor()
    await guest.page.getByText('Carol Cole is here now').waitFor()

    await addItem(list, verizon)
    await Promise.all([seen(colleague.page, 'Verizon'), seen(guest.page, 'Verizon')])

    await notes.fill('Begun\nThe guest has called')
    const change = (body: object) => alice.fetch(`/contractor-lists/${list}/items/${item}`, { method: 'PATCH', body })
    await change({ notes: 'Begun\nAlice has written', rating: 2 })
    await seen(colleague.page, 'Alice has written')
    await guest.page.getByRole('radio', { name: '2 stars' }).first().waitFor({ state: 'attached' })
    assert.equal(await notes.inputValue(), 'Begun\nThe guest has called', 'what is typed is not overwritten')
    await guest.page.getByRole('button', { name: 'Save' }).first().click()
    const conflict = guest.page.getByRole('alert').filter({ hasText: 'This was changed elsewhere' })
    await conflict.getByText('Alice has written').first().waitFor()
    await look(guest.page, 'shared list, conflict')
    assert.ok(await conflict.getByRole('radio', { name: /^Both/ }).isChecked())
    await conflict.getByRole('button', { name: 'Save what is chosen' }).click()
    await conflict.waitFor({ state: 'hidden' })
    await seen(colleague.page, 'The guest has called')
    const { items } = (await (await alice.fetch(`/contractor-lists/${list}/items`)).json()) as {
      items: { id: string; notes: string; rating: number }[]
    }
    const both = items.find(({ id }) => id === item)
    assert.deepEqual([both?.notes, both?.rating], ['Begun\nAlice has written\nThe guest has called', 2])

    await notes.fill('Mine alone')
    await change({ notes: 'Theirs alone' })
    await guest.page.getByRole('button', { name: 'Save' }).first().click()
    await conflict.getByRole('button', { name: 'Leave all as it is there' }).click()
    await conflict.waitFor({ state: 'hidden' })
    assert.equal(await notes.inputValue(), 'Theirs alone')
    await Promise.all([colleague.context.close(), guest.context.close()])
  })
})

const seen = (page: Page, text: string) => page.getByText(text).first().waitFor({ timeout: hearing })

/** The browser itself complains of each answer that refuses. */
const isNoRefusal = (complaint: string) => !/status of (401|404|412)/.test(complaint)

async function member(email: string, fullName: string): Promise<Person> {
  const person = await newPerson(world, { email, fullName })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  return await signIn(baseUrl, person, alice.tenantId)
}

async function makeContractor(uei: string, name: string): Promise<string> {
  const { rows } = await admin.query(
    'insert into contractors.contractor_profiles (uei, name, state, total_contract_value) values ($1, $2, $3, 1250000) returning id',
    [uei, name, 'VA'],
  )
  return rows[0].id
}

async function makeList(person: Person, name: string): Promise<string> {
  const answer = await person.fetch('/contractor-lists', { method: 'POST', body: { name } })
  return ((await answer.json()) as { id: string }).id
}

async function addItem(list: string, contractorId: string, fields: object = {}): Promise<string> {
  const answer = await alice.fetch(`/contractor-lists/${list}/items`, {
    method: 'POST',
    body: { contractorId, ...fields },
  })
  return ((await answer.json()) as { id: string }).id
}

async function share(list: string, body: object): Promise<{ link: string | null }> {
  return (await (await alice.fetch(`/contractor-lists/${list}/shares`, { method: 'POST', body })).json()) as {
    link: string | null
  }
}
