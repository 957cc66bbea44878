import { timingSafeEqual } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { createToken, hashToken } from '#platform/crypto'
import { onViolation, type Queryable, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { clientErrors as errors } from './client-errors.ts'
import { getClient, ownerOf, requireReach, takesSecrets, violations } from './clients.ts'

/** What is shown of a secret. */
export const ClientSecret = Type.Object({
  id: uuid,
  hint: Type.String({ description: 'Its last four characters' }),
  createdByName: nullable(Type.String()),
  createdAt: timestamp,
  expiresAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'Null for the one that stays' }),
  lastUsedAt: Type.Unsafe<Date | null>({ ...nullable(timestamp), description: 'To the minute' }),
})
export type ClientSecret = Static<typeof ClientSecret>

/** The secret itself: shown this once. */
export const NewClientSecret = Type.Object({
  ...ClientSecret.properties,
  secret: Type.String({ description: 'It is kept as a hash only' }),
})
export type NewClientSecret = Static<typeof NewClientSecret>

const selectSecrets = sql`
  select
    secret.id,
    secret.hint,
    access.name_of(secret.created_by) as created_by_name,
    secret.created_at,
    secret.expires_at,
    secret.last_used_at
  from oauth.client_secrets as secret`
const isLiving = sql`(secret.expires_at is null or secret.expires_at > now())`

/** Those of a client that work, the newest first. */
export function listSecrets(tx: Queryable, clientId: string): Promise<ClientSecret[]> {
  return tx.run(sql<ClientSecret>`
    ${selectSecrets}
    where secret.tenant_id = ${ownerOf(tx)}
      and secret.client_id = ${clientId}
      and ${isLiving}
    order by secret.created_at desc, secret.id`)
}

/**
 * Another secret for a client. The one before goes on for `overlapHours`, so that programs can be changed one after
 * another; what was being replaced already ends. Who makes it holds all that the client may. In a transaction.
 */
export async function rotateSecret(tx: Queryable, clientId: string, overlapHours: number): Promise<NewClientSecret> {
  await requireSecretsOf(tx, clientId)
  await tx.run(sql`
    update oauth.client_secrets as secret
    set expires_at = case when expires_at is null then now() + ${overlapHours} * interval '1 hour' else now() end
    where secret.tenant_id = ${ownerOf(tx)}
      and secret.client_id = ${clientId}
      and ${isLiving}`)
  return await insertSecret(tx, clientId, sql`null`)
}

/** One that ends by itself in ten minutes, for a try from the console. In a transaction. */
export async function createTrySecret(tx: Queryable, clientId: string): Promise<NewClientSecret> {
  await requireSecretsOf(tx, clientId)
  return await insertSecret(tx, clientId, sql`now() + interval '10 minutes'`)
}

async function requireSecretsOf(tx: Queryable, clientId: string): Promise<void> {
  const client = await getClient(tx, clientId, sql`for update of client`)
  if (!takesSecrets(client)) throw errors.secretsNotTaken()
  await requireReach(tx, client)
}

async function insertSecret(tx: Queryable, clientId: string, expiresAt = sql`null`): Promise<NewClientSecret> {
  const secret = `chs_${createToken()}`
  const { id } = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into oauth.client_secrets (tenant_id, client_id, secret_hash, hint, created_by, expires_at)
      values (
        ${ownerOf(tx)},
        ${clientId},
        ${hashToken(secret)},
        ${secret.slice(-4)},
        ${tx.scope.userId ?? null},
        ${expiresAt}
      )
      returning id`),
    violations,
  )
  const made = await tx.one(sql<ClientSecret>`
    ${selectSecrets}
    where secret.tenant_id = ${ownerOf(tx)}
      and secret.id = ${id}`)
  return { ...made, secret }
}

/** Ends a secret at once. It only takes away: to stop a program waits for nobody who holds more. */
export async function revokeSecret(tx: Queryable, clientId: string, id: string): Promise<void> {
  const ended = await tx.run(sql`
    update oauth.client_secrets as secret
    set expires_at = now()
    where secret.tenant_id = ${ownerOf(tx)}
      and secret.client_id = ${clientId}
      and secret.id = ${id}
      and ${isLiving}
    returning id`)
  if (ended.length === 0) throw errors.secretNotFound({ id })
}

/** A secret that works, for comparing: its hash in hexadecimal. */
export type LivingSecret = { id: string; hash: string; expiresAt: string | null; isStale: boolean }

/** Those of a `client` in a statement about it, for `holdsSecret`. */
export const livingSecrets = sql<LivingSecret[]>`
  array(
    select json_build_object(
      'id', secret.id,
      'hash', encode(secret.secret_hash, 'hex'),
      'expiresAt', secret.expires_at,
      'isStale', coalesce(secret.last_used_at < now() - interval '1 minute', true)
    )
    from oauth.client_secrets as secret
    where secret.tenant_id = client.tenant_id
      and secret.client_id = client.id
      and ${isLiving}
  )`

/**
 * Whether this is one of them. Hashes are compared, in a time that tells nothing of them. Notes the use, at most once a
 * minute; of the installation's clients in the system scope only.
 */
export async function holdsSecret(tx: Queryable, secrets: readonly LivingSecret[], secret: string): Promise<boolean> {
  const hash = hashToken(secret)
  const found = secrets.find(living => timingSafeEqual(Buffer.from(living.hash, 'hex'), hash))
  if (found?.isStale) {
    // For as long as this is believed (`believed.ts`).
    found.isStale = false
    await tx.run(sql`
      update oauth.client_secrets
      set last_used_at = now()
      where tenant_id in (${tx.scope.tenantId ?? null}::uuid, oauth.of_platform())
        and id = ${found.id}`)
  }
  return found !== undefined
}
