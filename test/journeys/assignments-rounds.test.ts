import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { runJobs } from '#test/jobs.ts'
import { type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const world = await testWorld({ consoleDirectory })
const { alice, bob, viewer, baseUrl } = world

const words = {
  participant: { singular: 'house-mate', plural: 'house-mates' },
  target: { singular: 'chore', plural: 'chores' },
  assignment: { singular: 'week', plural: 'weeks' },
}
const cooks = ['Anna', 'Ben']
const others = ['Chiara', 'Deniz', 'Emil', 'Farah']

async function call<Answer>(person: Person, method: string, path: string, body?: object): Promise<Answer> {
  const answer = await person.fetch(path, { method, ...(body && { body }) })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
  return (answer.status === 204 ? undefined : await answer.json()) as Answer
}

type Made = { id: string }

/** A house with six people and five places in four chores; only two of them cook. */
async function makeHouse(
  name: string,
): Promise<{ domainId: string; people: Map<string, string>; chores: Map<string, string> }> {
  const { id: domainId } = await call<Made>(alice, 'POST', '/assignment-domains', {
    name,
    displayName: `Chores, ${name}`,
    configuration: { words },
  })
  const made = async (path: string, all: readonly { name: string; [field: string]: unknown }[]) => {
    const ids = new Map<string, string>()
    for (const each of all) ids.set(each.name, (await call<Made>(alice, 'POST', path, { domainId, ...each })).id)
    return ids
  }
  const people = await made('/participants', [
    ...cooks.map(name => ({ name, skills: ['cooking'], maxAssignments: 1 })),
    ...others.map(name => ({ name, maxAssignments: 1 })),
  ])
  const chores = await made('/assignment-targets', [
    { name: 'Bathroom' },
    { name: 'Dinner', weekday: 'saturday', startsAt: '17:00', endsAt: '21:00', requiredSkills: ['cooking'] },
    { name: 'Kitchen', requiredCount: 2 },
    { name: 'Rubbish', weekday: 'wednesday' },
  ])
  return { domainId, people, chores }
}

const roundOf = (page: Page) => new URL(page.url()).pathname.split('/')[2] ?? ''
const details = async (roundId: string) => {
  type Detail = { participantName: string; targetName: string }
  const { items } = await call<{ items: Detail[] }>(alice, 'GET', `/assignments/${roundId}/details?limit=100`)
  return items.map(({ participantName, targetName }) => `${participantName} ${targetName}`).toSorted()
}
const on = (page: Page, chore: string) => page.getByRole('list', { name: `On ${chore}` })
const namesOn = async (page: Page, chore: string) =>
  (await on(page, chore).getByRole('listitem').allInnerTexts()).map(text => text.trim())
const choose = async (page: Page, about: RegExp | string, action: string) => {
  await page.getByRole('button', { name: about }).click()
  await page.getByRole('menuitem', { name: action }).click()
}
/** What hears the arrows is put there by a timer, after the telling. */
const held = async (page: Page, told: string) => {
  await page.getByText(told).first().waitFor({ state: 'attached' })
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve)))
}

async function middleOf(page: Page, name: string) {
  const box = await page.getByRole('button', { name, exact: true }).boundingBox()
  assert.ok(box, name)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/** Drags somebody's handle over another's, with the mouse or with a finger. */
async function drag(page: Page, size: Size, from: string, to: string, told: string): Promise<void> {
  // Both are to be seen at once, below the bar that lies over a phone's page.
  await page.getByRole('button', { name: from, exact: true }).evaluate(handle => {
    scrollBy({ top: handle.getBoundingClientRect().top - 150, behavior: 'instant' })
  })
  const [start, end] = [await middleOf(page, from), await middleOf(page, to)]
  const between = (share: number) => ({
    x: start.x + (end.x - start.x) * share,
    y: start.y + (end.y - start.y) * share,
  })
  if (size === 'desktop') {
    await page.mouse.move(start.x, start.y)
    await page.mouse.down()
    for (const share of [0.1, 0.5, 0.9, 1]) await page.mouse.move(between(share).x, between(share).y, { steps: 3 })
    await held(page, told)
    await page.mouse.up()
    return
  }
  const browser = await page.context().newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', share: number) =>
    browser.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [between(share)] })
  await touch('touchStart', 0)
  for (const share of [0.1, 0.3, 0.6, 0.9, 1]) await touch('touchMove', share)
  await held(page, told)
  await touch('touchEnd', 1)
}

