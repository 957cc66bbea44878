import { exportJWK, exportPKCS8, generateKeyPair, importPKCS8, type JWK } from 'jose'
import type { App } from '#platform/app.ts'
import { mainApp } from '#platform/app.ts'
import type { Keyring } from '#platform/crypto'
import { json, type Queryable, sql } from '#platform/database'

const algorithms = ['RS256', 'ES256'] as const
type Algorithm = (typeof algorithms)[number]

/** How long a new key is published before it signs, in hours: those who keep a copy of the set have it by then. */
export const leadHours = 24
/** How long an old one is published after it has signed, in hours: longer than anything lives that it signed. */
const overlapHours = 7 * 24
/** After so many days of signing a key gets a successor. */
const signsForDays = 90
/** How long a set that was read is believed, ms. */
const believedFor = 60_000

type KeyRow = {
  id: string
  algorithm: Algorithm
  publicKey: JWK
  privateKeyEncrypted: string
  signsFrom: Date
  signsUntil: Date | null
  publishedUntil: Date | null
  signs: boolean
}

/** The private keys of all issuers as JWKs, of each algorithm the one that signs first. `version` changes with the set. */
export type KeySet = { version: string; keys: JWK[] }

const known = new WeakMap<App, { set: Promise<KeySet>; until: number }>()

/** The set that is published now; the first keys are made where there are none. */
export function openKeySet(app: App): Promise<KeySet> {
  const main = mainApp(app)
  const found = known.get(main)
  if (found && found.until > performance.now()) return found.set
  const set = readKeySet(main)
  known.set(main, { set, until: performance.now() + believedFor })
  set.catch(() => known.delete(main))
  return set
}

/** After a rotation in this process. */
export const forgetKeySet = (app: App): void => void known.delete(mainApp(app))

async function readKeySet(app: App): Promise<KeySet> {
  const tx = app.db.scoped({ system: true })
  let rows = await listPublished(tx)
  const missing = algorithms.filter(algorithm => !rows.some(row => row.algorithm === algorithm))
  if (missing.length > 0) {
    for (const algorithm of missing) await insertKey(tx, app.keyring, algorithm, 0)
    rows = await listPublished(tx)
  }
  const keys = await Promise.all(rows.map(row => openKey(app.keyring, row)))
  return { version: rows.map(({ id, signs }) => `${id}${signs ? '*' : ''}`).join(), keys }
}

function listPublished(tx: Queryable): Promise<KeyRow[]> {
  return tx.run(sql<KeyRow>`
    select
      id,
      algorithm,
      public_key,
      private_key_encrypted,
      signs_from,
      signs_until,
      published_until,
      signs_from <= now() and (signs_until is null or signs_until > now()) as signs
    from oauth.signing_keys
    where published_until is null
      or published_until > now()
    order by algorithm desc, signs desc, signs_from desc, id`)
}

async function openKey(keyring: Keyring, { id, algorithm, privateKeyEncrypted }: KeyRow): Promise<JWK> {
  const pem = keyring.decrypt(privateKeyEncrypted, contextOf(id))
  const key = await importPKCS8(pem, algorithm, { extractable: true })
  return { ...(await exportJWK(key)), kid: id, use: 'sig', alg: algorithm }
}

/** Where the private key belongs, for the keyring. */
const contextOf = (id: string) => `oauth.signing_keys.private_key:${id}`

/** Several servers may make the first key at once: one wins, all take that one. */
async function insertKey(tx: Queryable, keyring: Keyring, algorithm: Algorithm, hours: number): Promise<void> {
  const id = crypto.randomUUID()
  const pair = await generateKeyPair(algorithm, { extractable: true })
  const sealed = keyring.encrypt(await exportPKCS8(pair.privateKey), contextOf(id))
  await tx.run(sql`
    insert into oauth.signing_keys (id, algorithm, public_key, private_key_encrypted, signs_from)
    values (
      ${id},
      ${algorithm},
      ${json(await exportJWK(pair.publicKey))},
      ${sealed},
      now() + ${hours} * interval '1 hour'
    )
    on conflict (algorithm) where signs_until is null do nothing`)
}

/**
 * New keys, published from now on, sign from `leadHours` on; those before sign until then and stay published for a week
 * after. `atOnce` is for keys that somebody else may have: the new ones sign now, and what the old ones signed is nothing
 * any more. In a transaction; afterwards `forgetKeySet`.
 */
export async function rotateKeys(
  tx: Queryable,
  keyring: Keyring,
  { atOnce = false } = {},
): Promise<{ signsFrom: Date }> {
  const hours = atOnce ? 0 : leadHours
  const rows = await tx.run(sql<{ signsUntil: Date }>`
    update oauth.signing_keys
    set
      signs_until = greatest(now() + ${hours} * interval '1 hour', signs_from),
      published_until = greatest(now() + ${hours} * interval '1 hour', signs_from)
        + ${atOnce ? 0 : overlapHours} * interval '1 hour'
    where signs_until is null
    returning signs_until`)
  if (atOnce) {
    await tx.run(sql`
      update oauth.signing_keys
      set signs_until = least(signs_until, now()), published_until = now()
      where published_until > now()`)
  }
  for (const algorithm of algorithms) await insertKey(tx, keyring, algorithm, hours)
  return { signsFrom: rows[0]?.signsUntil ?? new Date() }
}

/** Whether the keys have signed for so long that they need successors. */
export async function areKeysDue(tx: Queryable): Promise<boolean> {
  const { isDue } = await tx.one(sql<{ isDue: boolean }>`
    select exists (
      select
      from oauth.signing_keys
      where signs_until is null
        and signs_from < now() - ${signsForDays} * interval '1 day'
    ) as is_due`)
  return isDue
}
