import { isIP } from 'node:net'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { createToken } from '#platform/crypto'
import { onViolation, type Queryable, type Scope, sql } from '#platform/database'
import { canonicalHost, nullable, oneOf, timestamp, uuid } from '#platform/http'
import { announceRevocation } from '#platform/identity'
import { fileOf, type Outside, proveDomain, recordOf } from './domain-proofs.ts'
import { errors } from './errors.ts'

/** A domain that a tenant wants for its own. */
export const TenantDomain = Type.Object({
  id: uuid,
  domain: Type.String(),
  status: oneOf(['unproven', 'proven', 'failing']),
  isPrimary: Type.Boolean({ description: 'Links to the tenant use it' }),
  provenAt: nullable(timestamp),
  provenBy: nullable(oneOf(['dns', 'file'])),
  checkedAt: nullable(timestamp),
  failingSince: nullable(timestamp),
  losesProofAt: nullable(timestamp),
  fault: nullable(Type.String({ description: 'Why the last look found no proof' })),
  proof: Type.Object({
    record: Type.Object({ name: Type.String(), value: Type.String() }),
    file: Type.Object({ url: Type.String(), content: Type.String() }),
  }),
  createdAt: timestamp,
})
export type TenantDomain = Static<typeof TenantDomain>

/** A proof that is found no more counts for so long, in days. */
const failingDays = 7
const mostDomains = 20

type Row = {
  id: string
  tenantId: string
  domain: string
  token: string
  isPrimary: boolean
  provenAt: Date | null
  provenBy: 'dns' | 'file' | null
  checkedAt: Date | null
  failingSince: Date | null
  lastFault: string | null
  createdAt: Date
}

export async function listDomains(tx: Queryable): Promise<TenantDomain[]> {
  return (await readDomains(tx, sql``)).map(shown)
}

/** Refuses with `tenancy.domain_not_found` also what another tenant has. */
export async function getDomain(tx: Queryable, id: string): Promise<TenantDomain> {
  return shown(await readDomain(tx, id))
}

/**
 * Notes that the scope's tenant wants a domain, and makes the token by which it can prove that it has it. Others may want
 * the same one: nothing is taken from them before there is a proof. In a transaction.
 */
export async function addDomain(app: App, tx: Queryable, wanted: string): Promise<TenantDomain> {
  const domain = domainOf(app, wanted)
  // One after another: of two at once both would find room for the last one.
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('tenancy.tenant_domains'), hashtext(${tx.scope.tenantId}))`)
  const { count } = await tx.one(sql<{ count: number }>`
    select count(*) as count
    from tenancy.tenant_domains
    where tenant_id = ${tx.scope.tenantId}`)
  if (count >= mostDomains) throw errors.tooManyDomains({ most: mostDomains })
  const { id } = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into tenancy.tenant_domains (domain, token, created_by)
      values (${domain}, ${createToken()}, ${tx.scope.userId ?? null})
      returning id`),
    { tenant_domains_once: () => errors.domainKnown({ domain }) },
  )
  return await getDomain(tx, id)
}

/** Gives a domain of the scope's tenant up; if it is the primary one, links use the slug again. In a transaction. */
export async function removeDomain(tx: Queryable, id: string): Promise<void> {
  const removed = await tx.run(sql`
    delete from tenancy.tenant_domains
    where tenant_id = ${tx.scope.tenantId}
      and id = ${id}
    returning id`)
  if (removed.length === 0) throw errors.domainNotFound({ id })
}

/** Lets links to the scope's tenant use this domain. Refuses one that is not proven. In a transaction. */
export async function makePrimary(tx: Queryable, id: string): Promise<TenantDomain> {
  const { domain, provenAt } = await readDomain(tx, id)
  if (provenAt === null) throw errors.domainUnproven({ domain })
  await onViolation(
    tx.run(sql`
      update tenancy.tenants
      set domain = ${domain}
      where id = ${tx.scope.tenantId}`),
    { tenants_domain_fkey: () => errors.domainUnproven({ domain }) },
  )
  return await getDomain(tx, id)
}

/**
 * Looks for the proof of a domain of the scope's tenant and writes down what is found: the first proof makes it the
 * tenant's, and its primary one if it has none. A proof that is found no more counts for 7 days. Of two tenants that prove
 * the same one the first has it (`tenancy.domain_taken`).
 */
