import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'
import { demonstrateAssignments } from './demonstration.ts'
import { listRuns } from './planning/runs.ts'

const world = await testWorld()
const { app, admin, alice, bob, viewer } = world

test('VS-04 VS-11 a hostel, a clinic and a conference come with months of rounds, this week, the next and a draft; twice is once', async () => {
  const known = { today: '2027-03-31', timeZone: 'Europe/Berlin' }
  const load = () =>
    demonstrateAssignments(app, alice.scope, {
      ...known,
      memberOf: new Map([['clara@harbour.example', viewer.userId]]),
    })
  await load()
  const count = () =>
    app.db.scoped(alice.scope).run<Record<string, unknown>>(sql`
      select
        domain.name,
        count(*) filter (where round.status = 'completed' and round.published_at is not null)::integer as completed,
        count(*) filter (where round.status = 'active' and round.published_at is not null)::integer as running,
        count(*) filter (where round.published_at is null)::integer as drafts,
        bool_and(round.plan_status <> 'infeasible' and round.revision > 0) as planned
      from assignments.domains as domain
      join assignments.assignments as round on round.tenant_id = domain.tenant_id and round.domain_id = domain.id
      group by domain.name
      order by domain.name
    `)
  const made = await count()
  assert.deepEqual(made, [
    { name: 'clinic', completed: 10, running: 2, drafts: 1, planned: true },
    { name: 'conference', completed: 2, running: 0, drafts: 1, planned: true },
    { name: 'hostel', completed: 18, running: 2, drafts: 1, planned: true },
  ])
  const [draft] = await app.db.scoped(alice.scope).run<{ id: string }>(sql`
    select id from assignments.assignments where published_at is null limit 1`)
  const { items } = await listRuns(app.db.scoped(alice.scope), draft?.id ?? '', { limit: 5 })
  assert.equal(items[0]?.planStatus, 'optimal', 'a draft has a run with its proof')
  await runJobs(world)
  const told = await admin.query(
    `select kind from notifications.notifications where user_id = $1 and kind like 'assignments.%'`,
    [viewer.userId],
  )
  assert.equal(told.rows.length, 2, 'the member who is a nurse is told of this week and the next alone')
  await load()
  assert.deepEqual(await count(), made)
  const foreign = await app.db.scoped(bob.scope).run(sql`select from assignments.domains`)
  assert.equal(foreign.length, 0)
})
