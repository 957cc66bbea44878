import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { adminConfigOf, testServer } from '#test/server.ts'
import { readCatalogOf } from '../../src/platform/database/drift.ts'
import { dumpSchema } from '../../src/platform/database/dump.ts'
import { migrateDatabase, revertMigrations } from '../../src/platform/database/migrate.ts'

type Block = { about: string; language: string; text: string }

test('AG-01, GG-14 who does what the guide to applications says has an application that works', async t => {
  const blocks = readGuide()
  const copy = copyRepository(t)
  const run = programRunner(copy)
  const [first, last] = blocks.filter(({ language }) => language === 'sh')
  const written = (await run(['bin/commonhold', ...commonholdWords(first?.text)])).trim().split('\n')
  for (const block of blocks) follow(block, copy, written)

  await t.test('its migration goes up, down and up again', async () => {
    const admin = await guideDatabase(t)
    const options = { admin, directory: join(copy, 'db/migrations') }
    const dump = async () => dumpSchema(await readCatalogOf(admin))
    const before = await dump()
    assert.equal((await migrateDatabase(options)).applied.length, 1)
    const once = await dump()
    assert.ok(once.includes('create table turtles.turtles'), 'control: the dump tells of it')
    await revertMigrations(options)
    assert.equal(await dump(), before)
    await migrateDatabase(options)
    assert.equal(await dump(), once)
  })

  await t.test('its test and those of the suite that look at every module pass', async () => {
    const tests = ['src/turtles/turtles.test.ts', 'test/architecture.test.ts', 'test/schema.test.ts']
    assert.match(await run(['--test', '--test-reporter=tap', ...tests]), /^# fail 0$/m)
  })

  await t.test('its routes keep another tenant out', async () => {
    // All routes of all modules are asked by the suite itself.
    const isolation = ['--test-name-pattern=AG-01 (every|without)', 'test/isolation-routes.test.ts']
    const told = await run(['--test', '--test-reporter=tap', ...isolation], { COMMONHOLD_TEST_MODULE: 'turtles' })
    assert.match(told, /^# pass 3$/m)
  })

  await t.test('it is formatted and typed', async () => {
    await run(['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--error-on-warnings', 'src/turtles'])
    writeFileSync(join(copy, 'tsconfig.turtles.json'), '{ "extends": "./tsconfig.json", "include": ["src/turtles"] }')
    await run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.turtles.json'])
  })

  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const [, script = ''] of last?.text.matchAll(/^npm (?:run )?(\w+)/gm) ?? []) assert.ok(script in scripts, script)
})

/** With another noun, of the same length, because whoever does what the guide says has `tenders` already. */
function readGuide(): Block[] {
  const [, guide = ''] = readFileSync('src/contractors/README.md', 'utf8').split('\n## Adding an application\n')
  const renamed = guide.replaceAll('tender', 'turtle').replaceAll('Tender', 'Turtle')
  let about = ''
  return [...renamed.matchAll(/([\s\S]*?)^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, before = '', language = '', text = '']) => {
      about = before.trim().split('\n\n').at(-1) || about
      return { about, language, text }
    },
  )
}

/** What is only read, and large, is lent. */
function copyRepository(t: TestContext): string {
  const copy = mkdtempSync(join(tmpdir(), 'commonhold-guide-'))
  t.after(() => rmSync(copy, { recursive: true, force: true }))
  for (const name of ['bin', 'db', 'src', 'test', 'package.json', 'tsconfig.json', 'biome.json']) {
    cpSync(name, join(copy, name), { recursive: true })
  }
  for (const name of ['node_modules', 'data']) symlinkSync(join(process.cwd(), name), join(copy, name), 'junction')
  return copy
}

function programRunner(cwd: string) {
  const server = { ...testServer(), template: guideTemplate() }
  const env = {
    ...process.env,
    COMMONHOLD_TEST_SERVER: JSON.stringify(server),
    // Else the runner within takes itself for a part of this one, and the cache fills with files that are gone.
    NODE_TEST_CONTEXT: undefined,
    NODE_DISABLE_COMPILE_CACHE: '1',
  }
  return async (args: string[], more: Record<string, string> = {}) =>
    await promisify(execFile)(process.execPath, args, { cwd, env: { ...env, ...more } }).then(
      ({ stdout }) => stdout,
      ({ message, stdout }) => assert.fail(`${message}\n${stdout}`),
    )
}

function commonholdWords(command = ''): string[] {
  const [npx, program, ...words] = command.trim().split(' ')
  assert.deepEqual([npx, program], ['npx', 'commonhold'])
  return words
}

function follow({ about, language, text }: Block, copy: string, migrations: readonly string[]): void {
  if (language === 'diff') insertLines(join(copy, nameIn(about, /`(src\/main\/[\w.]+)`/)), text)
  if (language === 'sql') {
    const half = nameIn(about, /`(\.\w+\.sql)`/)
    writeFileSync(migrations.find(name => name.endsWith(half)) ?? '', text)
  }
  if (language === 'ts') {
    const file = join(copy, nameIn(about, /^`([\w/.]+)`$/))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

function nameIn(about: string, pattern: RegExp): string {
  const name = pattern.exec(about)?.[1]
  assert.ok(name, `the guide does not say where this goes: ${about}`)
  return name
}

/** Each line with a plus goes behind the line above it. */
function insertLines(file: string, diff: string): void {
  const [above = '', added = ''] = diff.split('\n').map(line => `${line.slice(1)}\n`)
  const parts = readFileSync(file, 'utf8').split(above)
  assert.equal(parts.length, 2, `${file} has this line once: ${above}`)
  writeFileSync(file, parts.join(above + added))
}

const guideTemplate = () => `${testServer().template}_guide`

async function guideDatabase(t: TestContext): Promise<pg.ClientConfig> {
  const server = testServer()
  const maintenance = new pg.Client(adminConfigOf(server, undefined))
  await maintenance.connect()
  await maintenance.query(`create database ${guideTemplate()} template ${server.template}`)
  t.after(async () => {
    await maintenance.query(`drop database ${guideTemplate()} with (force)`)
    await maintenance.end()
  })
  return adminConfigOf(server, guideTemplate())
}