/** What breaks a rule is said, and not done; and why somebody is not where one would have him. */
async function refuseAndPin(page: Page, roundId: string, { bather, cleaner }: { bather: string; cleaner: string }) {
  const planned = await details(roundId)
  const helper = others.find(name => ![bather, cleaner].includes(name) && planned.includes(`${name} Rubbish`)) ?? bather
  const from = (await details(roundId)).find(each => each.startsWith(`${helper} `))?.split(' ')[1] ?? ''
  await choose(page, `More to do with ${helper} on ${from}`, 'Move to …')
  const moving = page.getByRole('dialog', { name: `Move ${helper} from ${from}` })
  await moving.getByLabel('Chore').selectOption({
    label: /^Dinner/.source && (await moving.getByRole('option', { name: /^Dinner/ }).innerText()),
  })
  const refused = page.getByRole('dialog', { name: `Move ${helper} from ${from} to Dinner?` })
  await refused
    .getByText(/cooking/)
    .first()
    .waitFor()
  assert.ok(await refused.getByRole('button', { name: 'Move', exact: true }).isDisabled())
  await refused.getByRole('button', { name: 'Leave it as it is' }).click()

  // Why not, in words.
  await page.getByRole('button', { name: 'Why not …? Ask who is not on Dinner' }).click()
  const asked = page.getByRole('dialog', { name: 'Why not …?' })
  await asked.getByLabel('House-mate').selectOption({ label: helper })
  const answered = page.getByRole('dialog', { name: `Why not ${helper} on Dinner?` })
  await answered.getByText(`${helper} cannot be on Dinner`).waitFor()
  await answered.getByLabel('Chore').selectOption({ label: 'Kitchen' })
  await page.getByRole('dialog', { name: `Why not ${helper} on Kitchen?` }).waitFor()
  await look(page, 'round, why not')
  await page.getByRole('button', { name: 'Close', exact: true }).last().click()

  // Pinned: it stays when all is planned anew.
  await choose(page, `More to do with ${cleaner} on Bathroom`, 'Pin: stays in every plan')
  await on(page, 'Bathroom').getByRole('img', { name: 'pinned' }).waitFor()
  await choose(page, /^More to do with Week of/, 'Plan it anew')
  await page.getByText('All 5 places are filled.').waitFor()
  await on(page, 'Bathroom').getByText(cleaner).waitFor()
}

