import type { PortabilityDeclaration } from '#platform/module.ts'

const proof = 'Proofs of this installation, which name its ids'

export const portability: PortabilityDeclaration = {
  stays: {
    'assignments.calendar_feeds': 'Secret addresses of this installation: make them anew where the tenant goes',
    'assignments.erased_participants': 'Backups of this installation alone have who they were',
    'assignments.solver_runs': proof,
  },
  withheld: { 'assignments.assignment_revisions.run_id': { reason: proof } },
}
