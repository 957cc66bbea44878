import { type Static, Type } from 'typebox'
import { json, type Queryable, sql } from '#platform/database'
import { dateTime, type IfMatch, nullable, requireMatch } from '#platform/http'
import { errors } from './errors.ts'
import { firstAddressOf, readNetwork } from './policy-addresses.ts'
import { compilePolicy } from './policy-verdicts.ts'

const address = Type.String({ minLength: 1, maxLength: 60 })
const most = 200

/** MT-14 to MT-16: the security policy of a tenant, in the documents' own form. */
export const SecurityPolicy = Type.Object({
  session: Type.Object({
    maxConcurrentSessions: Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'With so many of his newest sessions a member may work here; an older one is refused',
    }),
    sessionTimeout: Type.Integer({
      minimum: 60,
      maximum: 2_592_000,
      description: 'Seconds, 30 days at most: no session lasts longer',
    }),
    extendOnActivity: Type.Boolean({
      description: 'Whether the timeout counts from the last request, or from the sign-in whatever happens',
    }),
    requireMFA: Type.Boolean({
      description: 'Every session has to have shown a second factor: at once, without grace, no role exempt',
    }),
  }),
  twoFactor: Type.Object({
    required: Type.Boolean({ description: 'Every member has to have a second factor and to show it, after the grace' }),
    graceLogins: Type.Integer({
      minimum: 0,
      maximum: 100,
      description: 'Sign-ins without one, until there are none left',
    }),
    gracePeriodDays: Type.Integer({
      minimum: 0,
      maximum: 365,
      description: 'Days without one; what ends first counts',
    }),
    allowBackupCodes: Type.Boolean({ description: 'Whether a backup code is a second factor here' }),
    allowRememberDevice: Type.Boolean({
      description: 'Whether a device that is remembered is spared the second factor',
    }),
    exemptRoles: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      maxItems: 100,
      uniqueItems: true,
      description: 'Names of roles: `required` is not for members who hold one of them',
    }),
    enforcementDate: Type.Unsafe<string | null>({
      ...nullable(dateTime),
      description: 'From when on `required` holds; null for at once',
    }),
  }),
  ipRestrictions: Type.Object({
    enabled: Type.Boolean({ description: 'Whether members may come from the allowed addresses and ranges only' }),
    allowedIPs: Type.Array(address, { maxItems: most, uniqueItems: true, description: 'Single addresses' }),
    allowedRanges: Type.Array(address, { maxItems: most, uniqueItems: true, description: 'Networks: `192.0.2.0/24`' }),
    blockList: Type.Array(address, {
      maxItems: most,
      uniqueItems: true,
      description:
        'Addresses and networks from which nobody may come; they win, and hold also while `enabled` is false',
    }),
  }),
  signIn: Type.Optional(
    Type.Object(
      {
        requireProvider: Type.Boolean({
          description:
            'Members may come in through the identity provider of this workspace only, except owners who are marked as break-glass',
        }),
      },
      { description: 'Left out of a change it stays as it is' },
    ),
  ),
})
export type SecurityPolicy = Static<typeof SecurityPolicy>

/** The policy of the scope's tenant. */
export function getSecurityPolicy(tx: Queryable): Promise<SecurityPolicy> {
  return readPolicy(tx, sql``)
}

/** MT-16: whether somebody may come from that address to the scope's tenant, by its policy as it is now. */
export async function admitsAddress(tx: Queryable, address: string | undefined): Promise<boolean> {
  const { policy } = await tx.one(sql<{ policy: string }>`
    select security_policy::text as policy
    from tenancy.tenants
    where id = ${tx.scope.tenantId}`)
  return compilePolicy(policy).addresses.allows(address ?? 'unknown')
}

/** Sets all of it; it holds from the next request on. In a transaction. Refuses what `checkSecurityPolicy` refuses. */
export async function setSecurityPolicy(
  tx: Queryable,
  policy: SecurityPolicy,
  ifMatch?: IfMatch,
): Promise<SecurityPolicy> {
  checkSecurityPolicy(policy)
  const before = await readPolicy(tx, sql`for no key update`)
  requireMatch(ifMatch, before)
  await tx.run(sql`
    update tenancy.tenants
    set security_policy = ${json(inOrder({ ...policy, signIn: policy.signIn ?? before.signIn }))}
    where id = ${tx.scope.tenantId}`)
  return await getSecurityPolicy(tx)
}

