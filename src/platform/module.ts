import type { Command } from 'commander'
import type pg from 'pg'
import type { TProperties } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Check } from '#platform/checks.ts'
import type { Keyring } from '#platform/crypto'
import type { Database, MirroredColumns, Queryable, Statements } from '#platform/database'
import type { AnyRoute, Mount } from '#platform/http'
import type { Job } from '#platform/jobs'

/** The built-in roles of every tenant (VS-03), from most to least powerful. */
export const builtInRoles = ['owner', 'admin', 'member', 'viewer'] as const
export type BuiltInRole = (typeof builtInRoles)[number]

/** A permission `module.resource.action` with its meaning and the built-in roles that have it from the start. */
export type PermissionDeclaration = {
  description: string
  roles: readonly BuiltInRole[]
  /** For who runs the installation (`identity.operators`), in whatever tenant: then no role has it, nor can have. */
  forOperators?: true
}

/** A part of the program that a tenant may have or not (MT-10, PE-12): `module.feature`. Read by `hasFeature`. */
export type FeatureDeclaration = {
  /** What one has with it, as the pages show it. */
  label: string
  description: string
  /** Whether a tenant has it about which nobody has said anything. */
  default: boolean
}

/** What a new tenant starts with (MT-10). Permissions and features are those that modules declare. */
export type TenantTemplate = {
  label: string
  description: string
  /** Roles of its own beside the built-in ones. */
  roles?: readonly { name: string; description: string; permissions: readonly string[] }[]
  settings?: Readonly<Record<string, unknown>>
  features?: Readonly<Record<string, boolean>>
  /** `parent` is the slug of one before it. */
  organizations?: readonly { name: string; slug: string; parent?: string }[]
}

/** A step that leads a new tenant's administrators in (MT-10): `module.step`. */
export type OnboardingStep = {
  title: string
  text: string
  /** Where it is done: a path of the console. */
  link: string
  /** Who is shown it. */
  permission?: string
  /** Whether it is done, seen in the data; without it somebody says so. */
  isDone?: (tx: Queryable) => Promise<boolean>
}

/** Something that tenants use and plans may limit, `module.what`. */
export type MetricDeclaration = {
  /** What it counts, as the console says it: `Contractor lists`. */
  description: string
  unit: 'count' | 'bytes'
  /** A gauge is what there is now (rows, bytes kept); a flow adds up in time (requests) and is limited by the month. */
  kind: 'gauge' | 'flow'
}

/** A figure of `/metrics`, read whenever it is asked for; what cannot be read is left out. */
export type GaugeDeclaration = {
  /** In Prometheus' words: `operations_database_bytes`. */
  name: string
  help: string
  labelNames?: readonly string[]
  read(app: App): Promise<readonly { labels?: Readonly<Record<string, string>>; value: number }[]>
}

/**
 * A column with values of `Keyring.encrypt`, so that `keys rotate` finds them (GG-17). Names and expressions are written
 * here by hand, never made of input.
 */
export type EncryptedColumn = {
  /** `schema.table`. */
  table: string
  /** The primary key. */
  key: readonly [string, ...string[]]
  column: string
  /** In a column of JSON: the name under which the value is. */
  path?: string
  /** What `encrypt` was told, with a column of the row, or a name of `expressions`, in braces. */
  context: string
  /** SQL over the row as `t`, for what stands in no column. */
  expressions?: Readonly<Record<string, string>>
  /** SQL over the row as `t`: which rows have such a value. */
  where?: string
  /** What is encrypted is JSON, and has a property that is encrypted itself. */
  inner?: { property: string; context: string }
}

/** GG-16: rows of a table that are kept for so long and no longer. Names and the condition are written by hand, never made of input. */
export type RetentionDeclaration = {
  /** What goes or is archived, as operators read it. */
  description: string
  /** `schema.table`. */
  table: string
  /** The column with the moment from which the time counts. */
  by: string
  /** An interval: `30 days`, `1 year`. */
  after: string
  /** SQL over the row as `t`: which rows, beside their age. */
  condition?: string
  /** `archive` is for tables that are partitioned by `by`: a whole partition goes, into a file. `keep` says why nothing goes. */
  action: 'remove' | 'archive' | 'keep'
  /** The module's job that removes them, where more has to be done than a delete. It counts as a run. */
  job?: string
  /** What an archived partition needs beside its archive. */
  archiving?: PartitionArchiving
}

