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
  create table oddities."to" (id integer primary key);
  create table oddities."a-b" ("its-to" integer references oddities."to");
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

test('GG-14 the diagrams are what mermaid draws: names, cardinalities, labels, a schema each and none too long', () => {
  const text = references['schema.md'] ?? ''
  const diagrams = [...text.matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)].map(([, diagram]) => diagram as string)
  const name = '(?:[A-Za-z_][A-Za-z0-9_]*|"[^"%\\\\]+")'
  const line = new RegExp(`^  (${name}) (?:\\|\\||\\|o)--(?:o\\||o\\{) (${name}) : "[^"%\\\\]+"$`)
  const tables = new Set(
    catalog.filter(({ kind }) => kind === 'table').map(({ relation }) => relation.replaceAll('"', '')),
  )
  assert.ok(diagrams.length > 8)
  for (const diagram of diagrams) {
    const [first, ...lines] = diagram.trimEnd().split('\n')
    assert.equal(first, 'erDiagram')
    assert.ok(lines.length > 0 && lines.length <= 60, `${lines.length} lines`)
    for (const each of lines) assert.match(each, line)
  }
  // Each end of a line is a table that is there.
  for (const section of text.split(/^## /m).slice(1)) {
    const schema = section.slice(0, section.indexOf('\n'))
    for (const [, diagram = ''] of section.matchAll(/^```mermaid\nerDiagram\n([\s\S]*?)^```$/gm)) {
      for (const each of diagram.trimEnd().split('\n')) {
        const [, from = '', to = ''] = line.exec(each) ?? []
        for (const end of [from, to].map(it => it.replaceAll('"', '')))
          assert.ok(tables.has(end.includes('.') ? end : `${schema}.${end}`), `${schema}: ${each}`)
      }
    }
  }
  assert.match(text, /^ {2}"to" \|o--o\{ "a-b" : "its-to"$/m)
})

test('GG-14 the triggers of a table stand with it', () => {
  for (const { id, relation, create } of catalog.filter(({ kind }) => kind === 'trigger')) {
    const section = (references['schema.md'] ?? '').split(`\n### ${relation}\n`)[1]?.split('\n### ')[0] ?? ''
    assert.ok(section.includes(create), id)
  }
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
