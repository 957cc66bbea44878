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
 * Shares of belief. `acceptPlaced` where the mention says where the vendor is: a firm's namesakes sit next to it.
 * `double`: a second with the same name and so much of it leaves open which is meant.
 */
export const thresholds = { accept: 0.65, acceptPlaced: 0.75, review: 0.1, double: 0.1 }

/** Log-odds that two mentions are one vendor. Provisional. */
export const pairWeights = {
  bias: -1,
  sameName: 3,
  missingLess: -4,
  missingMore: -3,
  inexact: -1,
  surplus: 0.5,
  firstWordDiffers: -1,
  otherLegalForm: -0.5,
  sameStreet: 3,
  sameStreetOtherName: 0,
  sameUnit: 0,
  otherUnit: 0,
  sameZip: 1,
  sameCity: 0.5,
  sameState: -0.5,
  apart: -2,
  spread: -1,
  siblings: 0,
  rivals: 0,
  sameCage: 6,
  differentCage: -6,
}

/** Mean log-odds between two groups above which they are one. */
export const clusterThreshold = 0
