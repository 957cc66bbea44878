import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { modules } from '../src/main/modules.ts'

type Source = { path: string; text: string }

/** Modules in the order in which they may know each other; the mechanisms of the platform stand below all of them. */
const order = modules.map(({ name }) => name)
const schemas = new Set(['platform', ...modules.flatMap(({ schema }) => schema ?? [])])

/** `src/platform/audit/console/page.tsx` → `src/platform/audit`; a file of the platform itself → `src/platform`. */
function unitOf(path: string): string {
  const [top, first, second, third] = path.split('/')
  if (top !== 'src') return top ?? ''
  if (first !== 'platform') return `src/${first}`
  return third === undefined ? 'src/platform' : `src/platform/${second}`
}

const nameOf = (unit: string) => unit.split('/').at(-1) ?? ''
const isPlatform = (unit: string) => unit.startsWith('src/platform')
const isTest = (path: string) => !path.startsWith('src/') || path.includes('.test.')
/** Mechanisms stand at -1; an application that is not in the list yet stands last. */
function rankOf(unit: string): number {
  const rank = order.indexOf(nameOf(unit))
  return rank === -1 && !isPlatform(unit) ? order.length : rank
}

/** The file that an import leads to; undefined for packages. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(dirname(path), specifier))
  if (!specifier.startsWith('#')) return undefined
  const [alias, ...rest] = specifier.slice(1).split('/')
  if (alias === 'test') return `test/support/${rest.join('/')}`
  if (alias === 'db') return 'db/types.ts'
  const file = `src/${[alias, ...rest].join('/')}`
  return file.endsWith('.ts') ? file : `${file}/index.ts`
}

function importFaultsOf({ path, text }: Source): string[] {
  const unit = unitOf(path)
  const specifiers = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] as string)
  return specifiers.flatMap(specifier => {
    const target = targetOf(path, specifier)
    if (target === undefined) return []
    const fault = faultOf(path, unit, target, unitOf(target), specifier)
    return fault ? [`${path} → ${target}: ${fault}`] : []
  })
}

function faultOf(path: string, unit: string, target: string, other: string, specifier: string): string | undefined {
  if (other === unit) {
    if (specifier.startsWith('#') && unit !== 'src/platform' && !isTest(path))
      return 'a module does not go round to itself'
    if (target === `${unit}/index.ts` && !isTest(path)) return 'within a module ./noun.ts, never its own door'
    return undefined
  }
  if (isTest(path) || unit === 'src/main' || other === 'db' || other === 'package.json') return undefined
  if (other === 'test' || other === 'src/main') return 'only main and tests may know that'
  if (specifier.startsWith('.')) return 'another module is reached by its name (#), not by its place'
  if (isPlatform(unit) && !isPlatform(other)) return 'the platform knows no application'
  if (other !== 'src/platform' && target !== `${other}/index.ts`) return 'between modules only through the door'
  // The descriptors beside the mechanisms (module.ts, app.ts) name what each of them contributes.
  if (unit !== 'src/platform' && other !== 'src/platform' && rankOf(other) > rankOf(unit))
    return 'a module knows only those above it'
  return undefined
}

function textFaultsOf({ path, text }: Source): string[] {
  const unit = unitOf(path)
  const own = modules.find(({ name }) => name === nameOf(unit))?.schema ?? nameOf(unit)
  const faults: string[] = []
  if (/^export \*/m.test(text)) faults.push(`${path}: exports by name, not *`)
  if (isTest(path)) return faults
  if (text.includes('process.env') && path !== 'src/main/config.ts')
    faults.push(`${path}: only src/main/config.ts reads the environment`)
  const touched =
    /\b(?:from|join|into|update|only|select|using|lateral|(?:selectFrom|insertInto|updateTable|deleteFrom|\w+Join)\(\s*')[\s']*(?:only )?([a-z_]+)\.[a-zA-Z_]+/g
  for (const [, schema = ''] of text.matchAll(touched)) {
    if (schemas.has(schema) && schema !== own && schema !== 'platform' && unit !== 'src/main') {
      faults.push(`${path} → schema ${schema}: a module's SQL touches its own schema`)
    }
  }
  return faults
}