/** A partition and the archive that has its rows; names are quoted by the catalog. */
export type ArchivedPartition = {
  partition: string
  archive: string
  from: string
  to: string
  rows: number
  sha256: string
  fileSha256: string
  writtenAt: string
}

/** What a module does when a partition of its goes into an archive, and comes back. `client` is who owns the table. */
export type PartitionArchiving = {
  /** Before it goes: throws where it must stay. What it returns is called in the transaction that drops the partition. */
  prepareDrop(
    client: pg.Client,
    archived: ArchivedPartition,
    by: { sign: (document: object, type: string) => Promise<string>; now: Date },
  ): Promise<() => Promise<void>>
  /** Who was taken out of the table at that moment or later, or is being taken out: by id, in the system scope. */
  listErasedSince(tx: Statements, moment: string): Promise<Set<string>>
  /** In the transaction that has brought it back: throws where it must not. */
  comeBack(client: pg.Client, archived: ArchivedPartition): Promise<void>
}

/** From what is only good to know to what somebody has to act upon (MT-22). */
export const securitySeverities = ['low', 'medium', 'high', 'critical'] as const
export type SecuritySeverity = (typeof securitySeverities)[number]

export const securityCategories = ['authentication', 'account', 'access', 'workspace', 'installation'] as const
export type SecurityCategory = (typeof securityCategories)[number]

/** What an event of the audit log means for security. */
export type SecurityEventDeclaration = {
  severity: SecuritySeverity
  category: SecurityCategory
  /** What happened, as people read it. */
  description: string
  /** The event is a request that was refused: its name is the code of the error. It is written by the server, not by the module. */
  isRefusal?: true
}

/** A column whose values stay behind when a tenant is exported, and what an imported row has there instead. */
export type WithheldColumn = {
  /** As the archive tells it. */
  reason: string
  /** SQL that is evaluated where the row comes in; without it and `make` the column's default, or null. */
  value?: string
  /** For what SQL cannot make, such as a new secret; `id` is the one that the row has from then on. */
  make?: (keyring: Keyring, id: string) => string
}

/**
 * What is special about a module's tables when a tenant is exported and imported. What nobody speaks of goes along as it is.
 * Names and SQL are written here by hand, never made of input.
 */
export type PortabilityDeclaration = {
  /** Tables of tenants (`schema.table`) that stay behind, with the reason that the archive tells. */
  stays?: Readonly<Record<string, string>>
  /** By `schema.table.column`. */
  withheld?: Readonly<Record<string, WithheldColumn>>
  /** Shared tables: the columns by which a row is found elsewhere; of several sets the first that has all its values counts. */
  naturalKeys?: Readonly<Record<string, readonly (readonly [string, ...string[]])[]>>
}

/**
 * GG-21: what stays as it is when one tenant, or one table in its place, is brought back from a backup. What nobody speaks of
 * becomes what it was.
 */
export type RestorationDeclaration = {
  /** Tables (`schema.table`, or `schema.*`) of which no row comes back or goes, with the reason that operators read. */
  stays?: Readonly<Record<string, string>>
  /** Columns (`schema.table.column`) that go on saying what they say; in rows that come back they are as in a new row. */
  keeps?: Readonly<Record<string, string>>
  /** Tables that are only ever added to, with the reason: rows that are missing come back, and none changes or goes. */
  accrues?: Readonly<Record<string, string>>
  /** By table its triggers that tell its changes to another one, which are told of what a restore changes too. */
  tells?: Readonly<Record<string, readonly string[]>>
  /** By table SQL over the row of then as `t`: which rows do not come back. */
  leavesOut?: Readonly<Record<string, string>>
  /** By table, in which rows stand for people: how they are forgotten in a copy, where they were erased since. */
  forgets?: Readonly<Record<string, ForgettingDeclaration>>
}

/** Names are written by hand, never made of input. The table has `tenant_id` and `id`. */
export type ForgettingDeclaration = {
  /** The column with the account that he has. */
  account: string
  /** Where it is recorded who was erased: `schema.table` with `tenant_id`, and the columns of his id and of the moment. */
  erased: { table: string; id: string; at: string }
  /**
   * `schema.function`, given arrays of tenants and ids: takes out what names them, and returns the rows that it changed,
   * by table, as JSON. A copy is made to forget by the same one; in it no trigger runs.
   */
  by: string
}

