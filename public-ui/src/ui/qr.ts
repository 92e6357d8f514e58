/**
 * QR codes (ISO/IEC 18004), as much of them as an address needs: byte mode, error correction M, versions 1 to 10
 * (213 bytes). Answers the modules row by row, true for dark, or null for a longer text.
 */
export function qrModules(text: string): boolean[][] | null {
  const data = new TextEncoder().encode(text)
  const version = VERSIONS.find((v) => data.length <= dataCodewords(v) - (v < 10 ? 2 : 3))
  if (version === undefined) return null
  const codewords = interleave(version, payload(version, data))
  let best: { modules: boolean[][]; penalty: number } | null = null
  for (let mask = 0; mask < 8; mask++) {
    const modules = draw(version, codewords, mask)
    const penalty = penaltyOf(modules)
    if (best === null || penalty < best.penalty) best = { modules, penalty }
  }
  return best?.modules ?? null
}

const VERSIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
/** For level M, by version. */
const EC_PER_BLOCK = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26]
const BLOCKS = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5]

function at(list: ArrayLike<number>, index: number): number {
  return list[index] ?? 0
}

function rawCodewords(version: number): number {
  let bits = (16 * version + 128) * version + 64
  if (version >= 2) {
    const aligns = Math.floor(version / 7) + 2
    bits -= (25 * aligns - 10) * aligns - 55
    if (version >= 7) bits -= 36
  }
  return Math.floor(bits / 8)
}

function dataCodewords(version: number): number {
  return rawCodewords(version) - at(EC_PER_BLOCK, version) * at(BLOCKS, version)
}

function payload(version: number, data: Uint8Array): Uint8Array {
  const bits: number[] = []
  const push = (value: number, length: number) => {
    for (let i = length - 1; i >= 0; i--) bits.push((value >>> i) & 1)
  }
  push(4, 4)
  push(data.length, version < 10 ? 8 : 16)
  for (const byte of data) push(byte, 8)
  const capacity = dataCodewords(version) * 8
  push(0, Math.min(4, capacity - bits.length))
  push(0, (8 - (bits.length % 8)) % 8)
  for (let pad = 0xec; bits.length < capacity; pad ^= 0xec ^ 0x11) push(pad, 8)
  const bytes = new Uint8Array(capacity / 8)
  bits.forEach((bit, i) => (bytes[i >> 3] = at(bytes, i >> 3) | (bit << (7 - (i & 7)))))
  return bytes
}

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function multiply(x: number, y: number): number {
  let z = 0
  for (let i = 7; i >= 0; i--) {
    z = (z << 1) ^ ((z >>> 7) * 0x11d)
    z ^= ((y >>> i) & 1) * x
  }
  return z
}

function divisor(degree: number): Uint8Array {
  const result = new Uint8Array(degree)
  result[degree - 1] = 1
  let root = 1
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++) result[j] = multiply(at(result, j), root) ^ at(result, j + 1)
    root = multiply(root, 2)
  }
  return result
}

function remainder(data: Uint8Array, by: Uint8Array): Uint8Array {
  const result = new Uint8Array(by.length)
  for (const byte of data) {
    const factor = byte ^ at(result, 0)
    result.copyWithin(0, 1)
    result[by.length - 1] = 0
    for (let i = 0; i < by.length; i++) result[i] = at(result, i) ^ multiply(at(by, i), factor)
  }
  return result
}

function interleave(version: number, data: Uint8Array): number[] {
  const blocks = at(BLOCKS, version)
  const ec = at(EC_PER_BLOCK, version)
  const raw = rawCodewords(version)
  const shortBlocks = blocks - (raw % blocks)
  const shortLength = Math.floor(raw / blocks) - ec
  const by = divisor(ec)
  const parts: { data: Uint8Array; ec: Uint8Array }[] = []
  for (let i = 0, k = 0; i < blocks; i++) {
    const length = shortLength + (i < shortBlocks ? 0 : 1)
    const part = data.subarray(k, (k += length))
    parts.push({ data: part, ec: remainder(part, by) })
  }
  const result: number[] = []
  for (let i = 0; i <= shortLength; i++)
    for (const p of parts) if (i < p.data.length) result.push(at(p.data, i))
  for (let i = 0; i < ec; i++) for (const p of parts) result.push(at(p.ec, i))
  return result
}

function alignment(version: number, size: number): number[] {
  if (version === 1) return []
  const aligns = Math.floor(version / 7) + 2
  const step = Math.ceil((version * 4 + 4) / (aligns * 2 - 2)) * 2
  const result = [6]
  for (let i = 0; i < aligns - 1; i++) result.splice(1, 0, size - 7 - i * step)
  return result
}

