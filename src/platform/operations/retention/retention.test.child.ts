// Retention that stops at a given step and waits to be killed.
import { pino } from 'pino'
import { Keyring } from '#platform/crypto'
import { loadConfig } from '../../../main/config.ts'
import { modules } from '../../../main/modules.ts'
import { createApp } from '../../../main/program.ts'
import { runRetention } from './runs.ts'

const { TEST_KEYS = '', TEST_LOGIN = '', TEST_ADMIN = '', TEST_FOLDER = '', TEST_STEP = '' } = process.env
const app = createApp({
  settings: loadConfig(modules, { COMMONHOLD_ARCHIVE_DIR: TEST_FOLDER }).settings,
  login: JSON.parse(TEST_LOGIN),
  keyring: Keyring.parse(TEST_KEYS),
  log: pino({ level: 'silent' }),
  database: { admin: JSON.parse(TEST_ADMIN), isEmbedded: false, close: async () => {} },
})
await runRetention(app, {
  name: 'identity.login_histories',
  onStep(step) {
    if (step !== TEST_STEP) return
    process.stdout.write('there\n')
    // Blocks this thread for good: nothing more is sent to the database, nor written.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
})
