import type { Backup } from './catalogue.ts'

/** A full backup with those that build on it, in order; ones without a beginning are chains of their own. */
export function chainsIn<T extends Pick<Backup, 'id' | 'parent'>>(backups: readonly T[]): T[][] {
  const chains: T[][] = []
  for (const backup of backups) {
    const chain = chains.find(members => members.some(({ id }) => id === backup.parent))
    if (chain) chain.push(backup)
    else chains.push([backup])
  }
  return chains
}

type Read = { id: string; verification: { faults: readonly string[] } | null }

/** Of a chain the backups from which nothing can be restored: one in which a fault was found, and all that build on it. */
export function lostOf<T extends Read>(chain: readonly T[]): T[] {
  const first = chain.findIndex(({ verification }) => (verification?.faults.length ?? 0) > 0)
  return first === -1 ? [] : chain.slice(first)
}
