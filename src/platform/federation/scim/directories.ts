import type { App } from '#platform/app.ts'
import { type Scope, sql } from '#platform/database'
import { scimErrors as errors } from './errors.ts'

/** The directory of a provider, as it has shown itself with one of its tokens. */
export type Directory = {
  tenantId: string
  providerId: string
  providerName: string
  /** Nothing is taken from the directory of a provider that is switched off. */
  isActive: boolean
  /** With which those begin whom it brings. */
  defaultRole: string
  /** Whether its groups give roles: else they come with the sign-in. */
  givesRoles: boolean
  /** The address of its resources, without a slash at the end. */
  base: string
}

type Row = {
  providerId: string
  providerName: string
  status: string
  defaultRole: string
  givesRoles: boolean
}

/**
 * Whose token was shown, if it is one of the directory that is asked. Any other provider, of whatever tenant, is not there
 * for it (GHSA-j8v8-g9cx-5qf4).
 */
export async function admitDirectory(app: App, scope: Scope, providerId: string): Promise<Directory> {
  const row = await app.db.reads(scope).maybe(sql<Row>`
    select
      provider.id as provider_id,
      provider.provider_name,
      provider.status,
      provider.default_role,
      coalesce(provider.configuration #>> '{groups,source}' = 'scim', false) as gives_roles
    from federation.provisionings as provisioning
    join federation.iam_providers as provider
      on provider.tenant_id = provisioning.tenant_id and provider.id = provisioning.provider_id
    where provisioning.tenant_id = ${scope.tenantId}
      and provisioning.service_id = ${scope.userId}
      and provider.id::text = ${providerId.toLowerCase()}`)
  if (!row) throw errors.scimProviderNotFound()
  const { status, ...directory } = row
  return {
    ...directory,
    isActive: status !== 'inactive',
    tenantId: scope.tenantId as string,
    base: baseOf(app, row.providerId),
  }
}

/** What is entered at the provider. */
export const baseOf = (app: App, providerId: string) => `${app.publicUrl}/api/v1/scim/v2/${providerId}`
