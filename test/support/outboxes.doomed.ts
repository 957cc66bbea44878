// Takes over what is in outboxes, again and again, until it is killed.
import { destination } from 'pino'
import { Keyring } from '#platform/crypto'
import { createLogger } from '#platform/http'
import { relayOutboxes } from '#platform/tenancy'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'

const given = JSON.parse(process.argv[2] ?? '{}')
const { settings } = loadConfig(modules, {})
const log = createLogger('silent', destination({ fd: 2, sync: true }))
const app = createApp({ settings, login: given.login, keyring: Keyring.parse(given.keys), log })
for (;;) {
  const relayed = await relayOutboxes(app)
  if (relayed > 0) process.send?.('relayed')
}
