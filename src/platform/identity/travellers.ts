import { type Static, Type } from 'typebox'
import { type Queryable, type Statements, sql } from '#platform/database'
import { nullable, uuid } from '#platform/http'
import { normaliseEmail } from './emails.ts'
import { errors } from './errors.ts'
import { createServiceUser, createUser } from './users.ts'

/** An account as it goes along with a tenant: nothing by which anybody signs in. */
export const Traveller = Type.Object(
  {
    id: uuid,
    kind: Type.Union([Type.Literal('person'), Type.Literal('service')]),
    email: nullable(Type.String({ minLength: 3, maxLength: 255 })),
    fullName: nullable(Type.String({ minLength: 1, maxLength: 255 })),
    timezone: Type.String({ maxLength: 50 }),
    deletedAt: nullable(Type.String({ description: 'It waits to be erased, and goes without its address' })),
    formerIds: Type.Optional(
      Type.Array(uuid, { description: 'By which it is told of in logs that the tenant had brought along' }),
    ),
  },
  { additionalProperties: false },
)
export type Traveller = Static<typeof Traveller>

/** By what each account is known from now on, and which of them are new here. */
export type Arrival = {
  id: string
  newId: string
  isNew: boolean
  /** He was erased here, and comes without address and name. */
  isErased: boolean
}

/** The accounts with these ids, as an administrator reads them. */
export function listTravellers(tx: Statements, ids: readonly string[]): Promise<Traveller[]> {
  return tx.run(sql<Traveller>`
    select
      person.id,
      person.kind,
      case when person.deleted_at is null and person.kind = 'person' then person.email end as email,
      case when person.deleted_at is null then person.full_name end as full_name,
      coalesce(profile.timezone, 'UTC') as timezone,
      to_jsonb(person.deleted_at) #>> '{}' as deleted_at
    from identity.users as person
    left join identity.user_profiles as profile on profile.user_id = person.id
    where person.id = any (${ids}::uuid[])
    order by person.id`)
}

/**
 * Gives each account its place here. A person is who has the address: refused with `identity.traveller_unconfirmed` where he
 * has not confirmed it, for somebody else may have taken it, unless the account is the very same. Whoever is unknown gets
 * an account without a password. Programs and erased accounts are always new. Ids stay where no account has or had them.
 * Who was erased here comes as a deleted account without address and name, whoever has the address now.
 */
export async function settleTravellers(tx: Queryable, travellers: readonly Traveller[]): Promise<Arrival[]> {
  const arrivals: Arrival[] = []
  const erased = await findErased(tx, travellers)
  for (const traveller of travellers) {
    const { id, email, kind } = traveller
    const erasedAt = idsOf(traveller)
      .map(each => erased.get(each))
      .find(at => at !== undefined)
    if (erasedAt !== undefined) {
      const newId = await settle(tx, { ...traveller, email: null, fullName: null, deletedAt: erasedAt })
      arrivals.push({ id, newId, isNew: true, isErased: true })
      continue
    }
    if (email !== null && normaliseEmail(email) !== email) throw errors.travellerUnfit({ email })
    const known = kind === 'person' && email !== null ? await findByAddress(tx, email) : undefined
    if (known && !known.isConfirmed && known.id !== id) throw errors.travellerUnconfirmed({ email })
    if (known) arrivals.push({ id, newId: known.id, isNew: false, isErased: false })
    else arrivals.push({ id, newId: await settle(tx, traveller), isNew: true, isErased: false })
  }
  return arrivals
}

/** By what ids an account is told of: its own there, and those that it had before. */
export const idsOf = ({ id, formerIds = [] }: Traveller): string[] => [id, ...formerIds]

async function findErased(tx: Queryable, travellers: readonly Traveller[]): Promise<Map<string, string>> {
  const rows = await tx.run(sql<{ id: string; at: string }>`
    select id, to_jsonb(erased_at) #>> '{}' as at
    from identity.erased_users
    where id = any (${travellers.flatMap(idsOf)}::uuid[])`)
  return new Map(rows.map(({ id, at }) => [id, at]))
}

function findByAddress(tx: Queryable, email: string): Promise<{ id: string; isConfirmed: boolean } | undefined> {
  return tx.maybe(sql<{ id: string; isConfirmed: boolean }>`
    select id, email_verified_at is not null as is_confirmed
    from identity.users
    where email = ${email}
      and kind = 'person'
      and deleted_at is null`)
}

async function settle(tx: Queryable, { id, kind, email, fullName, timezone, deletedAt }: Traveller): Promise<string> {
  const { isFree } = await tx.one(sql<{ isFree: boolean }>`
    select
      not exists (select from identity.users where id = ${id})
      and not exists (select from identity.erased_users where id = ${id}) as is_free`)
  const newId = isFree ? id : crypto.randomUUID()
  if (kind === 'service') await createServiceUser(tx, { id: newId, name: fullName ?? 'Service account' })
  else {
    await createUser(tx, {
      id: newId,
      email: email ?? `${newId}@deleted.invalid`,
      fullName: fullName ?? email ?? 'Deleted account',
      timezone,
      isEmailVerified: false,
    })
  }
  if (deletedAt !== null) {
    await tx.run(sql`
      update identity.users
      set status = 'deleted', status_changed_at = now(), deleted_at = least(${deletedAt}::timestamptz, now())
      where id = ${newId}`)
  }
  return newId
}
