import type { Command } from 'commander'
import { checkPlan } from '../engine/checks.ts'
import { ProblemError } from '../engine/instances.ts'
import type { Plan } from '../engine/problem.ts'
import { SearchEnded } from '../engine/side-plans.ts'
import { strategies } from '../engine/strategies/strategies.ts'
import type { Progress } from '../engine/strategies/strategy.ts'
import { errors } from '../errors.ts'
import { readPlan, readProblem } from '../problem-files/problem-files.ts'
import { notSound, withoutPlan } from './exit-codes.ts'

/** `commonhold assignments solve|check-answer`: the engine alone, from file to file, without a database. */
export function registerSolveCommands(parent: Command): void {
  parent
    .command('solve')
    .description('Solve a problem from a JSON file, without a database; the answer is JSON on the standard output')
    .argument('<file>', 'the problem, as docs/assignment-problems.md describes it')
    .option('--strategy <name>', 'how', 'optimal')
    .option('--seconds <number>', 'end the search then, with the best plan that was found')
    .option('--json', 'the answer alone, and nothing on how it goes')
    .action(async (path: string, flags: { strategy: string; seconds?: string; json?: boolean }) => {
      const strategy = strategies.find(flags.strategy)
      if (!strategy)
        parent.error(
          `--strategy is one of ${strategies
            .list()
            .map(({ name }) => name)
            .join(', ')}.`,
          { exitCode: 2 },
        )
      if (flags.seconds !== undefined && !/^[1-9]\d{0,5}$/.test(flags.seconds))
        parent.error('--seconds takes a whole number from 1 to 999999.', { exitCode: 2 })
      const problem = await readProblem(path)
      const tell = (text: string) => flags.json || process.stderr.write(`${text}\n`)
      let answer: Plan
      try {
        answer = await strategy.plan(problem, {
          ...(flags.seconds !== undefined && { seconds: Number(flags.seconds) }),
          onProgress: progress => tell(describe(progress)),
        })
      } catch (error) {
        if (error instanceof ProblemError) throw errors.problemFileMalformed({ path, fault: error.message }, error)
        if (!(error instanceof SearchEnded)) throw error
        tell(error.message)
        if (flags.json) process.stdout.write(`${JSON.stringify({ status: 'none', reason: error.message })}\n`)
        process.exitCode = withoutPlan
        return
      }
      process.stdout.write(`${JSON.stringify(answer)}\n`)
      if (answer.status === 'infeasible') process.exitCode = withoutPlan
    })

  parent
    .command('check-answer')
    .description(
      'Check an answer of `solve` against its problem, with no code of what made it; ends with 3 if it is not so',
    )
    .argument('<problem>', 'the file that was solved')
    .argument('<answer>', 'the file with the answer')
    .option('--json', 'print the result as JSON')
    .action(async (problemPath: string, answerPath: string, flags: { json?: boolean }) => {
      const problem = await readProblem(problemPath)
      const check = checkPlan(problem, await readPlan(answerPath))
      const { holds, findings, cost, provenBound, claimed } = check
      const lines = [
        holds ? 'It holds.' : 'It does not hold.',
        ...findings,
        ...(cost === null ? [] : [`It costs ${cost}; its prices prove that no plan costs less than ${provenBound}.`]),
        ...(claimed === undefined ? [] : [claimed]),
      ]
      process.stdout.write(flags.json ? `${JSON.stringify(check, null, 2)}\n` : `${lines.join('\n')}\n`)
      if (!holds) process.exitCode = notSound
    })
}

const describe = ({ elapsedMs, cost, lowerBound, gap }: Progress) =>
  `${(elapsedMs / 1000).toFixed(1)} s: ${cost === null ? 'no plan' : `costs ${cost}, none less than ${lowerBound}, gap ${((gap ?? 0) * 100).toFixed(2)} %`}`
