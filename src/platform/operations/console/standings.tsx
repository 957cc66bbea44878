import { Text } from '@mantine/core'
import { Icon, type IconName, PageLink } from '#platform/console'
import { Ago } from './ago.tsx'
import classes from './operations.module.css'
import type { Overview, Standing } from './operations.ts'

const shown: Readonly<Record<Standing['area'], { title: string; to: string; search?: Record<string, string> }>> = {
  backups: { title: 'Backups', to: '/operations/backups' },
  drill: { title: 'Restore drill', to: '/operations/backups' },
  audit: { title: 'Audit log', to: '/operations/audit' },
  doctor: { title: 'Doctor', to: '/operations' },
  retention: { title: 'Retention', to: '/operations/retention' },
  maintenance: { title: 'Maintenance', to: '/operations/maintenance' },
  jobs: { title: 'Jobs', to: '/operations' },
  disk: { title: 'Disk', to: '/operations/health' },
  replicas: { title: 'Replicas', to: '/operations/health', search: { view: 'replication' } },
}

const looks: Readonly<Record<Standing['status'], { icon: IconName; words: string }>> = {
  well: { icon: 'check', words: 'in order' },
  to_come: { icon: 'clock', words: 'is still to come' },
  attention: { icon: 'info', words: 'wants a look' },
  fault: { icon: 'alert', words: 'has a fault' },
  unknown: { icon: 'alert', words: 'not known' },
}

/** GG-23: one glance says whether all is well; each thing leads to where more is said of it. */
export function Standings({ overview: { standings, alarms } }: { overview: Overview }) {
  const coming = standings.filter(({ status }) => status === 'to_come').length
  const wanting = standings.filter(({ status }) => status !== 'well' && status !== 'to_come')
  const isFault =
    alarms.some(({ acknowledgedAt }) => acknowledgedAt === null) || wanting.some(({ status }) => status !== 'attention')
  return (
    <section aria-labelledby="verdict">
      <h2
        id="verdict"
        className={classes.verdict}
        data-status={isFault ? 'fault' : wanting.length > 0 ? 'attention' : 'well'}
      >
        <Icon name={isFault ? 'alert' : wanting.length > 0 ? 'info' : 'check'} size={22} />
        {verdictOf(wanting.length, alarms.length)}
      </h2>
      {coming > 0 && (
        <Text size="sm" c="dimmed" mb={10}>
          This installation is new: {coming === 1 ? 'one thing is' : `${coming} things are`} still to be done for the
          first time, and {coming === 1 ? 'comes' : 'come'} by {coming === 1 ? 'itself' : 'themselves'} while a worker
          runs.
        </Text>
      )}
      <ul className={classes.standings}>
        {standings.map(({ area, status, message, at }) => {
          const { title, to, search } = shown[area]
          const { icon, words } = looks[status]
          return (
            <li key={area}>
              <PageLink
                to={to}
                search={search ?? {}}
                {...anchorOf(area)}
                className={`panel ${classes.standing}`}
                data-standing={status}
              >
                <span className={classes.standingHead}>
                  <Icon name={icon} size={18} />
                  <span className={classes.standingTitle}>{title}</span>
                  <span className="visually-hidden">{words}</span>
                  {at !== null && (
                    <Text size="xs" c="dimmed" component="span">
                      <Ago at={at} />
                    </Text>
                  )}
                </span>
                <Text size="sm" component="span" className={classes.standingWords}>
                  {message}
                </Text>
              </PageLink>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** What stands further down on the same page. */
const anchorOf = (area: Standing['area']) =>
  area === 'doctor' ? { hash: 'findings' } : area === 'jobs' ? { hash: 'alarms' } : {}

function verdictOf(wanting: number, alarms: number): string {
  const said = [
    ...(alarms > 0 ? [`${alarms} ${alarms === 1 ? 'alarm is' : 'alarms are'} open`] : []),
    ...(wanting > 0 ? [`${wanting} ${wanting === 1 ? 'thing wants' : 'things want'} a look`] : []),
  ]
  return said.length === 0 ? 'All is well' : said.join(', ')
}
