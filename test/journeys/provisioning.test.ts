import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proveDomain } from '#test/federation.ts'
import { oktaClient, scimClient } from '#test/scim-clients.ts'
import { newPerson, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { closeNotices, enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(300_000), () => {})
const world = await testWorld({ consoleDirectory, hasRouteLimits: false })
const { admin, app } = world
// The base URL that the page shows is the one that is asked below.
app.publicUrl = world.baseUrl

/** A provider that is set up and switched off, of a workspace that has proved the domain. */
async function newProvider(tenantId: string, domain: string): Promise<string> {
  await proveDomain(world, tenantId, domain)
  const { rows } = await admin.query(
    `insert into federation.iam_providers
       (tenant_id, provider_name, provider_type, issuer, client_id, client_secret_encrypted, status)
     values ($1, 'Acme’s Okta', 'okta', $2, 'client', 'x', 'inactive')
     returning id`,
    [tenantId, `https://okta.${domain}`],
  )
  return String(rows[0].id)
}

describe('Provisioning in a browser', { skip }, () => {
  const { open } = useBrowser(world.baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`AG-05 on a ${size} a directory gets a token, brings people and a group, and its token is rotated and revoked`, async () => {
      const domain = `provisioned-${size}.example`
      const owner = await newPerson(world, { fullName: 'Olive Owner', tenantName: `Acme ${size}` })
      const asked = await newPerson(world, { fullName: 'Otto Old' })
      const providerId = await newProvider(owner.tenantId, domain)
      const { context, page, complaints } = await open(size)

      await enter(page, owner, `/identity-providers/${providerId}`)
      await page.getByRole('link', { name: 'Provisioning (SCIM)' }).click()
      await page.getByText('The provider is switched off').waitFor()
      await page.getByText('No token yet').waitFor()
      await page.getByText('Nothing was asked yet').waitFor()
      await look(page, 'provisioning, at first')
      const baseUrl = (await page.getByText('/api/v1/scim/v2/').textContent())?.trim() ?? ''
      assert.equal(baseUrl, `${world.baseUrl}/api/v1/scim/v2/${providerId}`)

      const shown = page.getByRole('status', { name: 'SCIM token' })
      await page.getByRole('button', { name: 'Make a token' }).click()
      await page.getByRole('dialog').getByLabel('It works for').selectOption({ label: '90 days' })
      await look(page, 'new SCIM token')
      await page.getByRole('button', { name: 'Make it' }).click()
      const token = (await shown.textContent())?.trim() ?? ''
      await look(page, 'SCIM token, shown once')
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByText('never used').waitFor()

      const directory = scimClient(baseUrl, token)
      const okta = oktaClient(directory)
      const refused = await okta.probe()
      assert.equal(refused.status, 403, JSON.stringify(refused.body))
      await admin.query(`update federation.iam_providers set status = 'active' where id = $1`, [providerId])
      assert.equal((await okta.probe()).status, 200)
      const ada = { login: `ada@${domain}`, givenName: 'Ada', familyName: 'Acme', oktaId: '00uAda' }
      const made = await okta.create(ada)
      assert.equal(made.status, 201, JSON.stringify(made.body))
      assert.equal((await okta.create(ada)).status, 409)
      const invited = { login: asked.email, givenName: 'Otto', familyName: 'Old', oktaId: '00uOtto' }
      assert.equal((await okta.create(invited)).status, 201)
      const gone = { login: `gil@${domain}`, givenName: 'Gil', familyName: 'Gone', oktaId: '00uGil' }
      assert.equal((await okta.deactivate((await okta.create(gone)).body.id)).status, 200)
      const group = await okta.createGroup('Bid managers')
      assert.equal(group.status, 201, JSON.stringify(group.body))
      const members = [{ value: made.body.id, display: 'Ada Acme' }]
      assert.equal((await okta.pushMembers(group.body.id, members)).status, 204)

      await page.reload()
      const standing = page.getByRole('region', { name: 'What it has brought' })
      await standing.getByText('1 active, 1 inactive').waitFor()
      await standing.getByText('1 has to accept an invitation first').waitFor()
      await standing.getByRole('definition').getByText('1', { exact: true }).waitFor()
      const requests = page.getByRole('region', { name: 'Last requests' })
      const rows = requests.getByRole('list', { name: 'Requests' }).getByRole('listitem')
      await rows.filter({ hasText: 'POST /Groups' }).filter({ hasText: '201' }).waitFor()
      await page.getByText(/^used .* from 127\.0\.0\.1$/).waitFor()
      assert.ok(!(await page.content()).includes(token), 'never shown again')
      await look(page, 'provisioning')
      await requests.getByText('Refused', { exact: true }).click()
      await rows.filter({ hasText: 'POST /Groups' }).waitFor({ state: 'detached' })
      await rows.filter({ hasText: 'POST /Users' }).filter({ hasText: '409' }).waitFor()
      await rows.filter({ hasText: 'GET /Users' }).filter({ hasText: '403' }).getByText('switched off').waitFor()
      await look(page, 'provisioning, what was refused')

      const prefix = token.slice(0, 12)
      await page.getByRole('button', { name: `Rotate ${prefix}` }).click()
      await look(page, 'rotate a SCIM token')
      await page.getByRole('button', { name: 'Make the new token' }).click()
      await shown.waitFor()
      const next = (await shown.textContent())?.trim() ?? ''
      assert.notEqual(next, token)
      await page.getByRole('button', { name: 'I have kept it' }).click()
      const tokens = page.getByRole('list', { name: 'Tokens' }).getByRole('listitem')
      await tokens.filter({ hasText: 'replaced' }).waitFor()
      assert.equal(await tokens.count(), 2)
      const oktaNow = oktaClient(scimClient(baseUrl, next))
      assert.deepEqual([(await okta.probe()).status, (await oktaNow.probe()).status], [200, 200])
      await look(page, 'provisioning, a token that was rotated')

      await admin.query(
        `insert into federation.iam_group_mappings (tenant_id, provider_id, external_group_id, external_group_name, internal_role)
         select $1, $2, mapped.group_id, mapped.group_name, role.id
         from (values ('Bid managers', null, 'admin'), ('0f3c-owners', 'The owners', 'owner')) as mapped (group_id, group_name, role)
         join access.roles as role on role.tenant_id = $1 and role.name = mapped.role`,
        [owner.tenantId, providerId],
      )
      await admin.query(
        `update federation.iam_providers
         set configuration = jsonb_set(configuration, '{groups}', '{"source": "scim", "claim": "groups", "format": "name"}')
         where id = $1`,
        [providerId],
      )
      const pause = page.getByText('No group makes anybody an owner now')
      await page.reload()
      await tokens.first().waitFor()
      assert.equal(await pause.count(), 0)
      await admin.query(`update access.api_keys set created_by = $2 where tenant_id = $1`, [
        owner.tenantId,
        asked.userId,
      ])
      await page.reload()
      await pause.waitFor()
      await look(page, 'provisioning, owners paused')

      for (const now of [[], members]) assert.equal((await oktaNow.pushMembers(group.body.id, now)).status, 204)
      const { rows: people } = await admin.query('select id from identity.users where email = $1', [ada.login])
      await page.goto(`/members?member=${people[0].id}`)
      const given = page.getByRole('dialog', { name: 'Member' }).getByRole('checkbox', { name: 'admin' })
      await given.waitFor()
      await page.getByText('Given by the group Bid managers of Acme’s Okta.').waitFor()
      assert.deepEqual([await given.isChecked(), await given.isDisabled()], [true, true])
      await look(page, 'a member whose role a group gives')
      await page.goto(`/identity-providers/${providerId}/provisioning`)

      for (const each of [token, next]) {
        await page.getByRole('button', { name: `Revoke ${each.slice(0, 12)}` }).click()
        if (each === next) await look(page, 'revoke a SCIM token')
        await page.getByRole('button', { name: 'Revoke it' }).click()
        await page.getByText(`The token ${each.slice(0, 12)} is revoked.`).waitFor()
        await closeNotices(page)
      }
      assert.deepEqual([(await okta.probe()).status, (await oktaNow.probe()).status], [401, 401])
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }
})
