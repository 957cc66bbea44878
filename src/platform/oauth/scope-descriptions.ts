import type { App } from '#platform/app.ts'

const ofIdentity: Readonly<Record<string, string>> = {
  openid: 'Know who you are here',
  profile: 'See your name and user name',
  email: 'See your e-mail address',
  offline_access: 'Go on when you are signed out here, until you take it back',
}

/** What scopes mean, as people read it. */
export function describeScopes(app: App, names: readonly string[]): { name: string; description: string }[] {
  const permissions = new Map(app.modules.flatMap(module => Object.entries(module.permissions ?? {})))
  return names.map(name => ({ name, description: describe(name, permissions) }))
}

function describe(name: string, permissions: ReadonlyMap<string, { description: string }>): string {
  if (name === '*') return 'Do all that you may do in this workspace'
  if (name.endsWith('.*')) return `Do all that you may do with ${name.slice(0, -2).replaceAll('.', ', ')}`
  return ofIdentity[name] ?? permissions.get(name)?.description ?? name
}
