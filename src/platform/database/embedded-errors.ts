import { statfsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { basename, dirname } from 'node:path'
import { type DomainError, errorTable } from '#platform/errors.ts'

export const embeddedErrors = errorTable('database', {
  embeddedMissing: [
    'unavailable',
    'There is no embedded PostgreSQL for {platform} ({reason}); set DATABASE_URL to a PostgreSQL server, version 15 to 18.',
  ],
  embeddedNotRunnable: [
    'unavailable',
    'The PostgreSQL programs in {native} do not run here as user {user} ({reason}); set DATABASE_URL to a PostgreSQL server, version 15 to 18.',
  ],
  embeddedNotStarted: [
    'unavailable',
    'The embedded PostgreSQL in {directory} did not start ({reason}); its log is {log}.',
  ],
  embeddedEnded: [
    'unavailable',
    'The embedded PostgreSQL in {directory} ended by itself ({reason}); start again to recover, its log is {log}.',
  ],
  embeddedPortInUse: [
    'unavailable',
    'The port {port} of 127.0.0.1 is in use by another program; choose another one for the embedded PostgreSQL.',
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
    'The directory {directory} holds something that is no PostgreSQL database; move it away, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  dataDirectoryOfOtherUser: [
    'unavailable',
    'The database in {directory} belongs to the user with id {owner}, and this program runs as user {user}; start it as that user or as root, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  dataDirectoryNotWritable: [
    'unavailable',
    'Commonhold cannot write to {path} ({reason}); give user {user} write permission there, or set COMMONHOLD_DATA_DIR to another directory.',
  ],
  diskFull: [
    'unavailable',
    'There is no room on the disk of {directory} ({free} MB and {files} files are free, {needed} MB are needed); make room and start again, the data is unharmed.',
  ],
})

/** What a new cluster and its first log files take, with some room to work. */
export const neededMegabytes = 100

type Place = { dataDirectory: string; directory: string; log: string }

/** Turns what the system (an error with a code) or PostgreSQL (its output) said into one sentence for people. */
export function explain(place: Place, output: string, cause?: unknown): DomainError {
  if (/No space left on device|ENOSPC|EDQUOT|quota exceeded/i.test(output)) {
    return embeddedErrors.diskFull(
      { directory: place.dataDirectory, needed: neededMegabytes, ...freeSpace(place.dataDirectory) },
      cause,
    )
  }
  const { code, path = place.dataDirectory } = (cause ?? {}) as NodeJS.ErrnoException
  if (code && /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST)$/.test(code)) {
    // The lock is drafted under a name of chance, which tells nobody anything.
    const place = basename(path).startsWith('commonhold.lock') ? dirname(path) : path
    return embeddedErrors.dataDirectoryNotWritable({ path: place, reason: code, user: ownUser() }, cause)
  }
  const port = /could not bind IPv4 address.*Address already in use[\s\S]*port (\d+)/.exec(output)?.[1]
  if (port) return embeddedErrors.embeddedPortInUse({ port }, cause)
  const [last = 'it said nothing'] = output
    .split('\n')
    .filter(line => /FATAL|PANIC|ERROR|error:/.test(line))
    .concat(output.trim().split('\n').slice(-1))
    .filter(line => line !== '')
  const reason = last.replace(/^.*?(FATAL|PANIC|ERROR|error): +/, '')
  return embeddedErrors.embeddedNotStarted({ directory: place.directory, reason, log: place.log }, cause)
}

/** The user of this process, also where it has no name. */
export function ownUser(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}

function freeSpace(path: string): { free: number; files: number } {
  const { bavail, bsize, ffree } = statfsSync(path)
  return { free: Math.floor((bavail * bsize) / 2 ** 20), files: ffree }
}
