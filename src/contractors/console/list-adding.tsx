import {
  Alert,
  Badge,
  Button,
  Checkbox,
  Combobox,
  FileInput,
  Group,
  Loader,
  Modal,
  NativeSelect,
  Stack,
  Tabs,
  TagsInput,
  Text,
  Textarea,
  TextInput,
  useCombobox,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ClipboardEvent, useState } from 'react'
import { formatCompactAmount, formatCount, Icon, Refusal, request, ScrollRegion } from '#platform/console'
import { placeOf, type SearchResult } from './contractors.ts'
import classes from './lists.module.css'
import {
  type AdditionReport,
  addItem,
  addMany,
  addSheet,
  inOrder,
  type List,
  refreshLists,
  removeItems,
  type SheetReport,
  useLists,
} from './lists.ts'

/** Finds a contractor as one types and puts it into the list; what is pasted with several identifiers goes to the dialog. */
export function AddBox({ list, addPasted }: { list: List; addPasted: (text: string) => void }) {
  const client = useQueryClient()
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const [text, setText] = useState('')
  const [rested] = useDebouncedValue(text.trim(), 180)
  const found = useQuery({
    queryKey: ['contractors', 'typed', rested],
    queryFn: ({ signal }) => request<SearchResult>('/contractors', { query: { q: rested, limit: 8 }, signal }),
    enabled: rested.length > 1,
  })
  const adding = useMutation({
    mutationFn: ({ id }: { id: string; name: string }) => addItem(list.id, { contractorId: id }),
    onSuccess: async (_, { name }) => {
      notifications.show({ message: `${name} is in “${list.name}”.` })
      await refreshLists(client)
    },
    onError: error => notifications.show({ color: 'red', title: 'Not added', message: error.message }),
  })
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData('text')
    if ((pasted.match(/\b[A-HJ-NP-Z0-9]{12}\b|\b[0-9][A-Z0-9]{4}\b/gi)?.length ?? 0) < 2) return
    event.preventDefault()
    addPasted(pasted)
  }
  const items = rested.length > 1 ? (found.data?.items ?? []) : []
  return (
    <Combobox
      store={combobox}
      withinPortal
      onOptionSubmit={id => {
        const chosen = items.find(item => item.id === id)
        if (chosen) adding.mutate(chosen)
        setText('')
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target>
        <TextInput
          className={classes.addBox}
          aria-label={`Add a contractor to ${list.name}`}
          placeholder="Add: name, UEI or CAGE code, or paste several"
          leftSection={found.isFetching ? <Loader size={14} /> : <Icon name="plus" size={16} />}
          maxLength={500}
          value={text}
          onPaste={onPaste}
          onChange={event => {
            setText(event.currentTarget.value)
            combobox.openDropdown()
            combobox.updateSelectedOptionIndex()
          }}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={rested.length < 2 || found.isPending}>
        <Combobox.Options aria-label="Contractors found">
          {items.map(item => (
            <Combobox.Option key={item.id} value={item.id}>
              <Text size="sm" fw={550} truncate>
                {item.name}
              </Text>
              <Group gap="0 10px" fz="xs" c="dimmed" className="figures">
                {item.uei && <span className="code">{item.uei}</span>}
                <span>{placeOf(item)}</span>
                {item.totalContractValue !== null && <span>{formatCompactAmount(item.totalContractValue)}</span>}
              </Group>
            </Combobox.Option>
          ))}
          {items.length === 0 && <Combobox.Empty>No contractor is found.</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}

/** Puts many contractors into a list: identifiers as they were pasted, a CSV sheet, or all that another list has. */
export function AddMany({ list, pasted, close }: { list: List; pasted: string; close: () => void }) {
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={`Add to “${list.name}”`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Tabs defaultValue="paste" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="paste">Paste</Tabs.Tab>
          <Tabs.Tab value="sheet">CSV file</Tabs.Tab>
          <Tabs.Tab value="list">Another list</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="paste">
          <Paste list={list} pasted={pasted} close={close} />
        </Tabs.Panel>
        <Tabs.Panel value="sheet">
          <Sheet list={list} close={close} />
        </Tabs.Panel>
        <Tabs.Panel value="list">
          <FromList list={list} close={close} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  )
}

/** What a browser would cut off without a word. */
const longestPaste = 200_000

function Paste({ list, pasted, close }: { list: List; pasted: string; close: () => void }) {
  const [text, setText] = useState(pasted)
  const [tags, setTags] = useState<string[]>([])
  const addition = useAddition(list)
  const isTooLong = text.length > longestPaste
  return (
    <Stack gap="md">
      <Textarea
        label="UEIs and CAGE codes"
        description="In any form: one on a line, with commas, out of a mail or a spreadsheet."
        autosize
        minRows={4}
        maxRows={12}
        error={isTooLong && `At most ${formatCount(longestPaste)} characters at once. Add the rest afterwards.`}
        data-autofocus
        value={text}
        onChange={event => {
          setText(event.currentTarget.value)
          addition.reset()
        }}
      />
      <TagsInput label="Tags for all of them" acceptValueOnBlur value={tags} onChange={setTags} />
      <Outcome addition={addition} />
      <Group justify="flex-end" gap="xs">
        {addition.data ? (
          <Button onClick={close}>Done</Button>
        ) : (
          <>
            <Button
              variant="default"
              disabled={!text.trim() || isTooLong}
              loading={addition.isPending && addition.variables.trial}
              onClick={() => addition.mutate({ named: { text }, trial: true })}
            >
              Check first
            </Button>
            <Button
              disabled={!text.trim() || isTooLong}
              loading={addition.isPending && !addition.variables.trial}
              onClick={() => addition.mutate({ named: { text, ...(tags.length > 0 && { tags }) }, trial: false })}
            >
              Add
            </Button>
          </>
        )}
      </Group>
    </Stack>
  )
}

function FromList({ list, close }: { list: List; close: () => void }) {
  const lists = useLists()
  const [chosen, setChosen] = useState('')
  const addition = useAddition(list)
  const others = inOrder(lists.data ?? []).filter(each => each.id !== list.id && each.itemCount > 0)
  return (
    <Stack gap="md">
      <NativeSelect
        label="List whose contractors are added"
        description="Without what is noted there; to have that too, merge the list."
        value={chosen}
        onChange={event => {
          setChosen(event.currentTarget.value)
          addition.reset()
        }}
        data={[
          { value: '', label: 'Choose a list' },
          ...others.map(each => ({ value: each.id, label: `${each.name} (${formatCount(each.itemCount)})` })),
        ]}
      />
      <Outcome addition={addition} />
      <Group justify="flex-end">
        {addition.data ? (
          <Button onClick={close}>Done</Button>
        ) : (
          <Button
            disabled={!chosen}
            loading={addition.isPending}
            onClick={() => addition.mutate({ named: { listId: chosen }, trial: false })}
          >
            Add
          </Button>
        )}
      </Group>
    </Stack>
  )
}

/** Adds; what was only tried is kept apart (`trial`), so that one can still do it. */
function useAddition(list: List) {
  const client = useQueryClient()
  const [trial, setTrial] = useState<AdditionReport>()
  const adding = useMutation({
    mutationFn: ({ named, trial }: { named: Parameters<typeof addMany>[1]; trial: boolean }) =>
      addMany(list.id, named, trial),
    onSuccess: async (report, { trial }) => {
      setTrial(trial ? report : undefined)
      if (trial) adding.reset()
      else await refreshLists(client)
    },
  })
  const reset = () => {
    setTrial(undefined)
    adding.reset()
  }
  const undo = async () => {
    if (adding.data) await removeItems(list.id, adding.data.itemIds)
    await refreshLists(client)
    reset()
  }
  return { ...adding, trial, reset, undo }
}

function Outcome({ addition }: { addition: ReturnType<typeof useAddition> }) {
  if (addition.isError) return <Refusal error={addition.error} />
  const report = addition.data ?? addition.trial
  if (!report) return null
  const faults = [
    { label: 'Unknown', texts: report.unknown },
    { label: 'Of several contractors, name them by UEI', texts: report.ambiguous },
    { label: 'No identifiers', texts: report.invalid },
    { label: 'In the list already', texts: report.alreadyIn.map(each => each.name) },
  ].filter(({ texts }) => texts.length > 0)
  return (
    <Alert
      role="status"
      variant="light"
      color={report.added > 0 ? 'pine' : 'gray'}
      icon={<Icon name={report.added > 0 ? 'check' : 'info'} />}
      title={`${formatCount(report.added)} ${addition.data ? 'added' : 'would be added'}`}
    >
      {faults.map(({ label, texts }) => (
        <Text key={label} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {label} ({formatCount(texts.length)}): {texts.slice(0, 20).join(', ')}
          {texts.length > 20 && ' …'}
        </Text>
      ))}
      {report.repeated > 0 && <Text size="sm">{formatCount(report.repeated)} named more than once.</Text>}
      {addition.data && report.added > 0 && (
        <Button size="compact-sm" variant="default" mt="xs" onClick={() => void addition.undo()}>
          Undo
        </Button>
      )}
    </Alert>
  )
}

const sheetFields = [
  { field: 'uei', label: 'UEI or CAGE code' },
  { field: 'notes', label: 'Notes' },
  { field: 'tags', label: 'Tags' },
  { field: 'rating', label: 'Rating' },
  { field: 'priority', label: 'Priority' },
] as const

const outcomes = {
  added: 'added',
  updated: 'updated',
  already_in: 'in the list already',
  repeated: 'repeated',
  unknown: 'unknown',
  invalid: 'not valid',
} satisfies Readonly<Record<SheetReport['rows'][number]['outcome'], string>>

/** Of a file that is only looked at nothing is done yet. */
const prospects: typeof outcomes = { ...outcomes, added: 'to be added', updated: 'to be updated' }

/** A file is always tried first; each row says what becomes of it before anything is written. */
function Sheet({ list, close }: { list: List; close: () => void }) {
  const client = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [mapping, setMapping] = useState<Record<string, string>>({})
  const [updates, setUpdates] = useState(false)
  const reading = useMutation({
    mutationFn: async ({ mode, ...choice }: SheetChoice) => {
      if (!choice.file) throw new Error('Choose a file first.')
      return await addSheet(list.id, choice.file, { ...choice.mapping, mode, updates: choice.updates })
    },
    onSuccess: async report => {
      if (report.isTaken) await refreshLists(client)
    },
  })
  const tryOut = (choice: Partial<SheetChoice>) => reading.mutate({ file, mapping, updates, mode: 'trial', ...choice })
  const report = reading.data
  const faults = report ? report.counts.unknown + report.counts.invalid : 0
  const taken = report ? report.counts.added + report.counts.updated : 0
  const words = report?.isTaken ? outcomes : prospects
  return (
    <Stack gap="md">
      <FileInput
        label="CSV file"
        description="The first line names the columns; one of them holds the UEI or CAGE code. At most 10,000 rows."
        placeholder="Choose a file"
        accept=".csv,text/csv"
        clearable
        clearButtonProps={{ 'aria-label': 'Choose no file' }}
        leftSection={<Icon name="upload" size={16} />}
        value={file}
        onChange={chosen => {
          setFile(chosen)
          setMapping({})
          reading.reset()
          if (chosen) tryOut({ file: chosen, mapping: {} })
        }}
      />
      {reading.isError && <Refusal error={reading.error} />}
      {report && !report.isTaken && (
        <div className={classes.mapping}>
          {sheetFields.map(({ field, label }) => (
            <NativeSelect
              key={field}
              size="xs"
              label={`${label} is in`}
              value={(report.mapping as Record<string, string | null>)[field] ?? ''}
              onChange={event => {
                const next = { ...mapping, [field]: event.currentTarget.value }
                setMapping(next)
                tryOut({ mapping: next })
              }}
              data={[{ value: '', label: 'no column' }, ...report.columns.filter(Boolean)]}
            />
          ))}
        </div>
      )}
      {report && !report.isTaken && report.ownFields.length > 0 && (
        <Text size="sm">Own fields of the list, from the columns of the same name: {report.ownFields.join(', ')}.</Text>
      )}
      {report && !report.isTaken && (
        <Checkbox
          label="Contractors that are in the list already get what the file says of them"
          checked={updates}
          onChange={event => {
            setUpdates(event.currentTarget.checked)
            tryOut({ updates: event.currentTarget.checked })
          }}
        />
      )}
      {report && (
        <>
          <Group gap="xs" role="status">
            {Object.entries(report.counts)
              .filter(([, count]) => count > 0)
              .map(([outcome, count]) => (
                <Badge
                  key={outcome}
                  variant="light"
                  tt="none"
                  color={outcome === 'invalid' || outcome === 'unknown' ? 'red' : outcome === 'added' ? 'pine' : 'gray'}
                >
                  {formatCount(count)} {words[outcome as keyof typeof words]}
                </Badge>
              ))}
            <Text size="sm">{report.isTaken ? 'This is what was done.' : 'Nothing is written yet.'}</Text>
          </Group>
          <ScrollRegion label="Rows of the file" className={classes.rows}>
            <table className="data">
              <thead>
                <tr>
                  <th className="number">Line</th>
                  <th>Code</th>
                  <th>Contractor</th>
                  <th>Outcome</th>
                </tr>
              </thead>
              <tbody>
                {[...report.rows]
                  .sort((a, b) => b.problems.length - a.problems.length || a.line - b.line)
                  .slice(0, 200)
                  .map(row => (
                    <tr key={row.line}>
                      <td className="number">{formatCount(row.line)}</td>
                      <td className="code">{row.uei}</td>
                      <td>{row.name}</td>
                      <td>
                        {words[row.outcome]}
                        {row.problems.length > 0 && `: ${row.problems.join('; ')}`}
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
            {report.rows.length > 200 && (
              <Text size="xs" c="dimmed" p="xs">
                and {formatCount(report.rows.length - 200)} more rows
              </Text>
            )}
          </ScrollRegion>
        </>
      )}
      <Group justify="flex-end" gap="xs">
        {report?.isTaken ? (
          <Button onClick={close}>Done</Button>
        ) : (
          report && (
            <>
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button
                disabled={taken === 0}
                loading={reading.isPending}
                onClick={() => reading.mutate({ file, mapping, updates, mode: faults > 0 ? 'valid' : 'all' })}
              >
                {faults === 0
                  ? `Take all ${formatCount(taken)}`
                  : taken === 1
                    ? 'Take the valid row'
                    : `Take the ${formatCount(taken)} valid rows`}
              </Button>
            </>
          )
        )}
      </Group>
    </Stack>
  )
}

type SheetChoice = {
  file: File | null
  mapping: Record<string, string>
  updates: boolean
  mode: 'trial' | 'valid' | 'all'
}
