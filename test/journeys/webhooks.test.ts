import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'
import { buildConsole, consoleDirectory } from '../../src/main/console-build.ts'
import { reasonToSkip } from './browser.ts'
import { enter, look, type Size, sizes, useBrowser } from './journey.ts'

const skip = reasonToSkip()
if (!skip) await buildConsole(AbortSignal.timeout(120_000), () => {})
const world = await testWorld({ consoleDirectory, environment: { COMMONHOLD_OUTGOING_ALLOW: '127.0.0.0/8' } })
const { alice, baseUrl } = world

let status = 200
const system = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(status).end('thank you'))
})
await new Promise<void>(resolve => system.listen(0, '127.0.0.1', resolve))
after(() => system.close())

describe('webhooks', { skip }, () => {
  const { open } = useBrowser(baseUrl)

  for (const size of Object.keys(sizes) as Size[]) {
    it(`MT-19 on a ${size} a webhook is made, tried, and what failed is looked at and sent again`, async () => {
      const url = `http://127.0.0.1:${(system.address() as AddressInfo).port}/${size}`
      const { context, page, complaints } = await open(size)
      await enter(page, alice, '/webhooks')
      await page
        .getByText(/No webhook yet|\/desktop/)
        .first()
        .waitFor()
      await look(page, 'webhooks, at first')
      await page.getByRole('button', { name: 'New webhook' }).click()
      const form = page.getByRole('dialog', { name: 'New webhook' })
      await form.getByLabel('Address').fill('example.com')
      await form.getByRole('radio', { name: 'Only what is chosen here' }).check()
      await form.getByRole('button', { name: 'Make it' }).click()
      await form.getByText('Choose at least one event.').waitFor()
      await form.getByText('Enter an address that begins with https://').waitFor()
      await look(page, 'new webhook')
      await form.getByLabel('Address').fill(url)
      await form.getByRole('checkbox', { name: 'contractors.list.created' }).check()
      await form.getByRole('button', { name: 'Make it' }).click()
      const secret = page.getByRole('status', { name: 'Signing secret' })
      assert.match((await secret.textContent()) ?? '', /^whsec_/)
      await look(page, 'webhook secret')
      await page.getByRole('button', { name: 'I have kept it' }).click()
      await page.getByRole('link', { name: url }).click()
      await page.getByText('Nothing was sent yet').waitFor()
      await look(page, 'webhook, at first')

      status = 500
      await page.getByRole('button', { name: 'Send a test' }).click()
      await page.getByText('A test is on its way.').waitFor()
      await runJobs(world)
      await page.getByRole('button', { name: 'Look again' }).click()
      await page.getByText('it answered 500').first().waitFor()
      status = 200
      await page.getByRole('button', { name: 'webhooks.test' }).click()
      const sheet = page.getByRole('dialog', { name: 'Delivery' })
      await sheet.getByText('This is a test.').waitFor()
      await look(page, 'webhook delivery')
      await sheet.getByRole('button', { name: 'Send it again' }).click()
      await page.getByText('It is on its way once more.').waitFor()
      await runJobs(world)
      await page.keyboard.press('Escape')
      await sheet.waitFor({ state: 'hidden' })
      await page.getByRole('button', { name: 'Look again' }).click()
      await page.getByRole('listitem').getByText('Delivered', { exact: true }).first().waitFor()
      await look(page, 'webhook')
      await page.getByRole('button', { name: 'Switch off' }).click()
      await page.getByText('It is switched off', { exact: true }).waitFor()
      await look(page, 'webhook, switched off')
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }
})
