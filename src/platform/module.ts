import type { Command } from 'commander'
import type { TProperties } from 'typebox'
import type { AnyRoute } from '#platform/http'
import type { Job } from '#platform/jobs'

/** The built-in roles of every tenant (VS-03), from most to least powerful. */
export const builtInRoles = ['owner', 'admin', 'member', 'viewer'] as const
export type BuiltInRole = (typeof builtInRoles)[number]

/** A permission `module.resource.action` with its meaning and the built-in roles that have it from the start. */
export type PermissionDeclaration = { description: string; roles: readonly BuiltInRole[] }

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
  /** Adds the module's commands below `commonhold <name>`. */
  commands?: (parent: Command) => void
  config?: TProperties
}
