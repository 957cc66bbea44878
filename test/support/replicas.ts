import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg, { type ClientConfig } from 'pg'
import { type EmbeddedServer, startEmbedded } from '#platform/database'
import { readPidFile } from '../../src/platform/database/embedded-cluster.ts'
import { serversIn } from '../../src/platform/database/embedded-processes.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import { Replication } from '../../src/platform/operations/backups/replication.ts'
import { readTar } from '../../src/platform/operations/backups/tars.ts'
import type { TestServer } from './server.ts'

/** A PostgreSQL of a test's own that replicas can follow, with a migrated template as `test/run.ts` makes one. */
export type TestPrimary = {
  directory: string
  admin: ClientConfig
  restart(): Promise<void>
  stop(): Promise<void>
}

/** A streaming replica: reached by its socket, which lets everybody in unasked. */
export type TestReplica = {
  /** For DATABASE_REPLICA_URLS. */
  url(database?: string): string
  admin(database?: string): Promise<pg.Client>
  signal(signal: NodeJS.Signals): void
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts it, and has `testWorld` and `testDatabase` of this process use it in place of the server of the run. */
export async function startPrimary(): Promise<TestPrimary> {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-primary-'))
  chmodSync(directory, 0o755)
  const port = await freePort()
  const start = () => startEmbedded({ dataDirectory: directory, durable: false, port })
  let running = await start()
  const admin = { ...running.adminConfig(), host: '127.0.0.1', port }
  const url = new URL(`postgres://postgres@127.0.0.1:${port}/postgres`)
  url.password = String(admin.password)
  const server: TestServer = {
    url: url.href,
    template: 'commonhold_template_replicas',
    login: { user: 'commonhold_test_replicas', password: randomBytes(16).toString('hex') },
  }
  const client = await connected(admin)
  await client.query(`create database ${server.template}`)
  await migrateDatabase({ admin: { ...admin, database: server.template } })
  await client.query(
    `create role ${server.login.user} login password '${server.login.password}' in role commonhold_app`,
  )
  await client.end()
  process.env.COMMONHOLD_TEST_SERVER = JSON.stringify(server)
  return {
    directory,
    admin,
    async restart() {
      await running.stop()
      running = await start()
    },
    async stop() {
      await running.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Where a replica will be, before there is one: its address is needed earlier. */
export function placeReplica(): { directory: string; url(database?: string): string } {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-replica-'))
  chmodSync(directory, 0o755)
  return {
    directory,
    url: (database = '') =>
      `postgres://localhost/${database}?host=${join(directory, 'postgres')}&port=5432&sslmode=disable`,
  }
}

/** Takes a base backup of the primary and starts what follows it. */
export async function startReplica(
  { admin }: TestPrimary,
  place: ReturnType<typeof placeReplica>,
): Promise<TestReplica> {
  const { directory } = place
  const cluster = join(directory, 'postgres')
  await layOut(admin, cluster)
  const { host, port, user, password } = admin
  const settings = {
    hot_standby: 'on',
    primary_conninfo: `host=${host} port=${port} user=${user} password=${password} application_name=reports`,
    wal_retrieve_retry_interval: '100ms',
    shared_buffers: '32MB',
  }
  let running: EmbeddedServer | undefined
  const start = async () => {
    running = await startEmbedded({
      dataDirectory: directory,
      durable: false,
      settings,
      copy: { superuser: 'postgres' },
    })
  }
  await start()
  return {
    url: place.url,
    admin: (database = 'postgres') => connected((running as EmbeddedServer).adminConfig(database)),
    signal(signal) {
      const first = readPidFile(cluster)?.pid
      for (const pid of new Set([...(first ? [first] : []), ...serversIn(cluster)])) process.kill(pid, signal)
    },
    start,
    async stop() {
      await running?.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function layOut(admin: ClientConfig, cluster: string): Promise<void> {
  mkdirSync(cluster, { mode: 0o700 })
  const pieces: Buffer[] = []
  const connection = await Replication.open(admin)
  await connection.run("BASE_BACKUP (LABEL 'replica', CHECKPOINT 'fast', WAL true)", {
    onData: message => {
      if (String.fromCharCode(message[0] as number) === 'd') pieces.push(Buffer.from(message.subarray(1)))
      return undefined
    },
  })
  await connection.close()
  let file: Awaited<ReturnType<typeof open>> | undefined
  await readTar(chunksOf(pieces), {
    async begin({ path, kind }) {
      const target = join(cluster, path)
      await mkdir(kind === 'directory' ? target : dirname(target), { recursive: true, mode: 0o700 })
      file = kind === 'file' ? await open(target, 'w', 0o600) : undefined
    },
    async data(bytes) {
      await file?.write(bytes)
    },
    async end() {
      await file?.close()
    },
  })
  await writeFile(join(cluster, 'standby.signal'), '', { mode: 0o600 })
}

async function* chunksOf(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces
}

async function connected(config: ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  await client.connect()
  return client
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.on('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => done(port))
    })
  })
}
