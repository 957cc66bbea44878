import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'
import { idParams, nullable, Reply, route } from '#platform/http'
import { avatarLimit, avatarTypes, makePicture } from '#platform/identity'
import { Brand, getBrand, getLogo, logoShape, removeLogo, setColors, setLogo } from './brands.ts'

export const brandRoutes = [
  route({
    method: 'GET',
    path: '/tenant/brand',
    allow: 'session',
    summary: 'Get how the tenant looks that I work in',
    response: nullable(Brand),
    async handle({ scope: { tenantId } }, app) {
      return tenantId === undefined ? null : await getBrand(app.db.reads({ system: true }), tenantId)
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/colors',
    allow: 'tenancy.settings.write',
    summary: 'Give the tenant a colour',
    description: 'The console makes lighter and darker ones of it on which text stays readable; null takes it away.',
    body: Type.Object({
      primary: nullable(Type.String({ pattern: '^#[0-9a-fA-F]{6}$', examples: ['#1f6553'] })),
    }),
    response: Brand,
    async handle({ body, scope }, app) {
      return await change(app, scope, tx => setColors(tx, body))
    },
  }),
  route({
    method: 'PUT',
    path: '/tenant/logo',
    allow: 'tenancy.settings.write',
    summary: 'Give the tenant a picture',
    description: 'It is made anew as WebP of at most 512 by 256 pixels, without metadata; see-through parts stay so.',
    rawBody: { types: avatarTypes, limit: avatarLimit },
    refusals: ['identity.picture_unreadable', 'identity.picture_too_large', 'identity.pictures_busy'],
    response: Brand,
    rateLimit: 20,
    async handle({ rawBody, scope }, app) {
      const picture = await makePicture(rawBody, logoShape)
      return await change(app, scope, tx => setLogo(tx, picture))
    },
  }),
  route({
    method: 'DELETE',
    path: '/tenant/logo',
    allow: 'tenancy.settings.write',
    summary: 'Take the picture of the tenant away',
    response: Brand,
    async handle({ scope }, app) {
      return await change(app, scope, removeLogo)
    },
  }),
  route({
    method: 'GET',
    path: '/tenant-logos/{id}',
    allow: 'public',
    summary: 'See the picture of a tenant',
    description: 'For who has its whole address: the page before the sign-in shows it.',
    params: idParams,
    query: Type.Object({ v: Type.String({ maxLength: 64 }) }),
    refusals: ['tenancy.logo_not_found'],
    produces: 'image/webp',
    response: Type.Any(),
    async handle({ params, query }, app) {
      const content = await getLogo(app.db.reads({ system: true }), params.id, query.v)
      return new Reply(200, content, {
        headers: {
          'content-type': 'image/webp',
          'cache-control': 'public, max-age=31536000, immutable',
          'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        },
      })
    },
  }),
]

async function change(app: App, scope: Scope, work: (tx: Queryable) => Promise<void>): Promise<Brand> {
  return await app.db.transaction(scope, async tx => {
    await work(tx)
    return await getBrand(tx, scope.tenantId as string)
  })
}
