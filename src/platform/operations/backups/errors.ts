import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('backups', {
  busy: [
    'conflict',
    'Another program (process {pid}, {command}) is at work on the backups in {folder}; wait until it is done.',
  ],
  folderNotWritable: [
    'unavailable',
    'Backups cannot be written to {folder} ({reason}); give write permission there, or set COMMONHOLD_BACKUP_DIR.',
  ],
  diskFull: [
    'unavailable',
    'There is no room for backups on the disk of {folder}; make room or set COMMONHOLD_BACKUP_DIR. What was unfinished is removed.',
  ],
  noRoom: [
    'unavailable',
    'The copy needs about {needed} MB in {directory}, and {free} MB are free; make room, or restore with --to DIR.',
  ],
  administrationMissing: [
    'unavailable',
    'This program has no way in as the administrator of the database, which backups need.',
  ],
  madeElsewhere: [
    'conflict',
    'This program does not make the backups here (COMMONHOLD_BACKUP_ADAPTER): begin it where they are made.',
  ],
  programRuns: [
    'conflict',
    'A program (process {pid}, {command}) runs on {directory}; stop it before the database is put back.',
  ],
  replicationRefused: [
    'unavailable',
    'The database server gives the login of DATABASE_URL no replication connection ({reason}). Allow it (alter role … replication, and a line `host replication` in pg_hba.conf), or name what else makes backups in COMMONHOLD_BACKUP_ADAPTER.',
  ],
  serverLost: ['unavailable', 'The database server went away during the backup ({reason}); nothing of it is kept.'],
  fileAltered: ['unavailable', 'The file {path} was altered: {reason}. It cannot be restored from.'],
  fileTruncated: ['unavailable', 'The file {path} was cut short: {reason}. It cannot be restored from.'],
  fileMissing: ['unavailable', 'The file {path} is missing.'],
  keyMissing: [
    'unavailable',
    'The file {path} was written with the key {keyId}, which is not among the configured keys; bring it back in COMMONHOLD_KEYS.',
  ],
  contentWrong: ['unavailable', 'In backup {id} the file {path} is not what its manifest says: {reason}.'],
  backupNotFound: ['not_found', 'There is no backup {id}.'],
  noBackup: [
    'not_found',
    'In {folder} there is no backup from which {target} can be reached; the first one ends at {first}.',
  ],
  parentMissing: ['unavailable', 'Backup {id} builds on backup {parent}, which is missing.'],
  serverUnknown: ['not_found', 'In {folder} there is no backup of the database server {systemIdentifier}.'],
  walMissing: [
    'unavailable',
    'The WAL segment {segment} is missing: from backup {backup} the database can be recovered up to {until}, not to {target}.',
  ],
  beyondReceived: [
    'conflict',
    'WAL was received up to {until} (by the clock of the server), which is before {target}; recover with --latest.',
  ],
  timelineUnknown: ['not_found', 'There is no WAL of the timeline {timeline}.'],
  timeMalformed: ['invalid', '"{text}" is no time; write one such as 2027-01-31T12:00:00Z.'],
  targetMissing: ['invalid', 'Say what to restore: one of --at TIME, --latest and --backup ID.'],
  targetOccupied: ['conflict', 'The directory {directory} is not empty; a restore overwrites nothing.'],
  serverNotOurs: [
    'conflict',
    'The database server is not the program’s own, which a restore cannot stop. Restore with --to DIR, and let the server run on it.',
  ],
  programsMissing: [
    'unavailable',
    'The backup is of PostgreSQL {found} and the programs here are {expected}; name an installation of PostgreSQL {found} in COMMONHOLD_BACKUP_POSTGRES.',
  ],
  recoveryFailed: ['unavailable', 'The copy in {directory} was not recovered: {reason}.'],
  drillFailed: ['conflict', 'The restore drill found {count} faults, first: {first}'],
  verifyFailed: ['conflict', '{count} faults were found, first: {first}'],
})
