import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Static, type TProperties, Type } from 'typebox'
import { Value } from 'typebox/value'
import { errorTable } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'

const errors = errorTable('config', {
  invalid: ['invalid', 'The configuration is not valid:\n{faults}'],
})

/** Settings of the program itself. `env` names the variable; `secret` masks the value wherever it is shown. */
const programSettings = {
  dataDir: Type.String({
    env: 'COMMONHOLD_DATA_DIR',
    default: '.commonhold',
    description: 'Where the embedded database, keys and files live; private to the user',
  }),
  port: Type.Integer({
    env: 'COMMONHOLD_PORT',
    minimum: 0,
    maximum: 65_535,
    default: 3000,
    description: 'TCP port of the HTTP server; 0 takes a free one',
  }),
  host: Type.String({
    env: 'COMMONHOLD_HOST',
    default: '127.0.0.1',
    description: 'Address to listen on; 0.0.0.0 for all, behind a reverse proxy that ends TLS',
  }),
  publicUrl: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_PUBLIC_URL',
      pattern: '^https?://[^/\\s]+$',
      description: 'Where people reach this installation, for links and tokens; http://localhost:<port> unless set',
    }),
  ),
  databaseUrl: Type.Optional(
    Type.String({
      env: 'DATABASE_URL',
      secret: true,
      pattern: '^postgres(ql)?://',
      description:
        'PostgreSQL 15 to 18 instead of the embedded one; a login that may create roles, or owns the four roles',
    }),
  ),
  databaseAppUrl: Type.Optional(
    Type.String({
      env: 'DATABASE_APP_URL',
      secret: true,
      pattern: '^postgres(ql)?://',
      description: 'The login of the running program, a member of commonhold_app; made by itself unless set',
    }),
  ),
  databaseCaCert: Type.Optional(
    Type.String({
      env: 'DATABASE_CA_CERT',
      description:
        'Certificate authority of the database server: a PEM file, or the PEM text; turns TLS with verification on',
    }),
  ),
  databaseClientCert: Type.Optional(
    Type.String({
      env: 'DATABASE_CLIENT_CERT',
      description:
        'Certificate of the program for the database server, which may want one: a PEM file, or the PEM text; turns TLS on',
    }),
  ),
  databaseClientKey: Type.Optional(
    Type.String({
      env: 'DATABASE_CLIENT_KEY',
      secret: true,
      description: 'The key of that certificate: a PEM file that nobody else may read, or the PEM text',
    }),
  ),
  databasePassword: Type.Optional(
    Type.String({
      env: 'DATABASE_PASSWORD',
      secret: true,
      description:
        'The password of DATABASE_URL, where that has none; DATABASE_PASSWORD_FILE gives a file with it, passfile in the URL one in the form of libpq',
    }),
  ),
  databasePoolSize: Type.Integer({
    env: 'DATABASE_POOL_SIZE',
    minimum: 2,
    maximum: 500,
    default: 10,
    description: 'Connections of one program for writes and slow reads',
  }),
  databaseReplicaUrls: Type.Optional(
    Type.String({
      env: 'DATABASE_REPLICA_URLS',
      secret: true,
      pattern: '^\\s*postgres(ql)?://[^,]+(,\\s*postgres(ql)?://[^,]+)*,?\\s*$',
      description:
        "Streaming replicas of that database, separated by commas, for reports; with the program's own login where a URL names none, and the TLS settings of DATABASE_URL",
    }),
  ),
  databaseReplicaMaxLag: Type.Integer({
    env: 'DATABASE_REPLICA_MAX_LAG',
    minimum: 1,
    maximum: 3_600,
    default: 10,
    description: 'How old at most, in seconds, what a replica shows may be; else the main database is asked',
  }),
  tenantPoolSize: Type.Integer({
    env: 'DATABASE_TENANT_POOL_SIZE',
    minimum: 1,
    maximum: 100,
    default: 5,
    description: 'Connections of one program to each database that tenants have of their own',
  }),
  tenantDatabases: Type.Integer({
    env: 'DATABASE_TENANT_POOLS',
    minimum: 1,
    maximum: 10_000,
    default: 50,
    description: 'Databases of tenants that one program has open at a time; the least used ones are closed',
  }),
  keys: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_KEYS',
      secret: true,
      description:
        'Encryption keys, newest first, `id:base64` of 32 bytes, separated by commas; `commonhold keys create` makes one; kept in the data directory unless set',
    }),
  ),
  logLevel: Type.Unsafe<'debug' | 'info' | 'warn' | 'error' | 'silent'>({
    type: 'string',
    enum: ['debug', 'info', 'warn', 'error', 'silent'],
    env: 'COMMONHOLD_LOG_LEVEL',
    default: 'info',
    description: 'The least severity that is logged',
  }),
  trustedProxies: Type.String({
    env: 'COMMONHOLD_TRUSTED_PROXIES',
    default: '',
    description: 'Addresses or CIDR ranges, separated by commas, whose X-Forwarded-For is believed; none unless set',
  }),
  metricsToken: Type.Optional(
    Type.String({
      env: 'COMMONHOLD_METRICS_TOKEN',
      secret: true,
      minLength: 16,
      description: 'Bearer token for /metrics; without it only direct requests from private addresses are answered',
    }),
  ),
  rateLimit: Type.Integer({
    env: 'COMMONHOLD_RATE_LIMIT',
    minimum: 1,
    maximum: 1_000_000,
    default: 1200,
    description: 'Requests a minute for one user, or one address without a session',
  }),
}

