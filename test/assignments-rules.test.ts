import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { ruleWithParameters, validationRules } from '#assignments'
import type { Module } from '#platform/module.ts'
import { type Person, testWorld } from '#test/world.ts'

const mostFor = ruleWithParameters({
  name: 'house_most_for',
  describe: 'Nothing is for more people than the house has chairs.',
  parameters: Type.Object({
    chairs: Type.Integer({ minimum: 1, maximum: 50, default: 6, description: 'In the house' }),
  }),
  check: ({ problem }, { chairs }) =>
    problem.targets
      .filter(({ minimum }) => minimum > chairs)
      .map(({ id, minimum }) => ({
        ...{ rule: 'house_most_for', target: id, needed: minimum, available: chairs, missing: [] },
      })),
  say: ({ target = '', available }, nameOf) => `${nameOf(target)} is for more than the ${available} chairs there are.`,
})
validationRules.add(mostFor)
const house: Module = { name: 'house', schema: 'house' }
const { alice, bob } = await testWorld({ modules: [house] })

const ask = async (person: Person, method: string, path: string, body?: unknown) => {
  const response = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

test('VS-04 VS-11 a rule of another module is told with its parameters, gets those of the domain, and refuses others when they are stored', async () => {
  const { json: methods } = await ask(alice, 'GET', '/assignment-methods')
  assert.deepEqual(methods.validationRules.at(-1), {
    ...{ name: 'house_most_for', description: 'Nothing is for more people than the house has chairs.' },
    parameters: [{ name: 'chairs', type: 'number', description: 'In the house', default: 6, minimum: 1, maximum: 50 }],
  })
  const { json: domain } = await ask(alice, 'POST', '/assignment-domains', { name: 'chores', displayName: 'Chores' })
  await ask(alice, 'POST', '/assignment-targets', { domainId: domain.id, name: 'Dinner', requiredCount: 4 })
  const { json: round } = await ask(alice, 'POST', '/assignments', { domainId: domain.id })
  const told = async () => {
    const { json } = await ask(alice, 'GET', `/assignments/${round.id}/validation`)
    return json.faults.filter(({ rule }: { rule: string }) => rule === 'house_most_for')
  }
  const path = `/assignment-domains/${domain.id}`
  const rules = (parameters: object) => ({ businessRules: [{ name: 'house_most_for', parameters }] })
  assert.deepEqual(await told(), [])
  const refused = await ask(alice, 'PATCH', path, rules({ chairs: 'many' }))
  assert.deepEqual(
    [refused.status, refused.json.code, refused.json.detail],
    [
      400,
      'assignments.rule_parameters',
      'The parameters of the rule house_most_for do not fit: chairs must be integer.',
    ],
  )
  assert.equal((await ask(bob, 'PATCH', path, rules({ chairs: 3 }))).status, 404)
  assert.deepEqual(await told(), [], 'neither has changed anything')
  assert.equal((await ask(alice, 'PATCH', path, rules({ chairs: 3 }))).status, 200)
  const [fault] = await told()
  assert.equal(fault.message, 'Dinner is for more than the 3 chairs there are.')
})
