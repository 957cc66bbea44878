import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { importFile } from '../../src/contractors/imports/imports.ts'
import { resolveMentions } from '../../src/contractors/matching/resolutions.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, alice, bob, baseUrl, db } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const folder = mkdtempSync(join(tmpdir(), 'commonhold-matches-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const [acme, acmeOld, zenith] = ['C12NSYAH27N4', 'LCHBJDK6HJH6', 'UENMF5GLCS69']
const now = new Date()

const load = async (source: string, text: string) => {
  const path = join(folder, `${source}.csv`)
  writeFileSync(path, text)
  await importFile(db, { path, source }, { now })
}

/** Three contractors, and four texts that three of them may be. */
async function plant() {
  await admin.query(`
    delete from contractors.match_decisions; delete from contractors.awards; delete from contractors.listed_awards;
    delete from contractors.mentions; delete from contractors.contractors; delete from contractors.observations;
    delete from contractors.profile_names; delete from contractors.families; delete from contractors.contractor_profiles`)
  await load(
    'entities',
    `uei,cage_code,legal_business_name,street,city,state,zip,country,primary_naics,last_signed
${acme},1ABC2,ACME ANALYTICS INC,11955 FREEDOM DR,RESTON,VA,20190,USA,541512,2025-01-01
${acmeOld},,ACME ANALYTICS HOLDINGS LLC,,DAYTON,OH,45402,USA,541512,2023-01-01
${zenith},9ZZZ9,ZENITH BAKERIES LLC,1 MAIN ST,AUSTIN,TX,78701,USA,311811,2025-01-01`,
  )
  await load(
    'award_list',
    `piid,vendor,agency,value,savings,description,fpds_status,deleted_date
W91-1,Acme Analytics,Department of the Navy,1250000,10,Data work,,
W91-2,ACME ANALYTIC HLDGS,Department of the Army,90000,10,Data work,,
W91-3,Zenith Bakery,Department of Agriculture,4000,10,Bread,,
W91-4,Zen Foods,Department of Agriculture,300,10,Bread,,`,
  )
  const { rows } = await admin.query('select id, uei from contractors.contractor_profiles')
  const id = (uei: string) => rows.find(row => row.uei === uei).id as string
  const candidates: Record<string, [string, number][]> = {
    'Acme Analytics': [
      [id(acme), 0.91],
      [id(acmeOld), 0.07],
    ],
    'ACME ANALYTIC HLDGS': [[id(acmeOld), 0.83]],
    'Zenith Bakery': [[id(zenith), 0.78]],
    'Zen Foods': [[id(zenith), 0.42]],
  }
  await resolveMentions(db, {
    now: () => now,
    match: async (_tx, mentions) =>
      mentions.map(mention => ({
        mentionId: mention.id,
        decision: 'review' as const,
        reason: 'Likely, not sure.',
        candidates: candidates[mention.name]!.map(([profileId, score]) => ({
          profileId,
          uei: '',
          name: '',
          score,
          reasons: [
            { kind: 'name_similar' as const, weight: 4.2, text: 'The names share their rare words.' },
            { kind: 'same_city' as const, weight: -1.3, text: 'The list tells no address.' },
          ],
        })),
      })),
  })
  return { one: id(acme), old: id(acmeOld) }
}

const left = (page: Page, count: string) =>
  page
    .getByRole('status')
    .getByText(new RegExp(`^${count} waits? for you`))
    .waitFor()

