// Moves a tenant and is killed at the step that it is told, as by kill -9.
import { destination } from 'pino'
import { Keyring } from '#platform/crypto'
import { createLogger } from '#platform/http'
import { finishMove, moveTenant, undoMove } from '#platform/tenancy'
import { loadConfig } from '../../src/main/config.ts'
import { modules } from '../../src/main/modules.ts'
import { createApp } from '../../src/main/program.ts'

const given = JSON.parse(process.argv[2] ?? '{}')
const { settings } = loadConfig(modules, {})
const log = createLogger('silent', destination({ fd: 2, sync: true }))
const app = createApp({ settings, login: given.login, keyring: Keyring.parse(given.keys), log })
if (!app.placements) throw new Error('No placements')
const options = {
  placements: app.placements,
  main: given.main,
  tenantId: given.tenantId,
  heardAfter: 100,
  onStep: (step: string) => {
    if (step === given.dieAt) process.kill(process.pid, 'SIGKILL')
  },
}
if (given.what === 'finish') await finishMove(options)
else if (given.what === 'undo') await undoMove(options)
else await moveTenant(options, given.targetId)
await app.db.close()
