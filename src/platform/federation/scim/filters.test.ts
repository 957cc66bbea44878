import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse as parseElsewhere } from 'scim2-parse-filter'
import { DomainError } from '#platform/errors.ts'
import { readResource, userShape } from './attributes.ts'
import { comparisons, type Filter, parseFilter, parsePatchPath } from './filters.ts'
import type { Json } from './messages.ts'
import { patch, readOperations } from './patches.ts'

const refuses = (work: () => unknown, code: string) =>
  assert.throws(work, (error: unknown) => error instanceof DomainError && error.code === `federation.${code}`)

/** In the words of the library, to be compared with it. */
function inItsWords(filter: Filter): object {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { op: filter.op, filters: filter.filters.map(inItsWords) }
    case 'not':
      return { op: 'not', filter: inItsWords(filter.filter) }
    case 'some':
      return { op: '[]', attrPath: pathOf(filter.path), valFilter: inItsWords(filter.filter) }
    case 'pr':
      return { op: 'pr', attrPath: pathOf(filter.path) }
    default:
      return { op: filter.op, attrPath: pathOf(filter.path), compValue: filter.value }
  }
}
const pathOf = ({ name, sub }: { name: string; sub?: string | undefined }) => (sub ? `${name}.${sub}` : name)

test('AG-05 the filter of RFC 7644 is read as its examples say, keywords in any case', () => {
  assert.deepEqual(parseFilter('userName Eq "bjensen"'), { op: 'eq', path: { name: 'userName' }, value: 'bjensen' })
  assert.deepEqual(parseFilter('urn:ietf:params:scim:schemas:core:2.0:User:name.familyName sw "J"'), {
    op: 'sw',
    path: { name: 'urn:ietf:params:scim:schemas:core:2.0:User:name', sub: 'familyName' },
    value: 'J',
  })
  assert.deepEqual(parseFilter('title pr AND NOT (userType eq "Employee" or active eq True)'), {
    op: 'and',
    filters: [
      { op: 'pr', path: { name: 'title' } },
      {
        op: 'not',
        filter: {
          op: 'or',
          filters: [
            { op: 'eq', path: { name: 'userType' }, value: 'Employee' },
            { op: 'eq', path: { name: 'active' }, value: true },
          ],
        },
      },
    ],
  })
  assert.deepEqual(parseFilter('a pr or b pr and c pr'), {
    op: 'or',
    filters: [
      { op: 'pr', path: { name: 'a' } },
      {
        op: 'and',
        filters: [
          { op: 'pr', path: { name: 'b' } },
          { op: 'pr', path: { name: 'c' } },
        ],
      },
    ],
  })
  assert.deepEqual(parsePatchPath('emails[type eq "work"].value'), {
    name: 'emails',
    filter: { op: 'eq', path: { name: 'type' }, value: 'work' },
    sub: 'value',
  })
  // What two parsers make of it elsewhere: an escape is one of JSON.
  assert.deepEqual(parseFilter(String.raw`userName eq "ACME\\ada \"x\" \u0041"`), {
    op: 'eq',
    path: { name: 'userName' },
    value: String.raw`ACME\ada "x" A`,
  })
})

test('AG-05 what is no filter is refused, a bomb of brackets too, and quickly', () => {
  const malformed = [
    '',
    'userName',
    'userName eq',
    'userName eq bob',
    'eq "x"',
    '(a pr',
    'a pr)',
    'a pr b pr',
    'a[b pr',
    'a eq "x',
    '"a" eq 1',
  ].concat(
    'a constructor "x"',
    'a pr constructor b pr',
    'a __proto__ 1',
    'a eq {"x":1}',
    'a eq "\\u0000"',
    'not a pr',
    'a eq "x"; drop table',
    "a eq 'x'",
  )
  for (const text of malformed) refuses(() => parseFilter(text), 'scim_filter_invalid')
  for (const text of [
    '('.repeat(3000),
    'not ('.repeat(700),
    `${'('.repeat(50)}a pr${')'.repeat(50)}`,
    'a'.repeat(5000),
  ]) {
    const began = performance.now()
    refuses(() => parseFilter(text), 'scim_filter_too_complex')
    assert.ok(performance.now() - began < 500)
  }
  refuses(() => parseFilter(Array(200).fill('a pr').join(' or ')), 'scim_filter_too_complex')
  for (const text of ['', 'a[b', 'a[b eq 1].', 'a b', 'a]']) refuses(() => parsePatchPath(text), 'scim_path_invalid')
})

const name = fc.constantFrom('userName', 'emails', 'name.givenName', 'meta.created', 'active')
const value = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abc xyz()[].@"') }),
  // It does not read a negative number before a bracket.
  fc.integer({ min: 0, max: 1000 }),
  fc.boolean(),
  fc.constant(null),
)
const leaf = fc.oneof(
  fc.tuple(name, fc.constantFrom(...comparisons), value).map(([path, op, to]) => `${path} ${op} ${JSON.stringify(to)}`),
  name.map(path => `${path} pr`),
)
const filters = fc.letrec<{ filter: string }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter')).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    tie('filter').map(inner => `not (${inner})`),
    leaf.map(inner => `emails[${inner}]`),
  ),
})).filter

