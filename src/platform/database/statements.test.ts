import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitStatements, tokensOf } from './statements.ts'

const texts = (sql: string) => splitStatements(sql).map(statement => statement.text)

const statements: Record<string, string> = {
  'a string with a semicolon': `select 'a;b'`,
  'a doubled quote': `select 'it''s; so'`,
  'a backslash that escapes nothing': `select '\\'`,
  'an escape string': `select e'\\';' , E'\\\\'`,
  'a quoted name': `select 1 as "a;""b;"`,
  'a dollar quote': 'select $$ a; b $$',
  'a tagged dollar quote with another in it': 'select $fn$ a; $$ ; $$ $other$; $fn$',
  'a parameter, which opens no quote': 'select $1',
  'a name with dollars, which opens no quote': 'select a$b$ from c$b$d',
  'a line comment inside': 'select 1 -- not ; here\n + 1',
  'a quote in a comment': "select 1 /* it's ; */ + 1",
  'a nested comment': 'select /* a /* b; */ ; */ 1',
  'minus and divide': 'select 3 - 1 / 2',
  'a rule with two actions': 'create rule r as on insert to t do also (select 1; select 2)',
  'a function body in SQL':
    'create or replace function f() returns int begin atomic select 1; select case when true then 2 end; end',
  'a do block': 'do $$ begin perform 1; end $$',
  'a number before a quote': "select 1e3'x;'",
}

test('GG-14 a migration is split at the semicolons that end statements, and nowhere else', () => {
  for (const [what, statement] of Object.entries(statements)) {
    assert.deepEqual(texts(`${statement};`), [statement], what)
    assert.deepEqual(texts(`select 0;\n${statement}\n;-- end\nselect 9`), ['select 0', statement, 'select 9'], what)
  }
  assert.deepEqual(texts(' ; -- nothing\n /* ; */ ;'), [])
  assert.deepEqual(
    splitStatements('\n-- why\nselect\n1;\n\nSELECT  "A" /* x */ ;').map(({ line, words }) => [line, words]),
    [
      [3, 'select 1'],
      [6, 'select "A"'],
    ],
  )
})

test('GG-14 any statements, joined with any comments between them, come out of the splitter as they went in', () => {
  const comment = fc.constantFrom('', ' ', '\n', "-- a; 'b\n", '/* ; /* " */ $$ */', '\t-- $x$\n')
  const statement = fc.constantFrom(...Object.values(statements))
  fc.assert(
    fc.property(fc.array(fc.tuple(comment, statement, comment)), parts => {
      const sql = parts.map(([before, text, behind]) => `${before}${text}\n${behind};`).join('')
      assert.deepEqual(
        texts(sql),
        parts.map(([, text]) => text),
      )
    }),
    { numRuns: 300 },
  )
})

test('GG-14 every character of any text is in exactly one token, and one in quotes never ends a statement', () => {
  const piece = fc.constantFrom(
    `'`,
    `"`,
    '$',
    '$$',
    '$a$',
    '--',
    '\n',
    '/*',
    '*/',
    ';',
    '(',
    ')',
    'a',
    'é',
    '1',
    'e',
    '\\',
    ' ',
    '𝄞',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
      const sql = pieces.join('')
      assert.equal([...tokensOf(sql)].map(token => token.text).join(''), sql)
      for (const { text } of splitStatements(sql)) assert.ok(sql.includes(text))
    }),
    { numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.string(), text => {
      const quoted = `select '${text.replaceAll("'", "''")}'`
      assert.deepEqual(texts(`${quoted}; select 2`), [quoted, 'select 2'])
      const named = `select "${text.replaceAll('"', '""')}"`
      assert.deepEqual(texts(`${named}; select 2`), [named, 'select 2'])
      const dollars = `select $q$${text.replaceAll('$q$', '')}$q$`
      if (!text.includes('$')) assert.deepEqual(texts(`${dollars}; select 2`), [dollars, 'select 2'])
    }),
  )
})
