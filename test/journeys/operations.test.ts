import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Route } from 'playwright-core'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { keepExamination } from '../../src/platform/operations/doctor/examinations.ts'
import { runRetention } from '../../src/platform/operations/retention/runs.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const folder = mkdtempSync(join(tmpdir(), 'commonhold-archive-'))
after(() => rmSync(folder, { recursive: true, force: true }))
// What is written here past the program is looked for at once.
const environment = { COMMONHOLD_ARCHIVE_DIR: folder, COMMONHOLD_KEPT_ANSWERS_MEGABYTES: '0' }
const world = await testWorld({ consoleDirectory, environment })
const { admin, adminConfig, app, alice, bob, baseUrl } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await admin.query(`
  insert into operations.relation_sizes (taken_on, relation_name, kind, total_bytes)
  select current_date - day, name, kind, 60000000 - day * 400000
  from generate_series(0, 90) as day
  cross join (values ('*', 'database'), ('contractors.contractor_profiles', 'table')) as known (name, kind)`)
await admin.query(`
  insert into operations.maintenance_runs (task, status, started_at, ended_at, bytes_before, bytes_after, dead_rows_before, dead_rows_after, steps, reason, tries)
  values
    ('vacuum', 'done', now() - interval '5 hours', now() - interval '5 hours' + interval '42 s', 60000000, 59000000, 41000, 120,
      '[{"name": "audit.audit_logs", "did": "vacuum", "milliseconds": 800, "bytesBefore": 4000000, "bytesAfter": 3000000, "failure": null}]', null, 1),
    ('reindex', 'skipped', now() - interval '9 hours', now() - interval '4 hours', null, null, null, null, '[]', '14 sessions are at work', 9),
    ('analyze', 'failed', now() - interval '2 days', now() - interval '2 days', 60000000, 60000000, 0, 0, '[]', 'there was no room on the disk', 1)`)
const setAlarm = () =>
  admin.query(`
    insert into operations.alarms (code, object, severity, message, advice)
    values ('disk.space', '/srv/commonhold', 'critical', '0.4 GB of 80.0 GB are free where /srv/commonhold lies.',
      'A full disk stops the database. Remove what is not needed there, or move the data directory to a larger disk.')
    on conflict (code, object) where closed_at is null do update set acknowledged_at = null`)
await admin.query(`
  select platform.make_month_partitions('identity.login_histories'::regclass, now() - interval '14 months', 0);
  insert into identity.login_histories (user_id, device, status, created_at)
  select id, 'Firefox', 'success', date_trunc('month', now()) - interval '14 months'
  from identity.users, generate_series(1, 500)`)
await runRetention(app, { name: 'identity.login_histories' })
await admin.query(
  `insert into identity.user_sessions (user_id, expires_at) select $1, now() - interval '40 days' from generate_series(1, 43)`,
  [bob.userId],
)
await keepExamination(app)
await believedNoLonger()

/** As the page is on a good morning. */
async function allWell(asked: Route): Promise<void> {
  const response = await asked.fetch()
  const overview = await response.json()
  const standings = overview.standings.map((each: object) => ({
    ...{ ...each, status: 'well', message: 'As it should be.' },
    at: new Date(Date.now() - 7_200_000).toISOString(),
  }))
  const examination = { ...overview.examination, findings: [] }
  await asked.fulfill({ response, json: { ...overview, standings, examination, alarms: [] } })
}

