import type { PortabilityDeclaration } from '#platform/module.ts'

const proof = 'Who owns a domain has to be proven to each installation'
const own = 'Set by the installation that has the tenant'

export const portability: PortabilityDeclaration = {
  stays: {
    'tenancy.moves': 'Tells of databases of this installation',
    'tenancy.placements': 'Names a database of this installation',
    'tenancy.tenant_deletions': 'The wish to delete it is about this copy',
    'tenancy.second_factor_graces': 'Counts sessions of this installation',
    'tenancy.tenant_words': 'Made anew of name and slug',
  },
  withheld: {
    'tenancy.tenants.domain': { reason: proof },
    'tenancy.tenants.database_url_encrypted': { reason: 'A secret of this installation' },
    'tenancy.tenants.status': { reason: own },
    'tenancy.tenants.status_reason': { reason: own },
    'tenancy.tenants.status_changed_at': { reason: own },
    'tenancy.tenants.deletion_requested_at': { reason: own },
    'tenancy.tenants.deletion_scheduled_at': { reason: own },
    'tenancy.tenant_domains.token': {
      reason: proof,
      value: "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')",
    },
    'tenancy.tenant_domains.proven_at': { reason: proof },
    'tenancy.tenant_domains.proven_by': { reason: proof },
    'tenancy.tenant_domains.checked_at': { reason: proof },
    'tenancy.tenant_domains.failing_since': { reason: proof },
    'tenancy.tenant_domains.last_fault': { reason: proof },
  },
}