/** After a drop-out, and what is done about a round that is over. */
async function replanAndClose(page: Page, roundId: string, people: readonly string[], cleaner: string) {
  // Somebody cannot come: who is free takes over, and nobody else moves.
  const before = await details(roundId)
  const [away = ''] = await namesOn(page, 'Rubbish')
  const free = people.find(name => !before.some(each => each.startsWith(`${name} `))) ?? ''
  await choose(page, `More to do with ${away} on Rubbish`, 'Cannot come …')
  const telling = page.getByRole('dialog', { name: `${away} cannot come` })
  await telling.getByLabel('Why').fill('In bed with a fever')
  await telling.getByRole('button', { name: 'Note it' }).click()
  await page.getByText(`${away} to Rubbish: In bed with a fever`).waitFor()
  await page.getByRole('button', { name: 'Find who takes over' }).click()
  await page.getByRole('heading', { level: 1, name: 'Who takes over' }).waitFor()
  const moves = page.getByRole('region', { name: 'Who moves' })
  await moves.getByRole('row').nth(1).waitFor()
  assert.deepEqual(
    (await moves.getByRole('row').allInnerTexts())
      .slice(1)
      .map(text => text.replaceAll(/\s+/g, ' ').trim())
      .toSorted(),
    [`${away} Rubbish free`, `${free} free Rubbish`].toSorted(),
  )
  assert.deepEqual(await details(roundId), before, 'a published plan waits for acceptance')
  await page.getByRole('button', { name: 'Numbers and certificate' }).click()
  await page.getByRole('button', { name: 'Check it' }).click()
  await page.getByText('It holds').waitFor()
  await look(page, 'solver')
  await page.getByRole('button', { name: 'Use this plan' }).click()
  await on(page, 'Rubbish').getByText(free).waitFor()
  assert.equal(await page.getByText('Somebody cannot come').count(), 0)
  await closeNotices(page)

  // By person, and what was.
  await page.getByText('By house-mate').click()
  await page.getByRole('list', { name: 'House-mates' }).getByText(free).waitFor()
  await look(page, 'round, by person')
  await page.getByText('History', { exact: true }).click()
  await page.getByRole('button', { name: 'Compare plan 1 with now' }).click()
  const comparing = page.getByRole('dialog', { name: 'Compare two plans' })
  // Whoever else moved since: he was moved by hand and pinned.
  await comparing.getByRole('row', { name: new RegExp(`^${cleaner} Kitchen Bathroom$`) }).waitFor()
  await look(page, 'round, two plans')
  await comparing.getByRole('button', { name: 'Close' }).click()
  await page
    .getByText(new RegExp(`^Taken off: ${away} \\(Rubbish\\)`))
    .or(page.getByText(new RegExp(`Taken off: .*${away} \\(Rubbish\\)`)))
    .first()
    .waitFor()
  await page
    .getByText(/Pinned: .* \(Bathroom\)$/)
    .first()
    .waitFor()
  await look(page, 'round, history')

  // Locked, nobody changes it; completed and reopened.
  await choose(page, /^More to do with Week of/, 'Lock')
  await page.getByText('It is locked: nobody changes').waitFor()
  await page.getByText('By chore').click()
  await on(page, 'Kitchen').waitFor()
  assert.equal(await page.getByRole('button', { name: /^Move / }).count(), 0)
  await choose(page, /^More to do with Week of/, 'Unlock')
  await page.getByText('It is locked: nobody changes').waitFor({ state: 'hidden' })
  await choose(page, /^More to do with Week of/, 'Complete: it was done')
  await page.getByText('It is completed and counts').waitFor()
  await closeNotices(page)
  await choose(page, /^More to do with Week of/, 'Reopen')
  await page.getByText('It is completed and counts').waitFor({ state: 'hidden' })
}

