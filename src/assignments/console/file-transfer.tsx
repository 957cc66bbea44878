import { Button, FileInput, Group, Menu, Modal, Progress, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatCount, Icon, Refusal, request, ScrollRegion, useSession } from '#platform/console'
import { refreshPeople } from './people.ts'
import { refreshTargets } from './targets.ts'
import type { Domain } from './wire-types.ts'

type Folder = 'participants' | 'targets'
type Counts = { read: number; inserted: number; updated: number; unchanged: number; rejected: number }
type Reject = { line: number; column: string; reason: string; raw: string }
type Report = { rows: Counts; rejects: readonly Reject[] }

const largest = 10_000_000

/** Takes people or targets from a CSV file, and gives all of them in one. */
export function FileMenu({ domain, folder }: { domain: Domain; folder: Folder }) {
  const { can } = useSession()
  const [isImporting, setIsImporting] = useState(false)
  return (
    <>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <Button variant="default" rightSection={<Icon name="chevronDown" size={15} />}>
            File
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {can(`assignments.${folder}.write`) && (
            <Menu.Item leftSection={<Icon name="upload" size={16} />} onClick={() => setIsImporting(true)}>
              Import CSV
            </Menu.Item>
          )}
          <Menu.Item
            component="a"
            href={`/api/v1/assignment-domains/${domain.id}/${folder}/export`}
            download
            leftSection={<Icon name="download" size={16} />}
          >
            Export CSV
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isImporting && <ImportDialog domain={domain} folder={folder} close={() => setIsImporting(false)} />}
    </>
  )
}

/** First says what would become of a file, then does it. */
function ImportDialog({ domain, folder, close }: { domain: Domain; folder: Folder; close: () => void }) {
  const client = useQueryClient()
  const word = domain.words[folder === 'participants' ? 'participant' : 'target']
  const [file, setFile] = useState<File | null>(null)
  const send = useMutation({
    mutationFn: async ({ file, dryRun }: { file: File; dryRun: boolean }) => ({
      dryRun,
      report: await request<Report>(`/assignment-domains/${domain.id}/${folder}/import`, {
        method: 'POST',
        query: { dryRun },
        body: new Blob([file], { type: 'text/csv' }),
      }),
    }),
    onSuccess: ({ dryRun }) =>
      dryRun ? undefined : folder === 'participants' ? refreshPeople(client) : refreshTargets(client),
  })
  const answer = send.data
  const isDone = answer !== undefined && !answer.dryRun
  const taken = answer ? answer.report.rows.inserted + answer.report.rows.updated : 0
  const choose = (next: File | null) => {
    setFile(next)
    send.reset()
    if (next && next.size <= largest) send.mutate({ file: next, dryRun: true })
  }
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={`Import ${word.plural}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="md">
        {!isDone && (
          <>
            <Text size="sm">
              The first line names the columns. “reference” and “name” must be among them; a row whose reference is
              known changes that {word.singular}, any other is a new one, and nobody is removed. An export shows the
              form.
            </Text>
            <FileInput
              label="CSV file"
              placeholder="Choose a file"
              accept=".csv,text/csv"
              clearable
              clearButtonProps={{ 'aria-label': 'Take the file out' }}
              value={file}
              onChange={choose}
              error={file && file.size > largest && 'It has more than 10 MB. Divide it.'}
            />
          </>
        )}
        {send.isPending && (
          <div role="status">
            <Text size="sm" mb={4}>
              {send.variables.dryRun ? 'Looking through the file…' : `Taking ${formatCount(taken)} rows…`}
            </Text>
            <Progress value={100} animated aria-label="Under way" />
          </div>
        )}
        <Refusal error={send.error} title="The file cannot be taken" />
        {answer && !send.isPending && <ReportShown {...answer} word={word.plural} name={file?.name ?? ''} />}
        <Group justify="flex-end" gap="xs">
          <Button variant={isDone ? 'filled' : 'default'} onClick={close}>
            {isDone ? 'Done' : 'Cancel'}
          </Button>
          {!isDone && (
            <Button
              disabled={!file || !answer || taken === 0}
              loading={send.isPending}
              onClick={() => file && send.mutate({ file, dryRun: false })}
            >
              {taken > 0 ? `Take ${formatCount(taken)}` : 'Take them'}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

function ReportShown({ dryRun, report: { rows, rejects }, word, name }: ReportProps) {
  const parts = [
    [rows.inserted, 'new'],
    [rows.updated, 'changed'],
    [rows.unchanged, 'as they are'],
    [rows.rejected, 'cannot be taken'],
  ] as const
  return (
    <div role="status">
      <Text size="sm" fw={570}>
        {dryRun ? `${formatCount(rows.read)} rows: this is what becomes of them.` : `The ${word} are in.`}
      </Text>
      <Text size="sm" component="ul" my={4} pl="lg">
        {parts
          .filter(([count]) => count > 0)
          .map(([count, what]) => (
            <li key={what}>
              {formatCount(count)} {what}
            </li>
          ))}
      </Text>
      {rejects.length > 0 && (
        <>
          <ScrollRegion label="Rows that cannot be taken">
            <table className="data">
              <thead>
                <tr>
                  <th scope="col">Line</th>
                  <th scope="col">Column</th>
                  <th scope="col">Why</th>
                </tr>
              </thead>
              <tbody>
                {rejects.slice(0, 10).map(({ line, column, reason }) => (
                  <tr key={line}>
                    <td>{line}</td>
                    <td>{column}</td>
                    <td>{reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollRegion>
          <Button
            size="xs"
            variant="default"
            mt="xs"
            leftSection={<Icon name="download" size={15} />}
            onClick={() => saveRejects(rejects, name)}
          >
            {rejects.length === 1
              ? 'This row with its reason as CSV'
              : `All ${formatCount(rejects.length)} with their reasons as CSV`}
          </Button>
        </>
      )}
    </div>
  )
}

type ReportProps = { dryRun: boolean; report: Report; word: string; name: string }

function saveRejects(rejects: readonly Reject[], name: string): void {
  const lines = rejects.map(({ line, column, reason, raw }) => [line, column, reason, raw].map(cell).join(','))
  const url = URL.createObjectURL(
    new Blob([['line,column,reason,row', ...lines, ''].join('\r\n')], { type: 'text/csv' }),
  )
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replace(/\.csv$/i, '') || 'import'}-rejects.csv`
  document.body.append(link)
  link.click()
  link.remove()
  URL.revokeObjectURL(url)
}

/** What a spreadsheet would take for a formula is text. */
const cell = (value: string | number) =>
  `"${String(value)
    .replace(/^[=+\-@\t\r]/, "'$&")
    .replaceAll('"', '""')}"`
