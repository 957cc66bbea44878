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
  diskFull: [
    'unavailable',
    'The disk that holds {directory} is full ({free} MB free); make room (at least {needed} MB) and start again, nothing was damaged.',
  ],
  embeddedStartFailed: [
    'unavailable',
    'The embedded PostgreSQL in {directory} did not start: {reason}; more is in {log}.',
  ],
  embeddedEnded: [
    'unavailable',
    'The embedded PostgreSQL in {directory} ended by itself ({reason}); start again to recover, more is in {log}.',
  ],
})
