import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { joinAs, newPerson, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { admin, baseUrl } = world

async function workspace(tenantName: string) {
  const owner = await newPerson(world, { fullName: 'Olive Owner', tenantName })
  const ada = await newPerson(world, { fullName: 'Ada Lovelace' })
  const grace = await newPerson(world, { fullName: 'Grace Hopper' })
  await joinAs(world, ada.userId, owner.tenantId, 'member')
  await joinAs(world, grace.userId, owner.tenantId, 'viewer')
  return { owner, ada, grace }
}

const pressed = (page: Page, ...keys: string[]) =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())

describe('members and organizations in the console', { skip }, () => {
  const browser = useBrowser(baseUrl)
  for (const size of Object.keys(sizes) as Size[]) {
    it(`GG-04 MT-13 on a ${size} an owner finds a member, gives another role and a last day, and removes him`, async () => {
      const { owner, ada, grace } = await workspace(`Members ${size}`)
      const { context, page, complaints } = await browser.open(size)
      await enter(page, owner, '/members')
      await page.getByRole('button', { name: 'Ada Lovelace' }).waitFor()
      await look(page, 'members')
      await page.getByLabel('Name or address').fill('grace')
      await page.getByRole('button', { name: 'Ada Lovelace' }).waitFor({ state: 'detached' })
      await page.getByLabel('Name or address').fill('')

      await page.getByRole('button', { name: 'Ada Lovelace' }).click()
      const sheet = page.getByRole('dialog', { name: 'Member' })
      await sheet.getByRole('checkbox', { name: 'admin' }).check()
      await sheet.getByRole('switch', { name: 'The membership ends' }).setChecked(true)
      await look(page, 'member')
      await sheet.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Ada Lovelace is saved.').waitFor()
      const { rows } = await admin.query(
        `select expires_at, (select count(*)::int from access.user_tenant_roles as held where held.user_tenant_id = m.id) as roles
         from tenancy.user_tenants as m where user_id = $1`,
        [ada.userId],
      )
      assert.equal(rows[0].roles, 2)
      assert.ok(rows[0].expires_at > new Date(Date.now() + 29 * 86_400_000))

      await page.goto(`/members?member=${grace.userId}`)
      await sheet.getByRole('button', { name: 'Remove Grace Hopper' }).click()
      const asked = sheet.getByRole('region', { name: 'Remove from the workspace' })
      await asked.getByText('loses access').waitFor()
      await look(page, 'member-removal')
      await asked.getByLabel('Reason').fill('Left the company')
      await asked.getByRole('button', { name: 'Remove', exact: true }).click()
      await page.getByText('Grace Hopper is no longer a member.').waitFor()
      await page.getByRole('button', { name: 'Grace Hopper' }).waitFor({ state: 'detached' })
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-05 on a ${size} organizations are made, walked by keys, moved, and people put into them`, async () => {
      const { owner } = await workspace(`Organizations ${size}`)
      const { context, page, complaints } = await browser.open(size)
      await enter(page, owner, '/organizations')
      await page.getByRole('heading', { name: 'There are no organizations yet' }).waitFor()
      await look(page, 'organizations-none')
      const shut = async () => {
        if (size === 'phone') await page.getByRole('button', { name: 'All organizations' }).click()
      }
      const make = async (name: string) => {
        const form = page.getByRole('dialog', { name: /^New organization/ })
        await form.getByLabel('Name').fill(name)
        await form.getByRole('button', { name: 'Save' }).click()
        await page.getByText(`${name} is saved.`).waitFor()
        await form.waitFor({ state: 'detached' })
      }
      const act = async (item: string) => {
        await page.getByRole('button', { name: 'Actions' }).click()
        await page.getByRole('menuitem', { name: item, exact: true }).click()
      }
      await page.getByRole('button', { name: 'New organization' }).click()
      await make('Company')
      await act('New organization below')
      await make('Sales')
      await act('New organization below')
      await make('Europe')
      await shut()

      const node = (name: string) => page.getByRole('treeitem', { name: new RegExp(`^${name} `) })
      await node('Company').focus()
      await pressed(page, 'ArrowLeft')
      await node('Sales').waitFor({ state: 'detached' })
      await pressed(page, 'ArrowRight', 'ArrowRight', 'ArrowDown')
      assert.equal(await node('Europe').evaluate(item => item === document.activeElement), true)
      await pressed(page, 'ArrowLeft', 'Home', 'End', 'Enter')
      await page.getByRole('heading', { level: 2, name: 'Europe' }).waitFor()

      await page.getByRole('combobox', { name: 'Add somebody' }).fill('ada')
      await page.getByRole('option', { name: /^Ada Lovelace/ }).click()
      await page.getByText('Ada Lovelace belongs to it now.').waitFor()
      await page.getByLabel('What Ada Lovelace is here').selectOption('admin')
      await look(page, 'organization')

      await act('Move')
      const moving = page.getByRole('dialog', { name: 'Move Europe' })
      await moving.getByLabel('Below').selectOption({ label: 'Company' })
      await moving.getByRole('button', { name: 'Move' }).click()
      await page.getByText('Europe is moved.').waitFor()
      await shut()
      await page.locator('[role=treeitem][aria-level="2"]').nth(1).waitFor()
      await look(page, 'organizations')
      const { rows } = await admin.query(
        `select place.role from tenancy.user_organizations as place where place.tenant_id = $1`,
        [owner.tenantId],
      )
      assert.deepEqual(rows, [{ role: 'admin' }])
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it(`GG-04 on a ${size} one chooses where to start, and leaves a workspace`, async () => {
      const { owner, ada } = await workspace(`Starting ${size}`)
      const other = await newPerson(world, { tenantName: `Second ${size}` })
      await joinAs(world, ada.userId, other.tenantId, 'viewer')
      const { context, page, complaints } = await browser.open(size)
      await enter(page, ada, '/account/workspaces')
      await page.getByRole('button', { name: `Make default: Second ${size}` }).click()
      await page.getByText(`From now on you start in Second ${size}.`).waitFor()
      await look(page, 'workspaces')
      await page.getByRole('button', { name: `Leave Second ${size}` }).click()
      const asked = page.getByRole('dialog', { name: `Leave Second ${size}?` })
      await look(page, 'workspace-leaving')
      await asked.getByRole('button', { name: 'Leave', exact: true }).click()
      await page.getByRole('button', { name: `Leave Second ${size}` }).waitFor({ state: 'detached' })
      const { rows } = await admin.query('select tenant_id from tenancy.user_tenants where user_id = $1', [ada.userId])
      assert.deepEqual(rows, [{ tenant_id: owner.tenantId }])
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }
})
