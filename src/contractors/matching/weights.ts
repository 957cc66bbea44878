/**
 * Log-odds of what speaks for (above 0) or against a candidate, fitted in two steps by `npm run bench resolution`, which
 * prints them anew: those of names on vendors as people typed them, then those of places and CAGE codes on vendor blocks of
 * awards. A place never adds to a name that is the same: it takes away the less, the nearer it is.
 */
export const weights = {
  bias: -1.46,
  sameName: 3.07,
  missingOfOne: -4.52,
  missingOfOther: -3.04,
  inexact: 0,
  surplus: 0.39,
  firstWordDiffers: -2.01,
  otherLegalForm: -1.85,
  otherName: -1.19,
  sameStreet: -0.77,
  sameStreetOtherName: 8.3,
  sameZip: -2.06,
  sameCity: -2.13,
  sameState: -3.63,
  apart: -5.68,
  sameCage: 8.54,
  sameCageOtherName: 7.25,
  differentCage: -4.82,
  records: 0.62,
}

/**
 * Shares of belief, from which on the first is accepted, and from which on all together are worth a review. `double`: a
 * second with the same name and so much of it leaves open which is meant.
 */
export const thresholds = { accept: 0.65, review: 0.1, double: 0.1 }

/** Log-odds that two mentions are one vendor, where some have a CAGE code; fitted as above. */
export const pairWeights = {
  bias: 0.62,
  sameName: 1.37,
  missingLess: -0.6,
  missingMore: -0.36,
  inexact: 0,
  surplus: 0.19,
  firstWordDiffers: 0,
  otherLegalForm: -0.6,
  sameStreet: 0.8,
  sameStreetOtherName: 1.84,
  sameStreetText: 0.51,
  soleText: 0.94,
  sameUnit: 0.45,
  otherUnit: -0.27,
  sameZip: 0.93,
  sameCity: 0.82,
  sameState: -0.18,
  apart: -1.66,
  spread: 0,
  siblings: -1.28,
  rivals: -1.28,
  sameCage: 4.92,
  differentCage: -3.51,
  overlap: -0.17,
  gap: -0.35,
  sharedDoors: 0.82,
  namesOverlap: -2.06,
  siblingsHere: -0.36,
  doors: -0.39,
  letters: -0.48,
  words: -0.11,
  isCut: -0.22,
  sameNameHere: -0.31,
  sameNameApart: -0.18,
  crowd: -0.15,
  crowdSameName: -0.48,
  overlapElsewhere: -0.33,
  overlapOtherName: 0.52,
  follows: 0.29,
  followsSameName: -0.33,
  followsHere: 0.67,
  oneCage: 0.51,
  cageAfter: 0.44,
  namesGap: -0.82,
  namesBegin: -0.27,
  renamed: 1.48,
  placesAtOnce: -0.16,
  moves: 1.41,
}

/** The same where none has one. */
export const pairWeightsWithoutCage: typeof pairWeights = {
  bias: 0.32,
  sameName: 2.86,
  missingLess: -0.68,
  missingMore: -0.79,
  inexact: 0,
  surplus: 0.39,
  firstWordDiffers: 0,
  otherLegalForm: -0.83,
  sameStreet: 1.07,
  sameStreetOtherName: 2.77,
  sameStreetText: 0.48,
  soleText: 0,
  sameUnit: 0.34,
  otherUnit: -0.39,
  sameZip: 0.63,
  sameCity: 0.92,
  sameState: -0.1,
  apart: -2.08,
  spread: 0,
  siblings: 0,
  rivals: 0,
  sameCage: 0,
  differentCage: 0,
  overlap: -0.34,
  gap: -0.14,
  sharedDoors: 1.2,
  namesOverlap: -1.82,
  siblingsHere: 0,
  doors: -0.96,
  letters: -0.26,
  words: -0.29,
  isCut: -0.28,
  sameNameHere: -0.74,
  sameNameApart: 0.21,
  crowd: -0.41,
  crowdSameName: -0.62,
  overlapElsewhere: -0.09,
  overlapOtherName: 0.36,
  follows: -0.48,
  followsSameName: 0.86,
  followsHere: 0.09,
  oneCage: 0,
  cageAfter: 0,
  namesGap: -0.99,
  namesBegin: 0.43,
  renamed: 1.44,
  placesAtOnce: -0.95,
  moves: 1.13,
}

/** Log-odds that two groups are one vendor, by what their pairs say and what else they might be; fitted as above. */
export const groupWeights = {
  bias: -0.33,
  best: 1.11,
  mean: -0.05,
  alike: -0.08,
  pairs: -0.46,
  smaller: 0.39,
  oneCage: 0.17,
  noCage: -0.71,
  overlap: -0.43,
  gap: -0.2,
  cageRivals: -0.04,
  cageLead: 0.29,
  rivals: -0.1,
  lead: -0.08,
  support: -0.22,
}

/** The same where no mention has a CAGE code. */
export const groupWeightsWithoutCage: typeof groupWeights = {
  bias: 0.01,
  best: 0.77,
  mean: 0.27,
  alike: -0.05,
  pairs: -0.22,
  smaller: 0.51,
  oneCage: 0,
  noCage: 0.01,
  overlap: -0.27,
  gap: -0.04,
  cageRivals: 0,
  cageLead: 0.01,
  rivals: -0.26,
  lead: 0.03,
  support: -0.14,
}

/**
 * Log-odds from which on two groups are one, and how much is taken off for each e-fold of their pairs beyond four. Where
 * CAGE codes tell namesakes apart, so that 95 % of the pairs are right; without, where most vendors are whole and alone.
 */
export const clusterThresholds = {
  withCage: { threshold: 0.5, caution: 0.9 },
  withoutCage: { threshold: 0, caution: 0 },
}
