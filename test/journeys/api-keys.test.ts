import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { joinAs, newPerson, testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory })
const { alice, baseUrl } = world

describe('API keys', { skip }, () => {
  const { open } = useBrowser(baseUrl)
  const call = (key: string) =>
    fetch(`${baseUrl}/api/v1/contractor-lists`, { headers: { authorization: `Bearer ${key}` } })

  for (const size of Object.keys(sizes) as Size[]) {
    it(`MT-20 on a ${size} a service account gets a key that is shown once, rotated and revoked`, async () => {
      const name = `Nightly sync ${size}`
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/api-keys')
      await look(page, 'API keys, at first')
      await page.getByRole('button', { name: 'New service account' }).click()
      const form = page.getByRole('dialog', { name: 'New service account' })
      await form.getByLabel('Name', { exact: true }).fill(name)
      await form.getByLabel('What it is for').fill('Copies the lists into the data warehouse')
      await form.getByRole('checkbox', { name: 'viewer' }).check()
      await look(page, 'new service account')
      await form.getByRole('button', { name: 'Make it' }).click()
      const account = page.getByRole('article', { name })
      await account.getByRole('button', { name: 'New key' }).click()
      const keyForm = page.getByRole('dialog', { name: `New key of ${name}` })
      await keyForm.getByLabel('Name', { exact: true }).fill('Warehouse')
      await keyForm.getByRole('button', { name: 'Make the key' }).click()
      await keyForm.getByText('Choose at least one scope.').waitFor()
      await keyForm
        .getByRole('combobox', { name: 'Scopes' })
        .or(keyForm.getByRole('textbox', { name: 'Scopes' }))
        .first()
        .click()
      await page.getByRole('option', { name: 'contractors.*' }).click()
      // The open list is walked with the arrow keys of the field, which axe does not know.
      await keyForm.getByLabel('Name', { exact: true }).click()
      await look(page, 'new API key')
      await keyForm.getByRole('button', { name: 'Make the key' }).click()
      const shown = page.getByRole('status', { name: 'API key' })
      const key = (await shown.textContent())?.trim() ?? ''
      assert.match(key, /^chk_/)
      await look(page, 'API key, shown once')
      await page.getByRole('button', { name: 'I have kept it' }).click()
      assert.equal((await call(key)).status, 200)
      await page.reload()
      const row = account.getByRole('listitem').filter({ hasText: 'Warehouse' })
      await row.getByText(/used/).waitFor()
      assert.ok(!(await page.content()).includes(key), 'never shown again')
      await look(page, 'API keys')

      await row.getByRole('button', { name: 'Rotate Warehouse' }).click()
      await page.getByLabel('The old key').selectOption({ label: 'Ends at once' })
      await look(page, 'rotate an API key')
      await page.getByRole('button', { name: 'Make the new key' }).click()
      const next = (await shown.textContent())?.trim() ?? ''
      assert.notEqual(next, key)
      await page.getByRole('button', { name: 'I have kept it' }).click()
      assert.deepEqual([(await call(key)).status, (await call(next)).status], [401, 200])

      await account
        .getByRole('listitem')
        .filter({ hasText: next.slice(0, 12) })
        .getByRole('button', { name: 'Revoke Warehouse' })
        .click()
      await page.getByRole('button', { name: 'Revoke the key' }).click()
      await page.getByText('The key “Warehouse” is revoked.').waitFor()
      assert.equal((await call(next)).status, 401)
      await account.getByRole('button', { name: `Change ${name}` }).click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
      await page.getByRole('button', { name: 'Delete it' }).click()
      await account.waitFor({ state: 'detached' })
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  it('MT-20 a member makes keys of his own and sees no service accounts', async () => {
    const person = await newPerson(world)
    await joinAs(world, person.userId, alice.tenantId, 'member')
    const { context, page, complaints } = await open('desktop')
    await enter(page, person, '/api-keys')
    await page.getByText('You have no key').waitFor()
    assert.equal(await page.getByRole('region', { name: 'Service accounts' }).count(), 0)
    await page.getByRole('button', { name: 'New key of mine' }).click()
    const form = page.getByRole('dialog', { name: 'New key of mine' })
    await form.getByLabel('Name', { exact: true }).fill('Script')
    await form.getByRole('radio', { name: 'All that I may' }).check()
    await form.getByRole('button', { name: 'Make the key' }).click()
    const key = (await page.getByRole('status', { name: 'API key' }).textContent())?.trim() ?? ''
    await page.getByRole('button', { name: 'I have kept it' }).click()
    assert.equal((await call(key)).status, 200)
    await look(page, 'API keys of a member')
    assert.deepEqual(complaints, [])
    await context.close()
  })
})
