import type { Command } from 'commander'
import type { TProperties } from 'typebox'
import type { App } from '#platform/app.ts'
import type { AnyRoute } from '#platform/http'
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

/** What a module's commands are given by the command line. */
export type CommandContext = {
  /** Opens the program on its database (joining a running one), hands it to `work`, and closes it. */
  withApp<T>(work: (app: App) => Promise<T>): Promise<T>
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
  permissions?: Readonly<Record<string, PermissionDeclaration>>
  routes?: readonly AnyRoute[]
  jobs?: readonly Job[]
  /** Adds the module's commands below `commonhold <name>`, or below the names given: several modules may share one. */
  commands?: Commands | Readonly<Record<string, Commands>>
  config?: TProperties
}
