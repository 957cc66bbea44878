import { Button, Checkbox, Group, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import classes from './week.module.css'
import { describeWeek, emptyWeek, endOfDay, minuteOf, paint, type Week, weekdayNames, weekdays } from './week.ts'
import { WeekGrid } from './week-grid.tsx'

type WeekEditorProps = { week: Week; onChange?: ((week: Week) => void) | undefined; name: string }

/** When somebody is there in an ordinary week: always, or at hours that one draws or enters. */
export function WeekEditor({ week, onChange, name }: WeekEditorProps) {
  // Whoever goes to "always" and back finds what he had drawn.
  const [drawn, setDrawn] = useState(week ?? emptyWeek)
  const change = (next: NonNullable<Week>) => {
    setDrawn(next)
    onChange?.(next)
  }
  if (!onChange) {
    return (
      <Stack gap="sm">
        <Text size="sm">{describeWeek(week)}</Text>
        {week && <WeekGrid week={week} label={`Ordinary week of ${name}`} />}
      </Stack>
    )
  }
  return (
    <Stack gap="md">
      <Radio.Group
        label="In an ordinary week"
        value={week === null ? 'always' : 'times'}
        onChange={kind => onChange(kind === 'always' ? null : drawn)}
      >
        <Group mt="xs">
          <Radio value="always" label="Always available" />
          <Radio value="times" label="Only at certain hours" />
        </Group>
      </Radio.Group>
      {week && (
        <div>
          <Times week={week} onChange={change} />
          <Text size="sm" mb="sm" role="status" aria-label="Hours">
            {describeWeek(week)}
          </Text>
          <WeekGrid week={week} onChange={change} label={`Ordinary week of ${name}`} />
        </div>
      )}
    </Stack>
  )
}

/** Hours to the minute, on several days at once. */
function Times({ week, onChange }: { week: NonNullable<Week>; onChange: (week: NonNullable<Week>) => void }) {
  const [days, setDays] = useState<string[]>(weekdays.slice(0, 5))
  const [from, setFrom] = useState('09:00')
  const [to, setTo] = useState('17:00')
  const end = to === '00:00' ? endOfDay : minuteOf(to)
  const isBackwards = from !== '' && to !== '' && minuteOf(from) >= end
  const isUsable = from !== '' && to !== '' && !isBackwards && days.length > 0
  const set = (isThere: boolean) => {
    const places = weekdays.flatMap((day, place) => (days.includes(day) ? [place] : []))
    onChange(paint(week, places, { from: minuteOf(from), to: end }, isThere))
  }
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <legend className="visually-hidden">Set hours for several days</legend>
      <Checkbox.Group label="On" value={days} onChange={setDays} mb="sm">
        <Group gap="sm" mt={6}>
          {weekdays.map(day => (
            <Checkbox key={day} value={day} label={weekdayNames[day].slice(0, 3)} aria-label={weekdayNames[day]} />
          ))}
        </Group>
      </Checkbox.Group>
      <div className={classes.times}>
        <TextInput type="time" label="From" value={from} onChange={event => setFrom(event.currentTarget.value)} />
        <TextInput
          type="time"
          label="To"
          value={to}
          error={isBackwards && 'It ends before it begins.'}
          onChange={event => setTo(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Button variant="default" disabled={!isUsable} onClick={() => set(true)}>
            Available then
          </Button>
          <Button variant="default" disabled={!isUsable} onClick={() => set(false)}>
            Not then
          </Button>
        </Group>
      </div>
    </fieldset>
  )
}
