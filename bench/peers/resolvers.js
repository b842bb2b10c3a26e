// The resolvers of the operations that are measured, over a store that each of the peers implements with a library of
// its own. Whatever rows of a page refer to is asked for once, by data loaders.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';

import { record } from './record.js';
import { changeSettings } from './settings.js';
import { exact, idOf, isFirst, monthOf, now, refuse, rounded, rowOf, scalars, shownMoment, zoneOf } from './values.js';

export const typeDefs = readFileSync(new URL('../../schema.graphqls', import.meta.url), 'utf8');

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8').replace(/^--.*\n/gm, '');
const report = read('report.sql');
const reached = read('reached.sql');

const minorUnits = { JPY: 0, KRW: 0, KWD: 3, BHD: 3 };
const digitsOf = (network) => minorUnits[network.currency] ?? 2;

const usedAgain = 60_000;

// contextOf is what the resolvers of one request share: who asks, and the loaders.
export async function contextOf(store, authorization) {
  const context = { store, viewer: null, loaders: loadersOf(store) };
  if (!authorization) return context;
  const secret = authorization.replace(/^Bearer /i, '').trim();
  const found = await store.signIn(createHash('sha256').update(secret).digest('hex'));
  const moment = now();
  if (!found || found.revokedAt != null || (found.expiresAt != null && found.expiresAt <= moment)) {
    throw refuse('UNAUTHENTICATED', 'this token is not valid');
  }
  if (found.lastUsedAt == null || Date.parse(`${moment.slice(0, 19)}Z`) - Date.parse(`${found.lastUsedAt.slice(0, 19)}Z`) >= usedAgain) {
    await store.noteUse(found.token, moment);
  }
  context.viewer = found;
  return context;
}

const byKey = (fetch, key) => new DataLoader(async (ids) => {
  const found = new Map((await fetch(ids)).map((row) => [row[key], row]));
  return ids.map((id) => found.get(id) ?? null);
});

function loadersOf(store) {
  return {
    partner: byKey((ids) => store.partners(ids), 'id'),
    account: byKey((ids) => store.accounts(ids), 'id'),
    structure: byKey((ids) => store.structures(ids), 'id'),
    referralsMade: byKey((ids) => store.referralsMade(ids), 'referrer'),
    reachedOn: new DataLoader(async (terms) => {
      const days = reachedOn(await store.raw(reached.replace('{terms}', terms.map(() => '?').join(', ')), [...terms]));
      return terms.map((term) => days.get(term));
    }),
  };
}

function reachedOn(rows) {
  const climbs = new Map();
  for (const row of rows) {
    let climb = climbs.get(row.term_id);
    if (!climb) climbs.set(row.term_id, (climb = { sum: 0n, day: undefined }));
    const [revenue, payout] = [BigInt(row.revenue), BigInt(row.payout)];
    climb.sum += row.basis === 'REVENUE' ? revenue : row.basis === 'PROFIT' ? revenue - payout : payout;
    if (climb.sum < BigInt(row.minimum_earnings)) climb.day = undefined;
    else climb.day ??= row.day;
  }
  return new Map([...climbs].map(([term, climb]) => [term, climb.day]));
}

function signedIn({ viewer }, ...roles) {
  if (!viewer) throw refuse('UNAUTHENTICATED', 'sign in');
  if (roles.length > 0 && !roles.includes(viewer.role)) throw refuse('FORBIDDEN', `the role ${viewer.role} may not ask for this`);
  return viewer;
}

const pageSize = (first) => {
  if (first != null && (first < 1 || first > 100)) throw refuse('BAD_USER_INPUT', 'must be 1 to 100', 'first');
  return first ?? 20;
};

const cursorOf = (place) => Buffer.from(JSON.stringify(place)).toString('base64url');
const placeOf = (cursor) => {
  try {
    return cursor == null ? null : JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw refuse('BAD_USER_INPUT', 'is no cursor', 'after');
  }
};