function draw(version: number, codewords: number[], mask: number): boolean[][] {
  const size = version * 4 + 17
  const dark = Array.from({ length: size }, () => new Array<boolean>(size).fill(false))
  const fixed = Array.from({ length: size }, () => new Array<boolean>(size).fill(false))
  const set = (x: number, y: number, value: boolean) => {
    const row = dark[y]
    const reserved = fixed[y]
    if (row === undefined || reserved === undefined || x < 0 || x >= size) return
    row[x] = value
    reserved[x] = true
  }

  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0)
    set(i, 6, i % 2 === 0)
  }
  for (const [cx, cy] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const) {
    for (let dy = -4; dy <= 4; dy++) {
      for (let dx = -4; dx <= 4; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy))
        set(cx + dx, cy + dy, ring !== 2 && ring !== 4)
      }
    }
  }
  const places = alignment(version, size)
  const last = places.length - 1
  places.forEach((x, i) =>
    places.forEach((y, j) => {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return
      for (let dy = -2; dy <= 2; dy++)
        for (let dx = -2; dx <= 2; dx++) set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1)
    }),
  )
  drawFormat(set, size, mask)
  if (version >= 7) drawVersion(set, size, version)

  let bit = 0
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5
    for (let vertical = 0; vertical < size; vertical++) {
      for (let j = 0; j < 2; j++) {
        const x = right - j
        const y = ((right + 1) & 2) === 0 ? size - 1 - vertical : vertical
        if (fixed[y]?.[x] === true) continue
        const value = bit < codewords.length * 8 && ((at(codewords, bit >> 3) >>> (7 - (bit & 7))) & 1) === 1
        bit++
        const row = dark[y]
        if (row !== undefined) row[x] = value !== masked(mask, x, y)
      }
    }
  }
  return dark
}

function masked(mask: number, x: number, y: number): boolean {
  switch (mask) {
    case 0:
      return (x + y) % 2 === 0
    case 1:
      return y % 2 === 0
    case 2:
      return x % 3 === 0
    case 3:
      return (x + y) % 3 === 0
    case 4:
      return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0
    case 5:
      return ((x * y) % 2) + ((x * y) % 3) === 0
    case 6:
      return (((x * y) % 2) + ((x * y) % 3)) % 2 === 0
    default:
      return (((x + y) % 2) + ((x * y) % 3)) % 2 === 0
  }
}

type Set = (x: number, y: number, value: boolean) => void

function drawFormat(set: Set, size: number, mask: number): void {
  // Level M has the bits 00, so the data is the mask alone.
  let rest = mask
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >>> 9) * 0x537)
  const bits = ((mask << 10) | rest) ^ 0x5412
  const on = (i: number) => ((bits >>> i) & 1) === 1
  for (let i = 0; i <= 5; i++) set(8, i, on(i))
  set(8, 7, on(6))
  set(8, 8, on(7))
  set(7, 8, on(8))
  for (let i = 9; i < 15; i++) set(14 - i, 8, on(i))
  for (let i = 0; i < 8; i++) set(size - 1 - i, 8, on(i))
  for (let i = 8; i < 15; i++) set(8, size - 15 + i, on(i))
  set(8, size - 8, true)
}

function drawVersion(set: Set, size: number, version: number): void {
  let rest = version
  for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25)
  const bits = (version << 12) | rest
  for (let i = 0; i < 18; i++) {
    const value = ((bits >>> i) & 1) === 1
    const a = size - 11 + (i % 3)
    const b = Math.floor(i / 3)
    set(a, b, value)
    set(b, a, value)
  }
}

/** How hard a pattern is to read: runs, blocks, false finders, imbalance. The least of eight masks is used. */
function penaltyOf(dark: boolean[][]): number {
  const size = dark.length
  const cell = (x: number, y: number) => dark[y]?.[x] === true
  let penalty = 0
  let count = 0
  for (let y = 0; y < size; y++) {
    for (const flip of [false, true]) {
      let run = 0
      let line = ''
      for (let x = 0; x < size; x++) {
        const value = flip ? cell(y, x) : cell(x, y)
        const before = x > 0 && (flip ? cell(y, x - 1) : cell(x - 1, y))
        run = x > 0 && value === before ? run + 1 : 1
        if (run === 5) penalty += 3
        else if (run > 5) penalty += 1
        line += value ? '1' : '0'
      }
      for (const finder of ['10111010000', '00001011101']) {
        for (let i = line.indexOf(finder); i >= 0; i = line.indexOf(finder, i + 1)) penalty += 40
      }
    }
    for (let x = 0; x < size; x++) {
      if (cell(x, y)) count++
      if (x + 1 < size && y + 1 < size) {
        const value = cell(x, y)
        if (value === cell(x + 1, y) && value === cell(x, y + 1) && value === cell(x + 1, y + 1)) penalty += 3
      }
    }
  }
  return penalty + Math.floor(Math.abs((count * 20) / (size * size) - 10)) * 10
}

/** The dark modules as one SVG path. */
export function qrPath(modules: boolean[][]): string {
  let path = ''
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue
      let end = x
      while (row[end + 1] === true) end++
      path += `M${x} ${y}h${end - x + 1}v1h-${end - x + 1}z`
      x = end
    }
  })
  return path
}
