import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'

// So that plain http is taken at all; what the setting names stands nowhere below.
const world = await testWorld({ environment: { COMMONHOLD_OUTGOING_ALLOW: '203.0.113.7' } })
const { admin, alice } = world

/** A service inside that nobody outside may speak to. */
let spoken = 0
const inside = createServer((_request, response) => {
  spoken++
  response.end('secret')
})
await new Promise<void>(resolve => inside.listen(0, resolve))
after(() => inside.close())
const { port } = inside.address() as AddressInfo

test('MT-19 GHSA-5rr4-8452-hf4v no webhook reaches this machine, its networks or a metadata service, however it is written', async () => {
  const control = await fetch(`http://127.0.0.1:${port}/`)
  assert.equal(await control.text(), 'secret', 'control: the service is there')
  spoken = 0
  const hosts = [
    '127.0.0.1',
    'localhost',
    '0.0.0.0',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '[::1]',
    '[::]',
    '[::ffff:7f00:1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '[fd00::1]',
    '[fe80::1]',
  ]
  // A person may send so many tests a minute.
  const secure = ['127.0.0.1', '[::ffff:7f00:1]', '169.254.169.254', 'localhost']
  for (const [scheme, named] of Object.entries({ http: hosts, https: secure })) {
    for (const host of named) {
      const body = { url: `${scheme}://${host}:${port}/`, eventTypes: ['*'] }
      const made = await alice.fetch('/webhooks', { method: 'POST', body })
      assert.equal(made.status, 201, host)
      const { id } = (await made.json()) as { id: string }
      await alice.fetch(`/webhooks/${id}/test`, { method: 'POST' })
      await runJobs(world)
      const { rows } = await admin.query(
        `select attempt.error, attempt.response, delivery.status
         from webhooks.attempts as attempt
         join webhooks.deliveries as delivery on delivery.id = attempt.delivery_id
         where delivery.endpoint_id = $1`,
        [id],
      )
      assert.equal(rows.length, 1, `${scheme} ${host}`)
      assert.deepEqual([rows[0].response, rows[0].status], [null, 'failed'], `${scheme} ${host}: ${rows[0].error}`)
      await alice.fetch(`/webhooks/${id}`, { method: 'DELETE' })
    }
  }
  assert.equal(spoken, 0)
})
