import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { extractText, getDocumentProxy } from 'unpdf'
import { runJobs } from '#test/jobs.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { seedCatalogue } from './catalogue.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, owner, baseUrl, alice, viewer } = world
await seedCatalogue(owner)
await owner.query(`
  update contractors.contractor_profiles
  set registration_status = case when name like 'TIDEWATER%' then 'Expired' else 'Active' end,
    award_agencies = '{9700}', congressional_district = '08', certifications = '{"A6": "2036-01-01"}'
  where name like '%A%'
`)
await owner.query(`insert into contractors.agencies values ('9700', 'DEPT OF DEFENSE') on conflict do nothing`)

describe('the search in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)
  for (const size of Object.keys(sizes) as Size[]) {
    test(`GG-06 searches are sorted, ticked, compared, saved and told of (${size})`, async () => {
      const person = size === 'desktop' ? alice : viewer
      const { context, page, complaints } = await browser.open(size)
      await enter(page, person, '/contractors')
      await page.getByRole('status').getByText('145 contractors').waitFor()
      await look(page, `search ${size}`)

      await page.getByLabel('Sort by').selectOption('name')
      await page.getByRole('link', { name: 'BOOZ ALLEN HAMILTON INC.' }).waitFor()
      assert.match(page.url(), /sort=name/)
      if (size === 'phone') {
        await page.getByRole('button', { name: 'Filters' }).click()
        await look(page, `search filters ${size}`)
      }
      await page.getByLabel('Active', { exact: true }).locator('visible=true').check()
      await page.waitForURL(/status=Active/)
      if (size === 'phone') await page.getByRole('button', { name: 'Close the filters' }).click()
      await page.getByRole('button', { name: 'Remove the filter Active' }).waitFor()
      await page.reload()
      await page.getByRole('button', { name: 'Remove the filter Active' }).waitFor()

      await page.getByLabel('Select BOOZ ALLEN HAMILTON INC.').click()
      await page.getByLabel('Select LEIDOS INNOVATIONS CORPORATION').click()
      await page.getByLabel('Select VERIZON FEDERAL INC.').click()
      await page.getByRole('region', { name: 'Selection' }).getByText('3 contractors').waitFor()
      await look(page, `search selection ${size}`)
      await page.getByRole('button', { name: 'Compare' }).click()
      await page.getByRole('heading', { name: 'Compare contractors' }).waitFor()
      await page.getByRole('rowheader', { name: /CAGE code/ }).waitFor()
      await page.getByRole('img', { name: /Obligated from 2022 to 2025/ }).waitFor()
      await look(page, `compare ${size}`)
      await page.getByRole('button', { name: 'Show as a table' }).click()
      await look(page, `compare as a table ${size}`)
      await page.getByRole('button', { name: 'Take LEIDOS INNOVATIONS CORPORATION out' }).click()
      await page.getByRole('link', { name: 'LEIDOS INNOVATIONS CORPORATION' }).waitFor({ state: 'detached' })
      await page.getByLabel('Add a contractor to compare').fill('politico')
      await page.getByRole('option', { name: /POLITICO/ }).click()
      await page.getByRole('columnheader', { name: /POLITICO/ }).waitFor()
      await page.goBack()
      await page.getByRole('columnheader', { name: /POLITICO/ }).waitFor({ state: 'detached' })

      await page.goto('/contractors?q=tidewater')
      await page.getByRole('status').getByText('140 contractors').waitFor()
      await page.getByRole('button', { name: 'Save search' }).click()
      const dialog = page.getByRole('dialog', { name: 'Save this search' })
      await dialog.getByLabel('Name').fill('Tidewater firms')
      await dialog.getByLabel('At once').check()
      await look(page, `save search ${size}`)
      await dialog.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('Nothing new since you looked').waitFor()
      assert.match(page.url(), /saved=/)
      const uei = size === 'desktop' ? 'ZZZZZZZZZ900' : 'ZZZZZZZZZ901'
      await admin.query(
        `insert into contractors.contractor_profiles (uei, name, state, total_contract_value) values ($1, $2, 'VA', 99999999)`,
        [uei, `TIDEWATER COMES ${size}`],
      )
      await page.goto('/saved-searches')
      await page.getByRole('link', { name: 'Tidewater firms' }).waitFor()
      await look(page, `saved searches ${size}`)
      await page.getByRole('link', { name: 'Tidewater firms' }).click()
      await page.getByText('1 new since you looked').waitFor()
      await page
        .getByRole('listitem')
        .filter({ hasText: 'TIDEWATER COMES' })
        .getByText('New', { exact: true })
        .first()
        .waitFor()
      await look(page, `saved search with news ${size}`)
      await page.goto('/saved-searches')
      await page.getByRole('button', { name: 'Actions for Tidewater firms' }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
      await page.getByText('No search is saved yet').waitFor()
      await look(page, `no saved search ${size}`)

      await plantFamily()
      await page.goto('/contractors?q=orchard&rollUp=true')
      const firms = page.getByRole('list', { name: 'Contractors found' }).getByRole('listitem')
      const firm = firms.filter({ has: page.getByRole('link', { name: 'ORCHARD WORLDWIDE PLC', exact: true }) })
      await firm.getByText('2 members, the largest ORCHARD WEST LLC').waitFor()
      await firm.getByText('$3M', { exact: true }).waitFor()
      assert.equal(await firms.count(), 1, 'one firm is shown once')
      await look(page, `search rolled up ${size}`)
      await firm.getByRole('link', { name: '2 members' }).click()
      const family = page.getByRole('region', { name: 'Table of the family' })
      await family.getByRole('link', { name: 'ORCHARD EAST LLC' }).waitFor()
      await admin.query(`delete from contractors.contractor_profiles where name like 'ORCHARD %'`)

      await page.goto('/contractors?q=leidos&state=TX')
      await page.getByText('No contractor fits').waitFor()
      await look(page, `search without results ${size}`)
      await page.goto('/contractors/compare')
      await page.getByText('Nobody is compared yet').waitFor()
      await look(page, `compare nobody ${size}`)
      assert.deepEqual(complaints, [])
      await context.close()
      await admin.query('delete from contractors.contractor_profiles where uei = $1', [uei])
    })
  }

  test('GG-10 GG-18 ticked contractors go into a new list, all that are found into one that a colleague shares, which tells how far that is; all are exported', async () => {
    const someone = await newPerson(world, { fullName: 'Carol Cole' })
    await joinAs(world, someone.userId, alice.tenantId, 'member')
    const carol = await signIn(baseUrl, someone, alice.tenantId)
    const make = async (name: string, isPublic: boolean) =>
      (await (await carol.fetch('/contractor-lists', { method: 'POST', body: { name, isPublic } })).json()).id
    await make('Only to read', true)
    const shared = await make('Worked on together', false)
    const share = { userId: alice.userId, permission: 'edit' }
    await carol.fetch(`/contractor-lists/${shared}/shares`, { method: 'POST', body: share })

    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, alice, '/contractors?q=tidewater')
    await page.getByRole('status').getByText('140 contractors').waitFor()
    await page.getByRole('button', { name: 'Lists of TIDEWATER WORKS 140, LLC' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Worked on together' }).waitFor()
    assert.equal(await page.getByRole('menuitemcheckbox', { name: 'Only to read' }).count(), 0)
    await page.keyboard.press('Escape')

    await page.getByLabel('Select TIDEWATER WORKS 140, LLC').click()
    await page.getByLabel('Select TIDEWATER WORKS 139, LLC').click()
    const bar = page.getByRole('region', { name: 'Selection' })
    await bar.getByRole('button', { name: 'Add to list' }).click()
    await page.getByRole('menuitem', { name: 'Worked on together' }).waitFor()
    assert.equal(await page.getByRole('menuitem', { name: 'Only to read' }).count(), 0)
    await look(page, 'search, add to a list')
    await page.getByRole('menuitem', { name: 'New list' }).click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Tidewater partners')
    await page.getByRole('button', { name: 'Create the list' }).click()
    await page.getByText('2 added.').waitFor()
    await bar.waitFor({ state: 'detached' })

    await page.getByLabel('Select all that are shown').check()
    await bar.getByRole('button', { name: 'Select all 140' }).click()
    await bar.getByRole('button', { name: 'Add to list' }).click()
    await page.getByRole('menuitem', { name: 'Worked on together' }).click()
    await page.getByText('They are being added; the list shows how far that is.').waitFor()
    await page.getByRole('link', { name: 'Open “Worked on together”' }).click()
    await page.getByText('What your search finds is being added').waitFor()
    await look(page, 'list, a search on its way')
    await runJobs(world)
    await page.getByText('140 added.', { exact: true }).waitFor()
    await page.getByText('140 contractors', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Close the message' }).click()
    await page.getByText('140 added.', { exact: true }).waitFor({ state: 'detached' })

    await alice.fetch(`/contractor-lists/${shared}/search-additions`, { method: 'POST', body: { search: {} } })
    await admin.query(`update contractors.contractor_list_additions
      set status = 'failed', failure = 'The workspace has no room for more.', finished_at = now(), already_in = 140
      where finished_at is null`)
    await page.reload()
    await page
      .getByText('The workspace has no room for more. 0 added, 140 were in it already.', { exact: true })
      .waitFor()
    await look(page, 'list, a search that was not added')

    // More than is written while one waits.
    await page.goto('/contractors?q=tidewater')
    await page.getByRole('status').getByText('140 contractors').waitFor()
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    await page.getByRole('dialog', { name: 'Export contractors' }).getByLabel('PDF').check()
    await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click()
    await page.getByText('You will be told when it is ready.').waitFor()
    await page.getByRole('link', { name: 'Show exports' }).click()
    await page.getByRole('list', { name: 'Exports' }).getByText('Begins in a moment').waitFor()
    await runJobs(world)
    await page.getByRole('link', { name: 'Download Contractors found as PDF' }).waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })

  test('GG-06 more than five are not compared, and who is gone leaves the others', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, alice, '/contractors?sort=name')
    await page.getByRole('link', { name: 'BOOZ ALLEN HAMILTON INC.' }).waitFor()
    await page.getByLabel('Select all that are shown').check()
    const bar = page.getByRole('region', { name: 'Selection' })
    assert.ok(await bar.getByRole('button', { name: 'Compare up to 5' }).isDisabled())
    const idOf = async (name: string) =>
      (await admin.query('select id from contractors.contractor_profiles where name = $1', [name])).rows[0].id
    const ids = [crypto.randomUUID(), await idOf('POLITICO, LLC'), await idOf('VERIZON FEDERAL INC.')]
    await page.goto(`/contractors/compare?${ids.map(id => `ids=${id}`).join('&')}`)
    await page.getByText('One of them is not in the catalogue any more.').waitFor()
    await page.getByRole('columnheader', { name: /POLITICO/ }).waitFor()
    await page.getByRole('button', { name: 'Show as a table' }).click()
    const totals = page.getByRole('region', { name: 'Table of obligations by year' })
    await totals.getByRole('row', { name: /^2023 .*\$30,127,344\.00$/ }).waitFor()
    await look(page, 'compare, one gone')
    await page.goto(`/contractors/compare?ids=${ids[0]}`)
    await page.getByRole('heading', { name: 'Nobody is compared yet' }).waitFor()
    await context.close()
  })

  test('GG-06 the search is worked by keyboard alone', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, alice, '/contractors?sort=name')
    await page.getByRole('link', { name: 'BOOZ ALLEN HAMILTON INC.' }).waitFor()
    const focused = page.locator(':focus')
    // The next key comes before what was looked for: the focus stays with the results when they change.
    const answer = Promise.withResolvers<void>()
    await page.route(/contractors[?].*q=tidewater/, async route => {
      await answer.promise
      await route.continue()
    })
    await page.keyboard.press('/')
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'searchbox')
    // At once: letter by letter a busy machine would ask for the first of them meanwhile.
    await page.keyboard.insertText('tidewater')
    await page.waitForURL(/q=tidewater/)
    await page.keyboard.press('ArrowDown')
    await focused.filter({ hasText: 'BOOZ ALLEN' }).waitFor()
    answer.resolve()
    await focused.filter({ hasText: /^TIDEWATER/ }).waitFor()
    await page.keyboard.press('x')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Shift+X')
    await page.getByRole('region', { name: 'Selection' }).getByText('3 contractors').waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/contractors\/[0-9a-f-]{36}/)
    await context.close()
  })

  test('GG-06 on paper is every row that was loaded, and how many there are more', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, alice, '/contractors?q=tidewater')
    await page.getByRole('status').getByText('140 contractors').waitFor()
    await page.getByRole('button', { name: 'Load more' }).click()
    await page.waitForFunction(() => document.querySelector('.on-paper')?.textContent?.startsWith('The first 100 of'))
    const drawn = await page.locator('li[aria-posinset]').count()
    assert.ok(drawn < 100, `control: ${drawn} rows are drawn on the screen`)
    const { text } = await extractText(await getDocumentProxy(new Uint8Array(await page.pdf({ format: 'A4' }))), {
      mergePages: true,
    })
    const names = text.replaceAll(/\s+/g, ' ').match(/TIDEWATER WORKS \d+, LLC/g)
    assert.equal(new Set(names).size, 100, 'all that were loaded')
    assert.match(
      text.replaceAll(/\s+/g, ' '),
      /The first 100 of 140\. An export as PDF or as a spreadsheet has all of them\./,
    )
    await context.close()
  })
})

/** Two firms whose parent has no profile. */
async function plantFamily() {
  await admin.query(`
    insert into contractors.contractor_profiles (uei, name, state, parent_uei, family_uei, total_contract_value) values
      ('RCHARDWEST01', 'ORCHARD WEST LLC', 'VA', 'RCHARDPARNT1', 'RCHARDPARNT1', 2000000),
      ('RCHARDEAST01', 'ORCHARD EAST LLC', 'MD', 'RCHARDPARNT1', 'RCHARDPARNT1', 1000000);
    update contractors.contractor_profiles set metadata = '{"parentUei": "RCHARDPARNT1", "parentName": "ORCHARD WORLDWIDE PLC"}'
    where name like 'ORCHARD %';
    select contractors.refresh_families('{RCHARDWEST01,RCHARDEAST01}')`)
}
