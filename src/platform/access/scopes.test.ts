import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { covers, narrow, narrowToToken, scopePattern } from './scopes.ts'

const word = fc.constantFrom('contractors', 'access', 'lists', 'list', 'roles', 'read', 'write')
const permission = fc.tuple(word, word, word).map(words => words.join('.'))
const scope = fc.oneof(
  permission,
  fc.constant('*'),
  fc.array(word, { minLength: 1, maxLength: 2 }).map(words => `${words.join('.')}.*`),
)

test('MT-20 scopes only ever take away, the more the fewer they are, and none leaves nothing', () => {
  fc.assert(
    fc.property(fc.array(permission), fc.array(scope), fc.array(scope), (permissions, scopes, more) => {
      const narrowed = narrow(permissions, scopes)
      for (const name of narrowed) assert.ok(permissions.includes(name))
      const wider = narrow(permissions, [...scopes, ...more])
      for (const name of narrowed) assert.ok(wider.has(name))
      assert.deepEqual([...narrow(narrowed, scopes)], [...narrowed])
      assert.equal(narrow(permissions, []).size, 0)
      assert.deepEqual(narrow(permissions, ['*']), new Set(permissions))
    }),
  )
})

test('MT-20 a prefix ends at a dot, and a scope is a name, a prefix or everything', () => {
  assert.ok(covers('contractors.*', 'contractors.lists.read'))
  assert.ok(covers('contractors.lists.*', 'contractors.lists.read'))
  assert.ok(!covers('contractors.list.*', 'contractors.lists.read'))
  assert.ok(!covers('contractors', 'contractors.lists.read'))
  assert.ok(!covers('contractors.lists.rea', 'contractors.lists.read'))
  const pattern = new RegExp(scopePattern)
  for (const fit of ['*', 'contractors.*', 'contractors.lists.*', 'contractors.lists.read']) assert.match(fit, pattern)
  for (const unfit of ['', '.*', '*.*', 'a.*.b', 'A.*', 'a.', 'a b', '**']) assert.doesNotMatch(unfit, pattern)
})

test('MT-20 a token carries of each role what that role lets tokens carry', () => {
  const roles = [
    { permissions: ['access.roles.write', 'contractors.lists.read'], scopes: ['contractors.*'] },
    { permissions: ['audit.logs.read'], scopes: [] },
  ]
  assert.deepEqual(narrowToToken(roles, ['*']), new Set(['contractors.lists.read', 'audit.logs.read']))
  assert.deepEqual(narrowToToken(roles, ['access.*', 'audit.*']), new Set(['audit.logs.read']))
})
