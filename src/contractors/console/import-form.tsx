import { Button, Checkbox, FileInput, Group, Modal, NativeSelect, Progress, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Refusal } from '#platform/console'
import { importsQuery, sendImport, sourcesQuery } from './imports.ts'

/** Sends a file; unless told otherwise it is tried first. */
export function ImportForm({ close }: { close: () => void }) {
  const client = useQueryClient()
  const sources = useQuery(sourcesQuery)
  const [file, setFile] = useState<File | null>(null)
  const [chosen, setChosen] = useState<string>()
  const [isDryRun, setDryRun] = useState(true)
  const [sent, setSent] = useState(0)
  const stop = useRef(new AbortController())
  const known = sources.data?.items ?? []
  const source = known.find(({ name }) => name === (chosen ?? known[0]?.name))
  const send = useMutation({
    mutationFn: (given: { file: File; source: string }) => {
      stop.current = new AbortController()
      return sendImport(given.file, { source: given.source, dryRun: isDryRun }, setSent, stop.current.signal)
    },
    onSuccess: async ({ fileName }) => {
      notifications.show({
        title: isDryRun ? 'The file is tried' : 'The import begins',
        message: isDryRun ? `What ${fileName} would change is shown in a moment.` : `${fileName} is imported now.`,
      })
      await client.invalidateQueries({ queryKey: importsQuery.queryKey })
      close()
    },
  })
  const leave = () => {
    stop.current.abort()
    close()
  }
  return (
    <Modal opened onClose={leave} title="Import a file" size="lg">
      <form
        onSubmit={event => {
          event.preventDefault()
          if (file && source) send.mutate({ file, source: source.name })
        }}
      >
        <Stack gap="md">
          {(send.isError || sources.isError) && <Refusal error={send.error ?? sources.error} />}
          <FileInput
            label="File"
            description="As it was published; it may be compressed with gzip."
            placeholder="Choose a file"
            value={file}
            onChange={setFile}
            required
            clearable
            disabled={send.isPending}
          />
          <NativeSelect
            label="What it is"
            description={source?.description}
            value={source?.name ?? ''}
            onChange={event => setChosen(event.currentTarget.value)}
            data={known.map(({ name, title, isBuiltIn }) => ({
              value: name,
              label: isBuiltIn ? title : `${title} (own source)`,
            }))}
            disabled={send.isPending || known.length === 0}
          />
          <Checkbox
            label="Try it first"
            description="A dry run tells what would change and changes nothing. The file is kept for a day, so that you can import it then."
            checked={isDryRun}
            onChange={event => setDryRun(event.currentTarget.checked)}
            disabled={send.isPending}
          />
          {send.isPending && (
            <div role="status">
              <Progress value={sent * 100} aria-label="Sent" />
              <Text size="sm" mt={4}>
                {Math.floor(sent * 100)} % sent
              </Text>
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={leave}>
              Cancel
            </Button>
            <Button type="submit" loading={send.isPending} disabled={!file || !source}>
              {isDryRun ? 'Try the file' : 'Import the file'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
