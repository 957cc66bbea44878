import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import type pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { readCatalogOf } from '../platform/database/drift.ts'
import { renderSchemaMarkdown } from '../platform/database/schema-markdown.ts'

const errors = errorTable('docs', {
  outOfDate: ['conflict', '{file} is not what the database is. Write it anew: commonhold docs schema.'],
})

type Flags = { output: string; check?: boolean; json?: boolean }

/** `commonhold docs …` (GG-14). */
export function registerDocsCommands(
  program: Command,
  { withAdmin }: { withAdmin<T>(work: (admin: pg.ClientConfig) => Promise<T>): Promise<T> },
): void {
  program
    .command('docs')
    .description('Documents that are written from what there is')
    .command('schema')
    .description('Write the schema of the database as Markdown: tables, comments, constraints, policies, diagrams')
    .option('--output <file>', 'where to; - for standard output', 'docs/schema.md')
    .option('--check', 'compare it instead, and end with 3 where it differs')
    .option('--json', 'print what was done as JSON')
    .action(async ({ output, check, json }: Flags) => {
      const catalog = await withAdmin(readCatalogOf)
      const text = renderSchemaMarkdown(catalog)
      if (output === '-') {
        process.stdout.write(text)
        return
      }
      const isChanged = readText(output) !== text
      if (check && isChanged) throw errors.outOfDate({ file: output })
      if (isChanged) {
        mkdirSync(dirname(output), { recursive: true })
        writeFileSync(output, text)
      }
      const tables = catalog.filter(({ kind }) => kind === 'table').length
      if (json) process.stdout.write(`${JSON.stringify({ file: output, tables, isChanged })}\n`)
      else process.stderr.write(`${isChanged ? 'Written' : 'Up to date'}: ${output}, ${tables} tables\n`)
    })
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
