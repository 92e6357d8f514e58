import { useEffect, useState } from 'preact/hooks'

/** A QR code; its maker is fetched when the first one is needed. Its place is kept meanwhile. */
export function Qr({ text, label }: { text: string; label: string }) {
  const [code, setCode] = useState<{ path: string; size: number } | null>(null)
  useEffect(() => {
    let gone = false
    void import('./qr').then(({ qrModules, qrPath }) => {
      const modules = qrModules(text)
      if (!gone && modules !== null) setCode({ path: qrPath(modules), size: modules.length })
    })
    return () => {
      gone = true
    }
  }, [text])
  const span = (code?.size ?? 29) + 8
  return (
    <svg
      class="qr"
      viewBox={`-4 -4 ${span} ${span}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect x="-4" y="-4" width={span} height={span} />
      {code !== null && <path d={code.path} />}
    </svg>
  )
}
