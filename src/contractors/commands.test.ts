import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commandsOn, runCommand } from '#test/commands.ts'
import type { Json } from '#test/json.ts'
import { testWorld } from '#test/world.ts'
import { registerContractorCommands } from './commands.ts'
import { createList } from './lists/lists.ts'

const { app, admin, alice, bob, viewer } = await testWorld()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-commands-'))
after(() => rmSync(folder, { recursive: true }))

const sample = readFileSync(
  fileURLToPath(new URL('../../data/contractors/sam_public_v2_real_sample.dat', import.meta.url)),
  'utf8',
)
const monthly = join(folder, 'monthly.dat')
writeFileSync(monthly, sample)

test('GG-07 at the command line a file is tried, imported, told of, and what was refused is kept and gives its own exit code', async () => {
  const [tried] = await asJson('import', monthly, '--source', 'sam', '--dry-run')
  assert.deepEqual([tried.dryRun, tried.rows.inserted, await count('contractors')], [true, 3, 0])
  const { written, exitCode } = await command('import', monthly, '--source', 'sam')
  assert.match(written, /3 new, 0 changed, 0 unchanged, 0 rejected/)
  assert.deepEqual([await count('contractors'), exitCode], [3, undefined])

  const bad = join(folder, 'bad.dat')
  const rejects = join(folder, 'bad.csv')
  writeFileSync(bad, sample.replace('20050714', '20059999'))
  const partly = await command('import', bad, '--source', 'sam', '--rejects', rejects, '--json')
  assert.deepEqual([JSON.parse(partly.written)[0].rows.rejected, partly.exitCode], [1, 6])
  assert.match(readFileSync(rejects, 'utf8'), /20059999|date/)

  const imports = await asJson('imports', 'list')
  assert.deepEqual(
    imports.map(({ source, status }: Json) => [source, status]),
    imports.map(() => ['sam_v2', 'done']),
  )
  assert.match(await run('imports', 'list', '--limit', '1'), /sam_v2 +bad\.dat/)
  await assert.rejects(run('imports', 'list', '--limit', '0'), { exitCode: 2 })
  await assert.rejects(run('import', join(folder, 'none.dat'), '--source', 'sam'), { kind: 'not_found' })
  await assert.rejects(run('import', monthly, '--source', 'none'), { kind: 'invalid' })
})

test('GG-07 at the command line sources and their rules are listed, and a file of one is checked', async () => {
  const sources = await asJson('sources', 'list')
  assert.deepEqual(sources.map(({ name }: Json) => name).sort(), [
    'award_list',
    'entities',
    'fpds_awards',
    'fpds_idv',
    'fpds_vendors',
    'sam_v1',
    'sam_v2',
  ])
  assert.match(await run('sources'), /^sam_v2 /m)
  const rules = await asJson('sources', 'rules')
  assert.ok(rules.some(({ name }: Json) => name === 'zip'))
  const file = join(folder, 'mine.json')
  writeFileSync(file, '{"name":"mine"}')
  await assert.rejects(run('sources', 'check', file), { kind: 'invalid' })
})

test('GG-06 at the command line contractors are searched, counted, exported and recognised', async () => {
  const found = await asJson('search', '--facets')
  assert.equal(found.total.count, 3)
  const [first] = found.items
  assert.deepEqual(
    (await asJson('search', first.uei.toLowerCase())).items.map(({ id }: Json) => id),
    [first.id],
  )
  assert.match(await run('search', ...first.name.split(' ')), new RegExp(`^${first.uei} `))
  assert.match(await run('search', 'nobody', 'has', 'this'), /^Nothing was found/)
  const state = found.facets.states[0]
  const there = await asJson('search', '--search', JSON.stringify({ state: [state.value] }))
  assert.equal(there.total.count, state.count)
  await assert.rejects(run('search', '--search', '{"planet":"Mars"}'), { kind: 'invalid' })
  await assert.rejects(run('search', '--limit', '101'), { code: 'commander.invalidArgument' })

  assert.match(await run('summary'), /^Nothing was counted yet/)
  assert.ok((await asJson('refresh-summary')).refreshedAt)
  const summary = await asJson('summary')
  assert.equal(summary.totals.profiles, 3)
  assert.match(await run('summary'), /^As of .*: 3 contractors, /)

  const file = join(folder, 'found.csv')
  const written = await asJson('export', '-o', file, '--columns', 'uei,name')
  assert.deepEqual([written.rows, written.format], [3, 'csv'])
  assert.equal(readFileSync(file, 'utf8').trim().split('\r\n').length, 4)
  await assert.rejects(run('export', '-o', file, '--search', '{'), { kind: 'invalid' })
  await assert.rejects(run('export', '-o', join(folder, 'x.csv'), '--columns', 'planet'), { kind: 'invalid' })
  assert.ok(!existsSync(join(folder, 'x.csv')), 'what is refused leaves no file')

  const names = join(folder, 'names.csv')
  writeFileSync(names, `id,name\n1,"${first.name}"\n2,Nobody In Particular Anywhere\n`)
  const matches = await asJson('match', '--names', names)
  assert.deepEqual([matches[0].candidates[0].uei, matches[1].decision], [first.uei, 'reject'])
  assert.equal((await asJson('cluster', names)).length, 2)
  assert.match(await run('cluster', names), /^id,cluster\n1,/)
})

