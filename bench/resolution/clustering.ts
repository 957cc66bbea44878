/** How clusters compare with the truth; B-cubed counts each mention once, pairs count a large firm more. */
export type ClusterFigures = {
  bCubedPrecision: number
  bCubedRecall: number
  bCubedF1: number
  pairPrecision: number
  pairRecall: number
}

export function measureClusters(found: readonly string[], truth: readonly string[]): ClusterFigures {
  const together = tally(found.map((cluster, place) => `${cluster}\n${truth[place]}`))
  const [clusters, firms] = [tally(found), tally(truth)]
  let precision = 0
  let recall = 0
  for (const [place, cluster] of found.entries()) {
    const both = together.get(`${cluster}\n${truth[place]}`)!
    precision += both / clusters.get(cluster)! / found.length
    recall += both / firms.get(truth[place]!)! / found.length
  }
  const right = pairsIn(together)
  return {
    bCubedPrecision: precision,
    bCubedRecall: recall,
    bCubedF1: (2 * precision * recall) / (precision + recall),
    pairPrecision: right / pairsIn(clusters),
    pairRecall: right / pairsIn(firms),
  }
}

function tally(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

const pairsIn = (counts: ReadonlyMap<string, number>) =>
  [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0)
