import { Button, Group, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { ErrorState, formatInstantDay, PageHeader, PageLink, usePageTitle } from '#platform/console'
import { boardQuery, missingIn, timesOf } from './board.ts'
import { addDays, periodInWords, weekdayAndNumber } from './days.ts'
import { domainQuery } from './domains.ts'
import { nameOfRound, stateOf } from './round-words.ts'
import { roundQuery } from './rounds.ts'
import classes from './sheet.module.css'
import { type Sheet, sheetsOf } from './sheets.ts'
import type { Domain, Round } from './wire-types.ts'
import { capital } from './words.ts'

/** A round for the notice board: a page for each week, black on white. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const round = useQuery(roundQuery(id))
  usePageTitle(round.data && `${nameOfRound(round.data)} on paper`)
  if (round.error) return <ErrorState error={round.error} retry={() => void round.refetch()} />
  return round.data ? <Sheets round={round.data} /> : <Loading />
}

const Loading = () => (
  <div role="status" aria-label="Loading the sheet">
    <Skeleton height={480} />
  </div>
)

function Sheets({ round }: { round: Round }) {
  const period = { from: round.assignmentDate, to: round.endsOn ?? round.assignmentDate }
  const board = useQuery(boardQuery(round.domainId, period))
  const domain = useQuery(domainQuery(round.domainId))
  const error = board.error ?? domain.error
  if (error) return <ErrorState error={error} retry={() => void Promise.all([board.refetch(), domain.refetch()])} />
  if (!board.data || !domain.data) return <Loading />
  const sheets = sheetsOf(board.data, round.id, period)
  return (
    <>
      <div className="off-paper">
        <PageHeader
          title={`${nameOfRound(round)} on paper`}
          lead={
            round.publishedAt === null
              ? 'A draft: the sheet says so, since nobody has been told of it yet.'
              : 'For the notice board, a page for each week. Lines are left where somebody is missing.'
          }
          actions={
            <Group gap="xs">
              <Button component={PageLink} to={`/assignments/${round.id}`} variant="default">
                Back
              </Button>
              <Button onClick={() => window.print()} disabled={sheets.length === 0}>
                Print
              </Button>
            </Group>
          }
        />
      </div>
      {sheets.length === 0 && <p>There is nothing in this round to print.</p>}
      <div className={classes.sheets}>
        {sheets.map(sheet => (
          <Paper key={sheet.monday} sheet={sheet} round={round} domain={domain.data} />
        ))}
      </div>
    </>
  )
}

function Paper({ sheet, round, domain }: { sheet: Sheet; round: Round; domain: Domain }) {
  const { target, participant } = domain.words
  const standing = standings[stateOf(round)]
  return (
    <article className={classes.sheet} aria-label={`Sheet: ${weekOf(sheet, round)}`}>
      <header className={classes.head}>
        <div>
          <h2 className={classes.title}>{domain.displayName}</h2>
          <p className={classes.week}>{weekOf(sheet, round)}</p>
        </div>
        {standing && <p className={classes.standing}>{standing}</p>}
      </header>
      {sheet.timetable.length > 0 && (
        <div className={classes.scroll}>
          <table className={classes.timetable}>
            <thead>
              <tr>
                <th>{capital(target.singular)}</th>
                {sheet.days.map(day => (
                  <th key={day}>{weekdayAndNumber(day)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sheet.timetable.map(({ id, name, byDay }) => (
                <tr key={id}>
                  <th scope="row">{name}</th>
                  {sheet.days.map(day => (
                    <td key={day}>
                      {(byDay.get(day) ?? []).map(occurrence => (
                        <div key={occurrence.startsAt ?? ''} className={classes.cell}>
                          {timesOf(occurrence) && <span className={classes.time}>{timesOf(occurrence)}</span>}
                          <Names people={occurrence.people} open={missingIn(occurrence)} />
                        </div>
                      ))}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {sheet.anyDay.length > 0 && (
        <table className={classes.list}>
          <thead>
            <tr>
              <th>
                {capital(target.singular)}
                {sheet.timetable.length > 0 && ', on any day'}
              </th>
              <th>{capital(participant.plural)}</th>
            </tr>
          </thead>
          <tbody>
            {sheet.anyDay.map(({ id, name, description, occurrence }) => (
              <tr key={id}>
                <th scope="row">
                  {name}
                  {timesOf(occurrence) && <span className={classes.time}> {timesOf(occurrence)}</span>}
                  {description && <span className={classes.note}>{description}</span>}
                </th>
                <td>
                  <Names people={occurrence.people} open={missingIn(occurrence)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <footer className={classes.foot}>
        {round.name && <span>{round.name}</span>}
        <span>
          As of {formatInstantDay(new Date().toISOString())}
          {round.publishedAt && `, published ${formatInstantDay(round.publishedAt)}`}
        </span>
      </footer>
    </article>
  )
}

function Names({ people, open }: { people: readonly { detailId: string; name: string }[]; open: number }) {
  return (
    <ul className={classes.names}>
      {people.map(({ detailId, name }) => (
        <li key={detailId}>{name}</li>
      ))}
      {Array.from({ length: open }, (_, index) => `free ${index}`).map(place => (
        <li key={place} className={classes.open}>
          <span className="visually-hidden">free place</span>
        </li>
      ))}
    </ul>
  )
}

/** The days of the round in this week. */
function weekOf({ monday }: Sheet, { assignmentDate, endsOn }: Round): string {
  const [first, last] = [monday < assignmentDate ? assignmentDate : monday, addDays(monday, 6)]
  const end = endsOn ?? assignmentDate
  return periodInWords(first, last < end ? last : end)
}

const standings = {
  draft: 'Draft: may still change',
  cancelled: 'Cancelled',
  published: undefined,
  completed: undefined,
}
