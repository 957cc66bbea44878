import {
  Anchor,
  Button,
  Checkbox,
  Group,
  Modal,
  Radio,
  ScrollArea,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatCount, PageLink, Refusal } from '#platform/console'
import classes from './exports.module.css'
import {
  askForExport,
  type Export,
  type ExportSelection,
  type Format,
  formatNames,
  type Preview,
  previewQuery,
  startDownload,
} from './exports.ts'

const formats = ['csv', 'xlsx', 'json', 'pdf'] as const

const purposes: Readonly<Record<Format, string>> = {
  csv: 'For spreadsheets and programs; exact amounts',
  xlsx: 'Columns with types, a fixed head, filters',
  json: 'For programs; the values as the API has them',
  pdf: 'To read and print',
}

/** What to export, how, and what will be in it. A small file is saved at once, a large one is made meanwhile. */
export default function ExportDialog({ selection, close }: { selection: ExportSelection; close: () => void }) {
  const preview = useQuery(previewQuery(selection))
  return (
    <Modal opened onClose={close} title="Export contractors" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      {preview.isPending ? (
        <div role="status" aria-label="Counting the contractors">
          <Skeleton height={320} />
        </div>
      ) : preview.isError ? (
        <ErrorState error={preview.error} retry={() => void preview.refetch()} />
      ) : (
        <Choices selection={selection} preview={preview.data} close={close} />
      )}
    </Modal>
  )
}

function Choices({ selection, preview, close }: { selection: ExportSelection; preview: Preview; close: () => void }) {
  const client = useQueryClient()
  const { rows, columns, limits } = preview
  const [format, setFormat] = useState<Format>('csv')
  const [chosen, setChosen] = useState<readonly string[]>()
  const [byteOrderMark, setByteOrderMark] = useState(false)
  const usual = columns.flatMap(({ key, isDefault, isInDocuments }) =>
    (format === 'pdf' ? isInDocuments : isDefault) ? [key] : [],
  )
  const keys = chosen ?? usual
  const isTooLong = rows === null ? limits[format] < 10_000 : rows > limits[format]
  const isTooWide = format === 'pdf' && keys.length > limits.pdfColumns

  const asking = useMutation({
    mutationFn: askForExport,
    onSuccess: made => {
      void client.invalidateQueries({ queryKey: ['contractor-exports', 'list'] })
      tellOf(made)
      close()
    },
  })
  const toggle = (key: string, isOn: boolean) => {
    const next = new Set(keys)
    if (isOn) next.add(key)
    else next.delete(key)
    // In the order of the file, whatever the order of the clicks.
    setChosen(columns.flatMap(column => (next.has(column.key) ? [column.key] : [])))
  }
  const groups = [
    { title: 'Contractor', columns: columns.filter(({ of }) => of === 'contractor') },
    { title: 'Noted in the list', columns: columns.filter(({ of }) => of === 'item') },
  ].filter(group => group.columns.length > 0)

  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        asking.mutate({ format, selection, columns: keys, byteOrderMark: format === 'csv' && byteOrderMark })
      }}
    >
      <Text fw={550} className="figures">
        {rows === null
          ? 'More than 10,000 contractors'
          : `${formatCount(rows)} ${rows === 1 ? 'contractor' : 'contractors'}`}
      </Text>
      <Text size="sm" c="dimmed" mb="md">
        {preview.filters.join('. ')}
      </Text>
      <Radio.Group label="Format" value={format} onChange={value => setFormat(value as Format)}>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" mt={6}>
          {formats.map(each => (
            <Radio
              key={each}
              value={each}
              label={formatNames[each]}
              description={`${purposes[each]}. Up to ${formatCount(limits[each])} rows`}
            />
          ))}
        </SimpleGrid>
      </Radio.Group>
      {format === 'csv' && (
        <Checkbox
          mt="md"
          label="For Excel"
          description="Begins with a byte order mark, so that Excel reads accents and other scripts rightly"
          checked={byteOrderMark}
          onChange={event => setByteOrderMark(event.currentTarget.checked)}
        />
      )}
      <fieldset className={classes.columns}>
        <legend>
          Columns <span className="figures">({keys.length})</span>
        </legend>
        <Group gap="sm" mb={6}>
          <Anchor component="button" type="button" size="sm" onClick={() => setChosen(undefined)}>
            The usual ones
          </Anchor>
          <Anchor component="button" type="button" size="sm" onClick={() => setChosen(columns.map(({ key }) => key))}>
            All
          </Anchor>
          <Anchor component="button" type="button" size="sm" onClick={() => setChosen(['name'])}>
            The name only
          </Anchor>
        </Group>
        <ScrollArea.Autosize mah={210} type="auto" offsetScrollbars viewportProps={{ tabIndex: 0 }}>
          {groups.map(group => (
            <div key={group.title}>
              {groups.length > 1 && (
                <Text size="xs" c="dimmed" mt={6} mb={4}>
                  {group.title}
                </Text>
              )}
              <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={6}>
                {group.columns.map(({ key, label }) => (
                  <Checkbox
                    key={key}
                    size="xs"
                    label={label}
                    checked={keys.includes(key)}
                    onChange={event => toggle(key, event.currentTarget.checked)}
                  />
                ))}
              </SimpleGrid>
            </div>
          ))}
        </ScrollArea.Autosize>
      </fieldset>
      <Stack gap="xs" role="status">
        {isTooLong && (
          <Text size="sm" c="var(--mantine-color-error)">
            {formatNames[format]} holds at most {formatCount(limits[format])} rows. Take another format, or narrow what
            is exported.
          </Text>
        )}
        {isTooWide && (
          <Text size="sm" c="var(--mantine-color-error)">
            A page has room for at most {limits.pdfColumns} columns.
          </Text>
        )}
      </Stack>
      {asking.isError && <Refusal error={asking.error} mb="sm" />}
      <Group justify="space-between" mt="md" gap="sm">
        <Text size="xs" c="dimmed" maw={330}>
          Kept for 24 hours under Exports, for you alone. Contractors who did not agree to be shown are not in it.
        </Text>
        <Group gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={asking.isPending}
            disabled={isTooLong || isTooWide || keys.length === 0 || rows === 0}
          >
            Export
          </Button>
        </Group>
      </Group>
    </form>
  )
}

function tellOf(made: Export): void {
  if (made.status === 'done') {
    startDownload(made)
    notifications.show({
      message: `${formatCount(made.rowsDone)} ${made.rowsDone === 1 ? 'contractor was' : 'contractors were'} exported. The file is downloaded, and stays under Exports for 24 hours.`,
    })
  } else {
    notifications.show({
      title: 'The file is being made',
      message: (
        <Text size="sm">
          You will be told when it is ready.{' '}
          <Anchor component={PageLink} to="/exports" size="sm" underline="always">
            Show exports
          </Anchor>
        </Text>
      ),
    })
  }
}