function connection(nodes, totalCount, hasNextPage, hasPreviousPage, cursors) {
  return {
    nodes, totalCount,
    edges: nodes.map((node, i) => ({ node, cursor: cursors[i] })),
    pageInfo: { hasNextPage, hasPreviousPage, startCursor: cursors[0] ?? null, endCursor: cursors.at(-1) ?? null },
  };
}

const columns = {
  REFERRER: 'referrer.name', REFERRED: 'referred.name', REFERRED_DATE: 'a.referred_date', REFERRAL_STARTED_AT: 'a.started_at',
  WINDOW_ENDS_AT: 'a.window_ends_at', BASIS_AMOUNT: 'a.basis_amount', BILLED: 'a.billed', BALANCE: 'a.balance', UNBILLED: 'a.unbilled',
  BELOW_THRESHOLD: 'a.below_threshold',
};

// The report is read once for all its fields: rows and totals are one statement. Whoever asks for the totals gets
// them of the page that the same request asks for.
class Report {
  constructor(context, network, whose, { from, to }, info) {
    if (to < from) throw refuse('BAD_USER_INPUT', 'must not be before from', 'to');
    Object.assign(this, { context, network, whose, from, to, digits: digitsOf(network), pageIsAsked: asksFor(info, 'rows') });
    this.asked = new Promise((resolve) => { this.ask = resolve; });
  }

  read(orderBy, size, begin) {
    const { whose, digits } = this;
    const months = isFirst(this.from) && isFirst(this.to + 1); // whole ones, whose sums are kept
    const [from, to] = months ? [monthOf(this.from), monthOf(this.to)] : [this.from, this.to];
    const [table, column] = months ? ['term_month', 'month'] : ['accrual', 'day'];
    const direction = orderBy?.direction === 'ASC' ? 'ASC' : 'DESC';
    const sums = whose.referrer
      ? `referral r JOIN referral_term t ON t.referral_id = r.id JOIN ${table} a ON a.term_id = t.id WHERE r.referrer_id = ? AND a.${column}`
      : `${table} a WHERE a.network_id = ? AND a.${column}`;
    const owner = whose.referrer ?? whose.network;
    const statement = report.replace('{sums}', sums).replace('{referrals}', whose.referrer ? 'r.referrer_id = ?' : 'r.network_id = ?')
      .replace('{order}', `${columns[orderBy?.field ?? 'REFERRED_DATE']} ${direction}`).replace('{limit}', '?, ?');
    const rows = this.context.store.raw(statement, [owner, from, to, digits, digits, owner, begin, size]);
    this.ask(rows);
    return rows;
  }

  // totals waits for the page; a request for the totals alone reads a page of one row.
  async totals() {
    const [first] = await (this.pageIsAsked ? this.asked : this.read(null, 1, 0));
    return first;
  }
}

const asksFor = (info, name) => info.fieldNodes.some((node) => selects(info, node.selectionSet, name));
const selects = (info, set, name) => set.selections.some((selection) => selection.kind === 'Field'
  ? selection.name.value === name
  : selects(info, selection.selectionSet ?? info.fragments[selection.name.value].selectionSet, name));

function state(row, moment) {
  if (row.term_id == null) return 'TRACKED';
  const closed = row.stopped_at ?? row.followed_at;
  if (row.window_ends_at != null && row.window_ends_at <= moment && (closed == null || closed >= row.window_ends_at)) return 'EXPIRED';
  if (closed != null) return closed === row.followed_at ? 'SUPERSEDED' : 'ENDED';
  if (row.referrer_status !== 'ACTIVE') return 'PAUSED';
  return Number(row.reached) ? 'EARNING' : 'BELOW_THRESHOLD';
}

const effectiveOf = (partner, network) => {
  if (partner.referralMode === 'CUSTOM') return partner.structure;
  return partner.referralMode === 'INHERIT' && network.referralEnabled ? network.structure : null;
};

