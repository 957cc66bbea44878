import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { nullable } from '#platform/http'
import { onRevocation } from '#platform/identity'
import type { FeatureDeclaration } from '#platform/module.ts'
import { errors } from './errors.ts'

/** A feature with what holds in one tenant, and why. */
export const Feature = Type.Object({
  name: Type.String(),
  label: Type.String(),
  description: Type.String(),
  isOn: Type.Boolean(),
  isDefault: Type.Boolean({ description: 'Whether it is on where nobody has said anything' }),
  allowed: nullable(
    Type.Boolean({ description: 'What the plan or an operator says: false takes it away; null leaves it as declared' }),
  ),
  choice: nullable(Type.Boolean({ description: 'What the tenant itself has chosen; null has chosen nothing' })),
})
export type Feature = Static<typeof Feature>

type Flags = { features: Readonly<Record<string, boolean>>; featureFlags: Readonly<Record<string, boolean>> }

/** How long an answer is believed, ms: a change elsewhere is felt within this time. */
const believedFor = 2_000
const rememberedAtMost = 10_000

/**
 * MT-10, PE-12: whether a tenant has a feature: not where its plan or an operator has taken it away, else as the tenant
 * has chosen, else as the plan, else as the module declares. Remembered for two seconds. A flag that no module declares
 * is a bug.
 */
export async function hasFeature(app: App, tenantId: string, flag: string): Promise<boolean> {
  const declared = declarationsOf(app).get(flag)
  if (!declared) throw new Error(`No module declares the feature ${flag}`)
  return isOn(await remember(app, tenantId), flag, declared)
}

/** Refuses with `tenancy.feature_off` where `hasFeature` says no. */
export async function requireFeature(app: App, tenantId: string | undefined, flag: string): Promise<void> {
  if (tenantId !== undefined && (await hasFeature(app, tenantId, flag))) return
  throw errors.featureOff({ feature: declarationsOf(app).get(flag)?.label ?? flag })
}

/** All declared features as they are in a tenant. */
export async function listFeatures(app: App, tx: Queryable, tenantId: string): Promise<Feature[]> {
  const flags = await readFlags(tx, tenantId)
  return [...declarationsOf(app)].map(([name, declared]) => ({
    name,
    label: declared.label,
    description: declared.description,
    isOn: isOn(flags, name, declared),
    isDefault: declared.default,
    allowed: flags.features[name] ?? null,
    choice: flags.featureFlags[name] ?? null,
  }))
}

/**
 * Switches features: by the tenant itself (`featureFlags`), or by its plan or an operator (`features`). Null takes what was
 * said back. Refuses what no module declares, and of a tenant what was taken from it. In a transaction; call
 * `announceRevocation` after the commit.
 */
export async function setFeatures(
  app: App,
  tx: Queryable,
  tenantId: string,
  by: 'tenant' | 'operator',
  wanted: Readonly<Record<string, boolean | null>>,
): Promise<void> {
  const declared = declarationsOf(app)
  for (const name of Object.keys(wanted)) if (!declared.has(name)) throw errors.featureUnknown({ name })
  const { features, featureFlags } = await readFlags(tx, tenantId, sql`for no key update`)
  if (by === 'operator') {
    await tx.run(sql`update tenancy.tenants set features = ${json(merged(features, wanted))} where id = ${tenantId}`)
    return
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (value === true && features[name] === false) throw errors.featureTaken({ feature: declared.get(name)?.label })
  }
  await tx.run(
    sql`update tenancy.tenants set feature_flags = ${json(merged(featureFlags, wanted))} where id = ${tenantId}`,
  )
}

function isOn({ features, featureFlags }: Flags, name: string, declared: FeatureDeclaration): boolean {
  if (features[name] === false) return false
  return featureFlags[name] ?? features[name] ?? declared.default
}

function merged(present: Readonly<Record<string, boolean>>, wanted: Readonly<Record<string, boolean | null>>) {
  return Object.fromEntries(Object.entries({ ...present, ...wanted }).filter(([, value]) => value !== null))
}

const declarations = new WeakMap<App['modules'], ReadonlyMap<string, FeatureDeclaration>>()

function declarationsOf({ modules }: App): ReadonlyMap<string, FeatureDeclaration> {
  let found = declarations.get(modules)
  if (!found) {
    found = new Map(modules.flatMap(({ features }) => Object.entries(features ?? {})))
    declarations.set(modules, found)
  }
  return found
}

const known = new WeakMap<App, Map<string, { flags: Promise<Flags>; until: number }>>()

function remember(app: App, tenantId: string): Promise<Flags> {
  let memory = known.get(app)
  if (!memory) {
    memory = new Map()
    known.set(app, memory)
    onRevocation(app, () => known.get(app)?.clear())
  }
  const found = memory.get(tenantId)
  if (found && found.until > performance.now()) return found.flags
  if (memory.size >= rememberedAtMost) memory.clear()
  const flags = readFlags(app.db.reads({ system: true }), tenantId)
  const entry = { flags, until: performance.now() + believedFor }
  memory.set(tenantId, entry)
  flags.catch(() => memory.get(tenantId) === entry && memory.delete(tenantId))
  return flags
}

async function readFlags(tx: Queryable, tenantId: string, lock = sql``): Promise<Flags> {
  const flags = await tx.maybe(sql<Flags>`
    select features, feature_flags
    from tenancy.tenants
    where id = ${tenantId}
    ${lock}`)
  if (!flags) throw errors.tenantNotFound({ id: tenantId })
  return flags
}
