import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Keyring } from '#platform/crypto'

type Login = pg.ClientConfig & { user: string }

/** The program's own login for a database. */
export const loginNameOf = (database = 'postgres'): string => `commonhold_app_${database}`.slice(0, 63)

/** Its password, of the newest key or of the one that is named. */
export const passwordOf = (keyring: Keyring, database = 'postgres', keyId = keyring.newestKeyId): string =>
  keyring.keyFor(`database login ${database}`, keyId).key.toString('base64url')

/** The password of the first of our keys that opens the database; undefined where none does. */
export async function findPassword(login: Login, keyring: Keyring): Promise<string | undefined> {
  for (const keyId of keyring.keyIds) {
    const password = passwordOf(keyring, login.database, keyId)
    if (await canConnect({ ...login, password })) return password
  }
  return undefined
}

/** The login with whichever password holds when it connects: `keys rotate` of another program may move it meanwhile. */
export function withAnyKey(login: Login & { password: string }, keyring: Keyring): pg.ClientConfig {
  if (keyring.keyIds.length === 1) return login
  return { ...login, password: async () => (await findPassword(login, keyring)) ?? login.password }
}

/** Gives the login of that database the password of the newest key. Whoever has that key gets in before and after. */
export async function renewPassword(client: pg.ClientBase, keyring: Keyring): Promise<void> {
  const { rows } = await client.query<{ database: string; login: string }>(
    `select current_database() as database, rolname as login
     from pg_roles
     where rolname = left('commonhold_app_' || current_database(), 63)`,
  )
  const [own] = rows
  // That of DATABASE_APP_URL is its administrator's.
  if (!own) return
  const { database, login } = own
  const verifier = client.escapeLiteral(scramVerifierOf(passwordOf(keyring, database)))
  await client.query(`alter role ${client.escapeIdentifier(login)} password ${verifier}`)
}

/** What PostgreSQL keeps of a password (RFC 5803): sent in its place, so that no server log shows the password. */
export function scramVerifierOf(password: string): string {
  const iterations = 4096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${keyOf('Server Key').toString('base64')}`
}

async function canConnect(login: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(login)
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch (error) {
    // 28P01: wrong password; 28000: no such role; 42501: not in this database. Else it is the server's trouble, which a
    // new role does not cure.
    if (error instanceof pg.DatabaseError && /^(28P01|28000|42501)$/.test(error.code ?? '')) return false
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}
