import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { findGuardFaults } from '#platform/audit'
import { statementsOf } from '#platform/database'
import { testWorld } from '#test/world.ts'
import { examine } from './examinations.ts'

const { admin, adminConfig, app } = await testWorld()
const look = () => examine(app, { only: 'audit.guards' })
const [{ name: month }] = (
  await admin.query(`select inhrelid::regclass::text as name from pg_inherits
    where inhparent = 'audit.audit_logs'::regclass order by 1 limit 1`)
).rows
const [{ database }] = (await admin.query('select current_database() as database')).rows
const lists = 'contractors.contractor_lists'

/** The trigger of a tracked table made otherwise than it was. */
function tracking(event: string, each: string) {
  const make = (event: string, each: string) => `drop trigger audit_update on ${lists};
    create trigger audit_update after ${event} on ${lists}
    for ${each} execute function audit.track_contractors_contractor_lists()`
  return {
    make: make(event, each),
    undo: make('update', 'each row'),
    object: `${lists}.audit_update`,
    says: /not every change is logged/,
  }
}

/** What a superuser can do so that nothing, or something else, gets into the log; how it is undone, and what is said. */
const attacks: Readonly<Record<string, { make: string; undo: string; object: string; says: RegExp }>> = {
  'the guard of a month is switched off': {
    make: `alter table ${month} disable trigger append_only`,
    undo: `alter table ${month} enable always trigger append_only`,
    object: month,
    says: /entries can be changed/,
  },
  'the guard of a month fires no more where triggers do not': {
    make: `alter table ${month} enable trigger append_only`,
    undo: `alter table ${month} enable always trigger append_only`,
    object: month,
    says: /entries can be changed/,
  },
  'the guard of a month is made again against truncation alone': {
    make: `drop trigger append_only on ${month};
      create trigger append_only before truncate on ${month} for each statement execute function audit.refuse_change();
      alter table ${month} enable always trigger append_only`,
    undo: `drop trigger append_only on ${month};
      create trigger append_only before update or delete or truncate on ${month}
      for each statement execute function audit.refuse_change();
      alter table ${month} enable always trigger append_only`,
    object: month,
    says: /entries can be changed/,
  },
  'a trigger of somebody else stands before the log': {
    make: `create function public.swallow() returns trigger language plpgsql as 'begin return null; end';
      create trigger swallow before insert on audit.audit_logs for each row execute function public.swallow()`,
    undo: 'drop function public.swallow cascade',
    object: 'audit.audit_logs.swallow',
    says: /none of ours/,
  },
  'a rule takes the seals away': {
    make: 'create rule swallow as on insert to audit.seals do instead nothing',
    undo: 'drop rule swallow on audit.seals',
    object: 'audit.seals.swallow',
    says: /none of ours/,
  },
  'the trigger of a tracked table has a condition': tracking('update', "each row when (new.name = 'x')"),
  'the trigger of a tracked table looks at some columns': tracking('update of name', 'each row'),
  'the trigger of a tracked table fires at something else': tracking('insert', 'each row'),
  'the trigger of a tracked table fires once for a statement, and sees no row': tracking('update', 'each statement'),
  'the log is sealed up to what has not happened yet, as after a dump that another server has read': {
    make: `update audit.sealing set sealed = '9999999999:9999999999:'`,
    undo: 'update audit.sealing set sealed = pg_current_snapshot()',
    object: 'audit.sealing',
    says: /up to transaction 9999999999, and this server is at \d+ only/,
  },
  'triggers are switched off for a role': {
    make: `alter role commonhold_readonly in database "${database}" set session_replication_role = 'replica'`,
    undo: `alter role commonhold_readonly in database "${database}" reset session_replication_role`,
    object: 'commonhold_readonly',
    says: /no change is logged/,
  },
  'triggers are switched off for the database': {
    make: `alter database "${database}" set session_replication_role = 'replica'`,
    undo: `alter database "${database}" reset session_replication_role`,
    object: 'the database',
    says: /no change is logged/,
  },
}

for (const [what, { make, undo, object, says }] of Object.entries(attacks)) {
  test(`PE-07 the doctor names it when ${what}`, async () => {
    assert.deepEqual(await look(), [], 'control: as the migrations leave it')
    await admin.query(make)
    try {
      const found = await look()
      const meant = found.find(each => each.object === object)
      assert.ok(meant, found.map(each => each.message).join(' '))
      assert.equal(meant.severity, 'critical')
      // A trigger of a partitioned table is one of each month too; beside these there is nothing.
      for (const each of found) assert.match(each.message, says)
    } finally {
      await admin.query(undo)
    }
    assert.deepEqual(await look(), [], 'gone with what made it')
  })
}

test('PE-07 the doctor says where triggers are switched off, and how to undo it; where they still fire there is nothing', async () => {
  const set = 'set session_replication_role ='
  const attempts = [
    [`alter role all ${set} replica`, 'all roles', /^alter role all reset/],
    [`alter role commonhold_readonly ${set} 'REPLICA'`, 'commonhold_readonly', /^alter role commonhold_readonly reset/],
    [`alter role commonhold_readonly in database "${database}" ${set} replica`, 'commonhold_readonly', /in database/],
    [`alter role all in database "${database}" ${set} replica`, 'the database', /^alter database/],
    [`alter role all ${set} local`, undefined, undefined],
    [`alter role all ${set} origin`, undefined, undefined],
  ] as const
  for (const [attempt, object, advice] of attempts) {
    // Never committed: it would reach every connection to this server.
    await admin.query(`begin; ${attempt}`)
    const found = await findGuardFaults(statementsOf(admin)).finally(() => admin.query('rollback'))
    assert.deepEqual(
      found.map(each => each.object),
      object === undefined ? [] : [object],
      attempt,
    )
    if (advice) assert.match(found[0]?.advice ?? '', advice)
  }
  for (const value of ['replica', 'local']) {
    const client = new pg.Client({ ...adminConfig, options: `-c session_replication_role=${value}` })
    await client.connect()
    const found = await findGuardFaults(statementsOf(client)).finally(() => client.end())
    assert.deepEqual(
      found.map(each => each.object),
      value === 'replica' ? ['this connection'] : [],
    )
  }
})
