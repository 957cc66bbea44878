import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { extractText, getDocumentProxy } from 'unpdf'
import { testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { ask, dayFromMonday, makeHousehold } from './household.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const { baseUrl, alice, viewer } = await testWorld({ consoleDirectory })
const house = await makeHousehold(alice, {
  weeks: 12,
  userIds: { 'Carla Ruiz': viewer.userId },
})
const thisWeek = house.rounds.at(-4) as string

const weights = async () => (await ask(alice, 'GET', `/assignment-domains/${house.domainId}`)).configuration.fairness

/** The pages as they are printed. */
async function print(page: Page) {
  const pdf = new Uint8Array(await page.pdf({ preferCSSPageSize: true }))
  return await extractText(await getDocumentProxy(pdf), { mergePages: false })
}

describe('how evenly chores fall, in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[])
    test(`VS-11 a planner sees who is ahead of his share, round after round, as drawings and as tables (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/assignments/fairness')
      await page.getByRole('heading', { name: 'Load and fair share' }).waitFor()
      await page.getByRole('img', { name: /^Unevenness after each of 13 rounds/ }).waitFor()
      await page.getByRole('img', { name: /^Load of 7 people in 13 periods/ }).waitFor()
      await look(page, 'fairness')
      for (const part of ['Load and fair share', 'Unevenness, round after round', 'Load over time'])
        await page.getByRole('button', { name: `Show as a table (${part})` }).click()
      const loads = page.getByRole('region', { name: 'Table of loads and fair shares' })
      await loads.getByRole('cell', { name: 'Grace Lin (new)' }).waitFor()
      assert.equal(await loads.getByRole('row').count(), 8)
      assert.equal(
        await page.getByRole('region', { name: 'Table of unevenness by round' }).getByRole('row').count(),
        14,
      )
      await page.getByText('Rounds', { exact: true }).last().click()
      await page.waitForURL(/by=round/)
      await look(page, 'fairness-tables')
      assert.deepEqual(complaints, [])
      await context.close()
    })

  test('VS-11 weights are tried on past rounds before they are kept, and are there for the next one', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    // She was in no application with this browser yet: she begins in the one that has something.
    await enter(page, alice, '/members')
    await page.goto('/')
    await page.waitForURL(/\/assignments$/)
    await page.goto('/assignments/fairness')
    const part = page.getByRole('region', { name: 'What counts when a round is planned' })
    const fairness = part.getByRole('slider', { name: 'Fairness' })
    await fairness.press('End')
    await part.getByRole('slider', { name: 'Wishes' }).press('Home')
    await part.getByRole('button', { name: 'Try on past rounds' }).click()
    await part.getByText(/^The last 12 rounds, from .* planned again with these weights:$/).waitFor()
    assert.equal(await part.getByRole('row').count(), 8)
    await look(page, 'weights')
    assert.deepEqual((await weights()).fairness, 0.1, 'trying changes nothing')
    await fairness.press('ArrowLeft')
    await part.getByText('With the weights that were tried before:').waitFor()
    await part.getByRole('button', { name: 'Save' }).click()
    await part.getByRole('button', { name: 'Back to those in force' }).waitFor({ state: 'detached' })
    assert.deepEqual(await weights(), { preference: 0, fairness: 0.95, rotation: 0.05 })
    await page.reload()
    await fairness.waitFor()
    assert.equal(await fairness.getAttribute('aria-valuenow'), '0.95')
    assert.deepEqual(complaints, [])
    await context.close()
  })

  test('VS-06 VS-07 a planner sees what somebody was and will be on, and who is on a target', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, alice, `/assignments/people/${house.people['Carla Ruiz']}?tab=assignments`)
    const ahead = page.getByRole('list', { name: 'Ahead' })
    await ahead.getByRole('listitem').first().waitFor()
    await page.getByRole('img', { name: /^Load and fair share after 13 rounds/ }).waitFor()
    await page.getByRole('button', { name: 'The month before' }).click()
    await page.getByRole('button', { name: 'Today' }).click()
    await page.getByRole('button', { name: /^The last six months/ }).click()
    assert.ok((await page.getByRole('list', { name: 'Past' }).getByRole('listitem').count()) >= 10)
    await look(page, 'person-assignments')
    await page.goto(`/assignments/targets/${house.targets.Kitchen}?tab=assignments`)
    await page.getByRole('heading', { name: 'House-mates on it in the last six months' }).waitFor()
    await page.getByRole('list', { name: 'Ahead' }).getByText(' and ').first().waitFor()
    await look(page, 'target-assignments')
    assert.deepEqual(complaints, [])
    await context.close()
  })

  test('VS-08 a round hangs on the notice board as a sheet a week, black on white', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, viewer, `/assignments/${thisWeek}/print`)
    await page.getByRole('article', { name: /^Sheet: / }).waitFor()
    await look(page, 'sheet')
    assert.deepEqual(complaints, [])
    const { totalPages, text } = await print(page)
    assert.equal(totalPages, 1)
    const paper = (text[0] ?? '').replaceAll(/\s+/g, ' ')
    for (const words of ['Chores of the house', 'Kitchen', 'Door', '20:00–23:00', 'Counters, stove, floor and bins'])
      assert.ok(paper.includes(words), `“${words}” in ${paper}`)
    for (const words of ['Commonhold', 'Print', 'Back']) assert.ok(!paper.includes(words), `no “${words}” in ${paper}`)

    const days = { assignmentDate: dayFromMonday(28), endsOn: dayFromMonday(41) }
    const { id } = await ask(alice, 'POST', '/assignments', { domainId: house.domainId, ...days })
    await ask(alice, 'POST', `/assignments/${id}/runs`, {})
    await page.goto(`/assignments/${id}/print`)
    await page
      .getByRole('article', { name: /^Sheet: / })
      .nth(1)
      .waitFor()
    const fortnight = await print(page)
    assert.equal(fortnight.totalPages, 2)
    for (const sheet of fortnight.text) assert.match(sheet, /Draft: may still change.*Door.*Kitchen/s)
    await context.close()
  })

  for (const size of Object.keys(sizes) as Size[])
    test(`VS-06 a member sees what is ahead, has it in a calendar, and says that she cannot come (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, viewer, '/my-assignments')
      await page.getByRole('heading', { name: 'My chores' }).waitFor()
      const ahead = page.getByRole('list', { name: 'Ahead' })
      await ahead.getByRole('listitem').first().waitFor()
      await look(page, 'my-chores')

      await ahead
        .getByRole('button', { name: /^I cannot come/ })
        .first()
        .click()
      const leaving = page.getByRole('dialog', { name: 'I cannot come' })
      await leaving.getByLabel('Reason').fill('On a train')
      await look(page, 'cannot-come')
      await leaving.getByRole('button', { name: 'Say so' }).click()
      await ahead.getByText('You cannot come').waitFor()
      await ahead.getByRole('button', { name: /^I can after all/ }).click()
      await ahead
        .getByRole('button', { name: /^I cannot come/ })
        .first()
        .waitFor()

      await page.getByRole('button', { name: 'Have it in my calendar' }).click()
      const feed = page.getByRole('dialog', { name: 'My calendar' })
      await feed.getByRole('button', { name: /^Make (the|a new) address$/ }).click()
      const address = (await feed.getByLabel('Address of the calendar').textContent()) ?? ''
      await feed.getByRole('button', { name: 'Google Calendar' }).click()
      await feed.getByText('From URL').waitFor()
      await look(page, 'calendar-address')
      const read = async () => await fetch(baseUrl + new URL(address).pathname)
      assert.match(await (await read()).text(), /^BEGIN:VCALENDAR/)
      await feed.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByRole('button', { name: 'Have it in my calendar' }).click()
      await feed.getByText(/A calendar read it/).waitFor()
      await feed.getByRole('button', { name: 'Take the address away' }).click()
      await feed.waitFor({ state: 'detached' })
      assert.equal((await read()).status, 404)
      assert.deepEqual(complaints, [])
      await context.close()
    })

  test('VS-08 a schedule says what will happen, plans the next round now, pauses and goes', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, alice, '/assignments/schedules')
    await page.getByRole('heading', { name: 'No schedule yet' }).waitFor()
    await page.getByRole('button', { name: 'New schedule' }).click()
    const form = page.getByRole('dialog', { name: 'New schedule' })
    await form.getByLabel('Every', { exact: true }).fill('2')
    const said = form.getByRole('status')
    await said.getByText(/^Every 2 weeks from .* a round of 7 days is planned 7 days before it begins/).waitFor()
    const first = await form.getByLabel('First day').inputValue()
    assert.ok(first > dayFromMonday(27), `${first} is after what is planned already`)
    assert.equal(await said.getByRole('listitem').count(), 5)
    await form.getByLabel('No more after').fill('2020-01-01')
    await form.getByRole('button', { name: 'Make the schedule' }).click()
    await form.getByText('The end comes before the first day.').waitFor()
    await form.getByLabel('No more after').fill('')
    await look(page, 'schedule-form')
    await form.getByRole('button', { name: 'Make the schedule' }).click()
    await page.getByRole('heading', { name: 'Every week' }).waitFor()
    await page.getByText(/^The next one begins on/).waitFor()
    await look(page, 'schedules')
    const before = await page.getByText(/^The next one begins on/).textContent()
    await page.getByRole('button', { name: 'Plan the next one now' }).click()
    await page.getByText(/^The round of .* is made/).waitFor()
    await page.waitForFunction(text => !document.body.innerText.includes(text ?? ''), before)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Nothing is planned while it is paused.').waitFor()
    await page.getByRole('button', { name: 'Actions for Every week' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByRole('dialog', { name: 'Delete the schedule' }).getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'No schedule yet' }).waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })

  test('VS-06 a member begins in the domain in which she is assigned, not in the first by name', async () => {
    await ask(alice, 'POST', '/assignment-domains', { name: 'attic', displayName: 'Attic' })
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, viewer, '/assignments')
    await page.waitForURL(/domain=chores/)
    // Who is assigned nowhere begins in the first.
    const other = await browser.open('desktop')
    await enter(other.page, alice, '/assignments')
    await other.page.waitForURL(/domain=attic/)
    assert.deepEqual([...complaints, ...other.complaints], [])
    await context.close()
    await other.context.close()
  })
})
