import { useState } from 'react'
import type { Venue } from '../../api/types'
import { parseMoney } from '../../format/money'
import { formatDrawNumber } from '../../format/number'
import { zonedInstant } from '../../format/time'
import { useFormat, useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { CountField } from '../../ui/CountField'
import { FieldError, SelectField, TextField } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { Section } from '../../ui/Section'
import {
  currencies,
  nextId,
  poolChannels,
  poolRanges,
  type ConfigForm,
  type PackageForm,
  type PrizeForm,
} from './configForm'
import { VenueDialog } from './VenueDialog'

interface Fields {
  form: ConfigForm
  venues: readonly Venue[]
  profile: string
  faultAt: (path: string) => string | null
  /** `path` is the field that was touched: its faults are shown from now on. */
  onChange: (form: ConfigForm, path?: string) => void
}

export function SetUpFields(fields: Fields) {
  return (
    <>
      <EventFields {...fields} />
      <SalesFields {...fields} />
      <PackageFields {...fields} />
      <PrizeFields {...fields} />
      <NumberFields {...fields} />
      <LineFields {...fields} />
    </>
  )
}

function EventFields({ form, venues, profile, faultAt, onChange }: Fields) {
  const text = useText()
  const words = text.setUp
  const [adding, setAdding] = useState(false)
  return (
    <Section title={words.sections.event}>
      <div className="three">
        <TextField
          label={words.name}
          hint={text.newEvent.nameHint}
          value={form.name}
          onText={(name) => onChange({ ...form, name }, 'name')}
          error={faultAt('name')}
          required
        />
        <TextField
          label={words.organisation}
          value={form.organisation}
          onText={(organisation) => onChange({ ...form, organisation }, 'organisation')}
          error={faultAt('organisation')}
          required
        />
        <div className="act">
          <SelectField
            label={words.venue}
            value={form.venueId}
            onText={(venueId) => onChange({ ...form, venueId }, 'venueId')}
            error={faultAt('venueId')}
            required
          >
            <option value="">{words.venueNone}</option>
            {venues.map((venue) => (
              <option key={venue.id} value={venue.id}>
                {venue.name}
              </option>
            ))}
          </SelectField>
          <Button small tone="quiet" icon="plus" onClick={() => setAdding(true)}>
            {words.newVenue}
          </Button>
        </div>
        <TextField
          label={words.location}
          hint={words.locationHint}
          value={form.location}
          onText={(location) => onChange({ ...form, location }, 'location')}
          error={faultAt('location')}
          required
        />
        <TextField
          label={words.licence}
          hint={words.licenceHint}
          value={form.licence}
          onText={(licence) => onChange({ ...form, licence }, 'licence')}
        />
        <SelectField
          label={words.currency}
          value={form.currency}
          onText={(currency) => onChange({ ...form, currency }, 'currency')}
        >
          {[...new Set([...currencies, form.currency])].map((currency) => (
            <option key={currency}>{currency}</option>
          ))}
        </SelectField>
        <TextField label={words.rules} value={profile} onText={() => undefined} readOnly />
      </div>
      {adding && (
        <VenueDialog
          onClose={() => setAdding(false)}
          onAdded={(venue) => onChange({ ...form, venueId: venue.id, location: form.location || venue.name })}
        />
      )}
    </Section>
  )
}

function SalesFields({ form, venues, faultAt, onChange }: Fields) {
  const text = useText()
  const format = useFormat()
  const words = text.setUp
  const zone = venues.find((venue) => venue.id === form.venueId)?.time_zone ?? 'UTC'
  const startMs = zonedInstant(form.openDate, form.openTime, zone)
  const endMs = zonedInstant(form.closeDate, form.closeTime, zone)
  return (
    <Section title={words.sections.sales} aside={<span className="xs">{words.zoneHint(zone)}</span>}>
      <div className="four">
        <TextField
          label={words.salesDate}
          type="date"
          value={form.openDate}
          onText={(openDate) =>
            // An event usually closes on the day it opens.
            onChange(
              { ...form, openDate, closeDate: form.closeDate === form.openDate ? openDate : form.closeDate },
              'openTime',
            )
          }
          required
        />
        <TextField
          label={words.salesOpen}
          inputMode="numeric"
          placeholder="17:30"
          value={form.openTime}
          onText={(openTime) => onChange({ ...form, openTime }, 'openTime')}
          error={faultAt('openTime')}
          required
        />
        <TextField
          label={words.closeDate}
          type="date"
          value={form.closeDate}
          onText={(closeDate) => onChange({ ...form, closeDate }, 'closeTime')}
          required
        />
        <TextField
          label={words.salesClose}
          inputMode="numeric"
          placeholder="20:45"
          value={form.closeTime}
          onText={(closeTime) => onChange({ ...form, closeTime }, 'closeTime')}
          error={faultAt('closeTime')}
          required
        />
      </div>
      {startMs !== null && endMs !== null && endMs > startMs && (
        <p className="xs muted after">{words.lasts(format.duration(endMs - startMs))}</p>
      )}
    </Section>
  )
}

function PackageFields({ form, faultAt, onChange }: Fields) {
  const text = useText()
  const format = useFormat()
  const words = text.setUp
  const put = (index: number, change: Partial<PackageForm>, field: string) =>
    onChange(
      { ...form, packages: form.packages.map((item, at) => (at === index ? { ...item, ...change } : item)) },
      `packages.${index}.${field}`,
    )
  return (
    <Section
      title={words.sections.packages}
      count={form.packages.length}
      aside={<span className="xs">{words.packagesHint}</span>}
    >
      <ol className="items">
        {form.packages.map((item, index) => {
          const at = `packages.${index}`
          const price = parseMoney(item.price, form.currency)
          const numbers = Number(item.numbers)
          return (
            <li key={item.id} className="item pkg">
              <TextField
                label={words.packageLabel}
                value={item.label}
                onText={(label) => put(index, { label }, 'label')}
                error={faultAt(`${at}.label`)}
                required
              />
              <CountField
                label={words.packageNumbers}
                value={item.numbers}
                onText={(value) => put(index, { numbers: value }, 'numbers')}
                error={faultAt(`${at}.numbers`)}
                required
              />
              <TextField
                label={words.packagePrice}
                inputMode="decimal"
                value={item.price}
                onText={(value) => put(index, { price: value }, 'price')}
                error={faultAt(`${at}.price`)}
                hint={
                  price !== null && price > 0 && numbers > 0
                    ? words.perNumber(format.money(Math.round(price / numbers), form.currency, 'always'))
                    : undefined
                }
                required
              />
              <CountField
                label={words.packageStock}
                value={item.stock}
                onText={(stock) => put(index, { stock }, 'stock')}
                error={faultAt(`${at}.stock`)}
                hint={words.stockHint}
              />
              <RemoveButton
                name={item.label}
                onRemove={() => onChange({ ...form, packages: form.packages.filter((_, i) => i !== index) })}
              />
            </li>
          )
        })}
      </ol>
      {form.packages.length === 0 && <FieldError>{words.faultText.packages_missing}</FieldError>}
      <Button
        small
        icon="plus"
        onClick={() =>
          onChange({
            ...form,
            packages: [
              ...form.packages,
              { id: nextId(form.packages), label: '', numbers: '', price: '', stock: '' },
            ],
          })
        }
      >
        {words.addPackage}
      </Button>
    </Section>
  )
}

function RemoveButton({ name, onRemove }: { name: string; onRemove: () => void }) {
  const text = useText()
  return (
    <button type="button" className="btn quiet icon" aria-label={text.setUp.remove(name)} onClick={onRemove}>
      <Icon name="trash" />
    </button>
  )
}

function PrizeFields({ form, faultAt, onChange }: Fields) {
  const text = useText()
  const words = text.setUp
  const put = (index: number, prize: PrizeForm, field: string) =>
    onChange(
      { ...form, prizes: form.prizes.map((item, at) => (at === index ? prize : item)) },
      `prizes.${index}.${field}`,
    )
  const move = (index: number, by: -1 | 1) => {
    const prizes = [...form.prizes]
    const [prize] = prizes.splice(index, 1)
    if (prize) prizes.splice(index + by, 0, prize)
    onChange({ ...form, prizes })
  }
  const add = (kind: PrizeForm['kind']) => {
    const id = nextId(form.prizes)
    const prize: PrizeForm =
      kind === 'percentage'
        ? { id, name: words.defaults.jackpot, kind, share: '50', seed: '0', guarantee: '0', cap: '' }
        : { id, name: '', kind, value: '', quantity: '1' }
    onChange({ ...form, prizes: [...form.prizes, prize] })
  }
  return (
    <Section
      title={words.sections.prizes}
      count={form.prizes.length}
      aside={<span className="xs">{words.prizesHint}</span>}
    >
      <ol className="items">
        {form.prizes.map((prize, index) => {
          const at = `prizes.${index}`
          return (
            <li key={prize.id} className={`item prize ${prize.kind}`}>
              <span className="fig order" aria-hidden="true">
                {index + 1}
              </span>
              <TextField
                label={words.prizeName}
                value={prize.name}
                onText={(name) => put(index, { ...prize, name }, 'name')}
                error={faultAt(`${at}.name`)}
                hint={prize.kind === 'percentage' ? words.percentage : words.fixed}
                required
              />
              {prize.kind === 'percentage' ? (
                <>
                  <TextField
                    label={words.share}
                    inputMode="decimal"
                    value={prize.share}
                    onText={(share) => put(index, { ...prize, share }, 'share')}
                    error={faultAt(`${at}.share`)}
                    required
                  />
                  <TextField
                    label={words.seed}
                    inputMode="decimal"
                    value={prize.seed}
                    onText={(seed) => put(index, { ...prize, seed }, 'seed')}
                    error={faultAt(`${at}.seed`)}
                  />
                  <TextField
                    label={words.guarantee}
                    inputMode="decimal"
                    value={prize.guarantee}
                    onText={(guarantee) => put(index, { ...prize, guarantee }, 'guarantee')}
                    error={faultAt(`${at}.guarantee`)}
                  />
                  <TextField
                    label={words.cap}
                    inputMode="decimal"
                    value={prize.cap}
                    onText={(cap) => put(index, { ...prize, cap }, 'cap')}
                    error={faultAt(`${at}.cap`)}
                    hint={words.capHint}
                  />
                </>
              ) : (
                <>
                  <TextField
                    label={words.value}
                    inputMode="decimal"
                    value={prize.value}
                    onText={(value) => put(index, { ...prize, value }, 'value')}
                    error={faultAt(`${at}.value`)}
                    required
                  />
                  <TextField
                    label={words.quantity}
                    inputMode="numeric"
                    value={prize.quantity}
                    onText={(quantity) => put(index, { ...prize, quantity }, 'quantity')}
                    error={faultAt(`${at}.quantity`)}
                    required
                  />
                </>
              )}
              <div className="tools">
                {index > 0 && (
                  <button
                    type="button"
                    className="btn quiet icon"
                    aria-label={words.up(prize.name)}
                    onClick={() => move(index, -1)}
                  >
                    <Icon name="up" />
                  </button>
                )}
                <RemoveButton
                  name={prize.name}
                  onRemove={() => onChange({ ...form, prizes: form.prizes.filter((_, i) => i !== index) })}
                />
              </div>
            </li>
          )
        })}
      </ol>
      {form.prizes.length === 0 && <FieldError>{words.faultText.prizes_missing}</FieldError>}
      <div className="row wrap">
        <Button small icon="plus" onClick={() => add('percentage')}>
          {words.addPercentage}
        </Button>
        <Button small icon="plus" onClick={() => add('fixed')}>
          {words.addFixed}
        </Button>
      </div>
      <div className="four after">
        <TextField
          label={words.reserves}
          hint={words.reservesHint}
          inputMode="numeric"
          value={form.reserves}
          onText={(reserves) => onChange({ ...form, reserves }, 'reserves')}
          error={faultAt('reserves')}
        />
      </div>
    </Section>
  )
}

function NumberFields({ form, faultAt, onChange }: Fields) {
  const text = useText()
  const format = useFormat()
  const words = text.setUp
  const ranges = poolRanges(form.pools)
  const last = ranges.at(-1)?.range.last ?? 0
  const number = (value: number) => formatDrawNumber(value, last)
  return (
    <Section title={words.sections.numbers} aside={<span className="xs">{words.numbersHint}</span>}>
      <ul className="items">
        {poolChannels.map((channel) => {
          const range = ranges.find((pool) => pool.channel === channel)?.range
          return (
            <li className="item pool" key={channel}>
              <CountField
                label={text.status.pool[channel]}
                value={form.pools[channel]}
                onText={(size) =>
                  onChange({ ...form, pools: { ...form.pools, [channel]: size } }, `pools.${channel}`)
                }
                error={faultAt(`pools.${channel}`)}
              />
              <p className="sm muted num pool-range">
                {range ? text.tickets.rangeTo(number(range.first), number(range.last)) : text.common.none}
              </p>
            </li>
          )
        })}
      </ul>
      {faultAt('pools') && <FieldError>{faultAt('pools')}</FieldError>}
      <p className="sm">{words.poolTotal(format.number(last))}</p>
      <div className="four after">
        <CountField
          label={words.deviceBlock}
          hint={words.deviceBlockHint}
          value={form.deviceBlock}
          onText={(deviceBlock) => onChange({ ...form, deviceBlock }, 'deviceBlock')}
          error={faultAt('deviceBlock')}
        />
        <TextField
          label={words.hold}
          inputMode="numeric"
          value={form.holdMinutes}
          onText={(holdMinutes) => onChange({ ...form, holdMinutes }, 'holdMinutes')}
          error={faultAt('holdMinutes')}
        />
      </div>
    </Section>
  )
}

function LineFields({ form, faultAt, onChange }: Fields) {
  const text = useText()
  const words = text.setUp
  return (
    <Section title={words.sections.lines} aside={<span className="xs">{words.linesHint}</span>}>
      <ol className="items">
        {form.lines.map((line, index) => (
          // A line has no identity but its place.
          <li className="item line" key={index}>
            <TextField
              label={words.line(index + 1)}
              value={line}
              onText={(value) =>
                onChange(
                  { ...form, lines: form.lines.map((other, at) => (at === index ? value : other)) },
                  `lines.${index}`,
                )
              }
              error={faultAt(`lines.${index}`)}
            />
            <RemoveButton
              name={words.line(index + 1)}
              onRemove={() => onChange({ ...form, lines: form.lines.filter((_, at) => at !== index) })}
            />
          </li>
        ))}
      </ol>
      <Button small icon="plus" onClick={() => onChange({ ...form, lines: [...form.lines, ''] })}>
        {words.addLine}
      </Button>
    </Section>
  )
}
