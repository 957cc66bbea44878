import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CamelCasePlugin } from 'kysely'
import { testDatabase } from '#test/database.ts'
import { emptyTestDatabase } from '#test/migrations.ts'
import { readCatalog } from '../src/platform/database/catalog.ts'
import { dumpSchema, generateTypes } from '../src/platform/database/dump.ts'
import { migrateDatabase, revertMigrations } from '../src/platform/database/migrate.ts'
import { type Migration, readMigrations, requireDowns } from '../src/platform/database/migration-files.ts'
import { applyMigration, revertMigration } from '../src/platform/database/migration-runs.ts'
import { asMigrator, databaseFolder } from '../src/platform/database/migrator.ts'
import { splitStatements } from '../src/platform/database/statements.ts'
import { camelCaseOf } from '../src/platform/database/values.ts'

// What the migrations made: they have just been applied to the template that it is a clone of.
const migrated = await testDatabase()

test('GG-14 every migration has a file that undoes it', async () => {
  requireDowns(await readMigrations(join(databaseFolder, 'migrations')))
})

test('GG-14 the migrations up, down and up again give the same database', async t => {
  const { admin, client } = await emptyTestDatabase(t)
  await migrateDatabase({ admin, to: '20261121_100000' })
  await revertMigrations({ admin, to: '0' })
  const nothing = dumpSchema(await readCatalog(client))
  const { applied } = await migrateDatabase({ admin })
  const once = dumpSchema(await readCatalog(client))
  assert.ok(once.length > nothing.length)
  const { reverted } = await revertMigrations({ admin, to: '0' })
  assert.deepEqual(reverted, applied.toReversed())
  assertSame(dumpSchema(await readCatalog(client)), nothing)
  await migrateDatabase({ admin })
  assertSame(dumpSchema(await readCatalog(client)), once)
})

test('GG-14 each migration can be undone and applied again, the newest each by itself', async t => {
  const { admin, client } = await emptyTestDatabase(t)
  const migrations = await readMigrations(join(databaseFolder, 'migrations'))
  // What the first one says of the schema that the engine's own log is in stays.
  await migrateDatabase({ admin, to: migrations[0]?.name })
  await revertMigrations({ admin })
  // On one connection: to connect and to read all files anew for each step, as the commands do, takes longer than the steps.
  await asMigrator({ admin }, async migrator => {
    let before = dumpSchema(await readCatalog(client))
    for (const group of inGroups(migrations)) {
      for (const migration of group) assert.ok(await applyMigration(migrator, migration))
      const after = dumpSchema(await readCatalog(client))
      for (const { name, down } of group.toReversed()) {
        assert.ok(down)
        assert.ok(await revertMigration(migrator, name, down))
      }
      // What the ones before made when they were applied again is seen here, too.
      const names = group.map(({ name }) => name).join(', ')
      assertSame(dumpSchema(await readCatalog(client)), before, names)
      for (const migration of group) assert.ok(await applyMigration(migrator, migration))
      before = after
    }
    assertSame(dumpSchema(await readCatalog(client)), before, migrations.at(-1)?.name)
  })
})

/**
 * The newest ones each by itself. Older ones, which nobody may edit, were looked at so when they were new; to read the
 * catalogs twice for each of them takes a minute.
 */
function inGroups(migrations: readonly Migration[]): Migration[][] {
  const [alone, together] = [40, 60]
  const older = Math.max(0, migrations.length - alone)
  const groups = Array.from({ length: Math.ceil(older / together) }, (_, index) =>
    migrations.slice(index * together, Math.min(older, (index + 1) * together)),
  )
  return [...groups, ...migrations.slice(older).map(migration => [migration])]
}

test('VS-14 db/schema.sql and db/types.ts are what the migrations make', async () => {
  const { rows } = await migrated.admin.query(`select current_setting('server_version_num')::int / 10000 as version`)
  const schema = dumpSchema(await readCatalog(migrated.admin))
  // The text of views and SQL bodies is the server's: the committed one is the embedded server's.
  if (rows[0].version === 18) {
    assert.ok(schema === (await readFile(join(databaseFolder, 'schema.sql'), 'utf8')), 'run: npx commonhold db dump')
  }
  const types = await generateTypes(migrated.adminConfig)
  assert.ok(types === (await readFile(join(databaseFolder, 'types.ts'), 'utf8')), 'run: npx commonhold db dump')
})

test('AG-11 the dump tells everything: a database made from it alone has the same dump', async t => {
  const copy = await emptyTestDatabase(t)
  const schema = dumpSchema(await readCatalog(migrated.admin))
  await copy.client.query('set check_function_bodies = off; set client_min_messages = warning')
  await copy.client.query(`grant all on database ${copy.admin.database} to commonhold_owner; set role commonhold_owner`)
  // It is ordered for readers, so what needs something from further below is tried again.
  let left = splitStatements(schema).map(statement => statement.text)
  for (let before = Number.POSITIVE_INFINITY; left.length > 0 && left.length < before; ) {
    before = left.length
    const failed: string[] = []
    let reason: unknown
    for (const text of left) {
      await copy.client.query(text).catch(error => {
        failed.push(text)
        reason = error
      })
    }
    left = failed
    if (left.length === before) assert.fail(`${left[0]}: ${reason}`)
  }
  // Read again, `(a between 1 and 2) and b` has lost the parentheses that mean nothing.
  const bare = (text: string) => text.replaceAll(/[()]/g, '')
  assertSame(bare(dumpSchema(await readCatalog(copy.client))), bare(schema))
})

test('VS-14 names are the same on their way to TypeScript and back', async () => {
  const { rows } = await migrated.admin.query<{ name: string }>(`
    select distinct attname as name
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm')
      and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`)
  class Names extends CamelCasePlugin {
    back(name: string) {
      return this.snakeCase(name)
    }
  }
  const names = new Names({ underscoreBeforeDigits: true })
  const lost = rows.map(row => row.name).filter(name => names.back(camelCaseOf(name)) !== name)
  assert.deepEqual(lost, [])
})

/** As `assert.equal`, but of a long text only the lines that differ are shown. */
function assertSame(actual: string, expected: string, message = ''): void {
  if (actual === expected) return
  const [found, wanted] = [actual.split('\n'), expected.split('\n')]
  const extra = found.filter(line => !wanted.includes(line)).map(line => `+ ${line}`)
  const missing = wanted.filter(line => !found.includes(line)).map(line => `- ${line}`)
  assert.fail([message, ...extra, ...missing].slice(0, 20).join('\n') || 'the order differs')
}
