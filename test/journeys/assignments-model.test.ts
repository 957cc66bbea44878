import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { baseUrl } = world

const csv = `reference,name,skills,availability
r1,Carla,cooking; first aid,
r2,Dan,,"{""someday"": {}}"
r3,Eve,cooking,"{""monday"": {""9:00"": ""available""}}"
`

/** The browser tells of each refusal: of what is disputed, and of what is not filled in. */
const isUnexpected = (complaint: string) => !/status of (412|400)/.test(complaint)

async function save(page: Page) {
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Not saved yet').waitFor({ state: 'detached' })
}

/** From the frame's menu, which a phone opens first. */
async function goTo(page: Page, size: Size, section: string) {
  if (size === 'phone') await page.getByRole('button', { name: 'Menu', exact: true }).click()
  await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: section, exact: true }).click()
  await page.getByRole('heading', { level: 1, name: section, exact: true }).waitFor()
}

async function choose(page: Page, name: string, option: string) {
  await page.getByRole('combobox', { name }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

/** Two change the same person: what only one has changed stays, the rest is asked. */
async function disputeAnna(page: Page, owner: Person, path: string) {
  const theirs = await owner.fetch(path, { method: 'PATCH', body: { phone: '+49 30 1', maxAssignments: 3 } })
  assert.equal(theirs.status, 200)
  await page.getByLabel('E-mail').fill('anna@house.example')
  await page.getByRole('textbox', { name: 'Chores per rota, at most' }).fill('1')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Somebody else has changed the same meanwhile').waitFor()
  await look(page, 'house-mate, disputed')
  await page.getByRole('radio', { name: 'Theirs: 3' }).check()
  await page.getByRole('button', { name: 'Go on with these' }).click()
  await save(page)
  const after = await (await owner.fetch(path)).json()
  assert.deepEqual([after.email, after.phone, after.maxAssignments], ['anna@house.example', '+49 30 1', 3])
  assert.deepEqual(after.skillLevels, { 'first aid': 3 })
}

async function sayDaysAndWishes(page: Page) {
  await page.getByRole('button', { name: 'Days away or there' }).click()
  const days = page.getByRole('dialog', { name: 'Days that are otherwise' })
  await days.getByLabel('First day').fill('2030-05-04')
  await days.getByLabel('Last day').fill('2030-05-01')
  await days.getByRole('button', { name: 'Enter' }).click()
  await days.getByText('It ends before it begins.').waitFor()
  await days.getByLabel('Last day').fill('2030-05-10')
  await days.getByRole('button', { name: 'Enter' }).click()
  await page.getByText('4 May 2030 to 10 May 2030').waitFor()

  await page.getByRole('tab', { name: 'Wishes' }).click()
  const told = page.waitForResponse(answer => answer.request().method() === 'PUT')
  await page.getByLabel('Wish about Kitchen').selectOption('never')
  assert.equal((await told).status(), 204)
  await choose(page, 'Which house-mate', 'Boris')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Never with Boris').waitFor()
  await look(page, 'house-mate, wishes')
}

async function takeFileAndFind(page: Page) {
  await page.getByRole('button', { name: 'File' }).click()
  await page.getByRole('menuitem', { name: 'Import CSV' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import house-mates' })
  await dialog
    .locator('input[type=file]')
    .setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
  await dialog.getByText('1 cannot be taken').waitFor()
  await look(page, 'house-mates, import')
  const [rejects] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'This row with its reason' }).click(),
  ])
  assert.equal(rejects.suggestedFilename(), 'people-rejects.csv')
  await dialog.getByRole('button', { name: 'Take 2' }).click()
  await dialog.getByText('The house-mates are in.').waitFor()
  await dialog.getByRole('button', { name: 'Done' }).click()
  const list = page.getByRole('list', { name: 'House-mates' })
  await list.getByText('Carla').waitFor()
  await look(page, 'house-mates')
  await choose(page, 'Fits the chore', 'Kitchen')
  await page.getByText('No such house-mate').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()
  await page.getByLabel('There on').selectOption('monday')
  await page.getByLabel('At', { exact: true }).fill('18:00')
  await list.getByRole('link', { name: 'Anna' }).waitFor({ state: 'detached' })
  await list.getByText('Eve').waitFor()
}

