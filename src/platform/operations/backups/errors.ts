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
    'The database server gives the administrator’s login (DATABASE_URL) no replication connection ({reason}). Allow it (alter role … replication, and a line `host replication` in pg_hba.conf), or name what else makes backups in COMMONHOLD_BACKUP_ADAPTER.',
  ],
  otherNotBackedUp: [
    'unavailable',
    'The server of {database}, where workspaces have their data, was not backed up: {reason} If who runs it backs it up, say so with COMMONHOLD_BACKUP_PLACED=managed.',
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
  timelineMalformed: ['invalid', '"{text}" is no timeline: they are numbered from 1.'],
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
  directoryUnreachable: [
    'unavailable',
    'PostgreSQL {major} runs as the user postgres here, who cannot reach {directory}: let him go through it and what is above (chmod o+x), or run this program as another user than root.',
  ],
  recoveryFailed: [
    'unavailable',
    'The copy in {directory} was not recovered: {reason}. It is left for who looks for the cause; remove it before the next attempt.',
  ],
  tableUnknown: ['not_found', 'There was no table {table} at that time.'],
  tableStays: [
    'conflict',
    'The rows of {table} are never put back: {reason}. Restore it into a table beside (without --in-place).',
  ],
  tableOther: [
    'conflict',
    'The table {table} is not what it was: {differences}. Restore it into a table beside (without --in-place), and carry over what you need.',
  ],
  tableGone: ['conflict', 'There is no table {table} any more. Restore it into a table beside (without --in-place).'],
  tableShared: ['invalid', 'The rows of {table} belong to no workspace: leave out --tenant.'],
  tableBusy: [
    'unavailable',
    'Somebody is at work on {table} for longer than this waits. Nothing was changed; try again.',
  ],
  tableInTheWay: ['conflict', '{table} is there already and is not overwritten; drop it, or name another with --into.'],
  nameUnfit: ['invalid', '"{text}" is no name of a table: write schema.table.'],
  rowsHeld: [
    'conflict',
    '{count} rows of {table} refer to rows of {referred} that were made since and would go. Nothing was changed; restore {referred} into a table beside, or remove those rows first.',
  ],
  rowsRefused: [
    'conflict',
    'The rows of then do not go together with those that are there now: {table}, {constraint} ({reason}). Nothing was changed.',
  ],
  copyIncomplete: [
    'unavailable',
    'The copy does not have all of {table}: its files are others by now. Restore the whole server with --to DIR, and take it from there.',
  ],
  copyRemembers: [
    'unavailable',
    'People were erased since ({count} in {table}), and the copy could not be made to forget them: {reason}. Nothing was changed. A table of an earlier version comes back with its workspace; a copy that was recovered otherwise has to take writes.',
  ],
  copyAhead: ['conflict', 'The backup is of another version of this program than the one that runs: {reason}'],
  databaseBehind: [
    'conflict',
    'The database has yet to be brought up to date, by {pending} migrations of this program; do that first: commonhold db up.',
  ],
  tenantUnknown: ['not_found', 'There is no workspace {slug}, and there was none at that time.'],
  tenantNotThen: ['conflict', 'The workspace {slug} was not there yet at that time.'],
  tenantRenamed: ['conflict', 'The workspace that was called {slug} is called {now} by now: restore that.'],
  tenantDeleted: [
    'conflict',
    'The workspace {slug} was deleted since. With --revive it is made again from the copy, suspended until an operator has looked at it.',
  ],
  slugTaken: ['conflict', 'The slug {slug} is taken, or held for who had it. Give the workspace another with --slug.'],
  tenantMoving: [
    'conflict',
    'The workspace {slug} is on its way to another database, or its old copy is still kept. Finish or undo that first: commonhold tenants move {slug} --finish, or --undo.',
  ],
  backupOfMain: [
    'invalid',
    'A backup is of one server, and {slug} had its data in {database}, which is on another one. Say --at TIME or --latest.',
  ],
  placeUnprotected: [
    'unavailable',
    'The workspace {slug} had its data in {database}, and there is no backup of its server here. Have what backs that server up recover the database as of that time under another name, and name it: --placed-copy URL. From now on commonhold backup create covers it, if its login may replicate.',
  ],
  placedCopyUnfit: [
    'invalid',
    'The workspace {slug} had its data in the main database then: --placed-copy has none of them.',
  ],
  placedCopyForeign: [
    'invalid',
    'The database {name} is not the one in which the workspace {slug} had its data: nothing was changed.',
  ],
  tenantEnding: ['conflict', 'The workspace {slug} waits for its deletion. Cancel that first.'],
  restoreTaken: ['conflict', 'Another program restores or moves the workspace {slug} at this moment.'],
  modeMissing: [
    'invalid',
    'Say how: --mode replace (it becomes what it was) or --mode merge (what is missing comes back).',
  ],
  flagsUnfit: ['invalid', '{flags} go with {with} only.'],
  notConfirmed: [
    'conflict',
    'Nothing was done: confirm it, or say --yes. Of a table or a workspace --dry-run says what would change.',
  ],
  drillFailed: ['conflict', 'The restore drill found {count} faults, first: {first}'],
  verifyFailed: ['conflict', '{count} faults were found, first: {first}'],
})
