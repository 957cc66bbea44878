import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { type DomainError, errorTable } from '#platform/errors.ts'
import { startEmbedded } from '../platform/database/embedded.ts'
import type { Settings } from './config.ts'

const errors = errorTable('database', {
  urlInvalid: ['invalid', 'DATABASE_URL cannot be used: {reason}.'],
  authorityUnreadable: ['invalid', 'DATABASE_CA_CERT is neither a PEM certificate nor a file with one ({reason}).'],
  certificateUnusable: ['invalid', 'The client certificate for the database cannot be used: {reason}.'],
  passwordFileUnusable: ['invalid', 'The password file {path} cannot be used: {reason}.'],
  serverAway: [
    'unavailable',
    'The database server {server} does not answer ({reason}); check that it runs, and DATABASE_URL.',
  ],
  loginRefused: ['unavailable', 'The database server {server} refuses the login of DATABASE_URL ({reason}).'],
  databaseMissing: ['unavailable', 'The database server {server} has no database {database}; create it first.'],
  tlsMissing: [
    'unavailable',
    'The database server {server} speaks no TLS; turn ssl on there, or add ?sslmode=disable to DATABASE_URL if you trust the network between.',
  ],
  tlsUntrusted: [
    'unavailable',
    'The certificate of the database server {server} is not trusted ({reason}); give the authority that issued it in DATABASE_CA_CERT.',
  ],
  versionUnsupported: [
    'conflict',
    'The database server {server} is PostgreSQL {version}; Commonhold runs on PostgreSQL 15 to 18.',
  ],
})

/** A PostgreSQL of a supported version with a database for us, and how an administrator connects to it. */
export type DatabaseServer = {
  admin: pg.ClientConfig
  isEmbedded: boolean
  /** Ends the embedded server if this program started it. */
  close(): Promise<void>
}

export type DatabaseOptions = {
  log?: (line: string) => void
  /** Use the embedded server of a program that runs already, instead of refusing. */
  join?: boolean
  /** Told when the embedded server has ended without having been asked to. */
  onLost?: (error: DomainError) => void
}

/** The server of DATABASE_URL, else the embedded one of the data directory, which it starts. */
export async function openDatabase(settings: Settings, options: DatabaseOptions = {}): Promise<DatabaseServer> {
  if (settings.databaseUrl === undefined) return await openEmbedded(settings, options)
  const admin = clientConfigOf(settings.databaseUrl, settings.databaseCaCert, {
    clientCertificate: settings.databaseClientCert,
    clientKey: settings.databaseClientKey,
    password: settings.databasePassword,
  })
  await requireSupported(admin)
  return { admin, isEmbedded: false, close: async () => {} }
}

/** What a login has beside its URL (PE-11). */
export type Credentials = {
  /** PEM, or a file with it; with `clientKey`. `sslcert` and `sslkey` of the URL stand in their place. */
  clientCertificate?: string | undefined
  clientKey?: string | undefined
  /** Where the URL has none. */
  password?: string | undefined
}

/**
 * Reads a connection URL. TLS is verified, host name included, whenever the server is not on this machine, a
 * certificate authority or a client certificate is given or `sslmode` asks for it; only `sslmode=disable` turns it off.
 * `passfile` names a file as libpq reads it, for who else has no password.
 */
export function clientConfigOf(url: string, authority: string | undefined, more: Credentials = {}): pg.ClientConfig {
  const parsed = parseUrl(url)
  const options = Object.fromEntries(parsed.searchParams)
  const known = /^(host|port|sslmode|sslrootcert|sslcert|sslkey|passfile|application_name)$/
  const unknown = Object.keys(options).filter(name => !known.test(name))
  if (unknown.length > 0) throw errors.urlInvalid({ reason: `it has the unknown option ${unknown.join(', ')}` })
  const host = options.host ?? (decoded(parsed.hostname).replace(/^\[|\]$/g, '') || 'localhost')
  const ca = authority ?? options.sslrootcert
  const own = readClientCertificate(options.sslcert ?? more.clientCertificate, options.sslkey ?? more.clientKey)
  const wantsTls = wantsTlsTo(host, options.sslmode, ca, own !== undefined)
  const port = Number(options.port ?? (parsed.port || 5432))
  const user = decoded(parsed.username) || undefined
  const database = decoded(parsed.pathname.slice(1)) || undefined
  const password = decoded(parsed.password) || more.password
  return {
    host,
    port,
    user,
    password:
      password ?? (options.passfile ? findPassword(options.passfile, { host, port, user, database }) : undefined),
    database,
    application_name: options.application_name ?? 'commonhold',
    connectionTimeoutMillis: 10_000,
    ...(wantsTls ? { ssl: tlsTo(host, ca, own) } : {}),
  }
}

