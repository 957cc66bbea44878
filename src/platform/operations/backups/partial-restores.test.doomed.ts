// A restore of one tenant that stops at a given step and waits to be killed.
import { pino } from 'pino'
import { Keyring } from '#platform/crypto'
import { loadConfig } from '../../../main/config.ts'
import { modules } from '../../../main/modules.ts'
import { createApp } from '../../../main/program.ts'
import { restoreTenant } from './tenant-restores.ts'

const given = JSON.parse(process.argv[2] ?? '{}')
const environment = { COMMONHOLD_BACKUP_DIR: given.folder, COMMONHOLD_DATA_DIR: given.dataDirectory }
const app = createApp({
  settings: loadConfig(modules, environment).settings,
  login: given.login,
  keyring: Keyring.parse(given.keys),
  log: pino({ level: 'silent' }),
  database: { admin: given.admin, isEmbedded: false, close: async () => {} },
})
await restoreTenant(app, {
  ...{ slug: given.slug, target: { at: new Date(given.at) }, mode: 'replace', requestedBy: 'somebody doomed' },
  onStep(step) {
    if (step !== given.step) return
    process.stdout.write('there\n')
    // Blocks this thread for good: nothing more is sent to the database, nor written.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  },
})