export const resolvers = {
  ...scalars,
  Query: {
    viewer: (_, __, context) => signedIn(context),
    network: (_, { id }, context) => {
      const { network } = signedIn(context);
      if (id != null && rowOf('Network', id) !== network.id) throw refuse('NOT_FOUND', 'no such network', 'id');
      return network;
    },
  },
  Viewer: {
    partner: (viewer, _, { loaders }) => viewer.partner && loaders.partner.load(viewer.partner),
  },
  Network: {
    id: (network) => idOf('Network', network.id),
    partners: async (network, { filter, first, after }, context) => {
      signedIn(context, 'ADMIN', 'PARTNER_MANAGER', 'SUPPORT');
      const size = pageSize(first);
      const place = placeOf(after);
      const narrowed = {
        search: filter?.search?.trim(), status: filter?.status,
        manager: filter?.manager && rowOf('Account', filter.manager), referredBy: filter?.referredBy && rowOf('Partner', filter.referredBy),
      };
      const [total, rows] = await Promise.all([
        context.store.countPartners(network.id, narrowed), context.store.pageOfPartners(network.id, narrowed, place, size + 1),
      ]);
      const page = rows.slice(0, size);
      return connection(page, total, rows.length > size, place != null, page.map((row) => cursorOf([row.name, row.id])));
    },
    referralReport: (network, days, context, info) => {
      signedIn(context, 'ADMIN', 'PARTNER_MANAGER', 'SUPPORT');
      return new Report(context, network, { network: network.id }, days, info);
    },
  },
  Partner: {
    id: (partner) => idOf('Partner', partner.id),
    approvedAt: (partner) => shownMoment(partner.approvedAt),
    manager: (partner, _, { loaders }) => partner.manager && loaders.account.load(partner.manager),
    referredBy: (partner, _, { loaders }) => partner.referredBy && loaders.partner.load(partner.referredBy),
    referralsMade: async (partner, _, { loaders }) => ({ totalCount: (await loaders.referralsMade.load(partner.id))?.count ?? 0 }),
    referralSetting: (partner) => partner,
    referralLink: (partner, _, { viewer: { network } }) => {
      if (!effectiveOf(partner, network) || !network.signUpPage || !partner.referralCode) return null;
      const link = new URL(network.signUpPage);
      link.searchParams.set('ref', partner.referralCode);
      return link.href;
    },
    referralReport: (partner, days, context, info) => {
      const viewer = signedIn(context);
      if (viewer.role === 'PARTNER' && viewer.partner !== partner.id) throw refuse('NOT_FOUND', 'no such partner');
      return new Report(context, viewer.network, { referrer: partner.id }, days, info);
    },
  },
  PartnerReferralSetting: {
    mode: (partner) => partner.referralMode,
    structure: (partner, _, { loaders }) => partner.structure && loaders.structure.load(partner.structure),
    effective: (partner, _, { loaders, viewer }) => {
      const effective = effectiveOf(partner, viewer.network);
      return effective && loaders.structure.load(effective);
    },
  },
  Account: { id: (account) => idOf('Account', account.id) },
  CommissionStructure: {
    id: (structure) => idOf('CommissionStructure', structure.id),
    summary: (s, _, { viewer: { network } }) => {
      const digits = digitsOf(network);
      const pays = s.type === 'FLAT_FEE' ? `flat fee of ${exact(s.amount, digits)}` : `${exact(s.rate, 0)}% of ${s.basis.toLowerCase()}`;
      const lasts = s.durationValue ? ` for ${s.durationValue} ${s.durationUnit.toLowerCase()}${s.durationValue === 1 ? '' : 's'}` : '';
      return pays + lasts + (s.minimumEarnings == null ? '' : `, from ${exact(s.minimumEarnings, digits)} earned`);
    },
    commission: (s, _, { viewer: { network } }) => s.type === 'FLAT_FEE'
      ? { __typename: 'FlatFee', amount: exact(s.amount, digitsOf(network)) }
      : { __typename: 'Percentage', rate: exact(s.rate, 0), basis: s.basis },
    minimumEarnings: (s, _, { viewer: { network } }) => s.minimumEarnings == null ? null : exact(s.minimumEarnings, digitsOf(network)),
    duration: (s) => s.durationValue ? { value: s.durationValue, unit: s.durationUnit } : null,
  },
  ReferralReport: {
    currency: ({ network }) => network.currency,
    timeZone: ({ network }) => network.timeZone,
    totals: async (report) => {
      const sums = await report.totals();
      const amount = (value) => rounded(value ?? 0, report.digits);
      return {
        rows: sums?.total_rows ?? 0, conversions: Number(sums?.total_conversions ?? 0), billed: amount(sums?.total_billed),
        balance: amount(sums?.total_balance), unbilled: amount(sums?.total_unbilled), belowThreshold: amount(sums?.total_below_threshold),
      };
    },
    rows: async (report, { orderBy, first, after }) => {
      const size = pageSize(first);
      const begin = placeOf(after) ?? 0;
      const rows = await report.read(orderBy, size, begin);
      const total = rows[0]?.total_rows ?? 0;
      const { network, digits } = report;
      const nodes = rows.map((row) => ({ ...row, network, digits }));
      return connection(nodes, total, begin + rows.length < total, begin > 0, rows.map((_, i) => cursorOf(begin + i + 1)));
    },
  },
  ReferralReportRow: {
    id: (row) => row.term_id == null ? idOf('ReferralReportRow.Referral', row.referral_id) : idOf('ReferralReportRow.Term', row.term_id),
    referral: (row) => ({ id: row.referral_id }),
    term: (row) => row.term_id && { id: row.term_id },
    referrer: (row) => ({ id: row.referrer_id, name: row.referrer_name, status: row.referrer_status }),
    referred: (row) => ({ id: row.referred_id, name: row.referred_name, status: row.referred_status }),
    structure: (row, _, { loaders }) => row.structure_id && loaders.structure.load(row.structure_id),
    referredDate: (row) => shownMoment(row.referred_date),
    referralStartedAt: (row) => shownMoment(row.started_at),
    windowEndsAt: (row) => shownMoment(row.window_ends_at),
    status: (row) => row.ended_at == null ? 'ACTIVE' : 'INACTIVE',
    state: (row) => state(row, now()),
    conversions: (row) => Number(row.conversions),
    basisAmount: (row) => exact(row.basis_amount, row.digits),
    billed: (row) => rounded(row.billed, row.digits),
    balance: (row) => row.balance == null ? null : rounded(row.balance, row.digits),
    unbilled: (row) => rounded(row.unbilled, row.digits),
    belowThreshold: (row) => rounded(row.below_threshold, row.digits),
    threshold: (row) => row.minimum_earnings == null ? null : row,
  },
  ReferralThreshold: {
    target: (row) => exact(row.minimum_earnings, row.digits),
    progress: (row) => exact(row.progress, row.digits),
    reachedAt: async (row, _, { loaders }) => {
      if (!Number(row.reached)) return null;
      const day = await loaders.reachedOn.load(row.term_id);
      return day === undefined ? null : zoneOf(row.network.timeZone).start(day);
    },
  },
  Referral: { id: (referral) => idOf('Referral', referral.id) },
  ReferralTerm: { id: (term) => idOf('ReferralTerm', term.id) },
  ReferralSettings: {
    structure: (settings, _, { loaders }) => settings.structure && loaders.structure.load(settings.structure),
  },
  SettingsImpact: {
    customPartners: async ({ network }, { first }, { store }) => {
      const size = pageSize(first);
      const custom = { mode: 'CUSTOM' };
      const [total, rows] = await Promise.all([store.countPartners(network.id, custom), store.pageOfPartners(network.id, custom, null, size + 1)]);
      const page = rows.slice(0, size);
      return connection(page, total, rows.length > size, false, page.map((row) => cursorOf([row.name, row.id])));
    },
  },
  Mutation: {
    recordConversions: (_, { conversions }, context) => {
      const { network } = signedIn(context, 'ADMIN', 'TRACKER');
      const rows = conversions.map((row) => ({ ...row, partner: rowOf('Partner', row.partner) }));
      return record(context.store, network.id, zoneOf(network.timeZone), rows, now());
    },
    updateReferralSettings: async (_, { input }, context) => {
      const { impact, ...referralSettings } = await changeSettings(context.store, signedIn(context, 'ADMIN'), input);
      return { referralSettings, impact };
    },
  },
};