export async function checkDomain(app: App, scope: Scope, id: string, outside: Outside = {}): Promise<TenantDomain> {
  const { domain, token } = await readDomain(app.db.scoped(scope), id)
  // Before the transaction: other people's servers may be slow.
  const proof = await proveDomain(app, domain, token, outside)
  const now = app.clock.now()
  const checked = await app.db.transaction({ ...scope, system: true }, async tx => {
    const row = await readDomain(tx, id, sql`for no key update of claimed`)
    if ('by' in proof) {
      await onViolation(
        tx.run(sql`
          update tenancy.tenant_domains
          set
            proven_at = coalesce(proven_at, ${now}),
            proven_by = ${proof.by},
            checked_at = ${now},
            failing_since = null,
            last_fault = null
          where tenant_id = ${row.tenantId}
            and id = ${id}`),
        { proven_domains_one_tenant: () => errors.domainTaken({ domain }) },
      )
      await tx.run(sql`
        update tenancy.tenants
        set domain = ${domain}
        where id = ${row.tenantId}
          and domain is null`)
      return await readDomain(tx, id)
    }
    const since = row.provenAt === null ? null : (row.failingSince ?? now)
    const isLost = since !== null && now.getTime() - since.getTime() >= failingDays * 86_400_000
    await tx.run(sql`
      update tenancy.tenant_domains
      set
        proven_at = case when ${isLost} then null else proven_at end,
        proven_by = case when ${isLost} then null else proven_by end,
        failing_since = case when ${isLost} then null else ${since}::timestamptz end,
        checked_at = ${now},
        last_fault = ${proof.fault.slice(0, 500)}
      where tenant_id = ${row.tenantId}
        and id = ${id}`)
    return await readDomain(tx, id)
  })
  announceRevocation(app)
  return shown(checked)
}

/** The domains that the scope's tenant has proven to be its own; a proof that fails for some days still counts. */
export async function listProvenDomains(tx: Queryable): Promise<string[]> {
  const rows = await tx.run(sql<{ domain: string }>`
    select domain
    from tenancy.tenant_domains
    where tenant_id = ${tx.scope.tenantId}
      and proven_at is not null`)
  return rows.map(({ domain }) => domain)
}

/** The one tenant that has proven a domain to be its own, while it is active. Needs the system scope. */
export function findDomainOwner(
  tx: Queryable,
  domain: string,
): Promise<{ tenantId: string; tenantName: string } | undefined> {
  return tx.maybe(sql<{ tenantId: string; tenantName: string }>`
    select tenant.id as tenant_id, tenant.name as tenant_name
    from tenancy.tenant_domains as proven
    join tenancy.tenants as tenant
      on tenant.id = proven.tenant_id and tenant.is_active
    where proven.domain = ${domain}
      and proven.proven_at is not null`)
}

/** Proven domains that nobody has looked at for a day, the longest first. Needs the system scope. */
export function listStale(tx: Queryable, now: Date): Promise<{ id: string; tenantId: string; domain: string }[]> {
  return tx.run(sql<{ id: string; tenantId: string; domain: string }>`
    select id, tenant_id, domain
    from tenancy.tenant_domains
    where proven_at is not null
      and checked_at <= ${now}::timestamptz - interval '20 hours'
    order by checked_at
    limit 1000`)
}

function domainOf(app: App, wanted: string): string {
  const domain = canonicalHost(
    wanted
      .trim()
      .replace(/^https?:\/\//i, '')
      .replace(/\/$/, ''),
  )
  if (domain === undefined || !shape.test(domain) || isIP(domain) !== 0) throw errors.domainInvalid()
  const own = new URL(app.publicUrl).hostname
  if (domain === own || domain.endsWith(`.${own}`) || own.endsWith(`.${domain}`)) throw errors.domainOwn()
  if (unusable.test(domain)) throw errors.domainInvalid()
  return domain
}

const shape = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/
/** Names that lead nowhere on the internet (RFC 6761, RFC 8375). */
const unusable = /\.(localhost|local|internal|invalid|onion|arpa)$/

const readDomains = (tx: Queryable, which: ReturnType<typeof sql>, lock = sql``): Promise<Row[]> =>
  tx.run(sql<Row>`
    select
      claimed.id,
      claimed.tenant_id,
      claimed.domain,
      claimed.token,
      claimed.domain is not distinct from (
        select tenant.domain from tenancy.tenants as tenant where tenant.id = claimed.tenant_id
      ) as is_primary,
      claimed.proven_at,
      claimed.proven_by,
      claimed.checked_at,
      claimed.failing_since,
      claimed.last_fault,
      claimed.created_at
    from tenancy.tenant_domains as claimed
    where claimed.tenant_id = ${tx.scope.tenantId}
      ${which}
    order by claimed.created_at, claimed.id
    ${lock}`)

async function readDomain(tx: Queryable, id: string, lock = sql``): Promise<Row> {
  const [row] = await readDomains(tx, sql`and claimed.id = ${id}`, lock)
  if (!row) throw errors.domainNotFound({ id })
  return row
}

function shown({ tenantId: _, token, lastFault, ...row }: Row): TenantDomain {
  const { domain, provenAt, failingSince } = row
  const record = recordOf(domain, token)
  return {
    ...row,
    status: provenAt === null ? 'unproven' : failingSince === null ? 'proven' : 'failing',
    losesProofAt: failingSince && new Date(failingSince.getTime() + failingDays * 86_400_000),
    fault: lastFault,
    proof: { record, file: { url: fileOf(domain), content: record.value } },
  }
}
