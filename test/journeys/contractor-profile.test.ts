import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { importFile } from '#contractors'
import { testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, app, alice, viewer } = world
for (const [file, source] of [
  ['entities.csv.gz', 'entities'],
  ['fpds_vendor_observations.csv.gz', 'fpds_vendors'],
  ['fpds_awards.csv.gz', 'fpds_awards'],
  ['sam_public_v2_real_sample.dat', 'sam_v2'],
] as const) {
  const path = fileURLToPath(new URL(`../../data/contractors/${file}`, import.meta.url))
  await importFile(app.db, { path, source }, { now: app.clock.now() })
}
const idOf = async (uei: string): Promise<string> => {
  const { rows } = await admin.query('select id from contractors.contractor_profiles where uei = $1', [uei])
  return rows[0].id
}
const boozAllen = await idOf('JCBMLGPE6Z71')
const leidos = await idOf('UE9QJD4KK1L6')
const salkehatchie = await idOf('C39LJA3KD378')
const placeholder = await idOf('KA5HQCLKUVW1')

describe('the page of a contractor', { skip }, () => {
  const browser = useBrowser(world.baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-06 GG-08 on a ${size} every section of a contractor can be read, linked to and left by its links`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, `/contractors/${boozAllen}`)
      await page.getByRole('heading', { level: 1, name: 'BOOZ ALLEN HAMILTON INC.' }).waitFor()
      await page.getByRole('heading', { name: 'By agency' }).waitFor()
      await page.getByRole('button', { name: 'Copy UEI JCBMLGPE6Z71' }).click()
      await page.getByText('Copied').first().waitFor()
      await look(page, 'contractor overview')

      const open = async (tab: string) => {
        await page.getByRole('navigation', { name: 'Sections of this contractor' }).getByText(tab).click()
        await page.waitForURL(/section=/)
      }
      await open('Awards')
      await page.getByRole('table').getByText('Details of award').first().waitFor()
      await page.getByLabel('By what periods').selectOption('Quarters')
      await page.getByRole('heading', { name: 'Obligated by quarter of signing' }).waitFor()
      await page.getByRole('button', { name: 'Show as a table (By agency)' }).click()
      await page.getByRole('region', { name: 'Table of awards by agency' }).waitFor()
      await look(page, 'contractor awards')
      await page.getByLabel('Agency', { exact: true }).selectOption({ index: 1 })
      await page.waitForURL(/agencyId=7/)
      await page.getByRole('button', { name: 'Obligated', exact: true }).click()
      await page.waitForURL(/sort=value/)
      await page.reload()
      await page.getByRole('columnheader', { name: 'Obligated' }).and(page.locator('[aria-sort=descending]')).waitFor()
      await page
        .getByRole('button', { name: /^Details of award/ })
        .first()
        .click()
      const award = page.getByRole('dialog', { name: 'Award' })
      await award.getByRole('link', { name: /^USAspending/ }).waitFor()
      await award.getByRole('heading', { name: 'Actions and modifications' }).waitFor()
      await award.getByRole('listitem').first().waitFor()
      await look(page, 'contractor award')
      await page.getByRole('button', { name: 'Close the award' }).click()
      await page.getByLabel('Identifier or subject').fill('no award has this')
      await page.getByText('No award fits').waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).first().click()
      await page
        .getByRole('button', { name: /^Details of award/ })
        .first()
        .waitFor()

      await open('Locations')
      await page.getByRole('img', { name: /^Map of the United States, shaded/ }).waitFor()
      await page.getByRole('list', { name: 'Districts of Virginia' }).waitFor()
      await look(page, 'contractor locations')
      await page.getByRole('button', { name: 'Show as a table' }).click()
      await page.getByRole('region', { name: 'Table of places of performance' }).getByText('Maryland').waitFor()
      await look(page, 'contractor locations as a table')

      await open('Industries')
      await page
        .getByRole('region', { name: 'Table of industries' })
        .getByText('Engineering Services')
        .first()
        .waitFor()
      await look(page, 'contractor industries')
      await open('Certifications')
      await page.getByText('For Profit Organization').waitFor()
      await look(page, 'contractor certifications')
      await open('Family')
      await page.getByRole('list', { name: 'Family tree' }).waitFor()
      await page.getByRole('heading', { name: 'All of the family' }).waitFor()
      await look(page, 'contractor family')
      await open('Similar')
      await page.getByRole('article').first().waitFor()
      await look(page, 'contractor similar')
      await open('History')
      await page.getByRole('list', { name: 'Names over time' }).getByText('BOOZ ALLEN & HAMILTON INC').waitFor()
      await page
        .getByRole('list', { name: 'Changes of the profile' })
        .getByText(/Import of/)
        .first()
        .waitFor()
      await look(page, 'contractor history')
      await open('Sources')
      await page.getByRole('region', { name: 'Table of values by source' }).getByText('shown').first().waitFor()
      await page
        .getByRole('button', { name: /^Content of record/ })
        .first()
        .click()
      await page.getByRole('dialog', { name: 'Record' }).getByText('agency_id', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Close the record' }).click()
      await look(page, 'contractor sources')

      await page.goBack()
      await page.getByRole('list', { name: 'Names over time' }).waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-06 an expired registration, a placeholder and what has no awards are said to be so', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, viewer, `/contractors/${salkehatchie}`)
    await page.getByText('The registration has expired').waitFor()
    await page.getByText('No award is known').waitFor()
    await look(page, 'contractor expired')
    await admin.query(`insert into contractors.awards (id, uei, kind, agency_id, piid, signed_date, total_obligated, record_id)
      values (gen_random_uuid(), 'C39LJA3KD378', 'award', '8000', 'Z1', '2024-02-01', 0, gen_random_uuid())`)
    await page.reload()
    await page.getByText('No dollars are obligated in its awards.').waitFor()
    await page.goto(`/contractors/${placeholder}`)
    await page.getByText('This is no contractor').waitFor()
    await look(page, 'contractor placeholder')
    await page.goto(`/contractors/${leidos}?section=industries`)
    await page.getByRole('button', { name: /^Show all \d+ industries/ }).click()
    await page.getByText('Commercial Photography').waitFor()
    await look(page, 'contractor registered industries')
    await page.goto(`/contractors/${leidos}?section=nonsense&award=x`)
    await page.getByRole('heading', { name: 'Registration' }).waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })

  it('GG-09 a contractor is put into a list and taken out of it in its place', async () => {
    const { context, page, complaints } = await browser.open('desktop')
    await enter(page, alice, `/contractors/${leidos}`)
    const lists = page.getByRole('region', { name: 'In lists' })
    await lists.getByText('In none of the lists that you see.').waitFor()
    await lists.getByRole('button', { name: 'Lists' }).click()
    await page.getByRole('menuitemcheckbox', { name: /Favourites/ }).click()
    await page.keyboard.press('Escape')
    await lists.getByRole('link', { name: 'Favourites' }).waitFor()
    await lists.getByRole('button', { name: 'Remove LEIDOS, INC. from Favourites' }).click()
    await lists.getByText('In none of the lists that you see.').waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })
})
