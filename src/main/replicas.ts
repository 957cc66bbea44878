import type { ClientConfig } from 'pg'
import type { Logger } from 'pino'
import { type Database, Replicas } from '#platform/database'
import { DomainError, errorTable } from '#platform/errors.ts'
import type { Settings } from './config.ts'
import { clientConfigOf } from './database.ts'

const errors = errorTable('replicas', {
  urlInvalid: ['invalid', 'DATABASE_REPLICA_URLS cannot be used: {reason}'],
})

/** PE-12: the replicas of DATABASE_REPLICA_URLS, not yet looked at; closed with the main database. */
export function openReplicas(
  main: Database,
  parts: { settings: Settings; login: ClientConfig; log: Logger },
): Replicas | undefined {
  const { settings, login, log } = parts
  const urls = (settings.databaseReplicaUrls ?? '')
    .split(',')
    .map(url => url.trim())
    .filter(Boolean)
  if (urls.length === 0) return undefined
  return new Replicas({
    main,
    replicas: urls.map(url => {
      const replica = replicaLoginOf(url, settings, login)
      const name = `${replica.host}:${replica.port}/${replica.database}`
      return { name, login: replica, poolSize: settings.databasePoolSize }
    }),
    maxLag: settings.databaseReplicaMaxLag * 1_000,
    onChange: ({ name, state, reason }) => {
      if (state === 'ready') log.info({ replica: name }, 'Reports are read from a replica')
      else log.warn({ replica: name, state, reason }, 'Reports are not read from a replica')
    },
  })
}

/** Where the URL names nobody it is the program's own login, which replicas have from their primary. */
function replicaLoginOf(url: string, settings: Settings, login: ClientConfig): ClientConfig {
  try {
    const { databaseCaCert, databaseClientCert, databaseClientKey } = settings
    const read = clientConfigOf(url, databaseCaCert, {
      clientCertificate: databaseClientCert,
      clientKey: databaseClientKey,
    })
    const { user, password } = read.user === undefined ? login : read
    return { ...read, user, password, database: read.database ?? login.database }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw errors.urlInvalid({ reason: error.message }, error)
  }
}
