import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, reasonToSkip } from './browser.ts'
import { seedCatalogue } from './catalogue.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const world = await testWorld({ consoleDirectory })
const { alice, viewer, baseUrl } = world
await seedCatalogue(world.owner)

const verizon = 'VERIZON FEDERAL INC.'
const rowsOf = (page: Page, list: string) => page.getByRole('list', { name: `Contractors in ${list}` })
const namesIn = async (page: Page, list: string) =>
  await rowsOf(page, list).getByRole('listitem').getByRole('link').allInnerTexts()
const saved = (page: Page) => page.getByText('Saved', { exact: true }).last().waitFor()
/** Until a row is held by the keyboard: what hears the arrows is put there by a timer, after the telling. */
const held = async (page: Page, told: string) => {
  await page.getByText(told).waitFor({ state: 'attached' })
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve)))
}
const choose = async (page: Page, list: string, action: string) => {
  await page.getByRole('button', { name: `More to do with ${list}` }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

describe('lists of contractors', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-09 GG-10 on a ${size} a list is filled in every way, put in order, changed as a whole, and put away`, async () => {
      const list = `Pursuits ${size}`
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/lists?create=new')
      await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill(list)
      await page.getByRole('radio', { name: 'Berry' }).check()
      await page.getByRole('radio', { name: 'flag' }).check()
      await page.getByRole('button', { name: 'Create the list' }).click()
      await page.getByRole('heading', { level: 1, name: list }).waitFor()
      await page.getByText('Nothing is in this list yet').waitFor()
      await look(page, 'list, empty')

      // By typing.
      await page.getByRole('textbox', { name: `Add a contractor to ${list}` }).fill('verizon fed')
      await page.getByRole('option', { name: /VERIZON FEDERAL/ }).click()
      await rowsOf(page, list).getByRole('link', { name: verizon }).waitFor()

      // By pasting.
      await page.getByRole('button', { name: 'Add many' }).click()
      const adding = page.getByRole('dialog', { name: `Add to “${list}”` })
      await adding
        .getByLabel('UEIs and CAGE codes')
        .fill('ZZZZZZZZZ100, zzzzzzzzz101\nZZZZZZZZZ102 1TTG5 MYKLJHTX3MM7 C12NSYAH27N4 ABCDEFGH1234 nonsense')
      await adding.getByRole('button', { name: 'Check first' }).click()
      await adding.getByText('5 would be added').waitFor()
      await adding.getByText(/No identifiers \(1\): NONSENSE/).waitFor()
      await look(page, 'list, pasted')
      await adding.getByRole('combobox', { name: 'Tags for all of them' }).fill('pasted')
      await page.keyboard.press('Enter')
      await adding.getByRole('button', { name: 'Add', exact: true }).click()
      await adding.getByText('5 added').waitFor()
      await adding.getByRole('button', { name: 'Done' }).click()
      await page.getByText('6 contractors').waitFor()

      // A field of its own.
      await choose(page, list, 'Fields and columns')
      const settings = page.getByRole('dialog', { name: 'Fields and columns' })
      await settings.getByRole('button', { name: 'Add a field' }).click()
      await settings.getByLabel('Name of field 1').fill('Stage')
      await settings.getByLabel('Kind of field 1').selectOption('choice')
      const options = settings.getByRole('combobox', { name: 'What there is to choose for Stage' })
      for (const option of ['Lead', 'Won']) {
        await options.fill(option)
        await page.keyboard.press('Enter')
      }
      await settings.getByRole('checkbox', { name: 'Views' }).check()
      await look(page, 'list, fields')
      await settings.getByRole('button', { name: 'Save' }).click()
      await page.getByLabel(`Stage of ${verizon}`).selectOption('Won')
      await saved(page)
      await page.getByLabel(`Priority of ${verizon}`).selectOption('critical')
      await page.getByLabel(`Notes on ${verizon}`).fill('Incumbent, contract ends in 2027')
      await page.getByLabel(`Notes on ${verizon}`).blur()
      await saved(page)
      await page.reload()
      assert.equal(await page.getByLabel(`Stage of ${verizon}`).inputValue(), 'Won')

      // In order by hand, by the keyboard alone; said to who does not see it.
      await page.getByLabel('Order').selectOption('manual asc')
      const handle = page.getByRole('button', { name: `Move ${verizon}`, exact: true })
      await handle.waitFor()
      const before = await namesIn(page, list)
      assert.equal(before.at(-1), verizon, 'what came first is at the end')
      await handle.focus()
      await page.keyboard.press('Space')
      await held(page, `Picked up ${verizon}, place 6 of 6.`)
      await page.keyboard.press('ArrowUp')
      await page.getByText(`${verizon} is over place 5 of 6.`).waitFor({ state: 'attached' })
      await page.keyboard.press('ArrowUp')
      await page.getByText(`${verizon} is over place 4 of 6.`).waitFor({ state: 'attached' })
      const moved = page.waitForResponse(response => response.url().endsWith('/position'))
      await page.keyboard.press('Space')
      assert.equal((await moved).status(), 204)
      const expected = [...before.slice(0, 3), verizon, ...before.slice(3, 5)]
      assert.deepEqual(await namesIn(page, list), expected)
      if (size === 'desktop') {
        await page.evaluate(() => window.scrollTo(0, 0))
        const grips = [0, 1].map(i => page.getByRole('button', { name: `Move ${expected[i]}`, exact: true }))
        const [top, low] = await Promise.all(grips.map(grip => grip.boundingBox()))
        assert.ok(top && low)
        await page.mouse.move(top.x + 8, top.y + 8)
        await page.mouse.down()
        await page.mouse.move(top.x + 8, top.y + 30, { steps: 4 })
        await page.getByText(`Picked up ${expected[0]}, place 1 of 6.`).waitFor({ state: 'attached' })
        const dropped = page.waitForResponse(response => response.url().endsWith('/position'))
        await page.mouse.move(low.x + 8, low.y + 20, { steps: 8 })
        await page.getByText(`${expected[0]} is over place 2 of 6.`).waitFor({ state: 'attached' })
        await page.mouse.up()
        assert.equal((await dropped).status(), 204)
        expected.splice(0, 2, expected[1] as string, expected[0] as string)
      }
      await page.reload()
      await handle.waitFor()
      assert.deepEqual(await namesIn(page, list), expected, 'the order stays')
      await look(page, 'list, by hand')

      // Several alike, taken out and put back.
      await page.getByRole('checkbox', { name: `Select ${expected[0]}` }).check()
      await page.getByRole('checkbox', { name: `Select ${expected[1]}` }).check()
      const bar = page.getByRole('region', { name: 'Selection' })
      await bar.getByText('2 contractors').waitFor()
      await look(page, 'list, ticked')
      await bar.getByRole('button', { name: 'Change' }).click()
      const changing = page.getByRole('dialog', { name: 'Change the selected' })
      await changing.getByRole('combobox', { name: 'Add tags' }).fill('shortlist')
      await page.keyboard.press('Enter')
      await changing.getByLabel('Rating').selectOption('4')
      await look(page, 'list, changed as a whole')
      await changing.getByRole('button', { name: 'Change' }).click()
      await page.getByText('2 changed.').waitFor()
      await closeNotices(page)
      await page.getByLabel('Only rated').selectOption('4')
      await page.getByRole('checkbox', { name: `Select ${verizon}` }).waitFor({ state: 'detached' })
      assert.equal((await namesIn(page, list)).length, 2)
      for (const each of await page.getByRole('checkbox', { name: /^Select / }).all()) await each.check()
      await bar.getByRole('button', { name: 'Take out' }).click()
      await page.getByText('Nothing in this list is like that').waitFor()
      await page.getByRole('button', { name: 'Undo' }).click()
      await rowsOf(page, list).getByRole('listitem').nth(1).waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).first().click()
      await handle.waitFor()
      assert.deepEqual(await namesIn(page, list), expected, 'they are back in their places')

      // A sheet, tried before it is taken.
      await page.getByRole('button', { name: 'Add many' }).click()
      await adding.getByRole('tab', { name: 'CSV file' }).click()
      await adding.locator('input[type=file]').setInputFiles({
        name: 'targets.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(
          'UEI,Company,Remarks,Rating\nJCBMLGPE6Z71,Booz,"Prime, large",5\nC12NSYAH27N4,Verizon,,\nshort,,,7\n',
        ),
      })
      await adding.getByText('1 not valid').waitFor()
      await adding.getByText('the rating 7 is not from 1 to 5', { exact: false }).waitFor()
      await look(page, 'list, sheet')
      await adding.getByRole('button', { name: 'Take the valid row' }).click()
      await adding.getByText('This is what was done.').waitFor()
      await adding.getByRole('button', { name: 'Done' }).click()
      await page.getByLabel('Notes on BOOZ ALLEN HAMILTON INC.').waitFor()
      assert.equal(await page.getByLabel('Notes on BOOZ ALLEN HAMILTON INC.').inputValue(), 'Prime, large')
      if (size === 'phone') await page.getByRole('button', { name: 'By state, industry and priority' }).click()
      await page.getByRole('button', { name: 'Show as tables' }).click()
      await page.getByRole('cell', { name: 'NAICS 541330' }).waitFor()
      await look(page, 'list, summary as tables')

      // Opening a contractor counts.
      await page.getByRole('link', { name: verizon }).click()
      await page.getByRole('heading', { level: 1, name: verizon }).waitFor()
      await page.goBack()
      await page.getByText('viewed 1 time').waitFor()

      // Copied, merged, archived.
      await choose(page, list, 'Copy')
      await page.getByRole('dialog').getByLabel('Name of the copy').fill(`${list}, copy`)
      await page.getByRole('button', { name: 'Copy the list' }).click()
      await page.getByRole('heading', { level: 1, name: `${list}, copy` }).waitFor()
      await page.getByLabel(`Notes on ${verizon}`).fill('They want to team')
      await page.getByLabel(`Notes on ${verizon}`).blur()
      await saved(page)
      await choose(page, `${list}, copy`, 'Merge another list into it')
      const merging = page.getByRole('dialog', { name: `Merge into “${list}, copy”` })
      const source = merging.getByLabel('List to merge')
      const value = await source.locator('option', { hasText: `${list} (` }).getAttribute('value')
      await source.selectOption(value ?? '')
      await merging.getByLabel('It is archived').check()
      await look(page, 'list, merge')
      await merging.getByRole('button', { name: 'Merge', exact: true }).click()
      await page.getByText('0 added, 1 combined, 6 as they were.').waitFor()
      assert.match(
        await page.getByLabel(`Notes on ${verizon}`).inputValue(),
        /^They want to team\n\nFrom “Pursuits \w+”:\nIncumbent/,
      )
      await page.goto('/lists?show=archived')
      await page.getByRole('link', { name: list, exact: true }).click()
      await page.getByText('This list is archived').waitFor()
      assert.equal(await page.getByRole('button', { name: 'Add many' }).count(), 0)
      await look(page, 'list, archived')
      await page.getByRole('main').getByRole('button', { name: 'Take out of the archive' }).click()
      await page.getByRole('button', { name: 'Add many' }).waitFor()

      // The lists themselves.
      await page.goto('/lists')
      const mine = page.getByRole('region', { name: 'Mine' })
      const grip = mine.getByRole('button', { name: `Move ${list}`, exact: true })
      await grip.waitFor()
      const order = () => mine.getByRole('link').allInnerTexts()
      const was = await order()
      await grip.focus()
      await page.keyboard.press('Space')
      await held(page, `Picked up ${list}, place`)
      await page.keyboard.press('ArrowDown')
      await page.getByText(`${list} is over place`, { exact: false }).waitFor({ state: 'attached' })
      const settled = page.waitForResponse(response => response.url().endsWith('/position'))
      await page.keyboard.press('Space')
      assert.equal((await settled).status(), 200)
      await page.reload()
      await grip.waitFor()
      const now = await order()
      assert.equal(now.indexOf(list), was.indexOf(list) + 1)
      await look(page, 'lists')
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-10 of a paste that is too long nothing is cut off unsaid', async () => {
    const made = await (await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Pasted' } })).json()
    const { context, page } = await open('desktop')
    await enter(page, alice, `/lists/${made.id}`)
    await page.getByRole('button', { name: 'Add many' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add to “Pasted”' })
    await dialog.getByLabel('UEIs and CAGE codes').fill('ZZZZZZZZZ100 '.repeat(15_400))
    await dialog.getByText('At most 200,000 characters at once. Add the rest afterwards.').waitFor()
    assert.ok(await dialog.getByRole('button', { name: 'Add', exact: true }).isDisabled())
    await context.close()
  })

  it('GG-09 what somebody else has changed of a list meanwhile stays, or is shown where one has changed the same', async () => {
    const made = await (await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Disputed' } })).json()
    const path = `/contractor-lists/${made.id}`
    const elsewhere = async (body: object) =>
      assert.equal((await alice.fetch(path, { method: 'PATCH', body })).status, 200)
    const now = async () => await (await alice.fetch(path)).json()
    const { context, page } = await open('desktop')
    await enter(page, alice, `/lists/${made.id}`)
    const form = page.getByRole('dialog', { name: 'Edit the list' })
    const edit = () => page.getByRole('button', { name: 'Edit', exact: true }).click()

    await edit()
    await form.getByRole('radio', { name: 'Berry' }).check()
    await elsewhere({ description: 'Told by a colleague' })
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    const both = await now()
    assert.deepEqual(
      [both.description, both.color],
      ['Told by a colleague', '#b3365b'],
      'each has changed something else',
    )

    await edit()
    await form.getByLabel('Name').fill('Mine')
    await form.getByLabel('Description').fill('Told by a colleague\nAnd by me')
    await elsewhere({ name: 'Theirs', description: 'Told by a colleague\nAnd seen' })
    await form.getByRole('button', { name: 'Save' }).click()
    const names = form.getByRole('radiogroup', { name: 'Name' })
    await names.getByRole('radio', { name: 'There now Theirs' }).waitFor()
    assert.ok(await names.getByRole('radio', { name: 'Yours Mine' }).isChecked())
    await form.getByRole('radio', { name: 'Both Told by a colleague And seen And by me' }).waitFor()
    await look(page, 'list, disputed')
    assert.equal((await now()).name, 'Theirs', 'nothing is written before one has chosen')
    await form.getByRole('radio', { name: 'There now Told by a colleague And seen' }).check()
    await form.getByRole('button', { name: 'Save what is chosen' }).click()
    await page.getByRole('heading', { level: 1, name: 'Mine' }).waitFor()
    const chosen = await now()
    assert.deepEqual([chosen.name, chosen.description], ['Mine', 'Told by a colleague\nAnd seen'])

    await choose(page, 'Mine', 'Fields and columns')
    const settings = page.getByRole('dialog', { name: 'Fields and columns' })
    await settings.getByRole('button', { name: 'Add a field' }).click()
    await settings.getByLabel('Name of field 1').fill('Stage')
    const field = { id: 'theirs', name: 'Deadline', kind: 'date' }
    await elsewhere({ settings: { fields: [field], columns: null, sort: { by: 'name', direction: 'asc' } } })
    await settings.getByRole('button', { name: 'Save' }).click()
    const fields = settings.getByRole('radiogroup', { name: 'Own fields' })
    await fields.getByRole('radio', { name: 'There now Deadline (Date)' }).waitFor()
    await look(page, 'list, fields disputed')
    await settings.getByRole('button', { name: 'Leave all as it is there' }).click()
    await settings.waitFor({ state: 'detached' })
    assert.deepEqual((await now()).settings.fields, [field])
    await context.close()
  })

  it('GG-10 a list of 2,000 is scrolled, changed and put in order by the keyboard, with few of its rows in the page', async () => {
    const made = await (await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Everybody' } })).json()
    await world.owner.query(
      `insert into contractors.contractor_profiles (uei, name, state, total_contract_value)
      select 'LRGLST' || lpad(n::text, 6, '0'), 'LARGE LIST ' || lpad(n::text, 4, '0'), 'VA', n
      from generate_series(1, 2000) as n`,
    )
    const added = await alice.fetch(`/contractor-lists/${made.id}/additions`, {
      method: 'POST',
      body: { text: Array.from({ length: 2000 }, (_, n) => `LRGLST${String(n + 1).padStart(6, '0')}`).join(' ') },
    })
    assert.equal(added.status, 200)
    const { context, page, complaints } = await open('desktop')
    await enter(page, alice, `/lists/${made.id}`)
    await page.getByLabel('Order').selectOption('manual asc')
    await page
      .getByRole('button', { name: /^Move / })
      .first()
      .waitFor()
    const rows = rowsOf(page, 'Everybody')
    await rows.getByRole('listitem').first().waitFor()
    const [first = '', second = ''] = await namesIn(page, 'Everybody')
    await page.getByLabel(`Notes on ${first}`).fill('The first of many')
    await saved(page)

    // Down to the end, however many pages that takes.
    const last = page.locator('[aria-posinset="2000"]')
    while ((await last.count()) === 0) {
      await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight))
      await page.waitForTimeout(20)
    }
    await last.getByRole('link').waitFor()
    assert.equal(await last.getAttribute('aria-setsize'), '2000')
    assert.ok((await rows.getByRole('listitem').count()) < 60, 'only rows near the window are in the page')

    // What is not saved yet stays, wherever one goes.
    const name = await last.getByRole('link').innerText()
    await page.route('**/items/*', async route => {
      if (route.request().method() === 'PATCH') await route.abort()
      else await route.continue()
    })
    await page.getByLabel(`Notes on ${name}`).fill('Not sent yet')
    await last.getByText('Not saved').waitFor()
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
      window.scrollTo(0, 0)
    })
    await page.getByRole('link', { name: first }).waitFor()
    assert.equal(await page.getByLabel(`Notes on ${name}`).inputValue(), 'Not sent yet')
    await page.unroute('**/items/*')

    // The second goes down by twenty places, past what was in the page.
    await page.getByRole('button', { name: `Move ${second}`, exact: true }).focus()
    await page.keyboard.press('Space')
    await held(page, `Picked up ${second}, place 2 of 2,000.`)
    for (let place = 3; place <= 22; place++) {
      await page.keyboard.press('ArrowDown')
      await page.getByText(`${second} is over place ${place} of 2,000.`).waitFor({ state: 'attached' })
    }
    const moved = page.waitForResponse(response => response.url().endsWith('/position'))
    await page.keyboard.press('Space')
    assert.equal((await moved).status(), 204)
    const { items } = await (
      await alice.fetch(`/contractor-lists/${made.id}/items?sort=manual&direction=asc&limit=25`)
    ).json()
    assert.equal(items[21].contractor.name, second)
    assert.equal(items[0].notes, 'The first of many')
    await page.locator('[aria-posinset="22"]').getByRole('link', { name: second }).waitFor()
    // A picture of the whole page would be a hundred thousand pixels high.
    await checkAccess(page, 'list of 2000')
    await checkWidths(page, 'list of 2000')
    assert.deepEqual(
      complaints.filter(each => !each.includes('ERR_FAILED')),
      [],
    )
    await context.close()
  })

  it('GG-18 who only reads sees a public list and its summary, and is offered nothing to change', async () => {
    const made = await (
      await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Open to all', isPublic: true } })
    ).json()
    await alice.fetch(`/contractor-lists/${made.id}/additions`, {
      method: 'POST',
      body: { text: 'C12NSYAH27N4 ZZZZZZZZZ100', tags: ['seen'], notes: 'For everybody', rating: 3 },
    })
    const { context, page, complaints } = await open('desktop')
    await enter(page, viewer, `/lists/${made.id}`)
    await page.getByText('For everybody').first().waitFor()
    await page.getByRole('button', { name: /^Only VA/ }).waitFor()
    assert.equal(await page.getByRole('button', { name: /^(Add|Remove|Edit|More|Move)/ }).count(), 0)
    assert.equal(await page.getByRole('textbox', { name: /^(Notes|Add)/ }).count(), 0)
    await look(page, 'list of a colleague')
    assert.deepEqual(complaints, [])
    await context.close()
  })
})
