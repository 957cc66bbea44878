import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import type { Json } from '#test/json.ts'
import { testWorld } from '#test/world.ts'
import { registerContractorCommands } from './commands.ts'

const { app, admin } = await testWorld()
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
  assert.match(await run('import', monthly, '--source', 'sam'), /3 new, 0 changed, 0 unchanged, 0 rejected/)
  assert.equal(await count('contractors'), 3)
  assert.equal(process.exitCode, undefined)

  const bad = join(folder, 'bad.dat')
  const rejects = join(folder, 'bad.csv')
  writeFileSync(bad, sample.replace('20050714', '20059999'))
  try {
    const [partly] = await asJson('import', bad, '--source', 'sam', '--rejects', rejects)
    assert.equal(partly.rows.rejected, 1)
    assert.equal(process.exitCode, 6)
  } finally {
    process.exitCode = undefined
  }
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

const asJson = async (...words: string[]): Promise<Json> => JSON.parse(await run(...words, '--json'))

/** What a command writes to stdout. */
async function run(...words: string[]): Promise<string> {
  const program = new Command()
  registerContractorCommands(program, { withApp: work => work(app) })
  for (const each of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    each.exitOverride().configureOutput({ writeErr: () => {} })
  const written: string[] = []
  const write = process.stdout.write
  // The runner of the tests tells its results in bytes.
  process.stdout.write = (chunk: string | Uint8Array) =>
    typeof chunk === 'string' ? written.push(chunk) > 0 : write.call(process.stdout, chunk)
  try {
    await program.parseAsync(words, { from: 'user' })
  } finally {
    process.stdout.write = write
  }
  return written.join('')
}

const count = async (table: string): Promise<number> =>
  (await admin.query(`select count(*)::integer as rows from contractors.${table}`)).rows[0].rows