describe('the model of assignments', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`VS-04 VS-06 VS-07 on a ${size} a hostel begins from an example and enters its people in its own words`, async () => {
      const owner = await newPerson(world, { fullName: 'Olga Owner', tenantName: `Hostel ${size}` })
      const { context, page, complaints } = await open(size)
      await enter(page, owner, '/assignments/people')
      await page.getByRole('heading', { level: 1, name: 'Who does what?' }).waitFor()
      await look(page, 'assignments, at first')
      await page.getByRole('radio', { name: 'Chores of a house' }).click()
      await page.getByLabel('Name').fill(' ')
      await page.getByRole('button', { name: 'Make it' }).click()
      await page.getByText('Give it a name.').waitFor()
      await page.getByLabel('Name').fill('Our house')
      await page.getByRole('button', { name: 'Make it' }).click()
      await page.getByRole('heading', { level: 1, name: 'House-mates' }).waitFor()
      await page.getByText('No house-mates yet').waitFor()

      await page.getByRole('button', { name: 'New house-mate' }).first().click()
      const form = page.getByRole('dialog', { name: 'New house-mate' })
      await form.getByLabel('Name').fill('Boris')
      await form.getByRole('button', { name: 'Enter and next' }).click()
      await page.getByText('Boris is entered.').waitFor()
      await form.getByLabel('Name').fill('Anna')
      await form.getByRole('combobox', { name: 'Add to skills' }).fill('First  Aid')
      await form.getByRole('button', { name: 'Add', exact: true }).click()
      await form.getByLabel('Level of first aid').selectOption('3')
      await look(page, 'new house-mate')
      await form.getByRole('button', { name: 'Enter', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: 'Anna' }).waitFor()
      const path = `/participants/${new URL(page.url()).pathname.split('/').at(-1)}`
      await closeNotices(page)

      if (size === 'desktop') await disputeAnna(page, owner, path)

      await page.getByRole('tab', { name: 'Availability' }).click()
      await page.getByRole('radio', { name: 'Only at certain hours' }).check()
      await page.getByRole('button', { name: 'Available then' }).click()
      const cell = (name: string) => page.getByRole('button', { name, exact: true })
      if (size === 'desktop') {
        await cell('Saturday 10:00 to 11:00').hover()
        await page.mouse.down()
        await cell('Sunday 12:00 to 13:00').hover()
        await page.mouse.up()
      } else {
        // With the keyboard, which takes along what the hour is.
        await cell('Saturday 10:00 to 11:00').focus()
        await page.keyboard.press('Space')
        for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowDown', 'ArrowRight'])
          await page.keyboard.press(`Shift+${key}`)
      }
      const hours = page.getByRole('status', { name: 'Hours' })
      await hours.getByText('Mon–Fri 9:00–17:00, Sat–Sun 10:00–13:00').waitFor()
      await look(page, 'house-mate, week')
      await page.getByRole('tab', { name: 'Wishes' }).click()
      await page.getByRole('button', { name: 'Stay here' }).click()
      await save(page)
      const { availability } = await (await owner.fetch(path)).json()
      assert.deepEqual(availability.sunday, { '10:00': 'available', '13:00': 'unavailable' })

      if (size === 'desktop') await sayDaysAndWishes(page)

      await goTo(page, size, 'Chores')
      await page.getByRole('list', { name: 'Chores' }).getByText('Bathrooms').waitFor()
      await page.getByRole('link', { name: 'Kitchen' }).click()
      await page.getByRole('combobox', { name: 'Add to skills that everybody on it has' }).fill('cooking')
      await page.keyboard.press('Enter')
      await page.getByLabel('Least level, of all, of cooking').selectOption('2')
      await page.getByRole('button', { name: 'A skill that some have' }).click()
      await page.getByRole('combobox', { name: 'Skill 1 that some have' }).fill('first aid')
      await page.keyboard.press('Escape')
      await page.getByRole('radio', { name: 'On a weekday' }).check()
      await page.getByRole('combobox', { name: 'Weekday' }).selectOption('saturday')
      await page.getByLabel('Begins').fill('18:00')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('Say both when it begins and when it ends').waitFor()
      await page.getByLabel('Ends').fill('20:30')
      await save(page)
      await look(page, 'chore')
      const target = await owner.fetch(`/assignment-targets/${new URL(page.url()).pathname.split('/').at(-1)}`)
      const kitchen = await target.json()
      assert.deepEqual([kitchen.requiredSkills, kitchen.skillLevels], [['cooking'], { cooking: 2 }])
      assert.deepEqual(kitchen.skillMix, [{ skill: 'first aid', minimum: 1 }])
      assert.deepEqual([kitchen.weekday, kitchen.startsAt, kitchen.endsAt], ['saturday', '18:00', '20:30'])

      await goTo(page, size, 'House-mates')
      if (size === 'desktop') await takeFileAndFind(page)
      else await look(page, 'house-mates')
      assert.deepEqual(complaints.filter(isUnexpected), [])
      await context.close()
    })
  }

  it('VS-04 VS-05 words and fields are changed, and what no longer fits is told; viewers look on', async () => {
    const size = 'desktop'
    const owner = await newPerson(world, { fullName: 'Olga Owner', tenantName: 'Clinic' })
    const viewer = await newPerson(world, { fullName: 'Vera Viewer' })
    await joinAs(world, viewer.userId, owner.tenantId, 'viewer')
    await signIn(baseUrl, viewer, owner.tenantId)
    const { context: outside, page: aside, complaints: others } = await open(size)
    await enter(aside, viewer, '/assignments/domains')
    await aside.getByText('An owner or administrator of this workspace makes the first domain').waitFor()

    const { context, page, complaints } = await open(size)
    await enter(page, owner, '/assignments/domains')
    await page.getByRole('radio', { name: 'Shifts of a clinic' }).click()
    await page.getByLabel('Name').fill('Ward 3')
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('heading', { level: 1, name: 'Colleagues' }).waitFor()
    await goTo(page, size, 'Domains')
    await page.getByRole('link', { name: 'Ward 3' }).click()
    await page.getByLabel('Who is assigned, one').fill('nurse')
    await page.getByLabel('Who is assigned, several').fill('nurses')
    await page.getByRole('radio', { name: 'In turns' }).check()
    await page.getByLabel('Rotation weight').fill('0.6')
    await page.getByRole('button', { name: 'A rule', exact: true }).click()
    await page.getByLabel('Name of rule 1').fill('No double weekend')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('A rule’s name has small letters').waitFor()
    await page.getByLabel('Name of rule 1').fill('no_double_weekend')
    await page.getByRole('button', { name: 'A value' }).click()
    await page.getByLabel('Name 1 of What rule 1 needs to know').fill('weekends')
    await page.getByLabel('Kind of weekends').selectOption('number')
    await page.getByLabel('Value of weekends').fill('2')
    await look(page, 'domain')
    await save(page)
    const { items } = await (await owner.fetch('/assignment-domains')).json()
    assert.equal(items[0].configuration.strategy, 'balanced_rotation')
    assert.deepEqual(items[0].configuration.strategy_parameters, { rotation_weight: 0.6 })
    assert.deepEqual(items[0].configuration.constraints, { max_hours_per_week: 40, min_rest_hours: 11 })
    assert.deepEqual(items[0].businessRules, [
      { name: 'no_double_weekend', parameters: { weekends: 2 }, isActive: true },
    ])
    await closeNotices(page)
    await goTo(page, size, 'Nurses')

    await goTo(page, size, 'Kinds of things')
    await page.getByRole('button', { name: 'New kind' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('Room')
    await page.getByRole('dialog').getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('heading', { level: 1, name: 'Room' }).waitFor()
    await page.getByRole('button', { name: 'New entry' }).click()
    const entry = page.getByRole('dialog')
    await entry.getByRole('button', { name: 'Save' }).click()
    await entry.getByText('is required').waitFor()
    await entry.getByLabel('Name').fill('North 1')
    await entry.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'North 1' }).waitFor()
    await page.getByRole('tab', { name: 'Fields' }).click()
    await page.getByRole('button', { name: 'A field', exact: true }).click()
    await page.getByLabel('Name of field 2').fill('Beds')
    await page.getByLabel('Kind of Beds').selectOption('integer')
    await page.getByRole('textbox', { name: 'At least (Beds)' }).fill('1')
    await page.getByRole('switch', { name: 'Beds must be said' }).check()
    await look(page, 'fields of rooms')
    await save(page)
    await page.getByText('1 no longer fits the fields').waitFor()
    await page.getByRole('tab', { name: 'Entries' }).click()
    await page.getByText('Beds is required').waitFor()
    await closeNotices(page)
    await look(page, 'rooms, one no longer fits')
    await page.getByRole('button', { name: 'North 1' }).click()
    await entry.getByText('It no longer fits its fields').waitFor()
    await entry.getByRole('textbox', { name: 'Beds' }).fill('2')
    await entry.getByRole('button', { name: 'Save' }).click()
    await page.getByText('No longer fit (0)').waitFor()

    await aside.goto('/assignments/domains')
    await aside.getByRole('link', { name: 'Ward 3' }).click()
    await aside.getByText('Owners and administrators change it.').waitFor()
    assert.equal(await aside.getByLabel('Who is assigned, one').isDisabled(), true)
    assert.equal(await aside.getByRole('button', { name: /Delete|Save/ }).count(), 0)
    await owner.fetch('/assignment-domains', { method: 'POST', body: { name: 'reviews', displayName: 'Reviews' } })
    await goTo(aside, size, 'Shifts')
    await aside.reload()
    await aside.getByLabel('Domain').selectOption('Reviews')
    await aside.getByRole('heading', { level: 1, name: 'Targets' }).waitFor()
    await aside.goBack()
    await aside.getByRole('link', { name: 'Monday night' }).click()
    assert.equal(await aside.getByLabel('Name', { exact: true }).isDisabled(), true)
    await look(aside, 'shift, for a viewer')
    assert.deepEqual([...complaints, ...others].filter(isUnexpected), [])
    await context.close()
    await outside.close()
  })
})
