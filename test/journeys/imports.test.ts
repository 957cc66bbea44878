import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { partSize } from '../../src/contractors/imports/import-files.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(180_000), () => {})
const world = await testWorld({ consoleDirectory, hasRouteLimits: false })
const { admin, alice, bob, baseUrl } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const data = (name: string) => readFileSync(fileURLToPath(new URL(`../../data/contractors/${name}`, import.meta.url)))
const sample = data('sam_public_v2_real_sample.dat')
const awards = data('award_list_without_uei.csv.gz')

const forget = () =>
  admin.query(`
    delete from contractors.imports; delete from contractors.import_files; delete from contractors.match_decisions;
    delete from contractors.awards; delete from contractors.listed_awards; delete from contractors.mentions;
    delete from contractors.contractors; delete from contractors.observations; delete from contractors.profile_names;
    delete from contractors.families; delete from contractors.contractor_profiles`)

const count = async (table: string) =>
  (await admin.query(`select count(*)::integer as rows from contractors.${table}`)).rows[0].rows

type Upload = { name: string; content: Buffer | string }

/** Opens the form and chooses a file in it. */
async function choose(page: Page, { name, content }: Upload) {
  await page.getByRole('button', { name: 'Import a file' }).click()
  const form = page.getByRole('dialog', { name: 'Import a file' })
  await form.locator('input[type=file]').setInputFiles({
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(content),
  })
  return form
}
const shown = (page: Page, name: string) =>
  page.getByRole('list', { name: 'Imports' }).getByRole('listitem', { name, exact: true })

