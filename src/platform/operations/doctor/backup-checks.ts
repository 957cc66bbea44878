import type { Check } from '#platform/checks.ts'
import { readState } from '../backups/state.ts'
import { finding } from './findings.ts'

const advice = 'commonhold backup status, or the page Operations, Backups.'

export const backupChecks: readonly Check[] = [
  {
    code: 'backups.failing',
    title: 'GG-20: backups, WAL and restore drills that went wrong',
    isAlarm: true,
    async run({ app }) {
      const { status, concerns } = await readState(app)
      const severity = status === 'unprotected' ? 'critical' : 'warning'
      return concerns
        .filter(({ isMishap }) => isMishap)
        .map(({ object, message }) => finding(severity, object, message, advice))
    },
  },
  {
    code: 'backups.lacking',
    title: 'GG-20: what is missing for the database to be protected',
    async run({ app }) {
      const { concerns } = await readState(app)
      return concerns
        .filter(({ isMishap }) => !isMishap)
        .map(({ object, message }) => finding('warning', object, message, advice))
    },
  },
]