test('AG-05 generated filters are read as scim2-parse-filter reads them', () => {
  fc.assert(
    fc.property(filters, text => {
      assert.deepEqual(inItsWords(parseFilter(text)), parseElsewhere(text))
    }),
    { numRuns: 300 },
  )
})

test('AG-05 any text is a filter or is refused, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]" .eqnotadr1:\\'), maxLength: 60 }), text => {
      try {
        parseFilter(text)
      } catch (error) {
        assert.ok(error instanceof DomainError)
      }
    }),
    { numRuns: 2_000 },
  )
})

const ada: Json = {
  userName: 'ada',
  active: true,
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [
    { value: 'ada@acme.example', type: 'work', primary: true },
    { value: 'ada@home.example', type: 'home' },
  ],
}
const changed = (...Operations: object[]) =>
  patch(userShape, ada, readOperations({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations }))

test('AG-05 PATCH adds, replaces and removes as RFC 7644 says, names in any case', () => {
  assert.deepEqual(changed({ op: 'REPLACE', path: 'NAME.GIVENNAME', value: 'A.' }).name, {
    givenName: 'A.',
    familyName: 'Lovelace',
  })
  assert.deepEqual(changed({ op: 'replace', value: { name: { familyName: 'King' } } }).name, {
    givenName: 'Ada',
    familyName: 'King',
  })
  assert.equal('name' in changed({ op: 'remove', path: 'name' }), false)
  assert.equal(
    'title' in changed({ op: 'add', path: 'title', value: 'x' }, { op: 'replace', path: 'title', value: null }),
    false,
  )
  const emails = (...operations: object[]) => changed(...operations).emails
  assert.deepEqual(emails({ op: 'remove', path: 'emails[type eq "HOME"]' }), [
    { value: 'ada@acme.example', type: 'work', primary: true },
  ])
  assert.deepEqual(emails({ op: 'remove', path: 'emails', value: [{ $ref: null, value: 'ADA@home.example' }] }), [
    { value: 'ada@acme.example', type: 'work', primary: true },
  ])
  assert.deepEqual(
    emails({ op: 'add', path: 'emails', value: [{ value: 'a@b.example', type: 'other', primary: 'True' }] }),
    [
      { value: 'ada@acme.example', type: 'work', primary: false },
      { value: 'ada@home.example', type: 'home' },
      { value: 'a@b.example', type: 'other', primary: true },
    ],
  )
  assert.equal(
    (emails({ op: 'add', path: 'emails', value: [{ value: 'ada@home.example', type: 'home' }] }) as []).length,
    2,
  )
  assert.deepEqual(
    (emails({ op: 'add', path: 'emails[type eq "other"].value', value: 'o@acme.example' }) as Json[]).at(-1),
    {
      type: 'other',
      value: 'o@acme.example',
    },
  )
  refuses(
    () => changed({ op: 'replace', path: 'emails[type ne "work" and type ne "home"].value', value: 'x' }),
    'scim_no_target',
  )
  refuses(() => changed({ op: 'remove' }), 'scim_no_target')
  refuses(() => changed({ op: 'replace', path: 'id', value: 'x' }), 'scim_read_only')
  refuses(() => changed({ op: 'remove', path: 'userName' }), 'scim_value_invalid')
  refuses(() => changed({ op: 'replace', path: 'active', value: 'maybe' }), 'scim_value_invalid')
  refuses(() => changed({ op: 'move', path: 'title', value: 'x' }), 'scim_syntax_invalid')
  refuses(() => changed({ op: 'add', path: 'title' }), 'scim_syntax_invalid')
  refuses(() => changed({ op: 'replace', path: 'name[type eq "x"]', value: 'x' }), 'scim_path_invalid')
  refuses(() => readOperations({ schemas: [], Operations: [{ op: 'add', value: {} }] }), 'scim_syntax_invalid')
})

test('AG-05 no path and no name reaches past the resource: prototypes stay as they are', () => {
  const paths = [
    '__proto__.polluted',
    'constructor.prototype.polluted',
    '__proto__',
    'toString',
    'name.__proto__',
    'name.constructor',
  ]
  for (const path of paths) {
    for (const operation of [{ path, value: 'x' }, { value: JSON.parse(`{"${path}":{"polluted":"x"}}`) }]) {
      try {
        assert.deepEqual(changed({ op: 'add', ...operation }), ada)
      } catch (error) {
        assert.ok(error instanceof DomainError && error.code === 'federation.scim_path_invalid')
      }
    }
  }
  assert.equal(({} as Json).polluted, undefined)
  assert.deepEqual(
    readResource(userShape, JSON.parse('{"userName":"a","__proto__":{"active":false},"constructor":1}')),
    { userName: 'a' },
  )
})

test('AG-05 a resource is read in any case and under its URN, without nulls and what only the server may say', () => {
  assert.deepEqual(
    readResource(userShape, {
      USERNAME: 'ada',
      'urn:ietf:params:scim:schemas:core:2.0:User:Title': 'Countess',
      nickName: null,
      emails: 'ada@acme.example',
      id: 'x',
      meta: { version: '1' },
      groups: [{ value: 'x' }],
      password: 'secret',
      unknown: { much: 1 },
      'urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User': { Department: 'R&D', manager: 'boss', other: 1 },
    }),
    {
      userName: 'ada',
      title: 'Countess',
      emails: [{ value: 'ada@acme.example' }],
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'R&D', manager: { value: 'boss' } },
    },
  )
})