describe('imports of contractors', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-07 on a ${size} an operator sends a file, tries it, imports it, and fetches the rows that were refused`, async () => {
      await forget()
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/imports')
      await page.getByRole('heading', { name: 'No imports yet' }).waitFor()
      await look(page, 'imports, none')

      // What the file is, its first line says.
      const content = gzipSync(sample.toString().replace('20050714', '20059999'))
      const form = await choose(page, { name: 'monthly.dat.gz', content })
      await form.getByLabel('What it is').selectOption('award_list')
      await form.getByText('By its first line the file is of “SAM public entity registrations”.').waitFor()
      await form.getByLabel('What it is').selectOption('sam_v2')
      await look(page, 'imports, form')
      await form.getByRole('button', { name: 'Try the file' }).click()
      await form.waitFor({ state: 'detached' })
      await shown(page, 'monthly.dat.gz, dry run, Waiting').getByText('Waits for a worker.').waitFor()
      await closeNotices(page)
      await runJobs(world)
      const tried = shown(page, 'monthly.dat.gz, dry run, Done')
      await tried.getByText('3 rows. Would be: 2 new, 1 rejected. Contractors: 2 new.').waitFor()
      await tried.getByText('The BOF line announces 895932 records, the file has 3.').waitFor()
      assert.equal(await count('contractors'), 0, 'a dry run changes nothing')
      await look(page, 'imports, tried')

      await tried.getByRole('button', { name: 'Import it now' }).click()
      await shown(page, 'monthly.dat.gz, Waiting').waitFor()
      // Neither twice from here, nor from a window that does not know yet.
      await tried.getByRole('button', { name: 'Import it now' }).waitFor({ state: 'detached' })
      await closeNotices(page)
      await runJobs(world)
      const done = shown(page, 'monthly.dat.gz, Done')
      await done.getByText('3 rows. 2 new, 1 rejected. Contractors: 2 new.').waitFor()
      assert.equal(await count('contractors'), 2)
      const waiting = page.waitForEvent('download')
      await done.getByRole('link', { name: '1 rejected row as CSV' }).click()
      const rejects = readFileSync(await (await waiting).path(), 'utf8')
      assert.match(rejects, /^line,column,reason,raw\r\n4,initial_registration_date,not a date: 20059999,C39LJA3KD378/)

      await page.getByLabel('State of the import').selectOption({ label: 'Failed' })
      await page.getByRole('heading', { name: 'No import fits' }).waitFor()
      await look(page, 'imports, none that fits')
      await page.getByRole('button', { name: 'Show all imports' }).click()
      await page.getByLabel('Source of the import').selectOption('sam_v2')
      await done.waitFor()
      assert.equal(new URL(page.url()).search, '?source=sam_v2')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-07 on a ${size} an import tells how far it is, and when its program has ended`, async () => {
      await forget()
      const { context, page, complaints } = await open(size)
      const { rows } = await admin.query(
        `insert into contractors.imports (source, file_name, bytes, bytes_read, rows_read, status, phase, actor)
         values ('sam_v2', 'monthly.dat', 1000, 420, 376276, 'running', 'reading', 'deploy')
         returning id`,
      )
      const id = rows[0].id
      await admin.query(`select pg_advisory_lock(hashtext('contractors.imports'), hashtext($1))`, [id])
      await enter(page, alice, '/imports')
      const running = shown(page, 'monthly.dat, Running')
      await running.getByText('376,276 rows read, 42 %.').waitFor()
      await look(page, 'imports, reading')
      await admin.query(`update contractors.imports set phase = 'merging', rows_read = 895932 where id = $1`, [id])
      await running.getByText(/^All 895,932 rows are read and are being merged/).waitFor()
      await look(page, 'imports, merging')
      await admin.query(`select pg_advisory_unlock(hashtext('contractors.imports'), hashtext($1))`, [id])
      await shown(page, 'monthly.dat, Interrupted')
        .getByText('nothing of the file has been taken. Import it again.')
        .waitFor()
      await look(page, 'imports, interrupted')
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-07 a file that is none is refused before it is sent, one of another kind says what is amiss', async () => {
    await forget()
    const { context, page, complaints } = await open('desktop')
    await enter(page, alice, '/imports')
    const refused = async (upload: Upload, why: string) => {
      const form = await choose(page, upload)
      await form.getByText(why).waitFor()
      assert.ok(await form.getByRole('button', { name: 'Try the file' }).isDisabled())
      if (upload.content === '') await look(page, 'imports, empty file')
      await form.getByRole('button', { name: 'Cancel' }).click()
      await form.waitFor({ state: 'detached' })
    }
    await refused({ name: 'empty.csv', content: '' }, 'The file is empty.')
    await refused({ name: 'SAM.ZIP', content: 'PK\u0003\u0004…' }, 'This is a ZIP archive or a workbook. Unpack it')

    const failed = async (upload: Upload, source: string, why: string) => {
      const form = await choose(page, upload)
      await form.getByRole('status').waitFor()
      await form.getByLabel('What it is').selectOption(source)
      await form.getByRole('button', { name: 'Try the file' }).click()
      await form.waitFor({ state: 'detached' })
      await closeNotices(page)
      await runJobs(world)
      await shown(page, `${upload.name}, dry run, Failed`).getByText(why).waitFor()
    }
    await failed(
      { name: 'picture.png', content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0xff, 0xd8]) },
      'sam_v2',
      'The file picture.png does not begin with the BOF line of a SAM public extract.',
    )
    const other = await choose(page, { name: 'awards.csv.gz', content: awards })
    await other.getByText(/^Awards as a published list has them/).waitFor()
    await other.getByLabel('What it is').selectOption('fpds_awards')
    await other.getByRole('button', { name: 'Try the file' }).click()
    await other.waitFor({ state: 'detached' })
    await closeNotices(page)
    await runJobs(world)
    await shown(page, 'awards.csv.gz, dry run, Failed')
      .getByText(/Its columns are those of award_list \(Award lists without identifiers\)\.$/)
      .waitFor()
    await look(page, 'imports, failed')
    assert.equal(await page.getByRole('link', { name: /rejected/ }).count(), 0, 'not every line of a wrong file')
    assert.deepEqual(complaints, [])
    await context.close()
  })

  it('GG-07 a large file goes on where sending it was broken off, and the page is not left by mistake', async () => {
    await forget()
    const { context, page } = await open('desktop')
    await enter(page, alice, '/imports')
    const line = `C12NSYAH27N4,0DE86,${'A'.repeat(200)},,,,,USA,,2025-03-26\n`
    const content = `uei,cage_code,legal_business_name,street,city,state,zip,country,primary_naics,last_signed\n${line.repeat(Math.ceil((2.5 * partSize) / line.length))}`
    const parts: string[] = []
    let release = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    await page.route('**/import-files/*/parts/*', async route => {
      const number = route.request().url().split('/').at(-1)!
      parts.push(number)
      if (number !== '1' || parts.filter(each => each === '1').length > 1) return await route.continue()
      await held
      await route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"detail":"Broken off."}' })
    })
    const form = await choose(page, { name: 'large.csv', content })
    await form.getByText(/^One row per UEI/).waitFor()
    await form.getByRole('button', { name: 'Try the file' }).click()
    await form.getByText(/^\d+ % sent\. Keep this page open/).waitFor()
    await form.getByText(/^[34]\d % sent/).waitFor()
    await look(page, 'imports, sending')
    await page.keyboard.press('Escape')
    await page.mouse.click(5, 5)
    assert.ok(await form.isVisible(), 'a slip does not end it')
    release()
    await form.getByRole('alert').getByText('Broken off.').waitFor()
    await form.getByRole('button', { name: 'Go on sending' }).click()
    await form.waitFor({ state: 'detached' })
    assert.deepEqual(parts, ['0', '1', '1', '2'])
    const { rows } = await admin.query('select bytes, bytes_received from contractors.import_files')
    assert.equal(rows.length, 1)
    assert.equal(Number(rows[0].bytes_received), Buffer.byteLength(content))
    await context.close()
  })

  it('AG-01 who runs no installation finds no imports, whatever he is in his workspace', async () => {
    const { context, page } = await open('desktop')
    await enter(page, bob, '/contractors')
    assert.equal(await page.getByRole('link', { name: 'Imports' }).count(), 0)
    await page.goto('/imports')
    await page.getByRole('heading', { name: 'This is for operators' }).waitFor()
    await context.close()
  })
})
