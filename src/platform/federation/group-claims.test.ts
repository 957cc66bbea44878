import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type GroupFormat,
  type GroupSettings,
  type GroupsAnswer,
  isEverybody,
  longestGroup,
  mostGroups,
  readGroup,
  readGroups,
  usualSettings,
} from './group-claims.ts'

const at = (type: string, settings: Partial<GroupSettings> = {}) => ({
  type,
  settings: { ...usualSettings(type), ...settings },
})
const idsOf = (answer: GroupsAnswer) => {
  assert.equal(answer.outcome, 'known')
  return answer.outcome === 'known' ? answer.groups.map(({ id }) => id) : []
}
const reasonOf = (answer: GroupsAnswer) => (answer.outcome === 'unknown' ? answer.reason : answer.outcome)
const many = (count: number) => Array.from({ length: count }, (_, index) => `group ${index}`)
const guids = (count: number) =>
  Array.from({ length: count }, (_, index) => `0A0B0C0D-1111-4222-8333-${String(index).padStart(12, '0')}`)

test('AG-06 Okta sends display names, told in the order and spelling in which they came', () => {
  const claims = { sub: '00u1', groups: ['Bid managers', 'Everyone', 'bid managers'] }
  assert.deepEqual(readGroups(at('okta'), claims), {
    outcome: 'known',
    groups: [
      { id: 'Bid managers', name: 'Bid managers' },
      { id: 'Everyone', name: 'Everyone' },
      { id: 'bid managers', name: 'bid managers' },
    ],
  })
})

test('AG-06 of Okta exactly 100 groups are unknown, since it cuts there without a word; 99 and 101 are known', () => {
  assert.equal(reasonOf(readGroups(at('okta'), { groups: many(100) })), 'cut')
  assert.equal(reasonOf(readGroups(at('okta', { claim: 'roles' }), { roles: many(100) })), 'cut')
  assert.equal(idsOf(readGroups(at('okta'), { groups: many(99) })).length, 99)
  assert.equal(idsOf(readGroups(at('okta'), { groups: many(101) })).length, 101)
  assert.equal(idsOf(readGroups(at('custom_oidc'), { groups: many(100) })).length, 100)
})

test('AG-06 a thin token of Okta leaves the groups to the userinfo endpoint', () => {
  assert.deepEqual(idsOf(readGroups(at('okta'), { sub: '00u1' }, { sub: '00u1', groups: ['Sales'] })), ['Sales'])
  assert.equal(reasonOf(readGroups(at('okta'), { sub: '00u1' }, { sub: '00u1' })), 'missing')
  assert.equal(reasonOf(readGroups(at('okta'), { sub: '00u1' }, undefined)), 'missing')
})

test('AG-06 Entra sends object ids, compared without regard to case', () => {
  const groups = ['0A0B0C0D-1111-4222-8333-000000000001']
  assert.deepEqual(readGroups(at('azure'), { groups }), {
    outcome: 'known',
    groups: [{ id: '0a0b0c0d-1111-4222-8333-000000000001' }],
  })
})

test('AG-06 the overage of Entra is unknown, whatever it refers to: _claim_names, _claim_sources, hasgroups', () => {
  const referred = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://graph.windows.net/t/users/u/getMemberObjects' } },
  }
  assert.equal(reasonOf(readGroups(at('azure'), referred)), 'overage')
  assert.equal(reasonOf(readGroups(at('azure'), { ...referred, groups: guids(3) })), 'overage')
  assert.equal(reasonOf(readGroups(at('azure'), referred, { groups: guids(3) })), 'overage')
  assert.equal(reasonOf(readGroups(at('azure'), { _claim_names: 'src1' })), 'overage')
  assert.equal(reasonOf(readGroups(at('azure'), { _claim_names: null })), 'overage')
  assert.equal(reasonOf(readGroups(at('azure'), { _claim_sources: {} })), 'overage')
  for (const hasgroups of [true, 'true', 1]) assert.equal(reasonOf(readGroups(at('azure'), { hasgroups })), 'overage')
})