describe('operations in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-23 an operator looks in the morning, at alarms, findings, growth and maintenance (${size})`, async () => {
      await setAlarm()
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations')
      await page.getByRole('heading', { level: 2, name: 'Alarms' }).waitFor()
      await page.getByText('0.4 GB of 80.0 GB are free').waitFor()
      await page.getByRole('img', { name: /^Size of the database, from 24\.0 MB on .* to 60\.0 MB on / }).waitFor()
      await page.getByRole('heading', { level: 2, name: 'What the doctor has found' }).waitFor()
      await page.getByRole('heading', { level: 2, name: /^1 alarm is open, \d things want a look$/ }).waitFor()
      await page.getByRole('link', { name: /^Maintenance has a fault .*analyze: there was no room/ }).waitFor()
      const marks = await page
        .locator('[data-standing]')
        .evaluateAll(cards =>
          cards.map(it => [it.getAttribute('data-standing'), getComputedStyle(it).getPropertyValue('--mark')] as const),
        )
      assert.equal(marks.length, 9, 'also those that lead to this page, where the router writes attributes of its own')
      const well = marks.find(([standing]) => standing === 'well')?.[1]
      assert.ok(well)
      for (const [standing, mark] of marks) assert.equal(mark === well, standing === 'well', `${standing} ${mark}`)
      await look(page, 'operations')
      await page.route('**/operations/overview', allWell)
      await page.reload()
      await page.getByRole('heading', { level: 2, name: 'All is well' }).waitFor()
      await look(page, 'operations-well')
      await page.unroute('**/operations/overview', allWell)
      await page.reload()
      await page.getByRole('button', { name: /^I look after it/ }).click()
      await page.getByText(/looked after since/).waitFor()
      await page.getByRole('button', { name: 'Run all checks' }).click()
      await page.getByText(/^All checks ran: \d+ found\.$/).waitFor()
      await closeNotices(page)

      await page.getByRole('link', { name: 'Maintenance', exact: true }).click()
      await page.getByText('Put off 9 times: 14 sessions are at work').waitFor()
      await page.getByText('1 table or index, 40,880 dead rows cleared, 1.0 MB freed').waitFor()
      await look(page, 'operations-maintenance')
      await page.getByRole('button', { name: 'Do it now: VACUUM' }).click()
      await page.getByText('VACUUM begins in a moment.').waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`PE-07 an operator sees which archived months were read again, and which restores are known (${size})`, async () => {
      await admin.query('delete from audit.verifications')
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations/audit')
      await page.getByText('The log was never verified').waitFor()
      assert.equal(await page.getByText('Archived months and known restores').count(), 0)
      await admin.query(
        `insert into audit.verifications (kind, began_at, ended_at, entries, is_sound, result)
        values ('full', now() - interval '26 hours', now() - interval '25 hours', 1200345, true, $1)`,
        [
          {
            archived: 84213,
            archivesRead: ['audit.audit_logs 2025-08', 'audit.audit_logs 2025-09'],
            archivesAway: ['audit.audit_logs 2025-07'],
            knownForks: [
              {
                ...{ checkpoint: { number: 4210 }, forkOf: { number: 4180 }, by: 'Olga Operator' },
                ...{ at: new Date(Date.now() - 3 * 86_400_000).toISOString(), reason: 'Disk of the night of the 19th' },
              },
            ],
            findings: [],
            counts: {},
          },
        ],
      )
      await page.reload()
      await page.getByText('The log is as it was written').waitFor()
      const part = page.getByRole('region', { name: 'Table: Archived months and known restores' })
      const row = part.getByRole('row').filter({ hasText: 'Main database' })
      for (const said of [
        '84,213',
        'Read again: audit.audit_logs 2025-08, audit.audit_logs 2025-09',
        'Not at hand: audit.audit_logs 2025-07',
        'Checkpoint 4210 beside 4180, accepted by Olga Operator 3 days ago: Disk of the night of the 19th',
      ])
        await row.getByText(said, { exact: true }).waitFor()
      if (size === 'desktop') {
        const widths = await part.evaluate(it => [it.scrollWidth, it.clientWidth] as const)
        assert.ok(widths[0] <= widths[1], `nothing is hidden behind the edge: ${widths}`)
      }
      await look(page, 'operations-audit-archived')
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-16 an operator counts what is due, restores an archive, and holds a workspace (${size})`, async () => {
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations/retention')
      await page.getByRole('heading', { level: 2, name: 'What is kept, and for how long' }).waitFor()
      await page.getByRole('button', { name: 'Count what is due' }).click()
      await page.getByText('43 rows would go.', { exact: true }).waitFor()
      await look(page, 'operations-retention')
      await page.getByRole('button', { name: 'Run now: Sessions that were ended' }).click()
      await page.getByText('It begins in a moment.').waitFor()
      await closeNotices(page)

      const views = page.getByRole('navigation', { name: 'Views of retention' })
      await views.getByRole('link', { name: 'Archives' }).click()
      await page.getByText('whole when written').waitFor()
      await page.getByRole('button', { name: /^Restore: identity\.login_histories_/ }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Table').fill(`identity.logins_${size}`)
      await dialog.getByRole('button', { name: 'Restore' }).click()
      await page.getByText('It is restored in a moment').waitFor()
      await runJobs(world)
      await page.reload()
      await page.getByText(`1,500 rows are in identity.logins_${size}`).waitFor()
      await closeNotices(page)
      await look(page, 'operations-archives')

      await views.getByRole('link', { name: 'Legal holds' }).click()
      if (size === 'desktop') await page.getByRole('heading', { name: 'Nobody is held' }).waitFor()
      await page.getByRole('button', { name: 'Hold…' }).click()
      await dialog.getByRole('combobox', { name: 'Workspace' }).fill('Northg')
      await page.getByRole('option', { name: /^Northgate Partners/ }).click()
      await dialog.getByLabel('Reason').fill('Matter 12, asked for by counsel')
      await look(page, 'operations-hold')
      await dialog.getByRole('button', { name: 'Hold' }).click()
      await page.getByText('Workspace Northgate Partners is held.').waitFor()
      await closeNotices(page)
      // It has the same words until it is gone.
      await dialog.waitFor({ state: 'hidden' })
      await page.getByText('Matter 12, asked for by counsel').waitFor()
      await look(page, 'operations-holds')
      await page.getByRole('button', { name: 'Release: Workspace Northgate Partners' }).click()
      await dialog.getByLabel('Why').fill('Settled')
      await dialog.getByRole('button', { name: 'Release' }).click()
      await page.getByText('Workspace Northgate Partners is held no more.').waitFor()
      await page.getByLabel('Those that were released too').check()
      await page
        .getByText(/released .* by alice@meridian\.example: Settled/)
        .first()
        .waitFor()
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-23 an operator sees tables, indexes, statements, locks and connections from near (${size})`, async () => {
      const [holder, waiter] = [new pg.Client(adminConfig), new pg.Client(adminConfig)]
      after(() => Promise.all([holder.end(), waiter.end()]))
      await Promise.all([holder.connect(), waiter.connect()])
      await holder.query(
        `set application_name = 'night import of ${'whatever_has_a_long_name_'.repeat(2)}'; begin; lock table contractors.exports in access exclusive mode`,
      )
      const waiting = waiter.query(`select count(*) from contractors.exports where status = 'a secret value'`)
      for (;;) {
        const { rows } = await admin.query(`select from pg_stat_activity where wait_event_type = 'Lock'`)
        if (rows.length > 0) break
        await sleep(10)
      }
      const { context, page, complaints } = await browser.open(size)
      await enter(page, alice, '/operations/health')
      await page.getByRole('heading', { level: 2, name: 'Tables', exact: true }).waitFor()
      const tables = page.getByRole('region', { name: 'Table: Tables', exact: true })
      await tables.getByRole('cell').first().waitFor()
      assert.equal(await tables.getByRole('row').count(), 11, 'the largest, and the heading')
      const isCut = await tables.evaluate(region => region.scrollWidth > region.clientWidth)
      if (size === 'phone') assert.ok(!isCut, 'rows are blocks on a phone')
      await look(page, 'operations-tables')
      await page.getByRole('button', { name: /^Show all \d+: Tables$/ }).click()
      await tables.getByRole('cell', { name: 'contractors.contractor_profiles', exact: true }).waitFor()
      await page.getByRole('button', { name: 'Show the first 10: Tables' }).click()
      await page.getByRole('link', { name: 'Locks', exact: true }).click()
      await page.getByText(/night import of \S+ \(idle in transaction\)/).waitFor()
      await page.getByText(/Waits .* for contractors\.exports \(AccessShareLock\)/).waitFor()
      assert.equal(await page.getByText('a secret value').count(), 0, 'values in statements are not shown')
      await look(page, 'operations-locks')
      await holder.query('rollback')
      await waiting
      for (const [link, heading] of [
        ['Indexes', 'All indexes'],
        ['Statements', /statements/i],
        ['Connections', 'Open transactions'],
        ['Replication', 'Room for transaction numbers'],
      ] as const) {
        await page.getByRole('navigation', { name: 'Views of the database' }).getByRole('link', { name: link }).click()
        await page.getByRole('heading', { level: 2, name: heading }).first().waitFor()
        await look(page, `operations-${link.toLowerCase()}`)
      }
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('GG-23 somebody who is no operator neither finds it nor gets it', async () => {
    const { context, page } = await browser.open('desktop')
    await enter(page, bob, '/operations')
    await page.getByRole('heading', { name: 'This is for operators' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Operations' }).count(), 0)
    assert.equal((await bob.fetch('/operations/overview')).status, 403)
    await context.close()
  })
})
