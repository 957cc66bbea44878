// npm run docs [-- --check]: writes docs/schema.md, api.md, configuration.md and errors.md; with --check it compares them.
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { declaredErrors } from '#platform/errors.ts'
import { renderApiMarkdown, renderOpenApi } from '#platform/http'
import type { Module } from '#platform/module.ts'
import type { CatalogObject } from '../platform/database/catalog.ts'
import { readCatalogOf } from '../platform/database/drift.ts'
import { startEmbedded } from '../platform/database/embedded.ts'
import { inReplay } from '../platform/database/replay.ts'
import { renderSchemaMarkdown } from '../platform/database/schema-markdown.ts'
import { statusOf } from '../platform/http/problems.ts'
import { loadConfig, type Setting } from './config.ts'
import { exitCodeOfKind } from './exit-codes.ts'
import { modules } from './modules.ts'

const root = join(import.meta.dirname, '../..')

/** The generated references by file name, for these modules and the database that the migrations make. */
export async function renderReferences(
  modules: readonly Module[],
  catalog: readonly CatalogObject[],
): Promise<Record<string, string>> {
  return {
    'schema.md': renderSchemaMarkdown(catalog),
    'api.md': renderApiMarkdown(renderOpenApi(modules, 'http://localhost:3000')),
    'configuration.md': renderConfiguration(loadConfig(modules, {}).described),
    'errors.md': await renderErrors(),
  }
}

function renderConfiguration(settings: readonly Setting[]): string {
  const rows = settings.map(({ env, default: value, description, allowed, secret }) => {
    const shown = value === undefined || value === '' ? '' : `\`${value}\``
    const values = allowed ? `; ${allowed.map(one => `\`${one}\``).join(' or ')}` : ''
    return `| \`${env}\` | ${shown} | ${cell(description)}${values}${secret ? ' (secret)' : ''} |`
  })
  return `${[
    '# Configuration',
    'Generated from the settings that the modules declare. Do not edit.',
    'Settings are environment variables, read once at the start; a bad value or an unknown `COMMONHOLD_` variable stops it. ' +
      'Each may be given in a file instead, as secrets often are: `NAME_FILE` names it. ' +
      '`npx commonhold config` shows the values in force and where each comes from.',
    ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n'),
  ].join('\n\n')}\n`
}

async function renderErrors(): Promise<string> {
  await loadErrorTables()
  const errors = [...declaredErrors.values()].sort((a, b) => (a.code < b.code ? -1 : 1))
  const sections = [...Map.groupBy(errors, ({ code }) => code.slice(0, code.indexOf('.')))].flatMap(
    ([prefix, declared]) => [
      `## ${prefix}`,
      [
        '| code | HTTP status | exit code | message |',
        '|---|---|---|---|',
        ...declared.map(
          error =>
            `| \`${error.code}\` | ${statusOf(error)} | ${exitCodeOfKind[error.kind]} | ${cell(error.message)} |`,
        ),
      ].join('\n'),
    ],
  )
  return `${[
    '# Errors',
    'Generated from the error tables of the modules. Do not edit.',
    'A code is stable: callers may rely on it. Over HTTP it stands in a problem document (RFC 9457) with the status shown; ' +
      'the command line prints the message and ends with the exit code shown (else with 0 done, 1 a bug, 6 done with rejects, ' +
      '7 migrations pending). Words in braces are filled in.',
    ...sections,
  ].join('\n\n')}\n`
}

/** Tables that only commands need are loaded by no module: whoever calls `errorTable` is looked up and imported. */
async function loadErrorTables(): Promise<void> {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts', '**/*.test.*.ts'] })
  for (const file of files.sort()) {
    const path = join(root, file)
    if (/^(export )?const \w+ = errorTable\(/m.test(readFileSync(path, 'utf8'))) await import(pathToFileURL(path).href)
  }
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}

/** What the migrations make of an empty PostgreSQL, on a server of its own that is gone afterwards. */
async function readMigratedCatalog(): Promise<CatalogObject[]> {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-docs-'))
  chmodSync(directory, 0o755)
  try {
    const server = await startEmbedded({ dataDirectory: directory, durable: false })
    try {
      return await inReplay({ admin: server.adminConfig() }, readCatalogOf)
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function main(isCheck: boolean): Promise<number> {
  const references = await renderReferences(modules, await readMigratedCatalog())
  const changed = Object.entries(references).filter(([name, text]) => readReference(name) !== text)
  for (const [name, text] of isCheck ? [] : changed) writeFileSync(join(root, 'docs', name), text)
  const names = changed.map(([name]) => `docs/${name}`).join(', ')
  if (changed.length === 0) console.error('The references are up to date.')
  else console.error(isCheck ? `Not up to date: ${names}. Run npm run docs.` : `Written: ${names}`)
  return isCheck && changed.length > 0 ? 1 : 0
}

function readReference(name: string): string | undefined {
  try {
    return readFileSync(join(root, 'docs', name), 'utf8')
  } catch {
    return undefined
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'))
