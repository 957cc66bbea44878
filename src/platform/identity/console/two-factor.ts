import { queryOptions } from '@tanstack/react-query'
import { request } from '#platform/console'

export type TwoFactor = {
  isEnabled: boolean
  enabledAt: string | null
  lastUsedAt: string | null
  backupCodesLeft: number
  backupCodesMadeAt: string | null
}

export type SetUp = { secret: string; uri: string; expiresAt: string }

export const twoFactorQuery = queryOptions({
  queryKey: ['two-factor'],
  queryFn: ({ signal }) => request<TwoFactor>('/me/two-factor', { signal }),
})

export const startSetUp = () => request<SetUp>('/me/two-factor', { method: 'POST' })

export async function verifySetUp(code: string): Promise<readonly string[]> {
  const { backupCodes } = await request<{ backupCodes: string[] }>('/me/two-factor/verify', {
    method: 'POST',
    body: { code },
  })
  return backupCodes
}

export async function renewCodes(): Promise<readonly string[]> {
  const { backupCodes } = await request<{ backupCodes: string[] }>('/me/two-factor/backup-codes', { method: 'POST' })
  return backupCodes
}

export const turnOff = () => request<void>('/me/two-factor', { method: 'DELETE' })
