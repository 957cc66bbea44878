import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { NavigationEntry } from './module.ts'
import { findStartPage, rememberApplication, startPageOf } from './start-page.ts'

const navigation: NavigationEntry[] = [
  { group: 'Firms', label: 'Search', to: '/firms', icon: 'search', permission: 'firms', isStart: true, inUse: '/f' },
  { group: 'Plans', label: 'Board', to: '/plans', icon: 'list', permission: 'plans', isStart: true, inUse: '/p' },
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
  const all = { tenantId: 'harbour', permissions: ['firms', 'plans', 'own'] }
  const find = (filled: readonly string[], person = all) =>
    findStartPage(navigation, person, async path => ({ items: filled.includes(path) ? [path] : [] }))
  assert.equal(await find([]), '/firms', 'a new workspace')
  assert.equal(await find(['/p'], { ...all, permissions: ['firms'] }), '/firms', 'not where he may see nothing')
  assert.equal(await find(['/f', '/p']), '/firms')
  assert.equal(await find(['/p'], { ...all, tenantId: 'another' }), '/plans')
  assert.equal(startPageOf(navigation, { ...all, tenantId: 'another' }), '/plans', 'the frame knows it from then on')
  rememberApplication(navigation, 'another', '/firms')
  assert.equal(await find(['/p'], { ...all, tenantId: 'another' }), '/firms', 'he went elsewhere since')
  const [firms, ...others] = navigation
  const refused = [{ ...(firms as NavigationEntry), inUse: '/refused' as const }, ...others]
  const ask = async (path: string) => (path === '/refused' ? Promise.reject(new Error('no')) : { items: [1] })
  assert.equal(await findStartPage(refused, { ...all, tenantId: 'third' }, ask), '/plans')
})
