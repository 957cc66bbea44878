import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { signIn as enter, joinAs, newPerson, type Person, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { checkAccess, checkWidths, hearComplaints, openBrowser, patience, reasonToSkip } from './browser.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { alice, viewer, baseUrl } = world
/** Where to put pictures of the pages; none are taken unless told. */
const pictures = process.env.COMMONHOLD_TEST_PICTURES

describe('roles in the console', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser?.close())

  const visit = async (person: Person) => {
    const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    const complaints = hearComplaints(page)
    await page.goto('/sign-in')
    await page.getByLabel('E-mail').fill(person.email)
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Sign in' }).waitFor()
    return { page, complaints, leave: () => context.close() }
  }

  it('MT-20 an owner makes a role, says what it permits, gives it to new members, sees why, and removes it', async () => {
    const { page, complaints, leave } = await visit(alice)
    await page.getByRole('link', { name: 'Roles' }).click()
    await page.getByRole('heading', { name: 'Only the built-in roles so far' }).waitFor()
    await look(page, 'roles')

    await page.getByRole('button', { name: 'Make a role' }).click()
    const dialog = page.getByRole('dialog', { name: 'Make a role' })
    await dialog.getByLabel('Name').fill('Scout')
    await dialog.getByLabel('Start from').selectOption({ label: 'Viewer' })
    await look(page, 'role-new')
    await dialog.getByRole('button', { name: 'Make the role' }).click()
    await page.getByRole('heading', { level: 1, name: /^Scout/ }).waitFor()
    await page.getByText('Nobody has this role.').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true, 'nothing is changed yet')
    await page.getByRole('checkbox', { name: /^Make and change roles/ }).check()
    await page.getByLabel('What it is for').fill('Looks for partners')
    await page.getByLabel('What tokens carry at most').fill('contractors.*')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The role Scout is saved.').waitFor()
    await look(page, 'role')
    await page.getByRole('button', { name: 'Give to new members' }).click()
    await page.getByText('Given to new members').waitFor()

    const ada = await newPerson(world, { fullName: 'Ada Lovelace' })
    await joinAs(world, ada.userId, alice.tenantId, 'Scout')
    await page.reload()
    await page.getByRole('button', { name: 'Why may Ada Lovelace do something?' }).click()
    const why = page.getByRole('dialog', { name: 'What may Ada Lovelace do, and why?' })
    await why.getByLabel('Permission').selectOption('access.roles.write')
    await why.getByText('Ada Lovelace may, by the role Scout.').waitFor()
    await look(page, 'role-why')
    await why.getByLabel('Permission').selectOption('tenancy.security.write')
    await why.getByText('It would be permitted by the role owner or admin.').first().waitFor()
    await look(page, 'role-why-not')
    await why.getByRole('button', { name: 'Close' }).click()

    await page.goto('/roles')
    await page.getByRole('link', { name: 'Member', exact: true }).click()
    await page.getByText('Built-in roles are the same in every workspace.').waitFor()
    assert.equal(await page.getByRole('checkbox').first().isDisabled(), true)
    await look(page, 'role-built-in')
    await page.getByRole('button', { name: 'Give to new members' }).click()
    await page.getByText('Given to new members').waitFor()

    await page.goto('/roles')
    await page.getByRole('link', { name: 'Scout' }).click()
    await page.getByRole('button', { name: 'Remove' }).click()
    const removal = page.getByRole('dialog', { name: 'Remove the role Scout?' })
    assert.equal(await removal.getByRole('button', { name: 'Remove the role' }).isDisabled(), true, 'Ada has it')
    await removal.getByLabel('They get').selectOption({ label: 'Viewer' })
    await look(page, 'role-removal')
    await removal.getByRole('button', { name: 'Remove the role' }).click()
    await page.getByRole('heading', { level: 1, name: 'Roles' }).waitFor()
    await page.getByRole('link', { name: 'Viewer' }).click()
    await page.getByText('Ada Lovelace').waitFor()
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('MT-20 what one does not hold oneself cannot be ticked, and a role beyond one’s own is shown and fixed', async () => {
    const post = (body: object) => alice.fetch('/roles', { method: 'POST', body })
    await post({ name: 'Keeper', permissions: ['access.roles.read', 'access.roles.write'] })
    await post({ name: 'Strong', permissions: ['tenancy.security.write'] })
    const person = await newPerson(world, { fullName: 'Kim Keeper' })
    await joinAs(world, person.userId, alice.tenantId, 'Keeper')
    const { page, complaints, leave } = await visit(await enter(baseUrl, person, alice.tenantId))
    await page.goto('/roles')
    await page.getByRole('link', { name: 'Keeper' }).click()
    const lacking = page.getByRole('checkbox', { name: /rules for the security of the workspace/ }).last()
    assert.equal(await lacking.isDisabled(), true)
    await page.getByText('You do not hold this yourself').first().waitFor()
    await look(page, 'role-limited')
    await page.getByRole('link', { name: 'All roles' }).click()
    await page.getByRole('link', { name: 'Strong' }).click()
    await page.getByText('It permits more than you may yourself: tenancy.security.write.').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0)
    await look(page, 'role-beyond')
    assert.deepEqual(complaints, [])
    await leave()
  })

  it('MT-20 who may not see roles is told so', async () => {
    const { page, leave } = await visit(viewer)
    assert.equal(await page.getByRole('link', { name: 'Roles' }).count(), 0)
    await page.goto('/roles')
    await page.getByRole('heading', { name: 'This is not open to your role' }).waitFor()
    await leave()
  })
})

/** For everybody's eyes and means: axe in both schemes, widths, and pictures if they are wanted. */
async function look(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await checkAccess(page, name)
  await checkWidths(page, name)
  if (pictures === undefined) return
  const usual = page.viewportSize() ?? { width: 1280, height: 800 }
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 844 })
      await page.waitForTimeout(350)
      await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true })
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(usual)
}
