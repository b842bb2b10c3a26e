// Recording: conversions go in together with the sums that they count in, in one transaction.
import { monthOf, refuse } from './values.js';

const most = 10_000;

// record records conversions of a network, all or none; those that were recorded before change nothing.
export async function record(store, network, zone, conversions, recordedAt) {
  if (conversions.length > most) throw refuse('BAD_USER_INPUT', `must be at most ${most} rows a call`, 'conversions');
  const rows = new Map();
  conversions.forEach((row, i) => {
    if (row.revenue < 0 || row.payout < 0) throw refuse('BAD_USER_INPUT', 'must not be negative', `conversions.${i}`);
    const first = rows.get(row.externalId);
    if (first && !same(first, row)) throw refuse('CONFLICT', 'stands in this call twice, with different content', `conversions.${i}.externalId`);
    if (!first) rows.set(row.externalId, row);
  });
  const recorded = await store.transact((tx) => insert(tx, network, zone, rows, recordedAt));
  return { recorded, duplicates: conversions.length - recorded };
}

const same = (a, b) => a.partner === b.partner && a.occurredAt === b.occurredAt && a.revenue === b.revenue && a.payout === b.payout;

async function insert(tx, network, zone, rows, recordedAt) {
  await tx.pass(network, Math.floor(Math.random() * 16));
  const fresh = new Map(rows);
  for (const known of await tx.known(network, [...rows.keys()])) {
    const row = rows.get(known.externalId);
    if (!same(known, row)) throw refuse('CONFLICT', `${known.externalId} was recorded before with other content`, 'conversions');
    fresh.delete(known.externalId);
  }
  if (fresh.size === 0) return 0;
  const partners = new Set();
  for (const row of fresh.values()) partners.add(row.partner);
  const history = await historyOf(tx, network, [...partners]);

  const accruals = new Cells();
  const earnings = new Cells();
  const months = new Cells();
  const places = [];
  for (const row of fresh.values()) {
    const referrals = history.get(row.partner);
    if (!referrals) throw refuse('NOT_FOUND', 'no such partner', 'conversions');
    const day = zone.day(row.occurredAt);
    const term = attribute(referrals, row.occurredAt);
    if (term) months.add(term, monthOf(day), row);
    places.push({ row, day, earning: earnings.add(row.partner, day, row), accrual: term && accruals.add(term, day, row) });
  }
  await tx.addAccruals(network, accruals.sorted());
  await tx.addMonths(network, months.sorted());
  await tx.addEarnings(network, earnings.sorted());
  for (const found of accruals.byOwner.size ? await tx.accrualIds(accruals.byDay()) : []) accruals.at(found.owner, found.day).id = found.id;
  for (const found of await tx.earningIds(earnings.byDay())) earnings.at(found.owner, found.day).id = found.id;
  await tx.insertConversions(places.map(({ row, day, earning, accrual }) => ({
    network, day, recordedAt, externalId: row.externalId, partner: row.partner, occurredAt: row.occurredAt, revenue: row.revenue, payout: row.payout,
    accrual: accrual ? accrual.id : null, earning: earning.id,
  })));
  return fresh.size;
}

// Cells are sums by owner, a term or a partner, and day, or month.
class Cells {
  byOwner = new Map();

  add(owner, day, row) {
    let days = this.byOwner.get(owner);
    if (!days) this.byOwner.set(owner, (days = new Map()));
    let cell = days.get(day);
    if (!cell) days.set(day, (cell = { owner, day, conversions: 0, revenue: 0, payout: 0 }));
    cell.conversions++;
    cell.revenue += row.revenue;
    cell.payout += row.payout;
    if (!Number.isSafeInteger(cell.revenue) || !Number.isSafeInteger(cell.payout)) throw refuse('BAD_USER_INPUT', 'adds up to too much', 'conversions');
    return cell;
  }

  at(owner, day) { return this.byOwner.get(owner).get(day); }

  // sorted is in the order in which every transaction locks rows.
  sorted() {
    const cells = [];
    for (const days of this.byOwner.values()) cells.push(...days.values());
    return cells.sort((a, b) => a.owner - b.owner || a.day - b.day);
  }

  byDay() {
    const owners = new Map();
    for (const [owner, days] of this.byOwner) {
      for (const day of days.keys()) {
        if (owners.has(day)) owners.get(day).push(owner);
        else owners.set(day, [owner]);
      }
    }
    return owners;
  }
}

async function historyOf(tx, network, partners) {
  const history = new Map();
  const byReferrer = new Map();
  let referral;
  for (const row of await tx.histories(network, partners)) {
    let referrals = history.get(row.partner);
    if (!referrals) history.set(row.partner, (referrals = []));
    if (row.referral == null) continue;
    if (referral?.id !== row.referral) {
      referral = { id: row.referral, from: row.startedAt, until: row.endedAt, terms: [], pauses: [] };
      referrals.push(referral);
      if (byReferrer.has(row.referrer)) byReferrer.get(row.referrer).push(referral);
      else byReferrer.set(row.referrer, [referral]);
    }
    if (row.term != null) {
      const before = referral.terms.at(-1); // the one that this one supersedes
      if (before) before.until = first(before.until, row.referredDate);
      referral.terms.push({ id: row.term, from: row.referredDate, until: first(row.windowEndsAt, row.stoppedAt) });
    }
  }
  if (byReferrer.size > 0) {
    for (const pause of await tx.pauses(network, [...byReferrer.keys()])) {
      for (const paused of byReferrer.get(pause.partner)) paused.pauses.push({ from: pause.since, until: pause.until });
    }
  }
  return history;
}

const first = (...moments) => moments.filter((moment) => moment != null).sort()[0] ?? null;

const covers = (interval, at) => at >= interval.from && (interval.until == null || at < interval.until);

// attribute is the term in which a conversion counts; undefined: in none. Terms of a referral do not overlap.
function attribute(referrals, at) {
  const referral = referrals.find((held) => covers(held, at));
  if (!referral || referral.pauses.some((pause) => covers(pause, at))) return undefined;
  return referral.terms.find((term) => covers(term, at))?.id;
}
