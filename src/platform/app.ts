import type { Logger } from 'pino'
import type { Clock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import type { Database } from '#platform/database'
import type { Module } from '#platform/module.ts'

/** What handlers, jobs and commands are given. */
export type App = {
  db: Database
  clock: Clock
  keyring: Keyring
  log: Logger
  config: Readonly<Record<string, unknown>>
  /** Where people reach this installation, without a trailing slash: links are built from it, never from Host. */
  publicUrl: string
  /** All modules of this program, for what they declare to each other as plain data: features, events, metrics. */
  modules: readonly Module[]
}
