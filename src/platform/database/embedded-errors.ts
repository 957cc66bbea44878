import { errorTable } from '#platform/errors.ts'

export const embeddedErrors = errorTable('database', {
  embeddedUnsupported: [
    'unavailable',
    'There is no embedded PostgreSQL for {platform} ({reason}); set DATABASE_URL to a PostgreSQL server, version 15 to 18.',
  ],
  dataDirectoryInUse: [
    'conflict',
    'The data directory {directory} is in use by process {pid} ({command}); stop that one, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  dataDirectoryOfOtherVersion: [
    'conflict',
    'The database in {directory} was made by PostgreSQL {found}, and this program brings PostgreSQL {expected}; start it with the Commonhold that made it, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  dataDirectoryNotOurs: [
    'conflict',
    'The directory {directory} holds files but no PostgreSQL database; move them away, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  dataDirectoryOfOtherUser: [
    'unavailable',
    'The database in {directory} belongs to user {owner}, and this program runs as user {user}; start it as {owner} or as root, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  dataDirectoryNotWritable: [
    'unavailable',
    'Commonhold cannot write to {path} ({reason}); give user {user} write permission there, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  embeddedNotRunnable: [
    'unavailable',
    'The PostgreSQL programs in {native} do not run here as user {user} ({reason}); set DATABASE_URL to a PostgreSQL server, version 15 to 18.',
  ],
  diskFull: [
    'unavailable',
    'There is no room on the disk that holds {directory} ({free} MB and {files} files are free, at least {needed} MB are needed); make room and start again, the data is unharmed.',
  ],
  portInUse: ['unavailable', 'The port {port} on 127.0.0.1 is in use; choose another one for the embedded PostgreSQL.'],
  embeddedStartFailed: [
    'unavailable',
    'The embedded PostgreSQL in {directory} did not start: {reason}; more is in {log}.',
  ],
  embeddedEnded: [
    'unavailable',
    'The embedded PostgreSQL in {directory} ended by itself ({reason}); start again to recover, more is in {log}.',
  ],
})
