import pg from 'pg'

/** The part of better-auth that is measured; it is no dependency, so its own types are not there. */
type Auth = {
  handler(request: Request): Promise<Response>
  api: { getSession(given: { headers: Headers }): Promise<unknown> }
}
type Package = { betterAuth(options: object): Auth }
type Migrations = { getMigrations(options: object): Promise<{ runMigrations(): Promise<void> }> }

export type BetterAuth = {
  signIn(number: number): Promise<void>
  check(number: number): Promise<void>
  close(): Promise<void>
}

const origin = 'http://localhost:3000'

/**
 * better-auth with what it comes with (scrypt, no cache of sessions), in a schema of its own on the same server, and people
 * with a session each. Undefined where it is not installed: npm install --no-save better-auth
 */
export async function openBetterAuth(
  admin: pg.ClientConfig,
  people: { count: number; password: string },
): Promise<BetterAuth | undefined> {
  const loaded = await load()
  if (!loaded) return undefined
  const pool = new pg.Pool({ ...admin, max: 10, options: '-c search_path=better_auth' })
  pool.on('error', () => {})
  await pool.query('create schema better_auth')
  const options = {
    database: pool,
    baseURL: origin,
    secret: 'x'.repeat(20) + crypto.randomUUID(),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
  }
  const auth = loaded.betterAuth(options)
  await (await loaded.getMigrations(options)).runMigrations()
  const post = async (path: string, body: object): Promise<Response> => {
    const headers = { 'content-type': 'application/json', origin }
    const answer = await auth.handler(
      new Request(`${origin}/api/auth${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
    )
    if (!answer.ok) throw new Error(`better-auth answered ${answer.status} to ${path}: ${await answer.text()}`)
    return answer
  }
  const emailOf = (number: number) => `person${number}@bench.example`
  const cookies: string[] = []
  for (let number = 0; number < people.count; number++) {
    const answer = await post('/sign-up/email', { email: emailOf(number), password: people.password, name: 'B' })
    cookies.push(
      answer.headers
        .getSetCookie()
        .map(text => text.split(';')[0])
        .join('; '),
    )
  }
  await pool.query('analyze')
  return {
    signIn: async number => {
      await post('/sign-in/email', { email: emailOf(number), password: people.password })
    },
    check: async number => {
      const session = await auth.api.getSession({ headers: new Headers({ cookie: cookies[number] as string }) })
      if (!session) throw new Error('better-auth found no session')
    },
    close: () => pool.end(),
  }
}

async function load(): Promise<(Package & Migrations) | undefined> {
  const [name, migrations] = ['better-auth', 'better-auth/db/migration']
  try {
    return { ...((await import(name)) as Package), ...((await import(migrations)) as Migrations) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
