import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Queryable } from '#platform/database'
import { nullable, route } from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import { Feature, listFeatures, setFeatures } from './features.ts'
import { listTemplates, TemplateChoice } from './templates.ts'
import { changeSlug, changeTenant, FormerSlug, getTenant, listFormerSlugs, Tenant, TenantChange } from './tenants.ts'

const Slug = Type.Object({
  slug: Type.String(),
  url: nullable(Type.String()),
  formerSlugs: Type.Array(FormerSlug, { description: 'Those that lead here still, and are held for this tenant' }),
})

export const tenantRoutes = [
  route({
    method: 'GET',
    path: '/tenant',
    allow: 'tenancy.settings.read',
    summary: 'Get the tenant that I work in',
    etag: true,
    response: Tenant,
    async handle({ scope }, app) {
      return await getTenant(app, app.db.reads(scope))
    },
  }),
  route({
    method: 'PATCH',
    path: '/tenant',
    allow: 'tenancy.settings.write',
    summary: 'Change the name and the settings of the tenant',
    description: 'Of the settings those that are given are changed; null takes one away.',
    conditional: true,
    etag: true,
    body: TenantChange,
    refusals: ['identity.timezone_unknown'],
    response: Tenant,
    async handle({ body, ifMatch, scope }, app) {
      return await changeAndAnnounce(app, scope, tx => changeTenant(app, tx, body, ifMatch))
    },
  }),
  route({
    method: 'GET',
    path: '/tenant/slug',
    allow: 'tenancy.settings.read',
    summary: 'Get the slug of the tenant, and those that it has left',
    response: Slug,
    async handle({ scope }, app) {
      return await slugOfTenant(app, app.db.reads(scope))
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/slug',
    allow: 'tenancy.settings.write',
    fresh: true,
    summary: 'Give the tenant another slug',
    description:
      'The old one leads to the tenant for 30 days, and nobody else can take it meanwhile; the tenant itself may take it back.',
    body: Type.Object({
      slug: Type.String({
        minLength: 2,
        maxLength: 50,
        pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
        examples: ['meridian-capture'],
      }),
    }),
    refusals: ['tenancy.slug_taken', 'tenancy.slug_reserved', 'tenancy.slugs_held'],
    response: Slug,
    rateLimit: 20,
    async handle({ body, scope }, app) {
      return await changeAndAnnounce(app, scope, async tx => {
        await changeSlug(tx, body.slug)
        return await slugOfTenant(app, tx)
      })
    },
  }),
  route({
    method: 'GET',
    path: '/tenant/features',
    allow: 'session',
    summary: 'List what this tenant has switched on and off',
    response: Type.Object({ items: Type.Array(Feature) }),
    async handle({ scope: { tenantId } }, app) {
      if (tenantId === undefined) return { items: [] }
      return { items: await listFeatures(app, app.db.reads({ system: true }), tenantId) }
    },
  }),
  route({
    method: 'PATCH',
    path: '/tenant/features',
    allow: 'tenancy.settings.write',
    summary: 'Switch features of the tenant on and off',
    description: 'By name: true, false, or null for as it is by itself. Those that are not given stay.',
    body: Type.Object({ features: Type.Record(Type.String({ maxLength: 100 }), nullable(Type.Boolean())) }),
    refusals: ['tenancy.feature_unknown', 'tenancy.feature_taken'],
    response: Type.Object({ items: Type.Array(Feature) }),
    async handle({ body, scope }, app) {
      const tenantId = scope.tenantId as string
      return await changeAndAnnounce(app, scope, async tx => {
        await setFeatures(app, tx, tenantId, 'tenant', body.features)
        return { items: await listFeatures(app, tx, tenantId) }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/tenant-templates',
    allow: 'public',
    summary: 'List what a tenant can be made from',
    response: Type.Object({ items: Type.Array(TemplateChoice) }),
    async handle(_request, app) {
      return { items: listTemplates(app) }
    },
  }),
]

async function slugOfTenant(app: App, tx: Queryable): Promise<Static<typeof Slug>> {
  const [{ slug, url }, formerSlugs] = await Promise.all([getTenant(app, tx), listFormerSlugs(tx)])
  return { slug, url, formerSlugs }
}
