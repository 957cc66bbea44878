import { isIP } from 'node:net'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { canonicalHost, type HostAnswer } from '#platform/http'
import { onRevocation } from '#platform/identity'

/** How long an answer is believed, ms: a change elsewhere is felt within this time. */
const believedFor = 2_000
const rememberedAtMost = 10_000

/**
 * What people are told as the address of a tenant: its primary domain, which leads on to its slug below the installation's
 * host, else that. Undefined where the installation has no host name but an address.
 */
export function addressOf(app: App, tenant: { slug: string; domain: string | null }): string | undefined {
  const { protocol, host, hostname } = new URL(app.publicUrl)
  if (isNumeric(hostname)) return undefined
  return tenant.domain === null ? `${protocol}//${tenant.slug}.${host}` : `https://${tenant.domain}`
}

/**
 * What a host name stands for here: the installation, a tenant by its slug below the installation's host, one that is
 * elsewhere (it has another slug by now, or was asked for by its own domain), or nothing. Compared in canonical form and
 * exactly, whatever the port. No session ever begins on a tenant's own domain (docs/decisions/0018).
 */
export async function resolveHost(app: App, host: string): Promise<HostAnswer> {
  const { own, canonical, spellings } = ownHostOf(app.publicUrl)
  if (spellings.has(host)) return { kind: 'installation', isKnown: true }
  const name = canonicalHost(host)
  if (name === undefined) return { kind: 'unknown' }
  if (name === canonical || isNumeric(name) || name === 'localhost') {
    if (spellings.size < mostSpellings) spellings.add(host)
    return { kind: 'installation', isKnown: true }
  }
  if (name.endsWith(`.${own}`)) {
    const label = name.slice(0, -own.length - 1)
    return isLabel.test(label)
      ? await remember(app, `slug ${label}`, () => findBySlug(reader(app), label))
      : { kind: 'unknown' }
  }
  const isKnown = app.config.publicUrl === undefined
  // Below an address there are no names that it could lead to.
  if (!name.includes('.') || isNumeric(own)) return { kind: 'installation', isKnown }
  const found = await remember(app, `domain ${name}`, () => findByDomain(reader(app), name))
  return found.kind === 'elsewhere' ? found : { kind: 'installation', isKnown }
}

/** `spellings`: what was asked for the installation by, with ports and capitals; of each request it is asked. */
type OwnHost = { own: string; canonical: string | undefined; spellings: Set<string> }
const mostSpellings = 50

const ownHosts = new Map<string, OwnHost>()

/** Of each request it is asked: an address is configured, and there is one in a program. */
function ownHostOf(publicUrl: string): OwnHost {
  const known = ownHosts.get(publicUrl)
  if (known) return known
  const { hostname } = new URL(publicUrl)
  const found = { own: hostname, canonical: canonicalHost(hostname), spellings: new Set<string>() }
  ownHosts.set(publicUrl, found)
  return found
}

const isNumeric = (host: string) => isIP(host.replace(/^\[|\]$/g, '')) !== 0
const isLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

const reader = (app: App) => app.db.reads({ system: true })

async function findBySlug(tx: Queryable, slug: string): Promise<HostAnswer> {
  const found = await tx.maybe(sql<{ id: string; slug: string }>`
    select id, slug
    from tenancy.tenants
    where slug = ${slug}
    union all
    select tenant.id, tenant.slug
    from tenancy.former_slugs as former
    join tenancy.tenants as tenant on tenant.id = former.holder_id
    where former.slug = ${slug}
      and (former.held_until is null or former.held_until > now())`)
  if (!found) return { kind: 'unknown' }
  return found.slug === slug
    ? { kind: 'tenant', tenantId: found.id }
    : { kind: 'elsewhere', label: found.slug, isOwnDomain: false }
}

async function findByDomain(tx: Queryable, domain: string): Promise<HostAnswer> {
  const found = await tx.maybe(sql<{ slug: string }>`
    select tenant.slug
    from tenancy.proven_domains as proven
    join tenancy.tenants as tenant on tenant.id = proven.holder_id
    where proven.domain = ${domain}`)
  return found ? { kind: 'elsewhere', label: found.slug, isOwnDomain: true } : { kind: 'unknown' }
}

const known = new WeakMap<App, Map<string, { answer: Promise<HostAnswer>; until: number }>>()

function remember(app: App, key: string, find: () => Promise<HostAnswer>): Promise<HostAnswer> {
  let memory = known.get(app)
  if (!memory) {
    memory = new Map()
    known.set(app, memory)
    onRevocation(app, () => known.get(app)?.clear())
  }
  const found = memory.get(key)
  if (found && found.until > performance.now()) return found.answer
  // Names that nobody has may be asked for without end: what is oldest goes first.
  for (const oldest of memory.keys()) {
    if (memory.size < rememberedAtMost) break
    memory.delete(oldest)
  }
  const answer = find()
  const entry = { answer, until: performance.now() + believedFor }
  memory.delete(key)
  memory.set(key, entry)
  answer.catch(() => memory.get(key) === entry && memory.delete(key))
  return answer
}
