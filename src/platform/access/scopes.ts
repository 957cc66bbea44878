/** A scope: the name of a permission, a prefix (`contractors.*`, `contractors.lists.*`), or `*` for everything. */
export const scopePattern = '^(\\*|[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*(\\.\\*)?)$'

/**
 * The permissions that the scopes cover: what a token with these scopes may do at most, of what its user may do. A scope
 * only ever takes away. No scopes, no permissions.
 */
export function narrow(permissions: Iterable<string>, scopes: readonly string[]): Set<string> {
  const covered = new Set<string>()
  for (const permission of permissions) {
    if (scopes.some(scope => covers(scope, permission))) covered.add(permission)
  }
  return covered
}

/** Whether a scope covers a permission. Prefixes end at a dot: `contractors.list.*` covers nothing of `contractors.lists`. */
export function covers(scope: string, permission: string): boolean {
  if (scope === '*' || scope === permission) return true
  return scope.endsWith('.*') && permission.startsWith(scope.slice(0, -1))
}

/** What one role gives; its `scopes` bound what tokens carry of it, none is no bound. */
export type RoleGrant = { permissions: Iterable<string>; scopes: readonly string[] }

/** What a token may do whose user has these roles: of each role what its own scopes let through, then the token's. */
export function narrowToToken(roles: Iterable<RoleGrant>, scopes: readonly string[]): Set<string> {
  const permitted = new Set<string>()
  for (const role of roles) {
    const ofRole = role.scopes.length === 0 ? role.permissions : narrow(role.permissions, role.scopes)
    for (const permission of narrow(ofRole, scopes)) permitted.add(permission)
  }
  return permitted
}