const databaseName = 'commonhold'

async function openEmbedded(settings: Settings, options: DatabaseOptions): Promise<DatabaseServer> {
  const server = await startEmbedded({ dataDirectory: settings.dataDir, ...options })
  const client = new pg.Client(server.adminConfig())
  try {
    await client.connect()
    const { rows } = await client.query('select from pg_database where datname = $1', [databaseName])
    if (rows.length === 0) await client.query(`create database ${databaseName}`).catch(unlessMade)
  } catch (error) {
    await server.stop()
    throw error
  } finally {
    await client.end()
  }
  return { admin: server.adminConfig(databaseName), isEmbedded: true, close: server.stop }
}

// Another program that joined at the same moment was faster.
function unlessMade(error: unknown): void {
  if (!(error instanceof pg.DatabaseError && (error.code === '42P04' || error.code === '23505'))) throw error
}

function parseUrl(url: string): URL {
  try {
    return new URL(url)
  } catch (cause) {
    throw errors.urlInvalid({ reason: 'it is no URL (postgres://user:password@host:port/database)' }, cause)
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw errors.urlInvalid({ reason: 'a % in it begins no escape (write %25)' }, cause)
  }
}

function wantsTlsTo(host: string, mode: string | undefined, authority: string | undefined, hasOwn: boolean): boolean {
  const isLocal = host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\./.test(host)
  if (mode === undefined) return authority !== undefined || hasOwn || !isLocal
  if (mode === 'require' || mode === 'verify-ca' || mode === 'verify-full') return true
  if (mode !== 'disable')
    throw errors.urlInvalid({ reason: `sslmode=${mode} would go on without TLS; say verify-full or disable` })
  if (authority !== undefined) throw errors.urlInvalid({ reason: 'sslmode=disable contradicts DATABASE_CA_CERT' })
  if (hasOwn) throw errors.urlInvalid({ reason: 'sslmode=disable contradicts the client certificate' })
  return false
}

function tlsTo(
  host: string,
  authority: string | undefined,
  own: ClientCertificate | undefined,
): pg.ClientConfig['ssl'] {
  return {
    rejectUnauthorized: true,
    // Without this the certificate is held against `localhost` where the host is an address.
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    ...(isIP(host) ? {} : { servername: host }),
    ...(authority === undefined ? {} : { ca: readAuthority(authority) }),
    ...own,
  }
}

type ClientCertificate = { cert: string; key: string }

/** Both or none; a key that others can read is none any more, as libpq holds it too. */
function readClientCertificate(cert: string | undefined, key: string | undefined): ClientCertificate | undefined {
  if (cert === undefined && key === undefined) return undefined
  const refuse = (reason: string, cause?: unknown) => errors.certificateUnusable({ reason }, cause)
  if (cert === undefined || key === undefined) {
    throw refuse(`give ${cert === undefined ? 'DATABASE_CLIENT_CERT (sslcert)' : 'DATABASE_CLIENT_KEY (sslkey)'} too`)
  }
  const read = (given: string, mark: string) => {
    if (given.includes('-----BEGIN ')) return given
    if (!existsSync(given)) throw refuse(`there is no file ${given.slice(0, 100)}`)
    const text = readFileSync(given, 'utf8')
    if (!text.includes(mark))
      throw refuse(`${given} holds no ${mark === '-----BEGIN CERTIFICATE' ? 'certificate' : 'key'}`)
    return text
  }
  const pair = { cert: read(cert, '-----BEGIN CERTIFICATE'), key: read(key, 'PRIVATE KEY-----') }
  if (!key.includes('-----BEGIN ')) requirePrivate(key, reason => refuse(reason))
  const end = new Date(new X509Certificate(pair.cert).validTo)
  if (end < new Date()) throw refuse(`it has ended on ${end.toISOString().slice(0, 10)}`)
  return pair
}

