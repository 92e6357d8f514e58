/** What somebody read off the big screen, held against the seal this page would publish. */
export function comparesTo(typed: string, seal: string): 'incomplete' | 'equal' | 'different' {
  const read = typed.replace(/\s/g, '').toLowerCase()
  if (read.length < 4 || seal.length < 4) return 'incomplete'
  return seal.toLowerCase().endsWith(read) ? 'equal' : 'different'
}
