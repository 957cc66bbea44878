// A rotation that stops in the middle and waits to be killed.
import { pino } from 'pino'
import { Keyring } from '#platform/crypto'
import { loadConfig } from '../../../main/config.ts'
import { modules } from '../../../main/modules.ts'
import { createApp } from '../../../main/program.ts'
import { rotateKeys } from './rotations.ts'

const given = JSON.parse(process.argv[2] ?? '{}')
const app = createApp({
  settings: loadConfig(modules, {}).settings,
  login: given.login,
  keyring: Keyring.parse(given.keys),
  log: pino({ level: 'silent' }),
  database: { admin: given.admin, isEmbedded: false, close: async () => {} },
})
await rotateKeys(app, {
  requestedBy: 'a test',
  progress(line) {
    if (!line.startsWith('webhooks.endpoints.secret_encrypted')) return
    process.stdout.write('half\n')
    // Blocks this thread for good: nothing more is sent to the database.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
})
