import { type Static, Type } from 'typebox'
import { json, type Queryable, sql } from '#platform/database'
import { nullable, uuid } from '#platform/http'
import { errors } from './errors.ts'

/** How a tenant looks: public, for it stands before the sign-in on the tenant's own host. */
export const Brand = Type.Object({
  id: uuid,
  name: Type.String(),
  logo: nullable(Type.String({ description: 'The address of a picture; another one for another picture' })),
  colors: Type.Object({
    primary: Type.Optional(Type.String({ pattern: '^#[0-9a-f]{6}$', examples: ['#1f6553'] })),
  }),
})
export type Brand = Static<typeof Brand>

export const logoShape = { width: 512, height: 256, fit: 'inside' } as const

/** The brand of a tenant in sight of `tx`. */
export async function getBrand(tx: Queryable, tenantId: string): Promise<Brand> {
  const brand = await tx.maybe(sql<Brand>`
    select id, name, logo, colors
    from tenancy.tenants
    where id = ${tenantId}`)
  if (!brand) throw errors.tenantNotFound({ id: tenantId })
  return brand
}

/** Gives the scope's tenant a colour; null takes it away. What is made of it stays readable, whatever it is. */
export async function setColors(tx: Queryable, { primary }: { primary: string | null }): Promise<void> {
  await tx.run(sql`
    update tenancy.tenants
    set colors = ${json(primary === null ? {} : { primary: primary.toLowerCase() })}
    where id = ${tx.scope.tenantId}`)
}

/** Gives the scope's tenant this picture. In a transaction. */
export async function setLogo(tx: Queryable, picture: { content: Buffer; contentHash: Buffer }): Promise<void> {
  const { content, contentHash } = picture
  // First, so that of two at once the address goes with the picture.
  await tx.run(sql`select from tenancy.tenants where id = ${tx.scope.tenantId} for no key update`)
  await tx.run(sql`
    insert into tenancy.tenant_logos (content, content_hash)
    values (${content}, ${contentHash})
    on conflict (tenant_id) do update
    set content = excluded.content, content_hash = excluded.content_hash`)
  await tx.run(sql`
    update tenancy.tenants
    set logo = ${`/api/v1/tenant-logos/${tx.scope.tenantId}?v=${markOf(contentHash)}`}
    where id = ${tx.scope.tenantId}`)
}

/** Takes the picture away, if there is one. In a transaction. */
export async function removeLogo(tx: Queryable): Promise<void> {
  await tx.run(sql`
    update tenancy.tenants
    set logo = null
    where id = ${tx.scope.tenantId}
      and logo is not null`)
  await tx.run(sql`delete from tenancy.tenant_logos where tenant_id = ${tx.scope.tenantId}`)
}

/** A picture, for who has its whole address: nobody finds out by trying which tenants there are. Needs the system scope. */
export async function getLogo(tx: Queryable, tenantId: string, mark: string): Promise<Buffer> {
  const logo = await tx.maybe(sql<{ content: Buffer; contentHash: Buffer }>`
    select content, content_hash
    from tenancy.tenant_logos
    where tenant_id = ${tenantId}`)
  if (!logo || markOf(logo.contentHash) !== mark) throw errors.logoNotFound()
  return logo.content
}

const markOf = (contentHash: Buffer) => contentHash.toString('base64url').slice(0, 22)
