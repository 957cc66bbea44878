/** What verification can find. */
export const findingKinds = {
  altered: 'An entry differs from what was sealed',
  missing: 'An entry that was sealed is not there',
  inserted: 'An entry is there that was never sealed, though older ones are',
  erased_unrecorded: 'A part of an entry is marked as erased, and no signed record says so',
  archive_forged: 'The record of an archived month is not signed as it should be',
  archive_differs: 'An archived month is not what was archived',
  reordered: 'Entries have other positions than they were given',
  resealed: 'The seals are not those that a checkpoint was made over',
  seals_broken: 'Positions are missing or stand twice',
  tree_altered: 'The stored tree is not the one over the seals',
  signature_invalid: 'A checkpoint is not signed as it should be',
  key_replaced: 'A checkpoint is signed by a key that the one before has not named',
  chain_broken: 'A checkpoint does not follow the one before',
  checkpoint_missing: 'A checkpoint that is known outside is not in the database',
  copy_missing: 'A checkpoint is not outside, though later ones are: it was taken out of the copy',
  checkpoint_differs: 'The database has another checkpoint than is known outside',
  rolled_back: 'The database is older than what is known outside: it was restored to an earlier state',
  forked: 'The log went on from an earlier state than was known outside',
} as const

export type FindingKind = keyof typeof findingKinds

/** A disagreement, with all that is known of its place. */
export type Finding = {
  kind: FindingKind
  text: string
  tenantId?: string
  entryId?: string
  /** From 0 on, in the tenant's tree. */
  position?: number
  createdAt?: string
  checkpoint?: number
}

/** Findings of each kind in order of their finding: the first hundred, and how many there were. */
export class Findings {
  readonly list: Finding[] = []
  readonly counts: Partial<Record<FindingKind, number>> = {}

  add(finding: Finding): void {
    const count = (this.counts[finding.kind] ?? 0) + 1
    this.counts[finding.kind] = count
    if (count <= 100) this.list.push(finding)
  }

  has(kind: FindingKind): boolean {
    return this.counts[kind] !== undefined
  }
}