test('AG-06 an overage of groups says nothing of the app roles of Entra', () => {
  const claims = { _claim_names: { groups: 'src1' }, _claim_sources: {}, hasgroups: true, roles: ['Bid.Manage'] }
  assert.deepEqual(idsOf(readGroups(at('azure', { claim: 'roles', format: 'name' }), claims)), ['Bid.Manage'])
})

test('AG-06 Entra sends 200 groups in a token at most: 200 are known, more did not come from there', () => {
  assert.equal(idsOf(readGroups(at('azure'), { groups: guids(200) })).length, 200)
  assert.equal(reasonOf(readGroups(at('azure'), { groups: guids(201) })), 'cut')
})

test('AG-06 Entra’s groups of a directory at home come as DOMAIN\\name, in any case', () => {
  const settings = at('azure', { format: 'domain' })
  assert.deepEqual(readGroups(settings, { groups: ['ACME\\Bid Managers', 'acme\\bid managers'] }), {
    outcome: 'known',
    groups: [{ id: 'acme\\bid managers', name: 'ACME\\Bid Managers' }],
  })
  assert.equal(reasonOf(readGroups(settings, { groups: ['ACME\\Sales', 'Sales'] })), 'other_form')
})

test('AG-06 where Entra was switched from ids to names nobody loses a role: the list has another form', () => {
  assert.equal(reasonOf(readGroups(at('azure'), { groups: ['Bid managers'] })), 'other_form')
  assert.equal(reasonOf(readGroups(at('azure'), { groups: [...guids(2), 'S-1-5-21-1-2-3-512'] })), 'other_form')
})

test('AG-06 Auth0’s claim is namespaced, and its name is taken to the letter', () => {
  const claim = 'https://acme.example/roles'
  const settings = at('auth0', { claim })
  assert.deepEqual(idsOf(readGroups(settings, { [claim]: ['editor'] })), ['editor'])
  const nested = { https: { '//acme': { 'example/roles': ['admin'] } }, roles: ['admin'], groups: ['admin'] }
  assert.equal(reasonOf(readGroups(settings, nested)), 'missing')
  const dotted = at('custom_oidc', { claim: 'realm_access.roles' })
  assert.equal(reasonOf(readGroups(dotted, { realm_access: { roles: ['admin'] } })), 'missing')
  assert.deepEqual(idsOf(readGroups(dotted, { 'realm_access.roles': ['admin'] })), ['admin'])
})

test('AG-06 the claim of Auth0 that a collision left out is unknown, not empty', () => {
  assert.equal(reasonOf(readGroups(at('auth0'), { sub: 'auth0|1' })), 'missing')
})

test('AG-06 Google sends no groups: unknown, even where a claim of that name comes', () => {
  assert.equal(reasonOf(readGroups(at('google'), { hd: 'acme.example' })), 'not_sent')
  assert.equal(reasonOf(readGroups(at('google'), { groups: ['admins'] })), 'not_sent')
})

test('AG-06 groups that come by SCIM are not read at a sign-in', () => {
  assert.equal(reasonOf(readGroups(at('okta', { source: 'scim' }), { groups: ['Sales'] })), 'elsewhere')
})

test('AG-06 a claim that is missing or null is unknown; an empty list is known to be empty', () => {
  assert.equal(reasonOf(readGroups(at('custom_oidc'), {})), 'missing')
  assert.equal(reasonOf(readGroups(at('custom_oidc'), { groups: null })), 'missing')
  assert.deepEqual(readGroups(at('custom_oidc'), { groups: [] }), { outcome: 'known', groups: [] })
  for (const claim of ['toString', '__proto__', 'constructor'])
    assert.equal(reasonOf(readGroups(at('custom_oidc', { claim }), {})), 'missing')
})

