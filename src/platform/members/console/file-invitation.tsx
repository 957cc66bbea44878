import { Anchor, Badge, Button, FileInput, Group, Modal, ScrollArea, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Refusal, RolesField, roleChoicesQuery } from '#platform/console'
import classes from './invitations.module.css'
import { type InvitationImport, sendFile } from './own-invitations.ts'

type Outcome = InvitationImport['rows'][number]['outcome']

const outcomeWords: Readonly<Record<Outcome, string>> = {
  invited: 'is invited',
  member: 'is a member already',
  waiting: 'is invited already',
  invalid: 'cannot be read',
}
const outcomeColors: Readonly<Record<Outcome, string>> = {
  invited: 'pine',
  member: 'gray',
  waiting: 'gray',
  invalid: 'red',
}
const example = 'email,roles\nada@example.com,member\ngrace@example.com,member;viewer\n'

/** Asks everybody in a CSV file: first shows what becomes of each row, then does it, for all or for nobody. */
export function FileInvitation({ close }: { close: () => void }) {
  const client = useQueryClient()
  const choices = useQuery(roleChoicesQuery)
  const [file, setFile] = useState<File | null>(null)
  const [chosen, setChosen] = useState<readonly string[]>()
  const roleIds = chosen ?? choices.data?.filter(role => role.isDefault).map(({ id }) => id) ?? []
  const trial = useMutation({
    mutationFn: async (chosenFile: File) => sendFile(await chosenFile.text(), { roleIds, dryRun: true }),
  })
  const sending = useMutation({
    mutationFn: async (chosenFile: File) => sendFile(await chosenFile.text(), { roleIds, dryRun: false }),
    onSuccess: async ({ invited }) => {
      notifications.show({ message: invited === 1 ? 'The mail is on its way.' : `${invited} mails are on their way.` })
      close()
      await client.invalidateQueries({ queryKey: ['invitations'] })
    },
  })
  const report = trial.data
  const invalid = report?.rows.filter(({ outcome }) => outcome === 'invalid').length ?? 0
  const error = sending.error ?? trial.error
  const forget = () => {
    trial.reset()
    sending.reset()
  }

  return (
    <Modal opened onClose={close} size="lg" title="Invite from a file" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md">
        <Text size="sm">
          A CSV file with a header: <code>email</code>, and <code>roles</code> if they differ, several separated by
          semicolons. At most 500 rows.{' '}
          <Anchor
            href={`data:text/csv;charset=utf-8,${encodeURIComponent(example)}`}
            download="invitations.csv"
            size="sm"
            underline="always"
          >
            An example
          </Anchor>
        </Text>
        <FileInput
          label="File"
          placeholder="Choose a file"
          accept=".csv,text/csv,text/plain"
          value={file}
          clearable
          clearButtonProps={{ 'aria-label': 'Take another file' }}
          onChange={taken => {
            setFile(taken)
            forget()
          }}
        />
        <RolesField
          label="Roles of rows that name none"
          value={roleIds}
          onChange={given => {
            setChosen(given)
            forget()
          }}
        />
        <Refusal error={error} />
        {report && (
          <div role="status">
            <Text size="sm" fw={550} mb="xs">
              {invalid > 0
                ? `${formatCount(invalid)} of ${formatCount(report.rows.length)} rows cannot be read: nobody is invited until they are mended.`
                : `${formatCount(report.invited)} of ${formatCount(report.rows.length)} people get a mail.`}
            </Text>
            <ScrollArea.Autosize mah={260} viewportProps={{ tabIndex: 0, 'aria-label': 'Rows of the file' }}>
              <table className={classes.outcomes}>
                <thead>
                  <tr>
                    <th>Line</th>
                    <th>Address</th>
                    <th>Outcome</th>
                  </tr>
                </thead>
                <tbody>
                  {report.rows.map(row => (
                    <tr key={row.line}>
                      <td>{row.line}</td>
                      <td>{row.email}</td>
                      <td>
                        <Badge variant="light" color={outcomeColors[row.outcome]} tt="none" size="sm" autoContrast>
                          {outcomeWords[row.outcome]}
                        </Badge>
                        {row.reason && (
                          <Text size="xs" c="dimmed">
                            {row.reason}
                          </Text>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </ScrollArea.Autosize>
          </div>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          {report && invalid === 0 ? (
            <Button
              disabled={report.invited === 0}
              loading={sending.isPending}
              onClick={() => file && sending.mutate(file)}
            >
              {report.invited === 1 ? 'Invite one person' : `Invite ${formatCount(report.invited)} people`}
            </Button>
          ) : (
            <Button disabled={!file} loading={trial.isPending} onClick={() => file && trial.mutate(file)}>
              Check the file
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
