#!/usr/bin/env node
// The dependency check of `make verify`: deny.toml's bans, licences and sources over `cargo metadata`, and the closed
// list of what the engine is built from. It needs nothing but cargo and node; `make audit` runs cargo-deny on the same
// file for the rest.
//
//   node .ci/deps.mjs            checks
//   node .ci/deps.mjs --update   writes .ci/engine-deps.txt anew, for a considered change
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const engineListPath = join(root, '.ci/engine-deps.txt')
const locked = process.env.CI ? ['--locked'] : []
const cargo = (...args) =>
  execFileSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 256 << 20, stdio: ['ignore', 'pipe', 'inherit'] })

// The engine is the certified part: what it may name itself (decisions, "Dependencies and targets"). `blst` is behind
// the `beacon` feature.
const engineMayName = [
  'blst',
  'curve25519-dalek',
  'ed25519-dalek',
  'rand_chacha',
  'serde',
  'serde_json',
  'sha2',
  'subtle',
  'zeroize',
]

const problems = []

// --- deny.toml ------------------------------------------------------------------------------------------------------

/** Reads the part of TOML that deny.toml uses; anything else is an error, never a guess. */
function parseToml(text) {
  const result = {}
  let table = result
  let at = 0
  const fail = (what) => {
    throw new Error(`deny.toml, line ${text.slice(0, at).split('\n').length}: ${what}`)
  }
  const skip = (pattern) => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match
  }
  const blank = () => skip(/(?:\s|#[^\n]*)*/y)
  const expect = (token) => {
    blank()
    if (!text.startsWith(token, at)) fail(`expected ${token}`)
    at += token.length
  }
  const peek = (token) => (blank(), text.startsWith(token, at))
  const key = () => (blank(), (skip(/[A-Za-z0-9_-]+/y) ?? fail('expected a key'))[0])
  const value = () => {
    blank()
    const string = skip(/"((?:[^"\\\n]|\\.)*)"/y)
    if (string) return JSON.parse(string[0])
    const word = skip(/true|false|-?\d+(?:\.\d+)?/y)
    if (word) return JSON.parse(word[0])
    if (peek('[')) {
      at++
      const items = []
      while (!peek(']')) {
        items.push(value())
        if (!peek(']')) expect(',')
      }
      at++
      return items
    }
    if (peek('{')) {
      at++
      const items = {}
      while (!peek('}')) {
        const name = key()
        expect('=')
        items[name] = value()
        if (!peek('}')) expect(',')
      }
      at++
      return items
    }
    return fail('a value this reader does not know')
  }
  for (blank(); at < text.length; blank()) {
    if (peek('[')) {
      at++
      table = result[key()] ??= {}
      expect(']')
    } else {
      const name = key()
      expect('=')
      table[name] = value()
    }
  }
  return result
}

// --- licences -------------------------------------------------------------------------------------------------------

/** Whether an SPDX expression can be satisfied by the allowed licences. "A/B" is the old way to write "A OR B". */
function licenceAllowed(expression, allowed) {
  const tokens = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? []
  let at = 0
  const alternatives = () => {
    let ok = both()
    while (tokens[at] === 'OR') {
      at++
      const other = both()
      ok ||= other
    }
    return ok
  }
  const both = () => {
    let ok = one()
    while (tokens[at] === 'AND') {
      at++
      const other = one()
      ok &&= other
    }
    return ok
  }
  const one = () => {
    if (tokens[at] === '(') {
      at++
      const ok = alternatives()
      if (tokens[at++] !== ')') throw new Error(`unbalanced licence expression: ${expression}`)
      return ok
    }
    let name = tokens[at++]
    if (tokens[at] === 'WITH') {
      name += ` WITH ${tokens[at + 1]}`
      at += 2
    }
    return allowed.has(name)
  }
  const ok = alternatives()
  if (at !== tokens.length) throw new Error(`licence expression not understood: ${expression}`)
  return ok
}

// --- the checks -----------------------------------------------------------------------------------------------------

const deny = parseToml(readFileSync(join(root, 'deny.toml'), 'utf8'))
const metadata = JSON.parse(cargo('metadata', '--format-version', '1', '--all-features', ...locked))
const members = new Set(metadata.workspace_members)
const byName = new Map(metadata.packages.map((p) => [`${p.name} v${p.version}`, p]))

