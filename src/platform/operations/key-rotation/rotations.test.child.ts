// A rotation that stops in the middle and waits to be killed.
import { pino } from 'pino'
import { Keyring } from '#platform/crypto'
import { loadConfig } from '../../../main/config.ts'
import { modules } from '../../../main/modules.ts'
import { createApp } from '../../../main/program.ts'
import { rotateKeys } from './rotations.ts'

const { TEST_KEYS = '', TEST_LOGIN = '', TEST_ADMIN = '' } = process.env
const app = createApp({
  settings: loadConfig(modules, {}).settings,
  login: JSON.parse(TEST_LOGIN),
  keyring: Keyring.parse(TEST_KEYS),
  log: pino({ level: 'silent' }),
  database: { admin: JSON.parse(TEST_ADMIN), isEmbedded: false, close: async () => {} },
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