test('GG-09 GG-10 at the command line a member’s lists are listed, shown, filled and exported, and no other’s', async () => {
  const { rows } = await admin.query('select slug from tenancy.tenants where id = any($1) order by id = $2 desc', [
    [alice.tenantId, bob.tenantId],
    alice.tenantId,
  ])
  const [tenant, elsewhere] = rows.map(({ slug }): string => slug) as [string, string]
  const asAlice = ['--tenant', tenant, '--user', alice.email]
  const { id } = await createList(app.db.scoped(alice.scope), { name: 'Primes' })
  await createList(app.db.scoped(bob.scope), { name: 'Bob’s' })
  assert.deepEqual(
    (await asJson('lists', 'list', ...asAlice)).map(({ name, itemCount }: Json) => [name, itemCount]),
    [
      ['Favourites', 0],
      ['Primes', 0],
    ],
  )

  const [first, second] = (await asJson('search')).items
  const file = join(folder, 'ueis.txt')
  writeFileSync(file, `${second.uei};\nnothing, ABCDEFGH1234\n`)
  const named = ['lists', 'add', 'primes', first.uei.toLowerCase(), '--file', file, ...asAlice]
  const tried = await asJson(...named, '--dry-run')
  assert.deepEqual([tried.added, tried.unknown, tried.invalid], [2, ['ABCDEFGH1234'], ['NOTHING']])
  assert.equal(await count('contractor_list_items'), 0)
  const partly = await command(...named)
  assert.match(partly.written, /^2 added, 0 in it already\n.*ABCDEFGH1234\n.*NOTHING/s)
  assert.equal(partly.exitCode, 6)
  const again = await command('lists', 'add', id, first.uei, ...asAlice)
  assert.deepEqual([again.written, again.exitCode], ['0 added, 1 in it already\n', undefined])
  const { rows: logged } = await admin.query(
    `select distinct user_id, user_agent from audit.audit_logs where resource = 'contractors.contractor_list_items'`,
  )
  assert.deepEqual(logged, [{ user_id: alice.userId, user_agent: 'commonhold contractors lists' }])

  const shown = await asJson('lists', 'show', 'Primes', ...asAlice)
  assert.deepEqual(
    shown.items.map(({ contractor }: Json) => contractor.uei),
    [first.uei, second.uei],
  )
  assert.match(await run('lists', 'show', id, ...asAlice), new RegExp(`^Primes: 2 contractors, .*${first.uei}`, 's'))

  const csv = join(folder, 'primes.csv')
  const made = await asJson('lists', 'export', 'Primes', '-o', csv, ...asAlice)
  assert.deepEqual([made.rows, made.format, made.bytes], [2, 'csv', statSync(csv).size])
  assert.match(readFileSync(csv, 'utf8'), new RegExp(first.uei))
  assert.equal(await count('exports'), 0)

  const asBob = ['--tenant', elsewhere, '--user', bob.email]
  await assert.rejects(run('lists', 'show', 'Primes', ...asBob), { kind: 'not_found' })
  await assert.rejects(run('lists', 'add', id, first.uei, ...asBob), { kind: 'not_found' })
  await assert.rejects(run('lists', 'export', id, '-o', join(folder, 'b.csv'), ...asBob), { kind: 'not_found' })
  assert.match(await run('lists', 'show', 'Bob’s', ...asBob), /^Bob’s: 0 contractors/)
})

test('GG-09 at the command line who may not, is not there or names nothing is told so', async () => {
  const { rows } = await admin.query('select slug from tenancy.tenants where id = $1', [alice.tenantId])
  const as = (email: string) => ['--tenant', rows[0].slug, '--user', email]
  const { id } = await createList(app.db.scoped(alice.scope), { name: 'Primes' })
  await assert.rejects(run('lists', 'add', 'Primes', 'C12NSYAH27N4', ...as(viewer.email)), { kind: 'forbidden' })
  await assert.rejects(run('lists', 'list', ...as(bob.email)), { kind: 'forbidden' })
  await assert.rejects(run('lists', 'list', ...as('nobody@example.org')), { kind: 'not_found' })
  await assert.rejects(run('lists', 'list', '--tenant', 'nowhere', '--user', alice.email), { kind: 'not_found' })
  await assert.rejects(run('lists', 'list', '--user', alice.email), { code: 'commander.missingMandatoryOptionValue' })
  await assert.rejects(run('lists', 'add', id, ...as(alice.email)), { kind: 'invalid' })
  const nothing = ['--file', join(folder, 'nothing.txt')]
  await assert.rejects(run('lists', 'add', id, ...nothing, ...as(alice.email)), { kind: 'not_found' })
  await assert.rejects(run('lists', 'show', 'Primes', ...as(alice.email)), { code: 'contractors.list_name_ambiguous' })
  assert.match(await run('lists', 'list', '--archived', ...as(alice.email)), /^There are none/)
})

const asJson = async (...words: string[]): Promise<Json> => JSON.parse(await run(...words, '--json'))

const command = (...words: string[]) => runCommand(commandsOn(app, registerContractorCommands), words)
const run = async (...words: string[]) => (await command(...words)).written

const count = async (table: string): Promise<number> =>
  (await admin.query(`select count(*)::integer as rows from contractors.${table}`)).rows[0].rows
