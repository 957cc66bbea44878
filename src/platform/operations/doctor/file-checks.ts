import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { Check, Finding } from '#platform/checks.ts'
import { finding } from './findings.ts'

/** What in the data directory only its owner may read. */
const privateFiles = ['keys', 'postgres.password', 'postgres']

export const fileChecks: readonly Check[] = [
  {
    code: 'files.modes',
    title: 'PE-11: who may read the data directory',
    async run({ app }) {
      // Windows has no such modes.
      if (!app.administration || process.platform === 'win32') return []
      const { dataDirectory } = app.administration
      const findings: Finding[] = []
      const directory = await modeOf(dataDirectory)
      // Whoever may pass it still meets the modes of what lies in it; to list or change it is more.
      if (directory !== undefined && directory & 0o022)
        findings.push(
          finding(
            'critical',
            dataDirectory,
            `Others may change what lies in ${dataDirectory}.`,
            `chmod 700 ${dataDirectory}`,
          ),
        )
      for (const name of privateFiles) {
        const path = join(dataDirectory, name)
        const mode = await modeOf(path)
        if (mode !== undefined && mode & 0o077) {
          findings.push(
            finding(
              'critical',
              path,
              `Others may read ${path}.`,
              `chmod ${name === 'postgres' ? '700' : '600'} ${path}; and take new keys and passwords: who was there has them`,
            ),
          )
        }
      }
      return findings
    },
  },
  {
    code: 'files.keys_beside_backups',
    title: 'GG-17: keys that lie beside what they encrypt',
    async run({ app }) {
      if (!app.administration) return []
      const { backupDir } = app.config
      const within = join(app.administration.dataDirectory, 'backups')
      const folder = typeof backupDir === 'string' && backupDir !== '' ? backupDir : within
      const keys = join(app.administration.dataDirectory, 'keys')
      if ((await modeOf(keys)) === undefined) return []
      const backups = resolve(folder)
      if (folder === within && (await modeOf(within)) !== undefined) {
        return [
          finding(
            'info',
            within,
            `The backups lie in the data directory, on one disk with the database and the keys.`,
            'Set COMMONHOLD_BACKUP_DIR to a place on another machine, and keep a copy of the keys in a third.',
          ),
        ]
      }
      const isInside = dirname(resolve(keys)) === backups || resolve(keys).startsWith(backups + sep)
      const copies = (await readdir(backups).catch(() => [] as string[])).filter(name => /^keys(\.|$)/.test(name))
      if (!isInside && copies.length === 0) return []
      return [
        finding(
          'critical',
          backups,
          `The keys lie in ${backups}, beside the backups: whoever gets these can open them.`,
          'Keep the keys elsewhere (COMMONHOLD_KEYS, a password manager), and a copy of them in another place than the backups.',
        ),
      ]
    },
  },
]

async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found && found.mode & 0o777
}
