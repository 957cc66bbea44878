import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NavigationEntry } from './module.ts'
import { rememberApplication, startPageOf } from './start-page.ts'

const navigation: NavigationEntry[] = [
  { group: 'Firms', label: 'Search', to: '/firms', icon: 'search', permission: 'firms', isStart: true },
  { group: 'Plans', label: 'Board', to: '/plans', icon: 'list', permission: 'plans', isStart: true },
  { group: 'Plans', label: 'For me', to: '/mine', icon: 'person', permission: 'own' },
  { group: 'Workspace', label: 'Members', to: '/members', icon: 'people' },
]

test('VS-12 the first page is that of the application used last in the workspace, and one that may be seen', t => {
  const kept = new Map<string, string>()
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
  }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
  Object.defineProperty(globalThis, 'localStorage', { value: store, configurable: true })
  t.after(() => before && Object.defineProperty(globalThis, 'localStorage', before))

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