describe('rounds of chores', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  // On a busy machine a plan may take longer than one waits for it: then a worker makes it.
  const worker = { isAwake: true, isOver: false }
  let working: Promise<void>
  before(() => {
    working = (async () => {
      for (; !worker.isOver; await sleep(250)) if (worker.isAwake) await runJobs(world)
    })()
  })
  after(async () => {
    worker.isOver = true
    await working
  })

  for (const size of Object.keys(sizes) as Size[]) {
    it(`VS-08 VS-09 VS-10 on a ${size} a week is planned with one click, changed by hand and published`, async () => {
      const { people } = await makeHouse(size)
      const { context, page, complaints } = await open(size)
      await enter(page, alice, `/assignments?domain=${size}`)
      await page.getByText('Nothing is planned for this week').waitFor()
      await look(page, 'board, nothing planned')

      // One click.
      await page.getByRole('button', { name: 'Plan next week' }).click()
      await page.getByText('All 5 places are filled. No better plan exists: this is proved.').waitFor()
      const roundId = roundOf(page)
      const planned = await details(roundId)
      assert.equal(planned.length, 5)
      await look(page, 'round')

      // By keyboard: the one in the bathroom with the first in the kitchen. Nothing is done before it is confirmed.
      const [bather = ''] = await namesOn(page, 'Bathroom')
      const [cleaner = ''] = await namesOn(page, 'Kitchen')
      await page.getByRole('button', { name: `Move ${bather} on Bathroom` }).focus()
      await page.keyboard.press('Space')
      await held(page, `Picked up ${bather}, on Bathroom.`)
      const goal = page.getByText(`Over ${cleaner}, on Kitchen: to swap.`)
      for (let step = 0; step < 12 && (await goal.count()) === 0; step++) {
        await page.keyboard.press('ArrowDown')
        await page.waitForTimeout(60)
      }
      assert.equal(await goal.count(), 1, 'the arrows lead to the kitchen')
      await page.keyboard.press('Space')
      const asking = page.getByRole('dialog', { name: `Swap ${bather} and ${cleaner}?` })
      await asking.getByText(`${bather} goes to Kitchen, ${cleaner} to Bathroom.`).waitFor()
      await asking.getByText(/^The plan as a whole/).waitFor()
      assert.deepEqual(await details(roundId), planned, 'it was only asked')
      await look(page, 'round, swap asked')
      await asking.getByRole('button', { name: 'Swap', exact: true }).click()
      await on(page, 'Bathroom').getByText(cleaner).waitFor()
      assert.ok((await details(roundId)).includes(`${bather} Kitchen`))
      await closeNotices(page)

      // With the mouse or a finger, back again.
      await drag(
        page,
        size,
        `Move ${cleaner} on Bathroom`,
        `Move ${bather} on Kitchen`,
        `Over ${bather}, on Kitchen: to swap.`,
      )
      await page
        .getByRole('dialog', { name: `Swap ${cleaner} and ${bather}?` })
        .getByRole('button', { name: 'Swap', exact: true })
        .click()
      await on(page, 'Bathroom').getByText(bather).waitFor()
      assert.deepEqual(await details(roundId), planned)
      await closeNotices(page)

      // Undone, and undone what was undone by going back to the plan itself.
      await page.getByRole('button', { name: 'Undo', exact: true }).click()
      await on(page, 'Bathroom').getByText(cleaner).waitFor()
      await closeNotices(page)

      if (size === 'desktop') await refuseAndPin(page, roundId, { bather, cleaner })

      // Published: first it is said who is told.
      await page.getByRole('button', { name: 'Publish', exact: true }).click()
      const publishing = page.getByRole('dialog', { name: 'Publish this plan?' })
      await publishing.getByText('5 house-mates are on this plan.').waitFor()
      await publishing.getByText('Tell them yourself: they have no account here').waitFor()
      await look(page, 'round, publish')
      await publishing.getByRole('button', { name: 'Publish', exact: true }).click()
      await page.getByText('Published', { exact: true }).waitFor()
      await closeNotices(page)

      if (size === 'desktop') await replanAndClose(page, roundId, [...people.keys()], cleaner)

      // The board: a week, a month.
      await page.getByRole('main').getByRole('link', { name: 'Board' }).click()
      await page.getByRole('link', { name: /^Week of .*Published/ }).waitFor()
      await look(page, 'board, week')
      await page.getByText('Month', { exact: true }).click()
      await page.getByRole('link', { name: /^Week of .*Published/ }).waitFor()
      await look(page, 'board, month')
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('VS-11 what no plan can meet is said in words, mended with one click, and seen by who only reads; nobody else’s planner sees it', async () => {
    const { domainId, chores } = await makeHouse('short')
    await call(alice, 'PATCH', `/assignment-targets/${chores.get('Dinner')}`, { requiredCount: 3, maximumCount: 3 })
    const { id } = await call<Made>(alice, 'POST', '/assignments', {
      ...{ domainId, assignmentDate: '2027-03-08', endsOn: '2027-03-14' },
    })
    const { context, page, complaints } = await open('desktop')
    await enter(page, alice, `/assignments/${id}?domain=short`)
    await page.getByText('Nobody is assigned yet').waitFor()
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await page.getByText('No plan can meet all that is asked').waitFor()
    await page
      .getByRole('list', { name: 'What cannot be had together' })
      .getByText('Dinner needs 3 house-mates.')
      .waitFor()
    await look(page, 'round, impossible')
    await page.getByRole('button', { name: /^Do this and plan again \(One place fewer on Dinner\)/ }).click()
    await page.getByText(/^All 6 places are filled\./).waitFor()
    await page.getByText('No plan can meet all that is asked').waitFor({ state: 'hidden' })

    // A search that takes its time: it waits for a worker, and can be stopped before it has begun.
    worker.isAwake = false
    const seeRun = async () => {
      const run = await call<Made>(alice, 'POST', `/assignments/${id}/runs`, { seconds: 5, accept: false })
      await page.goto(`/assignments/${id}/runs/${run.id}?domain=short`)
      await page.getByText('Waits for its turn').waitFor()
    }
    await seeRun()
    await look(page, 'solver, waiting')
    await page.getByRole('button', { name: 'Stop and keep the best' }).click()
    await page.getByText('There is no plan', { exact: true }).waitFor()
    await seeRun()
    worker.isAwake = true
    await page.getByText('A plan for you to look at').waitFor()
    await page.getByText('Nobody moves: both are the same.').waitFor()
    await page.getByRole('button', { name: 'Show as a table (How the search goes)' }).click()
    await page.getByRole('columnheader', { name: 'Bound' }).waitFor()
    assert.deepEqual(complaints, [])
    await context.close()

    // Who only reads sees all of it, and nothing to change it by.
    const reader = await open('phone')
    await enter(reader.page, viewer, `/assignments/${id}?domain=short`)
    await on(reader.page, 'Dinner').getByText('Anna').waitFor()
    assert.equal(await reader.page.getByRole('button', { name: /^Move |^Publish|^Undo|^Add/ }).count(), 0)
    await reader.page.getByRole('button', { name: 'More to do with Anna on Dinner' }).click()
    assert.deepEqual(await reader.page.getByRole('menuitem').allInnerTexts(), ['Why not elsewhere …?', 'Open Anna'])
    await reader.page.keyboard.press('Escape')
    await look(reader.page, 'round, for a reader')

    // Of a board with more than one can read the first are shown; others are found.
    await reader.page.route(/\/board\?/, async route => {
      const board = await (await route.fetch()).json()
      const place = (_: unknown, at: number) => ({ ...board.targets[0], id: randomUUID(), name: `Place ${at + 1}` })
      await route.fulfill({ json: { ...board, targets: Array.from({ length: 60 }, place) } })
    })
    await reader.page.goto('/assignments?domain=short&day=2027-03-08')
    const places = reader.page.getByRole('link', { name: /^Place \d/ })
    await places.first().waitFor()
    assert.equal(await places.count(), 40)
    await reader.page.getByRole('button', { name: 'Show 20 more' }).click()
    await places.nth(59).waitFor()
    await reader.page.getByRole('textbox', { name: 'Find a chore or somebody' }).fill('place 57')
    await places.nth(1).waitFor({ state: 'detached' })
    assert.match(await places.innerText(), /^Place 57/)
    assert.deepEqual(reader.complaints, [])
    await reader.context.close()

    // Another workspace: there is nothing at this address.
    const stranger = await open('desktop')
    await enter(stranger.page, bob, `/assignments/${id}`)
    await stranger.page.getByText('There is nothing at this address').waitFor()
    assert.equal(await stranger.page.getByText('Dinner').count(), 0)
    await stranger.context.close()
  })
})
