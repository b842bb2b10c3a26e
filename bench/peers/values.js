// How the contract writes its values: ids, amounts, days and moments. Amounts are whole millionths, moments are texts as
// the database keeps them ("2026-06-30 12:00:00.000000", UTC), which compare as they follow each other.
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

export const refuse = (code, message, field) => new GraphQLError(message, { extensions: { code, field } });

export const idOf = (type, row) => Buffer.from(`${type}:${row}`).toString('base64url');

// rowOf is the row of an id that must be of a type; 0, which no row has, for any other text.
export function rowOf(type, id) {
  const plain = Buffer.from(id, 'base64url').toString();
  const row = plain.startsWith(`${type}:`) ? Number(plain.slice(type.length + 1)) : 0;
  return Number.isSafeInteger(row) && row > 0 && idOf(type, row) === id ? row : 0;
}

const plainDecimal = /^(-?)([0-9]{1,18})(?:\.([0-9]{1,18}))?$/;
const scale = 6;

function microsOf(text) {
  const [, sign, whole, fraction = ''] = (typeof text === 'string' && plainDecimal.exec(text)) || [];
  const kept = fraction.slice(0, scale).padEnd(scale, '0');
  if (whole === undefined || /[^0]/.test(fraction.slice(scale))) {
    throw refuse('BAD_USER_INPUT', 'must be a plain decimal number such as "10.50", with at most 6 decimals');
  }
  const micros = Number(sign + whole + kept);
  if (!Number.isSafeInteger(micros)) throw refuse('BAD_USER_INPUT', 'must be at most 1000000000');
  return micros;
}

// exact writes millionths, given as a number or a text, with the decimals of the currency and more where it has them.
export function exact(micros, digits = 2) {
  const text = String(micros);
  const negative = text.startsWith('-');
  const plain = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  let fraction = plain.slice(-scale);
  let length = scale;
  while (length > digits && fraction.charCodeAt(length - 1) === 48) length--;
  fraction = fraction.slice(0, length);
  return (negative ? '-' : '') + plain.slice(0, -scale) + (length ? `.${fraction}` : '');
}

// rounded writes an amount that the database rounded ("12.5" or "12.50") with the decimals of the currency.
export function rounded(amount, digits = 2) {
  const [whole, fraction = ''] = String(amount).split('.');
  return digits ? `${whole}.${fraction.padEnd(digits, '0').slice(0, digits)}` : whole;
}

const calendarDay = /^(\d{4})-(\d\d)-(\d\d)$/;
const millisADay = 86_400_000;

// dayOf is a calendar day as the database keeps it: days since 1970.
export function dayOf(text) {
  if (typeof text === 'string' && calendarDay.test(text)) {
    const at = Date.parse(`${text}T00:00:00Z`);
    if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text)) return at / millisADay;
  }
  throw refuse('BAD_USER_INPUT', 'must be a calendar day such as 2026-06-30');
}

// monthOf is the month of a day as the database keeps it: 12 x year + month - 1.
export function monthOf(day) {
  const at = new Date(day * millisADay);
  return 12 * at.getUTCFullYear() + at.getUTCMonth();
}

// isFirst tells whether a day is the first of its month.
export const isFirst = (day) => new Date(day * millisADay).getUTCDate() === 1;

const rfc3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

// momentOf is an RFC 3339 text as the database keeps it.
export function momentOf(text) {
  const [, date, time, fraction = '', zone] = (typeof text === 'string' && rfc3339.exec(text)) || [];
  const at = date ? Date.parse(`${date}T${time}${zone}`) : NaN;
  if (Number.isNaN(at)) throw refuse('BAD_USER_INPUT', 'must be a moment with a zone, such as 2026-06-30T12:00:00Z');
  const seconds = zone === 'Z' ? `${date} ${time}` : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  return `${seconds}.${fraction.slice(0, scale).padEnd(scale, '0')}`;
}

export const now = () => new Date().toISOString().replace('T', ' ').replace('Z', '000');

// shownMoment is what the database keeps, as RFC 3339.
export function shownMoment(text) {
  if (text == null) return null;
  let end = text.length;
  while (text[end - 1] === '0' && end > 20) end--;
  if (end === 20) end--; // nothing is left behind the point
  return `${text.slice(0, 10)}T${text.slice(11, end)}Z`;
}

const scalar = (name, parse) => new GraphQLScalarType({
  name,
  serialize: (value) => value, // resolvers give texts
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
});

export const scalars = {
  Decimal: scalar('Decimal', microsOf),
  Date: scalar('Date', dayOf),
  DateTime: scalar('DateTime', momentOf),
};

// Zone is a network's calendar. What it looks up of the time zone database, which is slow, it keeps for the quarters of
// an hour at which offsets change.
class Zone {
  constructor(name) {
    this.offsets = new Map();
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
  }

  // offset is by how much the zone's clocks are ahead of UTC at a moment, in milliseconds.
  offset(at) {
    const quarter = Math.floor(at / 900_000);
    let offset = this.offsets.get(quarter);
    if (offset === undefined) {
      const part = Object.fromEntries(this.format.formatToParts(quarter * 900_000).map(({ type, value }) => [type, Number(value)]));
      offset = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - quarter * 900_000;
      if (this.offsets.size > 100_000) this.offsets.clear();
      this.offsets.set(quarter, offset);
    }
    return offset;
  }

  // day is the calendar day of a moment.
  day(moment) {
    const at = Date.parse(`${moment.slice(0, 10)}T${moment.slice(11, 19)}Z`);
    return Math.floor((at + this.offset(at)) / millisADay);
  }

  // start is the first moment of a day.
  start(day) {
    const wall = day * millisADay;
    const at = wall - this.offset(wall);
    return new Date(wall - this.offset(at)).toISOString().replace(/\.000Z$/, 'Z');
  }
}

const zones = new Map();

export function zoneOf(name) {
  if (!zones.has(name)) zones.set(name, new Zone(name));
  return zones.get(name);
}
