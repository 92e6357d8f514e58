import { hashGroups } from '../format/number'

/** A hash to be compared by eye: groups of four, eight to a line. Copied text has no spaces. */
export function Hash({ value, className = '' }: { value: string; className?: string }) {
  return (
    <span className={`hash ${className}`}>
      {hashGroups(value).map((group, index) => (
        <span className="g" key={index}>
          {group}
        </span>
      ))}
    </span>
  )
}
