import type { App } from '#platform/app.ts'
import type { Queryable, Statements } from '#platform/database'

export const severities = ['critical', 'warning', 'info'] as const
/** `critical`: something is lost or open, or soon will be. `warning`: it wants somebody's hand. `info`: good to know. */
export type Severity = (typeof severities)[number]

/** One thing that is not as it should be. */
export type Finding = {
  severity: Severity
  /** The table, index, role, queue … that it is about; empty for the whole database or program. With the code it names it. */
  object: string
  /** A sentence. */
  message: string
  /** What to do: a sentence, a command or SQL to run. */
  advice: string
}

export type CheckContext = {
  app: App
  /** On the database that is looked at, as its administrator where the program has one. Never waits for long. */
  tx: Statements
  /** On the same database as the program is logged in. */
  own: Queryable
  /** Whether `tx` is an administrator's. */
  isAdministrator: boolean
  /** Host, port and name of a database that tenants have of their own; undefined for the main one. */
  database: string | undefined
}

/** Something that `commonhold doctor` looks at; a module adds its own. */
export type Check = {
  /** Stable, `subject.what`: what scripts and alarms know it by. */
  code: string
  /** What is looked at, as people read it. */
  title: string
  /** It is cheap, and what it finds cannot wait for somebody to look: looked at every five minutes, and told. */
  isAlarm?: true
  /** Also in the databases that tenants have of their own. */
  isEverywhere?: true
  run(context: CheckContext): Promise<readonly Finding[]>
}
