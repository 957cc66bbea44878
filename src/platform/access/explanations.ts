import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { oneOf, uuid } from '#platform/http'
import { permittedTo } from './decisions.ts'
import { errors } from './errors.ts'

const steps = ['account', 'operator', 'tenant', 'membership', 'role'] as const

/** Why somebody may do something, or may not: what was asked one after the other, and what came of it. */
export const Explanation = Type.Object({
  isAllowed: Type.Boolean(),
  user: Type.Object({ id: uuid, name: Type.String(), email: Type.String() }),
  tenant: Type.Object({ id: uuid, name: Type.String(), slug: Type.String() }),
  permission: Type.Object({ name: Type.String(), description: Type.String() }),
  conclusion: Type.String({ examples: ['Ada Lovelace may, by the role member.'] }),
  steps: Type.Array(
    Type.Object({
      step: oneOf(steps),
      isMet: Type.Boolean(),
      says: Type.String({ description: 'A sentence for people' }),
    }),
  ),
  roles: Type.Array(
    Type.Object({
      id: uuid,
      name: Type.String(),
      isBuiltIn: Type.Boolean(),
      isHeld: Type.Boolean({ description: 'Whether the user has it' }),
      isGranting: Type.Boolean({ description: 'Whether it permits this' }),
      scopes: Type.Array(Type.String()),
    }),
    { description: 'The roles that the user has, and those of the tenant that would permit it' },
  ),
})
export type Explanation = Static<typeof Explanation>

type Facts = {
  userId: string | null
  userName: string
  email: string
  accountStatus: string
  isAccountActive: boolean
  isOperator: boolean
  tenantId: string | null
  tenantName: string
  tenantSlug: string
  tenantStatus: string
  description: string | null
  isForOperators: boolean
  userTenantId: string | null
  expiresAt: Date | null
  isInDate: boolean
  roles: Explanation['roles']
}

type Step = Explanation['steps'][number]

/**
 * Whether a user may do something in a tenant at this moment, and why (MT-20). What the tenant's policy wants besides (a
 * second factor, an address) depends on his session and is not asked. In a tenant's scope it knows its members only, and
 * tells nothing about permissions for operators; in the system scope it knows everybody.
 */
export async function explainAccess(
  tx: Queryable,
  asked: { userId: string; tenantId: string; permission: string },
): Promise<Explanation> {
  const { userId, tenantId, permission } = asked
  const facts = await tx.one(sql<Facts>`select * from access.explain(${userId}, ${tenantId}, ${permission})`)
  if (facts.tenantId === null) throw errors.tenantUnknown({ tenant: tenantId })
  if (facts.userId === null) throw errors.userUnknown({ user: userId })
  if (facts.description === null) throw errors.permissionNotFound({ permission })
  if (!tx.scope.system) {
    if (facts.userTenantId === null) throw errors.userUnknown({ user: userId })
    if (facts.isForOperators) throw errors.permissionForOperators({ permission })
  }
  const asking: Step[] = facts.isForOperators ? [account(facts), operator(facts)] : chain(facts)
  const isAllowed = decide(facts, permission)
  return {
    isAllowed,
    user: { id: facts.userId, name: facts.userName, email: facts.email },
    tenant: { id: facts.tenantId, name: facts.tenantName, slug: facts.tenantSlug },
    permission: { name: permission, description: facts.description },
    conclusion: conclude(facts, isAllowed, asking),
    steps: asking,
    roles: facts.roles,
  }
}

/** By the same rule as every request. */
function decide({ isAccountActive, isForOperators, isInDate, roles, ...facts }: Facts, permission: string): boolean {
  if (!isAccountActive) return false
  const standing = { isOperator: facts.isOperator, tenantStatus: isInDate ? facts.tenantStatus : null }
  const isGranted = roles.some(({ isHeld, isGranting }) => isHeld && isGranting)
  return permittedTo(standing, {
    asOperator: isForOperators ? [permission] : [],
    byRoles: isGranted ? [permission] : [],
  }).has(permission)
}

function chain(facts: Facts): Step[] {
  return [account(facts), tenant(facts), membership(facts), ...(facts.isInDate ? [role(facts)] : [])]
}

const account = ({ isAccountActive, accountStatus, userName }: Facts): Step => ({
  step: 'account',
  isMet: isAccountActive,
  says: isAccountActive
    ? `The account of ${userName} is active.`
    : `The account of ${userName} is ${accountStatus}: it cannot come in anywhere.`,
})

const operator = ({ isOperator, userName }: Facts): Step => ({
  step: 'operator',
  isMet: isOperator,
  says: isOperator
    ? `${userName} is an operator of the installation, and this is for operators, in whatever workspace.`
    : `This is for operators of the installation, and ${userName} is none. No role gives it.`,
})

const tenant = ({ tenantStatus, tenantName }: Facts): Step => ({
  step: 'tenant',
  isMet: tenantStatus === 'active',
  says:
    tenantStatus === 'active'
      ? `The workspace ${tenantName} is active.`
      : `The workspace ${tenantName} is ${tenantStatus === 'pending_deletion' ? 'waiting for its deletion' : tenantStatus}: nobody may do anything in it.`,
})

function membership({ userTenantId, isInDate, expiresAt, userName, tenantName }: Facts): Step {
  const on = expiresAt?.toISOString().slice(0, 16).replace('T', ' ')
  const says =
    userTenantId === null
      ? `${userName} is no member of ${tenantName}.`
      : !isInDate
        ? `${userName} was a member of ${tenantName} until ${on} UTC.`
        : `${userName} is a member of ${tenantName}${on ? `, until ${on} UTC` : ''}.`
  return { step: 'membership', isMet: isInDate, says }
}

function role({ roles, userName }: Facts): Step {
  const held = roles.filter(({ isHeld }) => isHeld)
  const granting = held.filter(({ isGranting }) => isGranting)
  if (granting.length > 0) return { step: 'role', isMet: true, says: `It is permitted by ${inWords(granting)}.` }
  const others = roles.filter(({ isHeld, isGranting }) => isGranting && !isHeld)
  const has =
    held.length === 0 ? `${userName} has no role` : `${userName} has ${inWords(held)}, which does not permit it`
  const would = others.length === 0 ? 'No role here permits it.' : `It would be permitted by ${inWords(others, 'or')}.`
  return { step: 'role', isMet: false, says: `${has}. ${would}` }
}

function inWords(roles: Explanation['roles'], between = 'and'): string {
  const names = roles.map(({ name }) => name)
  const all = names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} ${between} ${names.at(-1)}`
  return `the ${names.length === 1 || between === 'or' ? 'role' : 'roles'} ${all}`
}

function conclude({ userName, roles, isForOperators }: Facts, isAllowed: boolean, asking: readonly Step[]): string {
  if (!isAllowed) return `${userName} may not: ${asking.find(({ isMet }) => !isMet)?.says ?? ''}`
  if (isForOperators) return `${userName} may, as an operator.`
  return `${userName} may, by ${inWords(roles.filter(({ isHeld, isGranting }) => isHeld && isGranting))}.`
}