/** Since when the policy of the scope's tenant requires a second factor; null where it does not. */
export async function findSecondFactorRequirement(tx: Queryable): Promise<Date | null> {
  const { secondFactorRequiredSince } = await tx.one(sql<{ secondFactorRequiredSince: Date | null }>`
    select second_factor_required_since
    from tenancy.tenants
    where id = ${tx.scope.tenantId}`)
  return secondFactorRequiredSince
}

/** Refuses what has the right form and makes no sense, with `tenancy.policy_unfit`, which tells where and why. */
export function checkSecurityPolicy({ twoFactor, ipRestrictions }: SecurityPolicy): void {
  const { enabled, allowedIPs, allowedRanges, blockList } = ipRestrictions
  const faults = [
    ...faultsOf('allowedIPs', allowedIPs, faultOfAddress),
    ...faultsOf('allowedRanges', allowedRanges, faultOfRange),
    ...faultsOf('blockList', blockList, text => (text.includes('/') ? faultOfRange(text) : faultOfAddress(text))),
  ]
  if (enabled && allowedIPs.length + allowedRanges.length === 0) {
    faults.push(
      faultAt('/ipRestrictions/allowedIPs', 'without an address or a range in the lists nobody could come in'),
    )
  }
  const { enforcementDate } = twoFactor
  if (enforcementDate !== null && (!momentPattern.test(enforcementDate) || Number.isNaN(Date.parse(enforcementDate)))) {
    faults.push(faultAt('/twoFactor/enforcementDate', 'must be a moment such as 2026-12-01T00:00:00Z'))
  }
  if (faults.length > 0) throw errors.policyUnfit({ errors: faults })
}

type Fault = { in: 'body'; pointer: string; message: string }

/** As the check constraint has it. */
const momentPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d+)?(Z|[+-]\d\d:\d\d)$/

const faultAt = (pointer: string, message: string): Fault => ({ in: 'body', pointer, message })

function faultsOf(list: string, texts: readonly string[], faultOf: (text: string) => string | undefined): Fault[] {
  return texts.flatMap((text, index) => {
    const message = faultOf(text)
    return message === undefined ? [] : [faultAt(`/ipRestrictions/${list}/${index}`, message)]
  })
}

function faultOfAddress(text: string): string | undefined {
  if (!text.includes('/') && readNetwork(text)) return undefined
  if (readNetwork(text)) return `${text} is a range: it belongs into the list of ranges`
  return `${text} is no IPv4 or IPv6 address`
}

function faultOfRange(text: string): string | undefined {
  const network = readNetwork(text)
  if (!network) return `${text} is no range such as 192.0.2.0/24 or 2001:db8::/32`
  if (!text.includes('/')) return `${text} is a single address: it belongs into the list of addresses`
  const first = firstAddressOf(network)
  if (first !== network.address) return `${text} has bits after its prefix: write ${first}/${network.prefix}`
  return undefined
}

async function readPolicy(tx: Queryable, lock: ReturnType<typeof sql>): Promise<SecurityPolicy> {
  const { securityPolicy } = await tx.one(sql<{ securityPolicy: SecurityPolicy }>`
    select security_policy
    from tenancy.tenants
    where id = ${tx.scope.tenantId}
    ${lock}`)
  return inOrder(securityPolicy)
}

/** In one order of properties, whatever the database has them in: the entity tag is made of it. */
function inOrder({ session, twoFactor, ipRestrictions, signIn }: SecurityPolicy): SecurityPolicy {
  const { maxConcurrentSessions, sessionTimeout, extendOnActivity, requireMFA } = session
  const { required, graceLogins, gracePeriodDays, allowBackupCodes, allowRememberDevice, exemptRoles } = twoFactor
  const { enabled, allowedIPs, allowedRanges, blockList } = ipRestrictions
  return {
    session: { maxConcurrentSessions, sessionTimeout, extendOnActivity, requireMFA },
    twoFactor: {
      required,
      graceLogins,
      gracePeriodDays,
      allowBackupCodes,
      allowRememberDevice,
      exemptRoles,
      enforcementDate: twoFactor.enforcementDate,
    },
    ipRestrictions: { enabled, allowedIPs, allowedRanges, blockList },
    signIn: { requireProvider: signIn?.requireProvider ?? false },
  }
}
