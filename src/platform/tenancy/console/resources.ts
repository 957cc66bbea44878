import type { ResourceDescription } from '#platform/console'

/** How the audit log tells of these tables. */
export const tenancyResources: Readonly<Record<string, ResourceDescription>> = {
  'tenancy.tenant_domains': {
    noun: 'domain',
    sentences: {
      insert: '{who} added the domain {domain}',
      update: '{who} checked the domain {domain}',
      delete: '{who} removed the domain {domain}',
    },
    technical: ['token'],
  },
  'tenancy.tenant_deletions': {
    noun: 'deletion of the workspace',
    sentences: {
      insert: '{who} asked for the deletion of the workspace',
      delete: '{who} cancelled the deletion of the workspace',
    },
  },
  'tenancy.onboarding_steps': {
    noun: 'first step',
    sentences: { insert: '{who} ticked off a first step', delete: '{who} opened a first step again' },
  },
}