describe('matches of contractors', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-08 on a ${size} a reviewer goes through the queue, accepts, rejects with a reason and takes it back`, async () => {
      await plant()
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/matches')
      await left(page, '4')
      const desk = (name: string) => page.getByRole('region', { name: `Match of ${name}` })
      const queue = page.getByRole('list', { name: 'Queue' })
      await queue.getByText('Acme Analytics', { exact: true }).waitFor()
      await look(page, 'matches, queue')
      if (size === 'phone') await queue.getByRole('button', { name: /^Acme Analytics/ }).click()
      await desk('Acme Analytics')
        .getByRole('row', { name: /Name .*Acme Analytics .*ACME ANALYTICS INC Same/ })
        .waitFor()
      await desk('Acme Analytics').getByText('The names share their rare words.').waitFor()
      await look(page, 'matches, side by side')

      if (size === 'desktop') {
        await page.keyboard.press('j')
        await desk('ACME ANALYTIC HLDGS').waitFor()
        await page.keyboard.press('k')
        await desk('Acme Analytics').getByRole('button', { name: 'Accept' }).waitFor()
        await page.keyboard.press('a')
      } else await desk('Acme Analytics').getByRole('button', { name: 'Accept' }).click()
      await left(page, '3')
      await desk('ACME ANALYTIC HLDGS').waitFor()
      const accepted = await admin.query(
        `select status, decided_by from contractors.mentions where name = 'Acme Analytics'`,
      )
      assert.deepEqual(accepted.rows, [{ status: 'accepted', decided_by: alice.userId }])
      await closeNotices(page)

      if (size === 'desktop') await page.keyboard.press('u')
      else await page.getByRole('button', { name: 'Undo the last' }).click()
      await left(page, '4')
      await desk('Acme Analytics').waitFor()
      await closeNotices(page)

      if (size === 'desktop') await page.keyboard.press('r')
      else await page.getByRole('button', { name: 'Reject all' }).click()
      const why = page.getByRole('dialog')
      await why.getByRole('button', { name: 'Another firm with a similar name' }).click()
      await look(page, 'matches, why')
      await why.getByRole('button', { name: 'Reject all' }).click()
      await left(page, '3')
      await closeNotices(page)

      // Many at once.
      await page.getByRole('button', { name: 'Accept above a score' }).click()
      const bulk = page.getByRole('dialog', { name: 'Accept above a score' })
      await bulk.getByLabel('Score from, in percent').fill('75')
      await bulk.getByText('2 texts would be accepted').waitFor()
      await look(page, 'matches, many at once')
      await bulk.getByRole('button', { name: 'Accept 2' }).click()
      await left(page, '1')
      await closeNotices(page)

      await page.getByRole('link', { name: 'Decisions', exact: true }).click()
      await page.getByText('“Acme Analytics” is none of the known contractors').first().waitFor()
      await look(page, 'matches, decisions')
      await page.getByRole('button', { name: 'Undo all of these' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Decided by mistake' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Undo', exact: true }).click()
      await page
        .getByText(/^Undone by Alice Archer/)
        .nth(2)
        .waitFor()
      assert.equal((await admin.query(`select from contractors.mentions where status = 'review'`)).rowCount, 3)

      await page.goto('/matches?q=nothing+like+it')
      await page.getByRole('heading', { name: 'No text fits these filters' }).waitFor()
      await page.getByRole('button', { name: 'Clear the filters' }).click()
      await queue.getByText('Zen Foods', { exact: true }).waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-08 on a ${size} an operator merges two contractors, sees both as one, and takes them apart`, async () => {
      const { one, old } = await plant()
      const { context, page, complaints } = await open(size)
      await enter(page, alice, `/contractors/${one}`)
      await page.getByRole('link', { name: 'Merge or split' }).click()
      await page.getByRole('heading', { level: 1, name: 'Merge and split' }).waitFor()
      await page.getByLabel('The other contractor').fill('acme analytics hold')
      await page.getByRole('button', { name: /ACME ANALYTICS HOLDINGS/ }).click()
      await page.getByRole('row', { name: /State/ }).getByText('Differs').waitFor()
      await look(page, 'merge, side by side')
      await page.getByRole('button', { name: 'Merge', exact: true }).click()
      await page.getByRole('dialog').getByLabel('Reason').fill('Renamed in 2024')
      await page.getByRole('dialog').getByRole('button', { name: 'Merge', exact: true }).click()
      await page.getByRole('button', { name: 'Take out ACME ANALYTICS HOLDINGS LLC' }).waitFor()
      await closeNotices(page)
      await look(page, 'merge, done')
      assert.equal(
        (await admin.query('select merged_into from contractors.contractor_profiles where id = $1', [old])).rows[0]
          .merged_into,
        one,
      )
      await page.getByRole('button', { name: 'Take out ACME ANALYTICS HOLDINGS LLC' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'They are two firms' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Take out', exact: true }).click()
      await page.getByText(/^Undone by Alice Archer/).waitFor()
      assert.equal(
        (await admin.query('select from contractors.contractor_profiles where merged_into is not null')).rowCount,
        0,
      )
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('AG-01 who is no operator is shown neither the queue nor the way to it', async () => {
    const { one } = await plant()
    const { context, page } = await open('desktop')
    await enter(page, bob, `/contractors/${one}`)
    await page.getByRole('heading', { level: 1, name: 'ACME ANALYTICS INC' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Merge or split' }).count(), 0)
    assert.equal(await page.getByRole('link', { name: 'Matches' }).count(), 0)
    await page.goto('/matches')
    await page.getByRole('heading', { name: 'This is for operators' }).waitFor()
    await context.close()
  })
})