/** Refuses a file that others than its owner may read; of root's also the group may (as for libpq). */
function requirePrivate(path: string, refuse: (reason: string) => DomainError): void {
  if (process.platform === 'win32') return
  const { mode, uid } = statSync(path)
  if (mode & (uid === 0 && process.getuid?.() !== 0 ? 0o027 : 0o077))
    throw refuse(`others may read ${path}: chmod 600 ${path}`)
}

type Whom = { host: string; port: number; user: string | undefined; database: string | undefined }

/** The first line `host:port:database:user:password` that fits, `*` for any; a backslash before `:` or `\`. */
function findPassword(path: string, { host, port, user, database }: Whom): string | undefined {
  const refuse = (reason: string) => errors.passwordFileUnusable({ path, reason })
  if (!existsSync(path)) throw refuse('there is no such file')
  requirePrivate(path, refuse)
  const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database ?? user ?? '', user ?? '']
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue
    const fields = (line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? []).map(field =>
      field.replace(/:$/, '').replace(/\\(.)/g, '$1'),
    )
    // What comes after the fourth colon is the password, whatever stands in it.
    const rest = fields.slice(0, 4)
    if (rest.length < 4 || !rest.every((field, index) => field === '*' || field === wanted[index])) continue
    const start = (line.match(/^(?:(?:\\.|[^:\\])*:){4}/) ?? [''])[0].length
    return line.slice(start).replace(/\\(.)/g, '$1')
  }
  throw refuse(`no line in it is for ${wanted.join(':')}`)
}

function readAuthority(given: string): string {
  const isPem = (text: string) => text.includes('-----BEGIN CERTIFICATE-----')
  if (isPem(given)) return given
  if (!existsSync(given)) throw errors.authorityUnreadable({ reason: `there is no file ${given.slice(0, 100)}` })
  const text = readFileSync(given, 'utf8')
  if (!isPem(text)) throw errors.authorityUnreadable({ reason: `${given} holds no certificate` })
  return text
}

async function requireSupported(admin: pg.ClientConfig): Promise<void> {
  const server = admin.host?.startsWith('/') ? admin.host : `${admin.host}:${admin.port}`
  const client = new pg.Client(admin)
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(`
      select current_setting('server_version_num')::integer as number, current_setting('server_version') as version`)
    const [{ number, version }] = rows as [{ number: number; version: string }]
    if (number < 150_000 || number >= 190_000) throw errors.versionUnsupported({ server, version })
  } catch (error) {
    throw explain(error, server, admin)
  } finally {
    await client.end().catch(() => {})
  }
}

function explain(error: unknown, server: string, admin: pg.ClientConfig): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException
  const reason = message || code
  if (code === '28P01' || code === '28000') return errors.loginRefused({ server, reason }, error)
  if (code === '3D000') return errors.databaseMissing({ server, database: admin.database ?? admin.user }, error)
  if (/^57P0|^53300$|^08/.test(code)) return errors.serverAway({ server, reason }, error)
  if (/does not support SSL/.test(message)) return errors.tlsMissing({ server }, error)
  if (/alert (unknown ca|bad certificate|certificate (required|expired|unknown))/i.test(message))
    return errors.certificateUnusable({ reason: `the server ${server} refuses it (${reason})` }, error)
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL/.test(code)) return errors.tlsUntrusted({ server, reason }, error)
  if (/^E[A-Z]+$/.test(code) || /timeout|terminated/i.test(message))
    return errors.serverAway({ server, reason: code || reason }, error)
  return error
}
