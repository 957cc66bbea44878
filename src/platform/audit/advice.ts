import type { FindingKind } from './findings.ts'

const tampered =
  'Somebody with the rights of the owner has written to the log. Keep a copy of the server as it is, and compare the entry with the backups: commonhold restore --to.'
const signed =
  'Somebody has replaced what was signed. Compare with the copies outside, and find out who can write to the database and read COMMONHOLD_KEYS.'

const advices: Partial<Record<FindingKind, string>> = {
  missing:
    'Look whether the partition is there, and for an archive of its month (commonhold archive list). What nobody archived was taken away: restore a backup aside and compare.',
  archive_forged: signed,
  archive_differs:
    'Put the archive back from a copy of its folder, and read it again: commonhold archive verify. A table beside that differs can be dropped.',
  seals_broken: signed,
  tree_altered: signed,
  signature_invalid: signed,
  key_replaced:
    'A key is changed with commonhold audit rotate-key, by which the old one names the new one; after that nothing is signed with the old one. If the key is one of this installation, COMMONHOLD_KEYS lacks the key that its private half was sealed with: add it and verify again. Otherwise somebody has signed the log anew.',
  chain_broken: signed,
  checkpoint_missing: signed,
  copy_missing:
    'Put the file back from a copy of that folder. Where you have removed it yourself: move the folder away and start the program again, which writes all that the database has.',
  checkpoint_differs:
    'The copy outside is the one to believe: it tells what the log was before. Compare it with the backups of that time.',
  rolled_back:
    'If you have restored a backup, let the program go on and accept the fork by its number (commonhold audit accept-fork). Otherwise somebody has put the log back.',
  forked:
    'If you have restored a backup at that time, accept it: commonhold audit accept-fork NUMBER --reason TEXT; a dump in another server is said by commonhold audit continue-copy. Otherwise somebody has put the log back.',
}

/** What to do about what verification has found. */
export const adviceFor = (kind: FindingKind): string => advices[kind] ?? tampered
