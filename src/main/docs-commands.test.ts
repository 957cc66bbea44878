import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from '#test/commands.ts'
import { testDatabase } from '#test/database.ts'
import { registerDocsCommands } from './docs-commands.ts'

const { admin, adminConfig } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-docs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const docs = (...words: string[]) =>
  runCommand(program => registerDocsCommands(program, { withAdmin: work => work(adminConfig) }), ['docs', ...words])

test('GG-14 docs schema writes the tables of the live database, and --check sees what has changed since', async () => {
  const output = join(folder, 'new', 'schema.md')
  await docs('schema', '--output', output)
  assert.match(readFileSync(output, 'utf8'), /^### contractors\.contractor_lists$/m)
  await docs('schema', '--output', output, '--check')
  await admin.query('create table contractors.extra (id integer primary key)')
  await assert.rejects(docs('schema', '--output', output, '--check'), { code: 'docs.out_of_date' })
  assert.doesNotMatch(readFileSync(output, 'utf8'), /contractors\.extra/)
  await docs('schema', '--output', output)
  assert.match(readFileSync(output, 'utf8'), /^### contractors\.extra$/m)
})