// What is really built, for any target. The lock file and `cargo metadata` also name optional parts that nothing
// switches on (ring below rustls-webpki is one); `cargo tree` does not. Its lines carry their depth in front.
const reached = new Map() // package id -> the path that first led to it
const parents = new Map() // package id -> names of those who depend on it
{
  const tree = cargo(
    ...['tree', '--workspace', '--all-features', '--target', 'all', '--edges', 'normal,build,dev'],
    ...['--prefix', 'depth', '--format', ' {p}', ...locked],
  )
  const path = []
  for (const line of tree.split('\n')) {
    const match = /^(\d+) (\S+ v\S+)/.exec(line)
    if (!match) continue
    const depth = Number(match[1])
    const p = byName.get(match[2])
    if (!p) throw new Error(`cargo tree names ${match[2]}, cargo metadata does not`)
    path.length = depth
    if (depth > 0) parents.set(p.id, (parents.get(p.id) ?? new Set()).add(path.at(-1).name))
    path.push(p)
    if (!reached.has(p.id)) reached.set(p.id, path.map((step) => step.name).join(' -> '))
  }
}
const packages = metadata.packages.filter((p) => reached.has(p.id))
const pathTo = (id) => reached.get(id)

for (const ban of deny.bans.deny) {
  if (!ban.reason) problems.push(`deny.toml bans ${ban.crate} without a reason`)
  for (const p of packages.filter((p) => p.name === ban.crate)) {
    const wrong = [...(parents.get(p.id) ?? [])].filter((name) => !(ban.wrappers ?? []).includes(name))
    if (wrong.length) problems.push(`${p.name} ${p.version} is banned: ${ban.reason}\n    it comes by ${pathTo(p.id)}`)
  }
}

const allowed = new Set(deny.licenses.allow)
const exceptions = new Map((deny.licenses.exceptions ?? []).map((e) => [e.crate ?? e.name, new Set(e.allow)]))
for (const p of packages) {
  const here = exceptions.has(p.name) ? new Set([...allowed, ...exceptions.get(p.name)]) : allowed
  if (!p.license) problems.push(`${p.name} ${p.version} states no licence\n    it comes by ${pathTo(p.id)}`)
  else if (!licenceAllowed(p.license, here)) {
    problems.push(`${p.name} ${p.version}: licence ${p.license} is not allowed\n    it comes by ${pathTo(p.id)}`)
  }
  const fromOutside = p.source === null ? !members.has(p.id) : !p.source.startsWith('registry+')
  if (fromOutside) problems.push(`${p.name} ${p.version} comes from ${p.source ?? p.manifest_path}, not from the registry`)
  if (members.has(p.id)) {
    for (const d of p.dependencies) {
      if (d.req === '*' && !d.path) problems.push(`${p.name} takes any version of ${d.name}: name one`)
    }
  }
}

const engine = metadata.packages.find((p) => p.name === 'drumroll-engine')
for (const d of engine.dependencies.filter((d) => d.kind !== 'dev')) {
  if (!engineMayName.includes(d.name)) {
    problems.push(`engine names ${d.name}, which is not on its list (.ci/deps.mjs): the engine is the certified part`)
  }
}
// Asked of the engine alone: features that other crates switch on do not count, those of its own do.
const engineTree = cargo(
  ...['tree', '--package', 'drumroll-engine', '--edges', 'normal,build', '--target', 'all'],
  ...['--prefix', 'none', '--format', '{p}', ...locked],
)
const engineClosure = [...new Set(engineTree.split('\n').map((line) => line.split(' ')[0]))]
  .filter((name) => name && name !== 'drumroll-engine')
  .sort()
const engineHeader = '# Every crate the engine is built from, direct or not. Written by: node .ci/deps.mjs --update\n'
if (process.argv.includes('--update')) {
  writeFileSync(engineListPath, engineHeader + engineClosure.map((name) => `${name}\n`).join(''))
} else {
  let listed = []
  try {
    listed = readFileSync(engineListPath, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'))
  } catch {
    problems.push('.ci/engine-deps.txt is missing')
  }
  const added = engineClosure.filter((name) => !listed.includes(name))
  const gone = listed.filter((name) => !engineClosure.includes(name))
  if (added.length) problems.push(`engine is now built from ${added.join(', ')} too`)
  if (gone.length) problems.push(`engine is no longer built from ${gone.join(', ')}`)
  if (added.length || gone.length) problems.push('if that is meant: node .ci/deps.mjs --update, and say why in the commit')
}

const versions = new Map()
for (const p of packages) versions.set(p.name, [...(versions.get(p.name) ?? []), p.version])
const twice = [...versions].filter(([, list]) => list.length > 1)

console.log(`${packages.length} packages (${members.size} of our own); the engine is built from ${engineClosure.length}`)
if (twice.length) {
  console.log(`in more than one version (told, not refused): ${twice.map(([n, v]) => `${n} ${v.sort().join('+')}`).join(', ')}`)
}
if (problems.length) {
  for (const problem of problems) console.error(`- ${problem}`)
  process.exit(1)
}
console.log('bans, licences, sources and the engine\'s list: in order')