/** Who is erased, as logs may name him. */
export type LogSubject = { userId: string; addresses: readonly string[] }

/** How many entries of whose log have something personal of him, tenant by tenant. */
export type SubjectEntries = { tenantId: string; entries: number }

/** PE-07: a log beside the audit log that names people, of which an erased person is taken out as well. */
export type SubjectLog = {
  /** Changes nothing. */
  count(db: Database, subject: LogSubject): Promise<SubjectEntries[]>
  /** All of it or nothing, again where it was done before. Whoever asks has been allowed to by `identity.begin_log_erasure`. */
  erase(db: Database, subject: LogSubject): Promise<SubjectEntries[]>
}

/** How a notification reaches people by mail: each by itself, several in one, or not. */
export type MailChannel = 'at_once' | 'digest' | 'never'

/** Something that people are told, `module.what`. */
export type NotificationDeclaration = {
  /** What they are told of, as they see it where they choose how: `Somebody joined a workspace of yours`. */
  description: string
  /** Unless they choose another way. */
  mail: MailChannel
  /** The module sends a mail of its own about it, so that there is nothing to choose. */
  hasOwnMail?: true
}

/** What a module's commands are given by the command line. */
export type CommandContext = {
  /**
   * Opens the program on its database (joining a running one), hands it to `work`, and closes it. The database is brought
   * up to date before, unless `work` wants to see it as it is.
   */
  withApp<T>(work: (app: App) => Promise<T>, options?: { asItIs?: boolean }): Promise<T>
  /** The settings and the keys alone, for what has to be done while the database is down. */
  readSettings?(): { config: Readonly<Record<string, unknown>>; keyring: Keyring }
}

/** Adds commands below `parent`. */
export type Commands = (parent: Command, context: CommandContext) => void

/**
 * What a folder under `src/` is to the platform: plain data, read by `src/main`.
 * `schema` is its PostgreSQL schema; `config` its settings, each with default and description.
 */
export type Module = {
  name: string
  schema?: string
  /**
   * `tenant`: rows with tenant_id in its schema are in the tenant's own database if it has one (MT-17), and `app.db` of
   * its handlers, jobs and commands goes there in a tenant's scope; without a tenant it is the main database.
   */
  placement?: 'tenant'
  /**
   * Of shared tables that tenants' tables refer to: the columns that queries read beside keys and required ones, to be
   * copied into tenants' own databases. Never secrets.
   */
  mirrors?: MirroredColumns
  permissions?: Readonly<Record<string, PermissionDeclaration>>
  routes?: readonly AnyRoute[]
  /** What it serves in a protocol of its own, outside `/api/v1`. */
  mounts?: readonly Mount[]
  jobs?: readonly Job[]
  /** What it keeps encrypted with the keys of the installation. */
  encrypted?: readonly EncryptedColumn[]
  /** What `commonhold doctor` looks at beside what it always does. */
  checks?: readonly Check[]
  /** What `/metrics` tells beside what it always does. */
  gauges?: readonly GaugeDeclaration[]
  /** MT-22: which of its audit events, by action, and of its refusals, by code, tell of security. */
  securityEvents?: Readonly<Record<string, SecurityEventDeclaration>>
  portability?: PortabilityDeclaration
  restoration?: RestorationDeclaration
  subjectLogs?: readonly SubjectLog[]
  /** What is not kept for ever, by name: `identity.sessions`. */
  retention?: Readonly<Record<string, RetentionDeclaration>>
  /** Adds the module's commands below `commonhold <name>`, or below the names given: several modules may share one. */
  commands?: Commands | Readonly<Record<string, Commands>>
  config?: TProperties
  /** What webhooks can be told of, by type, with what it tells: `members.member.joined`. */
  events?: Readonly<Record<string, string>>
  /** By kind: `members.joined`. */
  notifications?: Readonly<Record<string, NotificationDeclaration>>
  /** By name: `contractors.list_items`. */
  metrics?: Readonly<Record<string, MetricDeclaration>>
  /** By name: `contractors.exports`. */
  features?: Readonly<Record<string, FeatureDeclaration>>
  /** By a short name that the API takes: `sales-team`. */
  tenantTemplates?: Readonly<Record<string, TenantTemplate>>
  /** By name, in the order in which they are shown: `members.invite`. */
  onboarding?: Readonly<Record<string, OnboardingStep>>
}