export type Settings = Static<ReturnType<typeof Type.Object<typeof programSettings>>> &
  Readonly<Record<string, unknown>>

/** One setting with where its value comes from, for `commonhold config` and docs/configuration.md. */
export type Setting = {
  name: string
  env: string
  description: string
  /** The values that it may have, where they are few. */
  allowed?: readonly string[]
  default: unknown
  secret: boolean
  value: unknown
  origin: 'default' | 'environment' | 'file' | 'unset'
}

type Annotated = {
  env?: string
  secret?: boolean
  default?: unknown
  description?: string
  type?: string
  enum?: readonly string[]
}

/**
 * Reads the environment once, reports all faults together, and freezes the result. `NAME_FILE` gives a value in a file
 * (PE-11). A bad value stops the start; an unknown COMMONHOLD_ variable is a fault too, for it is a typing error.
 */
export function loadConfig(
  modules: readonly Module[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): { settings: Settings; described: Setting[] } {
  const faults: string[] = []
  const properties: TProperties = Object.assign({}, programSettings, ...modules.map(module => module.config ?? {}))
  const described = Object.entries(properties).map(([name, schema]) => {
    const annotated = schema as Annotated
    const env = annotated.env ?? `COMMONHOLD_${name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
    const setting: Setting = {
      name,
      env,
      description: annotated.description ?? '',
      ...(annotated.enum ? { allowed: annotated.enum } : {}),
      default: annotated.default,
      secret: annotated.secret === true,
      value: annotated.default,
      origin: annotated.default === undefined ? 'unset' : 'default',
    }
    const text = readText(env, environment, faults, setting)
    if (text !== undefined) {
      setting.value = Value.Convert(schema, text)
      if (!Value.Check(schema, setting.value)) {
        const shown = setting.secret ? 'its value' : JSON.stringify(text)
        const reason = setting.allowed
          ? `must be ${setting.allowed.join(' or ')}`
          : ([...Value.Errors(schema, setting.value)][0]?.message ?? 'is not valid')
        faults.push(`  ${env}: ${shown} ${reason} (${setting.description})`)
      }
    }
    return setting
  })
  const known = new Set(described.flatMap(({ env }) => [env, `${env}_FILE`]))
  for (const env of Object.keys(environment)) {
    const isOurs = env.startsWith('COMMONHOLD_') && !env.startsWith('COMMONHOLD_TEST_')
    if (isOurs && !known.has(env)) faults.push(`  ${env}: there is no such setting`)
  }
  if (faults.length > 0) throw errors.invalid({ faults: faults.join('\n') })
  const settings = Object.fromEntries(described.map(({ name, value }) => [name, value])) as Settings
  settings.dataDir = resolve(settings.dataDir)
  return { settings: Object.freeze(settings), described }
}

function readText(
  env: string,
  environment: Readonly<Record<string, string | undefined>>,
  faults: string[],
  setting: Setting,
): string | undefined {
  const direct = environment[env]
  const file = environment[`${env}_FILE`]
  if (direct && file) faults.push(`  ${env}: give either ${env} or ${env}_FILE, not both`)
  if (direct) {
    setting.origin = 'environment'
    return direct
  }
  if (!file) return undefined
  setting.origin = 'file'
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    faults.push(`  ${env}_FILE: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
    return undefined
  }
}