/** Tables are made in their module's schema; foreign keys lead to it or to those above. */
function migrationFaultsOf({ path, text }: Source): string[] {
  const module = path.match(/_\d{6}_([a-z]+)_/)?.[1] ?? ''
  const known = ['platform', ...order]
  const ownRank = known.includes(module) ? known.indexOf(module) : known.length
  const made = [...text.matchAll(/^create (?:unlogged )?table (?:if not exists )?(\w+)\./gm)].map(
    match => match[1] as string,
  )
  const referred = [...text.matchAll(/\breferences (\w+)\.\w/g)].map(match => match[1] as string)
  return [
    ...made
      .filter(schema => schema !== module)
      .map(schema => `${path} → schema ${schema}: makes tables of another module`),
    ...referred
      .filter(schema => known.indexOf(schema) > ownRank)
      .map(schema => `${path} → schema ${schema}: refers to a module below`),
  ]
}

test('STYLE every import, schema and setting stays in its place', () => {
  const read = (pattern: string) => globSync(pattern).map(path => ({ path, text: readFileSync(path, 'utf8') }))
  const sources = [...read('{src,test,bench}/**/*.{ts,tsx}')].filter(({ path }) => path !== 'test/architecture.test.ts')
  assert.ok(sources.length > 50, 'control: the sources are there')
  const faults = [
    ...sources.flatMap(importFaultsOf),
    ...sources.flatMap(textFaultsOf),
    ...read('db/migrations/*.up.sql').flatMap(migrationFaultsOf),
  ]
  assert.deepEqual(faults.toSorted(), [])
})

const wrong: [fault: RegExp, path: string, text: string][] = [
  [/knows only those above/, 'src/platform/identity/users.ts', `import { createTenant } from '#platform/tenancy'`],
  [/knows only those above/, 'src/platform/http/server.ts', `import { openSession } from '#platform/identity'`],
  [/knows no application/, 'src/platform/access/roles.ts', `import type { List } from '#contractors'`],
  [/through the door/, 'src/contractors/lists.ts', `import { createUser } from '#platform/identity/users.ts'`],
  [/by its name/, 'src/contractors/lists.ts', `import { createUser } from '../platform/identity/index.ts'`],
  [/never its own door/, 'src/platform/audit/routes.ts', `import { listAuditLogs } from './index.ts'`],
  [/round to itself/, 'src/platform/audit/routes.ts', `import { listAuditLogs } from '#platform/audit'`],
  [/only main and tests/, 'src/contractors/lists.ts', `import { testDatabase } from '#test/database.ts'`],
  [/only main and tests/, 'src/contractors/lists.ts', `const { modules } = await import('#main/modules.ts')`],
  [/by name, not \*/, 'src/contractors/index.ts', `export * from './lists.ts'`],
  [/reads the environment/, 'src/platform/database/pool.ts', 'const port = process.env.PGPORT'],
  [/own schema/, 'src/platform/identity/users.ts', 'sql`select id from tenancy.tenants`'],
  [/own schema/, 'src/platform/identity/users.ts', `query.selectFrom('tenancy.tenants')`],
  [/another module/, 'db/migrations/20260101_000000_identity_create_x.up.sql', 'create table tenancy.x (id uuid);'],
  [
    /a module below/,
    'db/migrations/20260101_000000_identity_create_x.up.sql',
    'x uuid references tenancy.tenants (id)',
  ],
]

for (const [fault, path, text] of wrong) {
  test(`STYLE the check sees: ${text}`, () => {
    const source = { path, text }
    const check = path.startsWith('db/')
      ? migrationFaultsOf
      : (given: Source) => [...importFaultsOf(given), ...textFaultsOf(given)]
    const found = check(source)
    assert.equal(found.length, 1)
    assert.match(found[0] ?? '', fault)
    assert.ok(found[0]?.startsWith(path))
  })
}
