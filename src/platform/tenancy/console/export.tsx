import { List, Stack } from '@mantine/core'
import { useSession } from '#platform/console'
import { Exports } from './exports.tsx'
import { SettingCard } from './setting-card.tsx'
import { SettingsFrame } from './settings-frame.tsx'

/** The whole workspace as a file, for its owners. */
export function Page() {
  const { tenant } = useSession()
  return (
    <SettingsFrame>
      <Stack gap="md" maw={760}>
        <SettingCard
          title="Take the workspace with you"
          lead={`All that belongs to ${tenant?.name ?? 'the workspace'}, as one file, while it is used.`}
        >
          <List size="sm" spacing={4} mb="md">
            <List.Item>Members, roles, settings, lists and everything in them, and the audit log.</List.Item>
            <List.Item>No passwords, keys, links or secrets of anybody.</List.Item>
            <List.Item>
              Whoever runs another installation can bring it in there. That is done at the command line.
            </List.Item>
          </List>
          <Exports path="/tenant/exports" />
        </SettingCard>
      </Stack>
    </SettingsFrame>
  )
}
