const SHORTEST_MS = 500
const LONGEST_MS = 15_000

/** Wait before reconnect number `attempt` (from 0): doubling, capped, and jittered so that a hall full of
    screens does not return in one second. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** (attempt + 1))
  return Math.round(SHORTEST_MS + random() * (ceiling - SHORTEST_MS))
}
