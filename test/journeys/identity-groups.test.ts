import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import type { GroupsAnswer } from '../../src/platform/federation/group-claims.ts'
import { applyGroups } from '../../src/platform/federation/role-assignments.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, alice, app, baseUrl } = world

/** A provider with people, of whom it has told the groups; one is the one who is proposed, one cannot be changed. */
async function newProvider(size: Size) {
  const id = randomUUID()
  await admin.query(
    `insert into federation.iam_providers
       (tenant_id, id, provider_name, provider_type, issuer, client_id, client_secret_encrypted, status)
     values ($1, $2, $3, 'okta', $4, 'client', 'x', 'active')`,
    [alice.tenantId, id, `Meridian’s Okta (${size})`, `https://${size}.okta.example`],
  )
  const people: { membershipId: string; name: string }[] = []
  for (const name of ['Ann Abel', 'Ben Baker', 'Cay Cole', 'Dan Drew']) {
    const { rows } = await admin.query(
      `with
         account as (
           insert into identity.users (email, full_name) values ($2, $3) returning id
         ),
         person as (
           insert into federation.iam_user_mappings (tenant_id, provider_id, user_id, external_id, sync_status)
           select $1, $4, id, gen_random_uuid(), 'synced' from account
         )
       insert into tenancy.user_tenants (tenant_id, user_id) select $1, id from account returning id`,
      [alice.tenantId, `${name.slice(0, 3).toLowerCase()}@${size}.example`, name, id],
    )
    people.push({ membershipId: String(rows[0].id), name })
  }
  return { id, people }
}

const say = (providerId: string, membershipId: string, groups: GroupsAnswer) =>
  app.db.transaction({ tenantId: alice.tenantId, system: true }, tx =>
    applyGroups(tx, { membershipId, providerId, groups, cause: { by: 'sign_in' } }),
  )
const known = (...ids: string[]): GroupsAnswer => ({ outcome: 'known', groups: ids.map(id => ({ id, name: id })) })

describe('groups of identity providers', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`AG-05 AG-06 on a ${size} a group is mapped, a role proposed and given, a sync run looked at and tried again`, async () => {
      const { id, people } = await newProvider(size)
      const [ann, ben, cay, dan] = people.map(({ membershipId }) => membershipId) as [string, string, string, string]
      await say(id, ann, known('Bid managers', 'Sales'))
      await say(id, ben, known('Bid managers'))
      await say(id, cay, known('Directors of the whole western region'))
      await say(id, dan, { outcome: 'unknown', reason: 'cut' })
      const { context, page, complaints } = await open(size)
      await enter(page, alice, `/identity-providers/${id}/groups`)
      await page.getByText('No group gives a role yet').waitFor()
      await look(page, 'groups, at first')

      await page.getByRole('button', { name: 'Map a group' }).click()
      const form = page.getByRole('dialog', { name: 'Map a group' })
      await form.getByRole('button', { name: 'Map it' }).click()
      await form.getByText('Name the group.').waitFor()
      await form.getByText('Choose a role.').waitFor()
      await form.getByLabel('Group').fill('Everyone')
      await form.getByLabel('Role').selectOption({ label: 'member' })
      await form.getByRole('button', { name: 'Map it' }).click()
      await form.getByText('Everybody is in the group Everyone').waitFor()
      await look(page, 'mapping form')
      await form.getByLabel('Group').fill('Bid managers')
      await form.getByRole('button', { name: 'Map it' }).click()
      await page.getByText('Waits for a sync').waitFor()
      await form.waitFor({ state: 'hidden' })

      await page.getByRole('button', { name: 'Map the group Directors of the whole western region' }).click()
      await form.getByLabel('Role').selectOption({ label: 'admin' })
      await form.getByRole('checkbox', { name: 'Assign it by itself' }).uncheck()
      await form.getByRole('button', { name: 'Map it' }).click()
      await form.waitFor({ state: 'hidden' })
      await admin.query(`update jobs.job set start_after = now() where name = 'federation.sync-mappings'`)
      await runJobs(world)
      await page.getByText('Cay Cole: admin').waitFor()
      await page.getByText('In line').first().waitFor()
      await closeNotices(page)
      await look(page, 'groups')
      await page.getByRole('button', { name: 'Give Cay Cole the role admin' }).click()
      await page.getByText('Cay Cole has the role admin.').waitFor()

      await page.getByRole('button', { name: 'Change' }).click()
      const settings = page.getByRole('dialog', { name: 'Where groups are read' })
      await look(page, 'group settings')
      await settings.getByRole('button', { name: 'Cancel' }).click()
      await settings.waitFor({ state: 'hidden' })

      // Something that refuses one of them, as a rule of another module might.
      await say(id, dan, known('Bid managers'))
      // By hand a role of a group cannot be taken.
      await admin.query(`select set_config('app.system', 'on', false)`)
      await admin.query('delete from access.user_tenant_roles where user_tenant_id = any ($1)', [[ben, dan]])
      await admin.query(`select set_config('app.system', '', false)`)
      await admin.query(`
        create function access.refuse_one() returns trigger language plpgsql as $f$
        begin
          if new.user_tenant_id = '${ben}' then raise exception 'not this one'; end if;
          return new;
        end $f$`)
      await admin.query(
        'create trigger refuse_one before insert on access.user_tenant_roles for each row execute function access.refuse_one()',
      )
      await page.getByRole('link', { name: 'Sync runs' }).click()
      await page.getByText('after a change of the mappings').waitFor()
      await page.getByRole('button', { name: 'Sync now' }).click()
      await page.getByText('Running').waitFor()
      await runJobs(world)
      await page.getByText('Not with everybody').waitFor()
      await look(page, 'sync runs')
      await page.getByRole('list', { name: 'Sync runs' }).getByRole('link').first().click()
      await page.getByText('Ben Baker').waitFor()
      await look(page, 'sync run')
      await admin.query('drop trigger refuse_one on access.user_tenant_roles')
      await admin.query('drop function access.refuse_one()')
      await page.getByRole('button', { name: 'Try these people again' }).click()
      await page.getByText('tried again').waitFor()
      await runJobs(world)
      await page.getByText('Done', { exact: true }).waitFor()

      await page.goto(`/identity-providers/${id}/groups`)
      await page.getByRole('button', { name: 'More about the group Bid managers' }).click()
      await page.getByRole('menuitem', { name: 'Remove' }).click()
      const removal = page.getByRole('dialog', { name: 'Remove this mapping?' })
      await removal.getByText('3 people have the role member by the group Bid managers').waitFor()
      await look(page, 'mapping removal')
      await removal.getByRole('button', { name: 'Remove it' }).click()
      await page.getByText('The group Bid managers gives no role any more.').waitFor()
      // The group of everybody was refused.
      assert.deepEqual(
        complaints.filter(text => !text.includes('400 (Bad Request)')),
        [],
      )
      await context.close()
    })
  }
})
