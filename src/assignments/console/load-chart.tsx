import { Badge, Text } from '@mantine/core'
import { ChartFrame, formatCount, PageLink, ScrollRegion } from '#platform/console'
import classes from './fairness.module.css'
import { formatBalance, formatLoad, type Load } from './fairness.ts'
import { useFirst } from './found-rows.tsx'

const drawn = 30

/** What each has done beside his fair share of it; as a drawing or as a table. */
export function LoadChart({ participants, noun }: { participants: readonly Load[]; noun: string }) {
  const rows = participants.toSorted((a, b) => b.balance - a.balance || a.name.localeCompare(b.name))
  const highest = Math.max(1, ...rows.map(({ load, fairShare }) => Math.max(load, fairShare)))
  return (
    <ChartFrame
      title="Load and fair share"
      note="Whoever is furthest ahead of the fair share stands first."
      className={`panel ${classes.part}`}
      isEmpty={rows.length === 0}
      chart={
        rows.length === 0 ? (
          <Nothing />
        ) : (
          <>
            <ul className={classes.bars}>
              {rows.slice(0, drawn).map(row => (
                <Bar key={row.id} row={row} highest={highest} />
              ))}
            </ul>
            {rows.length > drawn && (
              <Text size="xs" c="dimmed" mt={6}>
                {formatCount(rows.length - drawn)} more in the table
              </Text>
            )}
            <ul className={classes.legend}>
              <li>
                <span className={classes.loadSwatch} aria-hidden="true" /> done
              </li>
              <li>
                <span className={classes.shareSwatch} aria-hidden="true" /> fair share
              </li>
            </ul>
          </>
        )
      }
      table={<Table rows={rows} noun={noun} />}
    />
  )
}

export const Nothing = () => (
  <Text c="dimmed" size="sm" py={32} ta="center">
    No round with people lies in this time.
  </Text>
)

function Bar({ row: { id, name, load, fairShare, balance, isNewcomer }, highest }: { row: Load; highest: number }) {
  return (
    <li className={classes.bar}>
      <span className={classes.who}>
        <PageLink to={`/assignments/people/${id}`} className={classes.person}>
          {name}
        </PageLink>
        {isNewcomer && (
          <Badge size="xs" variant="light" color="gray" tt="none">
            new
          </Badge>
        )}
      </span>
      <span className={classes.track} aria-hidden="true">
        <span className={classes.fill} style={{ width: `${(load / highest) * 100}%` }} />
        <span className={classes.mark} style={{ left: `${(fairShare / highest) * 100}%` }} />
      </span>
      <span className={`figures ${classes.figure}`}>
        {formatLoad(load)} <span className={classes.of}>of {formatLoad(fairShare)}</span>
        <span className="visually-hidden">, {inWords(balance)}</span>
      </span>
    </li>
  )
}

export const inWords = (balance: number) => {
  if (Math.abs(balance) < 0.05) return 'just his share'
  return balance > 0 ? `${formatLoad(balance)} ahead` : `${formatLoad(-balance)} behind`
}

function Table({ rows, noun }: { rows: readonly Load[]; noun: string }) {
  const { shown, more } = useFirst(rows, 100)
  return (
    <>
      <ScrollRegion label="Table of loads and fair shares" className={classes.table}>
        <table className="data">
          <thead>
            <tr>
              <th>{noun}</th>
              <th className="number">Done</th>
              <th className="number">Fair share</th>
              <th className="number">Balance</th>
              <th className="number">Could have done</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ id, name, load, fairShare, balance, eligible, isNewcomer }) => (
              <tr key={id}>
                <td>
                  {name}
                  {isNewcomer && ' (new)'}
                </td>
                <td className="number">{formatLoad(load)}</td>
                <td className="number">{formatLoad(fairShare)}</td>
                <td className="number">{formatBalance(balance)}</td>
                <td className="number">{formatCount(eligible)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {more}
    </>
  )
}