test('AG-06 a text in place of the list is one group; where it may be several it is unknown', () => {
  assert.deepEqual(idsOf(readGroups(at('custom_oidc'), { groups: 'Bid managers' })), ['Bid managers'])
  for (const groups of ['a,b', 'a;b', 'a|b', '["a"]', '{"a":1}', '', ' '])
    assert.equal(reasonOf(readGroups(at('custom_oidc'), { groups })), 'no_list', groups)
  for (const groups of [1, true, { a: 'b' }])
    assert.equal(reasonOf(readGroups(at('custom_oidc'), { groups })), 'no_list')
})

test('AG-06 a list with anything that is no name is unknown as a whole', () => {
  for (const entry of [1, null, true, {}, ['a'], '', '  ', 'a\u0000b', 'a\nb', '\ud800', 'x'.repeat(longestGroup + 1)])
    assert.equal(reasonOf(readGroups(at('custom_oidc'), { groups: ['a', entry] })), 'unreadable', JSON.stringify(entry))
})

test('AG-06 duplicates are one group, and a huge list is unknown', () => {
  assert.deepEqual(idsOf(readGroups(at('custom_oidc'), { groups: ['a', 'b', 'a'] })), ['a', 'b'])
  assert.equal(idsOf(readGroups(at('custom_oidc'), { groups: many(mostGroups) })).length, mostGroups)
  assert.equal(reasonOf(readGroups(at('custom_oidc'), { groups: many(mostGroups + 1) })), 'too_many')
})

test('AG-06 the same name composed and decomposed is the same group', () => {
  assert.deepEqual(idsOf(readGroups(at('okta'), { groups: ['Caf\u00e9', 'Cafe\u0301'] })), ['Caf\u00e9'])
})

test('AG-06 Keycloak’s groups are paths, with or without a slash at the end', () => {
  const settings = at('custom_oidc', { format: 'path' })
  assert.deepEqual(idsOf(readGroups(settings, { groups: ['/sales/emea/', '/sales/emea', '/ops'] })), [
    '/sales/emea',
    '/ops',
  ])
  for (const groups of [['sales'], ['/'], ['//']])
    assert.equal(reasonOf(readGroups(settings, { groups })), 'other_form')
})

test('AG-06 groups of everybody and patterns are told from others, by name and by id', () => {
  const formats: Record<string, GroupFormat> = { 'ACME\\Domain Users': 'domain', 'BUILTIN\\Users': 'domain' }
  for (const text of [
    '*',
    'Sales*',
    'Everyone',
    ' everyone ',
    'All Users',
    'S-1-1-0',
    's-1-5-21-7-8-9-513',
    ...Object.keys(formats),
  ])
    assert.ok(isEverybody(readGroup(formats[text] ?? 'name', text) ?? { id: '' }), text)
  assert.ok(isEverybody({ id: guids(1)[0] as string, name: 'All Company' }))
  for (const text of ['Everyone in sales', 'Users', 'S-1-5-21-7-8-9-512'])
    assert.ok(!isEverybody(readGroup('name', text) ?? { id: '*' }), text)
})

test('AG-06 whatever a provider says, the answer is known with proper groups, or unknown with a reason', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('auth0', 'okta', 'azure', 'google', 'custom_oidc'),
      fc.constantFrom<GroupFormat>('name', 'guid', 'domain', 'path'),
      fc.oneof(
        fc.object({ key: fc.constantFrom('groups', '_claim_names', 'hasgroups', 'x') }),
        fc.record({ groups: fc.array(fc.string()) }),
      ),
      (type, format, claims) => {
        const answer = readGroups(at(type, { format }), claims as Record<string, unknown>)
        if (answer.outcome !== 'known') return answer.outcome === 'unknown'
        const ids = answer.groups.map(({ id }) => id)
        return new Set(ids).size === ids.length && ids.every(id => id.length > 0 && id.length <= longestGroup)
      },
    ),
  )
})
