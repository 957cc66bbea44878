import { Button, Checkbox, FileInput, Group, Modal, NativeSelect, Progress, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { Refusal } from '#platform/console'
import { allImports, inspectFile, type Sending, sendImport, sourcesQuery } from './imports.ts'

/** Sends a file; unless told otherwise it is tried first. */
export function ImportForm({ close }: { close: () => void }) {
  const client = useQueryClient()
  const sources = useQuery(sourcesQuery)
  const [file, setFile] = useState<File | null>(null)
  const [chosen, setChosen] = useState<string>()
  const [isDryRun, setDryRun] = useState(true)
  const [sent, setSent] = useState(0)
  const stop = useRef(new AbortController())
  const sending = useRef<Sending>({ next: 0 })
  const known = sources.data?.items ?? []
  const inspection = useQuery({
    queryKey: ['contractors', 'import-inspection', file?.name, file?.size, file?.lastModified, known.length],
    queryFn: () => inspectFile(file!, known),
    enabled: file !== null && known.length > 0,
    // Another file may have its name and size.
    gcTime: 0,
  })
  const { fault, source: recognised } = (file && inspection.data) || {}
  const source = known.find(({ name }) => name === (chosen ?? recognised?.name ?? known[0]?.name))
  const send = useMutation({
    mutationFn: (given: { file: File; source: string }) => {
      stop.current = new AbortController()
      return sendImport(
        given.file,
        { source: given.source, dryRun: isDryRun },
        sending.current,
        setSent,
        stop.current.signal,
      )
    },
    onSuccess: async ({ fileName }) => {
      notifications.show({
        title: isDryRun ? 'The file is tried' : 'The import begins',
        message: isDryRun ? `What ${fileName} would change is shown in a moment.` : `${fileName} is imported now.`,
      })
      await client.invalidateQueries({ queryKey: allImports })
      close()
    },
  })
  const isSending = send.isPending
  // What is left of a page that was left must not go on unseen.
  useEffect(() => () => stop.current.abort(), [])
  useEffect(() => {
    if (!isSending) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isSending])
  const wasSent = sending.current.file === file && sending.current.next > 0
  return (
    <Modal
      opened
      onClose={close}
      title="Import a file"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
      closeOnClickOutside={!isSending}
      closeOnEscape={!isSending}
    >
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
            description="The text file as it was published, not its ZIP archive; it may be compressed with gzip."
            placeholder="Choose a file"
            value={file}
            onChange={next => {
              setFile(next)
              setChosen(undefined)
              send.reset()
            }}
            error={fault}
            required
            clearable={!isSending}
            clearButtonProps={{ 'aria-label': 'Choose no file' }}
            disabled={isSending}
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
            disabled={isSending || known.length === 0}
          />
          {file && inspection.isSuccess && !fault && source !== recognised && (
            <Text size="sm" role="status">
              {recognised
                ? `By its first line the file is of “${recognised.title}”.`
                : 'No source that is known here has files that begin like this one. It may be a wrong file.'}
            </Text>
          )}
          <Checkbox
            label="Try it first"
            description="A dry run tells what would change and changes nothing. The file is kept for a day, so that you can import it then."
            checked={isDryRun}
            onChange={event => setDryRun(event.currentTarget.checked)}
            disabled={isSending}
          />
          {isSending && (
            <div role="status">
              <Progress value={sent * 100} aria-label="Sent" />
              <Text size="sm" mt={4}>
                {Math.floor(sent * 100)} % sent. Keep this page open until all of it is.
              </Text>
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={isSending} disabled={!file || !source || fault !== undefined}>
              {send.isError && wasSent ? 'Go on sending' : isDryRun ? 'Try the file' : 'Import the file'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
