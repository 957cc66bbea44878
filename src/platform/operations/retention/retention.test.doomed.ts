// Retention that stops at a given step and waits to be killed.
import { pino } from 'pino'
import { Keyring } from '#platform/crypto'
import { loadConfig } from '../../../main/config.ts'
import { modules } from '../../../main/modules.ts'
import { createApp } from '../../../main/program.ts'
import { runRetention } from './runs.ts'

const given = JSON.parse(process.argv[2] ?? '{}')
const app = createApp({
  settings: loadConfig(modules, { COMMONHOLD_ARCHIVE_DIR: given.folder }).settings,
  login: given.login,
  keyring: Keyring.parse(given.keys),
  log: pino({ level: 'silent' }),
  database: { admin: given.admin, isEmbedded: false, close: async () => {} },
})
await runRetention(app, {
  name: 'identity.login_histories',
  onStep(step) {
    if (step !== given.step) return
    process.stdout.write('there\n')
    // Blocks this thread for good: nothing more is sent to the database, nor written.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
})
