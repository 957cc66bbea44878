import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { readCatalog } from '../platform/database/catalog.ts'
import { modules } from './modules.ts'
import { renderReferences } from './references.ts'

const { admin } = await testDatabase()
await admin.query(`
  create schema oddities;
  create table oddities.rows (id integer primary key, "a|b" text default 'x|y' check ("a|b" <> '|'));
  comment on table oddities.rows is 'It''s \\ a | backslash';
  comment on column oddities.rows."a|b" is 'One | other';
`)
const catalog = await readCatalog(admin)
const references = await renderReferences(modules, catalog)

test('the schema reference has every table with its columns, constraints, indexes and policies', () => {
  const text = references['schema.md'] ?? ''
  const sections = new Map(text.split(/^### /m).map(section => [section.split(/[\n ]/)[0], section]))
  for (const { kind, id, relation } of catalog) {
    if (kind === 'table') assert.ok(sections.has(relation), relation)
    if (!/^(column|constraint|index|policy)$/.test(kind)) continue
    const [, name = ''] = /([^.]+)$/.exec(id) ?? []
    const section = sections.get(relation) ?? ''
    assert.ok(section.includes(name.replaceAll('"', '').replaceAll('|', kind === 'column' ? '\\|' : '|')), id)
  }
  const odd = sections.get('oddities.rows') ?? ''
  assert.match(odd, /^It's \\ a \| backslash$/m)
  assert.match(odd, /^\| `"a\\\|b"` \| `text default 'x\\\|y'::text` \| One \\\| other \|$/m)
  assert.match(odd, /^- `"rows_a\|b_check"` `CHECK \(\("a\|b" <> '\|'::text\)\)`$/m)
})

test('the diagrams tell one from many and required from optional', () => {
  const text = references['schema.md'] ?? ''
  assert.match(text, /^ {2}users \|\|--o\| user_profiles : "user_id"$/m)
  assert.match(text, /^ {2}users \|\|--o\{ user_sessions : "user_id"$/m)
  assert.match(text, /^ {2}users \|o--o\{ users : "deleted_by"$/m)
  assert.match(text, /^ {2}contractor_lists \|\|--o\{ contractor_list_items : "list_id"$/m)
})

test('the other references have every route, setting and error, those of commands too', () => {
  for (const { method, path } of modules.flatMap(({ routes }) => routes ?? []))
    assert.ok(references['api.md']?.includes(`### ${method} /api/v1${path.replace(/:(\w+)/g, '{$1}')}`), path)
  assert.match(references['configuration.md'] ?? '', /^\| `COMMONHOLD_PORT` \| `3000` \|/m)
  assert.match(references['configuration.md'] ?? '', /^\| `DATABASE_URL` .*\(secret\) \|$/m)
  assert.match(references['configuration.md'] ?? '', /^\| `COMMONHOLD_SIGN_UP` .*; `open` or `closed` \|$/m)
  assert.match(references['errors.md'] ?? '', /^\| `http\.body_too_large` \| 413 \| 2 \|/m)
  assert.match(references['errors.md'] ?? '', /^\| `migrations\.unknown` \| 404 \| 4 \|/m)
})

test('references tell nothing of where they were made, and are the same each time', async () => {
  assert.deepEqual(await renderReferences(modules, catalog), references)
  const home = import.meta.dirname.split('/').slice(0, 3).join('/')
  for (const [name, text] of Object.entries(references)) assert.ok(!text.includes(home), name)
})
