import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { registerPlanCommands, registerUsageCommands } from './commands.ts'
import type { Limits } from './limits.ts'
import type { Plan } from './plans.ts'

const { app, admin, alice, bob } = await testWorld()
const slugOf = async (tenantId: string) =>
  (await admin.query('select slug from tenancy.tenants where id = $1', [tenantId])).rows[0].slug as string

/** What a command writes to stdout. */
async function run(...words: string[]): Promise<string> {
  const ran = await runCommand(program => {
    commandsOn(app, registerUsageCommands)(program.command('usage'))
    commandsOn(app, registerPlanCommands)(program.command('plans'))
  }, words)
  return ran.written
}

const refusal = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

test('AG-02 AG-07 plans are made, changed and given at the command line', async () => {
  const [mine, theirs] = [await slugOf(alice.tenantId), await slugOf(bob.tenantId)]
  const made = JSON.parse(
    await run('plans', 'create', 'team', '--limit', 'contractors.lists=5', '--soft', 'http.requests=1000', '--json'),
  ) as Plan
  assert.deepEqual(made.limits, [
    { limit: 5, isHard: true, metric: 'contractors.lists' },
    { limit: 1000, isHard: false, metric: 'http.requests' },
  ])
  assert.match(
    await run('plans', 'set', mine, 'team', '--status', 'trialing', '--trial-until', '2027-01-31T00:00:00Z'),
    /^team \(trialing, trial until 2027-01-31/,
  )
  const shown = JSON.parse(await run('usage', 'show', mine, '--json')) as Limits
  assert.equal(shown.limits.find(({ metric }) => metric === 'contractors.lists')?.limit, 5)
  assert.match(
    await run('usage', 'show', theirs),
    /^Standard \(active\)\n/,
    'control: another workspace keeps its plan',
  )
  assert.match(
    await run('plans', 'change', 'team', '--limit', 'contractors.lists=7', '--display-name', 'Team'),
    /contractors\.lists +7\n$/,
  )
  assert.match(
    await run('plans', 'list'),
    /^standard: Standard \(default, 1 workspace\)\n {2}no limits\nteam: Team \(1 workspace\)/,
  )
})

test('AG-07 what is mistyped at the command line is refused by name', async () => {
  const mine = await slugOf(alice.tenantId)
  await assert.rejects(run('plans', 'create', 'odd', '--limit', 'many'), refusal('usage.limit_malformed'))
  await assert.rejects(run('plans', 'create', 'odd', '--limit', 'no.such=1'), refusal('usage.metric_unknown'))
  await assert.rejects(run('plans', 'set', mine, 'none'), refusal('usage.plan_not_found'))
  await assert.rejects(run('plans', 'set', 'nobody', 'team'), refusal('usage.tenant_not_found'))
  await assert.rejects(run('plans', 'set', mine, 'team', '--status', 'paid'), refusal('usage.status_unknown'))
  await assert.rejects(run('plans', 'set', mine, 'team', '--status', 'trialing'), refusal('usage.trial_end_missing'))
  await assert.rejects(run('usage', 'show', 'nobody'), refusal('usage.tenant_not_found'))
})
