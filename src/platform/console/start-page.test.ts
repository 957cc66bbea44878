import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { NavigationEntry } from './module.ts'
import { findStartPage, rememberApplication, startPageOf } from './start-page.ts'

const navigation: NavigationEntry[] = [
  { group: 'Firms', label: 'Search', to: '/firms', icon: 'search', permission: 'firms', isStart: true },
  { group: 'Plans', label: 'Board', to: '/plans', icon: 'list', permission: 'plans', isStart: true },
  { group: 'Plans', label: 'For me', to: '/mine', icon: 'person', permission: 'own' },
  { group: 'Workspace', label: 'Members', to: '/members', icon: 'people' },
]

/** As a browser that was never here. */
function openStore(t: TestContext) {
  const kept = new Map<string, string>()
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
  }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
  Object.defineProperty(globalThis, 'localStorage', { value: store, configurable: true })
  t.after(() => before && Object.defineProperty(globalThis, 'localStorage', before))
}

test('VS-12 the first page is that of the application used last in the workspace, and one that may be seen', t => {
  openStore(t)
  const all = { tenantId: 'harbour', permissions: ['firms', 'plans', 'own'] }
  assert.equal(startPageOf(navigation, all), '/firms')
  rememberApplication(navigation, 'harbour', '/mine')
  rememberApplication(navigation, 'harbour', '/members')
  assert.equal(startPageOf(navigation, all), '/plans')
  assert.equal(startPageOf(navigation, { ...all, tenantId: 'another' }), '/firms', 'each workspace by itself')
  assert.equal(startPageOf(navigation, { ...all, permissions: ['firms'] }), '/firms', 'no longer allowed')
  assert.equal(startPageOf(navigation, { ...all, permissions: ['own'] }), '/mine')
  assert.equal(startPageOf(navigation, { ...all, tenantId: null }), undefined, 'who works in none makes one first')
})

test('VS-12 who worked in no application yet begins in the first that his workspace has something in', async t => {
  openStore(t)
  const person = { tenantId: 'harbour', permissions: ['firms', 'plans', 'own'] }
  const where = (used: readonly string[], of: typeof person = person) =>
    findStartPage(
      navigation.map(entry => ({
        ...entry,
        isInUse: async () =>
          entry.to === '/firms' && used.includes('refused') ? assert.fail() : used.includes(entry.to),
      })),
      of,
    )
  assert.equal(await where([]), '/firms', 'a new workspace')
  assert.equal(await where(['/plans'], { ...person, permissions: ['firms'] }), '/firms', 'not what he may not see')
  assert.equal(await where(['/firms', '/plans'], { ...person, tenantId: 'both' }), '/firms')
  assert.equal(await where(['/mine', '/plans']), '/plans')
  assert.equal(startPageOf(navigation, person), '/plans', 'the frame knows it from then on')
  rememberApplication(navigation, 'harbour', '/firms')
  assert.equal(await where(['/plans']), '/firms', 'where he went since')
  assert.equal(await where(['refused', '/plans'], { ...person, tenantId: 'third' }), '/plans')
})
