import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import { uuidPattern } from '#platform/database'
import { findAccount, normaliseEmail } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug } from '#platform/tenancy'
import { errors } from './errors.ts'
import { type Explanation, explainAccess } from './explanations.ts'
import { listRoles, type Role } from './roles.ts'

/** What `explain` ends with when the answer is no; whoever is not there ends it with 4. */
const refused = 3

/** `commonhold access …`, for operators: it asks the database whatever tenant it is. */
export function registerAccessCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Why somebody may do something, or may not')
  parent
    .command('explain <user> <tenant> <permission>')
    .description(
      'Say whether somebody may do something in a tenant, and why; ends with 0 for yes, 3 for no, 4 for unknown',
    )
    .option('--json', 'print it as JSON')
    .action(async (user: string, tenant: string, permission: string, { json }: { json?: boolean }) => {
      const explanation = await withApp(app => explainTo(app, { user, tenant, permission }))
      process.stdout.write(json ? `${JSON.stringify(explanation)}\n` : textOf(explanation))
      if (!explanation.isAllowed) process.exitCode = refused
    })
  parent
    .command('roles <tenant>')
    .description('List the roles of a tenant with what they permit')
    .option('--json', 'print them as JSON')
    .action(async (tenant: string, { json }: { json?: boolean }) => {
      const roles = await withApp(app => rolesOf(app, tenant))
      process.stdout.write(json ? `${JSON.stringify(roles)}\n` : tableOf(roles))
    })
}

/** `user` is an address or an id, `tenant` a slug or an id. */
export async function explainTo(
  app: App,
  asked: { user: string; tenant: string; permission: string },
): Promise<Explanation> {
  const system = app.db.reads({ system: true })
  const tenantId = await tenantIdOf(app, asked.tenant)
  const userId = uuidPattern.test(asked.user) ? asked.user : (await findAccount(system, normaliseEmail(asked.user)))?.id
  if (userId === undefined) throw errors.userUnknown({ user: asked.user })
  return await explainAccess(system, { userId, tenantId, permission: asked.permission })
}

async function rolesOf(app: App, tenant: string): Promise<Role[]> {
  const tx = app.db.reads({ system: true, tenantId: await tenantIdOf(app, tenant) })
  const roles: Role[] = []
  let cursor: string | undefined
  do {
    const page = await listRoles(tx, { limit: 100, cursor })
    roles.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  if (roles.length === 0) throw errors.tenantUnknown({ tenant })
  return roles
}

async function tenantIdOf(app: App, tenant: string): Promise<string> {
  if (uuidPattern.test(tenant)) return tenant
  const found = await findTenantBySlug(app.db.reads({ system: true }), tenant)
  if (!found) throw errors.tenantUnknown({ tenant })
  return found.id
}

function textOf({ conclusion, permission, steps }: Explanation): string {
  const asked = steps.map(({ isMet, says }) => `  ${isMet ? 'yes' : 'no '}  ${says}\n`)
  return `${conclusion}\n\n${permission.name}: ${permission.description}\n${asked.join('')}`
}

function tableOf(roles: readonly Role[]): string {
  return roles
    .map(({ name, isBuiltIn, isDefault, memberCount, scopes, permissions }) => {
      const marks = [isBuiltIn ? 'built-in' : 'own', ...(isDefault ? ['default'] : []), `members: ${memberCount}`]
      const bound = scopes.length > 0 ? `  tokens carry at most: ${scopes.join(', ')}\n` : ''
      return `${name} (${marks.join(', ')})\n${bound}${permissions.map(permission => `  ${permission}\n`).join('')}`
    })
    .join('\n')
}
