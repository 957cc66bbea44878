import { type App, mainApp } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { onRevocation } from '#platform/identity'

/** A tenant as an issuer. */
export type Issuer = { tenantId: string; slug: string; name: string }

/** The address of a tenant's issuer: with another slug it is another issuer. */
export const issuerAddress = ({ publicUrl }: Pick<App, 'publicUrl'>, { slug }: Pick<Issuer, 'slug'>): string =>
  `${publicUrl}/t/${slug}`

/** How long it is believed that a tenant is open and has that slug, ms. */
const believedFor = 2_000
const rememberedAtMost = 10_000

type Believed = { found: Promise<Issuer | undefined>; until: number }

const known = new WeakMap<App, Map<string, Believed>>()

function memoryOf(app: App): Map<string, Believed> {
  const main = mainApp(app)
  const found = known.get(main)
  if (found) return found
  const memory = new Map<string, Believed>()
  known.set(main, memory)
  onRevocation(main, () => memory.clear())
  return memory
}

/** The active tenant with this slug, letter by letter. */
export function findIssuer(app: App, slug: string): Promise<Issuer | undefined> {
  const issuers = memoryOf(app)
  const believed = issuers.get(slug)
  if (believed && believed.until > performance.now()) return believed.found
  const reads = app.db.reads({ system: true })
  const found = reads.maybe(sql<Issuer>`select * from oauth.find_issuer(null, ${slug.replaceAll('\0', '')})`)
  if (issuers.size >= rememberedAtMost) issuers.clear()
  issuers.set(slug, { found, until: performance.now() + believedFor })
  found.catch(() => issuers.delete(slug))
  return found
}

/** The scope's tenant as an issuer, if it is active. Needs the system scope. */
export const findIssuerOf = (tx: Queryable): Promise<Issuer | undefined> =>
  tx.maybe(sql<Issuer>`select * from oauth.find_issuer(${tx.scope.tenantId}, null)`)
