import type { Finding, Severity } from '#platform/checks.ts'

export const finding = (severity: Severity, object: string, message: string, advice: string): Finding => ({
  severity,
  object,
  message,
  advice,
})

/** `12.3 GB`, in steps of 1,000. */
export function bytesInWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(Math.floor(Math.log10(Math.max(Math.abs(bytes), 1)) / 3), units.length - 1)
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

/** `3 min`, `2 h`, `5 days`. */
export function timeInWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

export const percent = (share: number) => `${Math.round(share * 100)} %`
